"""`jit` as a user meets it: what may go in and come out, when it records anew, and how it stands beside the rest."""

from __future__ import annotations

import asyncio
import copy
import functools
import math
import pickle
import struct
import subprocess
import sys
import textwrap
import warnings
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

from autograd import (
    AnomalyError,
    TraceError,
    Value,
    detect_anomaly,
    exp,
    fori_loop,
    grad,
    hessian,
    jacobian,
    jit,
    jvp,
    no_grad,
    primitive,
    scan,
    scope,
    sigmoid,
    sin,
    sqrt,
    stop_gradient,
    value_and_grad,
    vjp,
    vmap,
    where,
)
from nn import MLP, SGD, functional_call

nan, inf = math.nan, math.inf
BACKENDS = ["interpreter", "llvm"]
Point = namedtuple("Point", "x y")


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture
def compiled(backend):
    return lambda f, **options: jit(f, backend=backend, **options)


def counted(f):
    """The function, and a list that grows by one at each call."""
    calls = []

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        calls.append(1)
        return f(*args, **kwargs)

    return wrapper, calls


# Arguments.


@pytest.mark.parametrize(
    ("number", "square"),
    [
        (3.0, 9.0), (3, 9.0), (True, 1.0), (Fraction(1, 2), 0.25), (np.float64(3.0), 9.0), (np.int32(-3), 9.0),
        (np.bool_(True), 1.0), (np.float32(0.1), float(np.float32(0.1)) ** 2), (np.array(3.0), 9.0),
        (np.array(3, dtype=np.int16), 9.0), (10**300, inf), (-0.0, 0.0), (5e-324, 0.0), (inf, inf),
    ],
)
def test_a_number_of_any_kind_is_a_float_inside(compiled, number, square):
    result = compiled(lambda x: x * x)(number)
    assert type(result) is float
    assert struct.pack("d", result) == struct.pack("d", square)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(3.0), np.arange(3), np.arange(3, dtype=np.float32), np.array([True, False]), np.arange(6.0)[::2],
        np.arange(6.0)[::-1], np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(24.0).reshape(2, 3, 4)[:, 1, ::2], np.arange(3, dtype=">f8"), np.arange(3, dtype=np.uint8),
        np.broadcast_to(np.float64(2.0), (2, 2)), np.ma.masked_array([1.0, 2.0]).data, np.arange(4.0)[np.newaxis],
    ],
    ids=lambda array: f"{array.dtype}{array.shape}{array.strides}",
)
def test_an_array_of_any_layout_and_type(compiled, array):
    for f in (lambda a: a * 2.0 + 1.0, lambda a: vmap(lambda row: row * 2.0 + 1.0)(a)):
        result = compiled(f)(array)
        assert result.dtype == float
        assert result.tolist() == (np.asarray(array, dtype=float) * 2.0 + 1.0).tolist()


def test_arrays_are_read_at_each_call_and_never_written(compiled):
    f = compiled(lambda a: a * 2.0)
    array = np.array([1.0, 2.0])
    array.setflags(write=False)
    first = f(array)
    other = np.array([3.0, 4.0])
    second = f(other)
    other[0] = 5.0
    assert (first.tolist(), second.tolist(), f(other).tolist()) == ([2.0, 4.0], [6.0, 8.0], [10.0, 8.0])
    first[0] = 77.0  # a result belongs to the caller
    assert f(array).tolist() == [2.0, 4.0]


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_arrays_without_numbers(compiled, shape):
    result = compiled(lambda a: (a * 2.0, a))(np.zeros(shape))
    assert [part.shape for part in result] == [shape, shape]
    assert compiled(lambda a, x: x * 2.0)(np.zeros(shape), 3.0) == 6.0


def test_a_large_array(compiled):
    array = np.linspace(-2.0, 2.0, 100_003)
    result = compiled(vmap(lambda x: x * x if x > 0 else -x))(array)
    assert np.array_equal(result, np.where(array > 0, array * array, -array))
    total = compiled(vmap(lambda x: x * 2.0, reduce="mean"))(array)
    assert total == pytest.approx(0.0, abs=1e-12)
    assert compiled(lambda a: (a[7] * 2.0, a[-1], a[3:6][1]))(array) == (array[7] * 2, 2.0, array[4])


@pytest.mark.parametrize(
    ("nest", "expected"),
    [
        ([1.0, 2.0], [2.0, 4.0]),
        ((1.0, 2.0), (2.0, 4.0)),
        (Point(1.0, 2.0), Point(2.0, 4.0)),
        ({"b": 1.0, "a": 2.0}, {"b": 2.0, "a": 4.0}),
        ([(1.0, {"k": [Point(2.0, 3.0)]}), 4], [(2.0, {"k": [Point(4.0, 6.0)]}), 8.0]),
        ({2: 1.0, "one": 2.0}, {2: 2.0, "one": 4.0}),
        ([], []), ({}, {}), ([[], ()], [[], ()]),
    ],
)
def test_nests_go_in_and_come_out(compiled, nest, expected):
    def doubled(item):
        if isinstance(item, dict):
            return {key: doubled(child) for key, child in item.items()}
        if isinstance(item, list | tuple):
            children = [doubled(child) for child in item]
            return type(item)(*children) if hasattr(item, "_fields") else type(item)(children)
        return item * 2.0

    result = compiled(doubled)(nest)
    assert result == expected
    assert type(result) is type(expected)
    if isinstance(result, dict):
        assert list(result) == list(expected)


