"""A batch as it is written: its body, and what goes into it and comes out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autograd.primitives.row import Primitive
from autograd.program.graph import ConstantArray, Element, Loop, Positions, Sum, View
from autograd.program.lowering.plan import Step
from autograd.program.lowering.singles import Lowering, position_in
from autograd.program.simplify import Preserves, simplify
from autograd.program.simplify.arrays import row_on_numbers
from autograd.program.simplify.builder import Builder, Constant
from autograd.program.simplify.copying import copied
from autograd.program.simplify.rewriting import row_of


class Batch:
    """Steps that go through the same positions, as one batch."""

    def __init__(self, lowering: Lowering, length: int, members: list[Step]) -> None:
        self.lowering, self.plan, self.length, self.members = lowering, lowering.plan, length, members
        self.own = {value for step in members for value in step.results}
        self.slices: dict[Any, None] = {}  # arrays of the outer graph that the batch goes through, its axis the first
        self.shared: dict[Any, None] = {}
        self.parts: dict[int, Any] = {}  # of what the batch makes, what the body has
        self.sums: dict[int, Any] = {}

    def write(self) -> None:
        """Add the batch to the graph that is being made."""
        lowering, outer = self.lowering, self.lowering.builder
        plans = [[self._found(step, place) for place in range(len(step.operands))] for step in self.members]
        slices, shared = list(self.slices), list(self.shared)
        kinds = ((), *((outer.kind(item) or ())[1:] for item in slices), *map(outer.kind, shared))
        body = Builder(replace(self.plan.graph, kinds=kinds, inputs=len(kinds)), Preserves.VALUES)
        place = {("slice", item): 1 + i for i, item in enumerate(slices)}
        place |= {("shared", item): 1 + len(slices) + i for i, item in enumerate(shared)}
        for step, plan in zip(self.members, plans):
            taken = []
            for where, item, view in plan:
                part = self.parts[item] if where == "own" else place.get((where, item))
                if where == "constant":
                    part = body.constant(item.item)
                taken.append(part if view is None else viewed(body, part, view))
            self._member(body, step, taken)
        stacks = {value: part for value, part in self.parts.items() if value in self.plan.seen}
        graph = simplify(body.graph([*stacks.values(), *self.sums.values()]), preserves=Preserves.VALUES)
        loop = Loop(lowering.inside(graph, 1), self.length, sliced=len(slices), stacked=len(stacks))
        made = outer.add(loop, (*slices, *shared))
        for value, item in zip((*stacks, *self.sums), made):
            lowering.values[value] = self._back(value, item)

    def _found(self, step: Step, operand: int) -> tuple[str, Any, View | None]:
        """Where the body finds what a step takes of an operand: among what, which, and by which view of it."""
        plan, array, value = self.plan, self.lowering.array, step.operands[operand]
        axis = plan.own_axis(step, operand)
        if axis is None:
            return self._shared(array(value), None)
        base, along = plan.along(step, operand)
        shown = plan.maker[value].operation if base != value else None
        if isinstance(shown, View):
            view = _without(shown, axis, along)
            if base in self.own and plan.in_place(step, operand):
                return "own", base, view
            if along is not None:
                return self._slice(array(base), along, view)
            if shown.axes[axis] < 0:  # all positions take the same
                return self._shared(array(base), view)
        elif base in self.own and plan.in_place(step, operand):
            return "own", base, None
        return self._slice(array(value), axis, None)

    def _slice(self, array: Any, axis: int, view: View | None) -> tuple[str, Any, View | None]:
        item = self._first(array, axis)
        self.slices[item] = None
        return "slice", item, view

    def _shared(self, item: Any, view: View | None) -> tuple[str, Any, View | None]:
        if isinstance(item, Constant) and not isinstance(item.item, ConstantArray):
            return "constant", item, view
        self.shared[item] = None
        return "shared", item, view

    def _first(self, array: Any, axis: int) -> Any:
        """The array with an axis before the others."""
        shape = self.lowering.builder.kind(array) or ()
        order = (axis, *(a for a in range(len(shape)) if a != axis))
        view = View(tuple([shape[a] for a in order]), order, (1,) * len(shape), (0,) * len(shape))
        return viewed(self.lowering.builder, array, view)

    def _member(self, body: Builder, step: Step, taken: list[Any]) -> None:
        """Add a step to the body."""
        plan, operation, result = self.plan, step.operation, step.results[0]
        if isinstance(operation, Loop):
            values = copied(body, operation.body, [0, *taken])
            outputs = [values[output] for output in operation.body.outputs]
            self.parts.update(zip(step.results[: operation.stacked], outputs))
            self.sums.update(zip(step.results[operation.stacked :], outputs[operation.stacked :]))
            return
        if isinstance(operation, Sum):
            axis = plan.axis[step.operands[0]]
            if axis == operation.axis:
                self.sums[result] = taken[0]
            else:
                inner = Sum(operation.axis - (axis < operation.axis))
                self.parts[result] = body.add(inner, (taken[0],))[0]
            return
        axis, shape = plan.axis[result], plan.shape(result)
        rest = shape[:axis] + shape[axis + 1 :]
        if isinstance(operation, Positions):
            place = 0 if axis == operation.axis else 1 + operation.axis - (axis < operation.axis)
            part = position_in(body, rest, place)
        elif isinstance(operation, Primitive):
            part = (row_of if rest else row_on_numbers)(body, operation, tuple(taken))
        else:
            own = plan.own_index(step)
            indices = [item for place, item in enumerate(taken[1:]) if place != own]
            part = body.add(operation, (taken[0], *indices))[0] if indices else taken[0]
        self.parts[result] = part

    def _back(self, value: int, item: Any) -> Any:
        """What the batch has stacked, with the axis along which it went in its place."""
        axis = self.plan.place_of_batch(value)
        if value in self.sums or not axis:
            return item
        shape = self.plan.shape(value)
        order = (*range(1, axis + 1), 0, *range(axis + 1, len(shape)))
        return viewed(self.lowering.builder, item, View(shape, order, (1,) * len(shape), (0,) * len(shape)))


def viewed(builder: Builder, item: Any, view: View) -> Any:
    """What a view shows of an array or a number, as a step where it is another thing."""
    shape = builder.kind(item) or ()
    if not view.shape:
        return builder.add(Element(view.starts), (item,))[0] if shape else item
    return item if view.shows_all(shape) else builder.add(view, (item,))[0]


def _without(view: View, axis: int, along: int | None) -> View:
    """A view at one position of an axis, and of what it shows at one position of an axis, too."""

    def less(items: tuple[int, ...], place: int | None) -> tuple[int, ...]:
        return items if place is None else items[:place] + items[place + 1 :]

    axes = [a - 1 if along is not None and a > along else a for a in less(view.axes, axis)]
    return View(less(view.shape, axis), tuple(axes), less(view.steps, axis), less(view.starts, along))
