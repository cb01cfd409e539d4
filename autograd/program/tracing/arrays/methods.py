"""What a function that is being compiled sees of an array: NumPy's array, as far as NumPy asks, and one node inside.

It is an array of Values, of the right shape, whose own elements are nothing: each operation goes to the node. What
NumPy does that is not an operation on whole arrays is done with the array's numbers, one by one.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from autograd.arrays.array import ArrayMethods
from autograd.arrays.reductions import BEFORE, EXCEEDS
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.primitives.row import is_array
from autograd.program.graph import View
from autograd.program.tracing.arrays import whole
from autograd.program.tracing.arrays.along import place_of_extreme, total
from autograd.program.tracing.arrays.indexing import selected
from autograd.program.tracing.arrays.moving import MovingMethods
from autograd.program.tracing.arrays.nodes import node_of, shown
from autograd.program.tracing.arrays.places import taken_along
from autograd.program.tracing.arrays.reductions import reduced
from autograd.program.tracing.arrays.seen import ArrayOfNode, is_recorded, made, root_of, stands_in_rows
from autograd.program.tracing.sorts import assigned, sort_of
from autograd.program.tracing.traced import Traced


def _is_basic(item: Any) -> bool:
    """Whether an index is one that gives a view, in a key of such alone."""
    return item is None or item is Ellipsis or isinstance(item, slice | Value | int) or type(item).__name__[:3] == "int"


def _is_leading(key: tuple[Any, ...]) -> bool:
    """Whether a key is about the first axes alone, without slices, so that rows stay rows."""
    return not any(isinstance(item, slice) or item is None or item is Ellipsis for item in key)


class TracedMethods:
    """What NumPy's methods are on an array of a recording."""

    # Indices.

    def __getitem__(self: Any, key: Any) -> Any:
        selection = selected(key, self.shape)
        named = key if isinstance(key, tuple) else (key,)
        if isinstance(selection, View):
            part = self.part(selection, any(item is Ellipsis for item in named))
            return part.copy() if is_recorded(part) and (self._flat or any(map(is_array, named))) else part
        basic = selection.shape and selection.mask is None and all(map(_is_basic, named))
        if basic:
            still = selected(tuple([0 if isinstance(item, Value) else item for item in named]), self.shape)
            return made(selection.shape, self.part(still, True)._strides, base=self, part=selection)
        result = shown(selection.read(self.node))
        if is_recorded(result) and not (stands_in_rows(self) and _is_leading(named)):
            result._ordered = False
        return result

    def __setitem__(self: Any, key: Any, item: Any) -> None:
        if self._flat and root_of(item) is root_of(self):
            raise TraceError("x.flat is written to number by number, and would read what it wrote: give it y.copy()")
        selection, item = selected(key, self.shape, writing=True), node_of(item)
        item = assigned(item, sort_of(self.node))
        size = math.prod(selection.shape)
        if self._flat and selection.shape and math.prod(whole.shape_of(item)) not in (1, size):
            item = node_of(sys.modules["numpy"].resize(shown(item), size))  # begun again, or cut off
        if self._flat and math.prod(whole.shape_of(item)) == size:
            item = whole.reshaped(item, selection.shape)
        if not isinstance(selection, View):
            self.assign(selection.written(self.node, item))
            return
        own, axes = whole.shape_of(item), len(selection.shape)
        if not axes and math.prod(own) != 1:
            raise ValueError("setting an array element with a sequence")
        extra = max(0, len(own) - axes)  # axes of length 1 before those that are wanted
        item = whole.reshaped(item, own[extra:]) if math.prod(own[:extra]) == 1 else item
        self.assign(whole.placed(self.node, selection, item))

    def __iter__(self: Any) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __contains__(self: Any, item: Any) -> bool:
        return bool((self == item).any())

    def item(self: Any, *index: Any) -> Any:
        if not index or not self.ndim:
            if self.size != 1:
                raise ValueError("can only convert an array of size 1 to a Python scalar")
            return whole.reshaped(self.node, ())
        place = index[0] if len(index) == 1 and isinstance(index[0], tuple) else index
        return self.ravel()[place[0]] if len(place) == 1 else self[tuple(place)]

    def tolist(self: Any) -> Any:
        return self.item() if not self.ndim else [part.tolist() if is_array(part) else part for part in self]

    @property
    def flat(self: Any) -> Any:
        """All numbers, of which a part is a copy, and through which the array is written to."""
        result = made((self.size,), (1,), base=self, fixed=self._fixed)
        result._flat = True
        return result

    @flat.setter
    def flat(self: Any, item: Any) -> None:
        self.flat[...] = item

    # What combines elements.

    def cumsum(self: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        return self._accumulated("add", axis, dtype, out)

    def cumprod(self: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        return self._accumulated("multiply", axis, dtype, out)

    def _accumulated(self: Any, name: str, axis: Any, dtype: Any, out: Any) -> Any:
        along, place = (self.ravel(), 0) if axis is None else (self, axis)
        return getattr(sys.modules["numpy"], name).accumulate(along, place, dtype, out)

    def __bool__(self: Any) -> bool:
        if self.size != 1:
            raise ValueError(
                "the truth value of an array with more than one element is ambiguous: use a.any() or a.all(), or "
                "choose with numpy.where"
            )
        return bool(self.item())

    # What the array has not.

    def _no_number(self, *_: Any) -> Any:
        return Traced._no_number(self)  # type: ignore[arg-type]  # which raises

    __float__ = __int__ = __complex__ = __index__ = tobytes = dump = dumps = tofile = _no_number
    data = ctypes = property(_no_number)

    def _no_memory(self, *_: Any, **__: Any) -> Any:
        raise TraceError(
            "where an array of a function that is being compiled stands in memory is not known, nor what else stands "
            "there: take parts of it by indices, x[1:, ::2], x.T and x.reshape, and others that stay by x.copy()"
        )

    setflags = setfield = getfield = byteswap = _no_memory
    base = flags = strides = __array_interface__ = __array_struct__ = property(_no_memory)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TraceError("an array cannot be pickled while the function is being recorded for compilation")

    def __repr__(self: Any) -> str:
        return f"ValueArray of shape {self.shape}, whose numbers are not known yet"

    __str__ = __repr__


class Along(ArrayOfNode):
    """What it has beside them, for functions that are written for whole arrays."""

    def add_at(self: Any, key: Any, item: Any) -> None:
        """Each element as often as it is named."""
        selection = selected(key, self.shape, writing=True)
        if isinstance(selection, View):
            self[key] = self[key] + shown(item)
        else:
            self.assign(selection.written(self.node, item, adds=True))

    def place_along(self: Any, name: str, axis: Any, keepdims: bool) -> Any:
        """numpy.argmax and argmin."""
        return shown(reduced(name, None, self.node, axis, keepdims))

    def sum_along(self: Any, axes: Sequence[int]) -> Any:
        node = self.node
        for axis in reversed(axes):
            node = total(node, axis)
        return shown(node)

    def extreme_along(self: Any, name: str) -> Any:
        """In each row along the last axis the element that none exceeds."""
        node, last = self.node, self.ndim - 1
        return shown(taken_along(node, last, place_of_extreme(node, last, EXCEEDS[name], BEFORE[name])))


# There is one class of arrays: each method of these asks whether the array is one of a recording.


def _either(name: str, own: Any) -> Any:
    """A method or a property that is `own` of an array of a recording, and what it was of others."""
    before = vars(ArrayMethods).get(name)

    def inherited(self: Any) -> Any:
        return getattr(super(ArrayMethods, self), name) if before is None else before.__get__(self)

    def written(self: Any, item: Any) -> None:
        (own if self._traced else before or getattr(sys.modules["numpy"].ndarray, name)).__set__(self, item)

    if isinstance(own, property):
        return property(lambda self: own.__get__(self) if self._traced else inherited(self), written)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return own(self, *args, **kwargs) if self._traced else inherited(self)(*args, **kwargs)

    return functools.update_wrapper(method, own)


def only_of_recordings(name: str, own: Any) -> Any:
    """A method or a property that no other array has."""

    def get(self: Any) -> Any:
        if not self._traced:
            raise AttributeError(f"this array has no attribute {name!r}")
        return own.__get__(self)

    return property(get)


def _install() -> None:
    for name, item in [*vars(MovingMethods).items(), *vars(TracedMethods).items()]:
        if callable(item) or isinstance(item, property):
            private = name.startswith("_") and not name.startswith("__")
            if name not in ("__init__", "__class__"):
                setattr(ArrayMethods, name, item if private else _either(name, item))
    for kind in (ArrayOfNode, Along):
        for name, item in vars(kind).items():
            if callable(item) or isinstance(item, property):
                setattr(ArrayMethods, name, only_of_recordings(name, item))
            elif not name.startswith("__"):
                setattr(ArrayMethods, name, item)


_install()
