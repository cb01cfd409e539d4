"""NumPy's functions on arrays of Values: each is right, by our rows or as NumPy has written it, or refused by name."""

from __future__ import annotations

import itertools
import math
from math import inf, nan

import mpmath
import numpy as np
import pytest

from autograd import AnomalyError, TraceError, Value, array, detect_anomaly, grad, hessian, jacobian, jit, norm, vmap
from autograd.arrays.array import apply_function
from autograd.arrays.choices import OURS
from autograd.arrays.functions import THEIRS

X = np.array([[0.7, -1.2, 2.5], [0.4, 3.1, -0.6]])
BACKENDS = ("interpreter", "llvm")


def changed(x, change):
    """What a function that changes its argument leaves of a copy."""
    x = x.copy()
    change(x)
    return x


def ready(name):
    """Whether this NumPy has the function."""
    place, _, last = name.removeprefix("numpy.").rpartition(".")
    return hasattr(getattr(np, place) if place else np, last)


# Each with a smooth function of X by it, for the value and all derivatives.
SMOOTH = {
    "append": lambda x: np.append(x, 2 * x),
    "apply_along_axis": lambda x: np.apply_along_axis(lambda row: row * row[0], 1, x),
    "array_split": lambda x: np.array_split(x, 2, axis=1)[1],
    "astype": lambda x: np.astype(x, x.dtype),
    "atleast_1d": lambda x: np.atleast_1d(x[0, 0]),
    "atleast_2d": lambda x: np.atleast_2d(x[0]),
    "atleast_3d": lambda x: np.atleast_3d(x),
    "block": lambda x: np.block([[x[:, :1], x[:, 1:2]], [x[0, 0], 2.0]]),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x, x[0])[1],
    "broadcast_to": lambda x: np.broadcast_to(x[0], (2, 3)),
    "column_stack": lambda x: np.column_stack([x[0], x[1]]),
    "compress": lambda x: np.compress([True, False, True], x, axis=1),
    "concat": lambda x: np.concat([x, x]),
    "concatenate": lambda x: np.concatenate([x, np.ones((1, 3))]),
    "copy": lambda x: np.copy(x, subok=True) * x,
    "copyto": lambda x: changed(x, lambda y: np.copyto(y, x * x, where=np.array([True, False, True]))),
    "delete": lambda x: np.delete(x, 1, axis=1),
    "diag": lambda x: np.diag(x[0]),
    "diagflat": lambda x: np.diagflat(x),
    "diagonal": lambda x: np.diagonal(x),
    "dsplit": lambda x: np.dsplit(x[None], 3)[1],
    "dstack": lambda x: np.dstack([x, x]),
    "empty_like": lambda x: changed(np.empty_like(x), lambda y: y.__setitem__(..., x)),
    "expand_dims": lambda x: np.expand_dims(x, 0),
    "extract": lambda x: np.extract(np.array([[True, False, True]] * 2), x),
    "fill_diagonal": lambda x: changed(x, lambda y: np.fill_diagonal(y, x[0, 1] ** 2)),
    "flip": lambda x: np.flip(x),
    "fliplr": lambda x: np.fliplr(x),
    "flipud": lambda x: np.flipud(x),
    "full_like": lambda x: np.full_like(x, x[0, 0]),
    "hsplit": lambda x: np.hsplit(x, 3)[1],
    "hstack": lambda x: np.hstack([x, x]),
    "insert": lambda x: np.insert(x, 1, x[:, 0] ** 2, axis=1),
    "matrix_transpose": lambda x: np.matrix_transpose(x),
    "meshgrid": lambda x: np.meshgrid(x[0], x[1])[0],
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "permute_dims": lambda x: np.permute_dims(x),
    "place": lambda x: changed(x, lambda y: np.place(y, np.array([[True, False, True]] * 2), x[0])),
    "put": lambda x: changed(x, lambda y: np.put(y, [0, 2], x[1, :2])),
    "put_along_axis": lambda x: changed(x, lambda y: np.put_along_axis(y, np.array([[0], [1]]), x[:, 2:] ** 2, 1)),
    "putmask": lambda x: changed(x, lambda y: np.putmask(y, np.array([[True, False, True]] * 2), x * x)),
    "ravel": lambda x: np.ravel(x),
    "real": lambda x: x if x.dtype == complex else np.real(x),
    "repeat": lambda x: np.repeat(x, 2),
    "reshape": lambda x: np.reshape(x, (3, 2)),
    "resize": lambda x: np.resize(x, (3, 3)),
    "roll": lambda x: np.roll(x, 1),
    "rollaxis": lambda x: np.rollaxis(x, 1),
    "rot90": lambda x: np.rot90(x),
    "split": lambda x: np.split(x, 3, axis=1)[2],
    "squeeze": lambda x: np.squeeze(x[:1]),
    "stack": lambda x: np.stack([x[0], x[1] * x[0]]),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "take": lambda x: np.take(x, [0, 2], axis=1),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[0], [2]]), 1),
    "tile": lambda x: np.tile(x, 2),
    "transpose": lambda x: np.transpose(x),
    "tril": lambda x: np.tril(x),
    "triu": lambda x: np.triu(x),
    "unstack": lambda x: np.unstack(x)[1],
    "vsplit": lambda x: np.vsplit(x, 2)[1],
    "vstack": lambda x: np.vstack([x, x]),
    "zeros_like": lambda x: np.zeros_like(x) + x,
    "ones_like": lambda x: np.ones_like(x) * x,
    "amax": lambda x: np.amax(x, axis=1),
    "amin": lambda x: np.amin(x, axis=0),
    "average": lambda x: np.average(x, axis=1, weights=x[0] + 3),
    "average and count": lambda x: np.stack(np.average(x, axis=1, returned=True)),
    "average and weight": lambda x: np.stack(np.average(x, axis=1, weights=x[0] + 3, returned=True)),
    "average and count of all": lambda x: np.stack(np.average(x, returned=True)),
    "average and weight of all": lambda x: np.stack(np.average(x[0], axis=0, weights=x[0] + 3, returned=True)),
    "choose": lambda x: np.choose(np.array([[1, 0, 1]]), [x, x * x]),
    "clip": lambda x: np.clip(x, -1.0, x[0, 0]),
    "convolve": lambda x: np.convolve(x[0], x[1]),
    "correlate": lambda x: np.correlate(x[0], x[1].copy() if x.dtype == object else x[1].conj()),
    "cross": lambda x: np.cross(x[0], x[1]),
    "cumprod": lambda x: np.cumprod(x, axis=1),
    "cumsum": lambda x: np.cumsum(x),
    "cumulative_prod": lambda x: np.cumulative_prod(x, axis=0),
    "cumulative_sum": lambda x: np.cumulative_sum(x, axis=1, include_initial=True),
    "diff": lambda x: np.diff(x, prepend=x[:, :1] ** 2),
    "dot": lambda x: np.dot(x, x.T),
    "ediff1d": lambda x: np.ediff1d(x),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x * x),
    "inner": lambda x: np.inner(x, x),
    "kron": lambda x: np.kron(x, x),
    "linspace": lambda x: np.linspace(x[0], x[1], 4),
    "max": lambda x: np.max(x),
    "mean": lambda x: np.mean(x, axis=0, keepdims=True),
    "min": lambda x: np.min(x, axis=1),
    "outer": lambda x: np.outer(x[0], x[1]),
    "polyval": lambda x: np.polyval(x[0], x[1]),
    "prod": lambda x: np.prod(x, axis=1),
    "ptp": lambda x: np.ptp(x, axis=1),
    "std": lambda x: np.sqrt(variance(x)) if x.dtype == complex else np.std(x),
    "sum": lambda x: np.sum(x * x, axis=(0, 1)),
    "tensordot": lambda x: np.tensordot(x, x, axes=([1], [1])),
    "trace": lambda x: np.trace(x),
    "trapezoid": lambda x: np.trapezoid(x[0], x[1]),
    "trapz": lambda x: getattr(np, "trapezoid", getattr(np, "trapz", None))(x[0], x[1]),  # its name before NumPy 2
    "vander": lambda x: np.vander(x[0], 4),
    "var": lambda x: variance(x) if x.dtype == complex else np.var(x),
    "vdot": lambda x: np.vdot(x[0], x[1]) if x.dtype == object else x[0] @ x[1],
    "partition": lambda x: np.partition(x, 1, axis=1),
    "sort": lambda x: np.sort(x, axis=0),
    "median": lambda x: np.median(x),
    "percentile": lambda x: (
        np.stack([between(np.sort(x).T, 0.4), between(np.sort(x).T, 1.5)]) if x.dtype == complex
        else np.percentile(x, [20.0, 75.0], axis=1)
    ),
    "quantile": lambda x: (
        between(np.sort(x, axis=0), 0.4)[None] if x.dtype == complex else np.quantile(x, 0.4, axis=0, keepdims=True)
    ),
    "where": lambda x: np.where(np.array([True, False, True]), x * x, 3 * x),
    "select": lambda x: np.select([np.array([True, False, False]), np.array([True, True, False])], [x * x, x**3], x),
    "nan_to_num": lambda x: np.nan_to_num(x) * x,
    "nansum": lambda x: np.nansum(x * x, axis=0),
    "nanprod": lambda x: np.nanprod(x),
    "nanmax": lambda x: np.nanmax(x, axis=1),
    "nanmin": lambda x: np.nanmin(x),
    "nanmean": lambda x: np.nanmean(x, axis=1),
    "sinc": lambda x: np.sinc(x),
    "linalg.norm": lambda x: np.sqrt((x * x).sum(axis=1)) if x.dtype == complex else np.linalg.norm(x, axis=1),
    "linalg.vector_norm": lambda x: np.sqrt((x * x).sum()) if x.dtype == complex else np.linalg.vector_norm(x),
    "linalg.cross": lambda x: np.linalg.cross(x[0], x[1]),
    "linalg.diagonal": lambda x: np.linalg.diagonal(x),
    "linalg.matmul": lambda x: np.linalg.matmul(x, x.T),
    "linalg.matrix_power": lambda x: np.linalg.matrix_power(x[:, :2], 3),
    "linalg.matrix_transpose": lambda x: np.linalg.matrix_transpose(x),
    "linalg.multi_dot": lambda x: np.linalg.multi_dot([x, x.T, x]),
    "linalg.outer": lambda x: np.linalg.outer(x[0], x[1]),
    "linalg.tensordot": lambda x: np.linalg.tensordot(x, x, axes=([0], [0])),
    "linalg.trace": lambda x: np.linalg.trace(x[:, :2]),
    "linalg.vecdot": lambda x: np.linalg.vecdot(x, x) if x.dtype == object else (x * x).sum(axis=1),
}
SMOOTH = {name: function for name, function in SMOOTH.items() if ready(name)}


