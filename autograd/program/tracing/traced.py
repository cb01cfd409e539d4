"""The nodes of a recording: Values without a number.

Every operation on one appends a step to its trace, unless the same step is there already: what is computed twice is one
node, so that a recording never grows to the size of what it shares. Since a Traced node is a Value, every transform
works on it, and a derivative is recorded like anything else.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from autograd.engine.recording import Recording, current
from autograd.engine.value import Value
from autograd.errors import ShapeError, TraceError
from autograd.primitives import table
from autograd.primitives.row import Primitive, real
from autograd.program.graph import NUMBER, PREDICATE, Kind, is_history, repeating
from autograd.program.tracing.absence import Maybe, where_absent
from autograd.program.tracing.applied import Applied

_new = object.__new__
_PLAIN = Recording()


class Traced(Value):
    """A Value without a number: a step of a recording."""

    __slots__ = ("trace", "kind", "operands", "item")

    _primitive: Any  # a row, or what is in applied.py
    trace: Any
    kind: Any
    operands: tuple[Any, ...]  # nodes of the same trace, and constants
    item: Any  # the number, of a constant
    sort: type = float  # what NumPy would have of it: float, int or bool; all are floats in the program
    _on_histories: Any  # what applies a row to histories: `structured`, which stands above, puts it here
    _elementwise: Any  # what applies a function to arrays of a recording: `arrays`, which stands above, puts it here

    @property
    def _inputs(self) -> tuple[Any, ...]:
        return tuple(operand if isinstance(operand, Traced) else None for operand in self.operands)

    def _arguments(self) -> tuple[Any, ...]:
        return (self, *self.operands)

    def _no_number(self, *_: Any) -> Any:
        raise TraceError(
            "a Value of a function that is being compiled has no number: its data cannot be read, set, shown or drawn "
            "or turned into a float. Compute with the Value itself and autograd's functions (autograd.exp(v)), "
            "compare it in an `if` where you need a decision, and write it into an array of Values alone, as "
            "numpy.zeros_like(x) of one"
        )

    def _no_gradient(self, *_: Any) -> Any:
        raise TraceError(
            "a Value of a function that is being compiled has no gradient of its own: use autograd.grad or "
            "value_and_grad, inside the function or around it, in place of backward()"
        )

    def _no_whole_number(self) -> int:
        frame = sys._getframe(1)
        of_another = frame.f_code is Value.__index__.__code__  # a Value that the function closes over
        self.trace.ask(frame.f_back if of_another and frame.f_back else frame)  # for it may be the bound of a range
        raise TraceError(
            "a Value of a function that is being compiled is not a whole number that Python could count or index with: "
            "use fori_loop for the loop, where or cond for the choice, autograd.array(data)[i] for the element of a "
            f"list, or name the argument in jit's static_argnums{self.trace.told()}"
        )

    data = property(_no_number, _no_number)
    _number = _out = _record = property(_no_number)
    __float__ = __complex__ = __format__ = _no_number
    grad = property(_no_gradient, _no_gradient)
    backward = zero_grad = register_hook = _no_gradient  # type: ignore[assignment]  # all of them raise
    __index__ = __int__ = _no_whole_number

    def detach(self) -> Value:
        return record(table.stop_gradient, (self,))

    @staticmethod
    def _apply_primitive(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        if primitive is table.where and any(item is None or isinstance(item, Maybe) for item in operands):
            return where_absent(*operands)
        if primitive is table.where and not isinstance(operands[0], Value):
            return operands[1] if operands[0] else operands[2]
        return record(primitive, [op if isinstance(op, Value) or type(op) is bool else real(op) for op in operands])

    def __bool__(self) -> bool:
        assert not self.kind, "an array has no truth value"
        return bool(self.trace.decide(record(table.not_equal, (self, 0.0))))

    truth = False  # of a number

    @property
    def itself(self) -> Any:
        """The node of the recording, of what stands for one."""
        return self

    def __and__(self, other: Any) -> Any:
        return table.logical_and(self, other) if self.truth or self.kind else NotImplemented

    def __or__(self, other: Any) -> Any:
        return table.logical_or(self, other) if self.truth or self.kind else NotImplemented

    def __xor__(self, other: Any) -> Any:
        if not self.truth and not self.kind:
            return NotImplemented
        return table.logical_or(
            table.logical_and(self, table.logical_not(other)),
            table.logical_and(table.logical_not(self), other),
        )

    def __invert__(self) -> Any:
        if not self.truth and not self.kind:
            raise TypeError("bad operand type for unary ~: a number, not a truth: compare first")
        return table.logical_not(self)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __copy__(self) -> Any:
        return self.detach()  # through a copy no derivative passes

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self.detach()

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TraceError("a Value cannot be pickled while the function is being recorded for compilation")

    def __repr__(self) -> str:
        return f"Traced({self.name or (self._primitive.name if self._primitive is not None else 'input')})"

    __hash__ = object.__hash__


class Predicate(Traced):
    """What a comparison gives: a step whose value is True or False; in arithmetic 1.0 or 0.0, as Python's bool."""

    __slots__ = ()

    truth = True
    sort = bool

    def __bool__(self) -> bool:
        return bool(self.trace.decide(self))

    __hash__ = object.__hash__


