"""Random whole programs, on plain dual numbers, eager and compiled: where do they disagree?

    python tests/fuzz.py 1234                    one program, by its seed: what was found, and a small program for it
    python tests/fuzz.py --count 10000           the next ten thousand, on all cores; it goes on where it stopped
    python tests/fuzz.py --start 5 --count 100   these
    python tests/fuzz.py --grids ...             the same with arrays of one to three axes, in NumPy's style

Every program runs eagerly and by the interpreter, every tenth by LLVM too, every fiftieth in C. A program that
disagrees is made smaller as long as it does, and kept in .fuzz/ by its seed. Prints how many a second there were; the
exit status is 1 where one disagreed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from functools import partial
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "helpers"))  # as pytest has it

from program_checks import findings, script, shrunk
from whole_programs import program_of

FOLDER = Path(__file__).parent.parent / ".fuzz"


def run_seed(seed: int, shrink: bool = True, grids: bool = False) -> tuple[int, list[str], str]:
    """The seed, what disagrees in its program, and a text that shows it."""
    program = program_of(seed, grids)
    found = findings(program, llvm=seed % 10 == 0, c=seed % 50 == 0)
    if found and shrink:
        program, found = shrunk(program, found)
    return seed, found, script(program, found) if found else ""


def run_many(start: int | None, count: int, grids: bool) -> int:
    """Run so many seeds on all cores, from `start` or from where the last run stopped; how many disagree."""
    folder = FOLDER / "grids" if grids else FOLDER
    file = folder / "state.json"
    state = json.loads(file.read_text()) if file.exists() else {"next": 0, "found": {}}
    first = state["next"] if start is None else start
    folder.mkdir(parents=True, exist_ok=True)
    began, failed = time.perf_counter(), 0
    with multiprocessing.Pool(maxtasksperchild=100) as pool:
        run = partial(run_seed, grids=grids)
        for done, (seed, found, text) in enumerate(pool.imap(run, range(first, first + count)), 1):
            if found:
                failed += 1
                state["found"][str(seed)] = found
                (folder / f"{seed}.py").write_text(text)
                print(f"seed {seed}:", *found, sep="\n  ", flush=True)
            if start is None:
                state["next"] = seed + 1
            if found or done % 20 == 0 or done == count:
                file.write_text(json.dumps(state, indent=1))
            if done % 100 == 0 or done == count:
                rate = done / (time.perf_counter() - began)
                print(f"{done} programs from seed {first}, {failed} disagree, {rate:.1f} a second", flush=True)
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("seed", type=int, nargs="?")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--start", type=int)
    parser.add_argument("--grids", action="store_true")
    options = parser.parse_args()
    if options.seed is None:
        return 1 if run_many(options.start, options.count, options.grids) else 0
    _, found, text = run_seed(options.seed, grids=options.grids)
    print(text or script(program_of(options.seed, options.grids), ["nothing found"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
