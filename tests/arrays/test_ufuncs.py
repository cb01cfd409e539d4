"""NumPy's ufuncs on Values: by rows of the table, with NumPy's values, and with derivatives at every order."""

from __future__ import annotations

import itertools
import math
from math import inf, nan

import mpmath
import numpy as np
import pytest
import scipy.special

import autograd
from autograd import Value, array, grad, jit, scan, vmap
from autograd.arrays.ufuncs import MEANINGS, TRUTHS

POINTS = (
    -inf, -7.0, -2.5, -2.0, -1.5, -1.0, -0.7, -0.5, -0.3, -1e-300, -0.0, 0.0, 1e-300, 0.3, 0.49999999999999994, 0.5,
    0.7, 1.0, 1.5, 2.0, 2.5, 7.0, 1e300, 2.0**52 + 1, inf, nan,
)  # fmt: skip
FEWER = (-inf, -2.5, -2.0, -0.5, -0.0, 0.0, 0.3, 0.5, 1.5, 2.0, 7.0, 1e300, inf, nan)  # for each of two
BACKENDS = ("interpreter", "llvm")
BITS = {"bitwise_and", "bitwise_or", "bitwise_xor", "invert"}
UFUNCS = sorted(MEANINGS.keys() - BITS - {"clip"})  # NumPy's clip is a function
# Where we choose a sign of a zero that NumPy leaves to the processor, or that it drops.
SIGNS = {"maximum", "minimum", "fmax", "fmin", "sign"}


def values(numbers):
    return array(np.frompyfunc(Value, 1, 1)(numbers))


def floats(result):
    return [float(item.data) if isinstance(item, Value) else float(item) for item in np.ravel(result).tolist()]


def differing(columns, found, expected, name, signs=True):
    """The points at which two lists of numbers are more than some ulp apart; zeros by their signs."""
    absolute = 2.0**-52 if name.startswith("logaddexp") else 0.0  # its two terms cancel near 0
    wrong = []
    for point, x, y in zip(zip(*columns), found, expected):
        alike = math.isnan(x) and math.isnan(y) or math.isclose(x, y, rel_tol=2e-15, abs_tol=absolute)
        if not alike or (signs and x == y and math.copysign(1.0, x) != math.copysign(1.0, y)):
            wrong.append((point, x, y))
    return wrong


def grid(ufunc):
    """All points, as a column for each argument."""
    points = POINTS if ufunc.nin == 1 else FEWER
    return [np.array(column) for column in zip(*itertools.product(points, repeat=ufunc.nin))]


def results_of(result):
    return result if isinstance(result, tuple | list) else (result,)


@pytest.mark.parametrize("name", UFUNCS)
def test_a_ufunc_has_numpys_value_everywhere_alone_in_arrays_and_compiled(name):
    ufunc = getattr(np, name)
    columns = grid(ufunc)
    with np.errstate(all="ignore"):
        expected = results_of(ufunc(*columns))
    eager = results_of(ufunc(*map(values, columns)))
    alone = list(zip(*(results_of(ufunc(*map(Value, map(float, point)))) for point in zip(*columns))))
    compiled = [results_of(jit(lambda *x: ufunc(*x), backend=backend)(*columns)) for backend in BACKENDS]
    for i, exact in enumerate(expected):
        assert eager[i].shape == exact.shape
        assert (eager[i].dtype == bool) == (name in TRUTHS)
        # Eager numbers against NumPy's; all others against the eager ones.
        found = floats(eager[i])
        assert differing(columns, found, exact.tolist(), name, name not in SIGNS) == []
        assert floats(alone[i]) == pytest.approx(found, rel=0.0, abs=0.0, nan_ok=True)
        for answer in compiled:
            assert answer[i].dtype == eager[i].dtype or answer[i].dtype == float
            assert differing(columns, floats(answer[i]), found, name) == []


def test_every_ufunc_of_numpy_has_a_meaning_or_is_refused_by_its_name():
    ufuncs = {item.__name__: item for item in vars(np).values() if isinstance(item, np.ufunc)}
    products = {"matmul", "vecdot", "matvec", "vecmat"}
    refused = ufuncs.keys() - MEANINGS.keys() - products
    assert {"gcd", "lcm", "ldexp", "frexp", "modf", "nextafter", "spacing", "left_shift", "isnat"} <= refused
    assert len(refused) < 15
    for name in refused:
        for x in (Value(1.0), values([1.0, 2.0])):
            with pytest.raises(TypeError, match=rf"numpy\.{name} has no meaning for Values here: "):
                ufuncs[name](*[x] * ufuncs[name].nin)
            with pytest.raises(TypeError, match=rf"numpy\.{name} has no"):
                jit(lambda x, name=name: ufuncs[name](*[x] * ufuncs[name].nin))(np.array([1.0, 2.0]))


