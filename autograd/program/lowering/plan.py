"""Which steps on arrays become one batch, and when: without making anything."""

from __future__ import annotations

import math

from autograd.primitives.row import Primitive
from autograd.program.graph import Branch, Gather, Graph, Guard, Kind, Loop, Operation, Positions, Scatter, Sum, View
from autograd.program.lowering.axes import batch_axes


class Step:
    """A step of the graph, and the stage in which it can be made."""

    __slots__ = ("operation", "operands", "results", "length", "stage")

    def __init__(self, operation: Operation, operands: tuple[int, ...], results: range) -> None:
        self.operation, self.operands, self.results = operation, operands, results
        self.length = 0  # of the batch to which it belongs
        self.stage = 0


class Plan:
    """The batches of one graph.

    A step that belongs to a batch waits in its stage for all that its batch needs. What a batch makes is there for
    others in the next stage, and at once for those of the same batch that ask for the part at their own position.
    """

    def __init__(self, graph: Graph, small: int, lanes: int) -> None:
        self.graph, self.small = graph, small
        self.steps = [Step(*step) for step in graph.steps()]
        self.maker: dict[int, Step] = {value: step for step in self.steps for value in step.results}
        self.axis = batch_axes(graph, lanes)
        self._set_stages()
        self.seen = self._seen()  # what batches make that is taken as a whole, or in a later stage

    def kind(self, value: int) -> Kind:
        return self.graph.kinds[value]

    def shape(self, value: int) -> tuple[int, ...]:
        return self.graph.kinds[value] or ()

    def is_small(self, value: int) -> bool:
        shape = self.shape(value)
        return not shape or math.prod(shape) <= self.small

    def _set_stages(self) -> None:
        barrier = 0
        for step in self.steps:
            step.length = self._length(step)
            step.stage = max((self._ready(step, place) for place in range(len(step.operands))), default=0)
            if isinstance(step.operation, Guard) or not step.length and isinstance(step.operation, Loop | Branch):
                step.stage = max(step.stage, barrier)
            if isinstance(step.operation, Guard):
                barrier = step.stage

    def _seen(self) -> set[int]:
        seen = set(map(self._base, self.graph.outputs))
        for step in self.steps:
            for base in map(self._base, step.operands):
                maker = self.maker.get(base)
                here = maker is not None and step.length and (maker.length, maker.stage) == (step.length, step.stage)
                known = isinstance(step.operation, Scatter) and self.positions(base) is not None
                if maker is not None and not here and not known and not isinstance(step.operation, View):
                    seen.add(base)
        return seen

    def positions(self, value: int) -> int | None:
        """The axis along which a value has the positions, where it is nothing else."""
        maker = self.maker.get(value)
        if maker is not None and isinstance(maker.operation, View) and self.shape(maker.operands[0]):
            view, shown = maker.operation, self.positions(maker.operands[0])
            if shown is None or shown not in view.axes or view.starts[shown]:
                return None
            axis = view.axes.index(shown)
            return axis if view.steps[axis] == 1 else None
        return maker.operation.axis if maker is not None and isinstance(maker.operation, Positions) else None

    def _length(self, step: Step) -> int:
        """How many positions the batch has to which a step belongs; 0 of what belongs to none."""
        operation = step.operation
        if isinstance(operation, Loop):
            return (operation.length or 0) if operation.batch else 0
        if isinstance(operation, Sum):
            value = step.operands[0]
        elif isinstance(operation, Primitive | Positions | Gather):
            value = step.results[0]
        else:
            return 0
        return 0 if self.is_small(value) else self.shape(value)[self.axis[value]]

    def _ready(self, step: Step, place: int) -> int:
        """The stage in which a step can take the operand at this place among its operands."""
        maker = self.maker.get(self._base(step.operands[place]))
        if maker is None:
            return 0
        return maker.stage + (maker.length > 0 and not self.in_place(step, place))

    def _base(self, value: int) -> int:
        """What a value shows, where it is a view; else itself."""
        while (maker := self.maker.get(value)) is not None and isinstance(maker.operation, View):
            value = maker.operands[0]
        return value

    def in_place(self, step: Step, place: int) -> bool:
        """Whether a step of a batch takes of an operand that a batch makes the part at its own position alone."""
        base, axis = self.along(step, place)
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

    def along(self, step: Step, place: int) -> tuple[int, int | None]:
        """The array that a step of a batch goes through where it takes this operand, and along which of its axes.

        None where it does not go through it from end to end.
        """
        value, axis = step.operands[place], self.own_axis(step, place)
        maker = self.maker.get(value)
        if axis is None or maker is None or not isinstance(maker.operation, View):
            return value, axis
        view, base = maker.operation, maker.operands[0]
        along = view.axes[axis]
        if along < 0 or view.starts[along] or view.steps[axis] != 1 or view.shape[axis] != self.shape(base)[along]:
            return base, None
        return base, along

    def own_axis(self, step: Step, place: int) -> int | None:
        """Along which axis a step of a batch goes through an operand; None where it takes it as a whole."""
        operation = step.operation
        if not step.length or not self.kind(step.operands[place]):
            return None
        if isinstance(operation, Loop):
            return 0 if place < operation.sliced else None
        if isinstance(operation, Gather) and place == 0:
            return self.own_index(step)
        return self.axis[step.operands[0] if isinstance(operation, Sum) else step.results[0]]

    def own_index(self, step: Step) -> int | None:
        """Which of a gather's indices is the batch's own position, from end to end of that axis of the array."""
        array, *indices = step.operands
        for place in range(len(indices)):
            base, axis = self.along(step, 1 + place)
            made = self.maker.get(base)
            own = made is not None and isinstance(made.operation, Positions) and axis == made.operation.axis
            if own and self.shape(array)[place] == step.length:
                return place
        return None