def between(rows, place):
    """A row and the next one, in proportion."""
    low = int(place)
    return rows[low] + (rows[low + 1] - rows[low]) * (place - low)


def variance(x):
    return ((x - x.mean()) ** 2).mean()


def values(numbers):
    """The same number or array, of Values."""
    return array(np.frompyfunc(Value, 1, 1)(numbers))


def numbers(result):
    return np.array([item.data if isinstance(item, Value) else item for item in np.ravel(result).tolist()], dtype=float)


def complex_step(function):
    """The Jacobian by NumPy alone: the imaginary part of f(x + ih)/h, which loses no digit."""
    columns = []
    for i in range(X.size):
        step = np.zeros(X.size, dtype=complex)
        step[i] = 1e-30j
        columns.append(np.ravel(np.asarray(function(X + step.reshape(X.shape)), dtype=complex)).imag / 1e-30)
    return np.array(columns).T


@pytest.mark.parametrize("name", SMOOTH)
def test_a_function_has_numpys_value_and_its_derivative_eagerly_and_compiled(name):
    function = SMOOTH[name]
    value, slopes = np.ravel(np.asarray(function(X + 0j), dtype=complex)).real, complex_step(function)
    result = function(values(X))
    assert type(result) in (Value, type(array([Value(1.0)])))
    assert numbers(result) == pytest.approx(value, rel=1e-14, abs=1e-15)
    for transformed in (jacobian(function), *(jit(jacobian(function), backend=backend) for backend in BACKENDS)):
        assert np.ravel(transformed(X)) == pytest.approx(np.ravel(slopes), rel=1e-12, abs=1e-14)
    for backend in BACKENDS:
        assert np.ravel(jit(function, backend=backend)(X)) == pytest.approx(value, rel=1e-14, abs=1e-15)


