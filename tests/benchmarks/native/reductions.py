"""Sums over many rows, and functions that work on each number by itself."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from native.baselines import compiled, pointer
from native.libraries import Library
from native.measuring import Run
from native.problem import LOOPS, WHOLE, Arrays, Function, Problem

FIT_ROWS, FIT_START = 100_000, (1.1, 0.7, 0.4, 2.9, 0.1)
LEAST_SQUARES = 1024, 128
OUTPUTS = 2_000


def numbers(count: int, seed: int = 1, scale: float = 1.0) -> Any:
    return scale * np.random.default_rng(seed).standard_normal(count)


# log(sum(exp(x)))


def lse_whole(library: Library) -> Function:
    return library.grad(library.logsumexp)


def lse_loops(library: Library) -> Function:
    from autograd import exp, log, maximum, scan, stop_gradient, vmap

    def logsumexp(x: Any) -> Any:
        largest, _ = scan(lambda largest, a: (maximum(largest, a), None), x[0], x)
        shift = stop_gradient(largest)
        return log(vmap(lambda a: exp(a - shift), reduce="sum")(x)) + shift

    return library.grad(logsumexp)


def lse_in_c(arguments: Arrays) -> Run:
    gradient_of = compiled("whole_arrays", "logsumexp_gradient")
    (x,) = arguments
    gradient = np.empty_like(x)

    def run() -> Any:
        gradient_of(ctypes.c_long(len(x)), pointer(x), pointer(gradient))
        return gradient

    return run


def lse(count: int) -> Problem:
    return Problem(
        f"log-sum-exp of {count:,}, gradient", lambda: [numbers(count, scale=3.0)],
        {WHOLE: lse_whole, LOOPS: lse_loops}, lambda library: library.grad(library.logsumexp), lse_in_c, 0.5, 0.5,
    )


# |X w - y|²


def least_squares_whole(library: Library) -> Function:
    def loss(w: Any, X: Any, y: Any) -> Any:
        r = X @ w - y
        return 0.5 * library.np.sum(r * r)

    return library.value_and_grad(loss)


def least_squares_loops(library: Library) -> Function:
    from autograd import dot, vmap

    def one(w: Any, row: Any, target: Any) -> Any:
        r = dot(row, w) - target
        return 0.5 * r * r

    return library.value_and_grad(lambda w, X, y: vmap(one, in_axes=(None, 0, 0), reduce="sum")(w, X, y))


def least_squares_data() -> Arrays:
    rows, columns = LEAST_SQUARES
    X = numbers(rows * columns).reshape(rows, columns)
    return [numbers(columns, 2), X, X @ numbers(columns, 3) + numbers(rows, 4)]


# a exp(-b x) + c sin(d x) + e


def fit_whole(library: Library) -> Function:
    def loss(p: Any, x: Any, y: Any) -> Any:
        a, b, c, d, e = p
        r = a * library.np.exp(-b * x) + c * library.np.sin(d * x) + e - y
        return library.np.mean(r * r)

    return library.value_and_grad(loss)


def fit_loops(library: Library) -> Function:
    from autograd import exp, sin, vmap

    def one(p: Any, x: Any, y: Any) -> Any:
        a, b, c, d, e = p
        r = a * exp(-b * x) + c * sin(d * x) + e - y
        return r * r

    return library.value_and_grad(lambda p, x, y: vmap(one, in_axes=(None, 0, 0), reduce="mean")(p, x, y))


def fit_data() -> Arrays:
    x = np.linspace(0.0, 5.0, FIT_ROWS)
    return [np.array(FIT_START), x, np.exp(-0.5 * x) + 0.5 * np.sin(3.0 * x) + numbers(FIT_ROWS, scale=0.1)]


# sin(x) exp(-x²), each number by itself


def outputs_whole(library: Library) -> Function:
    return library.jacobian(lambda x: library.np.sin(x) * library.np.exp(-x * x))


def outputs_loops(library: Library) -> Function:
    from autograd import exp, sin, vmap

    return library.jacobian(lambda x: vmap(lambda a: sin(a) * exp(-a * a))(x))


def outputs_listed(library: Library) -> Function:
    from autograd import exp, sin

    return library.jacobian(lambda x: [sin(x[i]) * exp(-x[i] * x[i]) for i in range(OUTPUTS)])


PROBLEMS = {
    "lse-2500": lse(2_500),
    "lse-100000": lse(100_000),
    "least-squares": Problem(
        "least squares 1024 × 128, value and gradient", least_squares_data,
        {WHOLE: least_squares_whole, LOOPS: least_squares_loops}, beside_jax=1.0,
    ),
    "fit": Problem(
        "fit, 5 parameters, 10^5 rows, value and gradient", fit_data, {WHOLE: fit_whole, LOOPS: fit_loops},
        beside_jax=0.15, seconds=0.3,
    ),
    "outputs": Problem(
        f"{OUTPUTS:,} elementwise outputs, Jacobian", lambda: [numbers(OUTPUTS)],
        {WHOLE: outputs_whole, LOOPS: outputs_loops, "one output at a time": outputs_listed}, seconds=1.0,
    ),
}  # fmt: skip
