"""The text of loops, branches and batches whose states and parts are arrays of one to three axes."""

from __future__ import annotations

import math

from grid_text import GridWriter
from program_scopes import Scope, Shape
from whole_programs import Line

MOST_IN_TRIPS = 20_000  # numbers of an array that each trip of a loop, or each sample, goes through


class GridBodyWriter(GridWriter):
    """What `Writer` writes of such lines."""

    def taken(self, name: str, shape: Shape) -> tuple[list[str], list[tuple[str, Shape]]]:
        """A name as one of the numbers or as one of the arrays, by its shape."""
        return ([name], []) if not shape else ([], [(name, shape)])

    def kept(self, inner: Scope, state: str, shape: Shape, number: str) -> str:
        """What the body computed, in the shape of its state."""
        own = [name for name, found in inner.own_grids() if found == shape and name != state]
        return f"0.7 * {state} + 0.3 * {own[-1]}" if own else f"0.6 * {state} + 0.3 * {number}"

    def write_grid_fori(self, line: Line, scope: Scope) -> None:
        """States a number and an array, of which each trip may read and set the part at its own position."""
        w, shape, s = self.start(line, scope)
        f, i, a, state, p, end = (self.name(letter) for letter in "fiaGps")
        trips = min(shape[0], s.choice([0, 1, 2, 3]))
        reads, sets = s.random() < 0.6, s.random() < 0.5
        part = f"{state}[{i}]" if s.random() < 0.5 else f"{w}[{i}]"
        numbers, grids = self.taken(p, shape[1:]) if reads else ([], [])

        def result(r: list[str], inner: Scope) -> str:
            new = self.kept(inner, state, shape, r[0])
            if not sets:
                return f"{r[0]}, {new}"
            self.put(f"{state} = {new} + 0.0 * x")
            self.put(f"{state}[{i}] = 0.5 * {state}[{i}] + 0.3 * {r[-1]}")
            return f"{r[0]}, {state}"

        before = (f"{a}, {state} = s", *([f"{p} = {part}"] * reads))
        self.function(f"def {f}({i}, s):", line.bodies[0], scope, [*numbers, a], [], 2, result, before,
                      [*grids, (state, shape)])
        self.put(f"{end} = fori_loop(0, {trips}, {f}, ({scope.number(line.places[1])}, {w}))")
        self.number(scope, f"{end}[0]")
        self.grid(scope, f"{end}[1]", shape)

    def write_grid_while(self, line: Line, scope: Scope) -> None:
        w, shape, s = self.start(line, scope)
        f, t, state, end = (self.name(letter) for letter in "ftGs")
        bound = s.choice([-3.0, 0.25, 0.9])

        def result(r: list[str], inner: Scope) -> str:
            return f"{t} + 0.3 + 0.1 * abs({r[0]}), {self.kept(inner, state, shape, r[0])}"

        self.function(f"def {f}(s):", line.bodies[0], scope, [t], [], 1, result, (f"{t}, {state} = s",),
                      [(state, shape)])
        start = f"squash({scope.number(line.places[1])}), {w}"
        most = ", max_trips=12" if bound == 0.25 else ""
        self.put(f"{end} = while_loop(lambda s: s[0] < {bound}, {f}, ({start}){most})")
        self.number(scope, f"{end}[0]")
        self.grid(scope, f"{end}[1]", shape)

    def write_grid_scan(self, line: Line, scope: Scope) -> None:
        """Through an array along its first axis; the state is a number or an array, and so are the outputs."""
        xs, shape, s = self.start(line, scope)
        w, own = scope.grid(line.places[1])
        f, a, state, p, end, ys = (self.name(letter) for letter in "faGpsG")
        carries = s.random() < 0.5 and shape[0] * math.prod(own) <= MOST_IN_TRIPS
        gives = s.choice(["number", "part", "none"])
        second, second_shape = scope.grid(line.places[2])
        pair, q = second_shape[0] == shape[0], self.name("q")
        numbers, grids = self.taken(p, shape[1:])
        if pair:
            more = self.taken(q, second_shape[1:])
            numbers, grids = [*more[0], *numbers], [*more[1], *grids]

        def result(r: list[str], inner: Scope) -> str:
            after = f"({r[0]}, {self.kept(inner, state, own, r[0])})" if carries else r[0]
            part = self.kept(inner, p, shape[1:], r[-1]) if shape[1:] else f"{p} * {r[-1]}"
            return f"{after}, " + {"number": r[-1], "part": part, "none": "None"}[gives]

        before = (f"{a}, {state} = s" if carries else f"{a} = s", *([f"{p}, {q} = {p}"] * pair))
        grids = [*grids, (state, own)] if carries else grids
        self.function(f"def {f}(s, {p}):", line.bodies[0], scope, [*numbers, a], [], 2, result, before, grids)
        start = scope.number(line.places[2])
        start = f"({start}, {w})" if carries else start
        given = f"({xs}, {second})" if pair else xs
        self.put(f"{end}, {ys} = scan({f}, {start}, {given}{', reverse=True' * (s.random() < 0.3)})")
        self.number(scope, f"{end}[0]" if carries else end)
        if carries:
            self.grid(scope, f"{end}[1]", own)
        if gives != "none":
            self.grid(scope, f"{ys} + 0.0 * x", shape if gives == "part" else shape[:1])

    def write_grid_cond(self, line: Line, scope: Scope) -> None:
        """Either side returns a number and an array of one shape."""
        w, shape, s = self.start(line, scope)
        f, g, state, end = (self.name(letter) for letter in "fgGs")
        left, right = scope.number(line.places[1]), scope.number(line.places[2])
        result = lambda r, inner: f"{r[0]}, {self.kept(inner, state, shape, r[0])}"
        for name, body in ((f, line.bodies[0]), (g, line.bodies[1])):
            self.function(f"def {name}({state}):", body, scope, [], [], 1, result, (), [(state, shape)])
        shift = s.choice([0.013, 0.3, -9.0, 9.0])
        self.put(f"{end} = cond({left} < {right} + {shift}, {f}, {g}, {w})")
        self.number(scope, f"{end}[0]")
        self.grid(scope, f"{end}[1]", shape)

    def write_grid_vmap(self, line: Line, scope: Scope) -> None:
        """Over any axis of an array, whose parts become numbers or parts along any axis."""
        w, shape, s = self.start(line, scope)
        f, p, end = (self.name(letter) for letter in "fpG")
        axis = self.axis(shape, s)
        part = (*shape[:axis], *shape[axis + 1 :])
        n, gives_part, reduce = shape[axis], s.random() < 0.5 and bool(part), s.choice(["", "", "sum", "mean"])
        numbers, grids = self.taken(p, part)

        def result(r: list[str], inner: Scope) -> str:
            return self.kept(inner, p, part, r[0]) if gives_part else r[0]

        other, other_shape = scope.grid(line.places[1])
        matching = [i for i, length in enumerate(other_shape) if length == n]
        along = s.choice([None, *matching])
        two = s.random() < 0.4 and n * math.prod(other_shape) <= MOST_IN_TRIPS
        if two:
            q = self.name("q")
            left = other_shape if along is None else (*other_shape[:along], *other_shape[along + 1 :])
            more = self.taken(q, left)
            numbers, grids = [*more[0], *numbers], [*more[1], *grids]
        head = f"def {f}({p}{', ' + q if two else ''}):"
        self.function(head, line.bodies[0], scope, numbers, [], 1, result, (), grids)
        out = s.randint(0, len(part)) if gives_part and not reduce else 0
        options = f"in_axes={(axis, along) if two else axis}" + f", out_axes={out}" * bool(out)
        options += f', reduce="{reduce}"' * bool(reduce)
        found = (*part[:out], n, *part[out:]) if gives_part else (n,)
        found = found[1:] if reduce else found
        call = f"vmap({f}, {options})({w}{', ' + other if two else ''}) + 0.0 * x"
        self.grid(scope, f"({call}) / {n}.0" if reduce == "sum" else call, found)

    def write_grid_pairs(self, line: Line, scope: Scope) -> None:
        """A batch over places, some of them more than once: each sample takes its own part of arrays around it."""
        w, shape, s = self.start(line, scope)
        other, other_shape = scope.grid(line.places[1])
        f, i, j, p, q = (self.name(letter) for letter in "fijpq")
        many = s.choice([1, 2, 7, 8, 9])
        first, second = ([s.randrange(n) for _ in range(many)] for n in (shape[0], other_shape[0]))
        parts = [self.taken(p, shape[1:]), self.taken(q, other_shape[1:])]
        numbers, grids = ([*parts[0][k], *parts[1][k]] for k in range(2))
        before = f"{p} = {w}[{i}]", f"{q} = {other}[{j}]"
        self.function(f"def {f}({i}, {j}):", line.bodies[0], scope, numbers, [], 1, lambda r, _: r[0], before, grids)
        mean = s.random() < 0.5
        reduce = ', reduce="mean"' if mean else ""
        call = f"vmap({f}{reduce})(np.array({first}), np.array({second})) + 0.0 * x"
        self.grid(scope, call, () if mean else (many,))

    def write_grid_call(self, line: Line, scope: Scope) -> None:
        """A function of a number and an array, compiled or run again for its derivative."""
        w, shape, s = self.start(line, scope)
        f, a, state, end = (self.name(letter) for letter in "faGs")
        result = lambda r, inner: f"{r[0]}, {self.kept(inner, state, shape, r[0])}"
        self.function(f"def {f}({a}, {state}):", line.bodies[0], scope, [a], [], 1, result, (), [(state, shape)])
        call = s.choice([f"checkpoint({f})", f'jit({f}, backend="interpreter")'])
        call = f if math.prod(shape) > 1000 else call  # each number of a checkpoint's result takes all others with it
        self.put(f"{end} = {call}({scope.number(line.places[1])}, {w})")
        self.number(scope, f"{end}[0]")
        self.grid(scope, f"{end}[1]", shape)

    def write_grid_slope(self, line: Line, scope: Scope) -> None:
        """The gradient by an array, or the derivative along one."""
        w, shape, s = self.start(line, scope)
        f, state = self.name("f"), self.name("G")
        self.function(f"def {f}({state}):", line.bodies[0], scope, [], [], 1, lambda r, _: r[0], (), [(state, shape)])
        if math.prod(shape) <= 9 and s.random() < 0.6:
            self.grid(scope, f"np.tanh(grad({f})({w})) + 0.0 * x", shape)  # not a plain array of zeros
        else:
            self.number(scope, f"squash(jvp({f}, ({w},), (0.5 * {w} + 0.1,))[1])")
