"""The arguments of a compiled call: what a signature tells apart, and where blocks and static arguments stand again."""

import dataclasses
import datetime
import decimal
import enum
import fractions
import math
import pathlib

import numpy as np
import pytest

import autograd
from autograd import Value, cond, fori_loop, grad, hvp, jacfwd, jit, jvp, scan, vjp, vmap, while_loop
from autograd.compiler.arguments import OTHER, VALUES, Arguments
from autograd.program.graph import NUMBER
from autograd.program.nests import flatten


def f(a, b, c=None, *, d=None):
    return a, b, c, d


def signature(*args, static=(), **kwargs):
    return Arguments.of(f, static, args, kwargs).signature


def test_calls_that_differ_in_numbers_alone_have_one_signature():
    assert signature(1.0, [2.0, (3, {"x": 4.0, "y": True})]) == signature(5, [6.0, (7.0, {"x": 8.0, "y": 9.0})])
    assert hash(signature(1.0, [2.0])) == hash(signature(3.0, [4.0]))
    assert signature(np.zeros((2, 3)), 1.0) == signature(np.ones((2, 3), dtype=int), np.float64(2.0))
    assert signature(1.0, np.array(2.0)) == signature(1.0, 2.0)


def test_calls_of_another_shape_nest_or_way_of_passing_differ():
    same = [
        signature(1.0, 2.0), signature(1.0, b=2.0), signature(1.0, [2.0]), signature(1.0, (2.0,)), signature(1.0, None),
        signature(1.0, np.zeros(1)), signature(1.0, np.zeros((1, 1))), signature(1.0, {"a": 2.0}),
        signature(1.0, {"b": 2.0}), signature(1.0, {"b": 2.0, "a": 1.0}), signature(1.0, {"a": 2.0, "b": 1.0}),
        signature(1.0, 2.0, static=(1,)), signature(1.0, 3.0, static=(1,)),
    ]  # fmt: skip
    assert len(set(same)) == len(same)


def test_the_kinds_say_what_each_block_is():
    assert signature(1, [np.zeros((2, 0)), True]).kinds == (NUMBER, (2, 0), NUMBER)
    assert signature(Value(1.0), np.array([Value(1.0)])).kinds == (VALUES, VALUES)
    assert signature("text", np.array(["text"])).kinds == (OTHER, OTHER)


def test_numbers_become_floats_and_arrays_contiguous_ones():
    numbers = Arguments.of(f, (), (3, np.arange(6).reshape(2, 3).T), {}).numbers()
    assert type(numbers[0]) is float
    assert numbers[1].dtype == float
    assert numbers[1].flags.c_contiguous
    assert numbers[1].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]


@pytest.mark.parametrize("static", [(0,), (1,), (2,), (0, 2), (2, 0), (-1,), (-1, 0), (0, 1, 2)])
def test_static_arguments_stand_in_their_places_again(static):
    given = Arguments.of(f, static, (1.0, 2.0, 3.0), {"d": 4.0})
    assert given.signature.call(f, given.blocks) == (1.0, 2.0, 3.0, 4.0)
    assert len(given.blocks) == 4 - len(static)


def test_static_arguments_may_be_passed_by_name():
    given = Arguments.of(f, (2,), (1.0, 2.0), {"c": "text", "d": 4.0})
    assert given.signature.static == (("c", "text"),)
    assert given.signature.call(f, given.blocks) == (1.0, 2.0, "text", 4.0)


def test_a_signature_reads_as_a_person_would_write_it():
    assert str(signature(1.0, {"x": np.zeros((2, 3)), "k": 2})) == "('number', {'x': 'array(2, 3)', 'k': 'number'})"
    assert str(signature(1.0, 3, d=2.0, static=(1,))) == "('number',) and {'d': 'number'} with {1: 3}"


def test_an_argument_that_is_no_number_is_named():
    with pytest.raises(TypeError, match=r"^argument 2 of a compiled function must be a number.*not str: 'text'"):
        jit(f)(1.0, [2.0, "text"])
    with pytest.raises(TypeError, match=r"^'d' of a compiled function.*not an array of <U4"):
        jit(f)(1.0, 2.0, d=np.array(["text"]))


