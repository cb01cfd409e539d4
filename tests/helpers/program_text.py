"""The text of a whole program: constants and a function, in the engine's names, which `dual_programs` has too."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from grid_bodies import GridBodyWriter
from program_scopes import Scope, Shape
from whole_programs import SPOILS, Body, Line, Program

PRELUDE = """\
import numpy as np
from autograd import *

bell = primitive("bell", lambda x: exp(-x * x), [lambda out, x: -2.0 * x * out])
swing = primitive("swing", lambda x, y: x * sin(y), [lambda out, x, y: sin(y), lambda out, x, y: x * cos(y)])


def detach(a):
    return a.detach() if isinstance(a, Value) else stop_gradient(a)


def squash(a):
    return 2.0 * tanh(0.5 * a)


def table(*shape):
    count = 1
    for n in shape:
        count *= n
    return np.array([0.6 * cos(1.3 * i + 0.2) for i in range(count)]).reshape(shape)


def newton(f, r):
    for _ in range(40):
        r = r - divide(f(r), grad(f)(r))
    return r

"""


class Writer(GridBodyWriter):
    """The text of a program."""

    def __init__(self, program: Program) -> None:
        self.program, self.lines, self.indent, self.count = program, [], 0, 0
        self.most = 6000 if "vast" in program.traits else 48

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
        shape = program.shape or (program.length,)
        self.put(f"def f(x, y, {'G' if program.shape else 'A'}):")
        self.indent = 1
        if program.shape:
            self.put("A = G.reshape(-1)")
        numbers, arrays = ["y", *(["w"] if outside else []), "x"], ["C", "A"]
        grids = [("A", (program.length,)), ("G" if program.shape else "A", shape)]
        scope = Scope(numbers, arrays, grids, (len(numbers), len(arrays), len(grids)))
        self.body(program.body, scope)
        total = [f"{0.5 + 0.1 * (i % 7):.1f} * {name}" for i, name in enumerate(scope.own_numbers())]
        total += [f"dot({name}, R) / {program.length}.0" for name in scope.own_arrays()]
        total += map(self.blended, scope.own_grids())
        self.put("return " + " + ".join(total or ["x"]))
        steps = [i % 7 if "grids" in program.traits else i for i in range(size)]
        constants = [
            *outside,
            f"C = {self.tiled(tuple(round(0.9 - 0.4 * i, 1) for i in steps))}",
            f"R = {self.tiled(tuple(round(1.0 + 0.3 * i, 1) for i in steps))}",
        ]
        return "\n".join([*constants, "", "", *self.lines, ""])

    def blended(self, grid: tuple[str, Shape]) -> str:
        """A number in which each element of an array counts by itself."""
        name, shape = grid
        return f"np.sum({name} * table{shape}) / {math.prod(shape)}.0"

    def body(self, body: Body, scope: Scope) -> None:
        for line in body:
            getattr(self, f"write_{line.kind}")(line, scope)

    def number(self, scope: Scope, expression: str) -> None:
        name = self.name("v")
        self.put(f"{name} = {expression}")
        scope.numbers.append(name)

    def array(self, scope: Scope, expression: str) -> None:
        name = self.name("W")
        self.put(f"{name} = {expression}")
        scope.arrays.append(name)

    def function(
        self, head: str, body: Body, scope: Scope, numbers: list[str], arrays: list[str], results: int,
        shape: Callable[[list[str], Scope], str] = lambda r, _: ", ".join(r), before: tuple[str, ...] = (),
        grids: Sequence[tuple[str, Shape]] = (),
    ) -> None:
        """A nested function with these own names, whose result is made of the latest numbers, and of what it has."""
        self.put(head)
        self.indent += 1
        for text in before:
            self.put(text)
        counts = len(scope.numbers), len(scope.arrays), len(scope.grids)
        inner = Scope([*scope.numbers, *numbers], [*scope.arrays, *arrays], [*scope.grids, *grids], counts)
        self.body(body, inner)
        found = inner.own_numbers()[::-1]
        if "grids" in self.program.traits:  # most of it counts, and each element of an array by itself
            like = [(name, (self.program.length,)) for name in inner.own_arrays()]
            blended = map(self.blended, [*like[-2:], *inner.own_grids()[-4:]])
            found = [" + ".join([*found[:4], *blended]), *found] if found or like or inner.own_grids() else []
        found = found or ["0.5"]
        latest = [f"squash({found[i % len(found)]})" for i in range(results)]
        self.put("return " + shape(latest, inner))
        self.indent -= 1

    def write_plain(self, line: Line, scope: Scope) -> None:
        self.number(scope, line.option.format(a=scope.number(line.places[0]), b=scope.number(line.places[1])))

    def write_array(self, line: Line, scope: Scope) -> None:
        template, both = line.option
        if template == "0.7":
            template = "{a} + 0.7"
        other = scope.array(line.places[1]) if both else scope.number(line.places[1])
        a = scope.array(line.places[0])
        if "{a}" not in template or template.startswith("log10"):
            other = scope.array(line.places[1])
        self.array(scope, template.format(a=a, b=other))

    def write_numpy(self, line: Line, scope: Scope) -> None:
        self.array(scope, line.option.format(a=scope.array(line.places[0])))

    def write_build(self, line: Line, scope: Scope) -> None:
        names = [scope.number(line.places[i % 3] + i // 3) for i in range(self.program.length)]
        self.array(scope, f"np.array([{', '.join(names)}])")

    def write_element(self, line: Line, scope: Scope) -> None:
        self.number(scope, f"{scope.array(line.places[0])}[{line.option % len(self.program.small)}]")

    def write_reduce(self, line: Line, scope: Scope) -> None:
        a, b = scope.array(line.places[0]), scope.array(line.places[1])
        self.number(scope, line.option.format(a=a, b=b, n=self.program.length))

    def write_rearrange(self, line: Line, scope: Scope) -> None:
        a, b = scope.array(line.places[0]), scope.array(line.places[1])
        self.array(scope, line.option.format(a=a, b=b, n=self.program.length))

    def write_stop(self, line: Line, scope: Scope) -> None:
        template, array = line.option
        if array and "detach" not in template:
            self.array(scope, template.format(a=scope.array(line.places[0]), b=scope.array(line.places[1])))
        else:
            self.write_plain(replace(line, option=template), scope)

    def write_root(self, line: Line, scope: Scope) -> None:
        f, guess = line.option
        names = {"a": scope.number(line.places[0]), "b": scope.number(line.places[1])}
        self.number(scope, f"squash(custom_root({f.format(**names)}, {guess.format(**names)}, newton))")

    def write_rule(self, line: Line, scope: Scope) -> None:
        """A rule of the user's own that closes over a number: a sine whose slope is scaled."""
        p, factor = self.name("p"), scope.number(line.places[1])
        self.put(f'{p} = primitive("{p}", lambda a: sin(a), [lambda out, a: cos(a) * {factor}])')
        self.number(scope, f"{p}({scope.number(line.places[0])})")

    def write_fori(self, line: Line, scope: Scope) -> None:
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
                      lambda r, inner: f"{r[0]}, {r[1]}, 0.5 * {inner.arrays[-1]} + 0.3 * {r[0]}"),
            "dict": (f'{a}, {b} = s["a"], s["b"]', f'{{"b": {second}, "a": {first}}}',
                     lambda r, _: f'{{"a": {r[0]}, "b": {r[1]}}}'),
        }[form]
        arrays = [w] if form == "array" else []
        before = f"{i} = 0.3 * {i}", unpack
        self.function(f"def {f}({i}, s):", line.bodies[0], scope, [i, a, b], arrays, 2, shape, before)
        end = self.name("s")
        self.put(f"{end} = fori_loop({lower}, {lower + trips}, {f}, {start})")
        for key in ("a", "b") if form == "dict" else (0, 1):
            self.number(scope, f"{end}[{key!r}]")
        if form == "array":
            self.array(scope, f"{end}[2]")

    def write_while(self, line: Line, scope: Scope) -> None:
        bound, form, spoil = line.option
        f, t, a, w, end = (self.name(letter) for letter in "ftaWs")
        array = form == "array"
        spoil = SPOILS[spoil if bound == -3.0 else "bound"].format(t=t, bound=bound) if spoil else ""

        def shape(r: list[str], inner: Scope) -> str:
            after = f", 0.5 * {inner.arrays[-1]} + 0.2 * {a}" if array else ""
            return f"{t} + 0.3 + 0.1 * abs({r[0]}), {r[0]}{spoil}{after}"

        before = (f"{t}, {a}{f', {w}' if array else ''} = s",)
        self.function(f"def {f}(s):", line.bodies[0], scope, [t, a], [w] if array else [], 1, shape, before)
        start = f"squash({scope.number(line.places[0])}), {scope.number(line.places[1])}"
        start += f", {scope.array(line.places[2])}" if array else ""
        most = ", max_trips=12" if array or spoil else ""
        self.put(f"{end} = while_loop(lambda s: s[0] < {bound}, {f}, ({start}){most})")
        self.number(scope, f"{end}[0]")
        self.number(scope, f"{end}[1]")
        if array:
            self.array(scope, f"{end}[2]")

    def write_scan(self, line: Line, scope: Scope) -> None:
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
        options = ", reverse=True" if reverse else ""
        self.put(f"{state}, {ys} = scan({f}, {scope.number(line.places[0])}, {xs}{options})")
        scope.numbers.append(state)
        if form == "nest":
            scope.arrays.append(f"{ys}[0]")
            scope.arrays.append(f"{ys}[1]")
        elif form == "length":
            self.number(scope, f"0.5 * {ys}[0] - {ys}[2]")
        elif form != "nothing":
            scope.arrays.append(ys)

    def write_cond(self, line: Line, scope: Scope) -> None:
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

    def write_vmap(self, line: Line, scope: Scope) -> None:
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

    def write_columns(self, line: Line, scope: Scope) -> None:
        f, a, b, w, m = (self.name(letter) for letter in "fabWM")
        first, second = scope.array(line.places[0]), scope.array(line.places[1])
        self.put(f"{m} = np.stack([{first}, {second}])")
        self.function(
            f"def {f}(c):", line.bodies[0], scope, [a, b], [], 1,
            lambda r, _: f"c * {r[0]}" if line.option else r[0], (f"{a}, {b} = c[0], c[1]",),
        )
        axes = ", out_axes=1" if line.option else ""
        self.array(scope, f"vmap({f}, in_axes=1{axes})({m})" + (f"[{line.places[2] % 2}]" if line.option else ""))

    def write_checkpoint(self, line: Line, scope: Scope) -> None:
        f, a, b, w = (self.name(letter) for letter in "fabW")
        given = [scope.number(line.places[0]), scope.number(line.places[1])]
        arrays = [w] if line.option else []
        given += [scope.array(line.places[2])] if line.option else []
        self.function(f"def {f}({', '.join([a, b, *arrays])}):", line.bodies[0], scope, [a, b], arrays, 2)
        v, u = self.name("v"), self.name("v")
        self.put(f"{v}, {u} = checkpoint({f})({', '.join(given)})")
        scope.numbers += [v, u]

    def write_no_grad(self, line: Line, scope: Scope) -> None:
        self.put("with no_grad():")
        self.indent += 1
        before = len(self.lines)
        self.body(line.bodies[0], scope)
        if len(self.lines) == before:
            self.put("pass")
        self.indent -= 1

    def write_jit(self, line: Line, scope: Scope) -> None:
        f, a = self.name("f"), self.name("a")
        self.function(f"def {f}({a}):", line.bodies[0], scope, [a], [], 1)
        given = scope.number(line.places[0]) if line.option == "argument" else "0.7"
        self.number(scope, f'jit({f}, backend="interpreter")({given})')

    def write_slope(self, line: Line, scope: Scope) -> None:
        f, a = self.name("f"), self.name("a")
        self.function(f"def {f}({a}):", line.bodies[0], scope, [a], [], 1)
        at, along = scope.number(line.places[0]), scope.number(line.places[1])
        slope = f"grad({f})({at})" if line.option == "grad" else f"jvp({f}, ({at},), ({along},))[1]"
        self.number(scope, f"squash({slope})")

    def write_repeat(self, line: Line, scope: Scope) -> None:
        f, a = self.name("f"), self.name("a")
        self.function(f"def {f}({a}):", line.bodies[0], scope, [a], [], 1)
        name = self.name("v")
        self.put(f"{name} = {scope.number(line.places[0])}")
        self.put(f"for _ in range({line.option}):")
        self.put(f"    {name} = {f}({name})")
        scope.numbers.append(name)

    def write_if(self, line: Line, scope: Scope) -> None:
        f, a = self.name("f"), self.name("a")
        left, right = scope.number(line.places[0]), scope.number(line.places[1])
        self.put(f"def {f}({a}):")
        self.indent += 1
        self.function(f"if {left} > {right} + {line.option}:", line.bodies[0], scope, [a], [], 1)
        self.function("else:", line.bodies[1], scope, [a], [], 1)
        self.indent -= 1
        self.number(scope, f"{f}({scope.number(line.places[2])})")

    def write_count(self, line: Line, scope: Scope) -> None:
        """A number of trips that is computed: in a compiled function there is forward mode alone."""
        f, i, a = (self.name(letter) for letter in "fia")
        self.function(f"def {f}({i}, {a}):", line.bodies[0], scope, [i, a], [], 1)
        start = scope.number(line.places[0])
        if line.option == 4:
            body = f"lambda s: s + 0.2 * {f}(1.0, s) ** 2 + 0.3"
            self.number(scope, f"while_loop(lambda s: s < 1.2, {body}, squash({start}))")
        else:
            self.number(scope, f"fori_loop(1, {1 + line.option}.0 + floor(0.1 * sigmoid(x)), {f}, {start})")

    def write_long(self, line: Line, scope: Scope) -> None:
        """So many trips that the loop is reversed in chunks, where `fuzz` says that memory is short."""
        f, i, a, b = (self.name(letter) for letter in "fiab")
        before = f"{i} = 0.01 * {i}", f"{a}, {b} = s"
        shape = lambda r, _: f"{r[0]}, 0.9 * {b} + 0.1 * {r[1]}"
        self.function(f"def {f}({i}, s):", line.bodies[0], scope, [i, a, b], [], 2, shape, before)
        start = f"{scope.number(line.places[0])}, {scope.number(line.places[1])}"
        self.number(scope, f"fori_loop(0, {line.option}, {f}, ({start}))[1]")

    def write_breach(self, line: Line, scope: Scope) -> None:
        loop = f"while_loop(lambda s: s < 9.0, lambda s: s + 0.5, squash({scope.number(line.places[0])}), max_trips=4)"
        if line.option == "cond":
            a, b = scope.number(line.places[1]), scope.number(line.places[2])
            loop = f"cond({a} < {b}, lambda: {loop}, lambda: {a} * 0.5)"
        self.number(scope, loop)


def text_of(program: Program) -> str:
    """The program as Python: constants, and a function f(x, y, A)."""
    return Writer(program).text()
