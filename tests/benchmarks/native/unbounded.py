"""Loops whose length is known only as they run: value and gradient, by their histories."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from native import libraries
from native.baselines import PLAIN, compiled, pointer
from native.measuring import Contender, Effort, Line, Run, Task, compare

DT, BOUND = 1e-4, 1e-3
PENDULUM = (1.2, 9.81, 0.5)  # angle, gravity, friction: some 186,000 trips
END, TOLERANCE = 20.0, 1e-9
APART = (*PLAIN, "-ffp-contract=off")  # each operation rounded, as ours are
OSCILLATOR = (1.5, 2.0)  # mu, place: some 23,000 trips
GENEROUS = 2  # how much longer than needed a loop of fixed length is

Loop = Callable[[Callable[[Any], Any], Callable[[Any], Any], Any], Any]


def pendulum(np: Any, while_loop: Loop, angle: Any, gravity: Any, friction: Any) -> Any:
    """The angle, when the energy falls below a bound."""

    def goes_on(state: Any) -> Any:
        angle, speed = state
        return 0.5 * speed * speed + gravity * (1.0 - np.cos(angle)) > BOUND

    def step(state: Any) -> Any:
        angle, speed = state
        speed = speed - DT * (gravity * np.sin(angle) + friction * speed)
        return angle + DT * speed, speed

    return while_loop(goes_on, step, (angle, 0.0 * angle))[0]


def oscillator(np: Any, while_loop: Loop, mu: Any, place: Any) -> Any:
    """Van der Pol's, by Bogacki and Shampine's pair, with steps as long as a tolerance allows: its place at the end."""

    def slope(x: Any, v: Any) -> Any:
        return v, mu * (1.0 - x * x) * v - x

    def step(state: Any) -> Any:
        t, h, x, v = state
        h = np.minimum(h, END - t)
        a, b = slope(x, v)
        c, d = slope(x + h * 0.5 * a, v + h * 0.5 * b)
        e, f = slope(x + h * 0.75 * c, v + h * 0.75 * d)
        x3 = x + h * (2 / 9 * a + 1 / 3 * c + 4 / 9 * e)
        v3 = v + h * (2 / 9 * b + 1 / 3 * d + 4 / 9 * f)
        k, m = slope(x3, v3)
        ex = h * ((2 / 9 - 7 / 24) * a + (1 / 3 - 1 / 4) * c + (4 / 9 - 1 / 3) * e - 1 / 8 * k)
        ev = h * ((2 / 9 - 7 / 24) * b + (1 / 3 - 1 / 4) * d + (4 / 9 - 1 / 3) * f - 1 / 8 * m)
        error = np.sqrt(ex * ex + ev * ev) / TOLERANCE
        good = error <= 1.0
        factor = np.minimum(5.0, np.maximum(0.2, 0.9 * error ** (-1 / 3)))
        return np.where(good, t + h, t), h * factor, np.where(good, x3, x), np.where(good, v3, v)

    zero = 0.0 * place
    return while_loop(lambda state: state[0] < END, step, (zero, zero + 0.01, place, zero))[2]


def trips(program: Callable[..., Any], inputs: Any) -> int:
    """How many there are."""
    count = 0

    def counted(goes_on: Any, step: Any, state: Any) -> Any:
        nonlocal count
        while goes_on(state):
            state, count = step(state), count + 1
        return state

    program(np, counted, *map(np.float64, inputs))
    return count


def ours(program: Callable[..., Any], inputs: Any, **options: bool) -> Callable[[], Run]:
    def make() -> Run:
        from autograd import while_loop

        library = libraries.ours()
        function = library.jit(library.value_and_grad(
            lambda *inputs: program(library.np, while_loop, *inputs), argnums=(*range(len(inputs)),)
        ), **options)
        function(*inputs)
        return lambda: function(*inputs)

    return make


def in_c(name: str, inputs: Any, *settings: float, flags: tuple[str, ...] = PLAIN) -> Callable[[], Run]:
    def make() -> Run:
        function, given, slopes = compiled("loops", name, flags), np.array(inputs), np.empty(len(inputs))
        arguments = pointer(given), *map(ctypes.c_double, settings), pointer(slopes)

        def run(kept: Any = given) -> Any:
            return [function(*arguments), slopes]

        return run

    return make


def in_jax(program: Callable[..., Any], inputs: Any) -> Callable[[], Run]:
    """A scan of a fixed length, whose last trips change nothing: JAX has no reverse mode through a `while_loop`."""

    def make() -> Run:
        library = libraries.jax()
        from jax import lax
        from jax.tree_util import tree_map

        length = GENEROUS * trips(program, inputs)

        def fixed(goes_on: Any, step: Any, state: Any) -> Any:
            def trip(state: Any, _: Any) -> Any:
                return lax.cond(goes_on(state), step, lambda state: state, state), None

            return library.scan(trip, tree_map(library.np.float64, state), None, length=length)[0]

        function = library.jit(library.value_and_grad(
            lambda *inputs: program(library.np, fixed, *inputs), argnums=(*range(len(inputs)),)
        ))
        given = tuple(map(library.array, inputs))
        return lambda: library.settle(function(*given))

    return make


def rows(effort: Effort) -> list[Line]:
    """Beside a reverse in C with a tape that grows, and beside JAX's scan of twice the length.

    gcc makes one rounding of a product and the sum that it goes into, as `fastmath` lets ours. The aim is therefore for
    those two, and for the two that round each operation.
    """
    lines: list[Line] = []
    for name, program, inputs, settings in (
        ("pendulum", pendulum, PENDULUM, (DT, BOUND)), ("oscillator", oscillator, OSCILLATOR, (END, TOLERANCE)),
    ):  # fmt: skip
        what = f"{name}, {trips(program, inputs):,} trips, value and gradient"
        strict = Contender("ours", ours(program, inputs))
        fast = Contender("ours, fastmath", ours(program, inputs, fastmath=True))
        plain = Contender("C, gcc -O3", in_c(name, inputs, *settings))
        apart = Contender("C, gcc -O3 -ffp-contract=off", in_c(name, inputs, *settings, flags=APART), 1.2)
        scan = Contender(f"JAX, scan of {GENEROUS} × the length", in_jax(program, inputs))
        # JAX by itself: what runs next after half a second of it takes a tenth longer.
        for contender, peers in (strict, [apart, plain]), (strict, [scan]), (fast, [replace(plain, aim=1.2)]):
            told = f"{what}, fastmath" if contender is fast else what
            lines += compare(Task("loops", told, "ms", 1e3, effort), contender, peers)
    return lines
