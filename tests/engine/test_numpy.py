"""NumPy's scalars, arrays and functions with Values: Values come out, one by one, and never a float in silence."""

from __future__ import annotations

import math
import operator

import mpmath
import numpy as np
import pytest

import autograd
from autograd import Value, array, grad, jit, maximum, value_and_grad

OPERATORS = {
    "+": (operator.add, lambda x, y: (1.0, 1.0)),
    "-": (operator.sub, lambda x, y: (1.0, -1.0)),
    "*": (operator.mul, lambda x, y: (y, x)),
    "/": (operator.truediv, lambda x, y: (1 / y, -x / y**2)),
    "**": (operator.pow, lambda x, y: (y * x ** (y - 1), math.log(x) * x**y)),
    "%": (operator.mod, lambda x, y: (1.0, -(x // y))),
}
SCALARS = [np.float64(2), np.float32(2), np.float16(2), np.longdouble(2), np.int64(2), np.uint8(2), np.array(2.0)]


def values(*numbers):
    return np.array([Value(number) for number in numbers], dtype=object)


def numbers_of(array):
    return [item.data for item in array.ravel().tolist()]


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda scalar: f"{type(scalar).__name__} {scalar.dtype}")
@pytest.mark.parametrize("sign", OPERATORS)
def test_a_numpy_scalar_with_a_value_is_a_value_with_float_data(sign, scalar):
    operate, slopes = OPERATORS[sign]
    for x, y in ((scalar, Value(3.0)), (Value(3.0), scalar)):
        result = operate(x, y)
        assert type(result) is Value
        assert type(result.data) is float
        assert result.data == (operate(2.0, 3.0) if y is not scalar else operate(3.0, 2.0))
        result.backward()
        value = x if isinstance(x, Value) else y
        expected = slopes(3.0, 2.0)[0] if value is x else slopes(2.0, 3.0)[1]
        assert value.grad == pytest.approx(expected, rel=1e-15)


def test_a_numpy_bool_counts_as_0_or_1():
    v = Value(3.0)
    assert (np.bool_(True) * v).data == (v * np.bool_(True)).data == 3.0
    assert (np.bool_(False) + v).data == 3.0


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
def test_comparisons_with_numpy_scalars_and_arrays(compare):
    v = Value(2.0)
    for number in (1.0, 2.0, 3.0):
        assert compare(np.float64(number), v) is compare(number, 2.0)
        assert compare(v, np.float64(number)) is compare(2.0, number)
    array = np.array([1.0, 2.0, 3.0])
    assert compare(array, v).tolist() == compare(array, 2.0).tolist()
    assert compare(v, array).tolist() == compare(2.0, array).tolist()


@pytest.mark.parametrize("sign", OPERATORS)
def test_an_array_with_a_value_is_an_array_of_values_both_ways_round(sign):
    operate, slopes = OPERATORS[sign]
    for floats in (np.array([[2.0, 3.0], [4.0, 5.0]]), np.array([[2, 3], [4, 5]])):
        v = Value(1.5)
        left, right = operate(floats, v), operate(v, floats)
        for result in (left, right):
            assert result.shape == (2, 2)
            assert result.dtype == object
            assert all(type(item) is Value and type(item.data) is float for item in result.flat)
        assert numbers_of(left) == [operate(x, 1.5) for x in (2.0, 3.0, 4.0, 5.0)]
        assert numbers_of(right) == [operate(1.5, x) for x in (2.0, 3.0, 4.0, 5.0)]
        right[1, 0].backward()
        assert v.grad == pytest.approx(slopes(1.5, 4.0)[0], rel=1e-15)


def test_a_value_never_holds_an_array():
    with pytest.raises(TypeError, match="ndarray"):
        Value(np.array([1.0, 2.0]))
    v = Value(1.0)
    v *= np.array([1.0, 2.0])
    assert isinstance(v, np.ndarray)
    assert [item.data for item in v] == [1.0, 2.0]
    with pytest.raises(TypeError, match="ndarray"):
        Value(1.0).data = np.array([1.0])


def test_in_place_arithmetic_on_an_array_of_values_works_and_on_one_of_floats_is_refused():
    v = Value(2.0)
    objects = values(1.0, 3.0)
    objects *= v
    assert numbers_of(objects) == [2.0, 6.0]
    floats = np.array([1.0, 3.0])
    with pytest.raises(TypeError, match="cast"):
        floats *= v
    with pytest.raises(TypeError, match=r"v\.data"):
        floats[0] = v
    assert floats.tolist() == [1.0, 3.0]


class Mine(np.ndarray):
    """An array that may mean something else by an operator than NumPy's own."""


REFUSED = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.matmul,
    operator.lt, operator.ge, operator.eq, operator.ne, divmod, np.maximum, maximum,
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of NumPy's, for each matrix
@pytest.mark.parametrize(
    "other",
    [
        np.ones((2, 2)).view(np.matrix), np.ma.array(np.ones((2, 2)), mask=[[True, False]] * 2),
        np.ones((2, 2)).view(Mine), np.ma.array(2.0), np.ma.masked,
    ],
    ids=["matrix", "masked", "subclass", "one number", "no number"],
)  # fmt: skip
def test_a_subclass_of_numpys_array_is_refused_by_each_operator(other):
    square = np.ones((2, 2))
    for apply in REFUSED:
        for f in (lambda t: apply(t, other), lambda t: apply(other, t)):  # noqa: B023
            for compute in (
                lambda: f(Value(2.0)),  # noqa: B023
                lambda: grad(lambda t: np.sum(f(t)))(2.0),  # noqa: B023
                lambda: jit(f, backend="interpreter")(2.0),  # noqa: B023
                lambda: f(array([[Value(1.0), 2.0]] * 2)),  # noqa: B023
                lambda: jit(f, backend="interpreter")(square),  # noqa: B023
                lambda: jit(f, backend="interpreter")(np.ones((5000, 1))),  # noqa: B023
            ):
                with pytest.raises(TypeError, match=r"what a \w+ means by an operation would be lost: pass"):
                    compute()
    for compute in (lambda: Value(2.0) ** other, lambda: np.dot(Value(2.0), other)):
        with pytest.raises(TypeError, match="would be lost"):
            compute()


def test_a_product_with_a_matrix_is_never_another_product():
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.matrix)

    def f(t):
        return np.sum((t * matrix) ** 2)

    assert f(2.0) == 216.0  # 4 times the sum of the matrix's square, as a product of matrices
    with pytest.raises(TypeError, match="matrix"):
        value_and_grad(f)(2.0)
    assert value_and_grad(lambda t: np.sum((t * np.asarray(matrix)) ** 2))(2.0) == (120.0, 120.0)


# NumPy's functions on arrays of Values: it looks for a method of that name on each element.

UNARY = {
    "exp": mpmath.exp, "exp2": lambda x: 2**x, "expm1": mpmath.expm1, "log": mpmath.log,
    "log2": lambda x: mpmath.log(x, 2), "log10": mpmath.log10, "log1p": mpmath.log1p, "sqrt": mpmath.sqrt,
    "cbrt": mpmath.cbrt, "square": lambda x: x * x, "reciprocal": lambda x: 1 / x, "sin": mpmath.sin,
    "cos": mpmath.cos, "tan": mpmath.tan, "arcsin": mpmath.asin, "arccos": mpmath.acos, "arctan": mpmath.atan,
    "sinh": mpmath.sinh, "cosh": mpmath.cosh, "tanh": mpmath.tanh, "arcsinh": mpmath.asinh,
    "arctanh": mpmath.atanh, "abs": abs, "fabs": abs, "negative": lambda x: -x, "positive": lambda x: x,
    "floor": mpmath.floor, "ceil": mpmath.ceil, "conjugate": lambda x: x,
}  # fmt: skip


def agree(function, reference, *points):
    """The value and each derivative of `function`, on arrays of Values, against mpmath."""
    operands = [values(point) for point in points]
    [out] = function(*operands)
    assert type(out) is Value
    exact = tuple(map(mpmath.mpf, points))
    assert out.data == pytest.approx(float(reference(*exact)), rel=1e-15)
    out.backward()
    for i, operand in enumerate(operands):
        slope = mpmath.diff(reference, exact, tuple(int(i == k) for k in range(len(points))))
        assert operand[0].grad == pytest.approx(float(slope), rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("name", UNARY)
def test_numpys_functions_of_one_array_of_values(name):
    agree(getattr(np, name), UNARY[name], 0.4)


def test_arccosh():
    agree(np.arccosh, mpmath.acosh, 1.7)


def test_numpys_functions_take_a_single_value_too():
    for name in UNARY:
        assert type(getattr(np, name)(Value(0.4))) is Value
    assert np.sign(values(-0.4)).tolist() == [-1]


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("add", lambda x, y: x + y),
        ("subtract", lambda x, y: x - y),
        ("multiply", lambda x, y: x * y),
        ("divide", lambda x, y: x / y),
        ("power", mpmath.power),
        ("remainder", lambda x, y: x - y * mpmath.floor(x / y)),
        ("maximum", max),
        ("minimum", min),
        ("fmax", max),
        ("fmin", min),
        ("arctan2", mpmath.atan2),
        ("hypot", mpmath.hypot),
    ],
)
def test_numpys_functions_of_two_arrays_of_values(name, reference):
    agree(getattr(np, name), reference, 0.7, 0.4)
    agree(getattr(np, name), reference, 0.4, 0.7)


