"""Programs that start Python anew, and measure themselves once their imports are done.

`python -m native.cold LIBRARY`: the seconds from nothing to the article's trained weights, and these, as JSON;
`python -m native.cold LIBRARY ROW STYLE`: the same of a first call of a row of `bench_arrays.py`.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
import warnings
from itertools import islice
from pathlib import Path
from typing import Any

from native import libraries
from native.measuring import MissingPeerError, NotYetError, Run, numbers

SHOWN = 1000  # how many of the numbers are handed to the parent


class ColdRun:
    """A run that starts Python anew; it returns the child's numbers and keeps the seconds that the child measured.

    Raises, when run: `NotYetError` where it takes more than `limit` seconds or cannot be compiled.
    """

    def __init__(self, library: str, *work: str, limit: float | None = None) -> None:
        self.command = [sys.executable, "-m", "native.cold", library, *work]
        self.environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self.limit, self.seconds = limit, math.nan

    def __call__(self) -> Any:
        try:
            done = subprocess.run(self.command, capture_output=True, text=True, env=self.environment,
                                  cwd=Path(__file__).resolve().parent.parent, timeout=self.limit)
        except subprocess.TimeoutExpired:
            raise NotYetError(f"over {self.limit:g} s to compile and run") from None
        if done.returncode:
            kind, _, message = done.stderr.strip().splitlines()[-1].partition(": ")
            if kind in ("ImportError", "ModuleNotFoundError"):
                raise MissingPeerError(message)
            raise (NotYetError if self.limit else RuntimeError)(f"{kind}: {message}" if self.limit else done.stderr)
        self.seconds, result = json.loads(done.stdout)
        return result


def child_clock(run: Run, repeats: int) -> float:
    """The child's own seconds, of one run however many were asked for: a start of Python takes long enough."""
    assert isinstance(run, ColdRun)
    run()
    return run.seconds


def main() -> None:
    name, *work = sys.argv[1:]
    library = getattr(libraries, name)()
    if name == "ours":
        import llvmlite.binding  # noqa: F401  an import too, which the first compilation would do
    run: Run
    if work:
        from native.problems import prepared

        warnings.simplefilter("error")  # what is not compiled says so
        run = prepared(name, *work)
    else:
        from native.article import WEIGHTS, training

        run = lambda: library.settle(training(library)(WEIGHTS))
    start = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - start
    print(json.dumps([seconds, [*islice(numbers(result), SHOWN)]]))


if __name__ == "__main__":
    main()
