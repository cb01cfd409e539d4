"""The derivatives of arrays, and the numbers in which a derivative goes round a loop.

The derivative of an array is an array, or a number where all of its elements are the same; a `Maybe` of two arrays
where some of them may be absent, the second of which says by 1.0 and 0.0 which are there; or, as long as only parts of
the array have one, `Scattered`. A derivative that is carried by a loop may be absent when the program runs: it is then
carried as two numbers or arrays, itself and whether it is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

from autograd.engine.recording import current
from autograd.primitives import table
from autograd.program.graph import Kind, View, is_history
from autograd.program.tracing.absence import Maybe
from autograd.program.tracing.arrays.nodes import node_of
from autograd.program.tracing.arrays.places import at_places, is_everywhere, scattered
from autograd.program.tracing.arrays.seen import is_recorded
from autograd.program.tracing.arrays.whole import broadcast, element, pack, placed, positions, shape_of
from autograd.program.tracing.arrays.whole import view as seen
from autograd.program.tracing.structured import on_histories
from autograd.program.tracing.traced import Predicate, broadcast_shape

_PACKED = 16  # elements of an array that are written as one, however few of them have a derivative
_ADDED = 16  # views whose parts are added as whole arrays, in one pass
_CHOSEN = 4  # elements that are chosen by their positions, which needs no array


class Scattered:
    """The derivative of an array of which some parts have one, and the others, unless `base` has theirs, none.

    Parts: single elements by their index; what a view shows; elements at computed places.
    """

    __slots__ = ("shape", "base", "elements", "views", "places", "trace")

    def __init__(
        self, shape: tuple[int, ...], base: Any = None, elements: dict[tuple[int, ...], Any] | None = None,
        views: Sequence[tuple[View, Any]] = (), places: Sequence[tuple[Sequence[Any], Any]] = (),
    ) -> None:  # fmt: skip
        self.shape, self.base, self.trace = shape, base, current().trace
        self.elements, self.views, self.places = elements or {}, [*views], [*places]

    def __add__(self, other: Any) -> Scattered:
        if not isinstance(other, Scattered):
            return Scattered(self.shape, plus(self.base, other), self.elements, self.views, self.places)
        elements = dict(self.elements)
        for index, part in other.elements.items():
            elements[index] = plus(elements.get(index), part)
        return Scattered(
            self.shape, plus(self.base, other.base), elements, self.views + other.views, self.places + other.places
        )

    __radd__ = __add__

    @property
    def gathered(self) -> bool:
        """Whether nothing but elements at computed places have one."""
        return self.base is None and not self.elements and not self.views

    @property
    def sparse(self) -> bool:
        """Whether these are fewer than the array has, so that it is worth keeping them apart."""
        count = sum(math.prod(places_shape(indices)) for indices, _ in self.places)
        return self.gathered and count < math.prod(self.shape)

    def __mul__(self, other: Any) -> Any:
        if not self.sparse:
            return self.whole() * other
        places = [(i, part * _at(other, list(i), places_shape(i))) for i, part in self.places]
        return Scattered(self.shape, places=places)

    __rmul__ = __mul__

    def element(self, index: tuple[int, ...]) -> Any:
        """The derivative at one element; None where it is absent."""
        if self.views or self.places:
            return element_of(self.whole(), index)
        return plus(None if self.base is None else element_of(self.base, index), self.elements.get(index))

    def whole(self) -> Any:
        """All of it as one derivative: an array or a Maybe. It is that from then on, unless it is sparse: what goes on
        from one sum to the next does not put together again all that came before.
        """
        values, live = self.parts(-0.0)
        whole = values if live is None else Maybe(values, live)
        if not self.sparse and self.trace is current().trace:  # not in the body of a loop or branch alone
            self.base, self.elements, self.views, self.places = whole, {}, [], []
        return whole

    def parts(self, zero: float) -> tuple[Any, Any]:
        """Its numbers, `zero` where there is none, and which are there; None for those where all are."""
        values, live = (zero, 0.0) if self.base is None else with_flag(self.base, zero)
        values, live = broadcast(values, self.shape), None if type(live) is float and live else live
        if self.elements:
            values, live = self._with_elements(values, live, zero)
        added = self._with_view if len(self.views) <= _ADDED else self._with_view_in_place
        for view, part in self.views:
            values, live = added(values, live, view, part)
        for indices, part in self.places:
            value, flag = with_flag(part, -0.0)
            if len(indices) == len(self.shape) and is_everywhere(indices, self.shape):
                known = live is None or type(flag) is float
                values, live = values + value, None if known else table.logical_or(live, flag)
                continue
            values = scattered(values, indices, value, adds=True)
            if live is not None:
                # As many as are there, where they may not be.
                live = scattered(broadcast(live, self.shape), indices, flag, adds=type(flag) is not float)
        return values, live

    def _with_elements(self, values: Any, live: Any, zero: float) -> tuple[Any, Any]:
        size = math.prod(self.shape)
        pairs = {index: with_flag(part, -0.0) for index, part in self.elements.items()}
        if len(pairs) <= _CHOSEN and size > _PACKED:
            for index, (value, flag) in pairs.items():
                here = seen_by(View((), (), (), index), self.shape)
                values = values + table.where(here, value, -0.0)
                live = None if live is None else table.logical_or(live, table.where(here, flag, 0.0))
            return values, live
        if size <= max(_PACKED, 4 * len(pairs)) and self.base is None:
            found = [with_flag(self.elements.get(index), zero) for index in product(*map(range, self.shape))]
            flags = [flag for _, flag in found]
            values = pack([value for value, _ in found], self.shape)
            return values, None if set(flags) == {1.0} else pack(flags, self.shape)
        for index, (value, flag) in pairs.items():
            view = View((), (), (), index)
            values = placed(values, view, value if self.base is None else element(values, index) + value)
            if live is not None:
                live = broadcast(live, self.shape)
                live = placed(live, view, flag if type(flag) is float else table.maximum(flag, element(live, index)))
        return values, live

    def _with_view(self, values: Any, live: Any, view: View, part: Any) -> tuple[Any, Any]:
        value, flag = with_flag(part, -0.0)
        here = seen_by(view, self.shape)
        whole = placed(broadcast(-0.0, self.shape), view, value)
        if live is not None:
            there = here if type(flag) is float else placed(broadcast(0.0, self.shape), view, flag)
            live = None if type(there) is float else there if type(live) is float else table.logical_or(live, there)
        return values + whole, live

    def _with_view_in_place(self, values: Any, live: Any, view: View, part: Any) -> tuple[Any, Any]:
        """The same numbers, by a step that goes through the part alone."""
        value, flag = with_flag(part, -0.0)
        values = placed(values, view, seen(values, view) + value)
        if live is not None:
            live = broadcast(live, self.shape)
            live = placed(live, view, flag if type(flag) is float else table.maximum(flag, seen(live, view)))
        return values, live


def seen_by(view: View, shape: tuple[int, ...]) -> Any:
    """Which elements of an array a view shows, as 1.0 and 0.0; 1.0 for all of them."""
    result: Any = 1.0
    for axis, length in enumerate(shape):
        place = view.axes.index(axis) if axis in view.axes else None
        step, count = (1, 1) if place is None else (view.steps[place], view.shape[place])
        first, last = sorted((view.starts[axis], view.starts[axis] + step * (count - 1)))
        if (first, last, abs(step)) == (0, length - 1, 1):
            continue
        where = positions(shape, axis)
        inside = table.logical_and(table.greater_equal(where, float(first)), table.less_equal(where, float(last)))
        if abs(step) > 1:
            rest = table.remainder(where - float(first), float(abs(step)))
            inside = table.logical_and(inside, table.equal(rest, 0.0))
        result = inside if type(result) is float else table.logical_and(result, inside)
    return result


def _at(factor: Any, indices: list[Any], shape: tuple[int, ...]) -> Any:
    """A factor of a derivative at computed places."""
    if not isinstance(factor, Maybe):
        return at_places(factor, indices, shape)
    live = at_places(flag_of(factor.live), indices, shape)
    return Maybe(at_places(factor.value, indices, shape), live if shape else table.not_equal(live, 0.0))


def places_shape(indices: Sequence[Any]) -> tuple[int, ...]:
    return broadcast_shape(*map(shape_of, indices))


def plus(a: Any, b: Any) -> Any:
    return b if a is None else a if b is None else a + b


def whole_of(derivative: Any) -> Any:
    """A derivative without parts: a number, an array, or a Maybe."""
    return derivative.whole() if isinstance(derivative, Scattered) else derivative


def element_of(derivative: Any, index: tuple[int, ...]) -> Any:
    """The derivative of one element."""
    if isinstance(derivative, Scattered):
        return derivative.element(index)
    if isinstance(derivative, Maybe):
        live = derivative.live
        if shape_of(live):
            live = table.not_equal(element(live, index), 0.0)
        return Maybe(element_of(derivative.value, index), live)
    return element(derivative, index) if shape_of(derivative) else derivative


def mapped(function: Callable[[Any], Any], derivative: Any, shape: tuple[int, ...]) -> Any:
    """What only moves elements, applied to the derivative of an array of this shape."""
    derivative = whole_of(derivative)
    if isinstance(derivative, Maybe):
        flag = flag_of(derivative.live)
        live = function(broadcast(flag, shape))
        value = mapped(function, derivative.value, shape)
        return Maybe(value, live if shape_of(live) else table.not_equal(live, 0.0))
    return function(derivative) if shape_of(derivative) or not shape else derivative


def flag_of(live: Any) -> Any:
    """Whether a derivative is there, as a number or an array of 1.0 and 0.0."""
    if isinstance(live, bool):
        return float(live)
    return table.where(live, 1.0, 0.0) if isinstance(live, Predicate) else live


def with_flag(derivative: Any, zero: float = 0.0) -> tuple[Any, Any]:
    """A derivative with `zero` where it is absent, and whether it is there; 1.0 where it is."""
    derivative = whole_of(derivative)
    if derivative is None:
        return zero, 0.0
    if isinstance(derivative, Maybe):
        return derivative.or_zero(zero), flag_of(derivative.live)
    return derivative, 1.0


# Where a sweep begins and ends.


def seed_of(item: Any) -> Any:
    """An array as the derivatives with which a sweep begins: where it is known to be 0.0 there is none."""
    if is_recorded(item) or item.dtype == object or item.all():
        return node_of(item)
    places = list(zip(*item.nonzero()))
    if len(places) <= _SINGLE:
        found = {tuple(map(int, place)): float(item[place]) for place in places}
        return Scattered(item.shape, elements=found) if found else None
    return Maybe(node_of(item), node_of(item != 0.0))


_SINGLE = 64  # elements with a derivative that are followed one by one


def settled(derivative: Any, of: Any = None) -> Any:
    """The derivative `of` a node, or with respect to it, as a node or a number, 0.0 where it is absent."""
    if isinstance(derivative, Scattered):
        derivative = derivative.parts(0.0)[0]
    elif isinstance(derivative, Maybe):
        derivative = derivative.or_zero()
    return broadcast(derivative, shape_of(of)) if shape_of(of) else derivative


def taken_apart(derivative: Any) -> tuple[list[Any], list[tuple[int, bool]]] | None:
    """The places and the numbers of a derivative that is at computed places alone, and what they are.

    For each of its parts the places, the number, and whether it is there where that is not known.
    """
    if not isinstance(derivative, Scattered) or not derivative.gathered:
        return None
    items, layout = [], []
    for indices, part in derivative.places:
        shape, (value, flag) = places_shape(indices), with_flag(part, -0.0)
        known = type(flag) is float
        items += [broadcast(item, shape) if shape else item for item in (*indices, value, *([] if known else [flag]))]
        layout.append((len(indices), known))
    return items, layout


def put_together(items: Iterator[Any], layout: Sequence[tuple[int, bool]], shape: tuple[int, ...]) -> Scattered:
    """The derivative of what all trips of a loop share, from the stacks of what `taken_apart` gave in each."""
    places = []
    for count, known in layout:
        indices, value = [next(items) for _ in range(count)], next(items)
        places.append((indices, value if known else Maybe(value, next(items))))
    return Scattered(shape, places=places)


# A derivative as the numbers that carry it: none where it is absent, itself, or itself and a flag.

ABSENT, PLAIN, FLAGGED = range(3)


def form_of(derivative: Any) -> int:
    if derivative is None:
        return ABSENT
    return FLAGGED if isinstance(whole_of(derivative), Maybe) else PLAIN


def join(a: int, b: int) -> int:
    return a if a == b else FLAGGED


def encode(derivative: Any, code: int, kind: Kind, zero: float = 0.0) -> list[Any]:
    """The numbers, or arrays, that carry a derivative; `zero` is the value of one that is absent."""
    if code == ABSENT:
        return []
    value, flag = with_flag(derivative, -0.0 if kind else zero)
    if is_history(kind):
        return [value] if code == PLAIN else [value, on_histories(lambda part, flag: flag, [value, flag])]
    return [broadcast(item, kind or ()) for item in ([value] if code == PLAIN else [value, flag])]


def decode(items: Iterator[Any], code: int, kind: Kind) -> Any:
    if code == ABSENT:
        return None
    value = next(items)
    if code == PLAIN:
        return value
    live = next(items)
    return Carried(value, live) if kind else Maybe(value, table.not_equal(live, 0.0))


class Carried(Maybe):
    """The derivative of an array as a loop carries it: where it is absent, it is -0.0."""

    __slots__ = ()

    def or_zero(self, zero: float = 0.0) -> Any:
        return self.value if math.copysign(1.0, zero) < 0.0 else super().or_zero(zero)
