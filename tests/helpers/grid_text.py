"""The text of lines on arrays of one to three axes, in NumPy's style: views, gathers, products, assignments.

A line says by a few whole numbers what is done; which of it the shapes at hand allow is decided here, so that a line
still means something in a program that was made smaller.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy
from program_scopes import Scope, Shape
from whole_programs import GRID_SIZES, GRID_TEMPLATES, PLAIN, Line, Program


def after(shape: Shape, change: Callable[[Any], Any]) -> Shape:
    """The shape of what NumPy makes of an array of this shape."""
    result: Shape = change(numpy.empty(shape)).shape
    return result


class GridWriter:
    """What `Writer` writes of such lines."""

    program: Program
    most: int  # numbers in an array
    put: Callable[[str], None]
    name: Callable[[str], str]
    number: Callable[[Scope, str], None]
    function: Callable[..., None]

    def grid(self, scope: Scope, expression: str, shape: Shape) -> None:
        """A name for an array, or for a number where there are no axes; what would be too large is left out."""
        if not shape:
            self.number(scope, expression)
        elif 0 < math.prod(shape) <= self.most and len(shape) <= 3:
            name = self.name("G")
            self.put(f"{name} = {expression}")
            scope.grids.append((name, shape))

    def start(self, line: Line, scope: Scope) -> tuple[str, Shape, random.Random]:
        """The array that a line is about, one number seldom, and where the line takes its choices from."""
        s = random.Random(line.option)
        places = [line.places[0] + i for i in range(len(scope.grids))]
        several = [place for place in places if math.prod(scope.grid(place)[1]) > 1]
        return (*scope.grid(several[0] if several and s.random() < 0.9 else places[0]), s)

    def axis(self, shape: Shape, s: random.Random) -> int:
        """One of the axes, seldom of length 1."""
        long = [i for i, n in enumerate(shape) if n > 1]
        return s.choice(long) if long and s.random() < 0.9 else s.randrange(len(shape))

    def index(self, scope: Scope, place: int, length: int) -> str:
        """A computed whole number below the length."""
        return f"floor({length}.0 * sigmoid({scope.number(place)} + 0.013 + 0.0 * x))"

    def write_grid_view(self, line: Line, scope: Scope) -> None:
        a, shape, s = self.start(line, scope)
        key, texts = [], []
        for n in shape:
            kind = s.choice(["all", "slice", "slice", "step", "back", "one"])
            low, high = sorted((s.randint(0, n - 1), s.randint(1, n)))
            part, text = {
                "all": (slice(None), ":"),
                "slice": (slice(low, max(high, low + 1)), f"{low}:{max(high, low + 1)}"),
                "step": (slice(low, None, 2), f"{low}::2"),
                "back": (slice(None, None, -1), "::-1") if n < 3 else (slice(-1, None, -2), "-1::-2"),
                "one": (low - n, str(low - n)),
            }[kind]
            key.append(part)
            texts.append(text)
        for _ in range(s.choice([0, 0, 1])):
            at = s.randint(0, len(key))
            key.insert(at, None)
            texts.insert(at, "None")
        if s.random() < 0.2 and texts[-1] == ":":
            key[-1], texts[-1] = Ellipsis, "..."
        self.grid(scope, f"{a}[{', '.join(texts)}]", after(shape, lambda z: z[tuple(key)]))

    def write_grid_move(self, line: Line, scope: Scope) -> None:
        a, shape, s = self.start(line, scope)
        axes = [*range(len(shape))]
        i, j = self.axis(shape, s), s.choice(axes)
        order = tuple(s.sample(axes, len(axes)))
        size = math.prod(shape)
        factors = [(size,), *[(d, size // d) for d in range(1, size + 1) if size % d == 0]]
        factors += [(d, 2, size // d // 2) for d in range(1, size) if size % (2 * d) == 0]
        new = s.choice(factors)
        wide = s.choice([2, 3])
        text, change = s.choice([
            (f"{a}.T", lambda z: z.T),
            (f"np.transpose({a}, {order})", lambda z: z.transpose(order)),
            (f"np.swapaxes({a}, {i}, {j})", lambda z: z.swapaxes(i, j)),
            (f"np.moveaxis({a}, {i}, {j - len(shape)})", lambda z: numpy.moveaxis(z, i, j)),
            (f"{a}.reshape{new}", lambda z: z.reshape(new)),
            (f"{a}.reshape({new[0]}, -1)", lambda z: z.reshape(new[0], -1)),
            (f"{a}.ravel()", numpy.ravel),
            (f"np.flip({a}, axis={i})", lambda z: z),
            (f"np.roll({a}, {s.choice([-1, 1, 2])}, axis={i})", lambda z: z),
            (f"np.expand_dims({a}, {i})", lambda z: numpy.expand_dims(z, i)),
            (f"np.squeeze({a})", numpy.squeeze),
            (f"np.broadcast_to({a}, {(wide, *shape)})", lambda z: numpy.broadcast_to(z, (wide, *shape))),
            (f"np.repeat({a}, {wide}, axis={i})", lambda z: z.repeat(wide, i)),
        ])  # fmt: skip
        self.grid(scope, text, after(shape, change))

    def write_grid_join(self, line: Line, scope: Scope) -> None:
        a, shape, s = self.start(line, scope)
        axis = self.axis(shape, s)
        b, other = scope.grid(line.places[1])
        fits = len(other) == len(shape) and all(m == n for i, (m, n) in enumerate(zip(shape, other)) if i != axis)
        if not fits:
            b, other = f"0.5 * {a}", shape
        if s.random() < 0.3:
            b, other = f"{b}[:0]" if axis == 0 else b, (0, *other[1:]) if axis == 0 else other
        if shape == other and s.random() < 0.5:
            axis = s.randint(-1, len(shape))
            self.grid(scope, f"np.stack([{a}, {b}], axis={axis})", after(shape, lambda z: numpy.stack([z, z], axis)))
        else:
            joined = after(shape, lambda z: numpy.concatenate([z, numpy.empty(other)], axis))
            self.grid(scope, f"np.concatenate([{a}, {b}], axis={axis - s.choice([0, len(shape)])})", joined)

    def operand(self, line: Line, scope: Scope, shape: Shape, s: random.Random) -> tuple[str, Shape]:
        """Something to broadcast with: an array that fits, a table of numbers, or a number."""
        b, other = scope.grid(line.places[1])
        kind = s.choice(["grid", "grid", "grid", "number", "table", "column"])
        if kind == "number":
            return scope.number(line.places[1]), ()
        if kind == "table":
            other = tuple(s.choice([n, 1]) for n in shape[s.randrange(len(shape)) :])
            return f"table{other}", other
        if kind == "column" and len(shape) == 1:
            return f"{b}.reshape(-1, 1)", (math.prod(other), 1)
        try:
            numpy.broadcast_shapes(shape, other)
        except ValueError:
            return f"np.sum({b}) / {math.prod(other)}.0", ()
        return b, other

    def write_grid_apply(self, line: Line, scope: Scope) -> None:
        a, shape, s = self.start(line, scope)
        b, other = self.operand(line, scope, shape, s)
        templates = PLAIN if s.random() < 0.5 else GRID_TEMPLATES
        template = s.choice([t for t in templates if "{a}" in t])
        if "{b}" in template:
            shape = numpy.broadcast_shapes(shape, other)
        self.grid(scope, template.format(a=a, b=f"({b})"), shape)

    def write_grid_reduce(self, line: Line, scope: Scope) -> None:
        a, shape, s = self.start(line, scope)
        axes = [None, *range(-len(shape), len(shape)), *([(0, -1)] if len(shape) > 1 else [])]
        axis, keepdims = s.choice(axes), s.random() < 0.2
        result = after(shape, lambda z: numpy.asarray(z.sum(axis=axis, keepdims=keepdims)))
        count = max(1, math.prod(shape) // max(1, math.prod(result)))
        options = f", axis={axis}" * (axis is not None or s.random() < 0.3) + ", keepdims=True" * keepdims
        method = options[2:]
        self.grid(scope, s.choice([
            f"np.sum({a}{options}) / {count}.0", f"np.mean({a}{options})", f"{a}.sum({method}) / {count}.0",
            f"{a}.mean({method})", f"np.prod(1.0 + 0.3 * {a} / {count}.0{options})", f"np.max({a}{options})",
            f"np.min({a}{options})", f"{a}.max({method})", f"sum({a}[:0]) + np.sum({a} * {a}{options}) / {count}.0",
            f"np.prod({a}[:0]) - np.mean({a}{options})",
        ]), result)  # fmt: skip

    def write_grid_running(self, line: Line, scope: Scope) -> None:
        a, shape, s = self.start(line, scope)
        axis = self.axis(shape, s)
        n = shape[axis]
        self.grid(scope, s.choice([
            f"np.cumsum({a}, axis={axis}) / {n}.0", f"np.cumprod(1.0 + 0.2 * {a} / {n}.0, axis={axis})",
        ]), shape)  # fmt: skip

    def write_grid_arg(self, line: Line, scope: Scope) -> None:
        """The place of the largest or smallest, as an index."""
        a, shape, s = self.start(line, scope)
        arg, axis = s.choice(["argmax", "argmin"]), self.axis(shape, s)
        b, other = scope.grid(line.places[1])
        left = (*shape[:axis], *shape[axis + 1 :])
        kind = s.choice(["one", "rows", "each", "data", "some"])
        if kind == "rows" and other[0] >= math.prod(shape):
            self.grid(scope, f"{b}[np.{arg}({a})]", other[1:])
        elif kind == "each" and other[0] >= shape[axis] and left:
            self.grid(scope, f"{b}[np.{arg}({a}, axis={axis})]", (*left, *other[1:]))
        elif kind == "data" and left:
            v = scope.number(line.places[2])
            self.grid(scope, f"({v} + 0.0 * x) * np.{arg}({a}, axis={axis}) / {shape[axis]}.0", left)
        elif kind == "some":
            v, some = scope.number(line.places[2]), s.choice(["any", "all"])
            where = f", axis={axis}" if left else ""
            self.grid(scope, f"np.where(np.{some}({a} > 0.213{where}), {v} + 0.0 * x, 0.3 * {v} + 0.0 * x)", left)
        else:
            self.number(scope, f"{a}.reshape(-1)[np.{arg}({a})]")

    def write_grid_gather(self, line: Line, scope: Scope) -> None:
        """Elements or parts at fixed places, some of them more than once."""
        a, shape, s = self.start(line, scope)
        many = s.choice(GRID_SIZES[:5])
        axis = self.axis(shape, s)
        some = lambda n: [s.randint(-n, n - 1) for _ in range(many)]
        kind = s.choice(["first", "last", "take", "matrix", "both"])
        if kind == "first":
            self.grid(scope, f"{a}[{some(shape[0])}]", (many, *shape[1:]))
        elif kind == "last":
            self.grid(scope, f"{a}[..., {some(shape[-1])}]", (*shape[:-1], many))
        elif kind == "take":
            found = (*shape[:axis], many, *shape[axis + 1 :])
            self.grid(scope, f"np.take({a}, {some(shape[axis])}, axis={axis})", found)
        elif kind == "matrix":
            self.grid(scope, f"{a}[[{some(shape[0])}, {some(shape[0])}]]", (2, many, *shape[1:]))
        elif len(shape) > 1:
            self.grid(scope, f"{a}[{some(shape[0])}, {some(shape[1])}]", (many, *shape[2:]))

    def write_grid_pick(self, line: Line, scope: Scope) -> None:
        """A part at a place that is computed."""
        a, shape, s = self.start(line, scope)
        axis = self.axis(shape, s)
        i = self.index(scope, line.places[1], shape[axis])
        i = f"-1.0 - {i}" if s.random() < 0.3 else i
        before = ":, " * axis
        left = (*shape[:axis], *shape[axis + 1 :])
        b, other = scope.grid(line.places[2])
        kind = s.choice(["index", "index", "take", "array", "two"])
        if kind == "array":
            places = f"floor({shape[axis]}.0 * sigmoid({b} + 0.013))"
            self.grid(scope, f"{a}[{before}{places}]", (*shape[:axis], *other, *shape[axis + 1 :]))
        elif kind == "take":
            self.grid(scope, f"np.take({a}, {i}, axis={axis})", left)
        elif kind == "two" and len(shape) > 1:
            i, j = (self.index(scope, line.places[1 + k], shape[k]) for k in range(2))
            self.grid(scope, f"{a}[{i}, {j}]", shape[2:])
        else:
            self.grid(scope, f"{a}[{before}{i}]", left)

    def write_grid_set(self, line: Line, scope: Scope) -> None:
        """A copy of which parts are replaced."""
        a, shape, s = self.start(line, scope)
        new = self.name("G")
        self.put(f"{new} = {a} + 0.0 * x")
        for k in range(s.choice([1, 1, 2, 3])):
            n = shape[0]
            low = s.randrange(n)
            high = s.randint(low + 1, n)
            v = scope.number(line.places[k % 3])
            part = after(shape, lambda z, low=low, high=high: z[low:high])
            b, other = self.operand(line, scope, part, s)
            try:
                fits = numpy.broadcast_shapes(part, other) == part
            except ValueError:
                fits = False
            computed = self.index(scope, line.places[1], n)
            unique = s.sample(range(n), min(n, 3))
            self.put(s.choice([
                f"{new}[{low}:{high}] = {b if fits else v}", f"{new}[{low}:{high}] = 0.5 * {a}[{low}:{high}]",
                f"{new}[{low - n}] = {v}", f"{new}[{computed}] = {v}", f"{new}[{unique}] = {v}",
                f"{new}[{low}:{high}] *= {v}", f"{new}[..., -1] -= 0.5 * {v}", f"{new}[::-2] = {new}[::-2] * 0.7",
                f"{new}[{computed}] += 0.5 * {v}",
            ]))  # fmt: skip
        scope.grids.append((new, shape))

    def write_grid_product(self, line: Line, scope: Scope) -> None:
        a, shape, s = self.start(line, scope)
        b, other = scope.grid(line.places[1])
        n = shape[-1]
        m = s.choice([1, 2, 3])
        choices: list[tuple[str, Shape]] = [
            (f"{a} @ table({n}, {m})", (*shape[:-1], m)), (f"{a} @ table({n})", shape[:-1]),
        ]  # fmt: skip
        if len(shape) == 1:
            choices += [(f"np.outer({a}, table({m}))", (n, m)), (f"np.dot({a}, {a}[::-1])", ())]
            if other[0] == n and len(other) < 3:
                choices += [(f"{a} @ {b}", other[1:]), (f"np.dot({a}, {b})", other[1:])]
            if len(other) == 1:
                choices += [(f"np.outer({a}, {b})", (n, *other)), (f'np.einsum("i,j->ji", {a}, {b})', (*other, n))]
        if len(shape) == 2:
            r = shape[0]
            choices += [
                (f"{a} @ {a}.T", (r, r)), (f"np.dot({a}, {a}.T)", (r, r)), (f'np.einsum("ij,ij->i", {a}, {a})', (r,)),
                (f'np.einsum("ij,kj->ik", {a}, table({m}, {n}))', (r, m)), (f'np.einsum("ij->j", {a})', (n,)),
                (f'np.einsum("ij->ji", {a})', (n, r)), (f"table({m}, {r}) @ {a}", (m, n)),
                (f"np.inner({a}, table({m}, {n}))", (r, m)), (f"{a} @ {a}[0]", (r,)),
            ]  # fmt: skip
        if len(shape) == 3:
            k, r, _ = shape
            choices += [
                (f"{a} @ np.swapaxes({a}, 1, 2)", (k, r, r)), (f'np.einsum("kij,kij->ki", {a}, {a})', (k, r)),
                (f'np.einsum("kij,ij->kj", {a}, table({r}, {n}))', (k, n)), (f'np.einsum("kij->jk", {a})', (n, k)),
                (f'np.einsum("kij,lj->kil", {a}, table({m}, {n}))', (k, r, m)),
            ]  # fmt: skip
        text, found = s.choice(choices)
        self.grid(scope, f"np.tanh({text} / {max(n, shape[0])}.0)", found)

    def write_grid_flat(self, line: Line, scope: Scope) -> None:
        """An array like that of the arguments, of an array's numbers."""
        a, shape, s = self.start(line, scope)
        places = [s.randrange(math.prod(shape)) for _ in range(self.program.length)]
        name = self.name("W")
        self.put(f"{name} = {a}.reshape(-1)[{places}]")
        scope.arrays.append(name)

    def write_grid_cells(self, line: Line, scope: Scope) -> None:
        a, shape, s = self.start(line, scope)
        self.number(scope, f"{a}[{', '.join(str(s.randint(-n, n - 1)) for n in shape)}]")