def test_an_operation_on_bits_takes_truths_alone():
    x = values([1.0, -1.0])
    assert (np.isnan(x) | (x > 0.0)).tolist() == [True, False]
    for backend in BACKENDS:
        both = jit(lambda x: np.where((x > 0.0) & ~np.isnan(x) ^ np.signbit(x), x, -x), backend=backend)
        assert both(np.array([2.0, -2.0])).tolist() == [2.0, -2.0]
    for name in BITS:
        with pytest.raises(TypeError, match=rf"numpy\.{name} works on bits.*logical"):
            getattr(np, name)(*[x] * getattr(np, name).nin)
    with pytest.raises(TypeError, match="bits"):
        x & 3


def test_the_ufuncs_of_others():
    class_of_arrays = type(values([1.0]))
    squared = np.vectorize(lambda x: x * x, otypes=[object])
    assert [item.data for item in squared(values([2.0, 3.0]))] == [4.0, 9.0]
    assert type(np.frompyfunc(lambda x: x * x, 1, 1)(values([2.0]))) is class_of_arrays
    with pytest.raises(TypeError, match=r"erf has no meaning for Values here: use autograd\.erf"):
        scipy.special.erf(Value(1.0))


# Derivatives, against mpmath where the function is smooth.

SMOOTH = {
    "fmod": lambda x, y: x - y * (mpmath.floor(abs(x / y)) * mpmath.sign(x / y)),
    "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "logaddexp2": lambda x, y: mpmath.log(mpmath.mpf(2) ** x + mpmath.mpf(2) ** y, 2),
    "copysign": lambda x, y: abs(x) * mpmath.sign(y),
    "float_power": mpmath.power,
    "deg2rad": mpmath.radians, "radians": mpmath.radians, "rad2deg": mpmath.degrees, "degrees": mpmath.degrees,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "hypot": mpmath.hypot, "arctan2": mpmath.atan2, "fmax": max, "fmin": min, "fabs": abs,
    "heaviside": lambda x, y: mpmath.mpf(x > 0),
    "trunc": lambda x: mpmath.floor(abs(x)) * mpmath.sign(x),
    "rint": mpmath.nint,
}  # fmt: skip
PLACES = {1: [(0.7,), (2.3,), (-1.9,)], 2: [(0.7, 1.9), (2.3, 0.6), (-2.3, 0.8), (2.3, -0.9), (-1.4, -0.3)]}


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_of_the_first_and_second_order(name):
    ufunc, reference = getattr(np, name), SMOOTH[name]
    places = [place for place in PLACES[ufunc.nin] if name != "float_power" or place[0] > 0.0]
    for i, k in itertools.product(range(ufunc.nin), repeat=2):
        orders = [0] * ufunc.nin
        function = ufunc
        for argument in (i, k):
            function = grad(function, argnums=argument)
            orders[argument] += 1
            calls = (function, *(jit(function, backend=backend) for backend in BACKENDS))
            for place in places:
                with mpmath.workdps(60):
                    slope = float(mpmath.diff(reference, tuple(map(mpmath.mpf, place)), tuple(orders)))
                for call in calls:
                    assert call(*place) == pytest.approx(slope, rel=1e-13, abs=1e-15), (place, orders)


@pytest.mark.parametrize("name", ["logaddexp", "logaddexp2"])
def test_logaddexp_at_a_tie_in_its_tails_and_at_infinity(name):
    ufunc, unit = getattr(np, name), 1.0 if name == "logaddexp" else math.log(2.0)
    for backend in BACKENDS:
        for transform in (lambda f: f, lambda f, backend=backend: jit(f, backend=backend)):
            slope = transform(grad(ufunc, argnums=(0, 1)))
            assert slope(3.0, 3.0) == pytest.approx((0.5, 0.5), rel=1e-15)
            assert slope(1000.0, -1000.0) == (1.0, 0.0)
            assert slope(inf, 1.0) == (1.0, 0.0)
            assert slope(-40.0, 0.0)[0] == pytest.approx(math.exp(-40.0 * unit), rel=1e-14)
            assert transform(grad(grad(ufunc)))(3.0, 3.0) == pytest.approx(0.25 * unit, rel=1e-15)
            third = transform(grad(grad(grad(ufunc))))
            assert third(3.0, 3.0) == pytest.approx(0.0, abs=1e-16)
            fourth = transform(grad(grad(grad(grad(ufunc)))))
            assert fourth(3.0, 3.0) == pytest.approx(-0.125 * unit**3, rel=1e-14)
            assert transform(ufunc)(inf, -inf) == transform(ufunc)(inf, inf) == inf
            assert transform(ufunc)(-inf, -inf) == -inf
            assert all(map(math.isnan, (*slope(nan, 1.0), *slope(-inf, -inf), *slope(inf, inf))))


