"""What the code of a loop that was taken apart calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from types import CellType
from typing import Any, NamedTuple

from autograd.arrays.array import array
from autograd.compiler.calling import CallFailed
from autograd.compiler.python_loops.changes import Known
from autograd.compiler.python_loops.states import handed_on, is_numbers, known_by_two_names, require_exact, unknown
from autograd.compiler.python_loops.watching import Unsuited, is_mutable, watched
from autograd.engine.recording import current
from autograd.engine.value import Value
from autograd.errors import AutogradError, TraceError
from autograd.primitives.row import is_array
from autograd.primitives.table import ceil, logical_and, maximum, not_equal
from autograd.program.graph import Guard
from autograd.program.nests import flatten
from autograd.program.tracing.sorts import sort_of
from autograd.program.tracing.structured import bound
from autograd.program.tracing.trace import Asked, with_cure
from autograd.program.tracing.traced import Traced
from autograd.transforms.loops import counted, while_loop


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


def run_while(test: Callable[[], Any], *parts: Any) -> None:
    """`while test(): body()`."""
    loop = Parts(*parts)

    def plainly() -> None:
        while test() and not loop.body():
            pass

    if current().trace is None or _is_refused(loop):
        plainly()
        return
    apart = _may_be_one(loop)
    known = Known(loop.body, test) if apart else None
    while True:
        before = loop.get()
        try:
            with _apart(loop):
                if not test() or (apart and loop.body()):
                    return
        except Asked:
            loop.put(before)
            _recorded(loop, before, lambda _: test(), lambda _: loop.body(), plainly, known)
            return
        except Unsuited as error:
            _told(loop, before, error)
            plainly()
            return
        if not apart and loop.body():
            return


def run_range(kind: Any, bounds: Sequence[Any], *parts: Any) -> None:
    """`for name in range(*bounds): body(name)`, where `range` is Python's or of another kind."""
    loop = Parts(*parts)
    if kind is not range:
        _over(loop, kind(*bounds))
        return
    trace = current().trace
    if trace is not None:
        bounds = [trace.lift(item) if type(item) is Value else item for item in bounds]
    if any(isinstance(bound, Traced) for bound in bounds):
        _run_computed(loop, *((0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1) if len(bounds) == 2 else bounds))
        return
    _gone_through(loop, range(*bounds))


def run_through(items: Sequence[Any], *parts: Any) -> None:
    """`for name in items[0]: body(name)`."""
    loop, collection = Parts(*parts), require_collection(items[0])
    if is_array(collection) or type(collection) in (list, tuple):
        _gone_through(loop, collection)
    else:
        _over(loop, collection)


def _gone_through(loop: Parts, items: Sequence[Any]) -> None:
    """The loop over these, as a step where its body takes a branch that makes it one."""
    if not _may_be_one(loop) or _is_refused(loop):
        _over(loop, items)
        return
    known = Known(loop.body)
    for place in range(len(items)):
        before = loop.get()
        try:
            with _apart(loop):
                if loop.body(items[place]):
                    return
        except Asked:
            loop.put(before)
            _over_recorded(loop, before, items, place, known)
            return
        except Unsuited as error:
            _told(loop, before, error)
            _over(loop, islice(items, place, None))
            return


def _is_refused(loop: Parts) -> bool:
    """Whether a trip of it, as it was recorded before, changed something."""
    root = _root()
    why = "" if root.loops is None else root.loops.refused.get(_place(loop), "")
    if why:
        root.reasons.setdefault(loop.line, why)
    return bool(why)


def _may_be_one(loop: Parts) -> bool:
    """Whether a branch in a trip makes the loop a step: one that may end it, or where both ways would be recorded."""
    trace = current().trace
    if trace is None:
        return False
    loops = trace.chain[0].loops
    return loop.breaks or trace.parent is not None or (loops is not None and loops.always)


def _over(loop: Parts, numbers: Iterable[Any]) -> None:
    for number in numbers:
        if loop.body(number):
            return


def _over_recorded(loop: Parts, before: list[Any], items: Sequence[Any], place: int, known: Known) -> None:
    """The same from a place on."""
    rest = items[place:]

    def trip(position: Any) -> Any:
        return loop.body(
            rest.start + position * rest.step if isinstance(rest, range) else element(rest, position)
        )

    _recorded(loop, before, lambda i: i < len(rest), trip, lambda: _over(loop, islice(items, place, None)), known)


