"""Whether a derivative agrees with a function's slopes, differs from them, or cannot be judged by them.

A derivative is local: where two scales show two slopes, each beyond the other's error, the narrower one counts. And an
alarm has to be sure: it needs two scales that share no step and agree, and nothing that speaks for a kink.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd.transforms.differences import CENTRAL, LEFT, RIGHT, Line, Run, Slope, rounding

AGREES, DIFFERS, KINK, UNKNOWN = "agrees", "differs", "kink", "unknown"

_FIRST_TRY = 12  # steps
_SHARP = 1e-11  # of a derivative: an error that small needs no second look
_CLEAR = 1e-2  # of the slopes that were seen: with a larger error than that, no alarm is raised
_TELLING = 1.0 / 32.0  # of a derivative: with a larger error than that, agreement says nothing
_BESIDE = 1e-9  # of what stands beside a derivative: an error that small says that it is as good as 0
_LONG = 5_000  # operations, of which nothing is computed more often than a first look takes
_HIDDEN = 8  # steps that see nothing but rounding, after which narrower ones are not tried


class Verdict(NamedTuple):
    """What the slopes say of a derivative; the best of them, where there is one to be trusted; and why."""

    outcome: str
    slope: Slope | None
    reason: str = ""


def judge(
    line: Line,
    claims: Sequence[float],
    noise: Callable[[], Sequence[tuple[float, float]]],
    counts: bool = False,
    thorough: bool = True,
) -> list[Verdict]:
    """For each number of the line's function, the verdict on its claimed derivative.

    `noise` gives for each number how far off it may be, and the sum of its derivative's terms in absolute value. It
    is asked for where the first look does not settle it. With `counts`, the function's own values are derivatives, and
    one of them that hardly changes has a derivative that is as good as 0. Only a `thorough` judge looks twice.
    """
    largest = max((abs(claim) for claim in claims if math.isfinite(claim)), default=0.0)
    verdicts: dict[int, Verdict] = {}
    seen: dict[int, Slope] = {}
    for run in line.runs[:-1]:
        _first_look(run, claims, largest, verdicts, seen)
    pending = [i for i in range(len(claims)) if i not in verdicts]
    if pending and thorough:
        known = noise()
        for run in line.runs:
            _lower(run, [i for i in pending if i not in verdicts], claims)
            for i in pending:
                if i not in verdicts:
                    off, terms = known[i]
                    size = max(largest, terms)
                    verdict = _Case(line, i, claims[i], off, terms, size, counts).verdict()
                    if run is line.runs[-1] or _settled(verdict, claims[i]):
                        verdicts[i] = verdict
    return [verdicts.get(i, Verdict(UNKNOWN, seen.get(i))) for i in range(len(claims))]


def _first_look(
    run: Run, claims: Sequence[float], largest: float, verdicts: dict[int, Verdict], seen: dict[int, Slope]
) -> None:
    """Settle what agrees at once, to many digits; of the others keep the best slope that was seen."""
    tables: dict[int, list[list[float]]] = {i: [] for i in range(len(claims)) if i not in verdicts}
    for count in range(1, _FIRST_TRY + 1):
        if not tables or not run.lower():
            return
        for i, rows in list(tables.items()):
            slope, claim = run.newest(i, rows), claims[i]
            if slope is None or count < 5:
                continue
            if i not in seen or slope.error < seen[i].error:
                seen[i] = slope
            close = abs(claim - slope.value) <= 8.0 * slope.error + 1e-12 * abs(slope.value)
            sharp = max(_SHARP * abs(claim), 0.1 * _SHARP * largest)
            if abs(claim) <= slope.error:
                sharp = max(sharp, _SHARP * slope.variation)
            still = claim == 0.0 and run is run.line.runs[0] and run.flat(i)  # narrower ones may only look flat
            if close and slope.error <= sharp < math.inf or still:
                verdicts[i] = Verdict(AGREES, slope)
                del tables[i]


def _lower(run: Run, pending: Sequence[int], claims: Sequence[float]) -> None:
    """Take all steps of a run that say something."""
    hidden = 0
    while pending and hidden < _HIDDEN and run.lower():
        hidden = hidden + 1 if all(run.blind(i, abs(claims[i])) for i in pending) else 0


def _settled(verdict: Verdict, claim: float) -> bool:
    return verdict.outcome == AGREES and verdict.slope is not None and verdict.slope.error <= 10.0 * _SHARP * abs(claim)


class _Case(NamedTuple):
    """One number of the function, and its claimed derivative."""

    line: Line
    i: int
    claim: float
    off: float
    terms: float
    size: float
    counts: bool

    def verdict(self) -> Verdict:
        if not math.isfinite(self.claim) and any(run.overflows(self.i) for run in self.line.runs):
            return Verdict(UNKNOWN, None, "the slopes next to it are beyond the largest float")
        slopes = self._slopes(CENTRAL)
        slopes = slopes or self._slopes(LEFT) or self._slopes(RIGHT)  # at the end of a domain there is only one side
        clear = _clear(slopes)
        best = _local(clear)
        if best is not None and not self._is_close(best) and best.widest > self.line.usual:
            # Far from the point, noise may hide what the function does close to it.
            slopes, clear = _within(slopes, self.line.usual), _within(clear, self.line.usual)
            best = _local(clear)
        if best is not None and not self._is_close(best):
            varies = max(run.range(self.i) for run in self.line.runs)
            if varies < abs(self.claim) * self.line.finest < math.inf:
                return Verdict(UNKNOWN, None, "from one float to the next that is more than the function varies")
            return self._second_look(best, clear)
        if best is not None and self.claim == best.variation == 0.0:
            return Verdict(AGREES, best)
        telling = _local([slope for slope in slopes if slope.error <= self._telling(slope)])
        if telling is not None and self._is_close(telling):
            return Verdict(AGREES, telling)
        narrowest = min((run for run in self.line.runs if run.steps), key=lambda run: run.steps[-1], default=None)
        if narrowest is not None and narrowest.jumps(self.i):
            return Verdict(KINK, None, "there is a jump")
        return Verdict(UNKNOWN, None, self._why(slopes))

    def _telling(self, slope: Slope) -> float:
        """The error from which on agreement says nothing."""
        beside = max(self.size, abs(self.line.middle[self.i]) / slope.widest if self.counts else 0.0, slope.variation)
        return max(_TELLING * abs(self.claim), _BESIDE * beside)

    def _slopes(self, side: int) -> list[Slope]:
        return [slope for run in self.line.runs for slope in run.slopes(self.i, side, self.off)]

    def _is_close(self, slope: Slope) -> bool:
        lost = 1e-12 * max(abs(slope.value), self.terms)
        return math.isfinite(self.claim) and abs(self.claim - slope.value) <= 8.0 * slope.error + lost

    def _second_look(self, best: Slope, clear: Sequence[Slope]) -> Verdict:
        """The verdict where a slope that looks good is not the claimed derivative."""
        apart = abs(self.claim - best.value) if math.isfinite(self.claim) else math.inf

        def confirms(other: Slope) -> bool:
            away = abs(other.value - best.value)
            return away <= apart / 16.0 and (away <= abs(best.value) / 64.0 or not _contradict(best, other))

        left, right = (
            _best([slope for slope in side if slope.widest <= best.widest and slope.error <= apart / 8.0])
            for side in (_clear(self._slopes(LEFT)), _clear(self._slopes(RIGHT)))
        )
        if left and right:
            gap = abs(left.value - right.value)
            if _contradict(left, right) and gap > min(apart, abs(best.value) + gap) / 4.0:
                slopes = f"to the left the slope is {left.value:.6g}, to the right {right.value:.6g}"
                return Verdict(KINK, best, f"there is a kink: {slopes}")
            if confirms(left) and confirms(right):
                return Verdict(DIFFERS, best)
        if any(confirms(slope) for slope in clear if slope.widest < best.narrowest or slope.narrowest > best.widest):
            return Verdict(DIFFERS, best)
        return Verdict(UNKNOWN, None, self._why(clear))

    def _why(self, slopes: Sequence[Slope]) -> str:
        steps = [step for run in self.line.runs for step in run.steps]
        tried = f" from {min(steps):.1g} to {max(steps):.1g}" if steps else ""
        best = _best(slopes)
        seen = f", the best being {best.value:.3g} ± {best.error:.1g}" if best else ""
        return f"no step{tried} gives a difference to be trusted{seen}"


def _clear(slopes: Sequence[Slope]) -> list[Slope]:
    finite = [slope for slope in slopes if slope.error < math.inf]
    return [slope for slope in finite if slope.error <= _CLEAR * slope.variation or slope.variation == 0.0]


def _within(slopes: Sequence[Slope], step: float) -> list[Slope]:
    return [slope for slope in slopes if slope.widest <= step]


def _best(slopes: Sequence[Slope]) -> Slope | None:
    return min(slopes, key=lambda slope: slope.error, default=None)


def _contradict(a: Slope, b: Slope) -> bool:
    return abs(a.value - b.value) > 8.0 * (a.error + b.error)


def _local(slopes: Sequence[Slope]) -> Slope | None:
    """The slope of the least error, or of those on narrower steps which it contradicts."""
    best = _best(slopes)
    while best is not None:
        narrower = [slope for slope in slopes if slope.widest < best.narrowest and _contradict(best, slope)]
        if not narrower:
            break
        best = _best(narrower)
    return best


def judge_derivative(order: Sequence[Any], variable: Any, output: Any, claim: float) -> Verdict:
    """The verdict on a recorded graph's derivative with respect to one of its nodes, by evaluation.

    `order` has every node after its operands. All other leaves keep the floats that were recorded.
    """
    registers: list[Any] = [variable._out]
    place = {variable: 0}
    program: list[tuple[Callable[..., Any], int, tuple[int, ...]]] = []
    for node in order:
        inputs = node._inputs
        if node is variable or not any(operand in place for operand in inputs if operand is not None):
            continue
        operands = []
        for operand, number in zip(inputs, node._record[1:]):
            if operand is None or operand not in place:
                registers.append(number)
                operands.append(len(registers) - 1)
            else:
                operands.append(place[operand])
        place[node] = len(registers)
        registers.append(node._out)
        program.append((node._primitive.evaluate, place[node], tuple(operands)))

    def evaluate(distance: float) -> list[float]:
        registers[0] = variable._out + distance
        for function, result, operands in program:
            if len(operands) == 2:
                registers[result] = function(registers[operands[0]], registers[operands[1]])
            else:
                registers[result] = function(*[registers[operand] for operand in operands])
        return [registers[place[output]] if output in place else 0.0]

    line = Line(evaluate, abs(variable._out), math.ulp(variable._out))
    return judge(line, [claim], lambda: [rounding(order, {variable: 1.0})(output)], thorough=len(program) < _LONG)[0]
