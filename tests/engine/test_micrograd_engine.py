"""micrograd's two engine tests, with our Value; the expected numbers are computed exactly, by mpmath's derivative.

The expressions are those of micrograd's test/test_engine.py (MIT licence), which compares with PyTorch.
"""

from __future__ import annotations

import mpmath
import pytest

from autograd import Value


def relu(x):
    return x.relu() if isinstance(x, Value) else max(x, mpmath.mpf(0))


def sanity_check(x):
    z = 2 * x + 2 + x
    q = relu(z) + z * x
    h = relu(z * z)
    return h + q + q * x


def more_ops(a, b):
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + relu(b + a)
    d += 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


@pytest.mark.parametrize(
    ("function", "point"), [(sanity_check, (-4.0,)), (more_ops, (-4.0, 2.0))], ids=["sanity_check", "more_ops"]
)
def test_micrograds_expression(function, point):
    with mpmath.workdps(50):
        exact = tuple(map(mpmath.mpf, point))
        # b + a has its kink elsewhere, at b = -a: at (-4, 2) both relus are smooth.
        units = [tuple(int(i == j) for j in range(len(point))) for i in range(len(point))]
        expected = [mpmath.diff(function, exact, unit) for unit in units]
        value = function(*exact)
    operands = [Value(number) for number in point]
    out = function(*operands)
    out.backward()
    assert out.data == pytest.approx(float(value), rel=1e-15)
    for operand, gradient in zip(operands, expected):
        assert operand.grad == pytest.approx(float(gradient), rel=1e-14)


@pytest.mark.parametrize("x", [-1.0, 0.123, 2.0])
@pytest.mark.parametrize(("method", "function"), [(Value.tanh, mpmath.tanh), (Value.exp, mpmath.exp)])
def test_micrograds_unary_functions(method, function, x):
    v = Value(x)
    out = method(v)
    out.backward()
    with mpmath.workdps(50):
        assert out.data == pytest.approx(float(function(mpmath.mpf(x))), rel=4e-16)
        assert v.grad == pytest.approx(float(mpmath.diff(function, mpmath.mpf(x))), rel=1e-15)
