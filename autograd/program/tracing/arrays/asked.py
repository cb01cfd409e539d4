"""What NumPy asks of arrays while a function is being recorded: its ufuncs, and its functions."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

from autograd.arrays.reductions import EXCEEDS
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.primitives import table
from autograd.primitives.row import is_array
from autograd.program.graph import View, repeating, row_major
from autograd.program.tracing.arrays import whole
from autograd.program.tracing.arrays.nodes import (
    Elementless,
    Nothing,
    elements_of,
    is_recorded,
    made,
    node_of,
    recorded_array,
    shown,
)
from autograd.program.tracing.arrays.reductions import accumulated, axis_of, reduced
from autograd.program.tracing.sorts import as_numpy, assigned, joined, of_sort, sort_of
from autograd.program.tracing.structured import as_number
from autograd.program.tracing.traced import Predicate, broadcast_shape


class OnArrays:
    """What NumPy asks of arrays while a function is being recorded."""

    @staticmethod
    def elementwise(function: Any, arguments: Sequence[Any]) -> Any:
        nodes = [*map(node_of, arguments)]
        shape = broadcast_shape(*map(whole.shape_of, nodes))
        result = function(*nodes)
        if function is table.where:
            result = of_sort(result, joined(map(sort_of, arguments[1:])))
        # Of what is known a side may be all of the result, which is a number then.
        results = [shown(whole.broadcast(x, shape)) for x in (result if isinstance(result, tuple) else (result,))]
        return tuple(results) if isinstance(result, tuple) else results[0]

    @staticmethod
    def seen(item: Any) -> Any:
        """An array of objects, or a number, as an array of the recording; others as they are."""
        if isinstance(item, Value):
            return recorded_array(shown(item))
        return recorded_array(item) if is_array(item) and item.dtype == object else item

    sort_of, recorded = staticmethod(sort_of), staticmethod(recorded_array)

    @staticmethod
    def as_numpy(ufunc: Any, name: str, meaning: Any, inputs: Sequence[Any]) -> Any:
        """What a ufunc means for numbers of these sorts."""
        return as_numpy(ufunc, name, meaning, [*map(sort_of, inputs)])

    @staticmethod
    def as_sorted(result: Any, *items: Any) -> Any:
        """One of these items, of the sort that NumPy would have of it."""
        return shown(of_sort(node_of(result), joined(map(sort_of, items))))

    @staticmethod
    def apply_function(name: str, theirs: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's own text, on whole arrays as far as it goes, else on their numbers."""
        own = _FUNCTIONS.get(name)
        if own is not None:
            return own(*args, **kwargs)
        if name in _IN_PLACE:
            return _in_place(name, theirs, *args, **kwargs)
        try:
            result = theirs(*args, **kwargs)
            _require_nodes(result)
            return OnArrays.as_sorted(result, args[0]) if name in ("numpy.tril", "numpy.triu") else result
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
            array.add_at(indices, item)
            return None
        axis = options.get("axis", inputs[1] if len(inputs) > 1 else 0)
        if method == "__call__":
            result = OnArrays.elementwise(as_numpy(ufunc, name, meaning, [*map(sort_of, inputs)]), inputs)
            if is_recorded(result) and not all(map(_in_rows, inputs)):
                result._ordered = False  # NumPy keeps the order of the axes in memory
        elif method == "outer":
            a, b = map(node_of, inputs)
            a = whole.reshaped(a, whole.shape_of(a) + (1,) * len(whole.shape_of(b)))
            return ufunc(shown(a), shown(b), **({} if out is None else {"out": out}))
        elif method == "accumulate":
            array, sort = _to_combine(name, node_of(inputs[0]))
            result = accumulated(meaning, array, axis_of(axis, len(whole.shape_of(array))))
            result = shown(result if sort is None else of_sort(result, sort))
        elif method == "reduce":
            array, sort = _to_combine(name, node_of(inputs[0]))
            initial = options.get("initial")
            if mask is not True:
                if ufunc.identity is None and "initial" not in options:
                    raise ValueError(f"reduction operation {name} with where= has no identity: give initial")
                start = float(options.get("initial", ufunc.identity))
                array, mask = table.where(node_of(mask), array, start), True
            result = reduced(name, meaning, array, axis, options.get("keepdims", False), initial)
            if isinstance(result, Predicate):  # as NumPy's any, which are added by `or`
                result = as_number(result)
            result = shown(result if sort is None else of_sort(result, sort))
        else:
            raise TypeError(f"numpy.{name}.{method} of an array of a compiled function is not known")
        if mask is not True:
            if out is None:
                raise TypeError(f"numpy.{name} with where= and no out= leaves the rest undefined: use autograd.where")
            result = shown(table.where(node_of(mask), node_of(result), node_of(out)))
        if is_recorded(out) and joined((sort_of(out), sort_of(result))) is not sort_of(out):
            kinds = f"{sort_of(result).__name__} into an array of {sort_of(out).__name__}"
            raise TypeError(f"numpy.{name} writes no {kinds}, as NumPy does not: make one of floats by astype")
        return result if out is None else _put(out, result)


def _to_combine(name: str, array: Any) -> tuple[Any, type | None]:
    """An array as it is combined along an axis, and of what sort that is where it is known already."""
    sort = sort_of(array)
    if name in ("add", "multiply"):
        return of_sort(array, float), float if sort is float else int
    return array, sort if name in EXCEEDS else None


