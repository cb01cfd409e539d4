"""What a recording's sweeps find where a rule of one's own computes with Values; against closed forms."""

import math

import pytest

from autograd import (
    Value,
    checkpoint,
    cos,
    custom_root,
    grad,
    hvp,
    jacfwd,
    jacrev,
    jit,
    jvp,
    no_grad,
    primitive,
    value_and_grad,
    vjp,
    vmap,
)


def with_slope(slope):
    return primitive("with_slope", lambda x: 2.0 * x, [lambda out, x: slope])


def root(row):
    return lambda p: custom_root(lambda r: r - row(p), 4.0, lambda f, x: x)


def pulled_twice(f):
    _, pullback = vjp(f, 2.0)
    pullback(1.0)
    return pullback(1.0)[0]


def pulled_late(f):
    """A plain backward pass goes first, and takes the number."""

    def function(x):
        y = f(x)
        y.backward()
        return y

    return grad(function)(2.0)


# What has a derivative of a row along its argument, whose rule says t³.
INNER = {
    "grad": lambda row: grad(lambda x: row(x))(2.0),
    "value_and_grad": lambda row: value_and_grad(row)(2.0)[1],
    "vjp": lambda row: vjp(row, 2.0)[1](1.0)[0],
    "vjp, twice": pulled_twice,
    "jvp": lambda row: jvp(lambda x: row(x), (2.0,), (1.0,))[1],
    "jacfwd": lambda row: jacfwd(row)(2.0),
    "jacrev": lambda row: jacrev(lambda x: [row(x), x])(2.0)[0],
    "vmap": lambda row: vmap(grad(row))([1.0, 2.0])[1],
    "checkpoint, grad": lambda row: grad(checkpoint(lambda x: row(x)))(2.0),
    "checkpoint, jvp": lambda row: jvp(checkpoint(checkpoint(lambda x: row(x))), (2.0,), (1.0,))[1],
    "checkpoint, late": lambda row: pulled_late(checkpoint(row)),
    "root, grad": lambda row: grad(root(row))(2.0),
    "root, jvp": lambda row: jvp(root(row), (2.0,), (1.0,))[1],
    "root, twice": lambda row: pulled_twice(root(row)),
    "root, late": lambda row: pulled_late(root(row)),
    "jit": lambda row: grad(jit(lambda x: row(x)))(2.0),
    "jit of grad": lambda row: jit(grad(row))(2.0),
    "beside others": lambda row: grad(lambda x: row(x) * 1.0 + cos(x) * 0.0)(2.0),
}
OUTER = {
    "grad": grad, "jacfwd": jacfwd, "jvp": lambda g: lambda t: jvp(g, (t,), (1.0,))[1],
    "vmap": lambda g: lambda t: vmap(grad(g))([t])[0], "checkpoint": lambda g: grad(checkpoint(g)),
}


@pytest.mark.parametrize("outer", OUTER)
@pytest.mark.parametrize("inner", INNER)
def test_a_derivative_passes_through_what_a_rule_closes_over(inner, outer):
    def slope(t):
        return INNER[inner](with_slope(t * t * t))

    assert slope(5.0) == 125.0
    assert OUTER[outer](slope)(5.0) == 75.0
    assert OUTER[outer](grad(slope))(5.0) == 30.0


@pytest.mark.parametrize("inner", ["grad", "jvp", "checkpoint, grad", "jacfwd"])
def test_so_it_does_compiled(inner):
    slope = jit(grad(lambda t: INNER[inner](with_slope(t * t * t))))
    assert slope(5.0) == 75.0


def test_a_rule_that_reads_a_values_attribute_is_followed_at_second_order():
    def g(t):
        row = primitive("by_value", lambda x: x * x, [lambda out, x: x * t])
        return hvp(lambda x: row(x), (2.0,), (1.0,))  # (x t)' = t

    assert (g(3.0), grad(g)(3.0), jacfwd(g)(3.0)) == (3.0, 1.0, 1.0)


def test_a_result_is_a_value_where_a_rule_uses_one_from_outside():
    w = Value(3.0)
    row = with_slope(w)
    for slope in (
        grad(row)(2.0), value_and_grad(row)(2.0)[1], jvp(row, (2.0,), (1.0,))[1], vjp(row, 2.0)[1](1.0)[0],
        grad(checkpoint(row))(2.0), jacfwd(root(row))(2.0),
    ):
        assert isinstance(slope, Value)
        assert slope is not w
        w.grad = None
        slope.backward()
        assert (slope.data, w.grad) == (3.0, 1.0)
    assert [type(item) for item in (value_and_grad(row)(2.0)[0], jvp(row, (2.0,), (1.0,))[0])] == [float, float]
    with no_grad():
        assert [grad(row)(2.0), jvp(row, (2.0,), (1.0,))[1], type(grad(row)(2.0))] == [3.0, 3.0, float]


def test_a_result_is_a_float_where_a_rule_uses_what_it_made_or_what_is_being_differentiated():
    own = primitive("own", lambda x: 2.0 * x, [lambda out, x: Value(2.0) * 1.0])
    by_x = grad(lambda x: primitive("by_x", math.sin, [lambda out, q: cos(q) * x])(0.5 * x))
    for f in (own, checkpoint(own), root(own)):
        assert [grad(f)(2.0), type(grad(f)(2.0)), type(jacfwd(f)(2.0))] == [2.0, float, float]
    assert [type(by_x(0.8)), type(grad(checkpoint(by_x))(0.8))] == [float, float]
    expected = 0.5 * math.cos(0.4) - 0.2 * math.sin(0.4)
    assert grad(checkpoint(by_x))(0.8) == pytest.approx(expected, rel=1e-14)


def test_a_backward_pass_takes_the_number_unless_it_makes_a_graph():
    w = Value(3.0)
    for f in (with_slope(w), checkpoint(with_slope(w)), root(with_slope(w))):
        x = Value(2.0)
        f(x).backward()
        assert (x.grad, type(x.grad), w.grad) == (3.0, float, 0.0)
        x.grad = None
        f(x).backward(create_graph=True)
        x.grad.backward()
        assert w.grad == 1.0
        w.grad = None
