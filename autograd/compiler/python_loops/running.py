"""What the code of a loop that was taken apart calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from autograd.arrays.array import array
from autograd.compiler.calling import CallFailed
from autograd.compiler.python_loops.changes import Known
from autograd.compiler.python_loops.recorded import Parts, apart, outermost, place_of, recorded, told
from autograd.compiler.python_loops.recorded import Unset as Unset  # which the code takes from here
from autograd.compiler.python_loops.watching import Unsuited, is_mutable
from autograd.engine.recording import current
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.primitives.row import is_array
from autograd.primitives.table import ceil, maximum, not_equal
from autograd.program.graph import Guard
from autograd.program.tracing.structured import bound
from autograd.program.tracing.trace import Asked
from autograd.program.tracing.traced import Traced
from autograd.transforms.loops import counted


def run_while(test: Callable[[], Any], *parts: Any) -> None:
    """`while test(): body()`."""
    loop = Parts(*parts)

    def plainly() -> None:
        while test() and not loop.body():
            pass

    if current().trace is None or _is_refused(loop):
        plainly()
        return
    whole = _may_be_one(loop)
    known = Known(loop.body, test) if whole else None
    while True:
        before = loop.get()
        try:
            with apart(loop):
                if not test() or (whole and loop.body()):
                    return
        except Asked:
            loop.put(before)
            recorded(loop, before, lambda _: test(), lambda _: loop.body(), plainly, known)
            return
        except Unsuited as error:
            told(loop, before, error)
            plainly()
            return
        if not whole and loop.body():
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
            with apart(loop):
                if loop.body(items[place]):
                    return
        except Asked:
            loop.put(before)
            _over_recorded(loop, before, items, place, known)
            return
        except Unsuited as error:
            told(loop, before, error)
            _over(loop, islice(items, place, None))
            return


def _is_refused(loop: Parts) -> bool:
    """Whether a trip of it, as it was recorded before, changed something."""
    root = outermost()
    why = "" if root.loops is None else root.loops.refused.get(place_of(loop), "")
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

    recorded(loop, before, lambda i: i < len(rest), trip, lambda: _over(loop, islice(items, place, None)), known)


def _run_computed(loop: Parts, first: Any, end: Any, step: Any) -> None:
    if isinstance(step, Traced) or not step:
        raise TraceError(f"the range of the loop in line {loop.line} takes a step that is known, and not 0")
    first, end = counted(first, "the start of a range"), counted(end, "the end of a range")
    trips = maximum(ceil((end - first) / step), 0)

    def trip(position: Any) -> Any:
        return loop.body(position if type(first) is int and (first, step) == (0, 1) else first + position * step)

    def plainly() -> None:
        why = outermost().reasons[loop.line]
        raise TraceError(f"the loop in line {loop.line}, over a range that is computed, is not recorded as one: {why}")

    if _is_refused(loop):
        plainly()
    recorded(loop, loop.get(), lambda i: i < trips, trip, plainly)


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