def _run_computed(loop: Parts, first: Any, end: Any, step: Any) -> None:
    if isinstance(step, Traced) or not step:
        raise TraceError(f"the range of the loop in line {loop.line} takes a step that is known, and not 0")
    first, end = counted(first, "the start of a range"), counted(end, "the end of a range")
    trips = maximum(ceil((end - first) / step), 0)

    def trip(position: Any) -> Any:
        return loop.body(position if type(first) is int and (first, step) == (0, 1) else first + position * step)

    def plainly() -> None:
        why = _root().reasons[loop.line]
        raise TraceError(f"the loop in line {loop.line}, over a range that is computed, is not recorded as one: {why}")

    if _is_refused(loop):
        plainly()
    _recorded(loop, loop.get(), lambda i: i < trips, trip, plainly)


def raises(flag: Any, line: int) -> bool:
    """Whether a loop ended by the `raise` in this line. Where that is computed the function is called as it is then."""
    if isinstance(flag, Value):
        bound(not_equal(flag, 0.0), Guard(False, CallFailed, f"line {line} raises"))
        return False
    return bool(flag)


def element(items: Any, place: Any) -> Any:
    """items[place], also where the place is computed and the items are numbers that are known."""
    if any(isinstance(one, Traced) for one in (place if type(place) is tuple else (place,))):
        if is_array(items):
            known = items.dtype in (float, int, bool)  # what others compute is rounded, or wraps
        else:
            known = isinstance(items, list | tuple) and all(isinstance(item, float | Value) for item in items)
        items = array(items) if known else items
    return items[place]


def require_number(item: Any, name: str) -> None:
    """Raise `Unsuited` where `name += …` would change an object in a trip that is to change nothing."""
    trace = current().trace
    if trace is not None and trace.chain[0].watched and is_mutable(item):
        raise Unsuited(f"it changes {name}, which may have another name, in place")


def require_collection(items: Any) -> Any:
    """The same. Raises `Unsuited` where going through it would use it up in a trip that is to change nothing."""
    trace = current().trace
    if trace is not None and trace.chain[0].watched and hasattr(type(items), "__next__"):
        raise Unsuited("it goes on with an iterator")
    return items


def _root() -> Any:
    """The outermost trace of the recording that is under way."""
    trace = current().trace
    assert trace is not None
    return trace.chain[0]


@contextmanager
def _apart(loop: Parts, silent: bool = True) -> Iterator[None]:
    """In a `with`: what would change something raises `Unsuited`, and if `silent` what takes a branch `Asked`."""
    root = _root()
    before = root.silent, root.watched, root.exact
    root.silent, root.watched = silent, True
    try:
        with watched(loop.own):
            yield
    finally:
        root.silent, root.watched, root.exact = before


def _told(loop: Parts, before: list[Any], error: BaseException) -> None:
    """The variables as they were before a trip, and why the loop is not one step."""
    loop.put(before)
    _root().reasons.setdefault(loop.line, with_cure(error))


def _recorded(
    loop: Parts, before: list[Any], test: Callable[[Any], Any], trip: Callable[[Any], Any],
    plainly: Callable[[], None], known: Known | None = None,
) -> None:  # fmt: skip
    """The loop as a step of the recording, or where that is not possible gone through `plainly`.

    `test` and `trip` take the number of the trip; `known` is what they can reach as it was before any trip ran.
    """
    root, place = _root(), _place(loop)
    if place in root.loops_around:
        raise Unsuited("it calls itself")
    known = known or Known(loop.body, test, trip)
    root.loops_around.add(place)

    def look() -> None:
        if root.loops is not None and (why := known.changed()):
            root.loops.refuse(place, why)

    try:
        found: dict[int, Any] = {}
        with _apart(loop, silent=False):
            _record(loop, before, test, trip, found, look)
            if found:  # once more, with a state for each variable that has a value after the loop alone
                _record(loop, [found.get(place, item) for place, item in enumerate(before)], test, trip, {}, look)
        return
    except (Unsuited, AutogradError, TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        _told(loop, before, error)
    finally:
        root.loops_around.discard(place)
        look()
    silent, root.silent = root.silent, False
    try:
        plainly()
    finally:
        root.silent = silent


def _place(loop: Parts) -> tuple[Any, ...]:
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
    _root().exact = partial(require_exact, before=int if int in sorts else float)  # a power is a float from here on

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
    if (loops := _root().loops) is not None:
        loops.keep(_place(loop), items)