REDUCTIONS = {
    "sum": (np.sum, lambda *x: mpmath.fsum(x)),
    "prod": (np.prod, lambda *x: mpmath.fprod(x)),
    "mean": (np.mean, lambda *x: mpmath.fsum(x) / len(x)),
    "max": (np.max, max),
    "min": (np.min, min),
    "median": (np.median, lambda *x: sorted(x)[1]),
    "var": (np.var, lambda *x: mpmath.fsum((item - mpmath.fsum(x) / 3) ** 2 for item in x) / 3),
    "std": (np.std, lambda *x: mpmath.sqrt(mpmath.fsum((item - mpmath.fsum(x) / 3) ** 2 for item in x) / 3)),
    "linalg.norm": (np.linalg.norm, lambda *x: mpmath.sqrt(mpmath.fsum(item**2 for item in x))),
    "array.sum()": (lambda array: array.sum(), lambda *x: mpmath.fsum(x)),
    "last of cumsum": (lambda array: np.cumsum(array)[-1], lambda *x: mpmath.fsum(x)),
    "einsum": (lambda array: np.einsum("i,i", array, array), lambda *x: mpmath.fsum(item**2 for item in x)),
    "vdot": (lambda array: np.vdot(array, array), lambda *x: mpmath.fsum(item**2 for item in x)),
    "dot": (lambda array: np.dot(array, array), lambda *x: mpmath.fsum(item**2 for item in x)),
    "@": (lambda array: array @ array[::-1], lambda x, y, z: 2 * x * z + y * y),
    "@ floats": (lambda array: array @ np.array([1.0, 2.0, 3.0]), lambda x, y, z: x + 2 * y + 3 * z),
    "floats @": (lambda array: np.array([1, 2, 3]) @ array, lambda x, y, z: x + 2 * y + 3 * z),
    "built-in sum": (lambda array: sum(array), lambda *x: mpmath.fsum(x)),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_numpys_reductions_of_an_array_of_values(name):
    function, reference = REDUCTIONS[name]
    numbers = (0.3, -1.2, 2.5)
    operands = values(*numbers)
    out = function(operands)
    assert type(out) is Value
    exact = tuple(map(mpmath.mpf, numbers))
    assert out.data == pytest.approx(float(reference(*exact)), rel=1e-14)
    out.backward()
    for i, operand in enumerate(operands):
        slope = mpmath.diff(reference, exact, tuple(int(i == k) for k in range(3)))
        assert operand.grad == pytest.approx(float(slope), rel=1e-12, abs=1e-14)


def test_a_matrix_product_of_arrays_of_values():
    matrix, vector = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]), values(5.0, 6.0)
    product = matrix @ vector
    assert numbers_of(product) == [17.0, 39.0]
    product[1].backward()
    assert [item.grad for item in matrix.ravel()] == [0.0, 0.0, 5.0, 6.0]
    assert [item.grad for item in vector] == [3.0, 4.0]
    assert numbers_of(np.array([[1.0, 2.0], [3.0, 4.0]]) @ vector) == [17.0, 39.0]
    assert numbers_of(matrix @ np.array([5.0, 6.0])) == [17.0, 39.0]
    assert numbers_of(np.dot(matrix, matrix)) == [7.0, 10.0, 15.0, 22.0]


