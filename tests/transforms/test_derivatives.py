"""grad and its kin: JAX's signatures, shapes kept, nesting right, and results that never lose a dependence."""

from __future__ import annotations

import asyncio
import math
import threading
from collections import namedtuple

import numpy as np
import pytest

import autograd
from autograd import (
    ShapeError,
    Value,
    checkpoint,
    cond,
    cos,
    custom_root,
    divide,
    exp,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    no_grad,
    sin,
    sqrt,
    stop_gradient,
    value_and_grad,
    vjp,
    vmap,
)


def rosenbrock(v):
    return (1 - v[0]) ** 2 + 100 * (v[1] - v[0] ** 2) ** 2


def test_grad_of_one_number_is_a_float():
    derivative = grad(lambda x: x**3)(2.0)
    assert type(derivative) is float
    assert derivative == 12.0


def test_grad_nests_to_any_order():
    f = grad(grad(grad(lambda x: x**5)))
    assert f(2.0) == pytest.approx(60 * 4.0, rel=1e-13)
    assert grad(grad(grad(grad(sin))))(0.3) == pytest.approx(math.sin(0.3), rel=1e-15)


def test_an_inner_derivative_is_not_confused_with_an_outer_one():
    # d/dx [x · d/dy (x·y)] = d/dx x² = 2x; Siskind and Pearlmutter's example, and one with both modes.
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert jvp(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1], (3.0,), (1.0,)) == (9.0, 6.0)
    assert grad(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1])(3.0) == 6.0
    assert jvp(lambda x: x * grad(lambda y: x * y)(2.0), (3.0,), (1.0,)) == (9.0, 6.0)


def test_derivatives_nest_rightly_in_threads_and_tasks():
    results = {}

    def work(k):
        results[k] = [grad(lambda x: x * grad(lambda y: x * y * k)(2.0))(3.0) for _ in range(50)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {k: [6.0 * k] * 50 for k in range(4)}

    async def task(k):
        def f(x):
            return x * grad(lambda y: x * y * k)(2.0)

        with no_grad():
            await asyncio.sleep(0)
            assert (Value(1.0) * 2).parents == ()
        await asyncio.sleep(0)
        assert (Value(1.0) * 2).parents != ()
        return grad(f)(3.0)

    async def main():
        return await asyncio.gather(*(task(k) for k in range(4)))

    assert asyncio.run(main()) == [0.0, 6.0, 12.0, 18.0]


def test_argnums_and_keyword_arguments():
    def f(x, y, scale=1.0):
        return x * y * y * scale

    assert grad(f, argnums=1)(2.0, 3.0) == 12.0
    assert grad(f, argnums=(1, 0))(2.0, 3.0, scale=2.0) == (24.0, 18.0)
    assert grad(f, argnums=-1)(2.0, 3.0) == 12.0
    with pytest.raises(TypeError, match="argument 2 .* called with 2 positional"):
        grad(f, argnums=2)(2.0, 3.0)


TRANSFORMS = [grad, value_and_grad, jacfwd, jacrev, jacobian, hessian]


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda transform: transform.__name__)
def test_an_argument_is_differentiated_once(transform):
    for twice in ((0, 0), [1, 1], (1, 0, 1), (0, -2), (-1, 1)):
        with pytest.raises(TypeError, match=r"differentiates argument [01] twice .*name each position once"):
            transform(lambda x, y: x * y, argnums=twice)(2.0, 3.0)
    # With a third argument -2 is another position than 0.
    assert grad(lambda x, y, z: x * y * z, argnums=(0, -2))(2.0, 3.0, 5.0) == (15.0, 10.0)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda transform: transform.__name__)
def test_argnums_are_whole_numbers(transform):
    for wrong in (True, (0, False), 1.0, (0, 1.0), "0", None, {0, 1}):
        with pytest.raises(TypeError, match="argnums is a position or several, whole numbers, not"):
            transform(lambda x, y: x * y, argnums=wrong)
    assert grad(lambda x, y: x * y, argnums=np.int64(1))(2.0, 3.0) == 2.0
    assert grad(lambda x, y: x * y, argnums=range(2))(2.0, 3.0) == (3.0, 2.0)