def test_a_whole_number_beyond_floats_is_refused_only_where_it_becomes_one():
    f = jit(lambda x, n: x * (n % 7))
    with pytest.raises(OverflowError):
        f(2.0, 10**400)
    assert f(Value(2.0), 10**400).data == 2.0 * (10**400 % 7)
    with pytest.raises(TypeError, match="argument 1"):
        f("text", 10**400)


def test_static_arguments_that_are_equal_for_python_are_told_apart():
    f = jit(lambda n, x: x * {int: 2.0, float: 3.0, bool: 5.0}[type(n)], static_argnums=0)
    nested = jit(lambda n, x: x * {int: 2.0, float: 3.0, bool: 5.0}[type(n[1][0])], static_argnums=0)
    for n, expected in [(1, 2.0), (1.0, 3.0), (True, 5.0), (1, 2.0), (1.0, 3.0)]:
        assert f(n, 1.0) == expected
        assert nested((0, (n,)), 1.0) == expected
        assert jit(lambda x, n: x * type(n)(1), static_argnums=(1,))(1.0, n) == 1.0
    sign = jit(lambda n, x: x * math.copysign(1.0, n), static_argnums=0)
    signs = jit(lambda n, x: x * sum(math.copysign(1.0, item.real) for item in n), static_argnums=0)
    assert [sign(n, 2.0) for n in (0.0, -0.0, 0.0)] == [2.0, -2.0, 2.0]
    assert [signs(n, 2.0) for n in ((0.0,), (-0.0,), (complex(-0.0, 0.0),))] == [2.0, -2.0, -2.0]
    assert [signs(n, 2.0) for n in (frozenset([0.0]), frozenset([-0.0]))] == [2.0, -2.0]

    @dataclasses.dataclass(frozen=True)
    class Options:
        n: float

    by_field = jit(lambda o, x: x * math.copysign(1.0, o.n), static_argnums=0)
    assert [by_field(Options(n), 2.0) for n in (0.0, -0.0)] == [2.0, -2.0]
    by_name = jit(lambda x, n: x * math.copysign(1.0, n), static_argnums=1)
    assert [by_name(2.0, n=n) for n in (0.0, -0.0)] == [2.0, -2.0]
    for zeros in ((np.float32(0.0), np.float32(-0.0)), (decimal.Decimal("0"), decimal.Decimal("-0"))):
        assert [sign(n, 2.0) for n in zeros] == [2.0, -2.0]


class Level(enum.IntEnum):
    ONE = 1


class Text(str):
    pass


UTC, NAMED = datetime.UTC, datetime.timezone(datetime.timedelta(0), "here")
EQUAL = [
    (range(0, 3, 2), range(0, 4, 2)), (range(0), range(5, 5)),
    (decimal.Decimal("1.0"), decimal.Decimal("1.00")), (1, Level.ONE, np.int64(1), fractions.Fraction(1)),
    ("a", Text("a"), np.str_("a")), (UTC, NAMED), (datetime.time(1, tzinfo=UTC), datetime.time(1, tzinfo=NAMED)),
    (datetime.datetime(2020, 1, 1, 1), datetime.datetime(2020, 1, 1, 1, fold=1)),
    (datetime.datetime(2020, 1, 1, 0, tzinfo=UTC),
     datetime.datetime(2020, 1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))),
    (np.timedelta64(60, "m"), np.timedelta64(1, "h")), (np.datetime64("2020"), np.datetime64("2020-01-01")),
    (pathlib.PureWindowsPath("A"), pathlib.PureWindowsPath("a")), (frozenset([1]), frozenset([True])),
]  # fmt: skip


@pytest.mark.parametrize("constants", EQUAL, ids=[repr(constants) for constants in EQUAL])
@pytest.mark.parametrize("wrap", [lambda item: item, lambda item: ("a", (item,)), lambda item: frozenset([item])])
def test_equal_constants_that_show_a_difference_have_programs_of_their_own(constants, wrap):
    seen = []
    f = jit(lambda x, constant: seen.append(constant) or 2.0 * x, static_argnums=1, backend="interpreter")
    for _ in range(2):
        for constant in constants:
            assert wrap(constant) == wrap(constants[0])
            assert f(1.0, wrap(constant)) == 2.0
    assert len(seen) == len(constants)


def test_the_end_of_a_range_is_a_constant():
    f = jit(lambda x, numbers: x * numbers.stop, static_argnums=1)
    assert [f(1.0, range(0, stop, 2)) for stop in (3, 4, 3)] == [3.0, 4.0, 3.0]


