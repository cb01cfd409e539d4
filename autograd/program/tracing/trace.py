"""One recording: its nodes, the branches that its function takes, and the graph that comes of it.

The bodies of loops, batches and branches have a trace of their own, inside the trace around them. An operation belongs
to the innermost trace among those of its operands, so that what does not change in a loop is computed before it. What
a body takes from around it becomes one of its inputs: it is captured.

A comparison gives a predicate. `bool()` of one, as in an `if`, takes one way: in the outermost trace the way of the
numbers for which the function is being recorded, with a guard in the graph; in a body both ways, one after the other,
and `where` chooses between their results.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, cast

from autograd.engine.recording import current, tracing
from autograd.engine.value import Value
from autograd.engine.watching import level_of_the_caller
from autograd.errors import TraceError
from autograd.primitives import table
from autograd.primitives.row import Primitive, real
from autograd.program.graph import NUMBER, PREDICATE, Branch, ConstantArray, Graph, Guard, Kind, Loop, Operation
from autograd.program.tracing.applied import Applied, Result
from autograd.program.tracing.memory import Memory
from autograd.program.tracing.messages import reasons_told
from autograd.program.tracing.operators import install_operators
from autograd.program.tracing.traced import Leaked, Traced, leaked, make, record

_MOST_PATHS = 64  # through the body of one loop or batch
_MOST_GUARDS = 10_000  # in one recording
_MANY = 50_000  # operations of a recording that were perhaps not meant to be one by one
_UNROLLED = (
    f"{_MANY:,} operations are recorded by now, each of which takes time to compile: a Python loop over numbers is "
    "recorded trip by trip; compute with whole arrays, or by vmap, scan or fori_loop, which are one step each"
)


class LoopFound(BaseException):
    """A function takes a branch in a loop that can be one of the program: it is to be recorded once more."""


class InexactError(Exception):
    """A whole number in a loop of Python's passed 2**53: the loop is to be gone through trip by trip."""


class Asked(BaseException):
    """An outcome was asked for where none is to be given."""


class Untraceable(TraceError):
    """A function that cannot be recorded, and has to be called as it is."""


@contextmanager
def rules_within_reach() -> Iterator[None]:
    """Around a sweep in a recording, where a rule of the user's may close over a number of a body.

    It knows that of the body's first recording alone, and is applied outside of the body, or when it is recorded again.
    """
    try:
        yield
    except Leaked as error:
        raise Untraceable("the rule of a primitive closes over a number of the body in which it was made") from error


