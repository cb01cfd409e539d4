"""Random whole programs: loops, scans, whiles, branches, batches, closures, rules and roots, as a tree.

A program is lines that run one after the other on a scope, the names of numbers and of arrays. A line with a body runs
it on a scope of its own: what it carries, then what stands around it, which is captured. The text uses the engine's
names, and runs on the engine as on `dual_programs`. Every result is kept between about −3 and 3, so that nothing
overflows and every comparison means something.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

Body = tuple["Line", ...]

PLAIN = [
    "0.5 * ({a} + {b})", "0.5 * ({a} - {b})", "0.5 * {a} * {b}", "{a} / (2.0 + {b} * {b})", "sin({a} + {b})",
    "cos({a} * {b})", "tanh({a} - {b})", "(1.5 + 0.2 * sin({a})) ** (0.3 * {b})", "2.0 * sigmoid({a}) - 0.1 * {b}",
    "softplus({a} * 0.5) - 0.3 * {b}", "atan({a} + 0.3 * {b})", "maximum({a}, {b} + 0.1)", "minimum(0.9 * {a}, {b})",
    "relu({a} - 0.3 * {b})", "where({a} > 0.25 * {b}, {a} * {b} * 0.5, sin({a}))", "abs({a}) - 0.2 * {b}",
    "exp(-{a} * {a}) * {b}", "log(1.5 + {a} * {a}) - 0.1 * {b}", "sqrt(0.5 + {a} * {a} + {b} * {b}) - 1.0",
    "cbrt(2.0 + sin({a} - {b}))", "log1p({a} * {a}) * 0.5", "expm1(0.3 * {a}) + 0.2 * {b}",
    "exp2(0.4 * sin({a})) * 0.5",
    "asin(0.8 * sin({a}))", "acos(0.7 * cos({a} + {b})) - 1.0", "sinh(0.4 * {a})", "cosh(0.4 * {a}) - 1.0",
    "asinh({a} * {b})", "acosh(1.5 + {a} * {a})", "atanh(0.7 * tanh({a}))", "erf({a} - {b})", "erfc({a}) - 1.0",
    "atan2({a}, 2.5 + sin({b}))", "hypot({a}, 1.0 + 0.1 * {b}) - 1.0", "tan(0.4 * {a})", "silu({a}) - 0.2 * {b}",
    "gelu({a} - 0.1)", "log2(2.0 + {a} * {a}) - 1.0", "log10(1.1 + {b} * {b})", "{a} ** 2 * 0.3 - {b}",
    "bell({a} - 0.5 * {b})", "swing({a}, {b}) * 0.5", "floor({a} * 1.7 + 0.3) * 0.2 * {b}",
    "remainder({a}, 1.3 + 0.1 * sin({b}))", "sign({a} + 0.1) * {b}", "0.7", "maximum({a}, {a})", "{b} * {a} ** 3",
    "abs({a} - {a}) + {b} * 0.5",
    # Sides that are not taken, where they are nan, infinite or singular.
    "where({a} > {b} + 0.25, sqrt({a} - {b} - 0.25), 0.3 * {a} * {b})",
    "where({a} < 9.0, 0.3 * {a} - {b}, divide(1.0, {a} - {a}) * {b})",
    "where({b} > -9.0, sin({b} - {a}), log({b} - {b}) * {a})",
    "where({a} > -9.0, {a} * 0.7, sqrt(-1.0 - {b} * {b}) * {a})",
    "where({a} < 0.1, where({a} < 0.1, {b}, log({a} - 0.1)), sqrt({a} - 0.1) * 0.5)",
    "minimum({a}, 9.0 + sqrt({b} - {b}))", "relu(-9.0 - sqrt({a} - {a}) * {b})",
]  # fmt: skip
NUMPY = [
    "np.sin({a} * x)", "np.cos({a} - x)", "np.tanh(x + {a})", "np.exp(-x * {a} * 0.2)", "np.arctan({a} * x)",
    "np.abs({a} * x)", "np.where({a} > 0.3, {a} * x, x - {a})", "np.sqrt(x * x + {a} * {a} + 0.3)",
]  # fmt: skip
REDUCE = [
    "sum({a} * {b}) / {n}.0", "mean({a})", "dot({a}, {b}) / {n}.0", "{a}.sum() / {n}.0", "{a}.mean()",
    "np.sum({a} - {b}) / {n}.0", "np.mean({a} * {a})", "{a} @ {b} / {n}.0", "np.dot({a}, {b}) / {n}.0",
    "norm({a} + 0.1) / {n}.0 ** 0.5", "logsumexp({a}) - 0.3", "prod(1.0 + 0.3 * {a} / {n}.0)",
    "np.prod(cos({a} / {n}.0))", "sum({a}[::-1] * {b}) / {n}.0", "sum(softmax({a}) * {b})",
    "sum([mean({a}), {a}[0], 0.5]) * 0.3",
]  # fmt: skip
REARRANGE = ["{a}[::-1]", "np.roll({a}, 1)", "softmax({a}) + 0.1 * {b}", "np.cumsum({a}) / {n}.0",
             "log_softmax({a}) * 0.3"]
NANS = ["sqrt({a} - 4.0)", "log(-1.0 - {a} * {b})", "divide({b}, {a} - {a})"]
LARGE_REDUCE = [template for template in REDUCE if "prod" not in template]  # compiled element by element
LARGE_REARRANGE = REARRANGE[:2]
STOPS = ["stop_gradient({a}) * {b}", "detach({a}) - 0.3 * {b}", "{a} - detach({a}) * 0.9"]
ROOTS = [
    ("lambda r: r * r * r + r - {a} - 0.3 * {b}", "0.5"), ("lambda r: r - 0.5 * cos(r * {b}) - 0.2 * {a}", "0.0"),
    ("lambda r: exp(0.5 * r) + r - {a} * {b}", "{a} * 0.0"),
]  # fmt: skip

GRID_SIZES = [1, 2, 7, 8, 9, 17, 40]
GRID_TEMPLATES = [
    "np.maximum({a}, {b})", "np.minimum({a}, 0.5 - {b})", "np.hypot({a}, 1.0 + 0.1 * {b}) - 1.0",
    "np.arctan2({a}, 2.5 + np.sin({b}))", "np.where({a} > {b}, {a}, 0.3 * {b})", "np.tanh({a}) * {b}",
    "np.abs({a}) - 0.3 * {b}", "np.square({a}) * 0.2 - {b}", "np.clip({a}, -0.5, 0.8) + 0.1 * {b}",
    "np.logaddexp({a}, {b}) - 0.7", "np.sign({a} + 0.1) * {b}", "np.log1p({a} * {a}) * 0.7",
    "np.exp(-{a} * {a}) * {b}", "np.where({a} > 0.2, np.sqrt({a} - 0.2), 0.5 * {b})",
    "np.where({a} < 9.0, 0.3 * {a} - {b}, {b} / ({a} - {a}))", "0.5 * {a} + 0.5 * {b}", "0.5 * ({b} - {a})",
    "{a} / (2.0 + {b} * {b})", "0.5 * {a} * {b}", "np.floor({a} * 1.7 + 0.3) * 0.2 * {b}",
]  # fmt: skip

# Of the body of a loop that makes no trip; "bound" is nan as soon as a loop has ended.
SPOILS = {
    "sqrt": " + sqrt({t} - {t})", "log": " - log({t} - {t})", "divide": " + divide(1.0, {t} - {t})",
    "bound": " + 0.1 * sqrt({bound} - {t})",
}  # fmt: skip

WITH_BODY = {
    "fori": 1, "while": 1, "scan": 1, "cond": 2, "vmap": 1, "columns": 1, "checkpoint": 1, "no_grad": 1, "jit": 1,
    "slope": 1, "repeat": 1, "if": 2, "grid_fori": 1, "grid_while": 1, "grid_scan": 1, "grid_cond": 2, "grid_vmap": 1,
    "grid_pairs": 1, "grid_call": 1, "grid_slope": 1,
}  # fmt: skip
LINES = {
    "plain": 8, "array": 4, "numpy": 2, "build": 1, "element": 2, "reduce": 4, "rearrange": 2, "stop": 2, "root": 1,
    "rule": 1,
}  # fmt: skip
BODIES = {
    "fori": 4, "while": 3, "scan": 4, "cond": 4, "vmap": 6, "columns": 1, "checkpoint": 3, "no_grad": 2, "jit": 2,
    "slope": 2, "repeat": 1, "if": 1,
}  # fmt: skip
# Of arrays of one to three axes, in NumPy's style.
GRID_LINES = {
    "grid_view": 5, "grid_move": 5, "grid_join": 3, "grid_apply": 8, "grid_reduce": 5, "grid_running": 1, "grid_arg": 2,
    "grid_gather": 4, "grid_pick": 4, "grid_set": 4, "grid_product": 4, "grid_flat": 1, "grid_cells": 1,
}  # fmt: skip
GRID_BODIES = {
    "grid_fori": 8, "grid_while": 4, "grid_scan": 8, "grid_cond": 4, "grid_vmap": 8, "grid_pairs": 5, "grid_call": 3,
    "grid_slope": 3,
}  # fmt: skip
GRID_TRIPS = {"grid_fori": 3, "grid_while": 8, "grid_scan": 8, "grid_vmap": 8, "grid_pairs": 8, "grid_slope": 4}
PER_ELEMENT = {"array", "numpy", "reduce", "rearrange"}
RARE = {"forward": 0.03, "breach": 0.015, "nan": 0.02, "outside": 0.12, "large": 0.03, "long": 0.03}

@dataclass(frozen=True)
class Line:
    """One step: its kind, the places of its operands (counted back, modulo what there is), its options and bodies."""

    kind: str
    places: tuple[int, ...]
    option: Any = None
    bodies: tuple[Body, ...] = ()


@dataclass(frozen=True)
class Program:
    """A function of two numbers and an array of `small` × `times` numbers, at a point and along a direction."""

    seed: int
    numbers: tuple[float, float]
    small: tuple[float, ...]
    times: int
    tangents: tuple[float, ...]  # of the two numbers, then of the small array
    body: Body
    traits: frozenset[str]  # what RARE names: "forward" for loops whose number of trips is computed, ...
    shape: tuple[int, ...] = ()  # of the array, where it has not one axis alone

    @property
    def length(self) -> int:
        return len(self.small) * self.times


SIZES = {1: (1, 1), 4095: (7, 585), 4097: (1, 4097), 10000: (2, 5000)}
VAST = {1030: (5, 206), 5000: (4, 1250)}


class _Generator:
    def __init__(self, source: random.Random, length: int, traits: set[str]) -> None:
        self.source, self.length, self.traits = source, length, traits

    def kind(self, weights: dict[str, int], cost: int, allowed: Callable[[str], bool]) -> str:
        kinds = [k for k in weights if allowed(k)]
        return self.source.choices(kinds, [weights[k] for k in kinds])[0]

    def body(self, depth: int, cost: int, most: int, inside: str = "") -> Body:
        return tuple(self.line(depth, cost, inside) for _ in range(self.source.randint(1, most)))

    def line(self, depth: int, cost: int, inside: str = "", structured: bool = False) -> Line:
        """A line that runs `cost` times, with bodies at most `depth` deep."""
        s, large = self.source, self.length > 1000

        def fits(kind: str) -> bool:
            if inside == "no_grad" and kind in ("root", "slope", "jit", "checkpoint", "grid_call", "grid_slope"):
                return False  # derivatives of their own, which no_grad would take away
            if kind == "numpy" and ("outside" in self.traits or inside == "slope"):
                return False  # arrays of Values and of floats, for which NumPy's functions do not work
            if large and (kind in ("build", "columns", "if") or (kind == "scan" and s.random() < 0.8)):
                return False  # a scan takes plain Python as long as the engine
            if kind in PER_ELEMENT or kind in ("vmap", "scan", "columns"):
                return cost * self.length <= (10_000 if large else 400)
            if kind in GRID_LINES or kind in GRID_BODIES:
                return cost <= 10 and not (kind == "grid_call" and cost > 3)
            return kind not in ("root", "jit") or cost <= 10  # Newton's method, and a compilation, every time

        grids = "grids" in self.traits
        if depth and (structured or s.random() < 0.45):
            kind = self.kind(BODIES | GRID_BODIES if grids else BODIES, cost, fits)
        else:
            kind = self.kind(LINES | GRID_LINES if grids else LINES, cost, fits)
        places = tuple(min(s.randrange(12), s.randrange(12)) for _ in range(3))
        option = self.option(kind)
        trips = {"vmap": self.length, "scan": self.length, "columns": self.length, "while": 8}.get(kind, 1)
        if kind in GRID_BODIES:  # of large arrays it may be all of an axis
            trips = self.length if large and kind in ("grid_scan", "grid_vmap") else GRID_TRIPS.get(kind, 1)
        if kind in ("fori", "repeat"):
            trips = max(option[1], 1) if kind == "fori" else option
        within = next((each for each in ("no_grad", "slope") if each in (inside, kind.removeprefix("grid_"))), kind)
        bodies = tuple(
            self.body(depth - 1 if not (large and trips > 1000) else 0, cost * trips, 2 if large else 3, within)
            for _ in range(WITH_BODY.get(kind, 0))
        )
        return Line(kind, places, option, bodies)

    def option(self, kind: str) -> Any:
        s = self.source
        options: dict[str, Callable[[], Any]] = {
            "plain": lambda: s.choice(PLAIN),
            "array": lambda: (s.choice(PLAIN), s.random() < 0.5),
            "numpy": lambda: s.choice(NUMPY),
            "reduce": lambda: s.choice(LARGE_REDUCE if self.length > 1000 else REDUCE),
            "rearrange": lambda: s.choice(LARGE_REARRANGE if self.length > 1000 else REARRANGE),
            "stop": lambda: (s.choice(STOPS), s.random() < 0.3),
            "root": lambda: s.choice(ROOTS),
            "element": lambda: s.randrange(7),
            "fori": lambda: (
                s.randint(-1, 2), s.choice([0, 0, 1, 2, 3, 3, 4]), s.choice(["numbers", "array", "dict", "one"]),
            ),
            "while": lambda: (
                s.choice([1.0, -3.0, 0.25, 0.9]), s.choice(["numbers", "array"]), s.choice(["", *SPOILS]),
            ),
            "scan": lambda: (s.random() < 0.3, s.choice(["one", "pair", "nest", "nothing", "data", "length"])),
            "cond": lambda: (
                s.choice([0.0, 0.3, -9.0, 9.0]), s.choice(["", "sqrt", "log", "divide"]), s.random() < 0.5,
            ),
            "vmap": lambda: (s.choice([None, None, "sum", "mean"]), s.choice(["one", "two", "shared", "data"])),
            "columns": lambda: s.random() < 0.5,
            "checkpoint": lambda: s.random() < 0.5,
            "jit": lambda: s.choice(["argument", "constant"]),
            "slope": lambda: s.choice(["grad", "jvp"]),
            "repeat": lambda: s.randint(1, 3),
            "if": lambda: s.choice([0.0, 0.3]),
        }
        if kind in GRID_LINES or kind in GRID_BODIES:
            return s.randrange(10**6)  # from which the line takes all its choices, once the shapes are known
        return options[kind]() if kind in options else None


def program_of(seed: int, grids: bool = False) -> Program:
    """The program of a seed; with `grids`, another one, of arrays of one to three axes too."""
    s = random.Random(seed)
    traits = {trait for trait, share in RARE.items() if s.random() < share}
    shape: tuple[int, ...] = ()
    if grids:
        traits = (traits - {"large"}) | {"grids"} | ({"vast"} if s.random() < 0.03 else set())
        size, times = s.choices(GRID_SIZES, [1, 2, 3, 4, 4, 2, 3])[0], 1
        if "vast" in traits:
            size, times = VAST[s.choice([*VAST])]
        whole = size * times
        factors = [(d, whole // d) for d in (2, 3, 4, 8, 10) if whole % d == 0]
        shape = s.choice([(), (), (whole, 1), (1, whole), *factors, *factors, *[(2, 2, whole // 4)] * (whole % 4 == 0)])
    elif "large" in traits:
        traits &= {"large"}
        size, times = SIZES[s.choice([4095, 4097, 4097, 10000])]
    else:
        size, times = s.choice([1, 2, 3, 3, 4, 4, 7, 7, 9, 17]), 1
    generator = _Generator(s, size * times, traits)
    large = size * times > 1000
    depth = 1 if large else s.choice([1, 1, 2, 2, 2, 3])
    first = generator.line(depth, 1, structured=True)
    lines = (
        *generator.body(0, 1, 2), first, *generator.body(depth, 1, 1 if large else 2)
    )
    if "forward" in traits:
        lines = (*lines, Line("count", (0, 1, 2), s.choice([0, 1, 3, 4]), (generator.body(0, 3, 2),)))
    if "long" in traits:
        lines = (*lines, Line("long", (0, 1, 2), 113, (generator.body(0, 100, 2),)))
    if "breach" in traits:
        lines = (*lines, Line("breach", (0, 1, 2), s.choice(["", "cond"])))
    if "nan" in traits:
        lines = (*lines, Line("plain", (0, 1, 2), s.choice(NANS)))
    point = [round(s.uniform(-1.5, 1.5), s.choice([2, 17])) for _ in range(2 + size)]
    if s.random() < 0.05:
        point[s.randrange(len(point))] = 0.0  # a kink, here and there
    tangents = [round(s.uniform(-1.0, 1.0), 2) or 0.5 for _ in range(2 + size)]
    return Program(
        seed, (point[0], point[1]), tuple(point[2:]), times, tuple(tangents), lines, frozenset(traits), shape
    )


def smaller(program: Program) -> Iterator[Program]:
    """Programs with a part less: without a line, with a body in the place of its line, with a simpler option."""
    for body in _smaller(program.body):
        if body:
            yield replace(program, body=body)
    if program.times > 1 and "large" not in program.traits:
        yield replace(program, times=1)


def _smaller(body: Body) -> Iterator[Body]:
    for i in range(len(body)):
        yield (*body[:i], *body[i + 1 :])
    for i, line in enumerate(body):
        for inner in line.bodies:
            yield (*body[:i], *inner, *body[i + 1 :])
        for j, inner in enumerate(line.bodies):
            for less in _smaller(inner):
                bodies = (*line.bodies[:j], less, *line.bodies[j + 1 :])
                yield (*body[:i], replace(line, bodies=bodies), *body[i + 1 :])
        if line.kind == "plain" and line.option != "0.5 * ({a} + {b})" and re.search("[(]", line.option):
            yield (*body[:i], replace(line, option="0.5 * {a} * {b}"), *body[i + 1 :])
        if line.kind.startswith("grid_") and line.option:
            yield (*body[:i], replace(line, option=0), *body[i + 1 :])
        if any(line.places):
            yield (*body[:i], replace(line, places=(0,) * len(line.places)), *body[i + 1 :])
