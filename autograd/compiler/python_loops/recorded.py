"""A loop that was taken apart as a step of the recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import CellType
from typing import Any, NamedTuple

from autograd.compiler.python_loops.changes import Known
from autograd.compiler.python_loops.states import handed_on, is_numbers, known_by_two_names, require_exact, unknown
from autograd.compiler.python_loops.watching import Unsuited, watched
from autograd.engine.recording import current
from autograd.errors import AutogradError, TraceError
from autograd.primitives.table import logical_and
from autograd.program.nests import flatten
from autograd.program.tracing.messages import with_cure
from autograd.program.tracing.sorts import sort_of
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


class Parts(NamedTuple):
    """A loop taken apart."""

    body: Callable[..., Any]  # a trip; tells whether the loop ends with it
    get: Callable[[], list[Any]]  # the variables
    put: Callable[[list[Any]], None]
    names: Sequence[str]
    used: Sequence[str]  # those that are read outside of the loop
    own: Sequence[str]  # those that hold what a trip makes itself
    breaks: bool  # whether a trip may end it
    line: int


def outermost() -> Any:
    """The outermost trace of the recording that is under way."""
    trace = current().trace
    assert trace is not None
    return trace.chain[0]


@contextmanager
def apart(loop: Parts, silent: bool = True) -> Iterator[None]:
    """In a `with`: what would change something raises `Unsuited`, and if `silent` what takes a branch `Asked`."""
    root = outermost()
    before = root.silent, root.watched, root.exact
    root.silent, root.watched = silent, True
    try:
        with watched(loop.own):
            yield
    finally:
        root.silent, root.watched, root.exact = before


def told(loop: Parts, before: list[Any], error: BaseException) -> None:
    """The variables as they were before a trip, and why the loop is not one step."""
    loop.put(before)
    outermost().reasons.setdefault(loop.line, with_cure(error))


def recorded(
    loop: Parts, before: list[Any], test: Callable[[Any], Any], trip: Callable[[Any], Any],
    plainly: Callable[[], None], known: Known | None = None,
) -> None:  # fmt: skip
    """The loop as a step of the recording, or where that is not possible gone through `plainly`.

    `test` and `trip` take the number of the trip; `known` is what they can reach as it was before any trip ran.
    """
    root, place = outermost(), place_of(loop)
    if place in root.loops_around:
        raise Unsuited("it calls itself")
    known = known or Known(loop.body, test, trip)
    root.loops_around.add(place)

    def look() -> None:
        if root.loops is not None and (why := known.changed()):
            root.loops.refuse(place, why)

    try:
        found: dict[int, Any] = {}
        with apart(loop, silent=False):
            _record(loop, before, test, trip, found, look)
            if found:  # once more, with a state for each variable that has a value after the loop alone
                _record(loop, [found.get(place, item) for place, item in enumerate(before)], test, trip, {}, look)
        return
    except (Unsuited, AutogradError, TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        told(loop, before, error)
    finally:
        root.loops_around.discard(place)
        look()
    silent, root.silent = root.silent, False
    try:
        plainly()
    finally:
        root.silent = silent


def place_of(loop: Parts) -> tuple[Any, ...]:
    """What tells one loop from others; with the codes that it closes over, so that a search may hold another."""
    cells = [cell.cell_contents for cell in loop.body.__closure__ or () if cell != CellType()]
    return loop.line, *loop.names, *[item.__code__ for item in cells if hasattr(item, "__code__")]


def _record(
    loop: Parts, before: list[Any], test: Callable[[Any], Any], trip: Callable[[Any], Any], found: dict[int, Any],
    look: Callable[[], None],
) -> None:  # fmt: skip
    """The loop as a `while_loop`, whose state are the variables that hold numbers.

    What others hold after a trip, that are used later, is put into `found`, with nan for its numbers.
    """
    handed: dict[int, Any] = {}
    unset = [Unset(name, loop.line) for name in loop.names]
    states = [place for place, item in enumerate(before) if is_numbers(item)]
    sorts = {sort_of(number) for place in states for number in flatten(before[place])[0]}
    outermost().exact = partial(require_exact, before=int if int in sorts else float)  # a power is a float from here on

    def enter(state: Any) -> None:
        look()  # at each time that it is recorded, for two together may leave all as it was
        now = [one if isinstance(item, Unset) else item for item, one in zip(before, unset)]
        for place, item in zip(states, state):
            now[place] = item
        loop.put(now)

    def step(state: Any) -> Any:
        _, count, items = state
        enter(items)
        ends = trip(count)
        after = loop.get()
        handed.update(handed_on([after[place] for place in states]))
        for place in states:
            for old, number in zip(flatten(before[place])[0], flatten(after[place])[0]):
                require_exact(old if type(old) is int else 0)
                require_exact(number, sort_of(old))
        for place, (old, new) in enumerate(zip(before, after)):
            if place in states:
                continue
            if not isinstance(old, Unset) and new is not old:
                raise Unsuited(f"{loop.names[place]} is no number, and does not stay what it is")
            if loop.names[place] in loop.used and not isinstance(new, Unset):
                if not is_numbers(new):
                    raise Unsuited(f"{loop.names[place]} has a value only inside of it, and is no number")
                found[place] = unknown(new)
        return not ends, count + 1, [after[place] for place in states]

    def more(state: Any) -> Any:
        going, count, items = state
        enter(items)
        outcome = test(count)
        return logical_and(going, outcome) if isinstance(outcome, Traced) else going if outcome else going & False

    first = [before[place] for place in states]
    _, _, items = while_loop(more, step, (True, 0, first))
    known_by_two_names(items, handed, first)
    enter(items)
    if (loops := outermost().loops) is not None:
        loops.keep(place_of(loop), items)