# The rows of the table on arrays.


def test_a_function_of_an_array_of_floats_gives_floats():
    result = autograd.exp(np.array([1.0, 2.0]))
    assert result.dtype == float
    assert result.tolist() == [math.e, math.exp(2.0)]
    assert autograd.exp(np.array([1, 2])).tolist() == result.tolist()
    assert autograd.exp(np.array([])).shape == (0,)


def test_a_function_of_an_array_of_values_gives_values_and_of_a_mixture_both():
    x = Value(1.0)
    result = autograd.exp(np.array([[x, 2.0]], dtype=object))
    assert result.shape == (1, 2)
    assert type(result[0, 0]) is Value
    assert result[0, 1] == math.exp(2.0)
    result[0, 0].backward()
    assert x.grad == math.e


def test_a_function_of_an_array_is_as_quiet_as_of_a_number():
    # Warnings are errors here.
    inf, nan = math.inf, math.nan
    assert autograd.multiply(np.array([0.0, 1e200]), np.array([inf, 1e200])) == pytest.approx([nan, inf], nan_ok=True)
    assert autograd.divide(np.array([1.0, 0.0]), 0.0) == pytest.approx([inf, nan], nan_ok=True)
    assert autograd.silu(np.array([-inf, inf])).tolist() == [0.0, inf]


