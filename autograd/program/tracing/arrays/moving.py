"""The methods of an array of a recording that move its elements: what is a part of it in NumPy, and what is a copy."""

from __future__ import annotations

import math
import operator
import sys
from typing import Any

from autograd.functions.totals import axes_of
from autograd.primitives import table
from autograd.primitives.row import require_plain
from autograd.program.graph import View, row_major
from autograd.program.tracing.arrays import whole
from autograd.program.tracing.arrays.indexing import selected
from autograd.program.tracing.arrays.nodes import shown
from autograd.program.tracing.arrays.reductions import axis_of
from autograd.program.tracing.arrays.seen import is_recorded, made, stands_in_rows
from autograd.program.tracing.sorts import of_sort, sort_of


class MovingMethods:
    """What NumPy's methods are on an array of a recording that move elements."""

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