# Whole numbers, truths and rounded numbers, which have no derivative or none but 0; compared with NumPy's on floats.
ODD = np.array([[0.5, nan, -1.5, 0.0], [inf, 2.5, -0.0, 2.0]])
CONSTANT = {
    "all": lambda x: np.all(x, axis=0),
    "any": lambda x: np.any(x, axis=1),
    "argwhere": np.argwhere,
    "count_nonzero": lambda x: [np.count_nonzero(x), *np.count_nonzero(x > 0.5, axis=1), *np.count_nonzero(x, axis=0)],
    "flatnonzero": np.flatnonzero,
    "nonzero": np.nonzero,
    "isneginf": lambda x: np.isneginf(-x),
    "isposinf": np.isposinf,
    "around": lambda x: np.around(x),
    "round": lambda x: np.round(x, 1),
    "fix": lambda x: np.trunc(x) if x.dtype == float else np.fix(x),
    "argmax": lambda x: np.argmax(x, axis=1, keepdims=True),
    "argmin": lambda x: np.argmin(x, axis=0),
    "argsort": lambda x: np.argsort(x, axis=0, kind="stable"),
    "argpartition": lambda x: np.take_along_axis(x, np.argpartition(x, 1), -1)[:, 1],
    "isclose": lambda x: np.isclose(x, np.array([0.5 + 1e-9, nan, 0.0, 1e-9]), equal_nan=True),
    "allclose": lambda x: np.allclose(x, x + 1e-9, equal_nan=True),
    "array_equal": lambda x: np.array_equal(x, x),
    "array_equiv": lambda x: np.array_equiv(x[0, :1], x[:1, :1]),
    "size": np.size,
    "ndim": np.ndim,
    "shape": np.shape,
    "may_share_memory": lambda x: np.may_share_memory(x, x[:1]),
    "shares_memory": lambda x: np.shares_memory(x, x[:1]),
    "einsum_path": lambda x: np.einsum_path("ij,kj->ik", x, x)[0][1:],
    "iscomplexobj": np.iscomplexobj,
    "isrealobj": np.isrealobj,
}


