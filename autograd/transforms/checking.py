"""`check_grads`: derivatives against central differences, with an error model, and the primitive at fault by name."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd.engine.sweep import dependent
from autograd.engine.value import Value
from autograd.errors import GradientCheckError, InconclusiveCheckError
from autograd.primitives.row import Primitive, real
from autograd.program.nests import flatten
from autograd.transforms.differences import CENTRAL, Line, Run, Slope, power_of_two, rounding
from autograd.transforms.judging import AGREES, DIFFERS, KINK, UNKNOWN, Verdict, judge
from autograd.transforms.recorded import Recorded, unit

Function = Callable[[Sequence[Any]], list[Any]]

_HANDFUL = 5  # numbers that are checked one by one
_NO_CULPRIT = (
    "each primitive's rule is right by itself; does a derivative over- or underflow on the way, or is a part of the "
    "function outside the graph, by detach, no_grad or .data?"
)
_NONE = Slope(math.nan, math.inf, 0.0, 0.0, 0.0)


def check_grads(f: Callable[..., Any], args: Sequence[Any], order: int = 2, *, fast_mode: bool | None = None) -> None:
    """Check f's derivatives at `args`, of every order up to `order`.

    At each order the derivatives by forward mode are compared with central differences of the order below, and with
    those by reverse mode. The differences find a step that fits the function's own scale and carry an estimate of their
    error, so that what counts as a disagreement follows from the function and not from a fixed tolerance: a wrong sign
    in a derivative of size 1e-8 is found.

    Parameters: `f`, a function of numbers or nests of numbers that returns the same; `args`, its arguments, at a point
    where it is smooth; `order`, 1 or more; `fast_mode`, whether to move all arguments together along a few directions,
    drawn at random but the same every time, in place of one by one. Where not given, more than a handful of numbers are
    moved together: an error in one derivative then shows as long as it is not lost beside the others. One by one, the
    work grows like the number of arguments to the power of `order`.

    Raises: `GradientCheckError` that names the derivative, the numbers that disagree, and the primitive whose rule is
    wrong where there is one; its subclass `InconclusiveCheckError` where nothing was found wrong but a derivative could
    not be judged, as at a kink, or where rounding hides it from differences.

    Source: C. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4 (1982).

    >>> from autograd import primitive, sin
    >>> check_grads(lambda x, y: sin(x) * y, (0.5, 2.0))
    >>> cube = primitive("cube", lambda x: x * x * x, [lambda out, x: -3.0 * x * x])
    >>> check_grads(lambda x: 1.0 + cube(x), (2.0,))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    autograd.GradientCheckError: the primitive cube is at fault: its derivative with respect to argument 1 at ...
    """
    if not isinstance(args, list | tuple):
        raise TypeError(f"check_grads takes the arguments as a tuple: check_grads(f, (x,)), not {args!r:.60}")
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"order is a whole number from 1 up, not {order!r}")
    numbers, structure = flatten(tuple(args))
    point = [real(number) for number in numbers]

    def flat(items: Sequence[Any]) -> list[Any]:
        values = [item if isinstance(item, Value) else Value(item) for item in items]  # f may call their methods
        return flatten(f(*structure.unflatten(values)))[0]

    open_questions = []
    for finding in _findings(flat, point, order, fast_mode):
        if finding.outcome == DIFFERS:
            fault = _culprit(f, structure.unflatten(point), finding.level)
            if fault or math.isfinite(finding.claim):
                raise GradientCheckError(f"{fault or _NO_CULPRIT} ({finding.text})")
        open_questions.append(finding.text)
    if open_questions:
        more = f", nor can {len(open_questions) - 1:,} more" if len(open_questions) > 1 else ""
        raise InconclusiveCheckError(f"nothing was found wrong, but {open_questions[0]}{more}")


class _Finding(NamedTuple):
    """A derivative that is wrong, or that cannot be judged."""

    outcome: str  # DIFFERS, KINK or UNKNOWN
    level: int
    text: str
    which: tuple[int, int] = (0, 0)  # the number of the function, and that of the arguments
    claim: float = math.nan
    slope: Slope | None = None


def _findings(function: Function, point: Sequence[float], order: int, fast_mode: bool | None) -> Iterator[_Finding]:
    """What is not found right, order by order."""
    names: list[str] = []
    for level in range(1, order + 1):
        trace = _recorded(function, point)
        values = list(map(_plain, trace.results))
        if not values or not point or not all(map(math.isfinite, (*values, *point))):
            what = "there is no number" if not values or not point else "not every number is finite"
            of = "the function" if level == 1 else f"a derivative of order {level - 1}"
            yield _Finding(UNKNOWN, level, f"there is nothing to check: {what} in {of} at {_tuple(point)}")
            return
        names = names or _numbered("the result", "number {} of the result", len(values))
        generator = random.Random(level)
        weights = _weights(len(values), generator, fast_mode)
        pulled = [list(map(_plain, trace.pull(weight))) for weight in weights]
        check = _Order(level, function, point, trace, names, weights, pulled)
        unknown: dict[int, _Finding] | None = None
        kink, without = False, []  # whether there is one at this order, and what has no derivative by its rule
        for direction, scale in _directions(point, generator, fast_mode):
            found = list(check.along(direction, scale))
            kink = kink or any(finding.outcome == KINK for finding in found)
            without += [finding for finding in found if finding.outcome == DIFFERS and finding.claim != finding.claim]
            found = [finding for finding in found if finding not in without]
            yield from (finding for finding in found if finding.outcome == DIFFERS or _lone(direction))
            if not _lone(direction):  # one of the directions is enough
                rest = {finding.which[0]: finding for finding in found}
                unknown = {i: rest[i] for i in (rest if unknown is None else unknown) if i in rest}
        yield from [finding._replace(outcome=UNKNOWN) for finding in without] if kink else without
        yield from (unknown or {}).values()
        arguments = _numbered("the argument", "number {} of the arguments", len(point))
        wholes = map(check.whole, range(len(weights)))
        names = [f"the derivative of {whole} with respect to {argument}" for whole in wholes for argument in arguments]
        function = _derivative(function, weights)


def _recorded(function: Function, numbers: Sequence[Any]) -> Recorded:
    return Recorded(lambda *items: function(items), tuple(numbers))


def _derivative(function: Function, weights: Sequence[Sequence[float]]) -> Function:
    """The function that returns the derivatives of sums of what `function` returns."""

    def derivative(items: Sequence[Any]) -> list[Any]:
        recorded = _recorded(function, items)
        return [number for weight in weights for number in recorded.pull(weight)]

    return derivative


def _lone(direction: Sequence[float]) -> bool:
    return sum(map(bool, direction)) == 1


def _numbered(one: str, several: str, count: int) -> list[str]:
    return [one] if count == 1 else [several.format(i + 1) for i in range(count)]


def _random(generator: random.Random) -> float:
    """Of either sign, not close to 0, and with few bits, so that products with powers of two are exact."""
    return generator.choice((-1.0, 1.0)) * generator.randint(32, 63) / 64.0


def _weights(count: int, generator: random.Random, fast_mode: bool | None) -> list[list[float]]:
    if fast_mode is False or count == 1 or fast_mode is None and count <= _HANDFUL:
        return [unit(count, i) for i in range(count)]
    return [[_random(generator) for _ in range(count)]]


def _directions(
    point: Sequence[float], generator: random.Random, fast_mode: bool | None
) -> list[tuple[list[float], float]]:
    """The directions in which the point is moved, each with about the size of what is moved along it."""
    count = len(point)
    if fast_mode is False or count == 1 or fast_mode is None and count <= _HANDFUL:
        return [(unit(count, j), abs(number)) for j, number in enumerate(point)]
    usual = statistics.median([abs(number) for number in point if number] or [0.0])
    sizes = [power_of_two(abs(number) or usual or 1.0) for number in point]
    # Evenly, but large numbers by so much that it does not get lost in their last bits; and in proportion.
    evenly = [_random(generator) * max(1.0, size / (usual or 1.0) * 2.0**-24) for size in sizes]
    return [(evenly, usual), ([_random(generator) * size for size in sizes], 1.0)]


class _Order(NamedTuple):
    """One order of the check: the function that gives the derivatives below it, and its recording at the point."""

    level: int
    function: Function
    point: Sequence[float]
    trace: Recorded
    names: Sequence[str]
    weights: Sequence[Sequence[float]]
    pulled: Sequence[Sequence[float]]  # for each weights, the derivatives by reverse mode

    def along(self, direction: list[float], scale: float) -> Iterator[_Finding]:
        """What is not found right of the derivatives along a direction."""
        forward, verdicts = self.judged(direction, scale)
        for i, verdict in enumerate(verdicts):
            if verdict.outcome == DIFFERS:
                yield self.narrowed(i, direction, forward[i], verdict.slope or _NONE)
            elif verdict.outcome != AGREES:
                text = f"{self.which(self.names[i], direction)} cannot be judged at {_tuple(self.point)}"
                text += f": by the rules it is {forward[i]:.12g}; {verdict.reason}"
                yield _Finding(verdict.outcome, self.level, text, (i, 0))
        for k, (weight, pulled) in enumerate(zip(self.weights, self.pulled)):
            by_forward = [w * number for w, number in zip(weight, forward) if w]
            by_reverse = [d * number for d, number in zip(direction, pulled) if d]
            apart = abs(sum(by_forward) - sum(by_reverse))
            if apart <= 1e-9 * sum(map(abs, by_forward)) or not math.isfinite(sum(by_forward)):
                continue
            terms = sum(abs(w) * size for w, (_, size) in zip(weight, self.rounding(direction)))
            if not apart <= 1e-12 * terms:
                yield _Finding(
                    DIFFERS, self.level, f"{self.which(self.whole(k), direction)}: {sum(by_forward):.12g} by forward "
                    f"mode, {sum(by_reverse):.12g} by reverse mode"
                )

    def whole(self, k: int) -> str:
        """What the k-th weights make of the results."""
        return self.names[k] if len(self.weights) == len(self.names) else "a random sum of the results"

    def judged(self, direction: list[float], scale: float) -> tuple[list[float], list[Verdict]]:
        forward = list(map(_plain, self.trace.push(direction)))
        line = self.line(direction, scale)
        return forward, judge(line, forward, lambda: self.rounding(direction), counts=self.level > 1)

    def line(self, direction: list[float], scale: float) -> Line:
        def moved(distance: float) -> list[float]:
            return list(map(_plain, self.function([x + distance * d for x, d in zip(self.point, direction)])))

        finest = max(math.ulp(x) / abs(d) for x, d in zip(self.point, direction) if d)
        return Line(moved, scale, finest if _lone(direction) else 64.0 * finest)

    def rounding(self, direction: Sequence[float]) -> list[tuple[float, float]]:
        of = rounding(self.trace.order, {leaf: d for leaf, d in zip(self.trace.leaves, direction) if d})
        return [of(item) for item in self.trace.results]

    def which(self, whole: str, direction: Sequence[float]) -> str:
        if not _lone(direction):
            return f"the derivative of {whole} along a random direction"
        arguments = _numbered("the argument", "number {} of the arguments", len(direction))
        return f"the derivative of {whole} with respect to {arguments[_first(direction)]}"

    def narrowed(self, i: int, direction: list[float], claim: float, slope: Slope) -> _Finding:
        """A derivative that differs, of the argument that is at fault as far as it can be told."""
        rest, apart = direction, claim - slope.value
        while not _lone(rest):
            moving = [j for j, d in enumerate(rest) if d]
            half = [d if j < moving[len(moving) // 2] else 0.0 for j, d in enumerate(rest)]
            run = Run(self.line(half, 1.0), slope.widest, slope.narrowest)
            while run.lower():
                pass
            best = min(run.slopes(i, CENTRAL), key=lambda slope: slope.error, default=_NONE)
            error = _plain(self.trace.push(half)[i]) - best.value
            if abs(error) < abs(apart - error):
                half, error = [0.0 if h else d for d, h in zip(rest, half)], apart - error
            rest, apart = half, error
        j = _first(rest)
        if rest is not direction:
            alone = unit(len(rest), j)
            forward, verdicts = self.judged(alone, abs(self.point[j]))
            if verdicts[i].outcome == DIFFERS:
                direction, claim, slope = alone, forward[i], verdicts[i].slope or _NONE
        text = (
            f"{self.which(self.names[i], direction)}: {claim:.12g} by forward mode, {slope.value:.12g} ± "
            f"{slope.error:.1g} by central difference"
        )
        return _Finding(DIFFERS, self.level, text, (i, j), claim, slope)


def _first(direction: Sequence[float]) -> int:
    return next(j for j, d in enumerate(direction) if d)


def _plain(item: Any) -> float:
    return item.data if isinstance(item, Value) else real(item)


def _culprit(f: Callable[..., Any], args: tuple[Any, ...], level: int) -> str:
    """The first node of f's graph whose own rule is off, in words; empty where each is right."""
    recorded = Recorded(f, args)
    moving = dependent(recorded.order, recorded.leaves)
    turns: dict[Primitive, int] = {}
    operations: dict[tuple[Any, ...], int] = {}
    for node in recorded.order:
        row = node._primitive
        if row is not None and row.domain:  # a part that is recorded again has none
            moved = tuple(i for i, operand in enumerate(node._inputs) if operand is not None and operand in moving)
            turns[row] = turns.get(row, 0) + 1
            operations.setdefault((row, node._record[1:], moved), turns[row])
    for row, operands, moved in sorted(operations, key=lambda operation: operations[operation]):  # each row soon
        fault = _fault(row, list(operands), list(moved), level)
        if fault:
            return f"the primitive {row.name} is at fault: {fault}"
    hidden = sorted({node._primitive.name for node in recorded.order if node._primitive and not node._primitive.domain})
    return f"{_NO_CULPRIT[:-1]}, or wrong inside {' or '.join(hidden)}?" if hidden else ""


