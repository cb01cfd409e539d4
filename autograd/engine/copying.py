"""How a node is pickled: one node after the other, however deep its graph is.

Python's own way pickles a node inside the node computed from it, and runs out of stack. Here a node first hands over a
list of all it was computed from, operands before results. In that list every node is reduced to its own fields: its
operands have already gone by. Two roots that are pickled together still share what they shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any
from weakref import ref

from autograd.engine.sweep import topological_order


class _Ancestors(list[Any]):
    """The nodes below one node. Pickled as a plain list, in which each node has a mark before it."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return list, (), None, self._items()

    def _items(self) -> Iterator[Any]:
        for node in self:
            yield _Mark(node)
            yield node
        yield _Mark(None)


# The node that comes next, and whose operands have been pickled. A pickle that fails leaves no more than this behind.
_next: ContextVar[Any] = ContextVar("next", default=None)


class _Mark:
    """An item that takes effect when it is pickled, whenever the pickler fetched it; it leaves a False in the list."""

    def __init__(self, node: Any) -> None:
        self.node = node

    def __reduce_ex__(self, protocol: Any) -> Any:
        _next.set(None if self.node is None else ref(self.node))
        return bool, ()


def ancestors(node: Any) -> list[Any]:
    """What must be pickled before `node`: nothing where the list that holds it has just come to it."""
    marked = _next.get()
    if marked is not None:
        _next.set(None)
        if marked() is node:
            return []
    return _Ancestors(topological_order([node])[:-1]) if node._inputs else []
