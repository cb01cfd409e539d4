"""Large recorded graphs: random straight-line programs, and a determinant by expansion in minors."""

from __future__ import annotations

import ctypes
import math
import operator
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from native import libraries
from native.baselines import build, compiled, folder, pointer
from native.measuring import Contender, Effort, Line, Run, Task, compare, wall_clock

INPUTS, BLOCK = 32, 1_000
SIZES = (10**3, 10**4, 10**5)
SHARE = 0.1  # of the operations, those that are exp, sin or tanh
ORDER = 9
ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
SLOPES = {"exp": math.exp, "sin": math.cos, "tanh": lambda x: 1.0 - math.tanh(x) ** 2}
DETERMINANT_SEED = 1772
ADDITIONS = tuple(("+", INPUTS + i - 2 if i > 1 else 0, i) for i in range(1, INPUTS))  # of all inputs


@dataclass(frozen=True)
class Program:
    """Operations in order, each on two numbers made before (the second ignored by exp, sin and tanh): the inputs are
    0 to 31, and operation k makes number 32 + k. The last number is the result, and every operation counts in it."""

    inputs: tuple[float, ...]
    operations: tuple[tuple[str, int, int], ...]

    def __call__(self, m: Any, x: Any) -> Any:
        """The result, with the functions of a module such as math or casadi."""
        functions = {name: getattr(m, name) for name in SLOPES}
        made = list(x)
        for name, a, b in self.operations:
            made.append(ARITHMETIC[name](made[a], made[b]) if name in ARITHMETIC else functions[name](made[a]))
        return made[-1]

    def in_c(self) -> str:
        """The same as a C function."""
        lines = [f"    const double v{i} = x[{i}];" for i in range(INPUTS)]
        for k, (name, a, b) in enumerate(self.operations, INPUTS):
            text = f"v{a} {name} v{b}" if name in ARITHMETIC else f"{name}(v{a})"
            lines.append(f"    const double v{k} = {text};")
        body = "\n".join(lines)
        return f"#include <math.h>\n\ndouble program(const double *x)\n{{\n{body}\n    return v{k};\n}}\n"


def random_program(size: int, share: float) -> Program:
    """`size` operations, in blocks of a thousand that start from the inputs again and whose results are added up.

    An operation is drawn anew where its number would leave 0.01 to 100, or where a rounding somewhere before it could
    have grown, to first order, beyond 1e-11 of it: so the sum is finite, and may be compared to nine digits.
    """
    source = random.Random(size)
    inputs = tuple(source.uniform(0.5, 2.0) for _ in range(INPUTS))
    numbers, errors, operations = list(inputs), [0.0] * INPUTS, []

    def record(name: str, a: int, b: int, checked: bool = True) -> int | None:
        x, y = numbers[a], numbers[b]
        if name in SLOPES:
            number = getattr(math, name)(x) if x < 7.0 else math.inf
            error = abs(SLOPES[name](x)) * errors[a] if x < 7.0 else math.inf
        else:
            number = ARITHMETIC[name](x, y)
            by_a = {"*": abs(y), "/": 1.0 / abs(y)}.get(name, 1.0)
            by_b = {"*": abs(x), "/": abs(number / y)}.get(name, 1.0)
            error = by_a * errors[a] + by_b * errors[b]
        error += 2.0**-51 * abs(number)
        if checked and not (0.01 < abs(number) < 100.0 and error <= 1e-11 * abs(number)):
            return None
        numbers.append(number)
        errors.append(error)
        operations.append((name, a, b))
        return len(numbers) - 1

    total = None
    while len(operations) < size:
        begin = len(operations)
        block_end = min(begin + BLOCK, size)
        here = [*range(INPUTS)]  # what may be an operand in this block
        waiting = [*range(INPUTS)]  # what no operation of this block has used yet
        closing = INPUTS - 1 + (total is not None)  # the additions that end the block
        while len(operations) < block_end - closing:
            name = source.choice(tuple(SLOPES)) if source.random() < share else source.choice(tuple(ARITHMETIC))
            place = source.randrange(INPUTS)
            made = record(name, waiting[place], source.choice(here))
            if made is not None:
                waiting[place] = made
                here.append(made)
        for number in waiting:
            total = number if total is None else record("+", total, number, checked=False)
    return Program(inputs, tuple(operations))


def ours_of(program: Program) -> Run:
    """Record and compile the program; the run is a call of it with an array."""
    library = libraries.ours()
    point = np.array(program.inputs)
    function = library.jit(lambda x: program(library, x))
    function(point)
    return lambda: function(point)


def casadi_of(program: Program) -> Run:
    """CasADi's VM, evaluating in its own buffer."""
    import casadi

    symbols = [casadi.SX.sym(f"x{i}") for i in range(INPUTS)]
    buffer, evaluate = casadi.Function("program", [casadi.vertcat(*symbols)], [program(casadi, symbols)]).buffer()
    point, result = np.array(program.inputs), np.zeros(1)
    buffer.set_arg(0, memoryview(point))
    buffer.set_res(0, memoryview(result))

    def run(kept: Any = (buffer, point)) -> Any:
        evaluate()
        return result

    return run