KINKS = [
    ("maximum", (1.0, 1.0), (0.5, 0.5)), ("minimum", (0.0, -0.0), (0.5, 0.5)), ("fmax", (2.0, 2.0), (0.5, 0.5)),
    ("fmax", (nan, 2.0), (0.0, 1.0)), ("fmin", (2.0, nan), (1.0, 0.0)), ("maximum", (nan, 2.0), (nan, nan)),
    ("fmax", (nan, nan), (nan, nan)), ("fmin", (nan, nan), (nan, nan)), ("heaviside", (nan, 0.3), (nan, nan)),
    ("trunc", (-0.0,), (0.0,)), ("trunc", (nan,), (nan,)), ("rint", (2.5,), (0.0,)), ("rint", (nan,), (nan,)),
    ("trunc", (inf,), (0.0,)), ("fmod", (0.0, 2.0), (1.0, 0.0)), ("fmod", (-7.0, 2.0), (1.0, 3.0)),
    ("fmod", (7.0, -2.0), (1.0, 3.0)), ("fmod", (7.0, inf), (1.0, 0.0)), ("fmod", (inf, 2.0), (nan, nan)),
    ("fmod", (1.0, 0.0), (nan, nan)), ("remainder", (-7.0, 2.0), (1.0, 4.0)), ("copysign", (3.0, -0.0), (-1.0, 0.0)),
    ("copysign", (0.0, -1.0), (0.0, 0.0)), ("copysign", (nan, 1.0), (nan, 0.0)), ("heaviside", (0.0, 0.3), (0.0, 1.0)),
    ("heaviside", (1.0, nan), (0.0, 0.0)), ("fabs", (0.0,), (0.0,)),
    ("hypot", (0.0, 0.0), (0.0, 0.0)), ("reciprocal", (0.0,), (-inf,)), ("floor_divide", (7.0, 2.0), (0.0, 0.0)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "place", "slopes"), KINKS)
def test_the_derivative_at_a_kink_and_at_nan(name, place, slopes):
    ufunc = getattr(np, name)
    function = grad(lambda x: ufunc(*x))
    assert function(list(place)) == pytest.approx(list(slopes), abs=0.0, nan_ok=True)
    batch = [np.array([number, number]) for number in place]
    for backend in BACKENDS:
        assert jit(function, backend=backend)(list(place)) == pytest.approx(list(slopes), abs=0.0, nan_ok=True)
        each = jit(vmap(grad(lambda *x: ufunc(*x), argnums=tuple(range(len(place))))), backend=backend)(*batch)
        assert [column[1] for column in each] == pytest.approx(list(slopes), abs=0.0, nan_ok=True)


@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_a_loop_has_them_in_its_body(name):
    ufunc = getattr(np, name)

    def total(x):
        return scan(lambda state, y: (state + ufunc(*[x, y][: ufunc.nin]), state), 0.0, np.array([0.5, 1.5]))[0]

    expected = sum(grad(lambda x, y=y: ufunc(*[x, y][: ufunc.nin]))(1.2) for y in (0.5, 1.5))
    assert grad(total)(1.2) == pytest.approx(expected, rel=1e-14)
    for backend in BACKENDS:
        assert jit(grad(total), backend=backend)(1.2) == pytest.approx(expected, rel=1e-14)


# The methods of a ufunc, and its options.


