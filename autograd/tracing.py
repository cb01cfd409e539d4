"""Recording a function for compilation: its operations go into a graph, and no number is computed.

The function is called on `Traced` nodes. Every operation on one appends a step to its trace, unless the same step is
there already: what is computed twice is one node, so that a recording never grows to the size of what it shares. A
Traced node is a Value, so every transform works on it, and a derivative is recorded like anything else.

The bodies of loops, batches and branches have a trace of their own, inside the trace around them. An operation belongs
to the innermost trace among those of its operands, so that what does not change in a loop is computed before it. What
a body takes from around it becomes one of its inputs: it is captured.

A comparison gives a predicate. `bool()` of one, as in an `if`, takes one way: in the outermost trace the way of the
numbers for which the function is being recorded, with a guard in the graph; in a body both ways, one after the other,
and `where` chooses between their results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from autograd import primitives
from autograd.errors import TraceError
from autograd.graph import (
    NUMBER,
    PREDICATE,
    Branch,
    ConstantArray,
    Element,
    Graph,
    Guard,
    Kind,
    Loop,
    Operation,
    results_of,
)
from autograd.recording import Recording, current, tracing
from autograd.rows import Primitive, real
from autograd.value import Value

_MOST_PATHS = 64  # through the body of one loop or batch
_MOST_GUARDS = 10_000  # in one recording

_new = object.__new__


class Untraceable(TraceError):
    """A function that cannot be recorded, and has to be called as it is."""


class Trace:
    """One recording: of a whole function, or of a body inside another recording.

    `evaluate` gives the outcome of a predicate, for the outermost trace.
    """

    def __init__(
        self, parent: Trace | None = None, branch: bool = False, evaluate: Callable[[Traced], bool] | None = None
    ) -> None:
        self.parent = parent
        self.chain: tuple[Trace, ...] = (self,) if parent is None else (*parent.chain, self)
        self.depth = len(self.chain) - 1
        # Nothing is moved out of a branch, which may never run.
        self.floor: Trace = self if branch or parent is None else parent.floor
        self.evaluate = evaluate
        self.nodes: list[Traced] = []
        self.inputs: list[Traced] = []
        self.captured: dict[int, Traced] = {}
        self.outside: list[Traced] = []  # what was captured, in order; the local nodes end `inputs`
        self.lifted: dict[int, tuple[Value, Traced]] = {}
        self.shared: dict[Any, Any] = {}
        self.constants: dict[Any, Any] = {}
        self.decided: dict[int, bool] = {}
        self.path: list[tuple[Traced, bool]] = []
        self.ahead: tuple[bool, ...] = ()  # the outcomes that this path through a body begins with
        self.open = True

    # What a node is made of.

    def input(self, kind: Kind) -> Traced:
        node = _make(self, None, (), kind)
        self.inputs.append(node)
        return node

    def capture(self, node: Traced) -> Traced:
        """The input of this trace that stands for a node of a trace around it."""
        if node.trace is self:
            return node
        local = self.captured.get(id(node))
        if local is None:
            assert self.parent is not None
            outer = self.parent.capture(node)
            if outer.kind is PREDICATE:  # only numbers and arrays go into a body
                number = self.input(NUMBER)
                self.outside.append(record(primitives.where, (outer, 1.0, 0.0)))
                local = self.append(primitives.not_equal, (number, self.constant(0.0)), PREDICATE)
            else:
                local = self.input(outer.kind)
                self.outside.append(outer)
            self.captured[id(node)] = local
        return local

    def lift(self, value: Value) -> Traced:
        """The node for a Value that is not of this recording: an input, or a constant where the function made it."""
        root = self.chain[0]
        known = root.lifted.get(id(value))
        if known is None:
            if value.recording.trace is not None:
                node = _make(root, None, (), NUMBER, value._number)
            else:
                node = root.input(NUMBER)
            root.lifted[id(value)] = known = value, node
        return known[1]

    def constant(self, item: Any) -> Any:
        """The one object that stands for this number in the trace."""
        key = item if item and item == item else (repr(item), type(item))  # 0.0 and -0.0, True and 1.0, and nan
        if type(item) is bool:
            key = repr(item)
        return self.constants.setdefault(key, item)

    def append(self, operation: Any, operands: tuple[Any, ...], kind: Any) -> Traced:
        key = (operation, *map(id, operands))
        node: Traced | None = self.shared.get(key)
        if node is None:
            node = self.shared[key] = _make(self, operation, operands, kind)
            self.nodes.append(node)
        return node

    def adopt(self, node: Value) -> Traced:
        """The step that computes what a Value of the program outside was computed for here."""
        assert node.primitive is not None
        _, *numbers = node.record
        return record(node.primitive, [n if op is None else op for op, n in zip(node.inputs, numbers)])

    @staticmethod
    def apply_primitive(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        return Traced.apply_primitive(primitive, operands)

    def fresh(self, item: Any) -> Traced:
        """A node of its own, equal to the given one, for a transform to differentiate with respect to it."""
        if hasattr(item, "node"):  # an arrays.TracedArray
            return self.fresh_array(item.node)
        if not isinstance(item, Value):
            return _make(self, None, (), NUMBER, real(item))
        node = self.capture(item if isinstance(item, Traced) else self.lift(item))
        copy = _make(self, primitives.identity, (node,), node.kind)
        self.nodes.append(copy)
        return copy.named(item.name)

    def fresh_array(self, item: Any) -> Traced:
        if not isinstance(item, Traced):
            node = _make(self, None, (), item.shape, item)
        else:
            node = _make(self, primitives.identity, (self.capture(item),), item.kind)
            self.nodes.append(node)
        return node

    @staticmethod
    def shown(node: Any) -> Any:
        """A node as a function sees it: one of an array as an array."""
        return _rules["shown"](node) if isinstance(node, Traced) and node.kind else node

    @staticmethod
    def is_number(item: Any) -> bool:
        """Whether it is a number, and not a predicate."""
        return _is_number(item)

    @staticmethod
    def zeros(node: Traced) -> Any:
        """The zeros in the place of an array, as a function sees it."""
        return _rules["zeros"](node)

    @staticmethod
    def untraceable(reason: str) -> Untraceable:
        return Untraceable(reason)

    # Branches that the function takes.

    def decide(self, predicate: Traced) -> bool:
        known = self.decided.get(id(predicate))
        if known is not None:
            return known
        if self.evaluate is not None:
            outcome = self.evaluate(predicate)
            self.nodes.append(_make(self, Guard(outcome), (predicate,), PREDICATE))
            if len(self.path) >= _MOST_GUARDS:
                raise Untraceable(f"it took more than {_MOST_GUARDS:,} branches: write the loop with while_loop")
        else:
            outcome = self.ahead[len(self.path)] if len(self.path) < len(self.ahead) else False
        self.decided[id(predicate)] = outcome
        self.path.append((predicate, outcome))
        return outcome

    def explore(self, function: Callable[[], list[Any]]) -> list[Any]:
        """What `function` returns, over all ways that it can take: a list of nodes and numbers.

        Raises: `Untraceable` where there are too many of them, or one of them fails.
        """
        pending: list[tuple[bool, ...]] = [()]
        found: list[tuple[list[tuple[Traced, bool]], list[Any]]] = []
        while pending:
            self.ahead = pending.pop()
            self.path, self.decided = [], {}
            try:
                with tracing(self):
                    result = function()
            except TraceError:
                raise
            except Exception as error:
                if not found and not self.path:
                    raise
                raise Untraceable(f"one way through the body of a loop or batch raised {error!r}") from error
            found.append((self.path, result))
            outcomes = tuple(outcome for _, outcome in self.path)
            pending += [(*outcomes[:i], not outcomes[i]) for i in range(len(self.ahead), len(outcomes))]
            if len(found) + len(pending) > _MOST_PATHS:
                raise Untraceable(
                    f"there are more than {_MOST_PATHS} ways through the body of a loop or batch: write its loops with "
                    "while_loop, and its branches with cond or where"
                )
        with tracing(self):
            return _merged(found, 0)

    # The graph.

    def graph(self, outputs: Sequence[Any], inputs: Sequence[Traced | Kind] | None = None) -> Graph:
        """The recorded program. `inputs` are this trace's own, in order; a kind in place of one that is not used."""
        kinds: list[Kind] = []
        number: dict[int, int] = {}
        for item in self.inputs if inputs is None else inputs:
            if isinstance(item, Traced):
                number[id(item)] = len(kinds)
                kinds.append(item.kind)
            else:
                kinds.append(item)
        count = len(kinds)
        constants: list[Any] = []

        def value(operand: Any) -> int:
            found = number.get(id(operand))
            if found is None:
                item = operand.item if isinstance(operand, Traced) else self.constant(operand)
                if item is None:
                    raise AssertionError(f"{operand!r} is not of this trace")
                found = number.get(id(item))
                if found is None:
                    found = number[id(item)] = count + len(constants)
                    constants.append(item)
                number[id(operand)] = found
            return found

        keep: list[Any] = [self.constants]  # ids stay valid while the objects live
        for node in self.nodes:
            if isinstance(node.primitive, Result):
                continue
            for operand in node.operands:
                if not isinstance(operand, Traced) or operand.primitive is None:
                    value(operand)
        for output in outputs:
            if not isinstance(output, Traced) or output.primitive is None:
                keep.append(output)
                value(output)
        kinds += [_kind_of(constant) for constant in constants]
        operations: list[Operation] = []
        operands: list[tuple[int, ...]] = []
        for node in self.nodes:
            step = node.primitive
            if isinstance(step, Result):
                number[id(node)] = number[id(node.operands[0])] + step.index
                continue
            number[id(node)] = len(kinds)
            operations.append(cast(Operation, step.operation if isinstance(step, Applied) else step))
            operands.append(tuple(number[id(operand)] for operand in node.operands))
            if isinstance(operations[-1], Loop | Branch):
                kinds += node.kind
            elif not isinstance(step, Guard):
                kinds.append(node.kind)
        return Graph(
            tuple(kinds), count, tuple(constants), tuple(operations), tuple(operands), tuple(map(value, outputs))
        )

    def close(self) -> None:
        """Forget everything, so that what leaked out of the function holds no memory."""
        self.open = False
        self.nodes.clear()
        self.captured.clear()
        self.shared.clear()
        self.lifted.clear()