def test_subclasses_of_arrays_that_compute_otherwise_are_refused():
    class Plain(np.ndarray):
        pass

    for array in (np.ma.array([1.0, 2.0], mask=[0, 1]), np.ones((1, 2)).view(np.matrix), np.zeros(2).view(Plain)):
        for f in (jit(lambda z: z * z), grad(lambda z: (z * z).sum()), lambda z: jvp(lambda a: a * a, (z,), (z,))):
            with pytest.raises(TypeError, match=f"{type(array).__name__} means by an operation.*numpy.asarray"):
                f(array)
    masked = np.ma.array([1.0, 2.0], mask=[0, 1])
    closing_over = lambda z: jit(lambda t: autograd.sum(z * t))(3.0)
    for f in (autograd.sum, autograd.norm, autograd.exp, autograd.array, closing_over):
        with pytest.raises(TypeError, match="MaskedArray means by an operation"):
            f(masked)
    assert jit(lambda z: z.sum())(np.asarray(np.ones((1, 2)).view(np.matrix))) == 2.0


LARGE = np.linspace(0.5, 1.5, 5000)
OF_LARGE_ARRAYS = {
    "sum": lambda z: autograd.sum(z),
    "mean": lambda z: autograd.mean(z),
    "prod": lambda z: autograd.prod(z),
    "norm": lambda z: autograd.norm(z),
    "logsumexp": lambda z: autograd.logsumexp(z),
    "softmax": lambda z: autograd.softmax(z),
    "log_softmax": lambda z: autograd.log_softmax(z),
    "dot": lambda z: autograd.dot(z, z),
    "sum of what scan returns": lambda z: autograd.sum(scan(lambda s, x: (s + x, s * x), 0.0, z)[1]),
    "grad of sum": grad(autograd.sum),
    "grad of norm": grad(autograd.norm),
    "jacfwd": lambda z: jacfwd(lambda t: vmap(lambda a: a * t)(z))(2.0),
    "jvp": lambda z: jvp(lambda t: vmap(lambda a: a * t)(z), (2.0,), (1.0,)),
    "vjp": lambda z: vjp(lambda t: vmap(lambda a: a * t)(z), 2.0)[1](np.ones(5000)),
    "jvp along an array": lambda z: jvp(lambda a: vmap(lambda x: x * x, reduce="sum")(a), (z,), (np.ones(5000),)),
    "cotangents of vjp": lambda z: vjp(lambda q: q * q, z)[1](z)[0],
    "state of fori_loop": lambda z: fori_loop(0, 2, lambda i, s: s * 0.5, z),
    "state of while_loop": lambda z: while_loop(lambda s: s[0] < 2.0, lambda s: s * 2.0, z),
    "state of scan": lambda z: scan(lambda s, x: (s * x, x), z, [1.0, 2.0])[0],
    "sides of cond": lambda z: cond(z[0] > 0.0, lambda q: q * 2.0, lambda q: q, z),
    "hvp": lambda z: hvp(lambda a: vmap(lambda x: x * x * x, reduce="sum")(a), (z,), (z,)),
}


@pytest.mark.parametrize("name", OF_LARGE_ARRAYS)
def test_what_is_done_with_large_arrays_is_compiled(name):
    f = OF_LARGE_ARRAYS[name]
    expected = f(LARGE)
    for backend in ("interpreter", "llvm"):
        compiled = jit(f, backend=backend)
        found = compiled(LARGE)  # a warning, which is an error here, would say that it is not
        assert compiled.graph.size < 600
        for one, other in zip(flatten(found)[0], flatten(expected)[0], strict=True):
            assert one == pytest.approx(other, rel=1e-13)
    inside = jit(lambda z: cond(z[0] < 0.0, lambda: (z * 2.0)[0], lambda: (z + 1.0)[0]), backend="interpreter")
    assert inside(LARGE) == 1.5  # elements that one side asked for are not the other's
    small = {  # the same of two numbers, in closed form
        "sum": 2.0, "mean": 1.0, "prod": 0.75, "norm": math.sqrt(2.5), "dot": 2.5,
        "logsumexp": math.log(math.exp(0.5) + math.exp(1.5)),
    }
    if name in small:
        assert f(np.array([0.5, 1.5])) == pytest.approx(small[name], rel=1e-15)
