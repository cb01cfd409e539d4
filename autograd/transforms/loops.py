"""Loops and branches that carry their state, with JAX's names: in a compiled function one step each, however long.

Called outside of one they are ordinary Python loops over numbers or Values.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from autograd.engine.recording import current
from autograd.engine.value import Value
from autograd.errors import BoundError, ShapeError
from autograd.primitives.row import MOST_COUNTED, alike, real
from autograd.primitives.table import absolute, floor, logical_not, not_equal, stop_gradient
from autograd.program.graph import Guard
from autograd.program.nests import Structure, flatten, own_arrays, require_same, with_our_arrays
from autograd.program.tracing import structured
from autograd.program.tracing.arrays import as_number, listed, packed, shown
from autograd.program.tracing.sorts import of_sort
from autograd.program.tracing.traced import Predicate, Truth, is_number
from autograd.transforms.batching import as_element, stacked

_BREACHED = (
    "while_loop made max_trips={} trips, and its condition still holds: give a larger max_trips, or put an early stop "
    "into the condition"
)


def fori_loop(lower: Any, upper: Any, body: Callable[[Any, Any], Any], init: Any) -> Any:
    """The state after `for i in range(lower, upper): state = body(i, state)`.

    Parameters
    - `lower` and `upper`: whole numbers; in a compiled function they may be computed, and then i goes up from `lower`
      as long as it is below `upper`;
    - `body(i, state)`: returns a state of the same structure;
    - `init`: the first state, a number or a nest of numbers and arrays. Whole numbers and truths stay such, unless the
      body returns floats.

    Raises: `ShapeError` where the body returns another structure; `TypeError` where a bound is not a whole number.

    >>> fori_loop(0, 5, lambda i, total: total + i, 0.0)
    10.0
    """
    first, end = counted(lower, "lower"), counted(upper, "upper")
    if current().trace is None:
        state = own_arrays(with_our_arrays(init))
        for i in range(first, end):
            state = _checked(body(i, state), state, "fori_loop's body")
        return state
    (states, structure), given = _state(init), flatten(init)[0]

    def step(position: Any, items: list[Any], _: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        starts = isinstance(first, int) and first == 0
        index = position if starts else of_sort(position + stop_gradient(lower), int)
        return _next(body(index, _rebuilt(structure, items, given)), structure, "fori_loop's body"), [], []

    if isinstance(first, int) and isinstance(end, int):
        trips = max(end - first, 0)
        return _rebuilt(structure, structured.loop(step, trips, states)[0] if trips else states, given)
    return _rebuilt(structure, structured.loop(step, None, states, count=upper - lower)[0], given)


def while_loop(
    cond: Callable[[Any], Any], body: Callable[[Any], Any], init: Any, max_trips: int | None = None
) -> Any:
    """The state after `while cond(state): state = body(state)`.

    Parameters: as for `fori_loop`; `cond(state)` returns a comparison; `max_trips`, a bound on the trips for safety. An
    early stop belongs into the condition. Every mode goes through the loop, however many trips it makes: reverse mode
    in a compiled function keeps their states, within `jit`'s `history_limit`.

    Raises: `BoundError` where the condition still holds after `max_trips` trips, if the loop runs at all.

    >>> while_loop(lambda x: x < 100.0, lambda x: 2.0 * x, 1.0)
    128.0
    """
    if isinstance(max_trips, Value):
        raise TypeError(f"max_trips is a whole number of its own, not a Value: it is compiled in; {max_trips!r:.60}")
    if max_trips is not None:
        max_trips = _whole(max_trips, "max_trips")
        if max_trips < 0:
            raise ValueError(f"max_trips is 0 or more, not {max_trips}")
        if max_trips > MOST_COUNTED:
            max_trips = None  # which no loop reaches
    if current().trace is None:
        state, trips = own_arrays(with_our_arrays(init)), 0
        while _holds(cond(own_arrays(state))):
            if trips == max_trips:
                raise BoundError(_BREACHED.format(max_trips))
            state = _checked(body(state), state, "while_loop's body")
            trips += 1
        return state
    (states, structure), given = _state(init), flatten(init)[0]

    def step(_: Any, items: list[Any], __: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        return _next(body(_rebuilt(structure, items, given)), structure, "while_loop's body"), [], []

    def condition(_: Any, items: list[Any]) -> Any:
        return cond(_rebuilt(structure, items, given))

    results, _, _, trips = structured.loop(step, max_trips, states, condition=condition)
    if max_trips is not None:
        reached = trips == float(max_trips)
        (more,) = structured.branch(reached, [lambda: [condition(trips, results)], lambda: [0.0]])
        structured.bound(more > 0.0, Guard(False, BoundError, _BREACHED.format(max_trips)))
    return _rebuilt(structure, results, given)


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]], init: Any, xs: Any, length: int | None = None, reverse: bool = False
) -> tuple[Any, Any]:
    """The last state and all outputs of `for x in xs: state, y = f(state, x)`.

    Parameters
    - `f(state, x)`: returns a pair (state, y); y is a number, a nest of numbers, or None;
    - `init`: the first state;
    - `xs`: an array or a list, gone through along its first axis, or a tuple or dict of them; or None, with `length`;
    - `reverse`: True to go from the last to the first; outputs stay at the places of their inputs.

    Returns (state, ys): ys stacked along a first axis, as arrays where an input is one or a y has one, else as lists.

    Raises: `ShapeError` where lengths or structures differ.

    >>> scan(lambda total, x: (total + x, total * x), 0.0, [1.0, 2.0, 3.0])
    (6.0, [0.0, 2.0, 9.0])
    """
    leaves = _leaves(xs)
    lengths = {len(leaf) for leaf in leaves} | (set() if length is None else {_whole(length, "length")})
    if len(lengths) != 1 or min(lengths) < 1:
        raise ShapeError(f"scan needs one length from 1 up; these are {sorted(lengths) or 'none'}: give xs, or length")
    (count,) = lengths
    as_array = any(not isinstance(leaf, list | tuple) for leaf in leaves)
    if current().trace is None:
        _state(init)
        state, xs, outputs = *map(own_arrays, map(with_our_arrays, (init, xs))), [None] * count
        for i in reversed(range(count)) if reverse else range(count):
            after, outputs[i] = _pair(f(state, _taken(xs, partial(_part, i))))
            state = _checked(after, state, "scan's function")
        return state, _stacked(outputs, as_array)
    (states, structure), given = _state(init), flatten(init)[0]
    found: list[Structure] = []

    def step(_: Any, items: list[Any], parts: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        pieces = iter(parts)
        state, y = _pair(f(_rebuilt(structure, items, given), _taken(xs, lambda leaf: shown(next(pieces)))))
        numbers, outputs = ([], flatten([])[1]) if y is None else flatten(y)
        found[:] = [outputs]
        return _next(state, structure, "scan's function"), [*map(as_number, numbers)], []

    results = structured.loop(step, count, states, [packed(leaf) for leaf in leaves], reverse=reverse)
    as_array = as_array or _holds_arrays(found[0])
    ys = None if not found[0].shapes else found[0].build(
        [shown(array) if as_array else listed(array) for array in results[1]]
    )
    return _rebuilt(structure, results[0], given), ys


def cond(pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any) -> Any:
    """`true_fun(*operands)` where the predicate holds, else `false_fun(*operands)`; only that one is computed.

    In a compiled function both are recorded, and must return the same structure.

    >>> cond(3.0 > 2.0, lambda x: x + 1.0, lambda x: x - 1.0, 10.0)
    11.0
    """
    if not isinstance(pred, Value):
        real(pred)  # raises for what is no number, and no comparison
    if not isinstance(pred, Value) or current().trace is None:
        operands = own_arrays(with_our_arrays(operands))
        return own_arrays((true_fun if pred else false_fun)(*operands))
    if is_number(pred):
        pred = not_equal(pred, 0.0)
    structures: list[Structure] = []
    found: list[list[Any]] = []

    def side(function: Callable[..., Any]) -> Callable[[], list[Any]]:
        def run() -> list[Any]:
            numbers, structure = flatten(function(*own_arrays(operands)))
            if structures:
                require_same(structures[0], structure, "the result of cond's false_fun")
            structures.append(structure)
            found.append(numbers)
            return [*map(as_number, numbers)]

        return run

    results = structured.branch(pred, [side(true_fun), side(false_fun)])
    return _rebuilt(structures[0], results, *found)


def _whole(number: Any, name: str) -> int:
    number = number.data if isinstance(number, Value) and current().trace is None else number
    if type(number) is int:
        return number
    try:
        if real(number) == int(number):
            return int(number)
    except (TypeError, ValueError, OverflowError):
        pass
    raise TypeError(f"{name} is a whole number, not {number!r:.60}")


def counted(number: Any, name: str) -> Any:
    """A bound of a loop: an int, or in a function that is being compiled a Value, which is looked at as it runs."""
    if not isinstance(number, Value) or current().trace is None:
        bound = _whole(number, name)
        if abs(bound) > MOST_COUNTED:
            raise TypeError(f"{name} is a whole number up to 2**53 in size, not {number!r:.60}")
        return bound
    whole = (floor(number) == number) & (absolute(number) <= float(MOST_COUNTED))
    message = f"{name} is a whole number up to 2**53 in size, and was computed as none"
    structured.bound(logical_not(whole), Guard(False, TypeError, message))
    return number


def _holds(outcome: Any) -> bool:
    return bool(outcome if isinstance(outcome, Value) else real(outcome))


def _checked(state: Any, before: Any, what: str) -> Any:
    """The state, as numbers of the same structure as the one before; once one is a float, or a Value, it stays such."""
    numbers, structure = _state(state, f"{what} returned")
    require_same(flatten(before)[1], structure, f"the state that {what} returns")
    if not {bool, int}.isdisjoint(map(type, numbers)):
        numbers = [alike((number, other))[0] for number, other in zip(numbers, _state(before)[0])]
    return structure.unflatten(numbers)


def _state(state: Any, what: str = "the first state is") -> tuple[list[Any], Structure]:
    """The numbers of a state, and its structure; `TypeError` where it holds anything else."""
    numbers, structure = flatten(state)
    try:
        return [*map(as_number, numbers)], structure
    except TypeError as error:
        raise TypeError(f"{what} no number: {error}") from None


def _rebuilt(structure: Structure, items: list[Any], *found: Any) -> Any:
    """A nest of these numbers. Where all that were found before have a truth of Python's it has one: its sums count."""
    truths = map(all, zip(*([isinstance(item, bool | Predicate) for item in numbers] for numbers in found)))
    return structure.unflatten([
        not_equal(item, 0.0) if truth and isinstance(item, Truth) else shown(item) for item, truth in zip(items, truths)
    ])  # fmt: skip


