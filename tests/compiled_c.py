"""The C that a compiled function shows, built with the platform's compiler and called like the function itself."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from autograd.graph import PREDICATE
from autograd.trees import build, take_apart

COMPILER = shutil.which("cc") or "gcc"
FLAGS = "-std=c99 -O2 -ffp-contract=off -Wall -Wextra -Wpedantic -Werror -shared -fPIC".split()
MOST_SINGLE = 16  # numbers beyond this many come and go in one array, as the header comment of the file says


class InC:
    """The C of what a compiled function ran last; takes and returns what the function does."""

    def __init__(self, compiled: Any) -> None:
        variant = compiled._shown()
        graph = variant.graph
        self.inputs = graph.kinds[: graph.inputs]
        self.outputs = [graph.kinds[output] for output in graph.outputs]
        self.spec, self.parts = variant.outputs, variant.parts
        assert graph.inputs == len(compiled._last.shapes), "a function that takes Values from outside has more inputs"
        with tempfile.TemporaryDirectory() as folder:
            file, library = Path(folder, "f.c"), Path(folder, "f.so")
            file.write_text(compiled.c_source("f"))
            done = subprocess.run(
                [COMPILER, *FLAGS, str(file), "-o", str(library), "-lm"], capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, ""), done.stderr[:3000]
            self.function = ctypes.CDLL(str(library)).f
            self.status = re.search(r"^int f\(", file.read_text(), re.MULTILINE) is not None
        self.function.restype = ctypes.c_int if self.status else None

    def __call__(self, *args: Any) -> Any:
        blocks, _ = take_apart((args, {}))
        given = [np.ascontiguousarray(item, dtype=float) if kind else item for item, kind in zip(blocks, self.inputs)]
        targets = [np.zeros(kind or 1) if kind is not PREDICATE else (ctypes.c_int * 1)() for kind in self.outputs]
        status = self.function(*self._arguments(given, self.inputs), *self._arguments(targets, self.outputs))
        assert not self.status or status == 0, f"guard {status} met another outcome"
        results = [target if kind else target[0] for target, kind in zip(targets, self.outputs)]
        return build(self.spec, [self._result(kind, results[place]) for kind, place in self.parts])

    def _arguments(self, items: list[Any], kinds: Any) -> list[Any]:
        numbers = [i for i, kind in enumerate(kinds) if kind == ()]
        arguments: list[Any] = []
        if len(numbers) > MOST_SINGLE:
            shared = np.array([np.ravel(items[i])[0] for i in numbers], dtype=float)
            for row, i in enumerate(numbers):
                items[i] = shared[row : row + 1]  # a view, through which a result is seen
        for i, item in enumerate(items):
            if len(numbers) > MOST_SINGLE and kinds[i] == ():
                if i == numbers[0]:
                    arguments.append(shared.ctypes.data_as(ctypes.c_void_p))
            elif isinstance(item, np.ndarray):
                arguments.append(item.ctypes.data_as(ctypes.c_void_p))
            else:
                arguments.append(ctypes.c_double(item) if isinstance(item, float | int) else item)
        return arguments

    @staticmethod
    def _result(kind: Any, result: Any) -> Any:
        if kind is PREDICATE:
            return bool(result)
        if kind and kind[0] == "bool":
            return result.astype(bool)
        return result if kind else float(result)