def c_of(program: Program) -> Run:
    """The program written out in C, at -O1: more takes gcc minutes at ten thousand operations."""
    source = Path(folder().name) / f"program_{time.monotonic_ns()}.c"
    source.write_text(program.in_c())
    function = build(source, ("-O1", "-march=native")).program
    function.restype = ctypes.c_double
    point = np.array(program.inputs)
    where = pointer(point)

    def run(kept: Any = point) -> float:
        return float(function(where))

    return run


class NetRun:
    """A run, and beside it an idle one, which has the same arguments and adds up the inputs alone."""

    def __init__(self, make: Callable[[Program], Run], program: Program) -> None:
        self.run = make(program)
        self.idle = make(Program(program.inputs, ADDITIONS))

    def __call__(self) -> Any:
        return self.run()


def net_clock(run: Run, repeats: int) -> float:
    """Seconds of the run without those of the idle one: what the operations take, without the call from Python."""
    assert isinstance(run, NetRun)
    return wall_clock(run.run, repeats) - wall_clock(run.idle, repeats)


def net(name: str, make: Callable[[Program], Run], program: Program) -> Contender:
    """A contender for the time of an operation."""
    work = len(program.operations) - len(ADDITIONS)
    return Contender(name, lambda: NetRun(make, program), None, work, program(math, program.inputs), net_clock)


def compiling(make: Callable[[Program], Run], program: Program) -> Callable[[], Run]:
    """A contender that does all of `make` at every run."""
    def contender() -> Run:
        if make is ours_of:
            libraries.ours()
        return lambda: make(program)()

    return contender


def straight_line(effort: Effort) -> list[Line]:
    """Compile time, and the run per operation, at three sizes; at the largest also without exp, sin and tanh."""
    lines, compile_seconds = [], {}
    for size, share in (*((size, SHARE) for size in SIZES), (SIZES[-1], 0.0)):
        program = random_program(size, share)
        label = f"{size:,} operations" + ("" if share else ", + - * / alone")
        with_c = size < SIZES[-1]
        expected = program(math, program.inputs)
        running = Task("straight-line", f"{label}, run", "ns/op", 1e9, effort)
        lines += compare(running, net("ours", ours_of, program), [
            net("CasADi's VM, own buffer", casadi_of, program), *[net("C, gcc -O1", c_of, program)] * with_c,
        ], limit=1.5)
        first = Task("straight-line", f"{label}, record and compile", "s", 1.0, effort)
        made = compare(first, Contender("ours", compiling(ours_of, program), expected=expected), [
            Contender("CasADi", compiling(casadi_of, program), expected=expected),
            *[Contender("C, gcc -O1", compiling(c_of, program), expected=expected)] * with_c,
        ], limit=4.0 if size == SIZES[-1] else None)
        lines += made
        if share:
            compile_seconds[size] = made[0].ours
    lines += [growth(compile_seconds[small], compile_seconds[large], small, large)
              for small, large in zip(SIZES, SIZES[1:])]
    return lines


def growth(before: float | None, after: float | None, small: int, large: int) -> Line:
    """How much longer the compilation of ten times as many operations takes: linear is 10, a fixed cost makes less."""
    factor = after / before if before and after else None
    return Line("straight-line", f"compile, {large:,} over {small:,}", "×", factor, "", None, None, None,
                large / small * 1.2)


def determinant(rows: Any) -> Any:
    """By expansion along the first row, recursively, as one writes it by hand."""
    if len(rows) == 1:
        return rows[0][0]
    total = None
    for column, entry in enumerate(rows[0]):
        minor = [[*row[:column], *row[column + 1:]] for row in rows[1:]]
        term = entry * determinant(minor)
        term = -term if column % 2 else term
        total = term if total is None else total + term
    return total


def matrix() -> Any:
    """A matrix of order 9."""
    return np.random.default_rng(DETERMINANT_SEED).uniform(-1.0, 1.0, (ORDER, ORDER))


def determinant_in_c() -> Run:
    function, entries = compiled("determinant", "determinant"), matrix()
    arguments = ctypes.c_long(ORDER), pointer(entries)

    def run(kept: Any = entries) -> float:
        return float(function(*arguments))

    return run


def ours_determinant() -> Run:
    library = libraries.ours()
    entries = matrix()
    function = library.jit(library.grad(lambda x: determinant([[*row] for row in x])))
    function(entries)
    return lambda: function(entries)


def determinant_row(effort: Effort) -> list[Line]:
    """The gradient of a 9 × 9 determinant beside the plain recursion in C for the value alone."""
    entries = matrix()
    value = float(np.linalg.det(entries))
    cofactors = value * np.linalg.inv(entries).T

    def first() -> Run:
        libraries.ours()
        return lambda: ours_determinant()()

    run = Task("determinant", f"{ORDER} × {ORDER} by minors, gradient", "µs", 1e6, effort)
    compiling_it = Task("determinant", "the same, record and compile", "s", 1.0, effort)
    return compare(run, Contender("ours, the gradient", ours_determinant, expected=cofactors), [
        Contender("C recursion, value alone", determinant_in_c, 0.01, expected=value),
    ]) + compare(compiling_it, Contender("ours", first, expected=cofactors), [], limit=5.0)