def _next(state: Any, structure: Structure, what: str) -> list[Any]:
    numbers, found = _state(state, f"{what} returned")
    require_same(structure, found, f"the state that {what} returns")
    return numbers


def _part(i: int, batch: Any) -> Any:
    """What stands at a place of a batch; a number of an array as Python's own."""
    return as_element(batch[i])


def _pair(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError("scan's function returns a pair (state, output), with None for no output")
    return result


def _leaves(xs: Any) -> list[Any]:
    """The batches in `xs`: arrays and lists, out of tuples and dicts."""
    found: list[Any] = []
    _taken(xs, found.append)
    return found


def _taken(xs: Any, function: Callable[[Any], Any]) -> Any:
    if xs is None:
        return None
    if isinstance(xs, dict):
        return {key: _taken(child, function) for key, child in xs.items()}
    if isinstance(xs, tuple):
        children = [_taken(child, function) for child in xs]
        return type(xs)(*children) if hasattr(xs, "_fields") else tuple(children)
    if not hasattr(xs, "__len__"):
        raise ShapeError(f"scan goes through arrays and lists, not {type(xs).__name__}: {xs!r:.60}")
    return function(xs)


def _stacked(outputs: list[Any], as_array: bool) -> Any:
    """The outputs of an eager scan, stacked along a first axis."""
    if all(output is None for output in outputs):
        return None
    if any(output is None for output in outputs):
        raise ShapeError("the outputs of scan must have one structure: some are None, and others are not")
    found = [_state(output, "an output of scan is") for output in outputs]
    structure = found[0][1]
    for _, other in found:
        require_same(structure, other, "each output of scan")
    columns = list(zip(*(numbers for numbers, _ in found)))
    return stacked(columns, structure, len(outputs), 0, as_array or _holds_arrays(structure))


def _holds_arrays(structure: Structure) -> bool:
    return any(shape is not None for shape in structure.shapes)
