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
from autograd.pickles import reduced
from autograd.primitives import table
from autograd.primitives.row import Primitive

_new = object.__new__


class Node:
    """The fields of a Value.

    A node is one object: operands and recorded floats stand in fields of its own, for a tuple more for each node would
    double the work of the garbage collector. `_inputs` and `_record` show them as tuples. A person sees `data`, `grad`,
    `parents` and their kin: what begins with an underscore is the engine's.
    """

    __slots__ = (
        "_number", "_grad", "_primitive", "_first", "_second", "_more", "_out", "_x", "_y", "_rest", "name",
        "_recording", "__weakref__",
    )

    _number: float  # not _data, for which numpy.ma asks
    _grad: Any  # None until a backward pass; a Value after one with create_graph
    _primitive: Primitive | None  # None at a leaf
    _first: Self | None  # the operands; None where one is a constant, or is not there
    _second: Self | None
    _more: tuple[Self | None, ...]  # those beyond the second
    _out: float  # the number when it was recorded, and those of the operands
    _x: Any
    _y: Any
    _rest: tuple[Any, ...]
    name: str
    _recording: Recording

    if NEEDED:
        __del__ = release

    @property
    def _inputs(self) -> tuple[Self | None, ...]:
        """The operands in order; None where one was a constant."""
        count = 0 if self._primitive is None else len(self._primitive.partials)
        return (self._first, self._second)[:count] + self._more

    @property
    def _record(self) -> tuple[Any, ...]:
        """The floats when the operation was recorded: (out, *operands)."""
        count = 0 if self._primitive is None else len(self._primitive.partials)
        return (self._out, self._x, self._y)[: count + 1] + self._rest

    def _arguments(self) -> tuple[Any, ...]:
        """The Value and its operands as a rule takes them, each with the float that was recorded."""
        return tuple(
            number if node is None else node if node._number is number else as_recorded(node, number)
            for node, number in zip((self, *self._inputs), self._record)
        )

    def __copy__(self) -> Self:
        copy: Self = _with_attributes(_rebuild([], type(self), *self._fields(self._inputs)), self)
        copy._grad = self._grad
        return copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        for node in topological_order([self]):
            if id(node) not in memo:
                inputs = tuple(None if operand is None else memo[id(operand)] for operand in node._inputs)
                memo[id(node)] = _with_attributes(_rebuild([], type(node), *node._fields(inputs)), node)
        result: Self = memo[id(self)]
        return result

    def __reduce_ex__(self, protocol: Any) -> Any:
        state = ancestors(self), type(self), *self._fields(self._inputs)
        return *reduced("value", *state), getattr(self, "__dict__", None)

    def _fields(self, inputs: tuple[Self | None, ...]) -> tuple[Any, ...]:
        """What a copy with these operands is made from."""
        # A gradient that is a Value leads to nodes computed from this one; a copy keeps its number.
        grad = self._grad._number if isinstance(self._grad, Node) else self._grad
        return self._number, inputs, self._record, self._primitive, self.name, self._recording.scope, grad


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
    node._number = node._out = out
    node._grad = None
    node._primitive = primitive
    node._first = first
    node._second = second
    node._x = x
    node._y = y
    node._more = more
    node._rest = rest
    node.name = ""
    node._recording = recording = current()
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
        node._recording = replace(recording, line=line_of_the_caller())
        check_value(node)
    if not recording.enabled:
        node._primitive = node._first = node._second = node._x = node._y = None
        node._more = node._rest = ()
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
    node._number, inputs, record, node._primitive, node.name, scope, node._grad = fields
    node._out, *numbers = record
    (node._first, node._second), (node._x, node._y) = two(inputs), two(numbers)
    node._more, node._rest = inputs[2:], tuple(numbers[2:])
    node._recording = Recording(scope=scope)
    return node
