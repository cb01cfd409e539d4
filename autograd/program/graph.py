"""`Graph`: a recorded computation as an immutable program in static single assignment form.

A value is a whole number. First come the inputs, then the constants, then the results of the steps, in the order in
which the program was recorded. A value is a number, a predicate, or an array of numbers; its kind says which.

An array is one value. A row of the table on arrays works on their elements: its operands are arrays of one shape, and
constants; what a comparison gives is an array of 1.0 and 0.0 there, and what chooses by one holds where it is not 0.
Backends do not know of these: `lowering` makes loops of them, of sums and of gathers.

A loop, a batch or a branch is one step that owns the graphs of its bodies, so that a graph has the size of the program
and not that of its run. A body sees nothing but its inputs: what it takes from around it is passed as an operand.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeGuard

from autograd.pickles import Stored
from autograd.primitives.row import Primitive

Kind = tuple[int, ...] | None  # the shape of an array, () for a number, None for a predicate
NUMBER: Kind = ()
PREDICATE: Kind = None
# The first axis of a history: an array of what each trip of a loop left, whose trips are counted only as it runs. It is
# as long as they were many; nothing but loops of as many trips take one.
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Element(Stored):
    """One number of an array, at a fixed index on each axis."""

    index: tuple[int, ...]

    name = "element"

    def results(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return (NUMBER,)


@dataclass(frozen=True, slots=True)
class Pack(Stored):
    """The array of the operands, which are numbers, in row-major order."""

    shape: tuple[int, ...]

    name = "pack"

    def results(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return (self.shape,)


@dataclass(frozen=True, slots=True)
class View(Stored):
    """Part of an array, its axes in another order, or the same numbers again and again: result[j, k, …] is the
    operand's element at start + step · j along the axis that `axes` names for j, and so on; where an axis is not named,
    at its start. Along an axis of the result for which -1 stands all are the same. The operand may be a number.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]  # for each axis of the result, that of the operand, or -1
    steps: tuple[int, ...]  # for each axis of the result
    starts: tuple[int, ...]  # for each axis of the operand

    name = "view"

    def origin(self, index: tuple[int, ...]) -> tuple[int, ...]:
        """Where the element at an index stands in the operand."""
        place = list(self.starts)
        for i, axis, step in zip(index, self.axes, self.steps):
            if axis >= 0:
                place[axis] += i * step
        return tuple(place)

    def shows_all(self, shape: tuple[int, ...]) -> bool:
        """Whether it is all of an operand of this shape, as it is."""
        same = self.shape == shape and self.axes == tuple(range(len(shape)))
        return same and all(n == 1 or step == 1 for n, step in zip(self.shape, self.steps))

    def results(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return (self.shape,)


@dataclass(frozen=True, slots=True)
class Place(Stored):
    """An array with a part of it replaced: the first operand, and where `view` shows it the second."""

    view: View  # of the first operand; each of its elements is seen once at most

    name = "place"

    def results(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return kinds[:1]


@dataclass(frozen=True, slots=True)
class Reshape(Stored):
    """The numbers of an array, in row-major order, in another shape."""

    shape: tuple[int, ...]

    name = "reshape"

    def results(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return (self.shape,)


@dataclass(frozen=True, slots=True)
class Positions(Stored):
    """The array of the positions along one of its axes: 0.0, 1.0, 2.0, …"""

    shape: tuple[int, ...]
    axis: int

    name = "positions"

    def results(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return (self.shape,)


@dataclass(frozen=True, slots=True)
class Sum(Stored):
    """The sums of an array along an axis, in the order of `summation.blocked_sum`; of nothing 0.0."""

    axis: int

    name = "sum"

    def results(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (shape,) = kinds
        assert shape is not None
        return (shape[: self.axis] + shape[self.axis + 1 :],)


@dataclass(frozen=True, slots=True)
class Gather(Stored):
    """Elements of an array, the first operand, at computed places: one operand more for each axis, a number, or arrays
    of one shape, which is that of the result. Where one is no whole number from 0 up to the length, what is read is
    some element; it is for a guard to say so.
    """

    name = "gather"

    def results(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return (kinds[1],)


@dataclass(frozen=True, slots=True)
class Scatter(Stored):
    """An array, the first operand, in which elements at computed places are replaced by those of the second one after
    the other, or where it `adds` are added to. The other operands are the places, as those of `Gather`; nothing is
    written where they are beyond the array.
    """

    adds: bool

    name = "scatter"

    def results(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return kinds[:1]


@dataclass(frozen=True, slots=True)
class Guard(Stored):
    """A branch that the recorded program took: the operand, a predicate, had this outcome. It has no results.

    Only the outermost graph has guards. A run that meets another outcome stops there. Where the guard `raises`, it
    stands for no branch but for a bound, and another outcome is an error with this message.
    """

    outcome: bool
    raises: type[Exception] | None = None
    message: str = ""

    name = "guard"

    def results(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return ()

    def __setstate__(self, state: list[Any]) -> None:
        """The state in a pickle of 0.1.0, where a guard had an outcome alone."""
        for field, item in zip(("outcome", "raises", "message"), (*state, None, "")):
            object.__setattr__(self, field, item)


@dataclass(frozen=True, slots=True)
class Loop(Stored):
    """A body run again and again, carrying state; without state a batch, whose samples may be taken in any order.

    Operands: the number of trips, where `counted`; `carried` initial states; `sliced` arrays; then what all trips
    share. Inputs of the body: the trip's position, the states, the array's parts at that position, what is shared.
    Outputs of the body: the new states, `stacked` parts of arrays, then terms of sums. Results: the final states; the
    stacked arrays; the sums; where `save`, for each state the array of what each trip began with; where there is a
    `condition`, the number of trips made.

    Positions count from 0 up to the number of trips, or in `reverse` down from the last to 0. Arrays have an axis of
    `length` before that of their parts; those of a `free` loop are histories.

    `condition` takes the position, the states and what is shared; the loop ends where it does not hold. `length` is the
    number of trips, or its bound where `counted` or with a condition; None is no bound.

    Sums are taken in the order of `summation.blocked_sum`: blocks of 1,024 trips, with eight running sums in each.
    """

    body: Graph
    length: int | None
    carried: int = 0
    sliced: int = 0
    stacked: int = 0
    condition: Graph | None = None
    counted: bool = False
    reverse: bool = False
    save: bool = False

    name = "loop"

    @property
    def graphs(self) -> tuple[Graph, ...]:
        return (self.body,) if self.condition is None else (self.body, self.condition)

    def with_graphs(self, change: Callable[[Graph], Graph]) -> Loop:
        """The loop with its body, and its condition where there is one, changed."""
        condition = self.condition
        return replace(self, body=change(self.body), condition=None if condition is None else change(condition))

    @property
    def batch(self) -> bool:
        """Whether its trips are independent of each other, and their number is fixed."""
        return self.carried == 0 and not self.free

    @property
    def free(self) -> bool:
        """Whether the number of its trips is found only as it runs."""
        return self.counted or self.condition is not None

    def results(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        outputs = tuple(self.body.kinds[output] for output in self.body.outputs)
        states = outputs[: self.carried]
        parts = outputs[self.carried : self.carried + self.stacked]
        sums = outputs[self.carried + self.stacked :]
        saved = states if self.save else ()
        trips = () if self.condition is None else (NUMBER,)
        return (*states, *map(self.stack, parts), *sums, *map(self.stack, saved), *trips)

    def stack(self, kind: Kind) -> tuple[int, ...]:
        """The kind of an array of what each trip has of this kind."""
        assert kind is not None
        length = UNKNOWN if self.free else self.length
        assert length is not None
        return (length, *kind)


@dataclass(frozen=True, slots=True)
class Branch(Stored):
    """One of two graphs with the same inputs and kinds of outputs: the first where the first operand holds.

    That operand is a predicate; the others are the inputs of both.
    """

    then: Graph
    otherwise: Graph

    name = "branch"

    @property
    def graphs(self) -> tuple[Graph, ...]:
        return (self.then, self.otherwise)

    def with_graphs(self, change: Callable[[Graph], Graph]) -> Branch:
        """The branch with both sides changed."""
        return Branch(change(self.then), change(self.otherwise))

    def results(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return tuple(self.then.kinds[output] for output in self.then.outputs)


OnArrays = Element | Pack | View | Place | Reshape | Positions | Sum | Gather | Scatter
Operation = Primitive | OnArrays | Guard | Loop | Branch


def kind_of_row(row: Primitive, kinds: Iterable[Kind]) -> Kind:
    """The kind of what a row computes from operands of these kinds."""
    for kind in kinds:
        if kind:
            return kind
    return PREDICATE if row.predicate else NUMBER


def results_of(operation: Operation, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    """The kinds of what an operation computes from operands of these kinds."""
    if isinstance(operation, Primitive):
        return (kind_of_row(operation, kinds),)
    return operation.results(kinds)


@dataclass(frozen=True)
class Graph(Stored):
    """A program in flat arrays.

    Attributes
    - `kinds`: the kind of every value;
    - `inputs`: how many of the first values are inputs;
    - `constants`: the values after them: floats, bools, and `ConstantArray`s;
    - `operations` and `operands`: the steps, in order, each with the values that it takes;
    - `outputs`: the values that are returned.
    """

    kinds: tuple[Kind, ...]
    inputs: int
    constants: tuple[Any, ...]
    operations: tuple[Operation, ...]
    operands: tuple[tuple[int, ...], ...]
    outputs: tuple[int, ...]

    name = "graph"

    def steps(self) -> Iterator[tuple[Operation, tuple[int, ...], range]]:
        """Each operation, with its operands and with the values that it makes."""
        first = self.inputs + len(self.constants)
        for operation, operands in zip(self.operations, self.operands):
            if type(operation) is Primitive:
                count = 1
            else:
                count = len(results_of(operation, tuple(self.kinds[operand] for operand in operands)))
            yield operation, operands, range(first, first + count)
            first += count

    @cached_property
    def size(self) -> int:
        """The number of steps, those of the bodies included."""
        return len(self.operations) + sum(
            body.size
            for operation in self.operations
            if isinstance(operation, Loop | Branch)
            for body in operation.graphs
        )

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """What two graphs have in common that are the same program; it tells 0.0 from -0.0."""
        constants = tuple(struct.pack("d", item) if type(item) is float else item for item in self.constants)
        return self.kinds, self.inputs, constants, self.operations, self.operands, self.outputs

    @cached_property
    def _hash(self) -> int:
        return hash(self.key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Graph) and self._hash == other._hash and self.key == other.key)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """The state in a pickle of 0.1.0."""
        for name, item in zip(("kinds", "inputs", "constants", "operations", "operands", "outputs"), state):
            object.__setattr__(self, name, item)

    def __str__(self) -> str:
        return "\n".join(_lines(self, ""))


@dataclass(frozen=True)
class ConstantArray(Stored):
    """An array of numbers that is part of the program, in row-major order."""

    data: bytes
    shape: tuple[int, ...]

    name = "array"

    @cached_property
    def numbers(self) -> array[float]:
        return array("d", self.data)

    def __repr__(self) -> str:
        return f"array{self.shape}"


def place_of(index: tuple[int, ...], shape: tuple[int, ...]) -> int:
    """The place of an element in row-major order."""
    place = 0
    for i, length in zip(index, shape):
        place = place * length + i
    return place


def repeating(own: tuple[int, ...], shape: tuple[int, ...]) -> View:
    """The view of an array of a shape of its own, or of a number, that broadcasts it to another."""
    before = len(shape) - len(own)
    kept = [axis >= before and own[axis - before] == n for axis, n in enumerate(shape)]
    axes = tuple([axis - before if same else -1 for axis, same in enumerate(kept)])
    return View(shape, axes, tuple(map(int, kept)), (0,) * len(own))


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The distance in elements between neighbours along each axis of an array that is stored row by row."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def is_history(kind: Kind) -> TypeGuard[tuple[int, ...]]:
    """Whether something of this kind is as long as a loop made trips."""
    return bool(kind) and kind[0] == UNKNOWN  # type: ignore[index]  # it is not None where it is true


def _described(kind: Kind) -> str:
    if is_history(kind):
        return f"history{kind[1:]}"
    return "predicate" if kind is None else f"array{kind}" if kind else "number"


def _lines(graph: Graph, indent: str) -> Iterator[str]:
    """The text of a graph, a step in each line."""
    for value in range(graph.inputs):
        yield f"{indent}%{value} = input: {_described(graph.kinds[value])}"
    for value, constant in enumerate(graph.constants, graph.inputs):
        yield f"{indent}%{value} = {constant!r}"
    for operation, operands, results in graph.steps():
        names = ", ".join(f"%{value}" for value in results)
        taken = ", ".join(f"%{value}" for value in operands)
        yield f"{indent}{names}{' = ' if names else ''}{_title(operation)}({taken})"
        if isinstance(operation, Loop | Branch):
            for body in operation.graphs:
                yield f"{indent}  {{"
                yield from _lines(body, indent + "    ")
                yield f"{indent}  }}"
    yield f"{indent}return {', '.join(f'%{value}' for value in graph.outputs)}"


def _title(operation: Operation) -> str:
    """The operation with its parameters."""
    if isinstance(operation, Element):
        return f"element{list(operation.index)}"
    if isinstance(operation, Guard):
        return f"guard {operation.outcome}"
    if isinstance(operation, Pack):
        return f"pack{operation.shape}"
    if isinstance(operation, View | Place):
        view = operation.view if isinstance(operation, Place) else operation
        return f"{operation.name} shape={view.shape} axes={view.axes} steps={view.steps} starts={view.starts}"
    if isinstance(operation, Reshape):
        return f"reshape{operation.shape}"
    if isinstance(operation, Positions):
        return f"positions{operation.shape} axis={operation.axis}"
    if isinstance(operation, Sum):
        return f"sum axis={operation.axis}"
    if isinstance(operation, Scatter):
        return "scatter adds" if operation.adds else "scatter"
    if isinstance(operation, Loop):
        flags = [flag for flag in ("counted", "reverse", "save") if getattr(operation, flag)]
        return " ".join([f"loop length={operation.length} carried={operation.carried} sliced={operation.sliced} "
                         f"stacked={operation.stacked}", *flags])
    return operation.name