def test_value_and_grad_and_auxiliary_data():
    assert value_and_grad(lambda x: x * x)(3.0) == (9.0, 6.0)
    value, gradient = value_and_grad(lambda x: (x * x, {"twice": 2 * x}), has_aux=True)(3.0)
    assert (value, gradient) == ((9.0, {"twice": 6.0}), 6.0)
    assert type(value[1]["twice"]) is float
    assert grad(lambda x: (x * x, "note"), has_aux=True)(3.0) == (6.0, "note")
    with pytest.raises(TypeError, match="pair"):
        grad(lambda x: x, has_aux=True)(3.0)


def test_nests_come_back_in_their_shape():
    Point = namedtuple("Point", "x y")
    nest = {"w": [1.0, (2.0, 3.0)], "a": np.array([[1.0, 2.0]]), "p": Point(4.0, 5.0)}

    def f(n):
        return n["w"][0] * n["w"][1][0] * n["w"][1][1] + (n["a"] * n["a"]).sum() + n["p"].x * n["p"].y

    gradient = grad(f)(nest)
    assert gradient["w"] == [6.0, (3.0, 2.0)]
    assert gradient["a"].dtype == float
    assert gradient["a"].tolist() == [[2.0, 4.0]]
    assert gradient["p"] == Point(5.0, 4.0)
    assert isinstance(gradient["p"], Point)


def test_an_argument_that_does_not_matter_has_gradient_zero():
    assert grad(lambda x: 3.0)(1.0) == 0.0
    assert grad(lambda x, y: x, argnums=1)(1.0, 2.0) == 0.0
    assert jacfwd(lambda x: [x[0], 1.0])([1.0, 2.0]) == [[1.0, 0.0], [0.0, 0.0]]


def test_a_result_that_depends_on_a_value_from_outside_is_a_value():
    w = Value(3.0, name="w")
    slope = grad(lambda x: w * x * x)(2.0)
    assert isinstance(slope, Value)
    slope.backward()
    assert (slope.data, w.grad) == (12.0, 4.0)
    x = Value(2.0)
    second = grad(lambda t: t**3)(x)
    second.backward()
    assert (second.data, x.grad) == (12.0, 12.0)
    value, _ = value_and_grad(lambda t: t * w)(2.0)
    assert isinstance(value, Value)
    with no_grad():
        assert grad(lambda x: w * x * x)(2.0) == 12.0
        assert type(grad(lambda x: w * x * x)(2.0)) is float


def test_a_value_made_inside_the_function_is_a_constant():
    assert type(grad(lambda x: x * Value(2.0))(1.0)) is float


@pytest.mark.parametrize("jacobian_of", [jacfwd, jacrev, jacobian])
def test_jacobian_has_the_outputs_structure_with_the_inputs_inside(jacobian_of):
    result = jacobian_of(lambda x, y: {"a": x * y, "b": [x, y]}, argnums=(0, 1))(2.0, 3.0)
    assert result == {"a": (3.0, 2.0), "b": [(1.0, 0.0), (0.0, 1.0)]}
    x = np.array([2.0, 3.0])
    result = jacobian_of(lambda v: np.array([v[0] * v[1], v[1] ** 2, v[0]]))(x)
    assert result.tolist() == [[3.0, 2.0], [0.0, 6.0], [1.0, 0.0]]
    assert jacobian_of(lambda v: v.reshape(2, 1) * v)(x).shape == (2, 2, 2)


