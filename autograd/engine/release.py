"""How a long chain of nodes is freed, where CPython's own way runs out of stack.

Freeing a node frees its operands inside its own deallocation, and so on down the graph. Up to Python 3.12 CPython
flattens that; 3.13 goes 10,000 levels deep first, which is more than a thread with a small stack can hold. There, each
node hands its operands to a list that the outermost one empties.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

NEEDED = sys.version_info >= (3, 13)


class _Pending(threading.local):
    operands: list[Any] | None = None


_pending = _Pending()


def release(node: Any) -> None:
    """Free a node's operands without recursion; serves as `__del__`."""
    if getattr(node, "_primitive", None) is None:  # a leaf, or one whose construction failed
        return
    operands = node._first, node._second, node._more
    node._first = node._second = None
    node._more = ()
    if _pending.operands is not None:
        _pending.operands.append(operands)
        return
    _pending.operands = waiting = [operands]
    del operands
    while waiting:
        waiting.pop()
    _pending.operands = None