def test_a_dict_has_its_entries_in_the_order_in_which_it_was_filled(compiled):
    f, calls = counted(lambda weights: weights["a"] * 10.0 + weights["b"])
    g = compiled(f)
    assert g({"a": 1.0, "b": 2.0}) == 12.0
    assert g({"b": 2.0, "a": 1.0}) == 12.0
    assert g({"a": 3.0, "b": 4.0}) == 34.0
    assert len(calls) == 2
    first = compiled(lambda weights: [*weights.values()][0] * 2.0)
    assert [first({"a": 1.0, "b": 2.0}), first({"b": 2.0, "a": 1.0}), first({"a": 1.0, "b": 2.0})] == [2.0, 4.0, 2.0]
    named = compiled(lambda **weights: [*weights.values()][0] * 2.0)
    assert [named(a=1.0, b=2.0), named(b=2.0, a=1.0)] == [2.0, 4.0]


def test_keyword_arguments_and_defaults(compiled):
    f = compiled(lambda x, y=10.0, *, z=100.0: x + y * 2.0 + z * 3.0)
    assert f(1.0) == 321.0
    assert f(1.0, 2.0) == 305.0
    assert f(1.0, y=2.0) == 305.0
    assert f(y=2.0, x=1.0) == 305.0
    assert f(x=1.0, y=2.0, z=3) == 14.0
    assert f(1.0, z=np.float32(3.0)) == 30.0
    g = compiled(lambda *args, **kwargs: sum(args) + kwargs["a"] * 10.0 - kwargs["b"])
    assert g(1.0, 2.0, b=3.0, a=4.0) == 40.0
    assert g(1.0, a=4.0, b=3.0) == 38.0


def test_no_arguments(compiled):
    w = Value(2.0)
    assert compiled(lambda: 3)() == 3.0
    f = compiled(lambda: w * w)
    assert f() == 4.0
    w.data = 5.0
    assert f() == 25.0


# Results.


def test_results_of_every_kind(compiled):
    f = compiled(
        lambda x: {
            "float": x * 2.0, "bool": x > 1.0, "not": not x > 1.0, "both": (x > 0.0) & (x < 9.0), "int": 7,
            "true": True, "point": Point(x, 1.0), "list": [x, [x]], "argument": x, "fraction": Fraction(1, 4),
            "numpy": np.float32(0.5),
            "array": np.array([x, 2.0 * x]), "constants": np.arange(2), "empty": (),
        }
    )
    for _ in range(2):
        result = f(3.0)
        array, constants = result.pop("array"), result.pop("constants")
        assert repr(result) == repr(
            {"float": 6.0, "bool": True, "not": False, "both": True, "int": 7, "true": True, "point": Point(3.0, 1.0),
             "list": [3.0, [3.0]], "argument": 3.0, "fraction": 0.25, "numpy": 0.5, "empty": ()}
        )
        assert array.tolist() == [3.0, 6.0]
        assert constants.tolist() == [0.0, 1.0]


def test_a_comparison_of_an_array_is_an_array_of_bools(compiled):
    result = compiled(lambda a: a > 1.0)(np.arange(4.0))
    assert result.dtype == bool
    assert result.tolist() == [False, False, True, True]


def test_an_argument_returned_unchanged(compiled):
    assert compiled(lambda x, y: (y, x, y))(1.0, 2.0) == (2.0, 1.0, 2.0)
    array = np.arange(3.0)
    result = compiled(lambda a: a)(array)
    assert result.tolist() == [0.0, 1.0, 2.0]
    result[0] = 9.0
    assert array[0] == 0.0


def test_the_same_result_twice_is_two_results(compiled):
    a, b = compiled(lambda a: (lambda c: (c, c))(a * 2.0))(np.arange(3.0))
    a[0] = 9.0
    assert b.tolist() == [0.0, 2.0, 4.0]


def test_nan_and_signed_zeros_pass_through(compiled):
    f = compiled(lambda x: (x, -x, [x * 1.0]))
    assert math.isnan(f(nan)[0])
    assert [math.copysign(1.0, number) for number in f(-0.0)[:2]] == [-1.0, 1.0]
    assert f(inf) == (inf, -inf, [inf])


# When it records.