def test_hessian_of_rosenbrock():
    # By hand at (1.2, 1.1): [[1200 x² - 400 y + 2, -400 x], [-400 x, 200]].
    matrix = hessian(rosenbrock)([1.2, 1.1])
    assert np.array(matrix) == pytest.approx(np.array([[1290.0, -480.0], [-480.0, 200.0]]), rel=1e-13)
    assert hessian(rosenbrock)(np.array([1.2, 1.1])) == pytest.approx(np.array(matrix), rel=0)
    assert hvp(rosenbrock, ([1.2, 1.1],), ([1.0, 2.0],)) == pytest.approx([330.0, -80.0], rel=1e-12)


def test_hvp_with_several_arguments():
    # f = x² y: the Hessian at (2, 3) is [[6, 4], [4, 0]].
    assert hvp(lambda x, y: x * x * y, (2.0, 3.0), (1.0, 10.0)) == (46.0, 4.0)


def test_jvp_takes_a_tangent_of_exactly_zero_as_standing_still():
    assert jvp(lambda x, y: x**y, (-2.0, 3.0), (1.0, 0.0)) == (-8.0, 12.0)
    assert math.isnan(jvp(lambda x, y: x**y, (-2.0, 3.0), (1.0, 1e-300))[1])


def test_jvp_along_a_value():
    t = Value(0.0)
    _, derivative = jvp(lambda x: x * x, (3.0,), (t,))
    derivative.backward()
    assert (derivative.data, t.grad) == (0.0, 6.0)


def test_jvp_and_vjp_refuse_other_structures():
    with pytest.raises(ShapeError, match="tangents"):
        jvp(lambda x: x[0], ([1.0, 2.0],), ([1.0],))
    with pytest.raises(TypeError, match="tuples"):
        jvp(lambda x: x, 1.0, 1.0)
    _, pullback = vjp(lambda x: [x, x], 1.0)
    with pytest.raises(ShapeError, match="cotangents"):
        pullback(1.0)


def test_vjp_can_pull_back_any_number_of_times():
    value, pullback = vjp(lambda x, y: [x * y, sin(x)], 2.0, 3.0)
    assert value == [6.0, math.sin(2.0)]
    assert pullback([1.0, 0.0]) == (3.0, 2.0)
    assert pullback([0.0, 1.0]) == (math.cos(2.0), 0.0)
    assert vjp(lambda x: (x, "aux"), 2.0, has_aux=True)[2] == "aux"


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda x: [x, x], TypeError, "use jacobian"),
        (lambda x: None, TypeError, "NoneType"),
        (lambda x: "text", TypeError, "str"),
        (lambda x: math.sin(x), TypeError, r"autograd\.exp"),
    ],
)
def test_grad_refuses_what_is_no_number_with_the_fix(f, error, message):
    with pytest.raises(error, match=message):
        grad(f)(1.0)


def test_grad_refuses_arguments_that_are_no_numbers():
    with pytest.raises(TypeError, match="str"):
        grad(lambda x: x)("1")
    with pytest.raises(TypeError, match="complex"):
        grad(lambda x: x)(1j)
    with pytest.raises(TypeError, match="takes a function"):
        grad(3.0)


def test_integers_are_differentiated_as_floats():
    assert grad(lambda x: x * x)(3) == 6.0
    assert grad(lambda x: (x * x).sum())(np.array([1, 2])).tolist() == [2.0, 4.0]


def test_gradients_of_arguments_are_left_alone():
    x = Value(2.0)
    x.grad = 7.0
    grad(lambda t: t * x)(3.0)
    assert x.grad == 7.0


def test_vmap_over_lists_and_arrays():
    assert vmap(lambda x: x * x)([1.0, 2.0]) == [1.0, 4.0]
    result = vmap(lambda x, y: x @ x * y)(np.arange(6.0).reshape(3, 2), np.array([1.0, 2.0, 3.0]))
    assert result.tolist() == [1.0, 26.0, 123.0]
    assert vmap(lambda x: x.sum(), in_axes=1)(np.arange(6.0).reshape(3, 2)).tolist() == [6.0, 9.0]
    stacked = vmap(lambda x: x * 2, out_axes=1)(np.arange(6.0).reshape(3, 2))
    assert stacked.tolist() == (2 * np.arange(6.0).reshape(3, 2).T).tolist()
    nested = vmap(lambda d, c: {"s": d["a"] + c}, in_axes=(0, None))({"a": np.array([1.0, 2.0])}, 10.0)
    assert nested["s"].tolist() == [11.0, 12.0]
    assert vmap(lambda row: row[0] * row[1])([[1.0, 2.0], [3.0, 4.0]]) == [2.0, 12.0]


