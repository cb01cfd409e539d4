"""Work on whole arrays: in ours in several styles, in JAX and in C; how it is measured.

A problem is a function of arrays, written once for both libraries in NumPy's style, and in ours again as loops and
batches of numbers.
"""

from __future__ import annotations

import os

from native import cameras, clusters, libraries, motion, networks, reductions
from native.cold import ColdRun, child_clock
from native.libraries import Library
from native.measuring import Contender, Effort, Line, NotYetError, Run, Task, compare
from native.problem import Problem

COMPILES_WITHIN = 20.0  # seconds; what takes longer is not measured


PROBLEMS: dict[str, Problem] = {
    **reductions.PROBLEMS, **clusters.PROBLEMS, **motion.PROBLEMS, **cameras.PROBLEMS, **networks.PROBLEMS,
}


def prepared(library_name: str, row: str, style: str) -> Run:
    """The run of a row in a style, whose first call compiles."""
    library: Library = getattr(libraries, library_name)()
    problem = PROBLEMS[row]
    arguments = [library.array(argument) for argument in problem.arguments()]
    if library_name == "ours":
        threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        function = library.jit(problem.styles[style](library), threads=threads)
    else:
        function = library.jit((problem.jax or next(iter(problem.styles.values())))(library))
    return lambda: library.settle(function(*arguments))


def measure(row: str, effort: Effort) -> list[Line]:
    """The lines of a row: of each style the seconds to compile, and the times of a call, beside JAX and C.

    Compiled first of all in a process of its own, which is given up after `COMPILES_WITHIN` seconds.
    """
    problem = PROBLEMS[row]
    lines = []
    for style in problem.styles:
        once = Task(row, f"{problem.what}, {style}", "µs", 1e6, effort)
        cold = Task(row, f"the same, {style}, record and compile", "s", 1.0, Effort(effort.seconds / 2.0, 2, 5))
        ours = ColdRun("ours", row, style, limit=COMPILES_WITHIN)
        try:
            ours()
        except NotYetError as error:
            lines.append(Line(row, once.what, "µs", None, "", None, None, None, our_note=f"not yet: {error}"))
            continue
        lines += compare(once, Contender("ours", lambda style=style: prepared("ours", row, style)), [
            Contender("JAX", lambda: prepared("jax", row, ""), problem.beside_jax),
            *([Contender("C, gcc -O3", lambda: problem.c(problem.arguments()), problem.beside_c)] * bool(problem.c)),
        ])
        lines += compare(cold, Contender("ours", lambda ours=ours: ours, clock=child_clock), [
            Contender("JAX", lambda: ColdRun("jax", row, ""), clock=child_clock),
        ], limit=problem.seconds)
    return lines
