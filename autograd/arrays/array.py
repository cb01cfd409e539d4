"""The arrays of Values that transforms hand to a function and return: NumPy's functions on them are ours.

NumPy asks a subclass of its array what a function means on it (`__array_ufunc__`, `__array_function__`); on a plain
array of objects it compares the elements itself. A function is answered in one of three ways: by rows of the table, by
NumPy's own text where that only moves and combines elements, or by an error that names it. NumPy is an optional
package: the class is made when the first such array is, and no module here imports NumPy before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from autograd.arrays import choices, orders, places, products, recording, reductions
from autograd.arrays.functions import THEIRS, UNSUITED
from autograd.arrays.products import UFUNCS
from autograd.arrays.reductions import EXCEEDS, REDUCTIONS, filled
from autograd.arrays.ufuncs import INSTEAD, MEANINGS, METHODS, OPERATORS, TRUTHS
from autograd.errors import MissingDependencyError, TraceError
from autograd.functions.totals import blocked_sums
from autograd.pickles import reduced
from autograd.primitives.row import TABLE, alike, elementwise, is_array, plain, real, require_plain, typed

_INDEXED = (
    "an array in a function that is being compiled was indexed by a Value, whose number is not known: go through the "
    "array with scan or vmap, and choose with where"
)


def _contents(self: Any) -> Any:
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("autograd."):
        frame = frame.f_back  # a large array of a recording asks its elements
    if frame.f_globals.get("__name__", "").startswith("numpy.ma"):
        require_plain(sys.modules["numpy"].ma.MaskedArray)
    raise AttributeError(f"{type(self).__name__!r} object has no attribute '_data'")


contents = property(_contents)  # what numpy.ma, which asks an operand for its `_data`, is told


class ArrayMethods:
    """What an array of Values has beside the methods of NumPy's: the base of the class that `view_of` makes."""

    _elementwise: Any  # of an array of a recording: `program` puts it here, with the methods of such arrays

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return apply_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return apply_function(function, types, args, kwargs)

    _data = contents

    def view(self, *kind: Any, **named: Any) -> Any:
        result = super().view(*kind, **named)  # type: ignore[misc]  # of numpy.ndarray
        is_array(result)  # raises for a matrix, which NumPy makes of what it multiplies with one
        return result

    def __getitem__(self, key: Any) -> Any:
        try:
            return super().__getitem__(key)  # type: ignore[misc]  # of numpy.ndarray
        except IndexError as error:
            trace = recording.trace()
            if trace is not None:
                return trace.arrays.seen(self)[key]
            return super().__getitem__(self._whole_numbers(key, error))  # type: ignore[misc]  # as above

    def __setitem__(self, key: Any, item: Any) -> None:
        if self.dtype == object:  # type: ignore[attr-defined]  # of numpy.ndarray
            whole = isinstance(item, int) or (is_array(item) and item.dtype.kind in "biu")
            item = sys.modules["numpy"].asarray(item, dtype=float)[()] if whole else item
        try:
            super().__setitem__(key, item)  # type: ignore[misc]  # of numpy.ndarray
        except IndexError as error:
            super().__setitem__(self._whole_numbers(key, error), item)  # type: ignore[misc]  # as above

    def _whole_numbers(self: Any, key: Any, error: IndexError) -> Any:
        """A key that NumPy has refused, with whole numbers in the place of Values; the error where there are none."""
        refuse_nodes(key, self)
        whole = places.whole_numbers(key, self.shape)
        if whole is key:
            raise error
        return whole

    def __reduce_ex__(self: Any, protocol: Any) -> Any:
        return reduced("values", self.ravel().tolist(), self.shape)

    @property
    def flat(self) -> Any:
        return super().flat  # type: ignore[misc]  # of numpy.ndarray

    @flat.setter
    def flat(self, item: Any) -> None:
        self.flat[:] = item  # NumPy's own setter frees an object before it takes hold of it again

    # What an array does along its axes by itself.

    def sum_along(self, axes: Any) -> Any:
        return _shown(blocked_sums(plain(self), axes))

    def extreme_along(self, name: str) -> Any:
        return _shown(reductions.extreme_along(plain(self), name))

    # The methods of NumPy's that compare elements, or sum them, and are no ufuncs.

    mean, var, std, trace = reductions.mean, reductions.var, reductions.std, products.trace
    take, choose = places.take, places.choose
    argmax, argmin, argsort, round = orders.argmax, orders.argmin, orders.argsort, choices.round

    def argpartition(self, kth: Any, axis: Any = -1, kind: Any = None, order: None = None) -> Any:
        return orders.argsort(self, axis, kind, order)

    def sort(self: Any, axis: Any = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> None:
        self[...] = orders.sort(self, axis, kind, order, stable=stable)

    def partition(self: Any, kth: Any, axis: Any = -1, kind: Any = None, order: None = None) -> None:
        self[...] = orders.sort(self, axis, kind, order)

    def astype(self: Any, dtype: Any, *args: Any, **options: Any) -> Any:
        kind = sys.modules["numpy"].dtype(dtype)
        if self.dtype != object:
            return super().astype(kind, *args, **options)  # type: ignore[misc]  # of numpy.ndarray
        if kind not in (bool, float, object):
            raise TypeError(
                f"an array of Values stays one of floats, and cannot be turned into {kind}: numpy.floor and its kin "
                "have whole numbers, with the derivative 0"
            )
        if kind.kind == "b":
            return self != 0.0
        return self if options.get("copy", True) is False else self.copy("K")

    def conjugate(self) -> Any:
        return self

    conj = conjugate

    def searchsorted(self, v: Any, side: str = "left", sorter: Any = None) -> Any:
        raise _refused("numpy.searchsorted")

    def dot(self, b: Any, out: Any = None) -> Any:
        return sys.modules["numpy"].dot(self, b, out)


def view_of(array: Any) -> Any:
    """An array of objects as one of this class, of which there is one."""
    return array.view(array_type())


def array_type() -> Any:
    """The class of arrays of Values."""
    kind = _types.get("array")
    if kind is None:  # two threads may both make one, and the first is kept
        kind = type("ValueArray", (ArrayMethods, sys.modules["numpy"].ndarray), {"__module__": "autograd"})
        kind = _types.setdefault("array", kind)
    return kind


_types: dict[str, Any] = {}


def _rebuild(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    objects = _numpy().empty(len(numbers), dtype=object)
    objects[:] = numbers
    return view_of(objects.reshape(shape))


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise MissingDependencyError("an array of Values is one of NumPy's: pip install numpy") from error
    return numpy


def array(numbers: Any) -> Any:
    """The NumPy array of nested lists of numbers and Values, on which NumPy's functions are autograd's.

    `numpy.array` makes a plain array of objects, whose elements NumPy compares itself: there `numpy.maximum(x, 1.0)` of
    a nan is 1.0. The arrays that a transform hands to your function are of this kind already, and so is what any
    function of autograd returns.

    Parameters: `numbers`, numbers and Values in lists, tuples or arrays, of any shape.

    Returns: an array of floats where no Value is among them, but of an array of whole numbers or truths one of those; a
    number by itself as it is. In a function that is being compiled always one of its arrays, which can be indexed by a
    Value.

    Raises: `TypeError` for anything that is not a real number; `MissingDependencyError` without NumPy.

    >>> import numpy as np
    >>> from autograd import Value, array
    >>> x = array([Value(1.0), Value(float("nan"))])
    >>> [y.data for y in np.maximum(x, 2.0)]
    [2.0, nan]
    """
    given = is_array(numbers)  # raises for a subclass, of which the numbers are not all
    trace = recording.trace()
    if trace is not None:
        result = trace.arrays.recorded(numbers if given else _numpy().array(numbers, dtype=object))
        return result if given or not is_array(result) or not result.ndim else result.astype(float)
    if given and numbers.ndim and numbers.dtype.kind in "bi":
        return numbers.copy()
    return elementwise(_number, [_numpy().array(numbers, dtype=object)])


def _number(item: Any) -> Any:
    return item if _is_node(item) else real(item)


def _is_node(item: Any) -> bool:
    return hasattr(type(item), "_apply_primitive")


def refuse_nodes(key: Any, array: Any) -> None:
    """Raise `TraceError` where a Value that has no number is to say which elements of an array are meant."""
    for part in key if isinstance(key, tuple) else (key,):
        if _is_node(part) or (is_array(part) and part.dtype == object):
            first = part.flat[0] if is_array(part) and part.size else part
            if any(hasattr(type(item), "trace") for item in (first, getattr(array, "node", array.flat[0]))):
                raise TraceError(_INDEXED)


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What a ufunc of NumPy, or one of its methods, gives where a Value or an array of Values is among its inputs.

    Raises: `TypeError` that names the ufunc where it has no meaning here.
    """
    name, meaning = _meaning_of(ufunc)
    trace = recording.trace()
    if meaning is not None and method == "__call__" and not options and all(map(_is_scalar, map(type, inputs))):
        return (meaning if trace is None else trace.arrays.as_numpy(ufunc, name, meaning, inputs))(*inputs)
    numpy = sys.modules["numpy"]
    if name.startswith("logical_") and method in ("reduce", "accumulate", "reduceat"):
        inputs = (numpy.not_equal(inputs[0], 0.0), *inputs[1:])  # or of one element it would be that, and no truth
    if method == "at" and is_array(inputs[0]) and inputs[0].dtype != numpy.dtype(object):
        raise TypeError(f"numpy.{name}.at puts Values into an array of floats: begin with one of Values, as 0.0 * x")
    if trace is None:
        if method == "at":
            inputs = (inputs[0], places.whole_numbers(inputs[1], inputs[0].shape), *inputs[2:])
        for item in inputs:
            if getattr(item, "_traced", False) is True:
                item.node.detach()  # which raises, for the recording is over
    elif any(is_array(x) and (x.ndim or getattr(x, "_traced", False)) for x in (*inputs, *options.get("out", ()))):
        mask = {key: options[key] for key in ("where",) if key in options}
        kind = numpy.dtype(options.get("dtype") or object).kind
        if kind in "iuf" and name in ("add", "multiply") and trace.arrays.sort_of(inputs[0]) is not float:
            options = {key: item for key, item in options.items() if key != "dtype"}
            inputs = (inputs[0].astype(float) if kind == "f" else inputs[0], *inputs[1:])
        options = _checked(name, method, {k: o for k, o in options.items() if k not in mask}, ufunc.identity) | mask
        whole = _whole(ufunc, name, method)
        if whole is not None:
            out = options.pop("out", (None,))[0]
            arrays = [numpy.asanyarray(trace.arrays.seen(item)) for item in inputs]
            result = whole(*arrays, **options)
            if name in EXCEEDS:
                result = trace.arrays.as_sorted(result, inputs[0], options.get("initial", inputs[0]))
            return filled(out, trace.arrays.ordered_as(_shown(result), inputs, own=True))
        return trace.arrays.apply_ufunc(ufunc, name, meaning, method, inputs, options)
    given = [plain(item) for item in inputs]
    if "out" not in options and not any(is_array(item) and item.dtype == object for item in given):
        return getattr(ufunc, method)(*given, **options)  # of truths alone, in an array that was one of predicates
    whole = _whole(ufunc, name, method)
    loop = ufunc
    if meaning is not None and not (name in OPERATORS or (name in METHODS and _all_nodes(given[0]))):
        loop = numpy.frompyfunc(meaning, ufunc.nin, ufunc.nout, identity=ufunc.identity)
    options = _checked(name, method, options, ufunc.identity)
    if whole is not None:
        out = options.pop("out", (None,))[0]
        arrays = [view_of(plain(item)) if _is_node(item) else numpy.asanyarray(item) for item in inputs]
        return filled(out, _shown(whole(*arrays, **options)))
    if loop is ufunc and name in TRUTHS:
        options["dtype"] = object  # or the loop would ask each for its outcome
    outs = options.get("out")
    if outs is not None:
        options["out"] = tuple(map(plain, outs))
    with numpy.errstate(all="ignore"):  # arithmetic is quiet here
        results = getattr(loop, method)(*given, **options)
    if outs is not None:
        return outs[0] if len(outs) == 1 else outs
    if isinstance(results, tuple):
        return tuple(map(_shown, results))
    result = _shown(results, name in TRUTHS)
    if type(result) is int:  # NumPy's product of nothing
        return float(result)
    return result.astype(float) if is_array(result) and result.dtype == int else result


def _whole(ufunc: Any, name: str, method: str) -> Callable[..., Any] | None:
    """What a ufunc of NumPy's is on whole arrays, where that is more than on each of their elements."""
    of_numpy = getattr(sys.modules["numpy"], name, None) is ufunc
    return {"__call__": UFUNCS, "reduce": REDUCTIONS}.get(method, {}).get(name) if of_numpy else None


def _meaning_of(ufunc: Any) -> tuple[str, Callable[..., Any] | None]:
    """A ufunc's name, and what it means for numbers; None where NumPy's loop over objects is to answer."""
    found = _known.get(ufunc)
    if found is not None:
        return found
    numpy = sys.modules["numpy"]
    name = ufunc.__name__
    known = getattr(numpy, name, ufunc)
    numpys = known is ufunc or not isinstance(known, numpy.ufunc)  # numpy.clip is a function, and calls a ufunc
    meaning = MEANINGS.get(name) if numpys else None
    of_python = all(set(signature) <= {"O", "-", ">"} for signature in ufunc.types)  # made by numpy.frompyfunc
    if meaning is None and not of_python and not (numpys and name in OPERATORS):
        raise _refused(f"numpy.{name}" if getattr(numpy, name, None) is ufunc else name)
    if getattr(numpy, name, None) is ufunc:
        _known[ufunc] = name, meaning
    return name, meaning


_known: dict[Any, tuple[str, Callable[..., Any] | None]] = {}  # NumPy's own, which stay


def _is_scalar(kind: type) -> bool:
    """Whether things of a type are numbers by themselves, which an arrays.TracedArray is not."""
    if issubclass(kind, float) or hasattr(kind, "_view_of_array"):
        return True
    return issubclass(kind, int | sys.modules["numpy"].generic)


def _all_nodes(operand: Any) -> bool:
    """Whether each element of the first operand is a node, so that its own methods answer; see METHODS."""
    if not is_array(operand) or operand.dtype != object:
        return False
    return all(hasattr(kind, "_apply_primitive") for kind in set(map(type, operand.ravel().tolist())))


def _checked(name: str, method: str, options: dict[str, Any], identity: Any) -> dict[str, Any]:
    """The options of a ufunc, without those that say nothing about real numbers in an array of objects.

    Raises: `TypeError` for one that cannot be honoured.
    """
    numpy = sys.modules["numpy"]
    options = {key: item for key, item in options.items() if key not in ("casting", "order", "subok")}
    kind = options.pop("dtype", None)
    if kind is not None and numpy.dtype(kind) not in (object, float, bool if name in TRUTHS else float):
        raise TypeError(f"numpy.{name} with dtype={kind}: a Value is a float of 64 bits, and stays one")
    if "signature" in options:
        raise TypeError(f"numpy.{name} with a signature: a Value has no other type that could be chosen")
    mask = options.get("where", True)
    if mask is not True and method == "reduce" and identity is not None:  # objects have none that NumPy would take
        options.setdefault("initial", float(identity))
    if mask is not True and (_is_node(mask) or (is_array(mask) and mask.dtype == object)):
        raise TypeError(f"numpy.{name} with where=: whether it holds is not known yet: choose with autograd.where")
    if mask is not True and method == "__call__" and options.get("out") is None:
        raise TypeError(f"numpy.{name} with where= and no out= leaves the rest undefined: choose with autograd.where")
    return options


def _shown(result: Any, truths: bool = False) -> Any:
    """What NumPy's loop has made of Values: an array of this class or of floats, or a number by itself."""
    if is_array(result) and not result.ndim:
        item = result.item()
        return result if item is None else item  # None where it is still to be filled
    if not is_array(result) or result.dtype != object:
        return result
    return typed(result, truths)


def apply_function(function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function of NumPy gives where a Value or an array of Values is among its arguments.

    Raises: `TypeError` that names the function where it has no meaning here, or where NumPy would compare the elements.
    """
    numpy = sys.modules["numpy"]
    for kind in types:
        if issubclass(kind, numpy.ndarray):
            require_plain(kind)
        elif not hasattr(kind, "_apply_primitive"):
            return NotImplemented
    name = f"{function.__module__}.{function.__name__}"
    apart = name == "numpy.block"  # whose lists are its layout
    args = tuple([_as_arrays(item, apart) for item in args])
    kwargs = {key: _as_arrays(item, apart) for key, item in kwargs.items()}
    ours, trace = choices.OURS.get(name), recording.trace()
    if ours is not None:
        result = _unpacked(ours(*args, **kwargs))
    elif trace is not None:
        result = _unpacked(trace.arrays.apply_function(name, _theirs(function, name), args, kwargs))
    else:
        result = _unpacked(_theirs(function, name)(*args, **kwargs))
    return result if trace is None else trace.arrays.ordered_as(result, (*args, *kwargs.values()))


def _theirs(function: Any, name: str) -> Callable[..., Any]:
    """NumPy's own text of a function."""
    if name not in THEIRS:
        raise _refused(name)
    numpy = sys.modules["numpy"]
    return lambda *args, **kwargs: numpy.empty(0).__array_function__(function, (numpy.ndarray,), args, kwargs)


def _as_arrays(item: Any, apart: bool) -> Any:
    """An argument with arrays in the place of Values, so that the function asks us again for each step of its own.

    A list of numbers is one array, unless they are to stay `apart`.
    """
    if _is_node(item):
        return view_of(plain(item))
    if type(item) not in (list, tuple):
        return item
    leaves = set(_leaves(item))
    if not apart and any(hasattr(kind, "_apply_primitive") for kind in leaves) and all(map(_is_scalar, leaves)):
        return view_of(_numpy().array(item, dtype=object))  # of numbers beside arrays NumPy makes one of both
    return type(item)([_as_arrays(child, apart) for child in item])


def _leaves(item: Any) -> Iterator[type]:
    """The types of what nested lists and tuples hold."""
    for child in item:
        if type(child) in (list, tuple):
            yield from _leaves(child)
        else:
            yield type(child)


def _unpacked(result: Any) -> Any:
    """A result with arrays of this class in the place of plain ones, and numbers in the place of those without axes."""
    if isinstance(result, list | tuple):
        items = map(_unpacked, result)
        return type(result)(*items) if hasattr(result, "_fields") else type(result)(items)
    if is_array(result) and result.dtype == object and result.ndim and isinstance(result, ArrayMethods):
        return _of_floats(result)
    return _shown(result) if is_array(result) else result


def _of_floats(values: Any) -> Any:
    """An array of Values with floats in the place of whole numbers and truths, which it has of others."""
    numbers = () if values._traced else values.ravel().tolist()
    same = alike(numbers)
    return values if same is numbers else view_of(_numpy().array(same, dtype=object).reshape(values.shape))


def _refused(name: str) -> TypeError:
    last = name.rpartition(".")[2]
    instead = INSTEAD.get(last) or UNSUITED.get(last)
    if instead is None and last in TABLE:
        instead = f"use autograd.{last}"
    return TypeError(
        f"{name} has no meaning for Values here: "
        + (instead or "compute with operators and autograd's functions, or with the numbers alone (v.data)")
    )
