"""A function that is run again for its derivative, in the surroundings and with the variables that it had."""

from __future__ import annotations

import functools
import marshal
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from hashlib import blake2b
from itertools import count
from types import CellType, FunctionType
from typing import Any

from autograd.engine.value import Value
from autograd.primitives.row import TABLE
from autograd.primitives.specialise import values_met
from autograd.transforms.joint import numbers_of
from autograd.transforms.recorded import Recorded

Surroundings = Callable[[], AbstractContextManager[None]]


class Rerun:
    """The source of what a function returned: it is recorded again, by `again(operands)`, and swept.

    In the direction in which the derivative passes, so that what comes out is what the function's own graph would have
    given, inf and nan included.
    """

    def __init__(self, again: Callable[[Sequence[Any]], Recorded], fingerprint: bytes) -> None:
        self._again, self.fingerprint = again, fingerprint

    def evaluated(self, place: int, numbers: Sequence[float]) -> float:
        return numbers_of(self._again(numbers).results)[place]

    def pulled(self, place: int, cotangent: Any, operands: Sequence[Any]) -> list[Any]:
        recorded = self._again(operands)
        return recorded.pull_from([(recorded.results[place], cotangent)], absent=None)

    def pushed(self, place: int, seeds: Sequence[Any], operands: Sequence[Any]) -> Any:
        return self._again(operands).push_from(seeds, absent=None)[place]


def recorded_again(
    function: Callable[..., Any], arguments: Sequence[Any], closures: Sequence[Value], what: str,
    before: Before | None = None,
) -> Recorded:
    """The function recorded at `arguments`, of which the last are those that it closes over.

    `before`: what it did when it ran, where it is to do the same.

    Raises: `ValueError` where a Value that it closes over has another number than when it ran, where there are others
    or copies of them, or where it computes something else.
    """
    own = len(arguments) - len(closures)
    for value, argument in zip(closures, arguments[own:]):
        if isinstance(argument, Value) and argument is not value and argument._first is not value:  # nor a copy of it
            raise ValueError(
                f"{what} closes over a Value{f' {value.name!r}' if value.name else ''}, and what it gave was copied: "
                "a derivative that is a Value would lead to the original, not to the copy: pass it as an argument"
            )
        number = argument._number if isinstance(argument, Value) else argument
        if value._number != number and not (math.isnan(value._number) and math.isnan(number)):
            raise ValueError(
                f"a Value{f' {value.name!r}' if value.name else ''} that {what} closes over was {number!r} when it "
                f"ran, and is {value._number!r} now that a derivative passes through: pass it as an argument"
            )
    recorded = Recorded(function, (list(arguments[:own]),), closures=closures)
    if any(recorded.token not in node._recording.transforms for node in recorded.swept):
        raise ValueError(f"{what} closes over another Value than when it ran: pass it as an argument")
    if before is not None:
        before.require_same(recorded, arguments[:own], what)
    recorded.differentiable = any(isinstance(argument, Value) for argument in arguments)
    return recorded


class Before:
    """What a function did when it ran: the numbers at which it ran, those that it gave, and a hash of all on the way.

    The same result is not enough: at weights of 0 it is 0, whatever was dropped out, and the slope is another.
    """

    __slots__ = ("_arguments", "_results", "fingerprint")

    def __init__(self, recorded: Recorded, arguments: Sequence[Any]) -> None:
        self._arguments, self._results = numbers_of(arguments), numbers_of(recorded.results)
        self.fingerprint = _fingerprint(recorded)

    def require_same(self, recorded: Recorded, arguments: Sequence[Any], what: str) -> None:
        """Raise `ValueError` where it did something else in another recording at the same arguments."""
        if repr(numbers_of(arguments)) != repr(self._arguments):  # where nan equals nan
            return
        before, now = self._results, numbers_of(recorded.results)
        if repr(now) != repr(before):
            one, other = next(((a, b) for a, b in zip(before, now) if repr(a) != repr(b)), (before, now))
            difference = f"gave {one} when it ran, and {other} when it ran again for a derivative"
        elif _fingerprint(recorded) != self.fingerprint:
            difference = "computed something else when it ran again for a derivative, though it gave the same"
        else:
            return
        raise ValueError(
            f"{what} {difference}: what changes in between, such as a random number, must be made outside and passed "
            "as an argument"
        )