@pytest.mark.parametrize("name", CONSTANT)
def test_a_function_without_a_derivative_gives_what_numpy_gives_for_floats(name):
    function = CONSTANT[name]
    expected = np.asarray(function(ODD))
    result = function(values(ODD))
    assert np.shape(result) == expected.shape
    assert expected.dtype == float or np.asarray(result).dtype == expected.dtype
    assert numbers(result).tolist() == pytest.approx(np.ravel(expected).astype(float).tolist(), nan_ok=True)
    for backend in BACKENDS:
        compiled = jit(lambda x: np.asarray(function(x), dtype=object) * 1.0, backend=backend)(ODD)
        assert np.ravel(compiled).tolist() == pytest.approx(np.ravel(expected).astype(float).tolist(), nan_ok=True)


TEXTS = {"array2string", "array_repr", "array_str", "result_type"}


def test_texts_and_types():
    x = array([Value(1.5)])
    assert "Value(data=1.5" in np.array2string(x)
    assert np.array_repr(x).startswith("ValueArray([Value(data=1.5")
    assert np.array_str(x).startswith("[Value(data=1.5")
    assert np.result_type(x, 1.0).kind == "O"


def test_each_function_that_is_answered_is_tested_here():
    tested = {f"numpy.{name}" for name in (*SMOOTH, *CONSTANT, *TEXTS)}
    assert tested == {name for name in (THEIRS | OURS.keys()) if ready(name)}


def numpys_functions():
    """All functions of NumPy that ask their arguments what to do, by name."""
    return {
        f"{place.__name__}.{name}": getattr(place, name)
        for place in (np, np.linalg, np.fft)
        for name in dir(place)
        if hasattr(getattr(place, name), "_implementation")
    }


def test_every_other_function_of_numpy_is_refused_by_its_name():
    x = array([Value(1.0), Value(2.0)])
    refused = 0
    for function in numpys_functions().values():
        name = f"{function.__module__}.{function.__name__}"
        if name not in THEIRS | OURS.keys():
            with pytest.raises(TypeError, match=name):
                apply_function(function, (type(x),), (x,), {})
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: np.interp(x, [0.0, 1.0], [1.0, 2.0]), "numpy.interp.*where"),
        (lambda x: np.piecewise(x, [np.array([True, False])], [1.0]), "numpy.piecewise.*select"),
        (np.unique, "numpy.unique"),
        (lambda x: np.histogram(x), "numpy.histogram"),
        (lambda x: np.searchsorted(np.array([1.0]), x), "numpy.searchsorted"),
        (lambda x: x.searchsorted(1.0), "numpy.searchsorted"),
        (lambda x: np.linalg.solve(np.eye(2), x), "numpy.linalg.solve.*custom_root"),
        (np.fft.fft, "numpy.fft.fft"),
        (np.nanvar, "numpy.nanvar"),
        (lambda x: np.quantile(x, 0.5, method="lower"), "linear"),
        (lambda x: np.linalg.norm(x, 3), "norm"),
        (lambda x: np.linalg.norm(np.stack([x, x]), 2), "norm"),
        (lambda x: np.nan_to_num(x, copy=False), "copy"),
        (lambda x: np.sum(x, dtype=np.float32), "dtype"),
    ],
)
def test_a_refusal_names_the_function_eagerly_and_compiled(call, name):
    with pytest.raises(TypeError, match=name):
        call(array([Value(1.0), Value(2.0)]))
    with pytest.raises(TypeError, match=name):
        jit(lambda x: call(x) * 1.0)(np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="from 0 to 1"):
        np.quantile(array([Value(1.0)]), 1.5)