def test_methods_of_a_ufunc():
    x = values([1.0, 3.0, 2.0])
    assert np.add.reduce(x).data == np.sum(x).data == 6.0
    assert np.multiply.reduce(x).data == 6.0
    assert np.maximum.reduce(x).data == 3.0
    assert floats(np.maximum.accumulate(x)) == [1.0, 3.0, 3.0]
    assert floats(np.subtract.outer(x, np.array([1.0, 2.0]))) == [0.0, -1.0, 2.0, 1.0, 1.0, 0.0]
    assert floats(np.add.reduceat(x, [0, 2])) == [4.0, 2.0]
    assert np.logaddexp.reduce(x).data == pytest.approx(math.log(sum(map(math.exp, (1, 3, 2)))), rel=1e-15)
    assert np.hypot.reduce(x).data == pytest.approx(math.sqrt(14.0), rel=1e-15)
    square = x.copy().reshape(3, 1) * x
    assert np.maximum.reduce(square, axis=None).data == np.max(square).data == 9.0
    assert floats(np.maximum.reduce(square, axis=1, keepdims=True)) == [3.0, 9.0, 6.0]
    assert floats(np.minimum.reduce(x, initial=0.5, keepdims=True)) == [0.5]
    y = x.copy()
    np.maximum.at(y, [0, 2], 2.5)
    assert floats(y) == [2.5, 3.0, 2.5]
    grow = grad(lambda x: np.multiply.reduce(x) + np.logaddexp.reduce(x))(np.array([1.0, 2.0]))
    assert grow == pytest.approx([2.0 + 1 / (1 + math.e), 1.0 + math.e / (1 + math.e)], rel=1e-15)
    with pytest.raises(ValueError, match="identity"):
        np.maximum.reduce(x[:0])
    assert np.add.reduce(x[:0]) == 0.0
    assert type(np.add.reduce(x[:0])) is float


def test_out_and_where():
    x = values([1.0, nan, -2.0])
    out = x.copy()
    assert np.maximum(x, 0.5, out=out) is out
    assert floats(out) == pytest.approx([1.0, nan, 0.5], nan_ok=True)
    np.maximum(x, 2.0, out=out, where=np.array([True, False, False]))
    assert floats(out) == pytest.approx([2.0, nan, 0.5], nan_ok=True)
    assert np.sum(x, where=np.array([True, False, True])).data == -1.0
    with pytest.raises(TypeError, match=r"numpy\.maximum with where= .*autograd\.where"):
        np.maximum(x, 2.0, where=np.array([True, False, False]))
    with pytest.raises(TypeError, match="cast"):
        np.maximum(x, 2.0, out=np.zeros(3))
    assert jit(lambda x: np.sum(x, where=x > 0.0))(np.array([1.0, -2.0])) == 1.0
    with pytest.raises(TypeError, match="dtype"):
        np.add(x, 1.0, dtype=np.float32)
    with pytest.raises(TypeError, match="signature"):
        np.add(x, 1.0, signature="dd->d")
    assert floats(np.add(x[:1], 1.0, dtype=float, casting="unsafe", subok=False, order="C")) == [2.0]


def test_arrays_are_broadcast_and_mixed_with_floats():
    x = values([[1.0], [nan]])
    result = np.maximum(x, np.array([0.0, 2.0]))
    assert result.shape == (2, 2)
    assert floats(result) == pytest.approx([1.0, 2.0, nan, nan], nan_ok=True)
    mixed = array([Value(2.0), 3.0, 0.0])
    assert floats(np.exp(mixed)) == [math.exp(2.0), math.exp(3.0), 1.0]
    assert floats(mixed / 0.0) == pytest.approx([inf, inf, nan], nan_ok=True)
    assert floats((-mixed) ** 0.5) == pytest.approx([nan, nan, 0.0], nan_ok=True)
    assert floats((mixed * 1e200) ** 2) == [inf, inf, 0.0]
    assert floats(mixed // 0.0) == pytest.approx([inf, inf, nan], nan_ok=True)
    expected = [1.0 + math.log(2.0), math.log(math.e + math.e**2)]
    assert floats(np.logaddexp([1.0, 2.0], Value(1.0))) == pytest.approx(expected, rel=1e-15)
    assert np.maximum([1.0, 2.0], array([0.0, 3.0])).dtype == float


def test_a_value_by_itself_stays_one():
    v = Value(3.0)
    for number in (np.float64(2), np.int64(2), 2, 2.0, np.True_):
        for result in (np.add(v, number), np.add(number, v), np.power(number, v), np.maximum(v, number)):
            assert type(result) is Value
    assert np.divmod(v, 2.0)[0].data == divmod(v, 2.0)[0].data == 1.0
    assert np.less(v, 4.0) is True
    assert np.logical_and(v, 0.0) is False
    assert np.matmul(values([1.0, 2.0]), values([3.0, 4.0])).data == 11.0
    with pytest.raises(ValueError, match="dimension"):
        v @ values([1.0])
    with pytest.raises(TypeError, match="complex"):
        np.maximum(v, 1j)
    with pytest.raises(TypeError, match="str"):
        np.isnan(array([v]) + "a")


def test_nan_wins_alone_and_compiled():
    assert math.isnan(np.maximum(Value(nan), 1.0).data)
    assert math.isnan(np.minimum(1.0, Value(nan)).data)
    assert math.isnan(jit(lambda x: np.maximum(x, 1.0))(nan))
    assert autograd.maximum(Value(nan), 1.0).data != 1.0