def _in_rows(item: Any) -> bool:
    """Whether the numbers of an array stand in row-major order, as far as it has some."""
    if not is_array(item) or item.ndim < 2:
        return True
    if is_recorded(item):
        return item._ordered and [*item._strides] == sorted(item._strides, reverse=True)
    return bool(item.flags.c_contiguous)


def _put(out: Any, result: Any) -> Any:
    """Write a result where it was asked for."""
    if isinstance(out, tuple):
        for one, item in zip(out, result):
            _put(one, item)
    elif is_recorded(out):
        out.assign(whole.broadcast(node_of(result), out.shape))
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
    elif is_recorded(result):
        _ = result.node
    elif is_array(result) and result.dtype == object and any(type(item) is Nothing for item in result.flat):
        raise Elementless("nothing")


def _taken_apart(item: Any) -> Any:
    """An argument with arrays of numbers' nodes for arrays."""
    if is_recorded(item):
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


def _column_stack(tup: Any) -> Any:
    nodes = [node_of(array) for array in tup]
    shapes = [whole.shape_of(node) for node in nodes]
    columns = [whole.reshaped(node, (math.prod(own), 1)) if len(own) < 2 else node for node, own in zip(nodes, shapes)]
    return _concatenate([*map(shown, columns)], axis=1)


def _delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    numpy = sys.modules["numpy"]
    if axis is None:
        arr, axis = arr.reshape(-1), 0
    return numpy.take(arr, numpy.delete(numpy.arange(arr.shape[axis]), obj), axis)


def _diag(v: Any, k: int = 0) -> Any:
    node = node_of(v)
    if len(whole.shape_of(node)) != 1:
        return sys.modules["numpy"].diagonal(v, k)
    length = whole.shape_of(node)[0]
    size = length + abs(k)
    diagonal = View((length,), (0,), (size + 1,), (k if k > 0 else -k * size,))
    return shown(whole.reshaped(whole.placed(whole.broadcast(0.0, (size * size,)), diagonal, node), (size, size)))


def _like(number: Any) -> Any:
    def function(a: Any, *args: Any, shape: Any = None, **options: Any) -> Any:
        size = sys.modules["numpy"].shape(a) if shape is None else shape
        item = node_of(args[0]) if number is None else number
        kind = options.get("dtype", args[0] if args and number is not None else args[1] if len(args) > 1 else None)
        item = assigned(item, sort_of(a) if kind is None else sort_of(sys.modules["numpy"].dtype(kind).type()))
        return shown(whole.broadcast(item, tuple(size) if isinstance(size, tuple | list) else (size,)))

    return function


def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    item = assigned(node_of(src), sort_of(dst))
    if where is not True:
        item = of_sort(table.where(node_of(where), item, node_of(dst)), sort_of(dst))
    _put(dst, shown(whole.broadcast(item, dst.shape)))


def _broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    node, fixed = whole.broadcast(node_of(array), shape), "assignment destination is read-only"
    if not shape or not is_recorded(array):
        return made(shape, row_major(shape), own=node, fixed=fixed) if shape else node
    return made(shape, (0,) * len(shape), base=array, part=repeating(array.shape, shape), fixed=fixed)


def _broadcast_arrays(*arrays: Any, subok: bool = False) -> Any:
    nodes = [*map(node_of, arrays)]
    shape = broadcast_shape(*map(whole.shape_of, nodes))
    return tuple([_broadcast_to(array, shape) for array in arrays])


def _base_of(array: Any) -> Any:
    """The array of which this one is a part."""
    while is_recorded(array) and array._base is not None:
        array = array._base
    return array


def _in_place(name: str, theirs: Any, array: Any, *args: Any, **kwargs: Any) -> None:
    """A function that writes into its first argument, on the numbers of that."""
    if not is_recorded(array):
        raise TraceError(f"{name} cannot write what is being computed into an array of floats: use autograd.array")
    numbers = elements_of(array)
    theirs(numbers, *_taken_apart(args), **_taken_apart(kwargs))
    array.assign(node_of(numbers))


_IN_PLACE = {f"numpy.{name}" for name in ("put", "putmask", "place", "put_along_axis", "fill_diagonal")}


def _count_nonzero(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return (shown(node_of(a)) != 0.0).sum(axis=axis, keepdims=keepdims)


_FUNCTIONS = {
    "numpy.count_nonzero": _count_nonzero,
    "numpy.shares_memory": lambda a, b, max_work=None: _base_of(a) is _base_of(b),
    "numpy.may_share_memory": lambda a, b, max_work=None: _base_of(a) is _base_of(b),
    "numpy.concatenate": _concatenate,
    "numpy.concat": _concatenate,
    "numpy.copy": lambda a, order="K", subok=False: shown(node_of(a)),
    "numpy.column_stack": _column_stack,
    "numpy.delete": _delete,
    "numpy.diag": _diag,
    "numpy.empty_like": _like(0.0),
    "numpy.full_like": _like(None),
    "numpy.copyto": _copyto,
    "numpy.broadcast_to": _broadcast_to,
    "numpy.broadcast_arrays": _broadcast_arrays,
    "numpy.result_type": lambda *_: sys.modules["numpy"].dtype(object),
    "numpy.shape": lambda a: a.shape,
    "numpy.ndim": lambda a: a.ndim,
    "numpy.size": lambda a, axis=None: a.size if axis is None else a.shape[axis],
}
