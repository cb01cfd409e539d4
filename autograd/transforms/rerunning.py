"""A function's result as one operation, whose derivative is found by running the function again."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from types import CellType, FunctionType
from typing import Any, Protocol

from autograd.engine.sweep import reverse_sweep
from autograd.engine.value import Value
from autograd.primitives.row import Primitive, real
from autograd.transforms.recorded import Recorded

Surroundings = Callable[[], AbstractContextManager[None]]


class Source(Protocol):
    """What computed numbers together, and computes their derivatives; of each, `place` says which."""

    def evaluated(self, place: int, numbers: Sequence[float]) -> float:
        """The number at other operands."""

    def pulled(self, place: int, cotangent: Any, operands: Sequence[Any]) -> list[Any]:
        """The shares of all operands in a cotangent; None where one is absent."""

    def pushed(self, place: int, seeds: Sequence[Any], operands: Sequence[Any]) -> Any:
        """The derivative along seeds of the operands, of which None is one that stands still."""


class Joint(Primitive):
    """One of several numbers that were computed together, as an operation on what they were computed from.

    `number` is what it was at the operands `at`. No rule refers to the row itself, so that a row that is dropped is
    freed.
    """

    __slots__ = ("_source", "_place")
    has_formula = False

    def __init__(self, name: str, number: float, place: int, at: Sequence[Any], source: Source) -> None:
        before = numbers_of(at)

        def evaluate(*numbers: float) -> float:
            return number if [*numbers] == before else source.evaluated(place, numbers)

        rules = joint_partials(lambda operands: source.pulled(place, 1.0, operands), len(before))
        super().__init__(name, name, evaluate, rules, ())
        self._source, self._place = source, place

    def specialise(self, partials: Any, inline: bool = False) -> None:
        self.float_partials = partials

    def reverse_step(self, cotangent: float, node: Any, cotangents: dict[Any, Any]) -> None:
        for operand, share in zip(node._inputs, self._source.pulled(self._place, cotangent, node._record[1:])):
            if operand is not None and share is not None:
                cotangents[operand] = cotangents[operand] + share if operand in cotangents else share

    def pull(self, node: Any, cotangent: Any, active: Any) -> list[tuple[Any, Any]]:
        return [
            (operand, share)
            for operand, share in zip(node._inputs, self._source.pulled(self._place, cotangent, node._arguments()[1:]))
            if operand is not None and share is not None and (active is None or operand in active)
        ]

    def push(self, node: Any, tangents: dict[Any, Any], differentiable: bool) -> Any:
        seeds = [None if operand is None else tangents.get(operand) for operand in node._inputs]
        return self._source.pushed(self._place, seeds, node._arguments()[1:] if differentiable else node._record[1:])


class Rerun:
    """The source of what a function returned: it is recorded again, by `again(operands)`, and swept.

    In the direction in which the derivative passes, so that what comes out is what the function's own graph would have
    given, inf and nan included.
    """

    def __init__(self, again: Callable[[Sequence[Any]], Recorded]) -> None:
        self._again = again

    def evaluated(self, place: int, numbers: Sequence[float]) -> float:
        return numbers_of(self._again(numbers).results)[place]

    def pulled(self, place: int, cotangent: Any, operands: Sequence[Any]) -> list[Any]:
        recorded = self._again(operands)
        return recorded.pull_from([(recorded.results[place], cotangent)], absent=None)

    def pushed(self, place: int, seeds: Sequence[Any], operands: Sequence[Any]) -> Any:
        return self._again(operands).push_from(seeds, absent=None)[place]


def recorded_again(
    function: Callable[..., Any], arguments: Sequence[Any], closures: Sequence[Value], what: str,
    before: tuple[list[float], list[float]] | None = None,
) -> Recorded:
    """The function recorded at `arguments`, of which the last are those that it closes over.

    `before`: the numbers at which it ran and those that it gave, where the same are to come out, bit by bit.

    Raises: `ValueError` where a Value that it closes over has another number than when it ran, where there are others,
    or where something else comes out.
    """
    own = len(arguments) - len(closures)
    for value, argument in zip(closures, arguments[own:]):
        number = argument._number if isinstance(argument, Value) else argument
        if value._number != number and not (math.isnan(value._number) and math.isnan(number)):
            raise ValueError(
                f"a Value{f' {value.name!r}' if value.name else ''} that {what} closes over was {number!r} when it "
                f"ran, and is {value._number!r} now that a derivative passes through: pass it as an argument"
            )
    recorded = Recorded(function, (list(arguments[:own]),), closures=closures)
    others = [node for node in recorded.swept if recorded.token not in node._recording.transforms]
    if others:
        # Not every operand counts: a checkpoint's function may have no use for its argument.
        pairs = [(node, 1.0) for node in recorded.results if isinstance(node, Value)]
        reached = reverse_sweep(recorded.swept, pairs)
        if any(node in reached for node in others):
            raise ValueError(f"{what} closes over another Value than when it ran: pass it as an argument")
    if before is not None and repr(numbers_of(arguments[:own])) == repr(before[0]):  # where nan equals nan
        now = numbers_of(recorded.results)
        if repr(now) != repr(before[1]):
            one, other = next(((a, b) for a, b in zip(before[1], now) if repr(a) != repr(b)), (before[1], now))
            raise ValueError(
                f"{what} gave {one} when it ran, and {other} when it ran again for a derivative: what changes in "
                "between, such as a random number, must be made outside and passed as an argument"
            )
    recorded.differentiable = any(isinstance(argument, Value) for argument in arguments)
    return recorded


def numbers_of(items: Sequence[Any]) -> list[float]:
    """The floats of Values and numbers."""
    return [item._number if isinstance(item, Value) else real(item) for item in items]


_surroundings: ContextVar[tuple[Surroundings, ...]] = ContextVar("surroundings", default=())


@contextmanager
def rerun_context(surroundings: Surroundings) -> Iterator[None]:
    """Enter a context, and again wherever a function that ran inside is run once more for its derivative.

    As that of `checkpoint` is, and of a compiled function that closes over Values: where it uses something that is
    otherwise only while a `with` block runs, such as attributes that are replaced for a time.

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