def test_the_same_structure_records_once_and_another_records_anew(compiled):
    f, calls = counted(lambda x: x * 2.0)
    g = compiled(f)
    steps = [
        (1.0, 2.0, 1), (3, 6.0, 1), (np.float32(2.0), 4.0, 1), (Fraction(1, 2), 1.0, 1), (np.array(4.0), 8.0, 1),
        (np.array([1.0, 2.0]), [2.0, 4.0], 2), (np.array([3, 4]), [6.0, 8.0], 2),
        (np.array([1.0, 2.0, 3.0]), [2.0, 4.0, 6.0], 3),
        (np.array([[1.0, 2.0]]), [[2.0, 4.0]], 4), (np.array([5.0, 6.0]), [10.0, 12.0], 4), (2.0, 4.0, 4),
    ]
    for argument, expected, count in steps:
        result = g(argument)
        assert (result.tolist() if isinstance(result, np.ndarray) else result) == expected
        assert len(calls) == count
    h, calls = counted(lambda nest, **rest: nest[0] * 2.0)
    k = compiled(h)
    for args, kwargs, count in [
        (([1.0],), {}, 1), (((1.0,),), {}, 2), (([1.0, 2.0],), {}, 3), ((Point(1.0, 2.0),), {}, 4),
        (([1.0],), {"a": 1.0}, 5),
        (([1.0],), {"b": 1.0}, 6),
        ((Point(3.0, 4.0),), {}, 6), (([[1.0]][0],), {"a": 3.0}, 6),
    ]:
        assert k(*args, **kwargs) == args[0][0] * 2.0
        assert len(calls) == count


def test_static_arguments_are_constants_that_are_compared(compiled):
    f, calls = counted(lambda x, how, n: sum(x for _ in range(n)) if how == "sum" else x**n)
    g = compiled(f, static_argnums=(1, 2))
    assert [g(2.0, "sum", 3), g(5.0, "sum", 3), g(2.0, "power", 3), g(3.0, "power", 2), g(2.0, "sum", 3)] == [
        6.0, 15.0, 8.0, 9.0, 6.0,
    ]
    assert len(calls) == 3
    assert compiled(lambda f, x: f(x), static_argnums=0)(math.floor, 2.5) == 2.0
    assert compiled(lambda x, n: x * n, static_argnums=-1)(2.0, 3) == 6.0
    assert compiled(lambda x, n: x * n, static_argnums=None)(2.0, 3) == 6.0
    assert compiled(lambda x, n: x * n[1], static_argnums=[1])(2.0, (3, 4)) == 8.0


def test_static_arguments_by_keyword_and_by_default(compiled):
    f = compiled(lambda x, how="twice": x * 2.0 if how == "twice" else x, static_argnums=1)
    assert [f(3.0), f(3.0, "once"), f(3.0, how="once"), f(3.0, how="twice"), f(x=3.0)] == [6.0, 3.0, 3.0, 6.0, 6.0]


def test_a_static_argument_must_be_hashable_and_there(compiled):
    for unhashable, kind in [([1], "list"), ({}, "dict"), (np.arange(3), "ndarray")]:
        with pytest.raises(TypeError, match=f"static argument 1 .*must be hashable; {kind} is not: pass a tuple"):
            compiled(lambda x, n: x, static_argnums=1)(1.0, unhashable)
    with pytest.raises(TypeError, match=r"static_argnums=\(5,\), but the function was called with 2 arguments"):
        compiled(lambda x, n: x, static_argnums=5)(1.0, 2.0)


def test_closed_over_values_are_read_at_each_call(compiled):
    w, b = Value(2.0), Value(1.0)
    f, calls = counted(lambda x: (x * w + b) * w)
    g = compiled(f)
    assert g(3.0) == 14.0
    w.data, b.data = 10.0, -1.0
    assert g(3.0) == 290.0
    assert len(calls) == 1
    h = compiled(grad(lambda x: x * x * w))
    assert h(3.0) == 60.0
    w.data = 0.5
    assert h(3.0) == 3.0


def test_a_value_computed_before_is_a_number_and_one_made_inside_a_constant(compiled):
    w = Value(3.0)
    square = w * w  # computed once, outside
    f = compiled(lambda x: x * square + Value(0.25))
    assert f(2.0) == 18.25
    w.data = 5.0
    assert f(2.0) == 18.25
    square.data = 1.0
    assert f(2.0) == 2.25


def test_closed_over_arrays_and_floats_are_constants_of_the_recording(compiled):
    table, scale = np.array([1.0, 2.0]), [10.0]
    f = compiled(lambda x: (vmap(lambda a: a * x, reduce="sum")(table) * scale[0], x * table[1]))
    assert f(1.0) == (30.0, 2.0)
    table[:], scale[0] = 7.0, 7.0
    assert f(1.0) == (30.0, 2.0)


def network_of_three_neurons():
    network = MLP(2, [3, 1], activation="tanh")
    for i, parameter in enumerate(network.parameters()):
        parameter.data = math.sin(1.0 + i)
    return network


def test_training_by_a_compiled_gradient_gives_the_figures_of_backward(compiled):
    network, reference = network_of_three_neurons(), network_of_three_neurons()
    optimizer = SGD(reference.parameters(), lr=0.1)
    f, calls = counted(lambda weights, x, y: (functional_call(network, weights, x) - y) ** 2)
    slopes_of = compiled(grad(f))
    for i in range(20):
        x, y = [math.sin(i), math.cos(i)], math.sin(2.0 * i)
        named = dict(network.named_parameters())
        for path, slope in slopes_of({path: p.data for path, p in named.items()}, x, y).items():
            named[path].data -= 0.1 * slope
        optimizer.zero_grad()
        ((reference(x) - y) ** 2).backward()
        optimizer.step()
    assert [p.data for p in network.parameters()] == pytest.approx([p.data for p in reference.parameters()], rel=1e-12)
    assert len(calls) == 1


