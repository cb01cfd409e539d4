"""Random graphs that make, change, view and read arrays, in loops, batches and branches, for the tests of backends."""

from __future__ import annotations

import math
import random
from array import array
from typing import Any

from graph_program import Program

from autograd.primitives import table
from autograd.program.graph import (
    Branch,
    ConstantArray,
    Element,
    Gather,
    Graph,
    Kind,
    Loop,
    Pack,
    Place,
    Reshape,
    Scatter,
    View,
    is_history,
)

SHAPES: list[Kind] = [
    (3,), (2, 2), (20,), (4, 5), (5, 4), (17,), (3, 7), (2, 3, 4), (1, 18), (16,), (9,), (0,), (3, 0),
]  # fmt: skip
ROWS = [table.add, table.subtract, table.multiply, table.maximum]
NUMBERS = [0.0, 1.0, 2.0, 3.0, 5.0, -1.0, 0.5, 19.0, math.nan, 4.0]
STEPS = [
    "row", "row", "less", "view", "view", "place", "place", "place", "reshape", "gather", "gather", "scatter",
    "scatter", "scatter", "pack", "element",
]  # fmt: skip


def random_program(seed: int) -> tuple[Graph, list[Any]]:
    """A graph, and inputs for it: lists in row-major order for arrays."""
    source = random.Random(seed)
    kinds: list[Kind] = [(), (), *(source.choice([*SHAPES, (1000,), (6, 20)]) for _ in range(3))]
    inputs: list[Any] = [3.0, source.choice([1.0, source.uniform(-2.0, 8.0)])]
    for kind in kinds[2:]:
        inputs.append([source.choice([0.0, 1.0, 2.0, source.uniform(-2, 2)]) for _ in range(math.prod(kind or ()))])
    steps = _Steps(source, kinds)
    steps.add(source.choice([1, 2, 2, 3]), source.randrange(4, 16))
    found = steps.program.kinds
    made = [i for i in range(len(kinds), len(found)) if not is_history(found[i])]
    return steps.program.graph(*source.sample(made, min(len(made), 6))), inputs


