"""How a node is copied and pickled: one node after the other, however deep its graph is.

Python's own way pickles a node inside the node computed from it, and runs out of stack. Here a node first hands over a
list of all it was computed from, operands before results. While that list is being pickled every node is reduced to its
own fields, and its operands have already gone by. Two roots that are pickled together still share what they shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any
from weakref import ref

from autograd.sweep import topological_order


class _Ancestors(list[Any]):
    """The nodes below one node. Pickled as a plain list, between two marks that say so to the nodes in it."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return list, (), None, self._items()

    def _items(self) -> Iterator[Any]:
        yield _Mark(self)
        yield from self
        yield _Mark(None)


# The list that is being pickled; a weak reference, so that a pickle that failed half-way does not count as under way.
_under_way: ContextVar[ref[_Ancestors] | None] = ContextVar("under_way", default=None)


class _Mark:
    """An item that takes effect when it is pickled, whenever the pickler fetched it."""

    def __init__(self, ancestors: _Ancestors | None) -> None:
        self.ancestors = ancestors

    def __reduce_ex__(self, protocol: Any) -> Any:
        _under_way.set(None if self.ancestors is None else ref(self.ancestors))
        return bool, ()


def ancestors(node: Any) -> list[Any]:
    """What must be pickled before `node`: nothing while a list that has it all is under way."""
    under_way = _under_way.get()
    if not node.inputs or (under_way is not None and under_way() is not None):
        return []
    return _Ancestors(topological_order([node])[:-1])