def test_a_network_that_is_closed_over_follows_its_optimiser(compiled):
    network = network_of_three_neurons()
    optimizer = SGD(network.parameters(), lr=0.1)
    f, calls = counted(lambda x: network(x))
    g = compiled(f)
    for _ in range(5):
        assert g([0.5, -0.25]) == pytest.approx(network([0.5, -0.25]).data, rel=1e-14)
        optimizer.zero_grad()
        (network([0.5, -0.25]) ** 2).backward()
        optimizer.step()
    assert len(calls) == 1


# With the rest of the engine.


def test_transforms_inside(compiled):
    f = lambda x, y: x**3 * y + (x * y).sin()
    x, y = 1.25, -0.75
    cosine, sine = math.cos(x * y), math.sin(x * y)
    assert compiled(grad(f))(x, y) == pytest.approx(3 * x * x * y + y * cosine, rel=1e-14)
    value, slopes = compiled(value_and_grad(f, argnums=(0, 1)))(x, y)
    assert value == pytest.approx(x**3 * y + sine, rel=1e-14)
    assert slopes == pytest.approx((3 * x * x * y + y * cosine, x**3 + x * cosine), rel=1e-14)
    assert compiled(hessian(f))(x, y) == pytest.approx(6 * x * y - y * y * sine, rel=1e-13)
    assert compiled(lambda x, y: jvp(f, (x, y), (1.0, 2.0))[1])(x, y) == pytest.approx(
        slopes[0] + 2.0 * slopes[1], rel=1e-13
    )
    assert compiled(lambda x, y: vjp(f, x, y)[1](2.0))(x, y) == pytest.approx((2 * slopes[0], 2 * slopes[1]), rel=1e-14)
    assert compiled(jacobian(lambda v: [v[0] * v[1], v[0] ** 2]))([x, y]) == [[y, x], [2 * x, 0.0]]


def test_a_compiled_function_inside_a_transform_and_inside_another(compiled):
    cube = compiled(lambda x: x * x * x if x > 0 else -x)
    assert grad(cube)(2.0) == 12.0
    assert grad(cube)(-2.0) == -1.0
    assert hessian(cube)(2.0) == 12.0
    assert vmap(cube)(np.array([1.0, -2.0])).tolist() == [1.0, 2.0]
    assert compiled(cube)(2.0) == 8.0
    assert compiled(grad(cube))(2.0) == 12.0
    assert compiled(vmap(grad(cube)))(np.array([2.0, -2.0])).tolist() == [12.0, -1.0]
    assert compiled(lambda x: fori_loop(0, 2, lambda i, s: cube(s), x))(2.0) == 512.0
    assert compiled(lambda x: cube(2.0) * x)(3.0) == 24.0


def test_a_method_of_value_works_however_the_function_is_called(compiled):
    f = compiled(lambda x: x.exp() / (x - x))
    for inside in (lambda: f(1.0), lambda: compiled(lambda y: f(1.0) * y)(1.0)):
        assert inside() == inf
    with no_grad():
        assert f(1.0) == inf


def test_a_comparison_is_a_bool_however_the_function_is_called(compiled):
    f = compiled(lambda x: (x, x > 1.0, {"not": not x}))
    expected = "(2.0, True, {'not': False})"
    assert repr(f(2.0)) == expected
    with no_grad():
        assert repr(f(2.0)) == expected
    with detect_anomaly():
        assert repr(f(2.0)) == expected


def test_with_values_it_is_the_function_itself(compiled):
    f = compiled(lambda x, y: x * y)
    x = Value(3.0)
    z = f(x, 4.0)
    z.backward()
    assert (z.data, x.grad) == (12.0, 4.0)
    assert f(3.0, 4.0) == 12.0


def test_detect_anomaly_around_a_compiled_call_watches(compiled):
    f = compiled(lambda x: (x - 1.0).log())
    assert f(1.0) == -inf
    with detect_anomaly(), pytest.raises(AnomalyError, match="log gave -inf"):
        f(1.0)
    assert f(1.0) == -inf
    with detect_anomaly():
        assert f(2.0) == 0.0


def test_no_grad_and_stop_gradient_inside(compiled):
    def f(x):
        with no_grad():
            weight = x * x
        return weight * x + stop_gradient(x) * x

    assert compiled(value_and_grad(f))(3.0) == (36.0, 12.0)


def test_scopes_and_names_inside_change_nothing(compiled):
    def f(x):
        with scope("layer"):
            y = (x * x).named("square")
        return y + x

    assert compiled(value_and_grad(f))(3.0) == (12.0, 7.0)


