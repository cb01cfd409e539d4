"""Keep the ratios of all benchmarks in results.json, a row for each issue: `python tests/benchmarks/record.py NAME`.

The row NAME is added, or measured again. What stands beside it are the rows before: a ratio that has grown by more
than a tenth over the best of them is printed, and `tests/test_benchmark_results.py` fails until the row says why, under
"reasons". Ratios alone are kept, each of two contenders timed in turns on one machine, so that machines may differ.

    python tests/benchmarks/record.py "12 the house"
    python tests/benchmarks/record.py "12 the house" --quick    # fewer turns: not for the file's last word
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import bench_eager
import bench_graph
from native.table import versions, write

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
GROWN = 1.1  # how much larger than before a ratio may be without a reason
STARTS = 31


def eager() -> dict[str, float]:
    """Beside micrograd."""
    return {f"eager: {title}": ratio for title, ratio in bench_eager.ratios().items()}


def graphs() -> dict[str, float]:
    """How far time and memory per node grow from a graph of 10^4 nodes to one of 10^6; flat is 1."""
    small, large = (bench_graph.times(size) for size in (10**4, 10**6))
    return {
        f"graph: {what} of 10^6 nodes, beside 10^4": b / a for what, a, b in zip(("forward", "backward"), small, large)
    }


def start() -> dict[str, float]:
    """The time of a Python that imports the package, beside one that imports nothing."""

    environment = {name: item for name, item in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def seconds(program: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True, env=environment)
        return time.perf_counter() - begin

    seconds("import nn, nn.page")  # compiles what has no bytecode yet
    return {
        f"start: import {name}": statistics.median(seconds(f"import {name}") / seconds("pass") for _ in range(STARTS))
        for name in ("autograd", "nn")
    }


def compiled(quick: bool) -> dict[str, float]:
    """Beside C, JAX, CasADi and others."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        for program in ("bench_native.py", "bench_arrays.py"):
            command = [sys.executable, str(HERE / program), "--json", str(path), *(["--quick"] if quick else [])]
            subprocess.run(command, check=False)
            lines += json.loads(path.read_text(encoding="utf-8"))["lines"]
    return {f"{each['row']}: {each['what']}, {each['peer']}": each["ratio"] for each in lines if each["ratio"]}


def best_before(rows: list[dict[str, Any]], name: str) -> dict[str, float]:
    """The smallest ratio of each benchmark in the rows before this one."""
    best: dict[str, float] = {}
    for row in rows:
        if row["name"] == name:
            break
        for what, ratio in row["ratios"].items():
            best[what] = min(ratio, best.get(what, ratio))
    return best


def main() -> int:
    parser = argparse.ArgumentParser(prog="record.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="the row: the issue's number and a word or two")
    parser.add_argument("--quick", action="store_true", help="fewer turns")
    parser.add_argument("--file", type=Path, default=RESULTS, help="where the rows are (default: results.json)")
    chosen = parser.parse_args()
    rows = json.loads(chosen.file.read_text(encoding="utf-8")) if chosen.file.exists() else []
    ratios = start() | eager() | graphs() | compiled(chosen.quick)
    row = {"name": chosen.name, "versions": versions(), "ratios": {k: float(f"{v:.3g}") for k, v in ratios.items()}}
    place = next((i for i, old in enumerate(rows) if old["name"] == chosen.name), len(rows))
    row["reasons"] = rows[place]["reasons"] if place < len(rows) else {}
    rows[place : place + 1] = [row]
    write(chosen.file, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    best = best_before(rows, chosen.name)
    for what, ratio in row["ratios"].items():
        grown = what in best and ratio > GROWN * best[what]
        print(f"{ratio:>8.3g}  {best.get(what, float('nan')):>8.3g} before  {'GREW  ' if grown else '      '}{what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
