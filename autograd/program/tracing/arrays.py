"""What a function that is being compiled sees of an array: NumPy's array, as far as NumPy asks, and one node inside.

It is a subclass of the arrays of Values, of the right shape, whose own elements are nothing: each operation goes to the
node. What NumPy does that is not an operation on whole arrays is done with the array's numbers, one by one.
"""

from __future__ import annotations

import math
import operator
import sys
from array import array
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from autograd.arrays import array as value_arrays
from autograd.engine.recording import current
from autograd.engine.value import Value
from autograd.errors import ShapeError, TraceError
from autograd.functions.totals import axes_of
from autograd.primitives import table
from autograd.primitives.row import is_array, plain, real
from autograd.program.graph import ConstantArray, View, row_major
from autograd.program.nests import flatten
from autograd.program.tracing import whole
from autograd.program.tracing.absence import Maybe
from autograd.program.tracing.array_derivatives import Scattered
from autograd.program.tracing.indexing import Selection, selected
from autograd.program.tracing.reductions import accumulated, axis_of, reduced
from autograd.program.tracing.structured import as_number as number_of
from autograd.program.tracing.trace import Trace
from autograd.program.tracing.traced import Predicate, Traced, kind_of


class _Nothing:
    """What stands where an array's elements would: each use of it is an error."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise Elementless(
            "an array of a function that is being compiled has no elements that NumPy's own code could read: "
            "numpy.asarray takes one apart, numpy.asanyarray leaves it as it is"
        )

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __pow__ = _refuse
    __rpow__ = __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __neg__ = __abs__ = __pos__ = __bool__ = _refuse
    __float__ = __int__ = __index__ = __len__ = __iter__ = __getattr__ = __call__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse  # type: ignore[assignment]
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "nothing"


class Elementless(TraceError):
    """NumPy's own code met an array of a recording, of which it can see no element."""


