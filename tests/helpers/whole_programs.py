"""Random whole programs: loops, scans, whiles, branches, batches, closures, rules and roots, as a tree and as a text.

A program is lines that run one after the other on a scope, the names of numbers and of arrays. A line with a body runs
it on a scope of its own: what it carries, then what stands around it, which is captured. The text uses the engine's
names, and runs on the engine as on `dual_numbers`. Every result is kept between about −3 and 3, so that nothing
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
    "cbrt(2.0 + sin({a} - {b}))", "log1p({a} * {a}) * 0.5", "expm1(0.3 * {a}) + 0.2 * {b}", "exp2(0.4 * sin({a})) * 0.5",
    "asin(0.8 * sin({a}))", "acos(0.7 * cos({a} + {b})) - 1.0", "sinh(0.4 * {a})", "cosh(0.4 * {a}) - 1.0",
    "asinh({a} * {b})", "acosh(1.5 + {a} * {a})", "atanh(0.7 * tanh({a}))", "erf({a} - {b})", "erfc({a}) - 1.0",
    "atan2({a}, 2.5 + sin({b}))", "hypot({a}, 1.0 + 0.1 * {b}) - 1.0", "tan(0.4 * {a})", "silu({a}) - 0.2 * {b}",
    "gelu({a} - 0.1)", "log2(2.0 + {a} * {a}) - 1.0", "log10(1.1 + {b} * {b})", "{a} ** 2 * 0.3 - {b}",
    "bell({a} - 0.5 * {b})", "swing({a}, {b}) * 0.5", "floor({a} * 1.7 + 0.3) * 0.2 * {b}",
    "remainder({a}, 1.3 + 0.1 * sin({b}))", "sign({a} + 0.1) * {b}", "0.7", "maximum({a}, {a})", "{b} * {a} ** 3", "abs({a} - {a}) + {b} * 0.5",
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
REARRANGE = ["{a}[::-1]", "np.roll({a}, 1)", "softmax({a}) + 0.1 * {b}", "np.cumsum({a}) / {n}.0", "log_softmax({a}) * 0.3"]
LARGE_REARRANGE = REARRANGE[:2]
STOPS = ["stop_gradient({a}) * {b}", "detach({a}) - 0.3 * {b}", "{a} - detach({a}) * 0.9"]
ROOTS = [
    ("lambda r: r * r * r + r - {a} - 0.3 * {b}", "0.5"), ("lambda r: r - 0.5 * cos(r * {b}) - 0.2 * {a}", "0.0"),
    ("lambda r: exp(0.5 * r) + r - {a} * {b}", "{a} * 0.0"),
]  # fmt: skip

# Of the body of a loop that makes no trip; "bound" is nan as soon as a loop has ended.
SPOILS = {
    "sqrt": " + sqrt({t} - {t})", "log": " - log({t} - {t})", "divide": " + divide(1.0, {t} - {t})",
    "bound": " + 0.1 * sqrt({bound} - {t})",
}  # fmt: skip

WITH_BODY = {
    "fori": 1, "while": 1, "scan": 1, "cond": 2, "vmap": 1, "columns": 1, "checkpoint": 1, "no_grad": 1, "jit": 1,
    "slope": 1, "repeat": 1, "if": 2,
}  # fmt: skip
LINES = {"plain": 8, "array": 4, "numpy": 2, "build": 1, "element": 2, "reduce": 4, "rearrange": 2, "stop": 2, "root": 1}
BODIES = {
    "fori": 4, "while": 3, "scan": 4, "cond": 4, "vmap": 6, "columns": 1, "checkpoint": 3, "no_grad": 2, "jit": 2,
    "slope": 2, "repeat": 1, "if": 1,
}  # fmt: skip
PER_ELEMENT = {"array", "numpy", "reduce", "rearrange"}
RARE = {"forward": 0.03, "breach": 0.015, "nan": 0.02, "outside": 0.12, "large": 0.04}

PRELUDE = """\
import numpy as np
from autograd import *

bell = primitive("bell", lambda x: exp(-x * x), [lambda out, x: -2.0 * x * out])
swing = primitive("swing", lambda x, y: x * sin(y), [lambda out, x, y: sin(y), lambda out, x, y: x * cos(y)])


def detach(a):
    return a.detach() if isinstance(a, Value) else stop_gradient(a)


def squash(a):
    return 2.0 * tanh(0.5 * a)