def test_vmap_reduces_in_its_blocked_order():
    numbers = [0.1 * k for k in range(3000)]
    blocks = []
    for start in range(0, 3000, 1024):
        lanes = [math.fsum([]) for _ in range(8)]
        for i, number in enumerate(numbers[start : start + 1024]):
            lanes[i % 8] += number
        a, b, c, d, e, f, g, h = lanes
        blocks.append(((a + e) + (c + g)) + ((b + f) + (d + h)))
    assert vmap(lambda x: x, reduce="sum")(numbers) == (blocks[0] + blocks[1]) + blocks[2]
    assert vmap(lambda x: [x, 1.0], reduce="mean")([1.0, 2.0]) == [1.5, 1.0]


def test_vmap_under_grad_and_grad_under_vmap():
    data = np.array([1.0, 2.0, 3.0])
    assert grad(lambda w: vmap(lambda x: w * w * x, reduce="sum")(data))(2.0) == 24.0
    assert vmap(grad(lambda x: x**3))(data) == pytest.approx([3.0, 12.0, 27.0], rel=1e-15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [1.0, 2.0]), r"\[1, 2\]"),
        (([], []), r"from 1 up"),
        ((1.0, [1.0]), "give it None"),
    ],
)
def test_vmap_refuses_batches_of_different_lengths(arguments, message):
    with pytest.raises(ShapeError, match=message):
        vmap(lambda x, y: x + y)(*arguments)


def test_vmap_refuses_wrong_options():
    with pytest.raises(ValueError, match="'sum' or 'mean'"):
        vmap(lambda x: x, reduce="max")
    with pytest.raises(ShapeError, match="in_axes has 2"):
        vmap(lambda x: x, in_axes=(0, 0))([1.0])


def test_checkpoint_gives_the_same_derivatives_at_every_order_from_one_node():
    def f(x, y):
        return sin(x) * exp(x * y)

    small = checkpoint(f)
    x = Value(0.5)
    assert [parent.name for parent in small(x.named("x"), 2.0).parents] == ["x"]
    for transform in (lambda g: grad(g, (0, 1)), lambda g: hessian(g, (0, 1)), lambda g: jacfwd(g, (0, 1))):
        expected = np.array(transform(f)(0.5, 2.0))
        assert np.array(transform(small)(0.5, 2.0)) == pytest.approx(expected, rel=1e-14)


def test_checkpoint_runs_the_function_once_forward_and_once_backward():
    calls = []

    def f(*xs):
        calls.append(len(xs))
        return sum(x * x for x in xs)

    assert grad(checkpoint(f), argnums=tuple(range(5)))(*map(float, range(5))) == (0.0, 2.0, 4.0, 6.0, 8.0)
    assert calls == [5, 5]


CLOSING_OVER = {  # with the derivatives of order 1 and 2 at 3
    "its own argument": (lambda t: checkpoint(lambda s: s * t)(t), 6.0, 2.0),
    "another": (lambda t: checkpoint(lambda s: s * t * t)(2.0), 12.0, 4.0),
    "computed": (lambda t: checkpoint(lambda s, u=t * t: s * u * t)(t), 108.0, 108.0),
    "nested": (lambda t: checkpoint(lambda s: checkpoint(lambda u: u * t * s)(s * s))(t), 108.0, 108.0),
    "several results": (lambda t: (lambda r: r[0] * r[1])(checkpoint(lambda s: [s * t, s + t])(t)), 54.0, 36.0),
    "array": (lambda t: checkpoint(lambda z: (z * t).sum())(np.array([t, 1.0])), 7.0, 2.0),
    "beside a whole number": (lambda t: checkpoint(lambda s, n: sum([s * t] * n))(t, 2), 12.0, 4.0),
}


