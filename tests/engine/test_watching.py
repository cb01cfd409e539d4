"""no_grad, detect_anomaly and hooks: what a person asks for, and nothing where they do not."""

from __future__ import annotations

import math
import threading
import weakref

import pytest

from autograd import (
    AnomalyError,
    Value,
    backward,
    detect_anomaly,
    exp,
    grad,
    jvp,
    log,
    no_grad,
    primitive,
    scope,
    sqrt,
)


def test_no_grad_makes_leaves():
    x = Value(3.0)
    with no_grad():
        y = (x * x).exp()
        assert y.parents == ()
        assert y.op == ""
    z = x * y
    z.backward()
    assert x.grad == math.exp(9.0)
    assert (x * x).parents == (x, x)


def test_no_grad_ends_with_an_exception_and_keeps_the_scope():
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (Value(1.0) + 1).parents != ()
    with scope("a"), no_grad():
        assert (Value(1.0) + 1).scope == ("a",)


def test_no_grad_in_one_thread_is_not_seen_in_another():
    parents = []
    with no_grad():
        thread = threading.Thread(target=lambda: parents.append((Value(1.0) + 1).parents))
        thread.start()
        thread.join()
    assert len(parents[0]) == 1


def test_grad_works_inside_no_grad():
    with no_grad():
        assert grad(lambda x: x * x)(3.0) == 6.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: log(x), r"log gave -inf; log\(x = 0\.0\)"),
        (lambda x: 1 / x, r"divide gave inf; divide\(1\.0, x = 0\.0\)"),
        (lambda x: x / x, r"divide gave nan; divide\(x = 0\.0, x = 0\.0\)"),
        (lambda x: exp(x + 1000), r"exp gave inf; exp\(1000\.0\)"),
        (lambda x: sqrt(x - 1).named("root"), r"sqrt gave nan"),
    ],
)
def test_detect_anomaly_names_the_node_its_operands_and_the_line(make, message):
    with detect_anomaly(), pytest.raises(AnomalyError, match=message + r".* was made at .*test_watching\.py:\d+"):
        make(Value(0.0, name="x"))


def test_detect_anomaly_finds_a_gradient_that_turns_infinite():
    with detect_anomaly():
        x = Value(0.0, name="x")
        y = sqrt(x).named("y")
        with pytest.raises(AnomalyError, match=r"turned inf .* sqrt .* operand 1; y = sqrt\(x = 0\.0\) was made"):
            (2 * y).backward()
    assert not x.has_grad  # nothing was changed


def test_a_graph_made_outside_is_watched_but_its_lines_are_unknown():
    y = sqrt(Value(0.0))
    with detect_anomaly(), pytest.raises(AnomalyError, match="a line outside detect_anomaly"):
        y.backward()


def test_detect_anomaly_lets_what_came_in_infinite_pass():
    with detect_anomaly():
        assert (Value(math.inf) + 1).data == math.inf
        assert math.isnan((Value(math.nan) * 2).data)
        with pytest.raises(AnomalyError, match="subtract gave nan"):
            Value(math.inf) - math.inf


def test_arithmetic_is_quiet_outside():
    log(Value(0.0)).backward()


def test_detect_anomaly_works_through_transforms():
    with detect_anomaly(), pytest.raises(AnomalyError, match="gradient turned inf"):
        grad(sqrt)(0.0)
    with detect_anomaly():
        assert grad(sqrt)(4.0) == 0.25


def test_hooks_see_the_whole_gradient_of_a_pass_once():
    seen = []
    x = Value(3.0)
    y = x * x
    y.register_hook(seen.append)
    x.register_hook(seen.append)
    (y + 2 * y).backward()
    assert seen == [3.0, 18.0]
    (y + 2 * y).backward()
    assert seen == [3.0, 18.0, 3.0, 18.0]
    assert x.grad == 36.0


def test_what_a_hook_returns_is_passed_on():
    x = Value(3.0)
    y = x * x
    remove = y.register_hook(lambda gradient: gradient * 10)
    y.backward()
    assert (y.grad, x.grad) == (10.0, 60.0)
    remove()
    remove()
    x.zero_grad()
    y.backward()
    assert (y.grad, x.grad) == (1.0, 6.0)


