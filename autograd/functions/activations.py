"""Activations composed of rows of the table; each takes a number, a Value, or an array of either, element by element.

None is a row, so none has a rule of its own: each is written in the form that neither overflows nor loses its tails,
and its derivatives of every order follow.
"""

from __future__ import annotations

from math import inf
from typing import Any

from autograd.primitives.table import (
    absolute,
    equal,
    erfc,
    expm1,
    greater,
    less_equal,
    maximum,
    minimum,
    multiply,
    relu,
    sigmoid,
    where,
)

_ONE_OVER_ROOT_2 = 0.7071067811865476


def clip(x: Any, low: Any, high: Any) -> Any:
    """x, but `low` where it is below and `high` where it is above; `high` where the bounds are the wrong way round.

    Parameters: numbers, Values, or arrays of either, which are taken element by element. The derivative belongs to the
    one that is taken, half to each at a tie.

    >>> clip(3.0, -1.0, 1.0)
    1.0
    """
    return minimum(maximum(x, low), high)


def silu(x: Any) -> Any:
    """x·sigmoid(x), also called swish.

    Parameters: `x`, a number, a Value, or an array of either. Source: Elfwing, Uchibe and Doya (2018),
    doi:10.1016/j.neunet.2017.12.012.

    >>> round(silu(1.0), 9)
    0.731058579
    """
    return _with_ends(x, multiply(x, sigmoid(x)))


def gelu(x: Any) -> Any:
    """x·Φ(x), with Φ the distribution function of the standard normal, as x·½·erfc(-x/√2).

    This is the exact function; written with erfc it keeps its left tail, where 1 + erf(x/√2) would round to 0. The
    approximation ½x·(1 + tanh(√(2/π)·(x + 0.044715x³))), which some libraries have by the same name, differs from it by
    up to 5e-4.

    Parameters: `x`, a number, a Value, or an array of either. Source: Hendrycks and Gimpel (2016), arXiv:1606.08415.

    >>> round(gelu(1.0), 9)
    0.841344746
    """
    return _with_ends(x, multiply(multiply(0.5, x), erfc(multiply(-_ONE_OVER_ROOT_2, x))))


def leaky_relu(x: Any, negative_slope: Any = 0.01) -> Any:
    """x where it is positive, `negative_slope` · x elsewhere; the derivative at 0 is the latter's.

    Parameters: `x` and `negative_slope`, numbers, Values, or arrays of either.

    >>> leaky_relu(2.0), leaky_relu(-2.0)
    (2.0, -0.02)
    """
    below = where(less_equal(x, 0.0), x, relu(x))  # relu has the derivative nan at nan
    return where(greater(x, 0.0), x, multiply(negative_slope, below))


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x where it is positive, `alpha` · (exp(x) - 1) elsewhere; the derivative at 0 is the latter's.

    Parameters: `x` and `alpha`, numbers, Values, or arrays of either. Source: Clevert, Unterthiner and Hochreiter
    (2015), arXiv:1511.07289.

    >>> elu(2.0), round(elu(-2.0), 12)
    (2.0, -0.864664716763)
    """
    return where(greater(x, 0.0), x, multiply(alpha, expm1(x)))


def _with_ends(x: Any, product: Any) -> Any:
    """A product of x with a share of it, which is 0 · inf at the ends, in value or derivative; there it is relu."""
    return where(equal(absolute(x), inf), relu(x), product)
