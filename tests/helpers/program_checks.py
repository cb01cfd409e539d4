"""A whole program on plain dual numbers, eager and compiled: what disagrees, and in how small a program.

A program runs eagerly and by the interpreter, by LLVM and in C where asked: its value, gradient, jvp, vjp, hvp, and its
Hessian or one more way to differentiate. The plain numbers know the right ones. They run again with errors made on
purpose, which shows how far rounding may move each number.
"""

from __future__ import annotations

import re
import signal
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import dual_programs
import numpy
from compiled_c import InC
from dual_numbers import noise
from program_text import PRELUDE, text_of
from whole_programs import Program, smaller

from autograd import Value, grad, hessian, hvp, jacfwd, jacrev, jit, jvp, value_and_grad, vjp, vmap
from autograd.program.nests import flatten
from autograd.program.tracing import memory

Function = Callable[..., Any]
MOST_SECONDS = 60  # of the processor, for one program
ROUNDING = 1e-9  # the relative error of each operation in the runs that measure how well a program is conditioned
BACKENDS = {"interpreter": (1e-14, 1e-6), "llvm": (1e-13, 1e-5), "c": (1e-13, 1e-5)}
PLAIN = (1e-12, 1e-4)
NATIVE = {"bell", "swing", "custom_root", "primitive"}  # what C has not
_ENGINE: dict[str, Any] = {}
_NUMBERS: dict[str, Any] = dict(dual_programs.NAMESPACE)
exec(PRELUDE, _ENGINE)
exec(PRELUDE.split("\n", 2)[2], _NUMBERS)
EXTRAS = ["reverse over reverse", "forward over forward", "third order", "batch", "jacobians"]