def in_these_surroundings(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function in the surroundings that last, where they are gone when it is called."""
    entered = _surroundings.get()

    def called(*args: Any, **kwargs: Any) -> Any:
        with ExitStack() as stack:
            for surroundings in entered:
                stack.enter_context(rerun_context(surroundings))
            return function(*args, **kwargs)

    return called if entered else function


def as_of_now(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function in its surroundings, with the variables that it closes over as they are now.

    For a loop may bind them anew. So are functions among them.
    """
    return in_these_surroundings(_with_variables(function, {}))


def _with_variables(function: Any, known: dict[int, Any]) -> Any:
    if isinstance(function, functools.partial):
        return functools.partial(_with_variables(function.func, known), *function.args, **function.keywords)
    if not isinstance(function, FunctionType) or not function.__closure__:
        return function
    if id(function) not in known:
        cells = tuple([CellType() for _ in function.__closure__])
        copy = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, cells)
        copy.__kwdefaults__ = function.__kwdefaults__
        copy.__dict__.update(function.__dict__)
        known[id(function)] = copy
        for cell, before in zip(cells, function.__closure__):
            try:
                cell.cell_contents = _with_variables(before.cell_contents, known)
            except ValueError:  # it is empty
                continue
    return known[id(function)]


def joint_partials(gradient: Callable[[tuple[Any, ...]], list[Any]], count: int) -> tuple[Callable[..., Any], ...]:
    """Rules for a row whose derivatives with respect to all `count` arguments are computed together.

    A sweep asks for one after the other, with the same arguments: the first computes them all. Only floats are kept
    from one sweep to the next, so that no graph is.
    """
    latest: list[Any] = [None, None]

    def rule(j: int) -> Callable[..., Any]:
        def partial(out: Any, *arguments: Any) -> Any:
            if latest[0] is not None and all(a is b for a, b in zip(latest[0], arguments)):
                return latest[1][j]
            derivatives = gradient(arguments)
            if not any(isinstance(item, Value) for item in (*arguments, *derivatives)):
                latest[:] = arguments, derivatives
            return derivatives[j]

        return partial

    return tuple(map(rule, range(count)))