def test_checks_on_types_inside(compiled):
    assert compiled(lambda x: x * 2.0 if isinstance(x, Value) else 0.0)(3.0) == 6.0
    assert compiled(lambda xs: 1.0 if isinstance(xs, list) and len(xs) == 2 else 0.0)([1.0, 2.0]) == 1.0
    f = compiled(lambda a: a.sum() + a.shape[0] + a.T[1, 0] + (a @ a).max())
    assert f(np.array([[1.0, 2.0], [3.0, 4.0]])) == 36.0


# As a decorator.


@jit
def hypotenuse(x, y=4.0):
    """The longest side."""
    return sqrt(x * x + y * y)


def test_it_looks_like_the_function():
    assert hypotenuse(3.0) == 5.0
    assert (hypotenuse.__name__, hypotenuse.__doc__) == ("hypotenuse", "The longest side.")
    assert hypotenuse.__module__ == __name__
    assert hypotenuse.__wrapped__(3.0, Value(4.0)).data == 5.0
    assert repr(hypotenuse) == "<compiled hypotenuse>"
    assert repr(jit(sin)) == "<compiled sin>"


def test_as_a_decorator_with_options(backend):
    @jit(static_argnums=1, backend=backend)
    def f(x, n):
        return x * n

    assert f(2.0, 3) == 6.0
    assert f.__name__ == "f"


def test_methods(backend):
    class Line:
        def __init__(self, slope):
            self.slope = Value(slope)

        @jit(static_argnums=0, backend=backend)
        def at(self, x):
            """Where it is at x."""
            return self.slope * x

        @staticmethod
        @jit(backend=backend)
        def twice(x):
            return x * 2.0

        @classmethod
        @jit(static_argnums=0, backend=backend)
        def named(cls, x):
            return x * len(cls.__name__)

        @jit
        def wrong(self, x):
            return x

    one, two = Line(3.0), Line(5.0)
    assert [one.at(2.0), two.at(2.0), one.at(4.0)] == [6.0, 10.0, 12.0]
    one.slope.data = 7.0
    assert one.at(2.0) == 14.0
    assert (one.at.__doc__, one.at.__name__) == ("Where it is at x.", "at")
    assert one.twice(2.0) == Line.twice(2.0) == 4.0
    assert Line.named(2.0) == 8.0
    assert jit(one.at, backend=backend)(2.0) == 14.0
    with pytest.raises(TypeError, match="argument 1 .*Line.*static_argnums.*a method's argument 1 is the object"):
        one.wrong(2.0)


def test_anything_that_can_be_called(compiled):
    class Twice:
        def __call__(self, x):
            return x * 2.0

    assert compiled(Twice())(3.0) == 6.0
    assert compiled(functools.partial(lambda a, x: a * x, 2.0))(3.0) == 6.0
    f = compiled(max)
    assert [f(1.0, 2.0), f(3.0, 2.0)] == [2.0, 3.0]
    assert compiled(sigmoid)(0.0) == 0.5


# A user's own primitive.


def _half(x):
    return x / 2.0


halved = primitive("halved", _half, [lambda out, x: 0.5])


def test_a_user_s_primitive_is_called_back(compiled):
    f = compiled(value_and_grad(lambda x: halved(x) * halved(x)))
    assert f(6.0) == (9.0, 3.0)
    assert compiled(vmap(halved))(np.arange(20.0)).tolist() == [i / 2.0 for i in range(20)]
    assert compiled(lambda x: fori_loop(0, 3, lambda i, s: halved(s), x))(8.0) == 1.0


def test_a_user_s_primitive_with_a_native_name(compiled):
    # The C library's hypot, and a Python function that would be noticed.
    calls = []

    def slow(x, y):
        calls.append(1)
        return math.hypot(x, y)

    side = primitive("side", slow, [lambda out, x, y: x / out, lambda out, x, y: y / out], native="hypot")
    f = compiled(value_and_grad(side, argnums=(0, 1)))
    assert f(3.0, 4.0) == (5.0, (0.6, 0.8))
    before = len(calls)
    assert f(6.0, 8.0) == (10.0, (0.6, 0.8))
    assert (len(calls) == before) is (f.stats()["backend"] == "llvm")


@pytest.mark.parametrize("name", ["exp", "log", "tanh", "sigmoid", "pow", "add", "where", "relu"])
def test_a_user_s_primitive_may_have_the_name_of_another_function(compiled, name):
    fivefold, sevenfold = (primitive(name, lambda x, k=k: k * x, [k]) for k in (5.0, 7.0))
    f = lambda x: fivefold(x) + 10.0 * sevenfold(x) + exp(x)
    assert compiled(value_and_grad(f))(2.0) == pytest.approx((150.0 + math.exp(2.0), 75.0 + math.exp(2.0)), rel=1e-15)
    numbers = np.arange(20.0)
    assert compiled(vmap(f))(numbers) == pytest.approx(75.0 * numbers + np.exp(numbers), rel=1e-15)


def _root_of_positive(x):
    if x < 0.0:
        raise ValueError("no root of a negative number")
    return math.sqrt(x)


root = primitive("root", _root_of_positive, [lambda out, x: 0.5 / out])