def _kind_of(constant: Any) -> Kind:
    if isinstance(constant, ConstantArray):
        return constant.shape
    return PREDICATE if type(constant) is bool else NUMBER


def _merged(found: list[tuple[list[tuple[Traced, bool]], list[Any]]], depth: int) -> list[Any]:
    """The results of several paths, chosen between by the predicates on which they part."""
    if len(found) == 1:
        return found[0][1]
    predicate = found[0][0][depth][0]
    holds = _merged([item for item in found if item[0][depth][1]], depth + 1)
    fails = _merged([item for item in found if not item[0][depth][1]], depth + 1)
    if len(holds) != len(fails):
        raise TraceError("the branches of an `if` in a loop or batch return different structures")
    return [x if x is y else choose(predicate, x, y) for x, y in zip(holds, fails)]


def choose(predicate: Any, x: Any, y: Any) -> Any:
    """x where the predicate holds, y elsewhere; of predicates, too."""
    if isinstance(x, bool | Predicate) and isinstance(y, bool | Predicate):
        return (predicate & x) | (~predicate & y)
    return primitives.where(predicate, x, y)


class Applied:
    """What made the node of an operation with several results; its rules are in structured.py."""

    partials: tuple[Any, ...] = ()

    def __init__(self, operation: Element | Loop | Branch | Any) -> None:
        self.operation = operation
        self.symbol = self.name = operation.name

    def __hash__(self) -> int:
        return hash(self.operation)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Applied) and self.operation == other.operation

    def pull(self, node: Traced, cotangent: Any, active: Any) -> Iterable[tuple[Traced, Any]]:
        return cast(Iterable[tuple[Traced, Any]], _rules["pull"](node, cotangent, active))

    def push(self, node: Traced, tangents: Any) -> Any:
        return _rules["push"](node, tangents)


