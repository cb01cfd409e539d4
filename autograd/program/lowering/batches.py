"""Steps on arrays gathered into batches, and the graph that comes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from autograd.primitives import table
from autograd.primitives.row import Primitive
from autograd.primitives.summation import blocked_sum
from autograd.program.graph import (
    PREDICATE,
    Branch,
    ConstantArray,
    Element,
    Gather,
    Graph,
    Guard,
    Kind,
    Loop,
    Operation,
    Pack,
    Place,
    Positions,
    Reshape,
    Scatter,
    Sum,
    View,
)
from autograd.program.lowering.axes import batch_axes
from autograd.program.simplify import Preserves, simplify
from autograd.program.simplify.builder import Builder, Constant
from autograd.program.simplify.rewriting import copied, row_of

SMALL = 16  # numbers of an array up to which each is a step of its own


def lowered(graph: Graph, small: int = SMALL) -> Graph:
    """The same program without rows, sums, positions and gathers of arrays."""
    if not any(graph.kinds) and not any(isinstance(operation, Loop | Branch) for operation in graph.operations):
        return graph
    return simplify(_Lowering(graph, small).result(), preserves=Preserves.VALUES)


class _Step:
    """A step of the graph, and the stage in which it can be made."""

    __slots__ = ("operation", "operands", "results", "length", "stage")

    def __init__(self, operation: Operation, operands: tuple[int, ...], results: range) -> None:
        self.operation, self.operands, self.results = operation, operands, results
        self.length = 0  # of the batch to which it belongs
        self.stage = 0


class _Lowering:
    """One graph on its way.

    A step that belongs to a batch waits in its stage for all that its batch needs. What a batch makes is there for
    others in the next stage, and at once for those of the same batch that ask for the part at their own position.
    """

    def __init__(self, graph: Graph, small: int) -> None:
        self.graph, self.small = graph, small
        self.steps = [_Step(*step) for step in graph.steps()]
        self.maker: dict[int, _Step] = {value: step for step in self.steps for value in step.results}
        self.axis = batch_axes(graph)
        self.builder = Builder(graph, Preserves.VALUES)
        constants = map(self.builder.constant, graph.constants)
        self.values: dict[int, Any] = dict(enumerate([*range(graph.inputs), *constants]))
        self.lists: dict[int, list[Any]] = {}  # of small arrays, the numbers
        self.seen: set[int] = set()  # what batches make that is taken as a whole, or in a later stage

    def kind(self, value: int) -> Kind:
        return self.graph.kinds[value]

    def shape(self, value: int) -> tuple[int, ...]:
        return self.graph.kinds[value] or ()

    # Which batch, and when.

    def _plan(self) -> None:
        barrier = 0
        for step in self.steps:
            step.length = self._length(step)
            stage = max((self._ready(operand, step) for operand in step.operands), default=0)
            if isinstance(step.operation, Guard) or not step.length and isinstance(step.operation, Loop | Branch):
                stage = max(stage, barrier)
            if isinstance(step.operation, Guard):
                barrier = stage
            step.stage = stage
        for step in self.steps:
            for value in step.operands:
                maker = self.maker.get(self._base(value))
                here = maker is not None and step.length and (maker.length, maker.stage) == (step.length, step.stage)
                if maker is not None and not here and not isinstance(step.operation, View):
                    self.seen.add(self._base(value))
        self.seen.update(map(self._base, self.graph.outputs))

    def _length(self, step: _Step) -> int:
        """How many positions the batch has to which a step belongs; 0 of what belongs to none."""
        operation = step.operation
        if isinstance(operation, Loop):
            return (operation.length or 0) if operation.batch else 0
        if isinstance(operation, Primitive | Positions) or (
            isinstance(operation, Gather) and self.kind(step.results[0])
        ):
            shape = self.shape(step.results[0])
            return shape[self.axis[step.results[0]]] if math.prod(shape) > self.small and shape else 0
        if isinstance(operation, Sum):
            shape = self.shape(step.operands[0])
            return shape[self.axis[step.operands[0]]] if math.prod(shape) > self.small else 0
        return 0

    def _ready(self, value: int, step: _Step) -> int:
        """The stage in which a step can take a value."""
        base = self._base(value)
        maker = self.maker.get(base)
        if maker is None:
            return 0
        if not maker.length:
            return maker.stage
        return maker.stage + (not self.in_place(value, step))

    def _base(self, value: int) -> int:
        """What a value shows, where it is a view; else itself."""
        while (maker := self.maker.get(value)) is not None and isinstance(maker.operation, View):
            value = maker.operands[0]
        return value

    def in_place(self, value: int, step: _Step) -> bool:
        """Whether a step of a batch takes of a value that a batch makes the part at its own position alone."""
        base, axis = self.along(value, step)
        made = self.maker.get(base)
        if axis is None or made is None or not step.length or made.length != step.length:
            return False
        if isinstance(made.operation, Loop) and base not in made.results[: made.operation.stacked]:
            return False
        return axis == self.place_of_batch(base)

    def place_of_batch(self, value: int) -> int | None:
        """The axis of what a batch makes along which it goes; None of a sum over its positions."""
        made = self.maker[value]
        if isinstance(made.operation, Loop):
            return 0
        if not isinstance(made.operation, Sum):
            return self.axis[value]
        axis, summed = self.axis[made.operands[0]], made.operation.axis
        return None if axis == summed else axis - (axis > summed)

    def along(self, value: int, step: _Step) -> tuple[int, int | None]:
        """The array that a step of a batch goes through where it takes this one, and along which of its axes.

        None where it does not go through it from end to end.
        """
        axis = self.own_axis(value, step)
        maker = self.maker.get(value)
        if axis is None or maker is None or not isinstance(maker.operation, View):
            return value, axis
        view, base = maker.operation, maker.operands[0]
        along = view.axes[axis]
        if along < 0 or view.starts[along] or view.steps[axis] != 1 or view.shape[axis] != self.shape(base)[along]:
            return base, None
        return base, along

    def own_axis(self, value: int, step: _Step) -> int | None:
        """Along which axis a step of a batch goes through an operand; None where it takes it as a whole."""
        operation = step.operation
        if not step.length or not self.kind(value):
            return None
        if isinstance(operation, Loop):
            return 0 if value in step.operands[: operation.sliced] else None
        if isinstance(operation, Gather) and value == step.operands[0]:
            place = self.own_index(step)
            return None if place is None else place
        return self.axis[step.operands[0] if isinstance(operation, Sum) else step.results[0]]

    def own_index(self, step: _Step) -> int | None:
        """Which of a gather's indices is the batch's own position, from end to end of that axis of the array."""
        array, *indices = step.operands
        for place, index in enumerate(indices):
            base, axis = self.along(index, step)
            made = self.maker.get(base)
            if made is not None and isinstance(made.operation, Positions) and axis == made.operation.axis:
                if self.shape(array)[place] == step.length:
                    return place
        return None

    # The graph.

    def result(self) -> Graph:
        self._plan()
        stages: dict[int, tuple[list[_Step], dict[int, list[_Step]]]] = {}
        for step in self.steps:
            single, batches = stages.setdefault(step.stage, ([], {}))
            if step.length:
                batches.setdefault(step.length, []).append(step)
            else:
                single.append(step)
        for stage in sorted(stages):
            single, batches = stages[stage]
            for step in single:
                self._single(step)
            for length, members in batches.items():
                _Batch(self, length, members).write()
        return self.builder.graph([self.array(output) for output in self.graph.outputs])

    def array(self, value: int) -> Any:
        """A value as one of the graph that is being made."""
        found = self.values.get(value)
        if found is None:
            shape = self.shape(value)
            if value in self.lists:
                found = self.builder.add(Pack(shape), tuple(self.lists[value]))[0]
            else:
                maker = self.maker[value]
                assert isinstance(maker.operation, View), maker.operation
                found = self.builder.add(maker.operation, (self.array(maker.operands[0]),))[0]
            self.values[value] = found
        return found

    def numbers(self, value: int) -> list[Any]:
        """The numbers of a small array, in row-major order."""
        found = self.lists.get(value)
        if found is None:
            found = self.lists[value] = [self.element(value, index) for index in product(*map(range, self.shape(value)))]
        return found

    def element(self, value: int, index: tuple[int, ...]) -> Any:
        shape = self.shape(value)
        if not shape:
            return self.array(value)
        known = self.lists.get(value)
        if known is not None:
            return known[_place(index, shape)]
        maker = self.maker.get(value)
        if maker is not None and isinstance(maker.operation, View):
            return self.element(maker.operands[0], _seen(maker.operation, index))
        array = self.array(value)
        if isinstance(array, Constant):
            return self.builder.constant(array.item.numbers[_place(index, shape)])
        return self.builder.add(Element(index), (array,))[0]

    def _is_small(self, value: int) -> bool:
        return math.prod(self.shape(value)) <= self.small

    def _single(self, step: _Step) -> None:
        """Make a step that belongs to no batch."""
        operation, operands, results = step.operation, step.operands, step.results
        if isinstance(operation, View):
            return
        kind = self.kind(results[0]) if results else ()
        if isinstance(operation, Primitive) and not kind:
            self.values[results[0]] = row_of(self.builder, operation, tuple([self.array(v) for v in operands]))
        elif isinstance(operation, Element):
            self.values[results[0]] = self.element(operands[0], operation.index)
        elif isinstance(operation, Pack) and self._is_small(results[0]):
            self.lists[results[0]] = [self.array(v) for v in operands]
        elif isinstance(operation, Primitive | Positions | Sum) or (
            isinstance(operation, Gather) and kind or isinstance(operation, Reshape | Place) and self._is_small(results[0])
        ):
            self._by_numbers(operation, operands, results[0])
        elif isinstance(operation, Scatter) and self.kind(operands[1]):
            self.values[results[0]] = self._scatter(operation, operands)
        else:
            if isinstance(operation, Loop | Branch):
                operation = operation.with_graphs(lambda graph: lowered(graph, self.small))
            made = self.builder.add(operation, tuple([self.array(v) for v in operands]))
            self.values.update(zip(results, made))

    def _by_numbers(self, operation: Any, operands: Sequence[int], result: int) -> None:
        """A step on small arrays, number by number."""
        shape, builder = self.shape(result), self.builder
        indices = list(product(*map(range, shape)))
        if isinstance(operation, Primitive):
            columns = [self.numbers(v) if self.kind(v) else [self.array(v)] * len(indices) for v in operands]
            found = [_row_on_numbers(builder, operation, row) for row in zip(*columns)]
        elif isinstance(operation, Positions):
            found = [builder.constant(float(index[operation.axis])) for index in indices]
        elif isinstance(operation, Reshape):
            found = [*self.numbers(operands[0])]
        elif isinstance(operation, Place):
            found = [*self.numbers(operands[0])]
            for index in product(*map(range, operation.view.shape)):
                found[_place(_seen(operation.view, index), shape)] = self.element(operands[1], index)
        elif isinstance(operation, Sum):
            length = self.shape(operands[0])[operation.axis]
            found = [
                blocked_sum([
                    _Term(builder, self.element(operands[0], (*index[: operation.axis], i, *index[operation.axis :])))
                    for i in range(length)
                ]).value
                for index in indices
            ]  # fmt: skip
        else:
            array, *places = operands
            found = [self._gathered(array, row) for row in zip(*[self.numbers(v) for v in places])]
        if shape:
            self.lists[result] = found
        else:
            self.values[result] = found[0]

    def _gathered(self, array: int, places: tuple[Any, ...]) -> Any:
        """One element at a place that is computed, or known."""
        known = [item.item for item in places if isinstance(item, Constant)]
        if len(known) == len(places) and all(0.0 <= i < n for i, n in zip(known, self.shape(array))):
            return self.element(array, tuple(map(int, known)))
        return self.builder.add(Gather(), (self.array(array), *places))[0]

    def _scatter(self, operation: Scatter, operands: Sequence[int]) -> Any:
        """Elements at many places, one after the other."""
        array, *rest = [self.array(v) for v in operands]
        builder, shape = self.builder, self.shape(operands[1])
        if self._is_small(operands[1]):
            for row in zip(*[self.numbers(v) for v in operands[1:]]):
                array = builder.add(operation, (array, *row))[0]
            return array
        size = math.prod(shape)
        if len(shape) > 1:
            rest = [builder.add(Reshape((size,)), (item,))[0] for item in rest]
        kinds: tuple[Kind, ...] = ((), self.kind(operands[0]), *[()] * len(rest))
        body = Graph((*kinds, self.kind(operands[0])), len(kinds), (), (operation,), (tuple(range(1, len(kinds))),),
                     (len(kinds),))  # fmt: skip
        return builder.add(Loop(body, size, carried=1, sliced=len(rest)), (array, *rest))[0]


class _Batch:
    """Steps that go through the same positions, as one batch."""

    def __init__(self, lowering: _Lowering, length: int, members: list[_Step]) -> None:
        self.lowering, self.length, self.members = lowering, length, members
        self.own = {value for step in members for value in step.results}
        self.slices: dict[Any, None] = {}  # arrays of the outer graph that the batch goes through, its axis the first
        self.shared: dict[Any, None] = {}
        self.parts: dict[int, Any] = {}  # of what the batch makes, what the body has
        self.sums: dict[int, Any] = {}

    def write(self) -> None:
        """Add the batch to the graph that is being made."""
        lowering, outer = self.lowering, self.lowering.builder
        plans = [[self._plan(value, step) for value in step.operands] for step in self.members]
        slices, shared = list(self.slices), list(self.shared)
        kinds = ((), *((outer.kind(item) or ())[1:] for item in slices), *map(outer.kind, shared))
        body = Builder(replace(lowering.graph, kinds=kinds, inputs=len(kinds)), Preserves.VALUES)
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
        stacks = {value: part for value, part in self.parts.items() if value in lowering.seen}
        graph = lowered(
            simplify(body.graph([*stacks.values(), *self.sums.values()]), preserves=Preserves.VALUES), lowering.small
        )
        made = outer.add(Loop(graph, self.length, sliced=len(slices), stacked=len(stacks)), (*slices, *shared))
        for value, item in zip((*stacks, *self.sums), made):
            lowering.values[value] = self._back(value, item)

    def _plan(self, value: int, step: _Step) -> tuple[str, Any, View | None]:
        """Where the body finds what a step takes of an operand: among what, which, and by which view of it."""
        lowering = self.lowering
        axis = lowering.own_axis(value, step)
        if axis is None:
            item = lowering.array(value)
            number = isinstance(item, Constant) and not isinstance(item.item, ConstantArray)
            return ("constant", item, None) if number else self._shared(item, None)
        base, along = lowering.along(value, step)
        view = None if base == value else _without(lowering.maker[value].operation, axis, along)
        if base in self.own and lowering.in_place(value, step):
            return "own", base, view
        if along is None and base != value:  # all positions take the same, or it is gone through in steps
            if lowering.maker[value].operation.axes[axis] < 0:
                item = lowering.array(base)
                if isinstance(item, Constant) and not isinstance(item.item, ConstantArray):
                    return "constant", item, view
                return self._shared(item, view)
            base, along, view = value, axis, None
        assert along is not None
        item = self._first(lowering.array(base), along)
        self.slices[item] = None
        return "slice", item, view

    def _shared(self, item: Any, view: View | None) -> tuple[str, Any, View | None]:
        self.shared[item] = None
        return "shared", item, view

    def _first(self, array: Any, axis: int) -> Any:
        """The array with an axis before the others."""
        shape = self.lowering.builder.kind(array) or ()
        order = (axis, *(a for a in range(len(shape)) if a != axis))
        view = View(tuple([shape[a] for a in order]), order, (1,) * len(shape), (0,) * len(shape))
        return viewed(self.lowering.builder, array, view)

    def _member(self, body: Builder, step: _Step, taken: list[Any]) -> None:
        """Add a step to the body."""
        lowering, operation, result = self.lowering, step.operation, step.results[0]
        if isinstance(operation, Loop):
            values = copied(body, operation.body, [0, *taken])
            outputs = [values[output] for output in operation.body.outputs]
            self.parts.update(zip(step.results[: operation.stacked], outputs))
            self.sums.update(zip(step.results[operation.stacked :], outputs[operation.stacked :]))
            return
        if isinstance(operation, Sum):
            axis = lowering.axis[step.operands[0]]
            if axis == operation.axis:
                self.sums[result] = taken[0]
            else:
                inner = Sum(operation.axis - (axis < operation.axis))
                self.parts[result] = body.add(inner, (taken[0],))[0]
            return
        axis, shape = lowering.axis[result], lowering.shape(result)
        rest = shape[:axis] + shape[axis + 1 :]
        if isinstance(operation, Positions):
            if axis == operation.axis:
                part = body.spread(0, rest) if rest else 0
            else:
                part = body.add(Positions(rest, operation.axis - (axis < operation.axis)), ())[0]
        elif isinstance(operation, Primitive):
            part = (row_of if rest else _row_on_numbers)(body, operation, tuple(taken))
        else:
            own = lowering.own_index(step)
            indices = [item for place, item in enumerate(taken[1:]) if place != own]
            part = body.add(operation, (taken[0], *indices))[0] if indices else taken[0]
        self.parts[result] = part

    def _back(self, value: int, item: Any) -> Any:
        """What the batch has stacked, with the axis along which it went in its place."""
        lowering = self.lowering
        axis = lowering.place_of_batch(value)
        if value in self.sums or not axis:
            return item
        shape = lowering.shape(value)
        order = (*range(1, axis + 1), 0, *range(axis + 1, len(shape)))
        return viewed(lowering.builder, item, View(shape, order, (1,) * len(shape), (0,) * len(shape)))


def viewed(builder: Builder, item: Any, view: View) -> Any:
    """What a view shows of an array or a number, as a step where it is another thing."""
    shape = builder.kind(item) or ()
    if not view.shape:
        return builder.add(Element(view.starts), (item,))[0] if shape else item
    same = view.shape == shape and view.axes == tuple(range(len(shape)))
    if same and all(n == 1 or step == 1 for n, step in zip(shape, view.steps)):
        return item
    return builder.add(view, (item,))[0]


def _without(view: View, axis: int, along: int | None) -> View:
    """A view at one position of an axis, and of what it shows at one position of an axis, too."""

    def less(items: tuple[int, ...], place: int | None) -> tuple[int, ...]:
        return items if place is None else items[:place] + items[place + 1 :]

    axes = [a - 1 if along is not None and a > along else a for a in less(view.axes, axis)]
    return View(less(view.shape, axis), tuple(axes), less(view.steps, axis), less(view.starts, along))


def _seen(view: View, index: tuple[int, ...]) -> tuple[int, ...]:
    """Where an element of a view stands in its operand."""
    place = list(view.starts)
    for i, axis, step in zip(index, view.axes, view.steps):
        if axis >= 0:
            place[axis] += i * step
    return tuple(place)


def _place(index: tuple[int, ...], shape: tuple[int, ...]) -> int:
    """The place of an element in row-major order."""
    place = 0
    for i, length in zip(index, shape):
        place = place * length + i
    return place


def _row_on_numbers(builder: Builder, row: Primitive, operands: tuple[Any, ...]) -> Any:
    """A row as it is on elements of arrays, of which a truth is 1.0 or 0.0."""
    taken = list(operands)
    if row is table.where or row.predicate and row.native.llvm in ("and", "or", "xor"):
        zero = builder.constant(0.0)
        count = 1 if row is table.where else len(taken)
        taken[:count] = [
            item if builder.kind(item) is PREDICATE else row_of(builder, table.not_equal, (item, zero))
            for item in taken[:count]
        ]
    result = row_of(builder, row, tuple(taken))
    if row.predicate:
        result = row_of(builder, table.where, (result, builder.constant(1.0), builder.constant(0.0)))
    return result


class _Term:
    """A number of a graph, to be added."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Builder, value: Any) -> None:
        self.builder, self.value = builder, value

    def __add__(self, other: _Term) -> _Term:
        return _Term(self.builder, row_of(self.builder, table.add, (self.value, other.value)))
