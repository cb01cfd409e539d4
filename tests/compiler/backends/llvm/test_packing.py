"""Loops with packed states and sums compute what they did, to the bit."""

import numpy as np
import pytest

from autograd import cond, fori_loop, grad, jit, scan, sin, value_and_grad, vmap, while_loop
from autograd.compiler.backends import interpreter
from autograd.compiler.backends.llvm import packing
from autograd.compiler.calling import as_array

POINTS = np.linspace(-1.0, 1.0, 21)


def rotation(s):
    return [s[0] + 0.1 * s[1], s[1] - 0.1 * sin(s[0]), s[2] * 0.9 + s[0]]


PROGRAMS = {
    "loop": lambda x: fori_loop(0, 7, lambda i, s: rotation(s), [x, 0.5, i_am(x)]),
    "gradient": value_and_grad(lambda x: fori_loop(0, 7, lambda i, s: rotation(s), [x, 0.5, 1.0])[2]),
    "while": lambda x: while_loop(lambda s: s[0] < 3.0, lambda s: [s[0] + 0.7, s[1] * x], [x, 1.0]),
    "reverse while": grad(lambda x: while_loop(lambda s: s[0] < 3.0, lambda s: [s[0] + 0.7, s[1] * x], [x, 1.0], 9)[1]),
    "scan": lambda x: scan(lambda s, p: ([s[0] * x + p, s[1] - p], s[0] * p), [x, 1.0], POINTS),
    "batch": lambda x: vmap(lambda p: (sin(x * p), p * p, x - p), reduce="sum")(POINTS),
    "batch in a loop": lambda x: fori_loop(
        0, 3, lambda i, s: list(vmap(lambda p: (s[0] * p, s[1] + p), reduce="mean")(POINTS)), [x, 2.0]
    ),
    "branch": lambda x: cond(x > 0.2, lambda: fori_loop(0, 2, lambda i, s: [s[1], s[0] + x], [x, 1.0])[0], lambda: x),
    "computed count": lambda x: fori_loop(0, x * 10.0, lambda i, s: [s[0] + i, s[1] * 0.5], [0.0, x]),
}


def i_am(x):
    return x * x


def flat(outputs):
    return [number for out in outputs for number in (out.flat() if isinstance(out, interpreter.Array) else [out])]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_packed_loop_computes_the_same_bits(name, monkeypatch):
    monkeypatch.setattr(packing, "MANY", 1)
    f = jit(PROGRAMS[name], backend="interpreter")
    f(0.4)
    graph = f.graph
    packed = packing.packed(graph)
    assert packed != graph
    for x in (0.4, 0.3, 0.9):
        expected = interpreter.run(graph, [as_array(x)])
        assert list(map(float.hex, flat(interpreter.run(packed, [x])))) == list(map(float.hex, flat(expected)))


def test_a_few_states_stay_by_themselves():
    f = jit(PROGRAMS["loop"], backend="interpreter")
    f(0.4)
    assert packing.packed(f.graph) == f.graph


def test_many_states_are_one_array():
    f = jit(lambda x: fori_loop(0, 3, lambda i, s: [a * x for a in s], [float(i) for i in range(100)]))
    assert f(2.0) == [8.0 * i for i in range(100)]
    (loop,) = [operation for operation in packing.packed(f.graph).operations if operation.name == "loop"]
    assert (loop.carried, loop.body.kinds[1]) == (1, (100,))