def test_what_a_user_s_primitive_raises_is_raised(compiled):
    for f, wrong in [
        (compiled(lambda x: root(x) * 2.0), -4.0),
        (compiled(lambda xs: vmap(root, reduce="sum")(xs)), np.array([4.0, -4.0])),
    ]:
        assert f(abs(wrong)) == 4.0
        for _ in range(2):
            with pytest.raises(ValueError, match="no root of a negative number"):
                f(wrong)
            assert f(abs(wrong)) == 4.0


def test_a_user_s_primitive_that_raises_on_the_way_not_taken(compiled):
    f = compiled(lambda x: root(x) if x > 0 else 0.0)
    assert [f(4.0), f(-4.0), f(9.0)] == [2.0, 0.0, 3.0]
    g = compiled(vmap(lambda x: root(x) if x > 0 else 0.0))
    assert g(np.array([4.0, -1.0, 9.0])).tolist() == [2.0, 0.0, 3.0]


# Copies and pickles.


def test_a_function_of_a_module_is_pickled_by_name():
    assert hypotenuse(3.0, 4.0) == 5.0
    again = pickle.loads(pickle.dumps(hypotenuse))
    assert again(3.0, 4.0) == 5.0
    assert again.__name__ == "hypotenuse"


def module_level(x):
    return x * 2.0 if x > 0 else x * 3.0


def test_a_pickled_function_of_a_module_records_what_it_has_not_seen(compiled):
    f = compiled(module_level)
    assert f(1.0) == 2.0
    again = pickle.loads(pickle.dumps(f))
    assert [again(2.0), again(-1.0), again(np.float64(3.0))] == [4.0, -3.0, 6.0]
    with pytest.raises(ValueError, match="truth value"):  # NumPy's own
        again(np.arange(2.0))


def test_the_graph_of_a_lambda_travels_and_says_what_did_not(compiled):
    w = Value(3.0)
    f = compiled(lambda x: x * w if x > 0 else -x)
    assert f(2.0) == 6.0
    again = pickle.loads(pickle.dumps(f))
    assert [again(2.0), again(5)] == [6.0, 15.0]
    assert again.stats()["variants"] == 1
    assert "multiply" in str(again.graph)
    w.data = 100.0
    assert (f(2.0), again(2.0)) == (200.0, 6.0)
    with pytest.raises(TraceError, match="unpickled without its Python source.*take a branch that was not recorded"):
        again(-1.0)
    with pytest.raises(TraceError, match="unpickled without its Python source.*structures and shapes"):
        again(np.arange(2.0))
    with pytest.raises(TraceError, match="unpickled without its Python source.*numbers only"):
        again(Value(1.0))
    with pytest.raises(TypeError, match="argument 1"):
        again("text")
    assert pickle.loads(pickle.dumps(again))(2.0) == 6.0
    assert again(2.0) == 6.0


def test_a_lambda_pickled_before_any_call_says_so(compiled):
    again = pickle.loads(pickle.dumps(compiled(lambda x: x)))
    with pytest.raises(TraceError, match="unpickled without its Python source.*none"):
        again(1.0)


def test_arrays_loops_and_primitives_travel(compiled):
    f = compiled(value_and_grad(lambda xs: scan(lambda s, x: (halved(s) + x * x, None), 0.0, xs)[0]))
    xs = np.array([1.0, 2.0, 3.0])
    value, slopes = f(xs)
    again = pickle.loads(pickle.dumps(f))
    assert again(xs)[0] == value == 0.25 + 2.0 + 9.0
    assert again(xs)[1].tolist() == slopes.tolist() == [0.5, 2.0, 6.0]


def test_a_pickle_is_run_by_another_process(tmp_path):
    f = jit(value_and_grad(lambda x: (x * x).exp() if x > 0 else -x))
    expected = f(0.5)
    (tmp_path / "f.pickle").write_bytes(pickle.dumps(f))
    code = "import pickle, sys; print(repr(pickle.loads(open(sys.argv[1], 'rb').read())(0.5)))"
    command = [sys.executable, "-c", code, tmp_path / "f.pickle"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr(expected)


def test_copies_are_the_function(compiled):
    f = compiled(lambda x: x * 2.0 if x > 0 else -x)
    f(1.0)
    for again in (copy.copy(f), copy.deepcopy(f), copy.deepcopy({"f": f})["f"]):
        assert [again(2.0), again(-2.0), again([3.0][0])] == [4.0, 2.0, 6.0]


class Spring:
    def __init__(self, kind):
        self.stiffness, self.kind = Value(2.0), kind
        self.force = kind(self.pull)
        self.others = [kind(functools.partial(self.pull, 1.0)), kind(self.pull), kind(module_level)]

    def pull(self, x, y=1.0):
        return self.stiffness * x * y


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda item: pickle.loads(pickle.dumps(item))])
def test_a_compiled_method_is_copied_with_its_object(copied, warm, backend):
    spring = Spring(functools.partial(jit, backend=backend))
    if warm:
        assert [spring.force(3.0), spring.others[0](4.0), spring.others[2](5.0)] == [6.0, 8.0, 10.0]
    for again in (copied(spring), copied(copied(spring)), copied(spring.force).function.__self__):
        assert again.force.function.__self__ is again
        again.stiffness.data = 100.0
        assert [again.force(3.0), spring.force(3.0)] == [300.0, 6.0]
        assert [other(4.0) for other in again.others] == [400.0, 400.0, 8.0]
        again.stiffness = Value(7.0)
        assert [again.force(3.0), spring.force(3.0)] == [21.0, 6.0]
        assert grad(lambda k: setattr(again, "stiffness", k) or again.force(3.0))(5.0) == 3.0  # noqa: B023
        assert again.force.stats()["backend"] == backend
    force = copied(spring.force)
    assert force.function.__self__.force is force


