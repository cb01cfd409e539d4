"""Arrays inside a recording: many numbers that are one node.

A function that is compiled sees a small array as a NumPy array of Traced numbers, with all that NumPy can do. A large
one is a `TracedArray`, which `vmap` and `scan` take as a whole, and of which an index takes a part; anything else turns
it into single numbers first.
"""

from __future__ import annotations

import math
import operator
import sys
from array import array
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from autograd.arrays.array import apply_function, apply_ufunc, refuse_nodes
from autograd.engine.value import Value
from autograd.errors import ShapeError, TraceError
from autograd.primitives.row import is_array, real, typed
from autograd.program.graph import ConstantArray, Element, View
from autograd.program.nests import Structure, flatten
from autograd.program.tracing.absence import Maybe
from autograd.program.tracing.applied import Applied
from autograd.program.tracing.array_derivatives import ArrayDerivative
from autograd.program.tracing.structured import apply, as_number, element, kind_of, pack
from autograd.program.tracing.trace import Trace
from autograd.program.tracing.traced import Traced

_SMALL = 4096  # numbers in an array that a function sees as a NumPy array
_MOST = 200_000  # numbers that are made of a large array where it is used otherwise


class TracedArray:
    """A large array of numbers that are not known yet."""

    __slots__ = ("node", "_elements")
    untraceable = staticmethod(Trace.untraceable)  # for functions that cannot take one as a whole

    def __init__(self, node: Any) -> None:
        self.node = node
        self._elements: Any = None

    @property
    def shape(self) -> tuple[int, ...]:
        return kind_of(self.node) or ()

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def T(self) -> Any:
        return self.transpose(range(self.ndim - 1, -1, -1))

    def transpose(self, axes: Sequence[int]) -> Any:
        shape, order = self.shape, tuple(axes)
        ones, zeros = (1,) * len(shape), (0,) * len(shape)
        return TracedArray(apply(View(tuple(shape[a] for a in order), order, ones, zeros), (self.node,), False)[0])

    @property
    def elements(self) -> Any:
        """The numbers as a NumPy array of nodes."""
        if self._elements is None:
            if self.size > _MOST:
                raise TraceError(
                    f"an array of shape {self.shape} was used number by number in a function that is being compiled, "
                    "which makes a step of each: give it to vmap or scan"
                )
            self._elements = _elements(self.node)
        return self._elements

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if self.size > _MOST:
            return iter(self.elements)  # raises
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        refuse_nodes(key, self)
        keys = key if isinstance(key, tuple) else (key,)
        keys = tuple(operator.index(k) if hasattr(k, "__index__") else k for k in keys)
        if len(keys) > self.ndim or not all(isinstance(k, int | slice) for k in keys):
            return self.elements[key]
        starts, axes, steps, shape = [], [], [], []
        for axis, size in enumerate(self.shape):
            k = keys[axis] if axis < len(keys) else slice(None)
            if isinstance(k, int):
                if not -size <= k < size:
                    raise IndexError(f"index {k} is out of bounds for axis {axis} with size {size}")
                starts.append(k % size)
            else:
                start, stop, step = k.indices(size)
                starts.append(start if len(range(start, stop, step)) else 0)
                axes.append(axis)
                steps.append(step)
                shape.append(len(range(start, stop, step)))
        if not shape:
            return element(self.node, tuple(starts))
        return shown(apply(View(tuple(shape), tuple(axes), tuple(steps), tuple(starts)), (self.node,), False)[0])

    def __array__(self, *_: Any, **__: Any) -> Any:
        return self.elements

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.elements, name)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return apply_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function.__name__ in ("shape", "ndim", "size") and len(args) == 1 and args[0] is self:
            return getattr(self, function.__name__)  # which needs no elements
        return apply_function(function, types, args, kwargs)

    def __repr__(self) -> str:
        return f"TracedArray{self.shape}"

    @staticmethod
    def _apply_primitive(primitive: Any, operands: tuple[Any, ...]) -> Any:
        return primitive(*(item.elements if isinstance(item, TracedArray) else item for item in operands))


def _install_operators() -> None:
    for name in ["add", "sub", "mul", "truediv", "pow", "mod", "floordiv", "matmul"]:
        function = getattr(operator, name)
        setattr(TracedArray, f"__{name}__", lambda self, other, f=function: f(self.elements, other))
        setattr(TracedArray, f"__r{name}__", lambda self, other, f=function: f(other, self.elements))
    for name in ["lt", "le", "gt", "ge", "eq", "ne"]:
        function = getattr(operator, name)
        setattr(TracedArray, f"__{name}__", lambda self, other, f=function: f(self.elements, other))
    for name in ["neg", "abs"]:
        function = getattr(operator, name)
        setattr(TracedArray, f"__{name}__", lambda self, f=function: f(self.elements))


