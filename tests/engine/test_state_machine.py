"""Everything a person can do with Values, in random order, against plain book-keeping of what should come of it.

The book-keeping (`Entry`) knows of each node the floats that it was computed from, its data and its gradient. After
each step every node that can be reached is compared with its entry, and every other node must be gone, with the
collector off.
"""

from __future__ import annotations

import copy
import gc
import io
import math
import pickle
import weakref
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from strategies import examples

import autograd
from autograd import Value, no_grad, scope

_serial = count()


@dataclass(eq=False)
class Entry:
    """What should be true of one node."""

    data: float
    operation: str = ""
    operands: tuple[Entry | float, ...] = ()
    floats: tuple[float, ...] = ()  # of the operands, when the node was made
    recorded: float = 0.0  # its own value then
    grad: float | None = None
    size: float = 0.0  # of the gradient: the sum of the absolute values of its terms
    name: str = ""
    scope: tuple[str, ...] = ()
    serial: int = field(default_factory=lambda: next(_serial))

    def parents(self) -> list[Entry]:
        return [operand for operand in self.operands if isinstance(operand, Entry)]


def ancestry(entries: list[Entry]) -> list[Entry]:
    """The entries and all that they were computed from, the latest first."""
    found: dict[int, Entry] = {}
    waiting = list(entries)
    while waiting:
        entry = waiting.pop()
        if entry.serial not in found:
            found[entry.serial] = entry
            waiting += entry.parents()
    return [found[serial] for serial in sorted(found, reverse=True)]


def with_sign(number: float) -> tuple[float, float]:
    """What orders numbers, -0.0 below 0.0."""
    return number, math.copysign(1.0, number)


# name: (what a person writes, the float it gives, the partials from the floats; None on a side that is not taken)
Operation = tuple[Callable[..., Any], Callable[..., float], Callable[..., tuple[float | None, ...]]]
OPERATIONS: dict[str, Operation] = {
    "+": (lambda a, b: a + b, lambda a, b: a + b, lambda a, b: (1.0, 1.0)),
    "-": (lambda a, b: a - b, lambda a, b: a - b, lambda a, b: (1.0, -1.0)),
    "*": (lambda a, b: a * b, lambda a, b: a * b, lambda a, b: (b, a)),
    "/": (
        lambda a, b: a / b,
        lambda a, b: a / b if b else math.copysign(math.inf, a) * math.copysign(1.0, b) if a else math.nan,
        lambda a, b: (1 / b, -a / b / b),
    ),
    "max": (
        autograd.maximum, lambda a, b: max(a, b, key=with_sign),
        lambda a, b: (0.5, 0.5) if a == b else (1.0, None) if a > b else (None, 1.0),
    ),
    "min": (
        autograd.minimum, lambda a, b: min(a, b, key=with_sign),
        lambda a, b: (0.5, 0.5) if a == b else (1.0, None) if a < b else (None, 1.0),
    ),
    "where": (
        lambda a, b: autograd.where(a > b, a, b), lambda a, b: a if a > b else b,
        lambda a, b: (1.0, None) if a > b else (None, 1.0),
    ),
    "neg": (lambda a: -a, lambda a: -a, lambda a: (-1.0,)),
    "sin": (lambda a: a.sin(), math.sin, lambda a: (math.cos(a),)),
    "sqrt": (autograd.sqrt, lambda a: math.sqrt(a) if a >= 0 else math.nan, lambda a: (0.5 / math.sqrt(a),)),
    "relu": (lambda a: a.relu(), lambda a: a if a > 0 else 0.0, lambda a: (1.0 if a > 0 else None,)),
    "square": (lambda a: a**2, lambda a: a * a, lambda a: (2 * a,)),
    "stop": (autograd.stop_gradient, lambda a: a, lambda a: (None,)),
}
BINARY = ["+", "-", "*", "/", "max", "min", "where"]
UNARY = ["neg", "sin", "sqrt", "relu", "square", "stop"]

which = st.integers(0, 99)
number = st.one_of(st.integers(-3, 3).map(float), st.floats(-4.0, 4.0).filter(lambda x: x == 0.0 or abs(x) > 1e-3))
names = st.sampled_from(["", "x", "w1", 'a "quoted" <name>', "ä\n"])