def test_two_arguments_are_broadcast():
    column = np.array([[1.0], [2.0]])
    x = Value(3.0)
    result = autograd.maximum(column, np.array([x, 0.0, 1.5], dtype=object))
    assert result.shape == (2, 3)
    assert result[1, 0].data == 3.0
    assert result[:, 1:].tolist() == [[1.0, 1.5], [2.0, 2.0]]
    assert [item.data for item in autograd.hypot(x, np.array([4.0, 0.0]))] == [5.0, 3.0]
    assert autograd.where(np.array([True, False]), x, 0.0).tolist() == [x, 0.0]
    assert autograd.greater(np.array([1.0, 5.0]), x).tolist() == [False, True]
    with pytest.raises(ValueError, match="broadcast"):
        autograd.add(np.ones(2), np.ones(3))


def test_an_array_without_dimensions_is_a_number():
    assert autograd.exp(np.array(1.0)) == math.e
    assert type(autograd.exp(np.array(1))) is float
    x = Value(1.0)
    out = autograd.exp(np.array(x))
    out.backward()
    assert x.grad == math.e


@pytest.mark.parametrize("scalar", [*SCALARS, np.bool_(True), True, 2], ids=repr)
@pytest.mark.parametrize("name", ["exp", "relu", "absolute", "negative", "stop_gradient"])
def test_a_function_of_any_scalar_gives_a_float(name, scalar):
    result = getattr(autograd, name)(scalar)
    assert type(result) is float
    assert result == getattr(autograd, name)(float(scalar))


@pytest.mark.parametrize("wrong", [np.array([1j]), np.array(["a"]), np.array([None]), np.array(1j), np.complex128(1j)])
def test_an_array_of_anything_else_is_refused_by_its_type(wrong):
    with pytest.raises(TypeError, match="complex|str|NoneType|ndarray"):
        autograd.exp(wrong)
    with pytest.raises(TypeError, match="complex|str|NoneType"):
        wrong * Value(1.0)


# No silent detachment.


@pytest.mark.parametrize(
    "convert",
    [
        float, int, complex, math.exp, np.float64, np.int64,
        lambda v: np.array([v], dtype=float),
        lambda v: np.array([v]).astype(float),
        lambda v: np.full(2, v, dtype=float),
        lambda v: np.fromiter([v], dtype=float),
        lambda v: np.isnan(np.array([v], dtype=float)),
        lambda v: np.linalg.inv(np.array([[v]]).astype(float)),
    ],
)  # fmt: skip
def test_a_value_does_not_turn_into_a_float_without_a_word(convert):
    with pytest.raises(TypeError, match=r"v\.data"):
        convert(Value(1.0))