_rules: dict[str, Callable[..., Any]] = {}  # set by structured.py, which stands above


class Result:
    """One of the results of an operation that has several."""

    partials: tuple[Any, ...] = ()
    symbol = name = "result"

    def __init__(self, index: int) -> None:
        self.index = index

    def pull(self, node: Traced, cotangent: Any, active: Any) -> Iterable[tuple[Traced, Any]]:
        return [(node.operands[0], Bundle({self.index: cotangent}))]

    def push(self, node: Traced, tangents: Any) -> Any:
        return tangents[node.operands[0]].parts.get(self.index)


class Bundle:
    """The derivatives that belong to the results of one operation, by their places."""

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: Bundle) -> Bundle:
        parts = dict(self.parts)
        for index, part in other.parts.items():
            parts[index] = parts[index] + part if index in parts else part
        return Bundle(parts)


def apply(operation: Element | Loop | Branch | Any, operands: Sequence[Any], here: bool = True) -> list[Traced]:
    """Record an operation that is no row, and return the nodes of its results.

    It is recorded in the current trace; without `here`, in the innermost trace of its operands, as a row is.
    """
    trace, items = _place(operands, here)
    kinds = tuple(item.kind if isinstance(item, Traced) else _kind_of(item) for item in items)
    results = results_of(operation, kinds)
    if not isinstance(operation, Loop | Branch):
        return [trace.append(Applied(operation), items, results[0])]
    node = trace.append(Applied(operation), items, results)
    found: list[Traced] | None = trace.shared.get(id(node))
    if found is None:
        found = [_make(trace, Result(i), (node,), kind) for i, kind in enumerate(results)]  # type: ignore[arg-type]
        trace.nodes += found
        trace.shared[id(node)] = found
    return found