@pytest.mark.parametrize("case", CLOSING_OVER)
def test_checkpoint_takes_what_it_closes_over_for_an_operand(case):
    f, slope, second = CLOSING_OVER[case]
    assert grad(f)(3.0) == slope
    assert grad(grad(f))(3.0) == second
    assert jvp(f, (3.0,), (1.0,))[1] == slope
    assert jvp(grad(f), (3.0,), (1.0,)) == (slope, second)
    assert grad(lambda t: jvp(f, (t,), (1.0,))[1])(3.0) == second
    assert hessian(lambda v: f(v[0]))([3.0]) == [[second]]
    assert jit(grad(grad(f)), backend="interpreter")(3.0) == second
    x = Value(3.0)
    f(x).backward(create_graph=True)
    found, x.grad = x.grad, None
    found.backward()
    assert (found.data, x.grad) == (slope, second)


def test_checkpoint_of_plain_numbers_gives_a_number_or_what_it_closes_over():
    assert checkpoint(lambda x: x * x)(3.0) == 9.0
    w = Value(2.0)
    y = checkpoint(lambda x: w * x)(3.0)
    y.backward()
    assert w.grad == 3.0
    with no_grad():
        assert checkpoint(lambda x: w * x)(3.0).parents == ()


def test_checkpoint_refuses_a_closure_whose_number_has_changed():
    w = Value(2.0, name="w")
    y = checkpoint(lambda x: w * x * x)(Value(1.0))
    w.data = 3.0
    with pytest.raises(ValueError, match="a Value 'w' that a checkpointed function closes over was 2.0 when it ran"):
        y.backward()


@pytest.mark.parametrize("wrapped", ["checkpoint", "jit", "custom_root"])
def test_a_variable_of_a_loop_is_that_of_its_trip(wrapped):
    def layer(w, h):
        if wrapped == "checkpoint":
            return checkpoint(lambda q: q * w + w)(h)
        if wrapped == "jit":
            return h * jit(lambda q: q * w, backend="interpreter")(1.0) + w
        return custom_root(lambda r: r - h * w - w, 0.0, lambda f, r: -1.0 * f(0.0))

    def by_argument(v):
        h = 1.0
        for w in v:
            h = layer(w, h)
        return h

    def by_loop_variable(v):
        h = 1.0
        for w in v:
            if wrapped == "checkpoint":
                h = checkpoint(lambda q: q * w + w)(h)  # noqa: B023 (what is tested)
            elif wrapped == "jit":
                h = h * jit(lambda q: q * w, backend="interpreter")(1.0) + w  # noqa: B023
            else:
                h = custom_root(lambda r: r - h * w - w, 0.0, lambda f, r: -1.0 * f(0.0))  # noqa: B023
        return h

    # h = ((2 a + b) …): (1·a + a)·b + b, times c, plus c, at (2, 3, 5)
    for f in (by_argument, by_loop_variable):
        assert f([2.0, 3.0, 5.0]) == 80.0
        assert grad(f)([2.0, 3.0, 5.0]) == [30.0, 25.0, 16.0]
        assert hessian(f)([2.0, 3.0, 5.0]) == [[0.0, 10.0, 6.0], [10.0, 0.0, 5.0], [6.0, 5.0, 0.0]]
        assert jvp(f, ([2.0, 3.0, 5.0],), ([1.0, 0.0, 0.0],))[1] == 30.0