def test_hooks_work_with_create_graph_and_go_with_their_value():
    x = Value(3.0)
    y = x * x
    y.register_hook(lambda gradient: gradient * 2)
    y.backward(create_graph=True)
    assert x.grad.data == 12.0
    gone = weakref.ref(y)
    del y
    x.zero_grad()
    assert gone() is None


def test_a_hook_is_a_function():
    with pytest.raises(TypeError, match="function of the gradient, not int"):
        Value(1.0).register_hook(3)


def test_create_graph_gives_gradients_that_are_values():
    x, y = Value(2.0), Value(3.0)
    z = x * x * y + 4 * y
    z.backward(create_graph=True)
    assert (x.grad.data, y.grad.data) == (12.0, 8.0)
    slope = x.grad
    x.zero_grad()
    y.zero_grad()
    slope.backward()
    assert (x.grad, y.grad) == (6.0, 4.0)  # ∂²z/∂x² = 2y, ∂²z/∂x∂y = 2x


def test_create_graph_gradients_of_leaves_add_up():
    x = Value(3.0)
    y = x * x
    y.backward(create_graph=True)
    y.backward(create_graph=True)
    assert x.grad.data == 12.0
    backward([y], [2.0])
    assert x.grad.data == 24.0
    x.zero_grad()


def test_create_graph_uses_the_floats_that_were_recorded():
    x = Value(3.0)
    y = x * x * x
    x.data = 100.0
    y.backward(create_graph=True)
    assert x.grad.data == 27.0
    second = x.grad
    x.zero_grad()
    second.backward()
    assert x.grad == 18.0


def test_a_primitive_of_the_users_own_works_in_every_way():
    import math as m

    bell = primitive("bell", lambda x: m.exp(-x * x), [lambda out, x: -2.0 * x * out], notation="∩")
    x = Value(0.5)
    y = bell(x)
    y.backward()
    assert y.op == "∩"
    assert x.grad == pytest.approx(-m.exp(-0.25), rel=1e-15)
    # (exp(-x²))'' = (4x² - 2) exp(-x²), ''' = (12x - 8x³) exp(-x²).
    assert grad(grad(bell))(0.5) == pytest.approx(-m.exp(-0.25), rel=1e-14)
    assert grad(grad(grad(bell)))(0.5) == pytest.approx(5.0 * m.exp(-0.25), rel=1e-14)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("not a name", math.exp, [1.0]), ValueError, "identifier"),
        (("f", 3, [1.0]), TypeError, "evaluate of f is a function"),
        (("f", math.exp, []), TypeError, "one entry for each argument"),
        (("f", math.exp, 1.0), TypeError, "one entry for each argument"),
        (("f", math.exp, ["x"]), TypeError, "str"),
    ],
)
def test_primitive_refuses_what_it_cannot_use(arguments, error, message):
    with pytest.raises(error, match=message):
        primitive(*arguments)
    with pytest.raises(ValueError, match="one pair"):
        primitive("f", math.exp, [1.0], domain=[(0.0, 1.0), (0.0, 1.0)])


def test_a_wrong_number_of_arguments_says_both_numbers():
    with pytest.raises(TypeError, match="exp takes 1 arguments, 2 were given"):
        exp(Value(1.0), 2.0)


def test_detect_anomaly_watches_forward_mode():
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"derivative turned inf in forward mode at sqrt"):
        jvp(sqrt, (0.0,), (1.0,))


def test_what_a_users_row_computes_is_a_float_or_refused():
    assert type(primitive("one", lambda x: 1, [0.0])(Value(2.0)).data) is float
    with pytest.raises(TypeError, match="complex"):
        primitive("root", lambda x: x**0.5, [1.0])(Value(-2.0))
    with pytest.raises(TypeError, match=r"the rule for argument 2 of f takes \(out, \*arguments\): 3 in all"):
        primitive("f", math.pow, [1.0, lambda x, y: x])
