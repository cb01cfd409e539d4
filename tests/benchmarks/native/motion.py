"""Things that move or meet: an ordinary differential equation of many states, and pairs of points."""

from __future__ import annotations

from typing import Any

import numpy as np

from native.libraries import Library
from native.problem import LOOPS, WHOLE, Arrays, Function, Problem

STATES, STEPS, DT, FORCE = 1_000, 100, 0.01, 8.0
POINTS, PAIRS = 500, 20_000

# Lorenz's model of 1996: each state is moved by its neighbours on a ring.


def rounds(slope: Any, step: Any) -> Any:
    """One step of Runge and Kutta's fourth order, by `step(x, k, share)`, x plus a share of the slope k."""
    def advance(x: Any) -> Any:
        k1 = slope(x)
        k2 = slope(step(x, k1, 0.5 * DT))
        k3 = slope(step(x, k2, 0.5 * DT))
        k4 = slope(step(x, k3, DT))
        for k, share in ((k1, DT / 6.0), (k2, DT / 3.0), (k3, DT / 3.0), (k4, DT / 6.0)):
            x = step(x, k, share)
        return x

    return advance


def turned(np: Any, x: Any, by: int) -> Any:
    return np.concatenate([x[-by:], x[:-by]])


def whole_step(library: Library) -> Any:
    np = library.np

    def slope(x: Any) -> Any:
        return (turned(np, x, -1) - turned(np, x, 2)) * turned(np, x, 1) - x + FORCE

    return rounds(slope, lambda x, k, share: x + share * k)


def ode_whole(library: Library) -> Function:
    advance = whole_step(library)

    def energy(x: Any) -> Any:
        x, _ = library.scan(lambda x, _: (advance(x), None), x, None, length=STEPS)
        return 0.5 * library.np.sum(x * x)

    return library.grad(energy)


def ode_fori(library: Library) -> Function:
    advance = whole_step(library)

    def energy(x: Any) -> Any:
        x = library.fori_loop(0, STEPS, lambda _, x: advance(x), x)
        return 0.5 * library.np.sum(x * x)

    return library.grad(energy)


def ode_unrolled(library: Library) -> Function:
    advance = whole_step(library)

    def energy(x: Any) -> Any:
        for _ in range(STEPS):
            x = advance(x)
        return 0.5 * library.np.sum(x * x)

    return library.grad(energy)


def ode_loops(library: Library) -> Function:
    from autograd import fori_loop, vmap

    def slope(x: Any) -> Any:
        one = lambda after, before, two_before, own: (after - two_before) * before - own + FORCE
        return vmap(one)(turned(np, x, -1), turned(np, x, 1), turned(np, x, 2), x)

    def step(x: Any, k: Any, share: float) -> Any:
        return vmap(lambda a, b: a + share * b)(x, k)

    advance = rounds(slope, step)

    def energy(x: Any) -> Any:
        x = fori_loop(0, STEPS, lambda _, x: advance(x), x)
        return 0.5 * vmap(lambda a: a * a, reduce="sum")(x)

    return library.grad(energy)


def ode_data() -> Arrays:
    return [FORCE + 0.5 * np.random.default_rng(6).standard_normal(STATES)]


# Pairs


def pair_indices() -> Any:
    source = np.random.default_rng(7)
    first = source.integers(0, POINTS, PAIRS)
    return first, (first + source.integers(1, POINTS, PAIRS)) % POINTS


def pairs_whole(library: Library) -> Function:
    first, second = pair_indices()

    def energy(points: Any) -> Any:
        d = points[first] - points[second]
        s = 1.0 / (library.np.sum(d * d, axis=1) + 0.5)
        return library.np.sum(s * s * s - s)

    return library.grad(energy)


def pairs_loops(library: Library) -> Function:
    from autograd import vmap

    first, second = pair_indices()

    def energy(points: Any) -> Any:
        def pair(i: Any, j: Any) -> Any:
            x, y = points[i], points[j]
            s = 1.0 / ((x[0] - y[0]) ** 2 + (x[1] - y[1]) ** 2 + (x[2] - y[2]) ** 2 + 0.5)
            return s * s * s - s

        return vmap(pair, reduce="sum")(first, second)

    return library.grad(energy)


PROBLEMS = {
    "ode": Problem(
        "100 Runge-Kutta steps, 1,000 states, gradient", ode_data,
        {f"{WHOLE} in scan": ode_whole, f"{WHOLE} in fori_loop": ode_fori, f"{WHOLE} unrolled": ode_unrolled,
         LOOPS: ode_loops}, beside_jax=0.4, seconds=0.5,
    ),
    "pairs": Problem(
        "20,000 pairs of 500 points, gradient", lambda: [np.random.default_rng(8).standard_normal((POINTS, 3))],
        {WHOLE: pairs_whole, LOOPS: pairs_loops}, beside_jax=0.5, seconds=0.5,
    ),
}  # fmt: skip