_install_operators()


def _elements(node: Any) -> Any:
    numpy = sys.modules["numpy"]
    shape = kind_of(node)
    assert shape
    result = numpy.empty(math.prod(shape), dtype=object)
    result[:] = [element(node, index) for index in product(*map(range, shape))]
    return typed(result.reshape(shape))


def shown(node: Any) -> Any:
    """A node as a function sees it: a number, a NumPy array of numbers, or a TracedArray."""
    shape = kind_of(node)
    if not shape:
        return node
    return _elements(node) if math.prod(shape) <= _SMALL and "numpy" in sys.modules else TracedArray(node)


def listed(node: Any) -> Any:
    """An array as nested lists of numbers."""
    shape = kind_of(node)
    assert shape
    if len(shape) == 1:
        return [element(node, (i,)) for i in range(shape[0])]
    return [listed(part.node if isinstance(part, TracedArray) else _base(part)) for part in TracedArray(node)]


def packed(item: Any, axis: int = 0) -> Any:
    """The array, with `axis` before the others: a node or a constant.

    Takes a TracedArray, a NumPy array, or nested lists of numbers.
    """
    if not isinstance(item, TracedArray):
        item = TracedArray(_base(item))
    if axis % max(item.ndim, 1) == 0:
        return item.node
    axis %= item.ndim
    return item.transpose([axis, *(i for i in range(item.ndim) if i != axis)]).node


def _base(item: Any) -> Any:
    """The array that these numbers are: the one whose elements they are, a constant, or a new one."""
    if is_array(item) and item.dtype.kind in "biuf":
        return ConstantArray(item.astype(float).tobytes(), item.shape)
    numbers, shape = _flat(item)
    known = _whole(numbers, shape) if numbers else None
    if known is not None:
        return known
    if all(type(number) is float for number in numbers):
        return ConstantArray(array("d", numbers).tobytes(), shape)
    return pack(numbers, shape)


def _whole(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    """The array of which these are all the elements in order, where there is one."""
    first = numbers[0]
    if not _is_element(first):
        return None
    base = first.operands[0]
    if kind_of(base) != shape:
        return None
    for number, index in zip(numbers, product(*map(range, shape))):
        if not _is_element(number) or number.operands[0] is not base or number._primitive.operation.index != index:
            return None
    return base


def _is_element(number: Any) -> bool:
    return isinstance(number, Traced) and isinstance(number._primitive, Applied) and isinstance(
        number._primitive.operation, Element
    )


def _flat(item: Any) -> tuple[list[Any], tuple[int, ...]]:
    """The numbers of an array or of nested lists in row-major order, and the shape."""
    if is_array(item):
        numbers = item.ravel().tolist()
        return [number if isinstance(number, Value) else real(number) for number in numbers], item.shape
    if isinstance(item, list | tuple | TracedArray):
        rows = [_flat(child) for child in item]
        if not rows or any(shape != rows[0][1] for _, shape in rows):
            raise ShapeError("nested lists must have one length at each depth, from 1 up, to be a batch")
        return [number for row, _ in rows for number in row], (len(rows), *rows[0][1])
    return [item if isinstance(item, Value) else real(item)], ()


def blocks_of(numbers: list[Any], structure: Structure) -> list[Any]:
    """The blocks of a nest as nodes: a number, or an array of the block's shape."""
    blocks, start = [], 0
    for shape, size in zip(structure.shapes, structure.sizes):
        part = [as_number(number) for number in numbers[start : start + size]]
        blocks.append(part[0] if shape is None else pack(part, shape))
        start += size
    return blocks


def holds_array(nest: Any) -> bool:
    """Whether a nest holds an array."""
    numbers, structure = flatten(nest)
    return any(shape is not None for shape in structure.shapes) or any(isinstance(n, TracedArray) for n in numbers)


def settled(derivative: Any, leaf: Any = None) -> Any:
    """A derivative as numbers, 0.0 where it is absent; as an array where it is that of one."""
    if isinstance(derivative, Maybe):
        return derivative.or_zero()
    if isinstance(derivative, ArrayDerivative):
        return shown(derivative.whole()[0])
    shape = kind_of(leaf)
    if shape and not isinstance(derivative, Value):
        return shown(ConstantArray(bytes(8 * math.prod(shape)), shape))
    return derivative

