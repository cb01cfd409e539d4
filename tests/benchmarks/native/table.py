"""A program of benchmarks: rows measured one after the other, each in a process of its own, and their table."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from native.baselines import gcc_version
from native.measuring import FULL, QUICK, Effort, Line

PACKAGES = ("scalar-autograd", "llvmlite", "numpy", "jax", "jaxlib", "casadi", "xad", "torch", "micrograd")


@dataclass(frozen=True)
class Row:
    """A row of the table: what measures it, and whether its process keeps to one core."""

    measure: Callable[[Effort], list[Line]]
    one_core: bool = False


def measured(row: Row, effort: Effort, all_cores: bool) -> list[Line]:
    """The lines of one row, within the process that is to measure it."""
    # Before the libraries are imported: their threads take the affinity of the thread that starts them.
    if row.one_core and not all_cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return row.measure(effort)


def measured_apart(name: str, row: Row, effort: Effort, all_cores: bool) -> list[Line]:
    """The same in a fresh process; a process that dies is a line that says so."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(measured, row, effort, all_cores).result()
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
WIDTHS = [16, 70, 10, 9, 9, 9, 13, 9, 10, 0]


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


def arguments(rows: Mapping[str, Row], about: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter, description=about,
        epilog="The exit status is 1 where a contender fails or its numbers differ from the others' by more than 1e-9; "
               "an aim that is missed, or a peer that is, leaves it 0.")
    parser.add_argument("rows", nargs="*", metavar="NAME", help=f"rows to measure: {', '.join(rows)} (default: all)")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="the same, a row at a time")
    parser.add_argument("--quick", action="store_true", help="fewer turns: a first look, not figures to quote")
    parser.add_argument("--all-cores", action="store_true", help="no row keeps to one core, of ours or of a peer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure, with the versions, to a file")
    chosen = parser.parse_args()
    chosen.rows += chosen.only
    unknown = [name for name in chosen.rows if name not in rows]
    if unknown:
        parser.error(f"unknown row {unknown[0]!r}: give any of {', '.join(rows)}")
    if chosen.json and not chosen.json.resolve().parent.is_dir():
        parser.error(f"cannot write {str(chosen.json)!r}: its folder does not exist")
    return chosen


def run(rows: Mapping[str, Row], about: str) -> int:
    """A program of its own: measure the rows that the command line chooses, and print them; the exit status."""
    chosen = arguments(rows, about)
    effort = QUICK if chosen.quick else FULL
    load_before = load()
    lines: list[Line] = []
    print(printed(HEADINGS))
    for name in dict.fromkeys(chosen.rows or rows):
        for line in measured_apart(name, rows[name], effort, chosen.all_cores):
            lines.append(line)
            print(printed(cells(line)), flush=True)
    found = versions() | {"load before the start": load_before}
    print("; ".join(f"{name} {text}" if name != "gcc" else text for name, text in found.items()))
    print("figures: medians of turns taken side by side; ratio: ours over theirs, the median of the turns' ratios; "
          "apart by: the\nlargest relative difference of any contender's numbers from what was expected, at most 1e-9")
    if chosen.json:
        figures = {"versions": found, "lines": [line.figures() for line in lines]}
        write(chosen.json, json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    return int(any(line.failed for line in lines))
