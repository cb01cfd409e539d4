"""What a function that is being compiled sees of an array: NumPy's array, as far as NumPy asks, and one node inside.

It is an array of Values, of the right shape, whose own elements are nothing: each operation goes to the node. What
NumPy does that is not an operation on whole arrays is done with the array's numbers, one by one.
"""

from __future__ import annotations

import functools
import math
import operator
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from autograd.arrays.array import ArrayMethods
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.functions.totals import axes_of
from autograd.primitives import table
from autograd.primitives.row import is_array, require_plain
from autograd.program.graph import View, row_major
from autograd.program.tracing.arrays import whole
from autograd.program.tracing.arrays.along import place_of_extreme, total
from autograd.program.tracing.arrays.indexing import selected
from autograd.program.tracing.arrays.nodes import (
    ArrayOfNode,
    is_recorded,
    made,
    node_of,
    root_of,
    shown,
    stands_in_rows,
)
from autograd.program.tracing.arrays.places import taken_along
from autograd.program.tracing.arrays.reductions import axis_of, reduced
from autograd.program.tracing.sorts import assigned, of_sort, sort_of
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

    # What moves elements.

    @property
    def T(self: Any) -> Any:
        return self.transpose()

    @property
    def mT(self: Any) -> Any:
        return self.swapaxes(-1, -2)

    @property
    def real(self: Any) -> Any:
        return self

    @property
    def imag(self: Any) -> Any:
        return self * 0.0

    def transpose(self: Any, *axes: Any) -> Any:
        axes = axes[0] if len(axes) == 1 and (axes[0] is None or hasattr(axes[0], "__len__")) else axes
        backwards = axes is None or not len(axes)
        order = [axis_of(axis, self.ndim) for axis in (range(self.ndim - 1, -1, -1) if backwards else axes)]
        if sorted(order) != list(range(self.ndim)):
            raise ValueError("axes don't match array")
        shape = tuple([self.shape[axis] for axis in order])
        return self.part(View(shape, tuple(order), (1,) * self.ndim, (0,) * self.ndim))

    def swapaxes(self: Any, axis1: Any, axis2: Any) -> Any:
        a, b = axis_of(axis1, self.ndim), axis_of(axis2, self.ndim)
        order = [b if axis == a else a if axis == b else axis for axis in range(self.ndim)]
        return self.transpose(order)

    def reshape(self: Any, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
        if order != "C":
            return self._reshaped_backwards(shape, order)
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        sizes = [operator.index(n) for n in wanted]
        if sizes.count(-1) == 1:
            rest = -math.prod(sizes)
            if rest and self.size % rest == 0:
                sizes[sizes.index(-1)] = self.size // rest
        if math.prod(sizes) != self.size or any(n < 0 for n in sizes):
            raise ValueError(f"cannot reshape array of size {self.size} into shape {tuple(wanted)}")
        return self._reshaped(tuple(sizes)) if sizes else whole.reshaped(self.node, ())

    def _reshaped_backwards(self: Any, shape: Any, order: str) -> Any:
        """In NumPy's other orders: "F" has the first axis go fastest, "A" and "K" ask how the numbers stand."""
        backwards = self.transpose()
        if order in ("A", "K"):
            if not self._ordered or not (self._without_gaps() or backwards._without_gaps()):
                raise TypeError(
                    f"in which order the numbers of this array stand is not known in a compiled function, so that "
                    f"order={order!r} has no meaning: take 'C' or 'F'"
                )
            order = "C" if self._without_gaps() else "F"
        if order == "C":
            return self.reshape(*shape)
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        return backwards.reshape(tuple(wanted)[::-1]).transpose()

    def _without_gaps(self: Any) -> bool:
        """Whether the strides are those of all numbers in row-major order."""
        strides = zip(self.shape, self._strides, row_major(self.shape))
        return not any(n > 1 and s != r for n, s, r in strides)

    def _reshaped(self: Any, shape: tuple[int, ...]) -> Any:
        """NumPy's answer is a part of the array where its numbers stand without gaps, else perhaps one of its own."""
        if self._ordered and self._without_gaps():
            return made(shape, row_major(shape), base=self)
        if self.size and [n for n in shape if n > 1] == [n for n in self.shape if n > 1]:
            long = iter([axis for axis, n in enumerate(self.shape) if n > 1])
            axes = tuple([next(long) if n > 1 else -1 for n in shape])
            return self.part(View(shape, axes, tuple([int(axis >= 0) for axis in axes]), (0,) * self.ndim))
        return self._perhaps_copied(shape)

    def _perhaps_copied(self: Any, shape: tuple[int, ...]) -> Any:
        fixed = "this array is a reshaped part of another, and perhaps a copy: write to the other, or to x.copy()"
        result = made(shape, row_major(shape), own=whole.reshaped(self.node, shape), fixed=fixed)
        result._taken = self, self.node
        return result

    def ravel(self: Any, order: str = "C") -> Any:
        """A copy where the numbers do not stand one after the other, of which `reshape` is perhaps a part."""
        along = self.transpose() if order == "F" else self
        if order in ("C", "F") and not self._ordered:
            return along._perhaps_copied((self.size,))
        apart = order in ("C", "F") and not along._without_gaps()
        return (self.copy() if apart else self).reshape(-1, order=order)

    def flatten(self: Any, order: str = "C") -> Any:
        return self.ravel(order).copy()

    def squeeze(self: Any, axis: Any = None) -> Any:
        ones = [a for a, n in enumerate(self.shape) if n == 1] if axis is None else axes_of(axis, self.ndim)
        if any(self.shape[a] != 1 for a in ones):
            raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
        return self[tuple([0 if a in ones else slice(None) for a in range(self.ndim)])]

    def copy(self: Any, order: str = "C") -> Any:
        result = shown(self.node)
        if is_recorded(result):
            result._ordered = order == "C" or self.ndim < 2 or (order != "F" and stands_in_rows(self))
        return result

    def __copy__(self: Any) -> Any:
        return self.copy("K")

    def __deepcopy__(self: Any, memo: Any) -> Any:
        return shown(table.stop_gradient(self.node))

    def view(self: Any, *kind: Any, **named: Any) -> Any:
        for item in kind:
            if isinstance(item, type):
                require_plain(item)
        return self[...]

    def astype(self: Any, dtype: Any, *_: Any, copy: bool = True, **__: Any) -> Any:
        kind = sys.modules["numpy"].dtype(dtype)
        sort = sort_of(kind.type())
        if kind not in (bool, int, float, object) or (sort is int and sort_of(self.node) is float):
            raise TypeError(
                f"an array of Values stays one of floats, and cannot be turned into {kind}: numpy.floor and its kin "
                "have whole numbers, with the derivative 0"
            )
        if not copy and sort is sort_of(self.node):
            return self
        result = self.copy("K")
        result.assign(of_sort(self.node, sort))
        return result

    def conjugate(self: Any) -> Any:
        return self

    conj = conjugate

    def take(self: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
        return sys.modules["numpy"].take(self, indices, axis, out, mode)

    def repeat(self: Any, repeats: Any, axis: Any = None) -> Any:
        numpy = sys.modules["numpy"]
        along = self.ravel() if axis is None else self
        place = 0 if axis is None else axis_of(axis, self.ndim)
        return along.take(numpy.repeat(numpy.arange(along.shape[place]), repeats), place)

    def diagonal(self: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        a, b = axis_of(axis1, self.ndim), axis_of(axis2, self.ndim)
        rows, columns = max(0, -offset), max(0, offset)
        length = max(0, min(self.shape[a] - rows, self.shape[b] - columns))
        place = sys.modules["numpy"].arange(length)
        order = [*(axis for axis in range(self.ndim) if axis not in (a, b)), a, b]
        base = self.transpose(order)
        part = selected((..., place + rows, place + columns), base.shape)
        result = made(part.shape, row_major(part.shape), base=base, part=part)
        result._fixed, result._ordered = "assignment destination is read-only", False
        return result

    def compress(self: Any, condition: Any, axis: Any = None, out: Any = None) -> Any:
        return self.take(sys.modules["numpy"].flatnonzero(condition), axis, out)

    def fill(self: Any, value: Any) -> None:
        self[...] = value

    def put(self: Any, indices: Any, values: Any, mode: str = "raise") -> None:
        sys.modules["numpy"].put(self, indices, values, mode)

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

    def extreme_along(self: Any, exceeds: Any) -> Any:
        """In each row along the last axis the element that none exceeds."""
        node, last = self.node, self.ndim - 1
        return shown(taken_along(node, last, place_of_extreme(node, last, exceeds)))


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
    for name, item in vars(TracedMethods).items():
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