def test_a_method_of_an_object_that_cannot_be_pickled_travels_as_its_graph(compiled):
    spring = Spring(compiled)
    spring.lock = (x for x in ())
    assert spring.force(3.0) == 6.0
    again = pickle.loads(pickle.dumps(spring.force))
    assert again.function is None
    assert again(4.0) == 8.0


factor = Value(3.0)


def scaled(x):
    return factor * x


def test_a_function_that_pickle_finds_by_its_name_reads_the_values_that_are_there(compiled):
    f = compiled(scaled)
    assert f(2.0) == 6.0
    again = pickle.loads(pickle.dumps(f))
    factor.data = 5.0
    assert [f(2.0), again(2.0)] == [10.0, 10.0]
    factor.data = 3.0


# Machine code kept in a folder.


def test_machine_code_is_kept_in_a_folder(tmp_path):
    folder = tmp_path / "cache"

    def make():
        return jit(lambda x: (x * x).exp() if x > 0 else -x, cache=folder, backend="llvm")

    first = make()
    assert first(0.5) == pytest.approx(math.exp(0.25), rel=1e-15)
    kept = {path: path.read_bytes() for path in folder.iterdir()}
    assert kept
    second = make()
    assert second(0.5) == first(0.5)
    assert {path: path.read_bytes() for path in folder.iterdir()} == kept
    assert second(-2.0) == 2.0  # another branch is another program
    assert len(list(folder.iterdir())) > len(kept)


def test_a_damaged_file_in_the_folder_is_made_again(tmp_path):
    def make():
        return jit(lambda x: (x * x).exp(), cache=str(tmp_path), backend="llvm")

    expected = make()(0.5)
    for kept in tmp_path.iterdir():
        kept.write_bytes(b"not machine code")
    assert make()(0.5) == expected


# Threads and tasks.


def test_eight_threads_at_once(backend):
    w = Value(2.0)

    def f(x):
        if x > 0.5:
            return x * w
        if x > 0.25:
            return (x * x, x)[0] + w
        return -x

    g = jit(f, backend=backend)
    per_thread = 10_000 if backend == "llvm" else 2_000

    def work(seed):
        wrong = 0
        for i in range(per_thread):
            x = ((i * 7 + seed * 13) % 100) / 100.0
            expected = x * 2.0 if x > 0.5 else x * x + 2.0 if x > 0.25 else -x
            wrong += g(x) != expected
        return wrong

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [0] * 8
    assert g.stats()["variants"] == 3


def test_threads_with_arrays_have_each_their_own_memory(backend):
    f = jit(lambda xs, k: (vmap(lambda x: x * k + 1.0)(xs), vmap(lambda x: x * k, reduce="sum")(xs)),
            backend=backend)
    xs = np.arange(100.0)

    def work(k):
        for _ in range(200 if backend == "llvm" else 10):
            array, total = f(xs, k)
            assert array.tolist() == [x * k + 1.0 for x in range(100)]
            assert total == 4950.0 * k
        return True

    f(xs, 1.0)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, map(float, range(1, 9))))


def test_threads_of_a_batch_do_not_change_its_bits():
    xs = np.sin(np.arange(50_001.0))
    one, three = (
        jit(value_and_grad(lambda w, xs: vmap(lambda x: (x * w).tanh(), reduce="sum")(xs)), threads=n, backend="llvm")
        for n in (1, 3)
    )
    assert one(0.7, xs) == three(0.7, xs)


def test_tasks_of_asyncio(compiled):
    f = compiled(lambda x: x * 2.0 if x > 0 else -x)

    async def task(i):
        total = 0.0
        for k in range(50):
            if i % 2:
                with no_grad():
                    total += f(float(k - 25))
            else:
                total += f(float(k - 25))
            await asyncio.sleep(0)
        return total

    async def main():
        return await asyncio.gather(*(task(i) for i in range(8)))

    expected = sum(k * 2.0 if k > 0 else float(-k) for k in range(-25, 25))
    assert asyncio.run(main()) == [expected] * 8


# Looking inside.