def _place(operands: Sequence[Any], here: bool = False) -> tuple[Trace, tuple[Any, ...]]:
    """The trace to which an operation belongs, and its operands as that trace knows them."""
    innermost: Trace | None = current().trace
    if innermost is None:
        raise _leaked(operands)
    chain = innermost.chain
    trace = innermost if here else innermost.floor
    for operand in operands:
        if isinstance(operand, Traced):
            owner = operand.trace
            if owner is not trace:
                if owner.depth >= len(chain) or chain[owner.depth] is not owner:
                    raise _leaked(operands)
                if owner.depth > trace.depth:
                    trace = owner
    items = []
    for operand in operands:
        if isinstance(operand, Traced):
            items.append(operand if operand.trace is trace else trace.capture(operand))
        elif isinstance(operand, Value):
            items.append(trace.capture(trace.lift(operand)))
        else:
            items.append(trace.constant(operand))
    return trace, tuple(items)


def _leaked(operands: Iterable[Any]) -> TraceError:
    what = next((operand for operand in operands if isinstance(operand, Traced)), None)
    name = f" {what.name!r}" if what is not None and what.name else ""
    return TraceError(
        f"the Value{name} belongs to a function that was being compiled, or to another loop's body, and has no number: "
        "return it from that function instead of keeping it in a variable outside"
    )


def record(primitive: Primitive, operands: Sequence[Any]) -> Traced:
    """The node of a row of the table applied to nodes and constants."""
    trace, items = _place(operands)
    if primitive is primitives.power and type(items[1]) is float and items[1] in (1.0, 2.0, 3.0):
        # A few products are the power to the bit or nearly, and so are their derivatives.
        base, exponent = items[0], items[1]
        result: Traced = base if exponent == 1.0 else base * base if exponent == 2.0 else base * base * base
        return result
    if primitive.predicate or primitive is primitives.where:
        items = _with_predicates(trace, primitive, items)
    node = trace.append(primitive, items, PREDICATE if primitive.predicate else NUMBER)
    if not current().enabled and primitive is not primitives.stop_gradient and not primitive.predicate:
        return record(primitives.stop_gradient, (node,))
    return node