def test_compiled_functions_in_what_is_run_again():
    def inner(x):
        return jit(lambda q: 0.5 * x * q, backend="interpreter")(0.4)

    assert grad(lambda x: checkpoint(lambda a: inner(x) * a)(2.0))(0.3) == 0.4
    assert grad(lambda x: checkpoint(lambda a: inner(x))(0.9))(0.3) == 0.2

    def twice(x):
        return jit(lambda q: jit(lambda r: x * x, backend="interpreter")(0.7), backend="interpreter")(0.7)

    assert jvp(twice, (0.3,), (1.0,)) == (0.09, 0.6)
    assert grad(twice)(0.3) == 0.6
    assert grad(grad(twice))(0.3) == 2.0
    assert jvp(grad(twice), (0.3,), (1.0,)) == (0.6, 2.0)

    def root(x):
        square = jit(lambda q: cond(x > 0.0, lambda: x * x * q, lambda: x), backend="interpreter")(1.0)
        return custom_root(lambda r: r * r - square, 1.0, lambda f, r: abs(x.data) if isinstance(x, Value) else abs(x))

    assert grad(root)(3.0) == pytest.approx(1.0, rel=1e-15)
    assert grad(lambda x: root(x) * x)(3.0) == pytest.approx(6.0, rel=1e-15)


def test_what_is_bound_to_another_value_before_the_derivative_is_refused():
    holder = [Value(2.0)]
    y = checkpoint(lambda x: holder[0] * x * x)(Value(1.0))
    holder[0] = Value(3.0)
    with pytest.raises(ValueError, match="a checkpointed function closes over another Value than when it ran"):
        y.backward()
    p, q = Value(4.0), Value(1.0)
    root = custom_root(lambda r: r * r - p * q, 1.0, lambda f, r: 2.0)
    root.backward()
    assert p.grad == 0.25
    q.data = 9.0
    with pytest.raises(ValueError, match="custom_root's function closes over was 1.0 when it ran, and is 9.0"):
        root.backward(create_graph=True)


def test_checkpoint_passes_infinite_derivatives_as_the_function_itself_does():
    for f in (lambda x: x - 1e-3 * x * x, lambda x: x * x, lambda x: sqrt(x) * x, lambda x: 2.0 - x):
        for seed in (math.inf, -math.inf, math.nan, 1e308):
            plain, through = jvp(f, (2.0,), (seed,))[1], jvp(checkpoint(f), (2.0,), (seed,))[1]
            compiled = jit(lambda x, f=f, s=seed: jvp(checkpoint(f), (x,), (s,))[1])(2.0)
            assert repr(plain) == repr(through) == repr(compiled)
            plain, through = vjp(f, 2.0)[1](seed), vjp(checkpoint(f), 2.0)[1](seed)
            assert repr(plain) == repr(through)


def test_custom_root_counts_each_parameter_once():
    def newton(f, r):
        for _ in range(40):
            r = r - divide(f(r), grad(f)(r))
        return r

    def root(x):
        v = 0.5 * x * x
        return custom_root(lambda r: exp(0.5 * r) + r - x * v, 0.0, newton)

    r = root(0.79)
    slope = 1.5 * 0.79**2 / (0.5 * math.exp(r / 2) + 1.0)  # of exp(r/2) + r = x³/2
    assert grad(root)(0.79) == pytest.approx(slope, rel=1e-14)
    second = (3.0 * 0.79 - 0.25 * math.exp(r / 2) * slope**2) / (0.5 * math.exp(r / 2) + 1.0)
    assert grad(grad(root))(0.79) == pytest.approx(second, rel=1e-13)


def test_stop_gradient_is_a_constant_for_every_mode():
    for transform in (grad, jacfwd, lambda f: grad(grad(f))):
        assert transform(stop_gradient)(2.0) == 0.0
    assert grad(lambda x: x * stop_gradient(x))(3.0) == 3.0


def test_transforms_leave_no_cycles_behind():
    import gc
    import weakref

    gc.collect()
    gc.disable()
    try:
        seen = []

        def f(x):
            seen.append(weakref.ref(x))
            return x * cos(x)

        grad(f)(1.0)
        grad(grad(f))(1.0)
        hessian(f)(1.0)
        jvp(f, (1.0,), (1.0,))
        assert [ref() for ref in seen] == [None] * len(seen)
    finally:
        gc.enable()