def parts_of(program: Program, f: Function) -> dict[str, Function]:
    """What is compared, by name: functions of the point. (Forward mode alone where a number of trips is computed.)"""
    tangents = nest_of(program, program.tangents)
    parts = {"value": f, "jvp": lambda *point: jvp(f, point, tangents)}
    if "forward" in program.traits:
        return parts
    parts |= {
        "gradient": value_and_grad(f, (0, 1, 2)),
        "vjp": lambda *point: _pulled(vjp(f, *point)),
        "hvp": lambda *point: hvp(f, point, tangents),
    }
    if program.traits & {"large", "vast"}:  # one of three beside the gradient, for the time that they take
        one = ["jvp", "vjp", "hvp"][program.seed % 3]
        return {name: part for name, part in parts.items() if name in ("value", "gradient", one)}
    if len(program.tangents) <= 7 and program.seed % 2:
        parts["hessian"] = hessian(f, (0, 1, 2))
        return parts
    extra = EXTRAS[program.seed // 2 % len(EXTRAS)]
    slope = grad(f, (0, 1, 2))
    parts[extra] = {
        "reverse over reverse": grad(lambda *point: _along(slope(*point), tangents), (0, 1, 2)),
        "forward over forward": lambda *point: jvp(lambda *p: jvp(f, p, tangents)[1], point, tangents),
        "third order": lambda *point: jvp(lambda *p: hvp(f, p, tangents)[0], point, tangents),
        "batch": lambda x, y, A: _batched(f, x, y, A, (1, 2, 8, 9)[program.seed // 10 % 4]),
        "jacobians": lambda *point: (jacfwd(f, (0, 1, 2))(*point), jacrev(f, (0, 2))(*point)),
    }[extra]
    return parts


def _batched(f: Function, x: Any, y: Any, A: Any, size: int) -> Any:
    """The gradient over a batch of one sample many times over: its mean, and the last of all."""
    samples = numpy.array([x] * size), numpy.array([y] * size), numpy.stack([A] * size)
    one = value_and_grad(f, (0, 1, 2))
    every = vmap(one)(*samples)
    return vmap(one, reduce="mean")(*samples), [every[0][-1], [item[-1] for item in every[1]]]


def _pulled(result: Any) -> Any:
    value, pullback = result
    return value, pullback(1.5)


def _along(gradient: Any, tangents: Any) -> Any:
    return gradient[0] * tangents[0] + gradient[1] * tangents[1] + gradient[2].reshape(-1) @ tangents[2].reshape(-1)


def nest_of(program: Program, numbers: Sequence[float]) -> Any:
    """These numbers as the arguments of the program's function."""
    array = numpy.tile(numpy.array(numbers[2:]), program.times)
    return numbers[0], numbers[1], array.reshape(program.shape) if program.shape else array


def expected_of(program: Program, text: str) -> dict[str, Any]:
    """The right numbers of the parts that are known, each with how far its last digits may move."""

    def run() -> Any:
        names = dict(_NUMBERS)
        exec(text, names)
        return dual_programs.derivatives(names["f"], program.numbers, program.small, program.times, program.shape)

    exact = _known(program, *run())
    spread = {name: numpy.zeros_like(part) for name, part in exact.items()}
    for seed in (1, 2):
        try:
            with noise(ROUNDING, seed):
                near = _known(program, *run())
        except (dual_programs.BoundError, ValueError):  # a tie decides whether a loop is entered, or an index is nan
            near = {name: numpy.full_like(part, numpy.inf) for name, part in exact.items()}
        for name, part in near.items():
            with numpy.errstate(all="ignore"):
                spread[name] = numpy.maximum(spread[name], abs(part - exact[name]))
    return {name: (part, spread[name]) for name, part in exact.items()}


def _known(program: Program, value: float, gradient: Any, matrix: Any) -> dict[str, Any]:
    """The numbers of each part, from the value and the derivatives in all directions."""
    tangents = numpy.array(program.tangents)
    with numpy.errstate(all="ignore"):
        twice = matrix @ tangents
    blocks = slice(0, 1), slice(1, 2), slice(2, None)
    ravel = lambda m: numpy.concatenate([m[a, b].ravel() for a in blocks for b in blocks])
    with numpy.errstate(all="ignore"):
        return {
            "value": numpy.array([value]),
            "jvp": numpy.array([value, gradient @ tangents]),
            "gradient": numpy.array([value, *gradient]),
            "vjp": numpy.array([value, *(1.5 * gradient)]),
            "hvp": twice,
            "hessian": ravel(matrix),
            "reverse over reverse": tangents @ matrix,  # not symmetric, where a rule closes over a number
            "forward over forward": numpy.array([gradient @ tangents, twice @ tangents]),
            "batch": numpy.tile([value, *gradient], 2),
            "jacobians": numpy.array([*gradient, gradient[0], *gradient[2:]]),
        }


def numbers_of(nest: Any) -> Any:
    return numpy.array([float(item.data if isinstance(item, Value) else item) for item in flatten(nest)[0]])


def _grouped(program: Program, numbers: Any, known: Any) -> Any:
    """A large result beside that of the small program: the sums over the copies of each number."""
    if program.times == 1 or len(numbers) == len(known):
        return numbers
    head = len(known) - len(program.small)
    return numpy.array([*numbers[:head], *numbers[head:].reshape(program.times, -1).sum(0)])


def difference(
    where: str, found: Any, expected: Any, tolerance: tuple[float, float], spread: Any = None, finite: bool = False
) -> list[str]:
    """What is wrong with the numbers found, in one line at most."""
    if len(found) != len(expected):
        return [f"{where}: {len(found)} numbers, not {len(expected)}"]
    spread = numpy.zeros(len(expected)) if spread is None or len(spread) != len(expected) else spread
    good = numpy.isfinite(expected)
    scale = max([0.1, *abs(expected[good])])
    with numpy.errstate(all="ignore"):
        bound = tolerance[0] * scale + tolerance[1] * spread
        wrong = ~(abs(found - expected) <= bound)
    wrong &= numpy.isfinite(spread)
    wrong &= good if finite else ~((found == expected) | (numpy.isnan(found) & numpy.isnan(expected)))
    if not wrong.any():
        return []
    i = int(numpy.argmax(wrong))
    return [
        f"{where}: number {i} of {len(expected)}: {float(found[i])!r}, not {float(expected[i])!r} "
        f"(may move by {bound[i]:.1e}); {int(wrong.sum())} are wrong"
    ]


class _Point:
    """A program at a point: the right numbers of its parts, and what the engine finds eagerly."""

    def __init__(self, program: Program, text: str, parts: dict[str, Any], found: list[str]) -> None:
        self.arguments = nest_of(program, (*program.numbers, *program.small))
        self.breach, self.known, self.eager = False, {}, {}
        self.terms = 1.0 + program.length / 100.0  # a sum is off by so many roundings more
        try:
            self.known = expected_of(program, text)
        except dual_programs.BoundError:
            self.breach = True
        if self.known and not numpy.isfinite(self.known["value"][0][0]):
            self.known = {"value": self.known["value"]}
        for name, part in parts.items():
            if name == "value" and "grids" in program.traits:  # NumPy's own arrays take no computed place
                part = lambda *point, f=part: jvp(f, point, point)[0]
            try:
                numbers = numbers_of(part(*self.arguments))
            except Exception as error:
                found += self.refused(f"{name}, eager", error)
                continue
            if self.breach:
                found.append(f"{name}, eager: no error, though max_trips is too small")
                continue
            self.eager[name] = numbers
            if name in self.known:
                expected, spread = self.known[name]
                grouped = _grouped(program, numbers, expected)
                found += difference(f"{name}, eager", grouped, expected, self._within(PLAIN), spread, name != "value")

    def _within(self, tolerance: tuple[float, float]) -> tuple[float, float]:
        return self.terms * tolerance[0], tolerance[1]

    def refused(self, where: str, error: Exception) -> list[str]:
        """What is wrong with an error: nothing, where it says that the bound of a loop is too small, which it is."""
        if self.breach and "max_trips" in str(error):
            return []
        return [f"{where}: {type(error).__name__}: {str(error)[:300]}"]

    def compared(self, backend: str, numbers: Any) -> list[str]:
        """What is wrong with the numbers of all parts, in one list."""
        found, start = [], 0
        for name, expected in self.eager.items():
            spread = self.known.get(name, (0, None))[1]
            part = numbers[start : start + len(expected)]
            found += difference(f"{name}, {backend}", part, expected, self._within(BACKENDS[backend]), spread)
            start += len(expected)
        return found


def check(program: Program, llvm: bool = False, c: bool = False, only: str = "") -> list[str]:
    """What disagrees, one line each: "part, who: what"; of one part alone, where it is named."""
    text = text_of(program)
    names = dict(_ENGINE)
    exec(text, names)
    parts = {name: part for name, part in parts_of(program, names["f"]).items() if only in ("", name)}
    found: list[str] = []
    points = [_Point(program, text, parts, found)]
    if program.seed % 3 == 0 and program.times == 1 and not points[0].breach and not found:
        # the same compiled function, called again
        again = replace(program, numbers=_moved(program.numbers), small=_moved(program.small))
        points.append(_Point(again, text, parts, found))
    names_of_parts = [*points[0].eager]
    if points[0].breach:
        for name, part in parts.items():
            try:
                jit(part, backend="interpreter")(*points[0].arguments)
                found.append(f"{name}, interpreter: no error, though max_trips is too small")
            except Exception as error:
                found += points[0].refused(f"{name}, interpreter", error)
        return found
    for backend in ["interpreter", *["llvm"] * llvm, *["c"] * (c and NATIVE.isdisjoint(re.findall(r"\w+", text)))]:

        def compiled(chosen: list[str], kind: str = "llvm" if backend == "llvm" else "interpreter") -> Any:
            return jit(lambda *args: tuple(parts[name](*args) for name in chosen), backend=kind)

        try:
            function = _called(compiled(names_of_parts), backend, points[0], names)
            for point in points:
                if point.eager.keys() == points[0].eager.keys() and (point is points[0] or backend != "c"):
                    found += point.compared(backend, function(*point.arguments))
        except Exception as failure:
            before = len(found)
            for name in names_of_parts:  # all together fail: which?
                try:
                    _called(compiled([name]), backend, points[0], names)(*points[0].arguments)
                except Exception as error:
                    found += points[0].refused(f"{name}, {backend}", error)
            if len(found) == before:
                found += points[0].refused(f"all, {backend}", failure)
    return found


def _called(compiled: Any, backend: str, point: _Point, names: dict[str, Any]) -> Function:
    """The compiled function as one of the point's arguments that returns its numbers in one list."""
    if backend == "c":
        compiled(*point.arguments)
    if backend != "c" or compiled._plain:  # it is called as it is, with a warning
        return lambda *arguments: numbers_of(compiled(*arguments))
    function = InC(compiled)
    outside = [names["w"].data] if len(function.inputs) > len(point.arguments) else []
    return lambda *arguments: numpy.concatenate([numpy.ravel(item) for item in function(*arguments, *outside)])


def _moved(numbers: tuple[float, ...]) -> Any:
    return tuple(0.1 - 0.8 * number for number in numbers)


class TooLong(BaseException):
    """A program that takes more time than it may; no `except Exception` stops it."""


def _alarm(*_: Any) -> None:
    raise TooLong(f"more than {MOST_SECONDS} s")


def findings(program: Program, llvm: bool = False, c: bool = False, only: str = "") -> list[str]:
    """What disagrees, as `check` says it, within the time that a program may take."""
    signal.signal(signal.SIGVTALRM, _alarm)
    limit = memory.HISTORY_LIMIT
    if program.seed % 2:  # loops of more than 100 trips are reversed in chunks
        memory.HISTORY_LIMIT = 1024 * program.times
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return check(program, llvm, c, only)
    except TooLong as error:
        return [f"all, time: {error}"]
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        memory.HISTORY_LIMIT = limit


def shrunk(program: Program, found: list[str], seconds: float = 60.0) -> tuple[Program, list[str]]:
    """The smallest program that was found to disagree in the same part and the same way."""
    if found[0].startswith("all, time"):
        return program, found
    kind, only = _kind(found[0]), found[0].partition(",")[0]
    llvm, c = ", llvm" in kind, ", c:" in kind
    end = time.monotonic() + seconds
    again = True
    while again:
        again = False
        for less in smaller(program):
            if time.monotonic() > end:
                return program, found
            try:
                now = findings(less, llvm, c, only)
            except Exception:
                continue
            if kind in map(_kind, now):
                program, found, again = less, now, True
                break
    return program, found


def _kind(line: str) -> str:
    return re.sub(r"\d.*", "", line)[:60]


def script(program: Program, found: list[str]) -> str:
    """The program as a text that runs by itself."""
    point = nest_of(program, (*program.numbers, *program.small))
    array = f"np.tile({list(program.small)}, {program.times})" + f".reshape{program.shape}" * bool(program.shape)
    return (
        f"# seed {program.seed}: " + "\n# ".join(found) + "\n" + PRELUDE + "\n" + text_of(program)
        + f"\n\npoint = {point[0]!r}, {point[1]!r}, {array}\n"
        "both = value_and_grad(f, (0, 1, 2))\n"
        'print(both(*point), jit(both, backend="interpreter")(*point), sep="\\n")\n'
    )