# Conventions.


def both_ways(function, *arguments):
    """What a function gives eagerly and compiled by each backend, after a check that they agree."""
    eager = numbers(function(*map(values, arguments)))
    for backend in BACKENDS:
        compiled = jit(function, backend=backend)(*arguments)
        assert np.ravel(compiled).tolist() == pytest.approx(eager.tolist(), rel=1e-14, nan_ok=True)
    return eager.reshape(np.shape(compiled)).tolist()


def test_the_first_of_some_that_are_the_largest_has_all_of_the_derivative():
    tie = np.array([1.0, 3.0, 3.0])
    for function in (np.max, np.amax, np.nanmax, np.maximum.reduce, lambda x: x.max(), lambda x: np.fmax.reduce(x)):
        assert both_ways(grad(lambda x, f=function: f(x)), tie) == [0.0, 1.0, 0.0]
    for function in (np.min, np.nanmin, np.minimum.reduce, lambda x: x.min()):
        assert both_ways(grad(lambda x, f=function: f(x)), -tie) == [0.0, 1.0, 0.0]
    assert both_ways(grad(np.ptp), np.array([2.0, 1.0, 2.0, 1.0])) == [1.0, -1.0, 0.0, 0.0]


def test_a_tie_of_two_is_shared():
    tie = np.array([1.0, 3.0, 3.0])
    assert both_ways(grad(lambda x: np.clip(x, 3.0, 5.0).sum()), tie) == [0.0, 0.5, 0.5]
    assert both_ways(grad(lambda x: x.clip(3.0, 5.0).sum()), tie) == [0.0, 0.5, 0.5]
    assert both_ways(grad(lambda x: np.clip(x, None, 1.0).sum()), tie) == [0.5, 0.0, 0.0]


@pytest.mark.parametrize(
    "function",
    [
        np.max, np.min, np.median, np.sum, np.mean, np.prod, np.std, np.ptp, np.linalg.norm, lambda x: np.sort(x)[-1],
        lambda x: np.percentile(x, 10.0), lambda x: np.clip(x, 0.0, 1.0)[1], lambda x: np.cumsum(x)[2],
        lambda x: np.maximum.accumulate(x)[2], lambda x: np.select([x > 1.0], [x], x)[1], lambda x: x[np.argmax(x)],
        lambda x: np.round(x)[1], lambda x: x.max(), lambda x: x.clip(0.0)[1], lambda x: np.partition(x, 0)[2],
    ],
)  # fmt: skip
def test_nan_stays_nan(function):
    assert math.isnan(both_ways(function, np.array([1.0, nan, 2.0])))


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (np.nansum, 3.0), (np.nanprod, 2.0), (np.nanmax, 2.0), (np.nanmin, 1.0), (np.nanmean, 1.5),
        (lambda x: np.nan_to_num(x, nan=5.0).sum(), 8.0),
    ],
)  # fmt: skip
def test_the_functions_that_pass_nan_by_do(function, value):
    assert both_ways(function, np.array([1.0, nan, 2.0])) == value
    assert both_ways(grad(function), np.array([1.0, nan, 2.0]))[1] == 0.0
    assert math.isnan(np.nanmax(array([Value(nan), Value(nan)])).data)


def test_infinities_are_replaced_by_the_largest_numbers():
    result = both_ways(np.nan_to_num, np.array([inf, -inf, -0.0]))
    assert result == [1.7976931348623157e308, -1.7976931348623157e308, 0.0]
    assert both_ways(lambda x: np.nan_to_num(x, posinf=1.0, neginf=2.0), np.array([inf, -inf]))== [1.0, 2.0]


