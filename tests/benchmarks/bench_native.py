"""Compiled speed beside hand-written C, JAX, CasADi and others, as a table of ratios.

    pip install -e .[jit] -r tests/benchmarks/requirements.txt
    python tests/benchmarks/bench_native.py              # all rows
    python tests/benchmarks/bench_native.py call --quick  # one, with fewer turns

Each row runs in a process of its own. There, all contenders are prepared, their numbers are compared, and then they
are timed in turns, so that a change in the machine's speed meets all: a figure is the median over the turns, a ratio
the median of the turns' own ratios. A contender that this machine does not have is named as missing.
"""

from __future__ import annotations

import sys

from native import article, calls, graphs, unbounded
from native.table import Row, run

ROWS = {
    "article-loop": Row(article.article_loop),
    "article-cold": Row(article.article_cold),
    "article-batch": Row(article.article_batch, one_core=True),
    "article-threads": Row(article.article_threads),
    "call": Row(calls.call),
    "rosenbrock": Row(calls.rosenbrock_row),
    "straight-line": Row(graphs.straight_line),
    "determinant": Row(graphs.determinant_row),
    "loops": Row(unbounded.rows),
}


if __name__ == "__main__":
    sys.exit(run(ROWS, __doc__))