def _fault(row: Primitive, operands: list[Any], moved: list[int], level: int) -> str:
    """What is wrong with a row's rules at these operands, for those that move; empty where nothing is."""

    def evaluate(numbers: Sequence[Any]) -> list[Any]:
        values = list(operands)
        for i, number in zip(moved, numbers):
            values[i] = number
        return [row(*values)]

    text = ", ".join(f"{operand!r}" for operand in operands)
    for finding in _findings(evaluate, [operands[i] for i in moved], level, fast_mode=False):
        if finding.outcome != DIFFERS:
            continue
        if finding.slope is None:
            return finding.text
        i, j = finding.which
        by = f"with respect to argument {moved[j] + 1}"
        numbers = f"{finding.claim:.12g}", f"{finding.slope.value:.12g} by central difference"
        if finding.level == 1:
            return f"its derivative {by} at ({text}) is {numbers[0]} by its rule, {numbers[1]}"
        rule = f"the rule for argument {moved[i % len(moved)] + 1}"
        if finding.level > 2:
            rule = f"the derivative of order {finding.level - 2} of {rule}"
        return f"{rule} at ({text}) has the derivative {numbers[0]} {by}, {numbers[1]}"
    return ""


def _tuple(numbers: Sequence[float]) -> str:
    shown = ", ".join(map(repr, numbers[:_HANDFUL]))
    return f"({shown}, …)" if len(numbers) > _HANDFUL else f"({shown})"