def test_sinc_is_smooth_at_the_origin_at_every_order():
    derivatives, function = [], np.sinc
    for _ in range(5):
        derivatives.append(function)
        function = grad(function)
    expected = [1.0, 0.0, -math.pi**2 / 3, 0.0, math.pi**4 / 5]
    for derivative, number in zip(derivatives, expected):
        assert derivative(Value(0.0)).data == pytest.approx(number, rel=1e-14)
        assert jit(derivative)(0.0) == pytest.approx(number, rel=1e-14)
    sinc = lambda t: mpmath.sin(mpmath.pi * t) / (mpmath.pi * t)
    for x in (1e-9, 0.3, 0.35, 2.5):  # the series ends between the second and the third
        expected = float(mpmath.diff(sinc, mpmath.mpf(x), 2)) if x > 0.1 else -math.pi**2 / 3
        assert derivatives[2](x) == pytest.approx(expected, rel=1e-12)


def test_the_norm_is_ours():
    zeros = np.zeros(3)
    assert both_ways(grad(np.linalg.norm), zeros) == [0.0, 0.0, 0.0]
    assert both_ways(np.linalg.norm, np.array([3e200, 4e200])) == pytest.approx(5e200, rel=1e-15)
    assert both_ways(grad(np.linalg.norm), np.array([3e200, 4e200])) == pytest.approx([0.6, 0.8])
    assert both_ways(np.linalg.norm, np.array([[3.0], [-4.0]])) == both_ways(norm, np.array([[3.0], [-4.0]])) == 5.0
    x = np.array([[3.0, -4.0], [1.0, 2.0]])
    for options in ({"axis": 0}, {"axis": 1, "keepdims": True}, {"ord": "fro"}, {"ord": 1, "axis": 1},
                    {"ord": inf, "axis": 0}, {"ord": -inf, "axis": 0}, {"keepdims": True}, {"axis": (1,)}):  # fmt: skip
        result = both_ways(lambda x, options=options: np.linalg.norm(x, **options), x)
        assert np.array(result) == pytest.approx(np.linalg.norm(x, **options))
    assert both_ways(hessian(lambda x: np.linalg.norm(x)), np.array([3.0, 4.0])) == pytest.approx(
        np.array([[16.0, -12.0], [-12.0, 9.0]]) / 125
    )


def test_a_condition_chooses_and_the_other_side_contributes_nothing():
    root = lambda x: np.where(x > 0.0, np.sqrt(x), 0.0).sum()
    x = np.array([0.0, 4.0, -1.0])
    assert both_ways(grad(root), x) == [0.0, 0.25, 0.0]
    assert both_ways(lambda x: np.where(x > 0.0, x, -x), x) == [0.0, 4.0, 1.0]
    assert both_ways(lambda x: np.select([x > 1.0, x < 0.0], [x * x, -x]), x) == [0.0, 16.0, 1.0]
    scalar = lambda x: np.where(x > 0.0, x * x, 3.0)
    assert both_ways(scalar, 2.0) == 4.0
    assert both_ways(scalar, -2.0) == 3.0
    condition = Value(0.0)
    assert np.where(condition, 1.0, 2.0) == 2.0


def test_an_order_of_traced_numbers_is_that_of_each_call():
    compiled = {backend: jit(lambda x: np.sort(x), backend=backend) for backend in BACKENDS}
    for numbers_given in ([3.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, nan, 1.0], [1.0, 1.0, -0.0]):
        for sort in compiled.values():
            assert sort(np.array(numbers_given)).tolist() == pytest.approx(sorted_last(numbers_given), nan_ok=True)


def sorted_last(row):
    return sorted(x for x in row if x == x) + [x for x in row if x != x]


def test_the_same_in_the_bodies_of_batches_and_loops():
    x = np.array([[1.0, 3.0, 3.0], [nan, 1.0, 0.0], [2.0, 1.0, 2.0]])
    value = both_ways(vmap(lambda row: np.max(row) + np.clip(row, 0.0, 1.0).sum()), x)
    assert value == pytest.approx([6.0, nan, 5.0], nan_ok=True)
    slopes = both_ways(vmap(grad(lambda row: np.maximum(row[0], row[1]))), x)
    assert slopes[0] == [0.0, 1.0, 0.0]
    assert math.isnan(slopes[1][0])
    assert slopes[2] == [1.0, 0.0, 0.0]
    assert both_ways(vmap(np.median), np.abs(x[::2])) == [3.0, 2.0]
    orders = np.array(list(itertools.permutations([1.0, 2.0, 3.0, nan])))
    assert both_ways(vmap(np.sort), orders) == pytest.approx(np.sort(orders), nan_ok=True)