class _Steps:
    """A program in the making, of random steps on random values, the later ones more often."""

    def __init__(self, source: random.Random, kinds: list[Kind]) -> None:
        self.source = source
        shape: Any = source.choice(SHAPES)
        content = array("d", [source.uniform(-2.0, 2.0) for _ in range(math.prod(shape))])
        constants = [*source.sample(NUMBERS, 3), 2.0, ConstantArray(content.tobytes(), shape)]
        self.program = Program(*kinds, constants=constants)

    def add(self, depth: int, count: int) -> None:
        """Steps, with loops and branches up to so many inside of each other."""
        for _ in range(count):
            name = self.source.choice([*STEPS, *(["loop", "loop", "loop", "branch"] if depth else [])])
            getattr(self, f"_{name}")(*([depth - 1] if name in ("loop", "branch") else []))

    def of(self, kind: Kind) -> int:
        """A value of this kind."""
        found = [i for i, other in enumerate(self.program.kinds) if other == kind]
        if found and (kind == () or self.source.random() < 0.9):
            return self._recent(found)
        if kind is None:
            return int(self._less())
        alike = [i for i, other in self._arrays() if math.prod(other) == math.prod(kind)]
        if alike and self.source.random() < 0.6:
            return int(self.program(Reshape(kind), self._recent(alike)))
        return self._view(kind)

    def _recent(self, values: list[int]) -> int:
        if self.source.random() < 0.6:
            return values[-1 - min(len(values) - 1, int(self.source.expovariate(0.5)))]
        return self.source.choice(values)

    def _number(self) -> int:
        return self.of(())

    def _array(self) -> tuple[int, tuple[int, ...]]:
        value = self._recent([i for i, _ in self._arrays()])
        return value, self.program.kinds[value] or ()

    def _arrays(self) -> list[tuple[int, tuple[int, ...]]]:
        return [(i, kind) for i, kind in enumerate(self.program.kinds) if kind and not is_history(kind)]

    def _shape(self) -> Any:
        return self.source.choice(SHAPES)

    def _any(self) -> int:
        return self._array()[0] if self.source.random() < 0.7 else self._number()

    def _row(self) -> None:
        self.program(self.source.choice(ROWS), self._number(), self._number())

    def _less(self) -> int:
        return int(self.program(table.less, self._number(), self._number()))

    def _pack(self) -> None:
        shape = self._shape()
        self.program(Pack(shape), *(self._number() for _ in range(math.prod(shape))))

    def _element(self) -> None:
        value, shape = self._array()
        if 0 not in shape:
            self.program(Element(tuple(self.source.randrange(length) for length in shape)), value)

    def _reshape(self) -> None:
        value, shape = self._array()
        size = math.prod(shape)
        shapes = [other for other in [*SHAPES, (size,), (1, size)] if math.prod(other or ()) == size]
        self.program(Reshape(self.source.choice(shapes) or ()), value)

    def _gather(self) -> None:
        value, shape = self._array()
        self.program(Gather(), value, *(self._number() for _ in shape))

    def _scatter(self) -> None:
        value, shape = self._array()
        self.program(Scatter(self.source.random() < 0.5), value, self._number(), *(self._number() for _ in shape))

    def _place(self) -> None:
        value, shape = self._array()
        axes = [i for i, length in enumerate(shape) if length == 0 or self.source.random() < 0.7]
        self.source.shuffle(axes)
        lengths = [self.source.randrange(shape[i] + 1) if self.source.random() < 0.5 else shape[i] for i in axes]
        view = self._along(shape, axes, lengths)
        self.program(Place(view), value, self.of(view.shape))

    def _view(self, kind: Any = None) -> int:
        kind = kind or self._shape()
        value, shape = self._array()
        if 0 in shape or self.source.random() < 0.3:
            return int(self.program(View(kind, (-1,) * len(kind), (0,) * len(kind), ()), self._number()))
        axes: list[int] = []
        for length in kind:
            free = [i for i in range(len(shape)) if shape[i] >= length and i not in axes]
            axes.append(self.source.choice(free) if free and self.source.random() < 0.8 else -1)
        return int(self.program(self._along(shape, axes, list(kind)), value))

    def _along(self, shape: tuple[int, ...], axes: list[int], lengths: list[int]) -> View:
        """A view of so many elements along these axes, and of one place on the others."""
        starts, steps = [self.source.randrange(max(length, 1)) for length in shape], []
        for axis, length in zip(axes, lengths):
            if axis < 0:
                steps.append(0)
                continue
            step = self.source.choice([1, 1, -1, 2 if shape[axis] >= 2 * length - 1 else 1])
            span = abs(step) * max(length - 1, 0)
            starts[axis] = self.source.randrange(max(1, shape[axis] - span)) + (span if step < 0 else 0)
            steps.append(step)
        return View(tuple(lengths), tuple(axes), tuple(steps), tuple(starts))

    def _branch(self, depth: int) -> None:
        inputs = [self._any() for _ in range(4)]
        outputs = [(), self._shape(), self.program.kinds[inputs[0]]]
        sides = [self._inner(inputs, depth, outputs, []) for _ in range(2)]
        self.program(Branch(sides[0], sides[1]), self.of(None), *inputs)

    def _inner(self, inputs: list[int], depth: int, outputs: list[Kind], others: list[Kind]) -> Graph:
        """A graph on values of these, and others, with outputs of these kinds."""
        steps = _Steps(self.source, [*others, *(self.program.kinds[i] for i in inputs)])
        if not any(steps.program.kinds):
            steps.add(0, 1)
        steps.add(depth, self.source.randrange(1, 9))
        return steps.program.graph(*(steps.of(kind) for kind in outputs))

    def _loop(self, depth: int) -> None:
        kind = self.source.choice(["batch", "batch", "state", "state", "counted", "condition"])
        length = self.source.choice([1, 2, 3, 5, 8, 9, 17])
        states = [] if kind == "batch" else [self._any() for _ in range(self.source.randrange(1, 4))]
        parts = [self.source.choice([(), self._shape()]) for _ in range(self.source.randrange(3))]
        slices = [self.of((length, *part)) for part in parts]
        shared = [self._any() for _ in range(self.source.randrange(1, 4))]
        stacked, summed = ([self.source.choice([(), self._shape()]) for _ in range(self.source.randrange(3))]
                           for _ in range(2))  # fmt: skip
        state_kinds = [self.program.kinds[i] for i in states]
        body = self._inner(shared, depth, [*state_kinds, *stacked, *summed], [(), *state_kinds, *parts])
        condition = self._inner(shared, 0, [None], [(), *state_kinds]) if kind == "condition" else None
        loop = Loop(
            body, length, len(states), len(slices), len(stacked), condition, counted=kind == "counted",
            reverse=kind in ("batch", "state") and self.source.random() < 0.3,
            save=bool(states) and self.source.random() < 0.3,
        )  # fmt: skip
        count = [self._count()] if kind == "counted" else []
        if body.outputs:
            self.program.all_of(loop, *count, *states, *slices, *shared)

    def _count(self) -> int:
        """A number that is not nan: at most 2."""
        number, two = self._number(), self.program.inputs + 3
        return int(self.program(table.where, self.program(table.less, number, two), number, two))
