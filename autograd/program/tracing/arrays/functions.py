"""What NumPy's functions, others than its ufuncs, mean for arrays of a recording."""

from __future__ import annotations

import math
import sys
from typing import Any

from autograd.errors import TraceError
from autograd.primitives import table
from autograd.primitives.row import is_array
from autograd.program.graph import repeating, row_major
from autograd.program.tracing.arrays import whole
from autograd.program.tracing.arrays.nodes import elements_of, node_of, shown
from autograd.program.tracing.arrays.reductions import axis_of
from autograd.program.tracing.arrays.seen import Elementless, Nothing, is_recorded, made, root_of
from autograd.program.tracing.sorts import assigned, of_sort, sort_of
from autograd.program.tracing.traced import broadcast_shape


def applied(name: str, theirs: Any, args: Any, kwargs: Any) -> Any:
    """NumPy's own text, on whole arrays as far as it goes, else on their numbers."""
    own = FUNCTIONS.get(name)
    if own is not None:
        return own(*args, **kwargs)
    if name in _MOVED:
        return _by_places(name, theirs, args, kwargs)
    try:
        result = theirs(*args, **kwargs)
        _require_nodes(result)
        return shown(of_sort(node_of(result), sort_of(args[0]))) if name in ("numpy.tril", "numpy.triu") else result
    except Elementless:
        return theirs(*_taken_apart(args), **_taken_apart(kwargs))


def put(out: Any, result: Any) -> Any:
    """Write a result where it was asked for."""
    if isinstance(out, tuple):
        for one, item in zip(out, result):
            put(one, item)
    elif is_recorded(out):
        out.assign(whole.broadcast(node_of(result), out.shape))
    elif is_array(out) and out.dtype == object:
        out[...] = elements_of(result) if is_array(result) else result
    else:
        raise TraceError(
            "a result of a function that is being compiled cannot be written into an array of floats: assign to an "
            "array of Values, as numpy.zeros_like(x) of one, or return the result"
        )
    return out


def _require_nodes(result: Any) -> None:
    """Raise `Elementless` where NumPy's code has moved what stands for elements."""
    if isinstance(result, list | tuple):
        for item in result:
            _require_nodes(item)
    elif is_recorded(result):
        _ = result.node
    elif type(result) is Nothing or (
        is_array(result) and result.dtype == object and any(type(item) is Nothing for item in result.flat)
    ):
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
    return result if out is None else put(out, result)


def _column_stack(tup: Any) -> Any:
    nodes = [node_of(array) for array in tup]
    shapes = [whole.shape_of(node) for node in nodes]
    columns = [whole.reshaped(node, (math.prod(own), 1)) if len(own) < 2 else node for node, own in zip(nodes, shapes)]
    return _concatenate([*map(shown, columns)], axis=1)


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
    put(dst, shown(whole.broadcast(item, dst.shape)))


def _putmask(a: Any, mask: Any, values: Any) -> None:
    numpy = sys.modules["numpy"]
    _copyto(a, values if numpy.ndim(values) == 0 else numpy.resize(values, a.shape), where=mask)


def _broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    node, fixed = whole.broadcast(node_of(array), shape), "assignment destination is read-only"
    if not shape or not is_recorded(array):
        return made(shape, row_major(shape), own=node, fixed=fixed) if shape else node
    result = array.part(repeating(array.shape, shape), True)
    result._fixed = fixed
    return result


def _broadcast_arrays(*arrays: Any, subok: bool = False) -> Any:
    nodes = [*map(node_of, arrays)]
    shape = broadcast_shape(*map(whole.shape_of, nodes))
    return tuple([_broadcast_to(array, shape) for array in arrays])