def test_values_by_themselves():
    v = Value(2.0)
    assert np.clip(v, 0.0, 1.0).data == 1.0
    assert math.isnan(np.clip(Value(nan), 0.0, 1.0).data)
    assert np.clip(np.array([0.5, 3.0]), 0.0, v)[1].data == 2.0
    assert [item.data for item in np.stack([v, v * v])] == [2.0, 4.0]
    assert np.sum([v, v]).data == 4.0
    assert [getattr(item, "data", item) for item in np.append([v, 1.0], v)] == [2.0, 1.0, 2.0]
    assert np.dot([[1.0, 2.0], [v, 3]], array([v, 1.0]))[1].data == 7.0
    assert np.max(v) is v
    assert np.round(Value(2.5)).data == 2.0
    assert np.where(True, v, 1.0).data == 2.0
    assert np.linalg.norm(array([Value(-3.0)])).data == 3.0
    with pytest.raises(TypeError, match="numpy.interp"):
        np.interp(v, [0.0, 1.0], [0.0, 1.0])


def test_an_anomaly_inside_a_function_of_numpy_names_the_line_that_called_it():
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"add\(inf, -inf\) was made at \S*test_functions\.py"):
        np.mean(values([inf, -inf]))


def test_arrays_without_elements():
    x = values([[1.0, 2.0]])
    assert np.sort(x[:0]).shape == np.argsort(x[:0]).shape == (0, 2)
    assert np.sort(x[:, :0]).shape == (1, 0)
    assert np.linalg.norm(x[:, :0], axis=1).tolist() == [0.0]
    assert np.sum(x[:0]) == 0.0
    assert np.sum(x[:0], axis=0).tolist() == [0.0, 0.0]
    assert (x[:, :0] @ x[:0]).tolist() == [[0.0, 0.0]]
    for function in (np.argmax, np.median, np.max, lambda x: np.argmin(x, axis=1)):
        with pytest.raises(ValueError, match=r"no elements|identity"):
            function(x[:, :0])


def test_a_mask_in_a_compiled_function_is_refused_and_a_place_is_not():
    for key in (lambda x: x > 0.0, lambda x: np.isnan(x), lambda x: (x > 0.0)[::-1]):
        with pytest.raises(TraceError, match="how many elements a mask chooses"):
            jit(lambda x, key=key: x[key(x)] * 1.0)(np.array([1.0, 2.0]))
    with pytest.raises(TraceError, match="how many elements a mask chooses"):
        jit(lambda x, chosen: x[chosen])(np.array([1.0, 2.0]), np.array([True, False]))
    assert jit(lambda x: x[x[0]] * 1.0)(np.array([1.0, 2.0])) == 2.0


def test_a_large_array_in_a_compiled_function_answers_alike():
    """Beyond 4,096 numbers a function sees another kind of array."""
    for size in (4096, 4097):
        x = np.full(size, 1.0)
        x[7] = nan
        assert math.isnan(jit(lambda x: np.maximum(x, 1.0)[7])(x))
        assert math.isnan(jit(lambda x: np.max(x[:20]))(x))
        assert jit(lambda x: np.nansum(x))(x) == size - 1.0
        assert jit(grad(lambda x: np.clip(x, 1.0, 2.0)[0]))(x)[0] == 0.5
        with pytest.raises(TypeError, match="numpy.unique"):
            jit(np.unique)(x)
    counts = jit(lambda x: x[1] * np.size(x) + np.shape(x)[0] + np.ndim(x))(np.ones(300_000))
    assert counts == 600_001.0


def test_functions_that_fill_a_number_like_a_value():
    x = Value(2.0)
    assert (np.zeros_like(x), np.ones_like(x), np.full_like(x, 3.0)) == (0.0, 1.0, 3.0)
    result = np.polyval([1.0, 2.0, 3.0], x)
    result.backward()
    assert (result.data, x.grad) == (11.0, 6.0)
    assert jit(grad(lambda t: np.polyval([1.0, 2.0, 3.0], t)), backend="interpreter")(2.0) == 6.0