def test_every_transform_is_public():
    names = {"grad", "value_and_grad", "jacobian", "jacfwd", "jacrev", "hessian", "hvp", "jvp", "vjp", "vmap"}
    assert names | {"checkpoint", "custom_root"} <= set(autograd.__all__)


def test_a_singular_output_does_not_spoil_the_others():
    assert jacfwd(lambda x: [x * x * x, x.sqrt()])(0.0) == [0.0, math.inf]
    assert jacrev(lambda x: [x * x * x, x.sqrt()])(0.0) == [0.0, math.inf]


def test_a_derivative_is_never_one_of_the_callers_own_values():
    w = Value(3.0, name="w")
    slope = grad(lambda x: x * w)(2.0)
    assert slope is not w
    slope.backward()
    assert (slope.data, w.grad) == (3.0, 1.0)
    assert jvp(lambda x: x * w, (2.0,), (1.0,))[1] is not w


def test_vmap_takes_axes_that_match_the_argument_and_keyword_arguments():
    f = vmap(lambda d, k: d["a"] * d["b"] * k, in_axes=({"a": 0, "b": None}, None))
    assert f({"a": np.array([1.0, 2.0]), "b": 3.0}, 10.0).tolist() == [30.0, 60.0]
    assert vmap(lambda x, k=1.0: x * k)([1.0, 2.0], k=[3.0, 4.0]) == [3.0, 8.0]


def test_checkpoint_takes_keyword_arguments():
    assert grad(lambda x: checkpoint(lambda a, k: a * a * k)(x, k=5.0))(3.0) == 30.0


def test_dicts_match_whatever_the_order_of_their_keys():
    assert jvp(lambda d: d["a"] * d["b"], ({"a": 2.0, "b": 3.0},), ({"b": 1.0, "a": 0.0},)) == (6.0, 2.0)
    assert list(grad(lambda d: d["a"] * d["b"])({"b": 2.0, "a": 3.0}).items()) == [("b", 3.0), ("a", 2.0)]


def test_a_checkpoint_runs_again_with_the_numbers_of_its_own_trip():
    def product(x):
        for k in (2.0, 3.0, 5.0):
            x = checkpoint(lambda v: v * v * k)(x)  # noqa: B023
        return x  # 2⁴·3²·5·x⁸

    assert grad(product)(1.5) == 8 * 720 * 1.5**7
    assert grad(grad(product))(1.5) == 56 * 720 * 1.5**6


@pytest.mark.parametrize("change", [lambda holder: 4.0, lambda holder: math.nan])
def test_a_checkpoint_that_gives_something_else_when_it_runs_again_is_refused(change):
    holder = [3.0]

    def f(x):
        holder[0] = 3.0
        y = checkpoint(lambda v: v * v * holder[0])(x)
        holder[0] = change(holder)
        return y

    for transform in (grad, lambda f: grad(grad(f)), lambda f: lambda x: jvp(f, (x,), (1.0,))):
        with pytest.raises(ValueError, match="a checkpointed function gave 3.0 when it ran, and .* ran again"):
            transform(f)(1.0)

    drawn = iter(range(1, 100))
    with pytest.raises(ValueError, match="such as a random number, must be made outside and passed as an argument"):
        grad(checkpoint(lambda x: [x * next(drawn), x][0]))(1.0)


def test_custom_roots_function_is_the_same_when_it_runs_again():
    scale = [1.0]
    p = Value(4.0)
    root = custom_root(lambda r: scale[0] * (r * r - p) + (scale[0] - 1.0), 1.0, lambda f, r: 2.0)
    scale[0] = 2.0
    with pytest.raises(ValueError, match="custom_root's function gave 0.0 when it ran, and 1.0 when it ran again"):
        root.backward(create_graph=True)