def _fingerprint(recorded: Recorded) -> bytes:
    """A hash of the graph: each node's row, the places of its operands in the order, and the bits of all its numbers.

    By columns, without an object for each node, so that it costs a fraction of the recording. Of a row that is not in
    the table it takes the slopes, for the rules may be others each time.
    """
    nodes = recorded.swept
    rows = [node._primitive for node in nodes]
    kinds = dict(zip(dict.fromkeys(rows), count()))
    places = dict(zip((None, *recorded.order), count()))
    wide = [node for node in nodes if node._more]
    own = {row for row in kinds if row is not None and not row.fingerprint and TABLE.get(row.name) is not row}
    return hashed((
        [None if row is None else (row.name, row.fingerprint) for row in kinds], [kinds[row] for row in rows],
        [places[node._first] for node in nodes], [places[node._second] for node in nodes],
        [places[operand] for node in wide for operand in node._more],
        [places[item] if isinstance(item, Value) else 0 for item in recorded.results],
        [node._out for node in nodes], [node._x for node in nodes], [node._y for node in nodes],
        [number for node in wide for number in node._rest],
        [_slopes(node) for node in nodes if node._primitive in own] if own else [],
    ))  # fmt: skip


def _slopes(node: Value) -> list[Any]:
    """The numbers that the rules of a node give; None for one that fails, as it will when it is asked for."""
    assert node._primitive is not None
    found: list[Any] = []
    token = values_met.set(None)  # nobody asks for the Values behind them
    try:
        for partial in node._primitive.float_partials:
            try:
                derivative = partial(*node._record) if callable(partial) else partial
                found.append(None if derivative is None else float(derivative))
            except Exception:
                found.append(None)
    finally:
        values_met.reset(token)
    return found


def hashed(item: Any) -> bytes:
    """A hash of nests of numbers and texts, with one nan for all, for the platform chooses among their bits."""
    # Version 2 of marshal has no references to what is shared, which differs from run to run.
    return blake2b(marshal.dumps(_with_one_nan(item), 2), digest_size=16).digest()


def _with_one_nan(item: Any) -> Any:
    if isinstance(item, list) and item and type(item[0]) is float:
        total = sum(number for number in item if type(number) is float)
        return item if total == total else [number if number == number else math.nan for number in item]
    if isinstance(item, list | tuple):
        return tuple(map(_with_one_nan, item))
    return math.nan if item != item else item


_surroundings: ContextVar[tuple[Surroundings, ...]] = ContextVar("surroundings", default=())


@contextmanager
def rerun_context(surroundings: Surroundings) -> Iterator[None]:
    """Enter a context, and again wherever a function that ran inside is run once more for its derivative.

    As that of `checkpoint` is, and of `custom_root`: where it uses something that is there only while a `with` block
    runs, such as attributes that are replaced for a time.

    Parameters: `surroundings`, a function that returns the context manager, a new one each time.

    >>> from contextlib import contextmanager
    >>> from types import SimpleNamespace
    >>> from autograd import checkpoint, grad, rerun_context
    >>> line = SimpleNamespace(slope=2.0)
    >>> def loss(slope):
    ...     @contextmanager
    ...     def replaced():
    ...         before, line.slope = line.slope, slope
    ...         yield
    ...         line.slope = before
    ...     with rerun_context(replaced):
    ...         return checkpoint(lambda x: line.slope * x * x)(3.0)
    >>> grad(loss)(5.0), line.slope
    (9.0, 2.0)
    """
    token = _surroundings.set((*_surroundings.get(), surroundings))
    try:
        with surroundings():
            yield
    finally:
        _surroundings.reset(token)


def as_of_now(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function in its surroundings, with the variables that it closes over as they are now.

    For a loop may bind them anew. So are functions among them.
    """
    entered, function = _surroundings.get(), _with_variables(function, {})

    def called(*args: Any, **kwargs: Any) -> Any:
        with ExitStack() as stack:
            for surroundings in entered:
                stack.enter_context(rerun_context(surroundings))
            return function(*args, **kwargs)

    return called if entered else function


def _with_variables(function: Any, known: dict[int, Any]) -> Any:
    """The function with cells of its own; `known` has those of functions and cells that have been met, by their ids."""
    if isinstance(function, functools.partial):
        return functools.partial(_with_variables(function.func, known), *function.args, **function.keywords)
    if not isinstance(function, FunctionType) or not function.__closure__:
        return function
    if id(function) not in known:
        cells = [known.setdefault(id(cell), CellType()) for cell in function.__closure__]  # two functions may share one
        copy = FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__, tuple(cells)
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        copy.__dict__.update(function.__dict__)
        known[id(function)] = copy
        for cell, before in zip(cells, function.__closure__):
            try:
                cell.cell_contents = _with_variables(before.cell_contents, known)
            except ValueError:  # it is empty
                continue
    return known[id(function)]