class Truth(Traced):
    """An array of truths, each 1.0 or 0.0, or one of its elements: as NumPy's, which are added by `or`."""

    __slots__ = ()

    truth = True
    sort = bool


class Whole(Traced):
    """A whole number, or an array of them: exact up to 2**53, and never -0.0."""

    __slots__ = ()

    sort = int

    def __hash__(self) -> int:
        if str(sys._getframe(1).f_globals.get("__name__")).startswith("autograd."):  # where the node itself is meant
            return object.__hash__(self)
        raise TraceError(
            "a whole number of a function that is being compiled is no key of a dict and in no set, which would be "
            "looked up by its number: use autograd.array(data)[i], a list or a tuple, or where(i == key, x, y)"
            f"{self.trace.told()}"
        )


_CLASSES: dict[type, type[Traced]] = {float: Traced, int: Whole, bool: Truth}


def make(
    trace: Any, operation: Any, operands: tuple[Any, ...], kind: Any, item: Any = None, sort: type = float
) -> Traced:
    node: Traced = _new(Predicate if kind is PREDICATE else _CLASSES[sort])
    node.trace = trace
    node.kind = kind
    node.operands = operands
    node.item = item
    node._primitive = operation
    node._grad = None
    node.name = ""
    node._recording = _PLAIN
    nodes = [operand if isinstance(operand, Traced) else None for operand in operands]
    count = len(nodes)
    node._first = nodes[0] if count else None
    node._second = nodes[1] if count > 1 else None
    node._more = tuple(nodes[2:]) if count > 2 else ()
    return node


# Recording one operation.


def place_operands(operands: Sequence[Any], here: bool = False) -> tuple[Any, tuple[Any, ...]]:
    """The trace to which an operation belongs, and its operands as that trace knows them.

    It is the innermost trace of an operand; with `here`, the one that is recording.
    """
    innermost: Any = current().trace
    if innermost is None:
        raise leaked(operands)
    chain = innermost.chain
    trace = innermost if here else innermost.floor
    for operand in operands:
        if isinstance(operand, Traced):
            owner = operand.trace
            if owner is not trace:
                if owner.depth >= len(chain) or chain[owner.depth] is not owner:
                    raise leaked(operands)
                if owner.depth > trace.depth:
                    trace = owner
    items = []
    for operand in operands:
        if isinstance(operand, Traced):
            node = operand.itself
            items.append(node if node.trace is trace else trace.capture(node))
        elif isinstance(operand, Value):
            items.append(trace.capture(trace.lift(operand)))
        else:
            items.append(trace.constant(operand))
    return trace, tuple(items)


class Leaked(TraceError):
    """A node has outlived its recording."""


def leaked(operands: Iterable[Any]) -> Leaked:
    """The error that says that one of these nodes has outlived its recording."""
    what = next((operand for operand in operands if isinstance(operand, Traced)), None)
    name = f" {what.name!r}" if what is not None and what.name else ""
    return Leaked(
        f"the Value{name} belongs to a function that was being compiled, or to another loop's body, and has no number: "
        "return it from that function instead of keeping it in a variable outside"
    )


