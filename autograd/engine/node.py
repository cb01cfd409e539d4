"""`Node`: what a Value is made of, apart from its arithmetic: the fields, how one is made, copied and pickled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self, TypeVar

from autograd.engine.copying import ancestors
from autograd.engine.recording import Recording, current
from autograd.engine.release import NEEDED, release
from autograd.engine.sweep import topological_order
from autograd.engine.watching import check_value, line_of_the_caller
from autograd.primitives import table
from autograd.primitives.row import Primitive

_new = object.__new__


class Node:
    """The fields of a Value.

    A node is one object: operands and recorded floats stand in fields of its own, for a tuple more for each node would
    double the work of the garbage collector. `inputs` and `record` show them as tuples.
    """

    __slots__ = (
        "_number", "_grad", "primitive", "first", "second", "more", "out", "x", "y", "rest", "name", "recording",
        "__weakref__",
    )

    _number: float  # not _data, which numpy.ma takes for the contents of an array
    _grad: Any  # None until a backward pass; a Value after one with create_graph
    primitive: Primitive | None  # None at a leaf
    first: Self | None  # the operands; None where one is a constant, or is not there
    second: Self | None
    more: tuple[Self | None, ...]  # those beyond the second
    out: float  # the number when it was recorded, and those of the operands
    x: Any
    y: Any
    rest: tuple[Any, ...]
    name: str
    recording: Recording

    if NEEDED:
        __del__ = release

    @property
    def inputs(self) -> tuple[Self | None, ...]:
        """The operands in order; None where one was a constant."""
        count = 0 if self.primitive is None else len(self.primitive.partials)
        return (self.first, self.second)[:count] + self.more

    @property
    def record(self) -> tuple[Any, ...]:
        """The floats when the operation was recorded: (out, *operands)."""
        count = 0 if self.primitive is None else len(self.primitive.partials)
        return (self.out, self.x, self.y)[: count + 1] + self.rest

    def arguments(self) -> tuple[Any, ...]:
        """The Value and its operands as a rule takes them, each with the float that was recorded."""
        return tuple(
            number if node is None else node if node._number is number else as_recorded(node, number)
            for node, number in zip((self, *self.inputs), self.record)
        )

    def __copy__(self) -> Self:
        copy: Self = _with_attributes(_rebuild([], type(self), *self._fields(self.inputs)), self)
        copy._grad = self._grad
        return copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        for node in topological_order([self]):
            if id(node) not in memo:
                inputs = tuple(None if operand is None else memo[id(operand)] for operand in node.inputs)
                memo[id(node)] = _with_attributes(_rebuild([], type(node), *node._fields(inputs)), node)
        result: Self = memo[id(self)]
        return result

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild, (ancestors(self), type(self), *self._fields(self.inputs)), getattr(self, "__dict__", None)

    def _fields(self, inputs: tuple[Self | None, ...]) -> tuple[Any, ...]:
        """What a copy with these operands is made from."""
        # A gradient that is a Value leads to nodes computed from this one; a copy keeps its number.
        grad = self._grad._number if isinstance(self._grad, Node) else self._grad
        return self._number, inputs, self.record, self.primitive, self.name, self.recording.scope, grad


N = TypeVar("N", bound=Node)


def make_node(
    kind: type[N],
    primitive: Primitive,
    first: N | None,
    second: N | None,
    out: float,
    x: Any,
    y: Any,
    more: tuple[N | None, ...] = (),
    rest: tuple[Any, ...] = (),
) -> N:
    """The node that `primitive` computed; made without a call of `__init__`, which checks what a person passes."""
    node: N = _new(kind)
    node._number = node.out = out
    node._grad = None
    node.primitive = primitive
    node.first = first
    node.second = second
    node.x = x
    node.y = y
    node.more = more
    node.rest = rest
    node.name = ""
    node.recording = recording = current()
    if not recording.plain:
        return _not_plain(node, recording)
    return node


def _not_plain(node: N, recording: Recording) -> N:
    """Under `no_grad` a result is a leaf; under `detect_anomaly` it knows its line, and is looked at.

    In a function that is recorded for compilation the result is a step of the recording.
    """
    if recording.trace is not None:
        step: N = recording.trace.adopt(node)
        return step
    if recording.anomaly:
        node.recording = replace(recording, line=line_of_the_caller())
        check_value(node)
    if not recording.enabled:
        node.primitive = node.first = node.second = node.x = node.y = None
        node.more = node.rest = ()
    return node


def as_recorded(node: Node, number: float) -> Any:
    """`node` as it was when its data was `number`."""
    return make_node(type(node), table.identity, node, None, number, number, None)


def two(items: Sequence[Any]) -> tuple[Any, Any]:
    """The first two, or None in their place."""
    return (*items[:2], None, None)[:2]


def _with_attributes(copy: Any, original: Node) -> Any:
    """The copy, with what a subclass keeps beside the fields of a node."""
    if hasattr(original, "__dict__"):
        vars(copy).update(vars(original))
    return copy


def _rebuild(_: list[Node], kind: type[Node], *fields: Any) -> Any:
    """A node from its fields and its gradient; the first argument is only there to be pickled before."""
    node = _new(kind)
    node._number, inputs, record, node.primitive, node.name, scope, node._grad = fields
    node.out, *numbers = record
    (node.first, node.second), (node.x, node.y) = two(inputs), two(numbers)
    node.more, node.rest = inputs[2:], tuple(numbers[2:])
    node.recording = Recording(scope=scope)
    return node
