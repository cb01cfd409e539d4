"""`python -m native.cold LIBRARY`: after the imports, the seconds from nothing to the trained weights, as JSON."""

from __future__ import annotations

import json
import sys
import time

from native import libraries
from native.article import WEIGHTS, training
from native.measuring import numbers


def main() -> None:
    library = getattr(libraries, sys.argv[1])()
    if sys.argv[1] == "ours":
        import llvmlite.binding  # noqa: F401  an import too, which the first compilation would do
    start = time.perf_counter()
    result = library.settle(training(library)(WEIGHTS))
    seconds = time.perf_counter() - start
    print(json.dumps([seconds, numbers(result)]))


if __name__ == "__main__":
    main()