class TracedMethods:
    """What an array of a recording has beside NumPy's methods; `node` is all of it, as one node."""

    _own: Any = None  # the node, of an array that is no part of another
    _base: Any = None  # the array of which it is a part
    _part: Any = None  # which: a View, or None for all its numbers in another shape
    _strides: tuple[int, ...] = ()  # as NumPy's would be, in elements
    _fixed = ""  # why it cannot be written to

    @property
    def node(self) -> Any:
        if self._base is not None:
            whole_node = self._base.node
            if self._part is None:
                return whole.reshaped(whole_node, self.shape)
            return whole.view(whole_node, self._part)
        if self._own is None:
            raise Elementless("NumPy made an array of one of a function that is being compiled, without its numbers")
        return self._own

    def _assign(self, node: Any) -> None:
        """Let the array be another: of a part of an array, the part of that."""
        if self._fixed:
            raise ValueError(self._fixed)
        if self._base is None:
            self._own = node
        elif self._part is None:
            self._base._assign(whole.reshaped(node, self._base.shape))
        else:
            self._base._assign(whole.placed(self._base.node, self._part, node))

    def _view_of(self: Any, part: View) -> Any:
        if not part.shape:
            return whole.element(self.node, part.starts)
        steps = zip(part.axes, part.steps)
        strides = tuple([step * self._strides[axis] if axis >= 0 else 0 for axis, step in steps])
        return _made(part.shape, strides, base=self, part=part)

    # Indices.

    def __getitem__(self: Any, key: Any) -> Any:
        selection = selected(key, self.shape)
        if isinstance(selection, View):
            return self._view_of(selection)
        return shown(selection.read(self.node))

    def __setitem__(self: Any, key: Any, item: Any) -> None:
        selection: View | Selection = selected(key, self.shape, writing=True)
        item = node_of(item)
        if isinstance(selection, View):
            shape = selection.shape
            item = whole.broadcast(_without_ones(item, len(shape)), shape) if shape else _only(item)
            self._assign(whole.placed(self.node, selection, item))
        else:
            self._assign(selection.written(self.node, item))

    def _add(self: Any, key: Any, item: Any) -> None:
        """numpy.add.at: each element as often as it is named."""
        selection: View | Selection = selected(key, self.shape, writing=True)
        if isinstance(selection, View):
            self[key] = self[key] + shown(item)
        else:
            self._assign(selection.written(self.node, item, adds=True))

    def __iter__(self: Any) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __contains__(self: Any, item: Any) -> bool:
        return bool((self == item).any())

    def item(self: Any, *index: Any) -> Any:
        if not index:
            if self.size != 1:
                raise ValueError("can only convert an array of size 1 to a Python scalar")
            return whole.element(self.node, (0,) * self.ndim)
        place = index[0] if len(index) == 1 and isinstance(index[0], tuple) else index
        return self.ravel()[place[0]] if len(place) == 1 else self[tuple(place)]

    def tolist(self: Any) -> Any:
        return [part.tolist() if is_array(part) else part for part in self]

    @property
    def flat(self: Any) -> Any:
        return self.ravel()

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
        order = axes[0] if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple | list)) else axes
        order = [axis_of(axis, self.ndim) for axis in order or range(self.ndim - 1, -1, -1)]
        if sorted(order) != list(range(self.ndim)):
            raise ValueError("axes don't match array")
        shape = tuple([self.shape[axis] for axis in order])
        return self._view_of(View(shape, tuple(order), (1,) * self.ndim, (0,) * self.ndim))

    def swapaxes(self: Any, axis1: Any, axis2: Any) -> Any:
        order = list(range(self.ndim))
        a, b = axis_of(axis1, self.ndim), axis_of(axis2, self.ndim)
        order[a], order[b] = b, a
        return self.transpose(order)

    def reshape(self: Any, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
        if order not in ("C", "A"):
            raise TypeError("an array of a compiled function is reshaped in the order 'C' alone: transpose it first")
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        sizes = [operator.index(n) for n in wanted]
        if sizes.count(-1) == 1:
            rest = -math.prod(sizes)
            if rest and self.size % rest == 0:
                sizes[sizes.index(-1)] = self.size // rest
        if math.prod(sizes) != self.size or any(n < 0 for n in sizes):
            raise ValueError(f"cannot reshape array of size {self.size} into shape {tuple(wanted)}")
        if not sizes:
            return whole.element(self.node, (0,) * self.ndim)
        return self._reshaped(tuple(sizes))

    def _reshaped(self: Any, shape: tuple[int, ...]) -> Any:
        """NumPy's answer is a part of the array where its numbers stand without gaps, else perhaps one of its own."""
        gaps = any(n > 1 and s != r for n, s, r in zip(self.shape, self._strides, row_major(self.shape)))
        if not gaps:
            return _made(shape, row_major(shape), base=self)
        fixed = "this array is a reshaped part of another, and perhaps a copy: write to the other, or to x.copy()"
        return _made(shape, row_major(shape), own=whole.reshaped(self.node, shape), fixed=fixed)

    def ravel(self: Any, order: str = "C") -> Any:
        return self.reshape(-1, order=order)

    def flatten(self: Any, order: str = "C") -> Any:
        return self.ravel(order).copy()

    def squeeze(self: Any, axis: Any = None) -> Any:
        ones = [a for a, n in enumerate(self.shape) if n == 1] if axis is None else axes_of(axis, self.ndim)
        if any(self.shape[a] != 1 for a in ones):
            raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
        return self[tuple([0 if a in ones else slice(None) for a in range(self.ndim)])]

    def copy(self: Any, order: str = "C") -> Any:
        return shown(self.node)

    __copy__ = copy

    def __deepcopy__(self: Any, memo: Any) -> Any:
        return shown(table.stop_gradient(self.node))

    def view(self: Any, *kind: Any, **named: Any) -> Any:
        return self[...]

    def astype(self: Any, dtype: Any, *_: Any, **__: Any) -> Any:
        kind = sys.modules["numpy"].dtype(dtype)
        if kind == bool:
            return self if whole.is_truths(self.node) else self != 0.0
        if kind not in (float, object):
            raise TypeError(f"an array of Values stays one of floats, and cannot be turned into {kind}")
        return shown(whole.broadcast(self.node, self.shape))

    def take(self: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
        if out is not None or mode != "raise":
            raise TypeError("numpy.take of an array of a compiled function takes no out, and the mode 'raise'")
        if axis is None:
            return self.ravel()[indices]
        return self[(*[slice(None)] * axis_of(axis, self.ndim), indices)]

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
        return self.transpose(order)[(..., place + rows, place + columns)]

    def compress(self: Any, condition: Any, axis: Any = None, out: Any = None) -> Any:
        return self.take(sys.modules["numpy"].flatnonzero(condition), axis, out)

    def fill(self: Any, value: Any) -> None:
        self[...] = value

    # What combines elements.

    def cumsum(self: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        return self._accumulated(table.add, axis, out)

    def cumprod(self: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        return self._accumulated(table.multiply, axis, out)

    def _accumulated(self: Any, row: Any, axis: Any, out: Any) -> Any:
        along = self.ravel() if axis is None else self
        result = shown(accumulated(row, along.node, 0 if axis is None else axis_of(axis, self.ndim)))
        return result if out is None else _put(out, result)

    def place_along(self: Any, name: str, axis: Any, keepdims: bool) -> Any:
        """numpy.argmax and argmin."""
        return shown(reduced(name, None, self.node, axis, keepdims))

    def sum_along(self: Any, axes: Sequence[int]) -> Any:
        node = self.node
        for axis in reversed(axes):
            node = whole.total(node, axis)
        return shown(node)

    def extreme_along(self: Any, exceeds: Any) -> Any:
        """In each row along the last axis the element that none exceeds."""
        node, last = self.node, self.ndim - 1
        return shown(whole.taken_along(node, last, whole.place_of_extreme(node, last, exceeds)))

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

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TraceError("an array cannot be pickled while the function is being recorded for compilation")

    def __repr__(self: Any) -> str:
        return f"TracedArray{self.shape}"

    __str__ = __repr__


class _OnArrays:
    """What NumPy asks of arrays while a function is being recorded."""

    @staticmethod
    def elementwise(function: Any, arguments: Sequence[Any]) -> Any:
        result = function(*map(node_of, arguments))
        return tuple(map(shown, result)) if isinstance(result, tuple) else shown(result)

    @staticmethod
    def seen(item: Any) -> Any:
        """An array of objects, or a number, as an array of the recording; others as they are."""
        if isinstance(item, Value):
            return recorded_array(shown(item))
        return recorded_array(item) if is_array(item) and item.dtype == object else item

    @staticmethod
    def recorded(item: Any) -> Any:
        return recorded_array(item)

    @staticmethod
    def apply_function(name: str, theirs: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's own text, on whole arrays as far as it goes, else on their numbers."""
        own = _FUNCTIONS.get(name)
        if own is not None:
            return own(*args, **kwargs)
        try:
            result = theirs(*args, **kwargs)
            _require_nodes(result)
            return result
        except Elementless:
            return theirs(*_taken_apart(args), **_taken_apart(kwargs))

    @staticmethod
    def apply_ufunc(ufunc: Any, name: str, meaning: Any, method: str, inputs: Any, options: dict[str, Any]) -> Any:
        out = options.pop("out", None)
        out = out[0] if isinstance(out, tuple) and len(out) == 1 else out
        mask = options.pop("where", True)
        if meaning is None:
            raise TypeError(f"numpy.{name} of an array of a compiled function is not known: apply it to numbers")
        if method == "at":
            array, indices, item = inputs
            if name not in ("add", "subtract"):
                raise TypeError(f"numpy.{name}.at of an array of a compiled function is not known: assign to x[i]")
            item = node_of(item) if name == "add" else table.negative(node_of(item))
            array._add(indices, item)
            return None
        if method == "__call__":
            given = [node_of(item) for item in inputs]
            if name in ("bitwise_and", "bitwise_or", "bitwise_xor", "invert"):
                given = [item if _is_truth(item) else meaning(item, item) and item for item in given]
                meaning = _LOGICAL[name]
            result = meaning(*given)
            result = tuple(map(shown, result)) if isinstance(result, tuple) else shown(result)
        elif method == "outer":
            a, b = (shown(node_of(item)) for item in inputs)
            shape = whole.shape_of(node_of(a)) + (1,) * len(whole.shape_of(node_of(b)))
            a = shown(whole.reshaped(node_of(a), shape)) if shape else a
            return ufunc(a, b, **({} if out is None else {"out": out}))
        elif method == "accumulate":
            array = shown(node_of(inputs[0]))
            axis = options.get("axis", inputs[1] if len(inputs) > 1 else 0)
            result = shown(accumulated(meaning, array.node, axis_of(axis, array.ndim)))
        elif method == "reduce":
            array = node_of(inputs[0])
            axis = options.get("axis", inputs[1] if len(inputs) > 1 else 0)
            if mask is not True:
                if ufunc.identity is None and "initial" not in options:
                    raise ValueError(f"reduction operation {name} with where= has no identity: give initial")
                start = float(options.get("initial", ufunc.identity))
                array, mask = table.where(node_of(mask), array, start), True
            initial = options.get("initial")
            result = reduced(name, meaning, array, axis, options.get("keepdims", False), initial=initial)
            result = shown(result)
        else:
            raise TypeError(f"numpy.{name}.{method} of an array of a compiled function is not known")
        if out is None:
            if mask is not True:
                raise TypeError(f"numpy.{name} with where= and no out= leaves the rest undefined: use autograd.where")
            return result
        if mask is not True:
            result = shown(table.where(node_of(mask), node_of(result), node_of(out)))
        return _put(out, result)


_LOGICAL = {
    "bitwise_and": table.logical_and, "bitwise_or": table.logical_or, "invert": table.logical_not,
    "bitwise_xor": lambda x, y: table.not_equal(table.where(x, 1.0, 0.0), table.where(y, 1.0, 0.0)),
}  # fmt: skip


def _is_truth(item: Any) -> bool:
    return isinstance(item, Predicate | bool) or (isinstance(item, Traced) and whole.is_truths(item))


def _put(out: Any, result: Any) -> Any:
    """Write a result where it was asked for."""
    if isinstance(out, tuple):
        for one, item in zip(out, result):
            _put(one, item)
    elif isinstance(out, TracedMethods):
        out._assign(whole.broadcast(node_of(result), out.shape))  # type: ignore[attr-defined]
    elif is_array(out) and out.dtype == object:
        out[...] = elements_of(result) if is_array(result) else result
    else:
        raise TraceError(
            "a result of a function that is being compiled cannot be written into an array of floats: assign to an "
            "array of Values (autograd.array), or return the result"
        )
    return out


def _require_nodes(result: Any) -> None:
    """Raise `Elementless` where NumPy's code has moved what stands for elements."""
    if isinstance(result, list | tuple):
        for item in result:
            _require_nodes(item)
    elif isinstance(result, TracedMethods):
        _ = result.node
    elif is_array(result) and result.dtype == object and any(type(item) is _Nothing for item in result.flat):
        raise Elementless("nothing")


def _taken_apart(item: Any) -> Any:
    """An argument with arrays of numbers' nodes for arrays."""
    if isinstance(item, TracedMethods):
        return elements_of(item)
    if type(item) in (list, tuple):
        return type(item)(map(_taken_apart, item))
    return {key: _taken_apart(one) for key, one in item.items()} if type(item) is dict else item


def _concatenate(arrays: Any, axis: Any = 0, out: Any = None, dtype: Any = None, casting: str = "same_kind") -> Any:
    nodes = [node_of(array) for array in arrays]
    if axis is None:
        nodes, axis = [whole.reshaped(node, (math.prod(whole.shape_of(node)),)) for node in nodes], 0
    shapes = [whole.shape_of(node) for node in nodes]
    place = axis_of(axis, len(shapes[0]))
    if len({(len(shape), shape[:place], shape[place + 1 :]) for shape in shapes}) > 1:
        raise ValueError(f"arrays to concatenate must agree but for axis {axis}: their shapes are {shapes}")
    result = shown(whole.concatenated(nodes, place))
    return result if out is None else _put(out, result)


def _like(number: Any) -> Any:
    def function(a: Any, *args: Any, shape: Any = None, **options: Any) -> Any:
        size = sys.modules["numpy"].shape(a) if shape is None else shape
        item = node_of(args[0]) if number is None else number
        return shown(whole.broadcast(item, tuple(size) if isinstance(size, tuple | list) else (size,)))

    return function


def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    item = node_of(src)
    if where is not True:
        item = table.where(node_of(where), item, node_of(dst))
    _put(dst, shown(whole.broadcast(item, dst.shape)))


def _broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    node = whole.broadcast(node_of(array), shape)
    return _made(shape, row_major(shape), own=node, fixed="assignment destination is read-only") if shape else node


_FUNCTIONS = {
    "numpy.concatenate": _concatenate,
    "numpy.concat": _concatenate,
    "numpy.empty_like": _like(0.0),
    "numpy.full_like": _like(None),
    "numpy.copyto": _copyto,
    "numpy.broadcast_to": _broadcast_to,
    "numpy.result_type": lambda *_: sys.modules["numpy"].dtype(object),
    "numpy.shape": lambda a: a.shape,
    "numpy.ndim": lambda a: a.ndim,
    "numpy.size": lambda a, axis=None: a.size if axis is None else a.shape[axis],
}


# Nodes and arrays.


def _made(
    shape: tuple[int, ...], strides: tuple[int, ...], own: Any = None, base: Any = None, part: Any = None,
    fixed: str = "",
) -> Any:  # fmt: skip
    numpy = sys.modules["numpy"]
    kind = _types.get("array")
    if kind is None:
        bases = TracedMethods, value_arrays.array_type()
        kind = _types.setdefault("array", type("TracedArray", bases, {"__module__": "autograd"}))
        nothing = numpy.empty((), dtype=object)
        nothing[()] = _Nothing()
        _types["nothing"] = nothing
    result = numpy.broadcast_to(_types["nothing"], shape).view(kind)
    result._own, result._base, result._part, result._strides, result._fixed = own, base, part, strides, fixed
    return result


_types: dict[str, Any] = {}


def shown(node: Any) -> Any:
    """A node as a function sees it: a number, or an array; nested lists of numbers without NumPy."""
    shape = kind_of(node)
    if not shape:
        return node
    return _made(shape, row_major(shape), own=node) if "numpy" in sys.modules else listed(node)


def listed(node: Any) -> Any:
    """An array as nested lists of numbers."""
    shape = kind_of(node)
    assert shape
    if len(shape) == 1:
        return [whole.element(node, (i,)) for i in range(shape[0])]
    rest = len(shape) - 1
    views = (View(shape[1:], tuple(range(1, rest + 1)), (1,) * rest, (i, *[0] * rest)) for i in range(shape[0]))
    return [listed(whole.view(node, view)) for view in views]


def elements_of(item: Any) -> Any:
    """An array as NumPy's, of the numbers' nodes."""
    numpy = sys.modules["numpy"]
    node = node_of(item)
    result = numpy.empty(math.prod(item.shape), dtype=object)
    result[:] = [whole.element(node, index) for index in product(*map(range, item.shape))]
    return value_arrays.view_of(result.reshape(item.shape))


def node_of(item: Any) -> Any:
    """A number, an array, or nested lists of numbers as a node; a number by itself as it is."""
    if isinstance(item, TracedMethods):
        return item.node
    if is_array(item):
        if item.dtype.kind in "biuf":
            if not item.ndim:
                return real(item)
            known = ConstantArray(item.astype(float).tobytes(), item.shape)
            return current().trace.constant_array(known)
        numbers = [number_of(number) for number in item.ravel().tolist()]
        return whole.pack(numbers, item.shape) if item.ndim else numbers[0]
    if isinstance(item, list | tuple):
        return packed(item)
    return item if isinstance(item, Value) or type(item) is bool else real(item)


def packed(item: Any, axis: int = 0) -> Any:
    """An array, or nested lists of numbers, as a node, with `axis` before the others."""
    if isinstance(item, list | tuple):
        item = _packed_list(item)
    else:
        item = node_of(item)
    shape = whole.shape_of(item)
    return whole.moved(item, axis % len(shape), 0) if shape and axis % len(shape) else item


def _packed_list(item: Any) -> Any:
    numbers, shape = _flat(item)
    if all(type(number) is float for number in numbers):
        return current().trace.constant_array(ConstantArray(array("d", numbers).tobytes(), shape))
    return whole.pack(numbers, shape)


def _flat(item: Any) -> tuple[list[Any], tuple[int, ...]]:
    """The numbers of nested lists and arrays in row-major order, and the shape."""
    if is_array(item):
        item = item.tolist()
    if isinstance(item, list | tuple):
        rows = [_flat(child) for child in item]
        if not rows or any(shape != rows[0][1] for _, shape in rows):
            raise ShapeError("nested lists must have one length at each depth, from 1 up, to be a batch")
        return [number for row, _ in rows for number in row], (len(rows), *rows[0][1])
    return [number_of(item)], ()


def recorded_array(item: Any) -> Any:
    """An array as one of the recording; of a number an array of the recording without axes."""
    if isinstance(item, TracedMethods):
        return item
    node = node_of(item)
    if whole.shape_of(node):
        return shown(node)
    return value_arrays.view_of(plain(node)) if isinstance(node, Value) else item


def numbers_in(node: Any) -> list[Any]:
    """The numbers of an array in row-major order, or the number itself."""
    return [whole.element(node, index) for index in product(*map(range, whole.shape_of(node)))]


def holds_array(nest: Any) -> bool:
    """Whether a nest holds an array."""
    return any(shape is not None for shape in flatten(nest)[1].shapes)


def seed_of(item: Any) -> Any:
    """An array as the derivatives with which a sweep begins: where it is known to be 0.0 there is none."""
    if isinstance(item, TracedMethods) or item.dtype == object or item.all():
        return node_of(item)
    places = list(zip(*item.nonzero()))
    if len(places) <= _SINGLE:
        found = {tuple(map(int, place)): float(item[place]) for place in places}
        return Scattered(item.shape, elements=found) if found else None
    return Maybe(node_of(item), node_of(item != 0.0))


_SINGLE = 64  # elements with a derivative that are followed one by one


def as_number(item: Any) -> Any:
    """What a body returns, as a node or a float: a predicate is 1.0 or 0.0."""
    return node_of(item) if is_array(item) else number_of(item)


def settled(derivative: Any, of: Any = None) -> Any:
    """The derivative `of` a node, or with respect to it, as a node or a number, 0.0 where it is absent."""
    if isinstance(derivative, Scattered):
        derivative = derivative.parts(0.0)[0]
    elif isinstance(derivative, Maybe):
        derivative = derivative.or_zero()
    return whole.broadcast(derivative, kind_of(of)) if kind_of(of) else derivative


def _without_ones(item: Any, axes: int) -> Any:
    """An array without the axes of length 1 before those that are wanted."""
    shape = whole.shape_of(item)
    while len(shape) > axes and shape[0] == 1:
        shape = shape[1:]
        item = whole.reshaped(item, shape) if shape else whole.element(item, (0,))
    return item


def _only(item: Any) -> Any:
    """The one number that is assigned to a place. Raises: `ValueError` for more of them."""
    shape = whole.shape_of(item)
    if math.prod(shape) != 1:
        raise ValueError("setting an array element with a sequence")
    return whole.element(item, (0,) * len(shape)) if shape else item


Trace.arrays = _OnArrays
Traced._view_of_array = staticmethod(lambda objects: shown(node_of(objects)))  # type: ignore[attr-defined]
Traced._elementwise = TracedMethods._elementwise = staticmethod(_OnArrays.elementwise)  # type: ignore[attr-defined]