def _shares_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    one, other = root_of(a), root_of(b)
    parts = [any(part is not None for _, part in array._steps) for array in (a, b) if is_recorded(array)]
    if any(is_recorded(array) and array._taken is not None for array in (a, b)) or (one is other and all(parts)):
        raise TraceError(
            "whether parts of an array share memory is not known in a function that is being compiled: compare the "
            "indices by which they were taken"
        )
    return one is other and a.size > 0 and b.size > 0


def _diag(v: Any, k: int = 0) -> Any:
    if is_recorded(v) and v.ndim == 2:
        return v.diagonal(k)
    return _by_places("numpy.diag", sys.modules["numpy"].diag, (v, k), {})


# What only moves elements, with its parameters that hold the elements: these in order, "" for one that does not.
_MOVED = {
    "numpy.block": ("arrays",),
    "numpy.delete": ("arr",),
    "numpy.diag": ("v",),
    "numpy.diagflat": ("v",),
    "numpy.fill_diagonal": ("a", "val"),
    "numpy.insert": ("arr", "", "values"),
    "numpy.place": ("arr", "", "vals"),
    "numpy.put": ("a", "", "v"),
    "numpy.put_along_axis": ("arr", "", "values"),
    "numpy.resize": ("a",),
}
_WRITING = ("numpy.fill_diagonal", "numpy.place", "numpy.put", "numpy.put_along_axis")  # into the first of them


def _by_places(name: str, theirs: Any, args: Any, kwargs: Any) -> Any:
    """What NumPy's text does with where the elements stand, done with them: 0 is where nothing does."""
    numpy, names = sys.modules["numpy"], _MOVED[name]
    first = args[0] if args else kwargs[names[0]]
    sort = sort_of(first)
    if name in _WRITING and not is_recorded(first):
        raise TraceError(f"{name} cannot write what is being computed into an array of floats: use autograd.array")
    where = [item for i, item in enumerate(args) if i >= len(names) or not names[i]]
    if any(is_array(item) and item.dtype == object for item in where):
        raise TraceError(f"{name} in a function that is being compiled takes places that are known before: x[i] = y")
    parts = [whole.broadcast(sort(0), (1,))]

    def places(item: Any) -> Any:
        if type(item) in (list, tuple) and name == "numpy.block":
            return type(item)(map(places, item))
        node, start = assigned(node_of(item), sort), sum(whole.shape_of(part)[0] for part in parts)
        shape = whole.shape_of(node)
        parts.append(whole.reshaped(node, (math.prod(shape),)))
        return numpy.arange(start, start + math.prod(shape)).reshape(shape)

    taken = [places(item) if i < len(names) and names[i] else item for i, item in enumerate(args)]
    result = theirs(*taken, **{key: places(item) if key in names else item for key, item in kwargs.items()})
    result = taken[0] if name in _WRITING else result
    moved = shown(whole.concatenated(parts, 0))[result]
    return first.assign(node_of(moved)) if name in _WRITING else moved


def _count_nonzero(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return (shown(node_of(a)) != 0.0).sum(axis=axis, keepdims=keepdims)


FUNCTIONS = {
    "numpy.count_nonzero": _count_nonzero,
    "numpy.shares_memory": _shares_memory,
    "numpy.may_share_memory": _shares_memory,
    "numpy.concatenate": _concatenate,
    "numpy.concat": _concatenate,
    "numpy.copy": lambda a, order="K", subok=False: shown(node_of(a)),
    "numpy.column_stack": _column_stack,
    "numpy.empty_like": _like(0.0),
    "numpy.full_like": _like(None),
    "numpy.copyto": _copyto,
    "numpy.diag": _diag,
    "numpy.putmask": _putmask,
    "numpy.broadcast_to": _broadcast_to,
    "numpy.broadcast_arrays": _broadcast_arrays,
    "numpy.result_type": lambda *_: sys.modules["numpy"].dtype(object),
    "numpy.shape": lambda a: a.shape,
    "numpy.ndim": lambda a: a.ndim,
    "numpy.size": lambda a, axis=None: a.size if axis is None else a.shape[axis],
}
