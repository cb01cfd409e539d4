"""Work on whole arrays beside JAX and hand-written C: NumPy style and loop style, seconds to compile, and ratios.

    pip install -e .[jit] -r tests/benchmarks/requirements.txt
    python tests/benchmarks/bench_arrays.py                      # all rows
    python tests/benchmarks/bench_arrays.py --only ode --quick   # one, with fewer turns

Of each row ours is written in several styles, and JAX in its own; both are compiled, in double precision. A style that
is not compiled, or not within 20 s, is "not yet". Measured as `bench_native.py` measures, in turns, and on one core
unless `--all-cores` is given. What shall not become slower beside all this stands there: `bench_native.py call
article-loop article-batch determinant`.
"""

from __future__ import annotations

import sys
from functools import partial

from native.networks import digits_row
from native.problems import PROBLEMS, measure
from native.table import Row, run

ROWS = {
    **{name: Row(partial(measure, name), one_core=True) for name in PROBLEMS},
    "digits": Row(digits_row, one_core=True),
}

if __name__ == "__main__":
    sys.exit(run(ROWS, __doc__))