def newton(f, r):
    for _ in range(40):
        r = r - divide(f(r), grad(f)(r))
    return r

"""


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

    @property
    def length(self) -> int:
        return len(self.small) * self.times


SIZES = {1: (1, 1), 4095: (7, 585), 4097: (1, 4097), 10000: (2, 5000)}


class _Generator:
    def __init__(self, source: random.Random, length: int, traits: set[str], without: frozenset[str]) -> None:
        self.source, self.length, self.traits, self.without = source, length, traits, without

    def kind(self, weights: dict[str, int], cost: int, allowed: Callable[[str], bool]) -> str:
        kinds = [k for k in weights if k not in self.without and allowed(k)]
        return self.source.choices(kinds, [weights[k] for k in kinds])[0]

    def body(self, depth: int, cost: int, most: int, inside: str = "") -> Body:
        return tuple(self.line(depth, cost, inside) for _ in range(self.source.randint(1, most)))

    def line(self, depth: int, cost: int, inside: str = "", structured: bool = False) -> Line:
        """A line that runs `cost` times, with bodies at most `depth` deep."""
        s, large = self.source, self.length > 1000

        def fits(kind: str) -> bool:
            if inside == "no_grad" and kind in ("root", "slope", "jit", "checkpoint"):
                return False  # derivatives of their own, which no_grad would take away
            if kind == "numpy" and "outside" in self.traits:
                return False  # arrays of Values and of floats, which NumPy has no functions for
            if large and kind in ("build", "columns", "if"):
                return False
            if kind in PER_ELEMENT or kind in ("vmap", "scan", "columns"):
                return cost * self.length <= (10_000 if large else 400)
            return kind != "root" or cost <= 10

        if depth and (structured or s.random() < 0.45):
            kind = self.kind(BODIES, cost, fits)
        else:
            kind = self.kind(LINES, cost, fits)
        places = tuple(min(s.randrange(12), s.randrange(12)) for _ in range(3))
        option = self.option(kind)
        trips = {"vmap": self.length, "scan": self.length, "columns": self.length, "while": 8}.get(kind, 1)
        if kind in ("fori", "repeat"):
            trips = max(option[1], 1) if kind == "fori" else option
        within = "no_grad" if "no_grad" in (inside, kind) else kind
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
            "reduce": lambda: s.choice(REDUCE),
            "rearrange": lambda: s.choice(LARGE_REARRANGE if self.length > 1000 else REARRANGE),
            "stop": lambda: (s.choice(STOPS), s.random() < 0.3),
            "root": lambda: s.choice(ROOTS),
            "element": lambda: s.randrange(7),
            "fori": lambda: (s.randint(-1, 2), s.choice([0, 0, 1, 2, 3, 3, 4]), s.choice(["numbers", "array", "dict", "one"])),
            "while": lambda: (s.choice([1.0, -3.0, 0.25, 0.9]), s.choice(["numbers", "array"]), s.choice(["", *SPOILS])),
            "scan": lambda: (s.random() < 0.3, s.choice(["one", "pair", "nest", "nothing", "data", "length"])),
            "cond": lambda: (s.choice([0.0, 0.3, -9.0, 9.0]), s.choice(["", "sqrt", "log", "divide"]), s.random() < 0.5),
            "vmap": lambda: (s.choice([None, None, "sum", "mean"]), s.choice(["one", "two", "shared", "data"])),
            "columns": lambda: s.random() < 0.5,
            "checkpoint": lambda: s.random() < 0.5,
            "jit": lambda: s.choice(["argument", "constant"]),
            "slope": lambda: s.choice(["grad", "jvp"]),
            "repeat": lambda: s.randint(1, 3),
            "if": lambda: s.choice([0.0, 0.3]),
        }
        return options[kind]() if kind in options else None


def program_of(seed: int, without: frozenset[str] = frozenset()) -> Program:
    """The program of a seed, without these kinds of lines and traits."""
    s = random.Random(seed)
    traits = {trait for trait, share in RARE.items() if s.random() < share and trait not in without}
    if "large" in traits:
        traits &= {"large"}
        size, times = SIZES[s.choice([4095, 4097, 4097, 10000])]
    else:
        size, times = s.choice([1, 2, 3, 3, 4, 7]), 1
    generator = _Generator(s, size * times, traits, without)
    large = "large" in traits
    depth = 1 if large else s.choice([1, 1, 2, 2, 2, 3])
    first = generator.line(depth, 1, structured=True)
    lines = (
        *generator.body(0, 1, 2), first, *generator.body(depth, 1, 1 if large else 2)
    )
    if "forward" in traits:
        lines = (*lines, Line("count", (0, 1, 2), s.choice([0, 1, 3, 4]), (generator.body(0, 3, 2),)))
    if "breach" in traits:
        lines = (*lines, Line("breach", (0, 1, 2), s.choice(["", "cond"])))
    if "nan" in traits:
        lines = (*lines, Line("plain", (0, 1, 2), s.choice(["sqrt({a} - 4.0)", "log(-1.0 - {a} * {b})", "divide({b}, {a} - {a})"])))
    point = [round(s.uniform(-1.5, 1.5), s.choice([2, 17])) for _ in range(2 + size)]
    if s.random() < 0.05:
        point[s.randrange(len(point))] = 0.0  # a kink, here and there
    tangents = [round(s.uniform(-1.0, 1.0), 2) or 0.5 for _ in range(2 + size)]
    return Program(seed, (point[0], point[1]), tuple(point[2:]), times, tuple(tangents), lines, frozenset(traits))


class _Scope:
    """The names of numbers and arrays, the latest last."""

    def __init__(self, numbers: list[str], arrays: list[str]) -> None:
        self.numbers, self.arrays = numbers, arrays

    def number(self, place: int) -> str:
        return self.numbers[-1 - place % len(self.numbers)]

    def array(self, place: int) -> str:
        return self.arrays[-1 - place % len(self.arrays)]


class Writer:
    """The text of a program."""

    def __init__(self, program: Program) -> None:
        self.program, self.lines, self.indent, self.count = program, [], 0, 0
        self.constants: list[str] = []

    def put(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def name(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    def tiled(self, numbers: tuple[float, ...]) -> str:
        times = self.program.times
        return f"np.tile({list(numbers)}, {times})" if times > 1 else f"np.array({list(numbers)})"

    def text(self) -> str:
        program = self.program
        size = len(program.small)
        outside = ["w = Value(0.7)"] if "outside" in program.traits else []
        self.put("def f(x, y, A):")
        self.indent = 1
        scope = _Scope(["y", *(["w"] if outside else []), "x"], ["C", "A"])
        body = program.body
        before = len(scope.numbers), len(scope.arrays)
        self.body(body, scope)
        total = [f"{0.5 + 0.1 * (i % 7):.1f} * {name}" for i, name in enumerate(scope.numbers[before[0]:])]
        total += [f"dot({name}, R) / {program.length}.0" for name in scope.arrays[before[1]:]]
        self.put("return " + " + ".join(total or ["x"]))
        constants = [
            *outside,
            f"C = {self.tiled(tuple(round(0.9 - 0.4 * i, 1) for i in range(size)))}",
            f"R = {self.tiled(tuple(round(1.0 + 0.3 * i, 1) for i in range(size)))}",
        ]
        return "\n".join([*constants, "", "", *self.lines, ""])

    def body(self, body: Body, scope: _Scope) -> None:
        for line in body:
            getattr(self, f"write_{line.kind}")(line, scope)

    def number(self, scope: _Scope, expression: str) -> None:
        name = self.name("v")
        self.put(f"{name} = {expression}")
        scope.numbers.append(name)

    def array(self, scope: _Scope, expression: str) -> None:
        name = self.name("W")
        self.put(f"{name} = {expression}")
        scope.arrays.append(name)

    def function(
        self, head: str, body: Body, scope: _Scope, numbers: list[str], arrays: list[str], results: int,
        shape: Callable[[list[str], str], str] = lambda r, a: ", ".join(r), before: tuple[str, ...] = (),
    ) -> None:
        """A nested function with these own names, whose result is made of the latest numbers and the latest array."""
        self.put(head)
        self.indent += 1
        for text in before:
            self.put(text)
        inner = _Scope([*scope.numbers, *numbers], [*scope.arrays, *arrays])
        counts = len(scope.numbers), len(scope.arrays)
        self.body(body, inner)
        found = inner.numbers[counts[0] :][::-1] or ["0.5"]
        latest = [f"squash({found[i % len(found)]})" for i in range(results)]
        own = inner.arrays[counts[1] :]
        self.put("return " + shape(latest, own[-1] if own else inner.arrays[-1]))
        self.indent -= 1

    def write_plain(self, line: Line, scope: _Scope) -> None:
        self.number(scope, line.option.format(a=scope.number(line.places[0]), b=scope.number(line.places[1])))

    def write_array(self, line: Line, scope: _Scope) -> None:
        template, both = line.option
        if template == "0.7":
            template = "{a} + 0.7"
        other = scope.array(line.places[1]) if both else scope.number(line.places[1])
        a = scope.array(line.places[0])
        if "{a}" not in template or template.startswith("log10"):
            other = scope.array(line.places[1])
        self.array(scope, template.format(a=a, b=other))

    def write_numpy(self, line: Line, scope: _Scope) -> None:
        self.array(scope, line.option.format(a=scope.array(line.places[0])))

    def write_build(self, line: Line, scope: _Scope) -> None:
        names = [scope.number(line.places[i % 3] + i // 3) for i in range(self.program.length)]
        self.array(scope, f"np.array([{', '.join(names)}])")

    def write_element(self, line: Line, scope: _Scope) -> None:
        self.number(scope, f"{scope.array(line.places[0])}[{line.option % len(self.program.small)}]")

    def write_reduce(self, line: Line, scope: _Scope) -> None:
        a, b = scope.array(line.places[0]), scope.array(line.places[1])
        self.number(scope, line.option.format(a=a, b=b, n=self.program.length))

    def write_rearrange(self, line: Line, scope: _Scope) -> None:
        a, b = scope.array(line.places[0]), scope.array(line.places[1])
        self.array(scope, line.option.format(a=a, b=b, n=self.program.length))

    def write_stop(self, line: Line, scope: _Scope) -> None:
        template, array = line.option
        if array and "detach" not in template:
            self.array(scope, template.format(a=scope.array(line.places[0]), b=scope.array(line.places[1])))
        else:
            self.write_plain(replace(line, option=template), scope)

    def write_root(self, line: Line, scope: _Scope) -> None:
        f, guess = line.option
        names = {"a": scope.number(line.places[0]), "b": scope.number(line.places[1])}
        self.number(scope, f"squash(custom_root({f.format(**names)}, {guess.format(**names)}, newton))")

    def write_fori(self, line: Line, scope: _Scope) -> None:
        lower, trips, form = line.option
        f, i, a, b, w = (self.name(letter) for letter in "fiabW")
        first, second, third = scope.number(line.places[0]), scope.number(line.places[1]), scope.array(line.places[2])
        if form == "one":
            self.function(f"def {f}({i}, {a}):", line.bodies[0], scope, [i, a], [], 1)
            self.number(scope, f"fori_loop({lower}, {lower + trips}, {f}, {first})")
            return
        unpack, start, shape = {
            "numbers": (f"{a}, {b} = s", f"({first}, {second})", lambda r, _: ", ".join(r)),
            "array": (f"{a}, {b}, {w} = s", f"({first}, {second}, {third})",
                      lambda r, array: f"{r[0]}, {r[1]}, 0.5 * {array} + 0.3 * {r[0]}"),
            "dict": (f'{a}, {b} = s["a"], s["b"]', f'{{"b": {second}, "a": {first}}}',
                     lambda r, _: f'{{"a": {r[0]}, "b": {r[1]}}}'),
        }[form]
        arrays = [w] if form == "array" else []
        self.function(f"def {f}({i}, s):", line.bodies[0], scope, [i, a, b], arrays, 2, shape, (f"{i} = 0.3 * {i}", unpack))
        end = self.name("s")
        self.put(f"{end} = fori_loop({lower}, {lower + trips}, {f}, {start})")
        for key in ("a", "b") if form == "dict" else (0, 1):
            self.number(scope, f"{end}[{key!r}]")
        if form == "array":
            self.array(scope, f"{end}[2]")

    def write_while(self, line: Line, scope: _Scope) -> None:
        bound, form, spoil = line.option
        f, t, a, w, end = (self.name(letter) for letter in "ftaWs")
        array = form == "array"
        spoil = SPOILS[spoil if bound == -3.0 else "bound"].format(t=t, bound=bound) if spoil else ""
        self.function(
            f"def {f}(s):", line.bodies[0], scope, [t, a], [w] if array else [], 1,
            lambda r, latest: f"{t} + 0.3 + 0.1 * abs({r[0]}), {r[0]}{spoil}" + (f", 0.5 * {latest} + 0.2 * {a}" if array else ""),
            (f"{t}, {a}{f', {w}' if array else ''} = s",),
        )
        start = f"squash({scope.number(line.places[0])}), {scope.number(line.places[1])}"
        start += f", {scope.array(line.places[2])}" if array else ""
        self.put(f"{end} = while_loop(lambda s: s[0] < {bound}, {f}, ({start}), max_trips=12)")
        self.number(scope, f"{end}[0]")
        self.number(scope, f"{end}[1]")
        if array:
            self.array(scope, f"{end}[2]")

    def write_scan(self, line: Line, scope: _Scope) -> None:
        reverse, form = line.option
        if self.program.times > 1 and form in ("one", "nest", "data", "pair"):
            form = "nothing"
        f, a, p, q = (self.name(letter) for letter in "fapq")
        first, second = scope.array(line.places[1]), scope.array(line.places[2])
        xs = {"pair": f"({first}, {second})", "data": f"({first}, C)", "length": "None, length=3"}.get(form, first)
        before = (f"{p}, {q} = z",) if form in ("pair", "data") else () if form == "length" else (f"{p} = z",)
        own = [p, q, a] if form in ("pair", "data") else [a] if form == "length" else [p, a]
        y = {"nothing": "None", "nest": "({1}, " + a + ")"}.get(form, "{1}")
        self.function(
            f"def {f}({a}, z):", line.bodies[0], scope, own, [], 2, lambda r, _: f"{r[0]}, {y.format(*r)}", before
        )
        state, ys = self.name("v"), self.name("W")
        self.put(f"{state}, {ys} = scan({f}, {scope.number(line.places[0])}, {xs}{', reverse=True' if reverse else ''})")
        scope.numbers.append(state)
        if form == "nest":
            scope.arrays.append(f"{ys}[0]")
            scope.arrays.append(f"{ys}[1]")
        elif form == "length":
            self.number(scope, f"0.5 * {ys}[0] - {ys}[2]")
        elif form != "nothing":
            scope.arrays.append(ys)

    def write_cond(self, line: Line, scope: _Scope) -> None:
        shift, dead, shared = line.option
        f, g, a, b = (self.name(letter) for letter in "fgab")
        left, right = scope.number(line.places[0]), scope.number(line.places[1])
        given = f"({scope.number(line.places[2])},)" if shared else "()"
        # Where the other side is taken, this is nan, infinite or singular.
        spoil = {
            "": "", "sqrt": f" + sqrt({right} + {shift} - {left})", "log": f" + 0.1 * log({right} + {shift} - {left})",
            "divide": f" + divide(0.01, {right} + 0.1 + {shift} - {left})",
        }[dead]
        for name, body, extra in ((f, line.bodies[0], spoil), (g, line.bodies[1], "")):
            self.function(
                f"def {name}({a if shared else ''}):", body, scope, [a] if shared else [], [], 2,
                lambda r, _, extra=extra: f"squash({r[0]}{extra}), {r[1]}",
            )
        v, w = self.name("v"), self.name("v")
        self.put(f"{v}, {w} = cond({left} < {right} + {shift}, {f}, {g}{', ' + given[1:-2] if shared else ''})")
        scope.numbers += [v, w]

    def write_vmap(self, line: Line, scope: _Scope) -> None:
        reduce, form = line.option
        f, a, b = (self.name(letter) for letter in "fab")
        first = scope.array(line.places[0])
        second = {
            "one": "", "two": scope.array(line.places[1]), "shared": scope.number(line.places[1]), "data": "C",
        }[form]
        own = [a] if form == "one" else [b, a]
        self.function(f"def {f}({', '.join(sorted(own))}):", line.bodies[0], scope, own, [], 2)
        axes = {"one": "0", "shared": "(0, None)"}.get(form, "0")
        end, w = self.name("W"), self.name("W")
        options = f", in_axes={axes}" if form == "shared" else ""
        options += f", reduce={reduce!r}" if reduce else ""
        self.put(f"{end}, {w} = vmap({f}{options})({first}{', ' + second if second else ''})")
        if reduce == "sum":
            self.number(scope, f"{w} / {self.program.length}.0")
            self.number(scope, f"{end} / {self.program.length}.0")
        elif reduce:
            scope.numbers += [end, w]
        else:
            scope.arrays += [end, w]

    def write_columns(self, line: Line, scope: _Scope) -> None:
        f, a, b, w, m = (self.name(letter) for letter in "fabWM")
        first, second = scope.array(line.places[0]), scope.array(line.places[1])
        self.put(f"{m} = np.stack([{first}, {second}])")
        self.function(
            f"def {f}(c):", line.bodies[0], scope, [a, b], [], 1,
            lambda r, _: f"c * {r[0]}" if line.option else r[0], (f"{a}, {b} = c[0], c[1]",),
        )
        axes = ", out_axes=1" if line.option else ""
        self.array(scope, f"vmap({f}, in_axes=1{axes})({m})" + (f"[{line.places[2] % 2}]" if line.option else ""))

    def write_checkpoint(self, line: Line, scope: _Scope) -> None:
        f, a, b, w = (self.name(letter) for letter in "fabW")
        given = [scope.number(line.places[0]), scope.number(line.places[1])]
        arrays = [w] if line.option else []
        given += [scope.array(line.places[2])] if line.option else []
        self.function(f"def {f}({', '.join([a, b, *arrays])}):", line.bodies[0], scope, [a, b], arrays, 2)
        v, u = self.name("v"), self.name("v")
        self.put(f"{v}, {u} = checkpoint({f})({', '.join(given)})")
        scope.numbers += [v, u]

    def write_no_grad(self, line: Line, scope: _Scope) -> None:
        self.put("with no_grad():")
        self.indent += 1
        self.body(line.bodies[0], scope)
        self.indent -= 1

    def write_jit(self, line: Line, scope: _Scope) -> None:
        f, a = self.name("f"), self.name("a")
        self.function(f"def {f}({a}):", line.bodies[0], scope, [a], [], 1)
        given = scope.number(line.places[0]) if line.option == "argument" else "0.7"
        self.number(scope, f'jit({f}, backend="interpreter")({given})')

    def write_slope(self, line: Line, scope: _Scope) -> None:
        f, a = self.name("f"), self.name("a")
        self.function(f"def {f}({a}):", line.bodies[0], scope, [a], [], 1)
        at = scope.number(line.places[0])
        slope = f"grad({f})({at})" if line.option == "grad" else f"jvp({f}, ({at},), ({scope.number(line.places[1])},))[1]"
        self.number(scope, f"squash({slope})")

    def write_repeat(self, line: Line, scope: _Scope) -> None:
        f, a = self.name("f"), self.name("a")
        self.function(f"def {f}({a}):", line.bodies[0], scope, [a], [], 1)
        name = self.name("v")
        self.put(f"{name} = {scope.number(line.places[0])}")
        self.put(f"for _ in range({line.option}):")
        self.put(f"    {name} = {f}({name})")
        scope.numbers.append(name)

    def write_if(self, line: Line, scope: _Scope) -> None:
        f, a = self.name("f"), self.name("a")
        left, right = scope.number(line.places[0]), scope.number(line.places[1])
        self.put(f"def {f}({a}):")
        self.indent += 1
        self.function(f"if {left} > {right} + {line.option}:", line.bodies[0], scope, [a], [], 1)
        self.function("else:", line.bodies[1], scope, [a], [], 1)
        self.indent -= 1
        self.number(scope, f"{f}({scope.number(line.places[2])})")

    def write_count(self, line: Line, scope: _Scope) -> None:
        """A number of trips that is computed: in a compiled function there is forward mode alone."""
        f, i, a = (self.name(letter) for letter in "fia")
        self.function(f"def {f}({i}, {a}):", line.bodies[0], scope, [i, a], [], 1)
        if line.option == 4:
            self.number(scope, f"while_loop(lambda s: s < 1.2, lambda s: s + 0.2 * {f}(1.0, s) ** 2 + 0.3, squash({scope.number(line.places[0])}))")
            return
        self.number(scope, f"fori_loop(1, {1 + line.option}.0 + floor(0.1 * sigmoid(x)), {f}, {scope.number(line.places[0])})")

    def write_breach(self, line: Line, scope: _Scope) -> None:
        loop = f"while_loop(lambda s: s < 9.0, lambda s: s + 0.5, squash({scope.number(line.places[0])}), max_trips=4)"
        if line.option == "cond":
            a, b = scope.number(line.places[1]), scope.number(line.places[2])
            loop = f"cond({a} < {b}, lambda: {loop}, lambda: {a} * 0.5)"
        self.number(scope, loop)


def text_of(program: Program) -> str:
    """The program as Python: constants, and a function f(x, y, A)."""
    return Writer(program).text()


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
        if any(line.places):
            yield (*body[:i], replace(line, places=(0,) * len(line.places)), *body[i + 1 :])