def test_what_it_shows_of_the_last_call(backend):
    def f(x):
        return (x * 1.0).exp() * 2.0 if x > 0 else -x

    g = jit(f, backend=backend)
    g(1.0)
    assert [operation.name for operation in g.graph.operations] == ["greater", "guard", "exp", "multiply"]
    stats = g.stats()
    assert stats["backend"] == backend
    assert stats["variants"] == 1
    assert stats["nodes"]["recorded"] > stats["nodes"]["rewritten"] >= stats["nodes"]["pruned"] == 4
    assert all(seconds >= 0.0 for seconds in stats["seconds"].values())
    assert (stats["bytes"] > 0) is (backend == "llvm")
    g(-1.0)
    assert [operation.name for operation in g.graph.operations] == ["greater", "guard", "negative"]
    assert g.stats()["variants"] == 2
    g(2.0)
    g(3.0)
    assert [operation.name for operation in g.graph.operations] == ["greater", "guard", "exp", "multiply"]


def test_llvm_ir_and_c_source_are_text(compiled):
    f = compiled(lambda x, y: x * y + x.sqrt())
    f(4.0, 2.0)
    assert "define" in f.llvm_ir()
    source = f.c_source("area")
    assert " area(" in source
    assert "sqrt(" in source
    for given, name in [("2 bad", "f2_bad"), ("a-b", "a_b"), ("while", "while_"), ("sqrt", "sqrt_"), ("", "lambda")]:
        assert f"\nvoid {name}(double x0, double x1, double *out)" in f.c_source(given)


# Without llvmlite.


def test_without_llvmlite_there_is_one_warning_and_the_same_answers():
    code = """
        import sys, warnings
        sys.modules["llvmlite"] = None  # any import of it fails
        from autograd import grad, jit
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            f = jit(grad(lambda x: x * x * x if x > 0 else -x))
            print(f(2.0), f(-2.0), jit(lambda x: x + 1.0)(1.0))
            print(f.stats()["backend"], len(caught), caught[0].category.__name__, caught[0].filename == "<string>")
            print(caught[0].message)
            try:
                jit(lambda x: x, backend="llvm")(1.0)
            except Exception as error:
                print(type(error).__name__, error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    numbers, facts, message, error = done.stdout.splitlines()
    assert numbers == "12.0 -1.0 2.0"
    assert facts == "interpreter 1 RuntimeWarning True"
    assert "scalar-autograd[jit]" in message
    assert error.startswith("MissingDependencyError")
    assert "scalar-autograd[jit]" in error


def test_with_llvmlite_there_is_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert jit(lambda x: where(x > 0, x, -x))(-2.0) == 2.0


@pytest.mark.parametrize("backend", ["interpreter", "llvm"])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.array([x[0], x[1]]) if x[0] > 0 else np.array([x[1], 0.0]),
        grad(lambda x: x[0] if x[1] > 0 else x[2] * x[3]),
    ],
    ids=["arrays", "gradients"],
)
def test_samples_of_a_batch_take_different_branches_that_return_arrays(backend, f):
    points = np.random.default_rng(0).normal(size=(21, 4))
    expected = np.array([f(point) for point in points], dtype=float)
    assert (jit(vmap(f), backend=backend)(points) == expected).all()


def test_an_array_can_be_changed_in_place():
    def f(x):
        x = x.copy()
        x += 1.0
        x[1:3] *= 2.0
        return x.sum() + x.std()

    point = np.arange(4.0) + 0.5
    assert jit(f)(point) == pytest.approx(f(point), rel=1e-15)
    assert jit(grad(f))(point) == pytest.approx(grad(f)(point).astype(float), rel=1e-12)


@pytest.mark.parametrize("size", [6, 5000])
def test_an_array_is_indexed_by_a_loops_position(size):
    compiled = jit(value_and_grad(lambda x: fori_loop(0, 3, lambda i, s: s + x[i] * x[i + 2], 0.0)))
    value, slopes = compiled(np.arange(float(size)))
    assert value == 0.0 * 2.0 + 1.0 * 3.0 + 2.0 * 4.0
    assert slopes.tolist() == [2.0, 3.0, 4.0 + 0.0, 1.0, 2.0, *[0.0] * (size - 5)]
    with pytest.raises(IndexError, match=f"index {size} is out of bounds for axis 0 with length {size}"):
        jit(lambda x, n: fori_loop(0, 3, lambda i, s: s + x[n - 2 + i], 0.0))(np.arange(float(size)), float(size))
    assert jit(lambda x: x[np.int64(2)])(np.arange(float(size))) == 2.0


class Stepping:
    def __init__(self):
        self.rate = 0.5
        self.step = jit(self.update, backend="interpreter")
        self.other = jit(functools.partial(lambda a, x: a * x, 2.0), backend="interpreter")  # which pickle cannot name
        self.last = jit(self.update, backend="interpreter")

    def update(self, x):
        return self.rate * x


def test_compiled_methods_are_pickled_beside_what_cannot_be():
    stepping = Stepping()
    assert [stepping.step(4.0), stepping.other(4.0)] == [2.0, 8.0]
    again = pickle.loads(pickle.dumps(stepping))
    again.rate = 3.0
    assert [again.last(4.0), again.other(4.0)] == [12.0, 8.0]
    assert again.step.function == again.update
    assert again.other.function is None
