"""What NumPy asks of arrays while a function is being recorded: its ufuncs, and its functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.arrays.reductions import EXCEEDS
from autograd.engine.value import Value
from autograd.primitives import table
from autograd.primitives.row import is_array
from autograd.program.tracing.arrays import functions, whole
from autograd.program.tracing.arrays.nodes import node_of, recorded_array, shown
from autograd.program.tracing.arrays.places import gathered
from autograd.program.tracing.arrays.reductions import accumulated, axis_of, reduced
from autograd.program.tracing.arrays.seen import is_recorded, stands_in_rows
from autograd.program.tracing.sorts import as_numpy, joined, of_sort, sort_of
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
        OnArrays.ordered_as(results, arguments, own=True)
        return tuple(results) if isinstance(result, tuple) else results[0]

    @staticmethod
    def seen(item: Any) -> Any:
        """An array of objects, or a number, as an array of the recording; others as they are."""
        if isinstance(item, Value):
            return recorded_array(shown(item))
        return recorded_array(item) if is_array(item) and item.dtype == object else item

    @staticmethod
    def positions(shape: tuple[int, ...], axis: int) -> Any:
        """0, 1, … along an axis: computed in the program, not kept in it."""
        return shown(whole.positions(shape, axis))

    @staticmethod
    def clipped(array: Any, places: Any) -> Any:
        """The elements of an array with one axis at computed places, beyond an end the one at that end."""
        inside = table.minimum(table.maximum(node_of(places), 0.0), float(array.size - 1))
        return shown(of_sort(gathered(node_of(array), [inside]), sort_of(array)))

    @staticmethod
    def ordered_as(result: Any, given: Any, own: bool = False) -> Any:
        """What was made of these, whose order NumPy keeps in memory: where that is not row by row, it is not known.

        A part may be one of theirs, unless the result is known to have numbers of its `own`.
        """
        results = result if isinstance(result, list | tuple) else [result]
        made = [item for item in results if is_recorded(item) and (own or item._root is None) and item.ndim > 1]
        if made and not stands_in_rows(given):
            for item in made:
                item._ordered = False
        return result

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
        return functions.applied(name, theirs, args, kwargs)

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
        elif method == "outer":
            a, b = map(node_of, inputs)
            a = whole.reshaped(a, whole.shape_of(a) + (1,) * len(whole.shape_of(b)))
            result = ufunc(shown(a), shown(b))
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
        return OnArrays.ordered_as(result, inputs, own=True) if out is None else functions.put(out, result)


def _to_combine(name: str, array: Any) -> tuple[Any, type | None]:
    """An array as it is combined along an axis, and of what sort that is where it is known already."""
    sort = sort_of(array)
    if name in ("add", "multiply"):
        return of_sort(array, float), float if sort is float else int
    return array, sort if name in EXCEEDS else None
