"""The C that a compiled function shows, built with the platform's compiler and called on the same arguments."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from autograd.program.graph import PREDICATE
from autograd.program.nests import take_apart

COMPILER = shutil.which("cc") or "gcc"
FLAGS = ["-std=c99", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared", "-fPIC"]
MOST_SINGLE = 16  # numbers beyond this many come and go in one array, as the comment at the head of the file says


class InC:
    """The C of what a compiled function ran last. A call returns the numbers and arrays of the result in one list."""

    def __init__(self, compiled: Any) -> None:
        graph, source = compiled.graph, compiled.c_source("f")
        self.inputs = graph.kinds[: graph.inputs]
        self.outputs = [graph.kinds[output] for output in graph.outputs]
        with tempfile.TemporaryDirectory() as folder:
            file, library = Path(folder, "f.c"), Path(folder, "f.so")
            file.write_text(source)
            done = subprocess.run(
                [COMPILER, *FLAGS, str(file), "-o", str(library), "-lm"], capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, ""), done.stderr[:3000]
            self.function = ctypes.CDLL(str(library)).f
        self.has_status = re.search(r"^int f\(", source, re.MULTILINE) is not None
        self.function.restype = ctypes.c_int if self.has_status else None

    def __call__(self, *args: Any) -> list[Any]:
        blocks, _ = take_apart((args, {}))
        assert len(blocks) == len(self.inputs), "the graph has other inputs than these arguments"
        given = [np.array(item, dtype=float).reshape(kind or 1) for item, kind in zip(blocks, self.inputs)]
        targets = [np.zeros(kind or 1, dtype=np.intc if kind is PREDICATE else float) for kind in self.outputs]
        status = self.function(*self._arguments(given, True), *self._arguments(targets, False))
        assert not self.has_status or status == 0, f"guard {status} met another outcome"
        return [
            target if kind else bool(target[0]) if kind is PREDICATE else target[0].item()
            for target, kind in zip(targets, self.outputs)
        ]

    def _arguments(self, items: list[np.ndarray], by_value: bool) -> list[Any]:
        kinds = self.inputs if by_value else self.outputs
        numbers = [i for i, kind in enumerate(kinds) if kind == ()]
        arguments: list[Any] = []
        if len(numbers) > MOST_SINGLE:  # one array, which comes first
            shared = np.array([items[i][0] for i in numbers], dtype=float)
            arguments.append(shared.ctypes.data_as(ctypes.c_void_p))
            for place, i in enumerate(numbers):
                items[i] = shared[place : place + 1]  # a view, through which a result is seen
        for item, kind in zip(items, kinds):
            if kind == () and len(numbers) > MOST_SINGLE:
                continue
            if by_value and not kind:
                arguments.append(ctypes.c_int(int(item[0])) if kind is PREDICATE else ctypes.c_double(item[0]))
            else:
                arguments.append(item.ctypes.data_as(ctypes.c_void_p))
        return arguments
