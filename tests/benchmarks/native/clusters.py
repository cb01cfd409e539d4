"""Clusters of points: k-means, and a mixture of Gaussians as ADBench has it (github.com/microsoft/ADBench)."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np

from native.baselines import compiled, pointer
from native.libraries import Library
from native.measuring import Run
from native.problem import LOOPS, WHOLE, Arrays, Function, Problem

K, POINTS, WIDTH = 100, 1_000, 16  # of k-means
KINDS, SAMPLES, SIZE = 25, 1_000, 10  # of the mixture
GAMMA = 1.0  # of the Wishart prior, whose m is 0

# k-means


def cost_whole(library: Library) -> Function:
    np = library.np

    def cost(C: Any, X: Any) -> Any:
        d = X[:, None, :] - C
        return np.sum(np.min(np.sum(d * d, axis=2), axis=1))

    return cost


def cost_loops(library: Library) -> Function:
    from autograd import minimum, scan, vmap

    def cost(C: Any, X: Any) -> Any:
        def nearest(x: Any) -> Any:
            def nearer(best: Any, c: Any) -> Any:
                total = 0.0
                for j in range(WIDTH):
                    total = total + (x[j] - c[j]) ** 2
                return minimum(best, total), None

            return scan(nearer, math.inf, C)[0]

        return vmap(nearest, reduce="sum")(X)

    return cost


def gradient(cost: Any) -> Any:
    return lambda library: library.grad(cost(library))


def product(cost: Any) -> Any:
    """The gradient, and its derivative along V."""
    def of(library: Library) -> Function:
        slope = library.grad(cost(library))
        return lambda C, X, V: library.jvp(lambda c: slope(c, X), (C,), (V,))

    return of


def kmeans_data() -> Arrays:
    source = np.random.default_rng(3)
    centres = source.standard_normal((K, WIDTH))
    points = centres[source.integers(0, K, POINTS)] + 0.7 * source.standard_normal((POINTS, WIDTH))
    return [centres + 0.1 * source.standard_normal((K, WIDTH)), points]


def product_data() -> Arrays:
    return [*kmeans_data(), np.random.default_rng(4).standard_normal((K, WIDTH))]


def kmeans_in_c(arguments: Arrays) -> Run:
    run_c = compiled("whole_arrays", "kmeans")
    centres, points, *direction = arguments
    slope, along = np.empty_like(centres), np.empty_like(centres)
    where = pointer(direction[0]) if direction else None

    def run(kept: Any = arguments) -> Any:
        run_c(ctypes.c_long(K), ctypes.c_long(POINTS), ctypes.c_long(WIDTH), pointer(centres), pointer(points), where,
              pointer(slope), pointer(along))
        return (slope, along) if direction else slope

    return run


# The mixture: log-weights, means, and of each inverse covariance a factor, whose diagonal is given by its logarithm and
# whose entries below it stand column by column.

BELOW = SIZE * (SIZE - 1) // 2
COLUMNS, ROWS = np.triu_indices(SIZE, 1)  # of the entry below the diagonal, in their order
ENTRY = np.full((SIZE, SIZE), BELOW)  # which of the entries stands there: the last is a zero
ENTRY[ROWS, COLUMNS] = np.arange(BELOW)
CONSTANT = -SAMPLES * SIZE * 0.5 * math.log(2.0 * math.pi)
LOG_GAMMAS = 0.25 * SIZE * (SIZE - 1) * math.log(math.pi) + sum(
    math.lgamma(0.5 * (SIZE + 1) - 0.5 * j) for j in range(SIZE)
)
PRIOR = KINDS * (SIZE * (SIZE + 1) * (math.log(GAMMA) - 0.5 * math.log(2.0)) - LOG_GAMMAS)


def mixture_whole(library: Library) -> Function:
    np, logsumexp = library.np, library.logsumexp

    def log_posterior(alphas: Any, means: Any, factors: Any, X: Any) -> Any:
        q, below = factors[:, :SIZE], factors[:, SIZE:]
        L = np.concatenate([below, np.zeros((KINDS, 1))], axis=1)[:, ENTRY]
        d = X[:, None, :] - means
        Qd = np.exp(q) * d + np.einsum("kij,nkj->nki", L, d)
        terms = alphas + np.sum(q, axis=1) - 0.5 * np.sum(Qd * Qd, axis=2)
        prior = 0.5 * GAMMA**2 * (np.sum(np.exp(q) ** 2) + np.sum(below * below)) - PRIOR
        return CONSTANT + np.sum(logsumexp(terms, axis=1)) - SAMPLES * logsumexp(alphas) + prior

    return library.grad(log_posterior, (0, 1, 2))


def mixture_loops(library: Library) -> Function:
    from autograd import exp, logsumexp, vmap

    def kind(alpha: Any, mean: Any, factor: Any, x: Any) -> Any:
        d = [x[j] - mean[j] for j in range(SIZE)]
        total: Any = 0.0
        for i in range(SIZE):
            Qd = exp(factor[i]) * d[i]
            for j in range(i):
                Qd = Qd + factor[SIZE + int(ENTRY[i, j])] * d[j]
            total = total + Qd * Qd
        scale = factor[0]
        for i in range(1, SIZE):
            scale = scale + factor[i]
        return alpha + scale - 0.5 * total

    def prior(factor: Any) -> Any:
        total: Any = 0.0
        for i in range(SIZE):
            total = total + exp(factor[i]) ** 2
        for i in range(SIZE, SIZE + BELOW):
            total = total + factor[i] ** 2
        return total

    def log_posterior(alphas: Any, means: Any, factors: Any, X: Any) -> Any:
        def sample(x: Any) -> Any:
            return logsumexp(vmap(lambda a, m, f: kind(a, m, f, x))(alphas, means, factors))

        wishart = 0.5 * GAMMA**2 * vmap(prior, reduce="sum")(factors) - PRIOR
        return CONSTANT + vmap(sample, reduce="sum")(X) - SAMPLES * logsumexp(alphas) + wishart

    return library.grad(log_posterior, (0, 1, 2))


def mixture_data() -> Arrays:
    source = np.random.default_rng(5)
    factors = np.concatenate([0.3 * source.standard_normal((KINDS, SIZE)),
                              0.2 * source.standard_normal((KINDS, BELOW))], axis=1)
    means = source.standard_normal((KINDS, SIZE))
    points = means[source.integers(0, KINDS, SAMPLES)] + 0.8 * source.standard_normal((SAMPLES, SIZE))
    return [source.standard_normal(KINDS), means, factors, points]


def mixture_in_c(arguments: Arrays) -> Run:
    run_c = compiled("whole_arrays", "mixture")
    results = [np.empty_like(argument) for argument in arguments[:3]]

    def run() -> Any:
        run_c(ctypes.c_long(SAMPLES), ctypes.c_long(KINDS), ctypes.c_long(SIZE), ctypes.c_double(GAMMA),
              *map(pointer, (*arguments, *results)))
        return results

    return run


PROBLEMS = {
    "kmeans": Problem(
        "k-means, 100 of 1,000 points in 16, gradient", kmeans_data,
        {WHOLE: gradient(cost_whole), LOOPS: gradient(cost_loops)}, c=kmeans_in_c, beside_jax=0.6, beside_c=0.8,
    ),
    "kmeans-product": Problem(
        "k-means, gradient and Hessian-vector product", product_data,
        {WHOLE: product(cost_whole), LOOPS: product(cost_loops)}, c=kmeans_in_c, beside_jax=0.6, beside_c=0.8,
    ),
    "mixture": Problem(
        "25 Gaussians, 1,000 points in 10, gradient", mixture_data,
        {WHOLE: mixture_whole, LOOPS: mixture_loops}, c=mixture_in_c, beside_jax=0.15,
    ),
}  # fmt: skip