def record(primitive: Primitive, operands: Sequence[Any]) -> Traced:
    """The node of a row of the table applied to nodes and constants."""
    trace, items = place_operands(operands)
    if primitive is table.power and type(items[1]) is float and items[1] in (1.0, 2.0, 3.0):
        # A few products are the power to the bit or nearly, and so are their derivatives.
        base, exponent = items[0], items[1]
        result: Traced = base if exponent == 1.0 else base * base if exponent == 2.0 else base * base * base
        return result
    if primitive in _OF_LAST_DIGITS and (exact := trace.chain[0].exact) is not None:
        exact(items[0])
    shape = shape_of(items)
    if shape:
        if is_history(shape):
            history: Traced = Traced._on_histories(primitive, items)
            return history
        if 0 in shape:
            return filled(trace, 0.0, shape, bool if primitive.predicate else float)
        items = tuple([_spread(trace, item, shape) for item in items])
    elif primitive.predicate or primitive is table.where:
        items = _with_predicates(trace, primitive, items)
    sort = bool if primitive.predicate else getattr(items[0], "sort", float) if primitive in _SAME else float
    node: Traced = trace.append(primitive, items, shape or (PREDICATE if primitive.predicate else NUMBER), sort)
    if not current().enabled and primitive is not table.stop_gradient and not primitive.predicate:
        return record(table.stop_gradient, (node,))
    return node


_SAME = (table.identity, table.stop_gradient)
_OF_LAST_DIGITS = (table.remainder, table.floor_divide)


def shape_of(items: Sequence[Any]) -> tuple[int, ...]:
    """The shape of what a row computes from these operands by NumPy's broadcasting; () of numbers."""
    shape: tuple[int, ...] = ()
    for item in items:
        kind = kind_of(item)
        if kind and kind != shape:
            shape = broadcast_shape(shape, kind) if shape else kind
    return shape


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which all of these are broadcast. Raises: `ShapeError` where they do not fit together."""
    found: list[int] = []
    for axis in range(1, 1 + max(map(len, shapes), default=0)):
        lengths = {shape[-axis] for shape in shapes if len(shape) >= axis} - {1}
        if len(lengths) > 1:
            raise ShapeError(f"operands could not be broadcast together with shapes {' '.join(map(str, shapes))}")
        found.append(lengths.pop() if lengths else 1)
    return tuple(reversed(found))


def kind_of(item: Any) -> Kind:
    return item.kind if isinstance(item, Traced) else NUMBER


def filled(trace: Any, number: Any, shape: tuple[int, ...], sort: type = float) -> Traced:
    """The array that holds one number everywhere."""
    number = number if isinstance(number, Traced) else trace.constant(number)
    node: Traced = trace.append(Applied(repeating((), shape)), (number,), shape, sort)
    return node


def _spread(trace: Any, item: Any, shape: tuple[int, ...]) -> Any:
    """An operand of a row on arrays of this shape: an array of it, or a constant."""
    kind = kind_of(item)
    if kind == shape:
        return item
    if not isinstance(item, Traced) and not kind:
        return trace.constant(float(item))
    if kind is PREDICATE:
        item, kind = _with_predicates(trace, table.add, (item,))[0], NUMBER
    assert kind is not None
    return trace.append(Applied(repeating(kind, shape)), (item,), shape)


def _with_predicates(trace: Any, primitive: Primitive, items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The operands with a predicate where one is expected, and a number where one is not."""
    if primitive is table.where:
        expected = [True, False, False]
    else:
        expected = [primitive.native.llvm in ("and", "or", "xor")] * len(items)
    return tuple(
        trace.append(table.not_equal, (item, trace.constant(0.0)), PREDICATE)
        if wanted and is_number(item)
        else record(table.where, (item, 1.0, 0.0))
        if not wanted and isinstance(item, Predicate)
        else trace.constant(float(item))
        if not wanted and type(item) is bool
        else item
        for item, wanted in zip(items, expected)
    )


def is_number(item: Any) -> bool:
    return type(item) is float or (isinstance(item, Traced) and not isinstance(item, Predicate))
