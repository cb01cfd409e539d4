"""Contenders timed side by side, and the lines of figures that come of it."""

from __future__ import annotations

import gc
import math
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

AGREEMENT = 1e-9  # the most that two contenders' numbers may differ by, relatively
TURN_SECONDS = 0.02  # a run that is shorter is repeated until a turn takes about so long

Run = Callable[[], Any]
Clock = Callable[[Run, int], float]


class MissingPeerError(Exception):
    """A peer that this machine does not have."""


class NotYetError(Exception):
    """What ours cannot do, or takes too long for; the message says which."""


@dataclass(frozen=True)
class Effort:
    """How many turns every contender gets: as many as fit into `seconds`, within the two bounds."""

    seconds: float
    fewest: int
    most: int


FULL, QUICK = Effort(12.0, 5, 51), Effort(2.0, 3, 7)


@dataclass(frozen=True)
class Task:
    """What is measured: the table's row, words for it, the figure's unit and how many of it a second is."""

    row: str
    what: str
    unit: str
    per_second: float
    effort: Effort


def wall_clock(run: Run, repeats: int) -> float:
    """Seconds that one run takes, over so many."""
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - start) / repeats


@dataclass(frozen=True)
class Contender:
    """One way of doing the task.

    `make`: imports what it needs, prepares, and returns the run, whose result is the numbers to compare, in any nest;
    `aim`: for a peer, the most that ours may take of its time; `work`: how much of the task a run does, in the task's
    units; `expected`: the numbers that must come out, where they are not the first contender's.
    """

    name: str
    make: Callable[[], Run]
    aim: float | None = None
    work: float = 1.0
    expected: Any = None
    clock: Clock = wall_clock


@dataclass(frozen=True)
class Line:
    """A line of the table: our figure beside a peer's, or beside a limit of its own where there is no peer."""

    row: str
    what: str
    unit: str
    ours: float | None
    peer: str
    theirs: float | None
    ratio: float | None
    aim: float | None
    limit: float | None = None
    difference: float | None = None
    turns: int = 0
    our_note: str = ""
    their_note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None where there is none, or a figure is missing."""
        if self.limit is not None and self.ours is not None:
            return self.ours <= self.limit
        if self.aim is not None and self.ratio is not None:
            return self.ratio <= self.aim
        return None

    @property
    def failed(self) -> bool:
        """Whether something went wrong that is not merely slow or missing."""
        return any(word in self.our_note + self.their_note for word in ("failed", "DIFFERS"))

    def figures(self) -> dict[str, Any]:
        """Everything, for a file."""
        return asdict(self) | {"reached": self.reached}


def numbers(result: Any) -> list[float]:
    """The floats of a nest, in order: lists, tuples, arrays of any library."""
    if hasattr(result, "full"):  # CasADi's DM
        result = result.full().ravel().tolist()
    elif hasattr(result, "ravel"):  # NumPy's, JAX's or PyTorch's
        return [*map(float, result.ravel().tolist())]
    if isinstance(result, (list, tuple)):
        return [number for part in result for number in numbers(part)]
    return [float(result)]


def difference(result: Any, expected: Any) -> float:
    """The largest relative difference between two nests; inf where their shapes or a nan differ.

    Numbers a millionth of the largest are taken as that, for those next to nothing differ by rounding alone.
    """
    got, wanted = numbers(result), numbers(expected)
    if len(got) != len(wanted) or not all(map(math.isfinite, got + wanted)):
        return math.inf
    floor = 1e-6 * max(map(abs, wanted)) or 1.0
    return max(abs(a - b) / max(abs(b), floor) for a, b in zip(got, wanted))


@dataclass
class Runner:
    """A contender that is ready, or a note that says why it is not."""

    contender: Contender
    run: Run | None = None
    repeats: int = 1
    result: Any = None
    note: str = ""

    def prepare(self) -> Runner:
        """Make it, run it, and see how long a second run takes."""
        try:
            self.run = self.contender.make()
            start = time.perf_counter()
            self.result = self.run()
            first = time.perf_counter() - start
            once = self.contender.clock(self.run, 1) if first < 1.0 else first
            self.repeats = max(1, math.ceil(TURN_SECONDS / max(once, 1e-7)))
        except (ImportError, MissingPeerError) as error:
            # "No module named 'jax'", "cannot import name 'jit' from 'autograd' (its file)", or what is missing.
            names = str(error).split("'")[1::2] or [str(error)]
            self.note, self.run = f"missing: {' of '.join(names)}", None
        except NotYetError as error:
            self.note, self.run = f"not yet: {error}", None
        except Exception as error:
            traceback.print_exc()
            self.note, self.run = f"failed: {type(error).__name__}", None
        return self

    def seconds(self) -> float:
        """One turn: seconds for one unit of the work."""
        assert self.run is not None
        return self.contender.clock(self.run, self.repeats) / self.contender.work


def progress(turns: Iterable[Any], title: str, total: int) -> Iterable[Any]:
    """A bar on stderr, where tqdm is installed and a person is watching."""
    try:
        from tqdm import tqdm
    except ImportError:
        return turns
    bar: Iterable[Any] = tqdm(turns, desc=title, total=total, disable=None, leave=False, file=sys.stderr)
    return bar


def compare(task: Task, ours: Contender, peers: list[Contender], limit: float | None = None) -> list[Line]:
    """Prepare all, check that their numbers agree, time them in turns; one line for each peer.

    `limit`: the most that our figure itself may be, in the task's unit: one more line, first.
    A figure is the median over the turns, a ratio the median of the turns' own ratios.
    """
    gc.collect()
    runners = [Runner(contender).prepare() for contender in (ours, *peers)]
    present = [runner for runner in runners if runner.run]
    differences: dict[int, float] = {}
    for runner in present:
        reference = runner.contender.expected
        if reference is None:
            if runner is present[0]:
                continue  # the others are compared with it
            reference = present[0].result
        apart = difference(runner.result, reference)
        differences[id(runner)] = apart
        if not apart <= AGREEMENT:
            runner.note = f"DIFFERS by {apart:.0e}"

    times: dict[int, list[float]] = {id(runner): [] for runner in runners}
    started, effort = time.perf_counter(), task.effort
    gc.freeze()
    for turn in progress(range(effort.most), f"{task.row}: {task.what}", effort.most):
        if turn >= effort.fewest and time.perf_counter() - started > effort.seconds:
            break
        for runner in present:
            times[id(runner)].append(runner.seconds())
    gc.unfreeze()

    def figure(runner: Runner) -> float | None:
        taken = times[id(runner)]
        return statistics.median(taken) * task.per_second if taken else None

    mine, others = runners[0], runners[1:]
    turns = len(times[id(present[0])]) if present else 0
    lines = []
    if limit is not None or not others:
        lines.append(Line(task.row, task.what, task.unit, figure(mine), "", None, None, None, limit,
                          differences.get(id(mine)), turns, mine.note))
    for runner in others:
        ratios = [a / b for a, b in zip(times[id(mine)], times[id(runner)])]
        worst = max((differences[id(one)] for one in (mine, runner) if id(one) in differences), default=None)
        lines.append(Line(task.row, task.what, task.unit, figure(mine), runner.contender.name, figure(runner),
                          statistics.median(ratios) if ratios else None, runner.contender.aim, None, worst, turns,
                          mine.note, runner.note))
    return lines
