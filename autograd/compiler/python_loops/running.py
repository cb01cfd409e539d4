"""What the code of a loop that was taken apart calls."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from autograd.engine.recording import current
from autograd.errors import AutogradError, TraceError
from autograd.primitives.row import is_array
from autograd.primitives.table import ceil, logical_and, maximum
from autograd.program.nests import flatten
from autograd.program.tracing.trace import Asked
from autograd.program.tracing.traced import Traced
from autograd.transforms.loops import while_loop


class Unset:
    """What a variable holds that has no value before its loop, or after one that is not known to have run."""

    def __init__(self, name: str, line: int) -> None:
        self._why = f"{name} has a value only inside of the loop in line {line}: give it one before"

    def _refuse(self, *_: Any) -> Any:
        raise TraceError(self._why)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __pow__ = _refuse
    __rpow__ = __neg__ = __abs__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __bool__ = _refuse
    __float__ = __int__ = __index__ = __iter__ = __len__ = __call__ = __getitem__ = _refuse
    __hash__ = object.__hash__


class Unsuited(Exception):
    """A loop cannot be one of the program; the message says why."""


class Parts(NamedTuple):
    """A loop taken apart."""

    body: Callable[..., Any]  # a trip; tells whether the loop ends with it
    get: Callable[[], list[Any]]  # the variables
    put: Callable[[list[Any]], None]
    names: Sequence[str]
    changed: Sequence[str]  # the variables that `+=` and its kin may change in place
    used: Sequence[str]  # those that are read outside of the loop
    breaks: bool  # whether a trip may end it
    line: int


def run_while(test: Callable[[], Any], *parts: Any) -> None:
    """`while test(): body()`."""
    loop = Parts(*parts)
    while True:
        before = loop.get()
        try:
            with _silent():
                if not test():
                    return
            if not loop.breaks or current().trace is None:
                if loop.body():
                    return
                continue
            with _silent():
                if loop.body():
                    return
        except Asked:
            loop.put(before)
            break

    def plainly() -> None:
        while test() and not loop.body():
            pass

    _recorded(loop, before, lambda _: test(), lambda _: loop.body(), plainly)


def run_range(bounds: Sequence[Any], *parts: Any) -> None:
    """`for name in range(*bounds): body(name)`."""
    loop = Parts(*parts)
    if any(isinstance(bound, Traced) for bound in bounds):
        _run_computed(loop, *((0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1) if len(bounds) == 2 else bounds))
        return
    numbers = range(*bounds)
    for place, number in enumerate(numbers):
        before = loop.get()
        try:
            with _silent(loop.breaks):
                if loop.body(number):
                    return
        except Asked:
            loop.put(before)
            rest = numbers[place:]
            break
    else:
        return

    def plainly() -> None:
        for number in rest:
            if loop.body(number):
                return

    _recorded(loop, before, lambda i: i < len(rest), lambda i: loop.body(rest.start + i * rest.step), plainly)


def _run_computed(loop: Parts, first: Any, end: Any, step: Any) -> None:
    if isinstance(step, Traced) or not step:
        raise TraceError(f"the range of the loop in line {loop.line} takes a step that is known, and not 0")
    trips = maximum(ceil((end - first) / step), 0)

    def trip(position: Any) -> Any:
        return loop.body(position if type(first) is int and (first, step) == (0, 1) else first + position * step)

    def plainly() -> None:
        trace = current().trace
        assert trace is not None
        why = trace.chain[0].reasons[loop.line]
        raise TraceError(f"the loop in line {loop.line}, over a range that is computed, is not recorded as one: {why}")

    _recorded(loop, loop.get(), lambda i: i < trips, trip, plainly)


@contextmanager
def _silent(wanted: bool = True) -> Iterator[None]:
    """In a `with`, and while a function is being recorded: no branch is taken, but `Asked` is raised."""
    trace = current().trace
    if trace is None or not wanted:
        yield
        return
    root = trace.chain[0]
    before, root.silent = root.silent, True
    try:
        yield
    finally:
        root.silent = before


def _recorded(
    loop: Parts, before: list[Any], test: Callable[[Any], Any], trip: Callable[[Any], Any],
    plainly: Callable[[], None],
) -> None:  # fmt: skip
    """The loop as a step of the recording, or where that is not possible gone through `plainly`.

    `test` and `trip` take the number of the trip.
    """
    trace = current().trace
    assert trace is not None
    root = trace.chain[0]
    silent, root.silent = root.silent, False
    try:
        found: dict[int, Any] = {}
        _record(loop, before, test, trip, found)
        if found:  # once more, with a state for each variable that has a value after the loop alone
            _record(loop, [found.get(place, item) for place, item in enumerate(before)], test, trip, {})
        return
    except (Unsuited, AutogradError, TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        root.reasons.setdefault(loop.line, str(error))
        loop.put(before)
    finally:
        root.silent = silent
    plainly()


def _record(
    loop: Parts, before: list[Any], test: Callable[[Any], Any], trip: Callable[[Any], Any], found: dict[int, Any]
) -> None:
    """The loop as a `while_loop`, whose state are the variables that hold numbers.

    What others hold after a trip, that are used later, is put into `found`, with nan for its numbers.
    """
    unset = [Unset(name, loop.line) for name in loop.names]
    states = [place for place, item in enumerate(before) if _is_numbers(item)]
    for place in states:
        if loop.names[place] in loop.changed and is_array(before[place]):
            raise Unsuited(f"it changes the array {loop.names[place]}, which may have another name, in place")

    def enter(state: Any) -> None:
        now = [one if isinstance(item, Unset) else item for item, one in zip(before, unset)]
        for place, item in zip(states, state):
            now[place] = item
        loop.put(now)

    def step(state: Any) -> Any:
        _, count, items = state
        enter(items)
        ends = trip(count)
        after = loop.get()
        for place, (old, new) in enumerate(zip(before, after)):
            if place in states:
                continue
            if not isinstance(old, Unset) and new is not old:
                raise Unsuited(f"{loop.names[place]} is no number, and does not stay what it is")
            if loop.names[place] in loop.used and _is_numbers(new):
                found[place] = _unknown(new)
        return not ends, count + 1, [after[place] for place in states]

    def more(state: Any) -> Any:
        going, count, items = state
        enter(items)
        outcome = test(count)
        return logical_and(going, outcome) if isinstance(outcome, Traced) else going if outcome else going & False

    _, _, items = while_loop(more, step, (True, 0, [before[place] for place in states]))
    enter(items)


def _unknown(nest: Any) -> Any:
    """The same nest with nan for its numbers."""
    _, structure = flatten(nest)
    return structure.build(
        [math.nan if shape is None else sys.modules["numpy"].full(shape, math.nan) for shape in structure.shapes]
    )


def _is_numbers(item: Any) -> bool:
    if isinstance(item, Unset | str | bytes | type(None)) or callable(item):
        return False
    try:
        numbers, _ = flatten(item)
    except TypeError:
        return False
    return all(isinstance(number, Traced | float | int) or is_array(number) or hasattr(number, "_apply_primitive")
               for number in numbers)