class Values(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        gc.disable()
        self.held: list[tuple[Entry, Value]] = []  # what the person has a variable for
        self.made: list[tuple[Entry, weakref.ref[Value]]] = []

    def teardown(self) -> None:
        self.held.clear()
        try:
            assert [entry for entry, reference in self.made if reference() is not None] == []
        finally:
            gc.enable()

    def hold(self, entry: Entry, value: Value) -> None:
        self.made.append((entry, weakref.ref(value)))
        self.held.append((entry, value))
        if len(self.held) > 12:
            self.held.pop(0)

    def pick(self, i: int) -> tuple[Entry, Value]:
        return self.held[i % len(self.held)]

    @initialize(data=number)
    def start(self, data: float) -> None:
        self.hold(Entry(data, recorded=data), Value(data))

    @rule(data=number, name=names, inside=st.sampled_from([(), ("layer",), ("layer", "neuron")]))
    def make_a_leaf(self, data: float, name: str, inside: tuple[str, ...]) -> None:
        with scope(inside[0]) if inside else nullcontext(), scope(inside[1]) if len(inside) > 1 else nullcontext():
            value = Value(data, name=name)
        self.hold(Entry(data, recorded=data, name=name, scope=inside), value)

    def compute(self, operation: str, picked: list[tuple[Any, Any]], recorded: bool = True) -> None:
        """Apply an operation to pairs of an entry and its Value, or of a constant and itself."""
        write, evaluate, _ = OPERATIONS[operation]
        floats = tuple(entry.data if isinstance(entry, Entry) else entry for entry, _ in picked)
        data = evaluate(*floats)
        if not abs(data) < 1e6 or (operation in ("/", "sqrt") and abs(floats[-1]) < 1e-3):
            return
        operands = tuple(entry for entry, _ in picked)
        entry = Entry(data, operation, operands, floats, data) if recorded else Entry(data, recorded=data)
        with nullcontext() if recorded else no_grad():
            value = write(*(value for _, value in picked))
        self.hold(entry, value)

    @rule(operation=st.sampled_from(UNARY), i=which, recorded=st.sampled_from([True, True, True, False]))
    def compute_from_one(self, operation: str, i: int, recorded: bool) -> None:
        self.compute(operation, [self.pick(i)], recorded)

    @rule(operation=st.sampled_from(BINARY), i=which, j=which, recorded=st.sampled_from([True, True, True, False]))
    def compute_from_two(self, operation: str, i: int, j: int, recorded: bool) -> None:
        self.compute(operation, [self.pick(i), self.pick(j)], recorded)

    @rule(operation=st.sampled_from(BINARY[:-1]), i=which, constant=number, constant_first=st.booleans())
    def compute_with_a_constant(self, operation: str, i: int, constant: float, constant_first: bool) -> None:
        pair = [self.pick(i), (constant, constant)]
        self.compute(operation, pair[::-1] if constant_first else pair)

    @rule(i=which, constant=number)
    def add_in_place(self, i: int, constant: float) -> None:
        entry, value = self.pick(i)
        before = value
        value += constant
        assert value is not before
        data = entry.data + constant
        self.hold(Entry(data, "+", (entry, constant), (entry.data, constant), data), value)

    @rule(i=which, data=number)
    def change_data(self, i: int, data: float) -> None:
        entry, value = self.pick(i)
        value.data = entry.data = data
        if not entry.operands:
            entry.recorded = data

    @rule(i=which, name=names)
    def rename(self, i: int, name: str) -> None:
        entry, value = self.pick(i)
        assert value.named(name) is value
        entry.name = name

    @rule(i=which)
    def detach(self, i: int) -> None:
        entry, value = self.pick(i)
        self.hold(Entry(entry.data, recorded=entry.data, name=entry.name), value.detach())

    @rule(i=which)
    def zero_grad(self, i: int) -> None:
        entry, value = self.pick(i)
        value.zero_grad()
        for below in ancestry([entry]):
            below.grad, below.size = None, 0.0

    @rule(i=which, grad=st.one_of(st.none(), number))
    def set_grad(self, i: int, grad: float | None) -> None:
        entry, value = self.pick(i)
        value.grad = grad
        entry.grad, entry.size = grad, abs(grad or 0.0)

    @rule(i=which, seed=number)
    def backward(self, i: int, seed: float) -> None:
        entry, value = self.pick(i)
        value.backward(seed)
        accumulate([entry], [seed])

    @rule(outputs=st.lists(st.tuples(which, number), max_size=4))
    def backward_from_several(self, outputs: list[tuple[int, float]]) -> None:
        picked, seeds = [self.pick(i) for i, _ in outputs], [seed for _, seed in outputs]
        autograd.backward([value for _, value in picked], seeds)
        accumulate([entry for entry, _ in picked], seeds)

    @rule(i=which, seed=number)
    def differentiable_backward_of_a_copy(self, i: int, seed: float) -> None:
        entry, value = self.pick(i)
        entries, other = clones([entry]), copy.deepcopy(value)
        other.zero_grad()
        other.backward(seed, create_graph=True)
        clone = entries[entry]
        for below in ancestry([clone]):
            below.grad, below.size = None, 0.0
        accumulate([clone], [seed])
        for below, node in pairs([(clone, other)]):
            assert node.has_grad
            gradient = node.grad.data if isinstance(node.grad, Value) else node.grad
            assert abs(gradient - below.grad) <= 1e-12 * below.size
        other.zero_grad()  # the gradient of a leaf refers to the leaf

    @rule(i=which)
    def copy(self, i: int) -> None:
        entry, value = self.pick(i)
        fields = {name: getattr(entry, name) for name in entry.__dataclass_fields__ if name != "serial"}
        self.hold(Entry(**fields), copy.copy(value))

    @rule(chosen=st.lists(which, min_size=1, max_size=4))
    def deepcopy(self, chosen: list[int]) -> None:
        picked = [self.pick(i) for i in chosen]
        self.hold_clones(picked, copy.deepcopy([value for _, value in picked]))

    @rule(chosen=st.lists(which, min_size=1, max_size=4), protocol=st.integers(0, 5), in_python=st.booleans())
    def pickle(self, chosen: list[int], protocol: int, in_python: bool) -> None:
        picked = [self.pick(i) for i in chosen]
        buffer = io.BytesIO()
        pickler = pickle._Pickler if in_python else pickle.Pickler
        pickler(buffer, protocol).dump([value for _, value in picked])
        buffer.seek(0)
        self.hold_clones(picked, (pickle._Unpickler if in_python else pickle.Unpickler)(buffer).load())

    def hold_clones(self, picked: list[tuple[Entry, Value]], copies: list[Value]) -> None:
        entries = clones([entry for entry, _ in picked])
        for node_entry, node in pairs([(entries[entry], value) for (entry, _), value in zip(picked, copies)]):
            self.made.append((node_entry, weakref.ref(node)))
        for (entry, _), value in zip(picked, copies):
            self.held.append((entries[entry], value))
        del self.held[:-12]

    @precondition(lambda self: len(self.held) > 1)
    @rule(i=which)
    def drop(self, i: int) -> None:
        del self.held[i % len(self.held)]

    @invariant()
    def every_node_is_as_booked(self) -> None:
        for entry, node in pairs(self.held):
            assert same(node.data, entry.data)
            assert node.has_grad is (entry.grad is not None)
            assert abs(node.grad - (entry.grad or 0.0)) <= 1e-12 * entry.size
            assert (node.name, node.scope) == (entry.name, entry.scope)
            assert same(node._out, entry.recorded)
            assert bool(node) is (entry.data != 0.0)

    @invariant()
    def what_cannot_be_reached_is_gone(self) -> None:
        reachable = set(ancestry([entry for entry, _ in self.held]))
        for entry, reference in self.made:
            assert (reference() is not None) is (entry in reachable)
        self.made = [(entry, reference) for entry, reference in self.made if entry in reachable]


def same(a: float, b: float) -> bool:
    """Equal, and zeros of the same sign."""
    return a == b and math.copysign(1.0, a) == math.copysign(1.0, b)


def accumulate(outputs: list[Entry], seeds: list[float]) -> None:
    """Book a backward pass: leaves add to what they have, all others start afresh."""
    order = ancestry(outputs)
    passed: dict[Entry, tuple[float, float]] = {}  # the sum of the terms, and of their absolute values

    def add(entry: Entry, term: float, size: float) -> None:
        total, sizes = passed.get(entry, (0.0, 0.0))
        passed[entry] = total + term, sizes + size

    for entry, seed in zip(outputs, seeds):
        add(entry, seed, abs(seed))
    for entry in order:
        if entry in passed and entry.operands:
            total, size = passed[entry]
            partials = OPERATIONS[entry.operation][2](*entry.floats)
            for operand, partial in zip(entry.operands, partials):
                if isinstance(operand, Entry) and partial is not None:
                    add(operand, total * partial, size * abs(partial))
    for entry in order:
        total, size = passed.get(entry, (0.0, 0.0))
        if entry.operands:
            entry.grad, entry.size = total, size
        else:
            entry.grad, entry.size = (entry.grad or 0.0) + total, entry.size + size


def clones(entries: list[Entry]) -> dict[Entry, Entry]:
    """The book-keeping of a deep copy: a new entry for each, which share what the old ones shared."""
    made: dict[Entry, Entry] = {}
    for entry in reversed(ancestry(entries)):
        fields = {name: getattr(entry, name) for name in entry.__dataclass_fields__ if name != "serial"}
        fields["operands"] = tuple(made[o] if isinstance(o, Entry) else o for o in entry.operands)
        made[entry] = Entry(**fields)
    return made


def pairs(roots: list[tuple[Entry, Value]]) -> list[tuple[Entry, Value]]:
    """Each entry below the roots with its node; asserts that the two graphs have the same edges."""
    node_of: dict[Entry, Value] = {}
    entry_of: dict[Value, Entry] = {}
    waiting = list(roots)
    while waiting:
        entry, node = waiting.pop()
        assert node_of.setdefault(entry, node) is node
        assert entry_of.setdefault(node, entry) is entry
        parents = entry.parents()
        assert len(node.parents) == len(parents)
        for parent_entry, parent in zip(parents, node.parents):
            if parent_entry not in node_of:
                waiting.append((parent_entry, parent))
            else:
                assert node_of[parent_entry] is parent
    return list(node_of.items())


TestValues = Values.TestCase
TestValues.settings = examples(60, stateful_step_count=40)