def _with_predicates(trace: Trace, primitive: Primitive, items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The operands with a predicate where one is expected, and a number where one is not."""
    if primitive is primitives.where:
        expected = [True, False, False]
    else:
        expected = [primitive.native.llvm in ("and", "or", "xor")] * len(items)
    return tuple(
        trace.append(primitives.not_equal, (item, trace.constant(0.0)), PREDICATE)
        if wanted and _is_number(item)
        else record(primitives.where, (item, 1.0, 0.0))
        if not wanted and isinstance(item, Predicate)
        else trace.constant(float(item))
        if not wanted and type(item) is bool
        else item
        for item, wanted in zip(items, expected)
    )


def _is_number(item: Any) -> bool:
    return type(item) is float or (isinstance(item, Traced) and not isinstance(item, Predicate))


class Traced(Value):
    """A Value without a number: a step of a recording."""

    __slots__ = ("trace", "kind", "operands", "item")

    trace: Trace
    kind: Any
    operands: tuple[Any, ...]  # nodes of the same trace, and constants
    item: Any  # the number, of a constant

    @property
    def inputs(self) -> tuple[Any, ...]:
        return tuple(operand if isinstance(operand, Traced) else None for operand in self.operands)

    def arguments(self) -> tuple[Any, ...]:
        return (self, *self.operands)

    @property
    def data(self) -> float:
        raise TraceError(
            "`.data` was read while the function was being recorded for compilation, where a Value has no number: "
            "compute with the Value itself, and compare it in an `if` where you need a decision"
        )

    @data.setter
    def data(self, number: Any) -> None:
        raise TraceError("the data of a Value cannot be set while the function is being recorded for compilation")

    record = data

    def backward(self, seed: float = 1.0, create_graph: bool = False) -> None:
        raise TraceError("backward() is not for compiled functions: use autograd.grad or value_and_grad inside or around")

    def detach(self) -> Value:
        return record(primitives.stop_gradient, (self,))

    @staticmethod
    def apply_primitive(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        if primitive is primitives.where and any(item is None or isinstance(item, Maybe) for item in operands):
            return _where_absent(*operands)
        if primitive is primitives.where and not isinstance(operands[0], Value):
            return operands[1] if operands[0] else operands[2]
        return record(primitive, [op if isinstance(op, Value) or type(op) is bool else real(op) for op in operands])

    def __bool__(self) -> bool:
        return self.trace.decide(record(primitives.not_equal, (self, 0.0)))

    def __copy__(self) -> Traced:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Traced:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TraceError("a Value cannot be pickled while the function is being recorded for compilation")

    def __repr__(self) -> str:
        return f"Traced({self.name or (self.primitive.name if self.primitive is not None else 'input')})"

    __hash__ = object.__hash__


class Predicate(Traced):
    """What a comparison gives: a step whose value is True or False; in arithmetic 1.0 or 0.0, as Python's bool."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return self.trace.decide(self)

    def __and__(self, other: Any) -> Any:
        return primitives.logical_and(self, other)

    def __or__(self, other: Any) -> Any:
        return primitives.logical_or(self, other)

    def __xor__(self, other: Any) -> Any:
        return primitives.logical_or(
            primitives.logical_and(self, primitives.logical_not(other)),
            primitives.logical_and(primitives.logical_not(self), other),
        )

    def __invert__(self) -> Any:
        return primitives.logical_not(self)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__
    __hash__ = object.__hash__


def _make(trace: Trace, operation: Any, operands: tuple[Any, ...], kind: Any, item: Any = None) -> Traced:
    node: Traced = _new(Predicate if kind is PREDICATE else Traced)
    node.trace = trace
    node.kind = kind
    node.operands = operands
    node.item = item
    node.primitive = operation
    node._grad = None
    node.name = ""
    node.recording = _PLAIN
    nodes = [operand if isinstance(operand, Traced) else None for operand in operands]
    count = len(nodes)
    node.first = nodes[0] if count else None
    node.second = nodes[1] if count > 1 else None
    node.more = tuple(nodes[2:]) if count > 2 else ()
    return node


_PLAIN = Recording()


# Value's operators, on nodes that have no number.


def _unary(primitive: Primitive) -> Callable[[Any], Any]:
    def method(self: Any) -> Any:
        return record(primitive, (_as_operand(self),))

    method.__doc__ = primitive.summary
    return method


def _binary(primitive: Primitive) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    def forward(self: Any, other: Any) -> Any:
        if type(other) is Traced and type(self) is Traced and self.trace is other.trace:
            recording = current()
            if recording.trace is self.trace and recording.enabled:  # the quick way to a step that is there already
                found = self.trace.shared.get((primitive, id(self), id(other)))
                if found is not None:
                    return found
        if type(other) is not float and type(other) is not Traced:
            if isinstance(other, Maybe):
                return NotImplemented
            other = _as_operand(other)
            if other is NotImplemented:
                return NotImplemented
        return record(primitive, (_as_operand(self), other))

    def reflected(self: Any, other: Any) -> Any:
        other = _as_operand(other)
        if other is NotImplemented:
            return NotImplemented
        return record(primitive, (other, _as_operand(self)))

    forward.__doc__ = reflected.__doc__ = primitive.summary
    return forward, reflected


def _as_operand(operand: Any) -> Any:
    """A node that is a number, or a float; NotImplemented for another type, as in value.py."""
    if isinstance(operand, Predicate):
        return record(primitives.where, (operand, 1.0, 0.0))
    if isinstance(operand, Value):
        return operand
    try:
        return real(operand)
    except TypeError:
        if isinstance(operand, str | bytes | list | tuple):
            raise
        return NotImplemented


def _install_operators() -> None:
    """Each method of Value that applies a row, on Traced nodes."""
    operators = {
        "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power", "mod": "remainder",
        "floordiv": "floor_divide",
    }
    for name, row in operators.items():
        forward, reflected = _binary(primitives.TABLE[row])
        setattr(Traced, f"__{name}__", forward)
        setattr(Traced, f"__r{name}__", reflected)
    comparisons = {
        "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
    }
    for name, row in comparisons.items():
        setattr(Traced, f"__{name}__", _binary(primitives.TABLE[row])[0])
    for name, row in {"neg": "negative", "abs": "absolute", "floor": "floor", "ceil": "ceil"}.items():
        setattr(Traced, f"__{name}__", _unary(primitives.TABLE[row]))
    for name, primitive in primitives.TABLE.items():
        if callable(getattr(Value, name, None)):
            count = len(primitive.partials)
            setattr(Traced, name, _unary(primitive) if count == 1 else _binary(primitive)[0])
    aliases = {
        "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh",
        "arctanh": "atanh", "arctan2": "atan2", "fabs": "absolute",
    }
    for name, row in aliases.items():
        primitive = primitives.TABLE[row]
        setattr(Traced, name, _unary(primitive) if len(primitive.partials) == 1 else _binary(primitive)[0])


_install_operators()


# Derivatives that may be absent.


class Maybe:
    """A derivative that is structurally absent where the predicate `live` does not hold.

    Eagerly an absent derivative is None. Here it is known only when the program runs, so a select stands where a sum
    meets it: -0.0 can be added to any number without changing it.
    """

    __slots__ = ("value", "live")

    def __init__(self, value: Any, live: Any) -> None:
        self.value, self.live = value, live

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Maybe):
            return Maybe(self.value * other.value, both(self.live, other.live))
        return Maybe(self.value * other, self.live)

    def __rmul__(self, other: Any) -> Any:
        return Maybe(other * self.value, self.live)

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Maybe):
            return Maybe(self.or_zero(-0.0) + other.or_zero(-0.0), primitives.logical_or(self.live, other.live))
        return self.or_zero(-0.0) + other

    def __radd__(self, other: Any) -> Any:
        return other + self.or_zero(-0.0)

    def settled(self) -> Any:
        return self.or_zero()

    def or_zero(self, zero: float = 0.0) -> Any:
        """The derivative, with zero where it is absent."""
        return primitives.where(self.live, self.value, zero)

    @staticmethod
    def apply_primitive(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        assert primitive is primitives.where, primitive
        return _where_absent(*operands)


def both(a: Any, b: Any) -> Any:
    return a if a is b else primitives.logical_and(a, b)


def _where_absent(condition: Any, x: Any, y: Any) -> Any:
    """`where` of derivatives that may be absent, None or Maybe."""
    if not isinstance(condition, Value):
        return x if condition else y
    if x is None and y is None:
        return None
    x_value, x_live = _taken_apart(x)
    y_value, y_live = _taken_apart(y)
    value = y_value if x is None else x_value if y is None else primitives.where(condition, x_value, y_value)
    live = primitives.logical_or(
        primitives.logical_and(condition, x_live), primitives.logical_and(primitives.logical_not(condition), y_live)
    ) if not (x_live is True and y_live is False) and not (x_live is False and y_live is True) else (
        condition if x_live else primitives.logical_not(condition)
    )
    return Maybe(value, live)


def _taken_apart(derivative: Any) -> tuple[Any, Any]:
    if derivative is None:
        return None, False
    return (derivative.value, derivative.live) if isinstance(derivative, Maybe) else (derivative, True)


