"""What runs again for a derivative: as it ran, or an error; against closed forms."""

import copy
import math
import random

import numpy as np
import pytest

import autograd
from autograd import (
    Value,
    checkpoint,
    custom_root,
    fori_loop,
    grad,
    hessian,
    jacfwd,
    jit,
    jvp,
    primitive,
    rerun_context,
    vjp,
    vmap,
    where,
)

SOMETHING_ELSE = "computed something else when it ran again for a derivative, though it gave the same"


def changed_after(function, at, first, second):
    """A function of t that calls `function(t, holder)` in a checkpoint, and changes the holder then."""

    def f(t):
        holder = {"k": first}
        result = checkpoint(lambda s: function(s, holder))(t)
        holder["k"] = second
        return result

    return f, at


def numbered(s, k):
    return primitive("numbered", lambda x: k * x, [lambda out, x: k])(s)


def constant(s, k):
    return primitive("constant", lambda x: k * x, [k])(s)


def by_default(s, k):
    return primitive("by_default", lambda x: k * x, [lambda out, x, k=k: k])(s)


def root_of(s, k):
    return custom_root(lambda x: x - k["k"] * s, 0.0, lambda f, x: 0.0)


CHANGES = {
    "a factor": changed_after(lambda s, h: s * h["k"], 0.0, 2.0, 7.0),
    "a factor, at infinity": changed_after(lambda s, h: s * h["k"], math.inf, 2.0, 7.0),
    "a factor, at nan": changed_after(lambda s, h: s * h["k"], math.nan, 2.0, 7.0),
    "a factor of either sign": changed_after(lambda s, h: 1.0 + s * h["k"], 0.0, 2.0, -2.0),
    "a zero's sign": changed_after(lambda s, h: 1.0 + s * h["k"], 2.0, 0.0, -0.0),
    "a branch": changed_after(lambda s, h: s * s if h["k"] else s * 2.0, 2.0, True, False),
    "an operand": changed_after(lambda s, h: s * [s, s * 1.0][h["k"]], 2.0, 0, 1),
    "an exponent": changed_after(lambda s, h: s ** h["k"], 1.0, 2.0, 3.0),
    "an order": changed_after(lambda s, h: h["k"][0] * s + h["k"][1] * (s * s), 0.0, [2.0, 3.0], [3.0, 2.0]),
    "a mask": changed_after(lambda s, h: sum(s * m for m in h["k"]), 0.0, (0.0, 1.0, 1.0), (1.0, 0.0, 1.0)),
    "a Value made inside": changed_after(lambda s, h: s * Value(h["k"]), 0.0, 2.0, 7.0),
    "what is detached": changed_after(lambda s, h: s * (s.detach() if h["k"] else s), 2.0, True, False),
    "inside another": changed_after(lambda s, h: checkpoint(lambda u: u * h["k"])(s), 0.0, 2.0, 7.0),
    "one of several inside": changed_after(lambda s, h: checkpoint(lambda u: [u, -u])(s)[h["k"]] + 1.0, 0.0, 0, 1),
    "a root inside": changed_after(root_of, 0.0, 2.0, 7.0),
    "a rule of one's own": changed_after(lambda s, h: numbered(s, h["k"]), 0.0, 2.0, 7.0),
    "a constant rule": changed_after(lambda s, h: constant(s, h["k"]), 0.0, 2.0, 7.0),
    "a rule's default": changed_after(lambda s, h: by_default(s, h["k"]), 0.0, 2.0, 7.0),
    "a long one": changed_after(lambda s, h: fori_loop(0, 2000, lambda i, u: u * h["k"], s), 0.0, 1.0, 1.01),
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_has_the_same_result_and_another_slope_is_refused(case):
    f, at = CHANGES[case]
    transforms = [grad, jacfwd, lambda f: grad(grad(f)), lambda f: lambda t: jvp(f, (t,), (1.0,)), hessian]
    for transform in transforms:
        with pytest.raises(ValueError, match=f"a checkpointed function {SOMETHING_ELSE}"):
            transform(f)(at)
    y = f(Value(at))
    for create_graph in (False, True):
        with pytest.raises(ValueError, match=SOMETHING_ELSE):
            y.backward(create_graph=create_graph)


def test_what_is_drawn_anew_is_refused_at_0_too():
    source, drawn = random.Random(7), iter(range(1, 100))

    def dropout(s):
        return sum(s * (source.random() < 0.5) for _ in range(64))

    for f in (lambda s: s * source.random(), lambda s: s * next(drawn), dropout):
        with pytest.raises(ValueError, match="such as a random number, must be made outside and passed as an argument"):
            grad(checkpoint(f))(0.0)


def test_a_number_that_differs_is_named_before_what_led_to_it():
    f, _ = changed_after(lambda s, h: [s * h["k"], s], 1.0, 2.0, 7.0)
    with pytest.raises(ValueError, match="a checkpointed function gave 2.0 when it ran, and 7.0 when it ran again"):
        grad(lambda t: f(t)[1])(1.0)


def test_a_root_whose_function_has_changed_is_refused_at_0_too():
    def root(t):
        holder = {"k": 1.0}
        x = custom_root(lambda x: x - holder["k"] * t * t, 1.0, lambda f, x: 0.0)
        holder["k"] = 5.0
        return x

    assert grad(root)(0.0) == 0.0  # by what was recorded when it ran
    for transform in (hessian, lambda f: grad(grad(f))):
        with pytest.raises(ValueError, match=f"custom_root's function {SOMETHING_ELSE}"):
            transform(root)(0.0)


def test_what_runs_the_same_is_taken_for_the_same():
    def all_of_it(t):
        def function(s):
            k = 3.0
            own = numbered(s, k) * constant(s, k)  # 9 s²
            nested = checkpoint(lambda u: checkpoint(lambda v: v * t * u)(u * s))(s)  # s³ t
            compiled = jit(lambda y: y * s * t)(2.0)  # 2 s t
            inner = grad(lambda q: q * q * s)(s) + Value(2.0) * s  # 2 s² + 2 s
            dead = autograd.where(s > 0.0, 0.0, s * math.nan)
            return own + nested + compiled + inner + dead

        return checkpoint(function)(t)

    # 11 t² + t⁴ + 2 t² + 2 t
    assert grad(all_of_it)(2.0) == 26 * 2.0 + 4 * 8.0 + 2.0
    for second in (grad(grad(all_of_it)), hessian(all_of_it), jit(grad(grad(all_of_it)))):
        assert second(2.0) == 26.0 + 12 * 4.0
    assert grad(grad(grad(all_of_it)))(2.0) == 48.0
    assert vmap(grad(all_of_it))([1.0, 2.0]) == [32.0, 86.0]


def test_nan_is_the_same_as_nan():
    f = checkpoint(lambda x, y: [(x - x) * y, (x - x) + (-(x - x)) + x * 0.0, y * 3.0])
    for x in (math.inf, -math.inf, math.nan, -math.nan):
        rows = autograd.jacrev(f, argnums=(0, 1))(x, 2.0)
        assert math.isnan(rows[0][1])
        assert rows[2] == (0.0, 3.0)


def test_arrays_are_those_of_the_call():
    def total(t, kind=lambda buffer: buffer, dtype=float):
        buffer, result = np.zeros(2, dtype=dtype), 0.0
        for v in (1.0, 2.0, 3.0):
            buffer[:] = v
            result = result + checkpoint(lambda a: autograd.sum(a["of"][0] * t * t))({"of": [kind(buffer)]})
        return result

    def reused(t):
        buffer, result = np.empty(2, dtype=object), 0.0
        for v in (1.0, 2.0, 3.0):
            buffer[:] = [v * t, v]
            result = result + checkpoint(lambda a, b: (a * b).sum())(buffer, b=buffer)
        return result

    for t in (0.0, 1.0, 0.5):
        for kind in (lambda buffer: buffer, lambda buffer: buffer[::-1], lambda buffer: buffer.reshape(2, 1)):
            for dtype in (float, int, object):
                assert grad(lambda t: total(t, kind, dtype))(t) == 24.0 * t  # noqa: B023
                assert grad(grad(lambda t: total(t, kind, dtype)))(t) == 24.0  # noqa: B023
        assert grad(reused)(t) == 28.0 * t


def test_a_function_that_writes_into_its_argument_writes_into_a_copy():
    def doubled(a, t):
        a *= 2.0
        return autograd.sum(a) * t

    given = np.ones(3)
    assert grad(lambda t: checkpoint(doubled)(given, t))(5.0) == 6.0
    assert given.tolist() == [1.0, 1.0, 1.0]


def test_a_copied_graph_is_right_at_every_order_or_refused():
    v = Value(3.0)
    t = v * 1.0
    root = custom_root(lambda x: x - t * t, 1.0, lambda f, x: 9.0)
    for y in (checkpoint(lambda: t * t)(), checkpoint(lambda s: s * t)(t), root):
        w, z = copy.deepcopy((v, y))
        z.backward()
        assert w.grad == 6.0
        with pytest.raises(ValueError, match="closes over a Value, and what it gave was copied: .* pass it as an arg"):
            z.backward(create_graph=True)
        assert v.grad == 0.0

    w, derivative = copy.deepcopy((v, checkpoint(lambda s: s * s * s)(t)))
    orders = []
    for _ in range(3):
        derivative.backward(create_graph=True)
        derivative, w.grad = w.grad, None
        orders.append(derivative.data)
    assert (orders, v.grad) == ([27.0, 18.0, 6.0], 0.0)


def test_what_closes_over_values_is_no_copy_in_any_nesting():
    def quartic(t):
        return checkpoint(lambda s: checkpoint(lambda u: u * u * t * s)(s))(t)

    def pulled(x):
        return vjp(quartic, x)[1](1.0)[0]

    for second in (
        grad(grad(quartic)), jacfwd(jacfwd(quartic)), hessian(quartic), grad(jit(grad(quartic))), jit(hessian(quartic)),
        lambda x: jvp(pulled, (x,), (1.0,))[1], lambda x: vmap(hessian(quartic))([x])[0], grad(grad(jit(quartic))),
        grad(checkpoint(grad(quartic))), grad(grad(lambda t: jit(lambda c: c * quartic(t))(1.0))),
    ):
        assert second(2.0) == 48.0
    w = Value(2.0)
    y = quartic(w)
    w.data = 5.0
    w.data = float("2.0")  # another float of the same number
    y.backward(create_graph=True)
    slope, w.grad = w.grad, None
    slope.backward()
    assert (slope.data, w.grad) == (32.0, 48.0)


def test_a_context_is_entered_again_and_what_it_gives_is_compared():
    from contextlib import contextmanager

    scale = [1.0]

    def f(t):
        @contextmanager
        def scaled():
            scale[0] = 4.0
            yield
            scale[0] = 1.0

        with rerun_context(scaled):
            return checkpoint(lambda s: s * s * scale[0])(t)

    assert (grad(f)(0.0), grad(grad(f))(0.0), grad(f)(1.0)) == (0.0, 8.0, 8.0)


@pytest.mark.parametrize("draws", [[-1.0, -2.0], [0.0, -0.0], [math.nan, 1.0], [1.0, 1.0 + 2.0**-52]])
def test_numbers_inside_compiled_code_are_compared_to_the_bit(draws):
    drawn = iter(draws)
    y = checkpoint(lambda x: jit(lambda a: where(a == a, a, 3.0) * x)(next(drawn)))(Value(0.0))
    with pytest.raises(ValueError, match="ran again for a derivative"):
        y.backward()


def test_a_nan_inside_compiled_code_is_like_another():
    x = Value(2.0)
    checkpoint(lambda x: jit(lambda a: where(a == a, a, 3.0) * x)(float("nan")))(x).backward()
    assert x.grad == 3.0


def test_what_a_rule_reads_from_a_list_is_compared():
    draws = iter([[2.0], [5.0], [7.0]])

    def f(x):
        k = next(draws)
        return primitive("p", lambda x: 0.0 * x, [lambda out, x: k[0] * 1.0])(x)

    y = checkpoint(f)(Value(0.0))
    with pytest.raises(ValueError, match="computed something else"):
        y.backward()


def test_functions_that_share_a_variable_share_it_when_they_run_again():
    def make():
        state = 0.0

        def put(value):
            nonlocal state
            state = value

        def get():
            return state

        def f(x):
            put(2.0 * x)
            return get() * x

        return f

    assert grad(checkpoint(make()))(3.0) == 12.0
    assert grad(grad(checkpoint(make())))(3.0) == 4.0
