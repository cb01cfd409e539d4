"""Compiled speed beside hand-written C, JAX, CasADi and others, as a table of ratios.

    pip install -e .[jit] -r tests/benchmarks/requirements.txt
    python tests/benchmarks/bench_native.py              # all rows
    python tests/benchmarks/bench_native.py call --quick  # one, with fewer turns

Each row runs in a process of its own. There, all contenders are prepared, their numbers are compared, and then they
are timed in turns, so that a change in the machine's speed meets all: a figure is the median over the turns, a ratio
the median of the turns' own ratios. A contender that this machine does not have is named as missing.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from native import article, calls, graphs
from native.baselines import gcc_version
from native.measuring import FULL, QUICK, Effort, Line

PACKAGES = ("scalar-autograd", "llvmlite", "numpy", "jax", "jaxlib", "casadi", "xad", "torch", "micrograd")


@dataclass(frozen=True)
class Row:
    """A row of the table: what measures it, and whether its process keeps to one core."""

    measure: Callable[[Effort], list[Line]]
    one_core: bool = False


ROWS = {
    "article-loop": Row(article.article_loop),
    "article-cold": Row(article.article_cold),
    "article-batch": Row(article.article_batch, one_core=True),
    "article-threads": Row(article.article_threads),
    "call": Row(calls.call),
    "rosenbrock": Row(calls.rosenbrock_row),
    "straight-line": Row(graphs.straight_line),
    "determinant": Row(graphs.determinant_row),
}


def measure(name: str, effort: Effort) -> list[Line]:
    """The lines of one row, within the process that is to measure it."""
    row = ROWS[name]
    # Before the libraries are imported: their threads take the affinity of the thread that starts them.
    if row.one_core and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return row.measure(effort)


def measured_apart(name: str, effort: Effort) -> list[Line]:
    """The same in a fresh process; a process that dies is a line that says so."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(measure, name, effort).result()
        except BrokenProcessPool:
            return [Line(name, "", "", None, "", None, None, None, our_note="failed: its process died")]


def number(figure: float | None, note: str = "") -> str:
    """Three digits; where there is no figure, the note's first word, or a dash."""
    if figure is None:
        return note.partition(":")[0] or "–"
    return f"{figure:,.0f}" if figure >= 100.0 else f"{figure:.3g}"


def cells(line: Line) -> list[str]:
    """A line's cells, in the order of HEADINGS."""
    aim = f"≤ {line.limit:g} {line.unit}" if line.limit is not None else f"≤ {line.aim:g}" if line.aim else ""
    verdict = {True: "yes", False: "NO", None: ""}[line.reached]
    same = "" if line.difference is None else f"{line.difference:.0e}"
    theirs = number(line.theirs, line.their_note) if line.peer else ""
    ratio = number(line.ratio) if line.peer else ""
    notes = "; ".join(f"{who} {note}" for who, note in (("ours", line.our_note), ("theirs", line.their_note)) if note)
    beside = f"{line.peer} ({notes})" if line.peer and notes else line.peer or notes
    return [line.row, line.what, line.unit, number(line.ours, line.our_note), theirs, ratio, aim, verdict, same, beside]


HEADINGS = ["row", "what", "unit", "ours", "theirs", "ratio", "aim", "reached", "apart by", "beside"]
WIDTHS = [16, 55, 10, 9, 9, 9, 13, 9, 10, 0]


def printed(row: list[str]) -> str:
    left = {0, 1, 2, 9}
    return "".join(f"  {cell}" if i == 9 else f"{cell:<{width}}" if i in left else f"{cell:>{width}}"
                   for i, (cell, width) in enumerate(zip(row, WIDTHS)))


def versions() -> dict[str, str]:
    """Of Python, the machine, every package and gcc."""
    found = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "missing"
    return found | {"gcc": gcc_version(), "machine": machine()}


def machine() -> str:
    """The processor's name, its cores and the system, as far as they can be found out."""
    name = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [text for text in information.read_text().splitlines() if text.startswith("model name")]
        name = names[0].partition(":")[2].strip() if names else name
    return f"{name}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def load() -> str:
    """How many processes were running in the last minute: with others on the machine, two threads share a core."""
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"


def write(path: Path, text: str) -> None:
    """Write beside the file, then rename."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench_native.py", formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__,
        epilog="The exit status is 1 where a contender fails or its numbers differ from the others' by more than 1e-9; "
               "an aim that is missed, or a peer that is, leaves it 0.")
    parser.add_argument("rows", nargs="*", metavar="NAME", help=f"rows to measure: {', '.join(ROWS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer turns: a first look, not figures to quote")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure, with the versions, to a file")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.rows if name not in ROWS]
    if unknown:
        parser.error(f"unknown row {unknown[0]!r}: give any of {', '.join(ROWS)}")
    if chosen.json and not chosen.json.resolve().parent.is_dir():
        parser.error(f"cannot write {str(chosen.json)!r}: its folder does not exist")
    return chosen


def main() -> int:
    chosen = arguments()
    effort = QUICK if chosen.quick else FULL
    load_before = load()
    lines: list[Line] = []
    print(printed(HEADINGS))
    for name in dict.fromkeys(chosen.rows or ROWS):
        for line in measured_apart(name, effort):
            lines.append(line)
            print(printed(cells(line)), flush=True)
    about = versions() | {"load before the start": load_before}
    print("; ".join(f"{name} {found}" if name != "gcc" else found for name, found in about.items()))
    print("figures: medians of turns taken side by side; ratio: ours over theirs, the median of the turns' ratios; "
          "apart by: the\nlargest relative difference of any contender's numbers from what was expected, at most 1e-9")
    if chosen.json:
        figures = {"versions": about, "lines": [line.figures() for line in lines]}
        write(chosen.json, json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    return int(any(line.failed for line in lines))


if __name__ == "__main__":
    sys.exit(main())