class Trace:
    """One recording: of a whole function, or of a body inside another recording.

    `evaluate` gives the outcome of a predicate, for the outermost trace, beyond those in `ahead`, with which the way
    through the function begins.
    """

    arrays: Any = None  # what NumPy's functions are on arrays: tracing/arrays.py, which stands above, puts it here

    def __init__(
        self,
        parent: Trace | None = None,
        branch: bool = False,
        evaluate: Callable[[Traced], bool] | None = None,
        ahead: tuple[bool, ...] = (),
        memory: Memory | None = None,
        loops: Any = None,
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
        self.tables: dict[tuple[ConstantArray, type], Traced] = {}
        self.decided: dict[int, bool] = {}
        self.path: list[tuple[Traced, bool]] = []
        self.bounds: dict[Any, tuple[Any, Guard]] = {}  # of a body: predicates that must not hold, for the trace around
        self.ahead = ahead
        # How much memory the way back through the loops of the program may take.
        self.memory: Memory = parent.memory if parent is not None else memory or Memory()
        # Of loops of Python's: whether no outcome is to be given, nothing is to be changed, and those being recorded.
        self.silent = self.watched = False
        self.loops_around: set[Any] = set()
        self.exact: Callable[[Any], None] | None = None  # what is told of a number whose last digits count
        self.loops: Any = parent.loops if parent is not None else loops  # what is told of the branches in loops
        self.reasons: dict[int, str] = {}  # why loops are gone through trip by trip, by their lines
        self.open = True

    # What a node is made of.

    def input(self, kind: Kind, sort: type = float) -> Traced:
        node = make(self, None, (), kind, None, sort)
        self.inputs.append(node)
        return node

    def capture(self, node: Traced) -> Traced:
        """The input of this trace that stands for a node of a trace around it."""
        node = node.itself
        if node.trace is self:
            return node
        local = self.captured.get(id(node))
        if local is not None:
            return local
        if self.parent is None:
            raise leaked([node])
        outer = self.parent.capture(node)
        local = self.captured.get(id(outer))
        if local is None:
            if outer.kind is PREDICATE:  # only numbers and arrays go into a body
                truth = (outer, self.parent.constant(1.0), self.parent.constant(0.0))
                number = self.capture(self.parent.append(table.where, truth, NUMBER))
                local = self.append(table.not_equal, (number, self.constant(0.0)), PREDICATE)
            else:
                local = self.input(outer.kind, outer.sort)
                self.outside.append(outer)
            self.captured[id(outer)] = local
        self.captured[id(node)] = local
        return local

    def lift(self, value: Value) -> Traced:
        """The node for a Value that is not of this recording: an input, or a constant where the function made it."""
        root = self.chain[0]
        known = root.lifted.get(id(value))
        if known is None:
            if value._recording.trace is not None:
                node = make(root, None, (), NUMBER, value._number)
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

    def constant_array(self, item: ConstantArray, sort: type = float) -> Traced:
        """The node for an array of numbers that are known."""
        root = self.chain[0]
        node = root.tables.get((item, sort))
        if node is None:
            node = root.tables[item, sort] = make(root, None, (), item.shape, item, sort)
        return node

    def append(self, operation: Any, operands: tuple[Any, ...], kind: Any, sort: type = float) -> Traced:
        key = (operation, *map(id, operands))
        if sort is not float and kind is not PREDICATE:
            key = (sort, *key)
        node: Traced | None = self.shared.get(key)
        if node is None:
            node = self.shared[key] = make(self, operation, operands, kind, None, sort)
            self.nodes.append(node)
            if len(self.nodes) == _MANY:
                warnings.warn(_UNROLLED, RuntimeWarning, level_of_the_caller())
        return node

    def adopt(self, node: Value) -> Traced:
        """The step that computes what a Value of the program outside was computed for here."""
        assert node._primitive is not None
        _, *numbers = node._record
        return record(node._primitive, [n if op is None else op for op, n in zip(node._inputs, numbers)])

    @staticmethod
    def _apply_primitive(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        return Traced._apply_primitive(primitive, operands)

    def fresh(self, item: Any) -> Traced:
        """A node of its own, equal to the given number or node, for a transform to differentiate with respect to it."""
        if not isinstance(item, Value):
            return make(self, None, (), NUMBER, real(item))
        node = self.capture(item if isinstance(item, Traced) else self.lift(item))
        copy = make(self, table.identity, (node,), node.kind)
        self.nodes.append(copy)
        copy.name = item.name
        return copy

    @staticmethod
    def untraceable(reason: str) -> Untraceable:
        return Untraceable(reason)

    # Branches that the function takes.

    def decide(self, predicate: Traced) -> bool:
        innermost: Trace | None = current().trace
        if innermost is None or self not in innermost.chain:
            raise leaked([predicate])
        known = self.decided.get(id(predicate))
        if known is not None:
            return known
        if self.chain[0].silent:
            raise Asked
        if len(self.path) >= _MOST_GUARDS:
            cure = f"write the loop with while_loop{self.told()}"
            raise Untraceable(f"it took more than {_MOST_GUARDS:,} branches: {cure}")
        if self.loops is not None:
            self.loops.meet(_callers_frame())
        if self.evaluate is not None:
            given = len(self.path) < len(self.ahead)
            outcome = self.ahead[len(self.path)] if given else self.evaluate(predicate)
            self.guard(predicate, outcome)
        else:
            outcome = self.ahead[len(self.path)] if len(self.path) < len(self.ahead) else False
        self.decided[id(predicate)] = outcome
        self.path.append((predicate, outcome))
        return outcome

    def ask(self, frame: FrameType) -> None:
        """Note that Python cannot go on here. Raises `LoopFound` where it could once the loops are taken apart."""
        if self.loops is not None:
            self.loops.meet(frame, again=False)

    def told(self) -> str:
        """Why each loop that was met is not recorded as one."""
        root = self.chain[0]
        return reasons_told(root.reasons if root.loops is None else {**root.loops.reasons, **root.reasons})

    def guard(self, predicate: Any, outcome: bool) -> None:
        """Record that the program goes on only where the predicate has this outcome."""
        self.nodes.append(make(self, Guard(outcome), (predicate,), PREDICATE))

    def bound(self, breached: Any, guard: Guard) -> None:
        """Record that the program fails where this predicate holds: here, or where the body in which it stands ran."""
        if self.parent is None:
            self.nodes.append(make(self, guard, (self.capture(breached),), PREDICATE))
            return
        breached = self.capture(self.taken(breached))
        self.bounds.setdefault(id(breached), (breached, guard))

    def taken(self, predicate: Any = True) -> Any:
        """Whether a predicate holds, and of a body also that its numbers go the way that is being recorded, so far."""
        for asked, outcome in self.path if self.parent is not None else ():
            predicate = table.logical_and(predicate, asked if outcome else table.logical_not(asked))
        return predicate

    def explore(self, function: Callable[[], list[Any]], choose: Callable[[Any, Any, Any], Any]) -> list[Any]:
        """What `function` returns, over all ways that it can take: a list of nodes and numbers.

        `choose(predicate, x, y)` joins what two ways returned.

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
                if self.loops is not None:
                    self.loops.meet_all()
                raise Untraceable(
                    f"one way through the body of a loop or batch raised {error!r}: let it give nan there, and raise "
                    f"outside{self.told()}"
                ) from error
            found.append((self.path, result))
            outcomes = tuple(outcome for _, outcome in self.path)
            pending += [(*outcomes[:i], not outcomes[i]) for i in range(len(self.ahead), len(outcomes))]
            if len(found) + len(pending) > _MOST_PATHS:
                raise Untraceable(
                    f"there are more than {_MOST_PATHS} ways through the body of a loop or batch: write its loops with "
                    f"while_loop, and its branches with cond or where{self.told()}"
                )
        with tracing(self):
            return _merged(found, 0, choose)

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
            if isinstance(node._primitive, Result):
                continue
            for operand in node.operands:
                if not isinstance(operand, Traced) or operand._primitive is None:
                    value(operand)
        for output in outputs:
            if not isinstance(output, Traced) or output._primitive is None:
                keep.append(output)
                value(output)
        kinds += [kind_of_constant(constant) for constant in constants]
        operations: list[Operation] = []
        operands: list[tuple[int, ...]] = []
        for node in self.nodes:
            step = node._primitive
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
        self.tables.clear()
        self.bounds.clear()
        self.path.clear()


def _callers_frame() -> FrameType:
    """The frame of the function that asked for an outcome, which is the first that is none of ours."""
    frame: FrameType = sys._getframe(2)
    while frame.f_globals is globals() or frame.f_globals.get("__name__", "").startswith(_OURS):
        assert frame.f_back is not None
        frame = frame.f_back
    return frame


_OURS = ("autograd.program.tracing.", "autograd.compiler.python_loops.")


def kind_of_constant(constant: Any) -> Kind:
    if isinstance(constant, ConstantArray):
        return constant.shape
    return PREDICATE if type(constant) is bool else NUMBER


def _merged(
    found: list[tuple[list[tuple[Traced, bool]], list[Any]]], depth: int, choose: Callable[[Any, Any, Any], Any]
) -> list[Any]:
    """The results of several paths, chosen between by the predicates on which they part."""
    if len(found) == 1:
        return found[0][1]
    predicate = found[0][0][depth][0]
    holds = _merged([item for item in found if item[0][depth][1]], depth + 1, choose)
    fails = _merged([item for item in found if not item[0][depth][1]], depth + 1, choose)
    if len(holds) != len(fails):
        raise TraceError("the branches of an `if` in a loop or batch return different structures")
    return [x if x is y else choose(predicate, x, y) for x, y in zip(holds, fails)]


install_operators()
