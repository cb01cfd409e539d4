"""Graphs by hand, written as C, compiled with all warnings as errors, and run."""

from __future__ import annotations

import ctypes
import math
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graph_program import arguments, flat
from sampling import same

from autograd.compiler.backends import interpreter
from autograd.compiler.backends.c.source import source
from autograd.program.graph import NUMBER, Graph, Kind

COMPILER = shutil.which("cc") or "gcc"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
STRICT = ["-std=c99", *WARNINGS, "-O2", "-ffp-contract=off"]


def compiled(graph: Graph, folder: Path, flags: Sequence[str] = STRICT, name: str = "f", **options: Any) -> Any:
    """A function of the graph's inputs, arrays as lists in row-major order: the status and the outputs."""
    text = source(graph, name, **options)
    file, library = folder / f"{name}.c", folder / f"{name}.so"
    file.write_text(text)
    done = subprocess.run([COMPILER, *flags, "-shared", "-fPIC", str(file), "-o", str(library), "-lm"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000] + text[:3000]
    assert done.stderr == ""
    function = getattr(ctypes.CDLL(str(library)), name)
    function.restype = ctypes.c_int if f"\nint {name}(" in text else None
    output_kinds = [graph.kinds[output] for output in graph.outputs]

    def call(*inputs: Any) -> tuple[int, list[Any]]:
        targets = [_target(kind) for kind in output_kinds]
        # Numbers share an array where they are more than 16; it stands where the first of them stood.
        receivers = _together(targets, output_kinds)
        status = function(*map(_argument, [*_together(inputs, graph.kinds), *receivers])) or 0
        shared = next((item for item in receivers if isinstance(item, list)), None)
        for i, target in enumerate(target for target, kind in zip(targets, output_kinds) if kind == NUMBER):
            if shared is not None:
                target[0] = shared[0][i]
        return status, [target[0] if not kind else list(target) for target, kind in zip(targets, output_kinds)]

    return call


def _target(kind: Kind) -> Any:
    return (ctypes.c_int * 1)() if kind is None else (ctypes.c_double * max(1, math.prod(kind)))()


def _together(items: Sequence[Any], kinds: Sequence[Kind]) -> list[Any]:
    numbers = [item for item, kind in zip(items, kinds) if kind == NUMBER]
    if len(numbers) <= 16:
        return list(items)
    shared = (ctypes.c_double * len(numbers))(*(item if isinstance(item, float) else 0.0 for item in numbers))
    return [[shared], *(item for item, kind in zip(items, kinds) if kind != NUMBER)]


def _argument(item: Any) -> Any:
    if isinstance(item, bool):
        return ctypes.c_int(item)
    if isinstance(item, float):
        return ctypes.c_double(item)
    if isinstance(item, list) and item and not isinstance(item[0], float):
        return item[0]
    return (ctypes.c_double * len(item))(*item) if isinstance(item, list) else item


def interpreted(graph: Graph, *inputs: Any) -> list[Any]:
    return flat(interpreter.run(graph, arguments(graph, inputs)))


def assert_same(graph: Graph, folder: Path, *points: Sequence[Any], **options: Any) -> None:
    """The compiled graph gives the interpreter's bits at these points."""
    function = compiled(graph, folder, **options)
    for point in points:
        status, outputs = function(*point)
        assert status == 0
        for output, expected in zip(outputs, interpreted(graph, *point)):
            if isinstance(expected, list):
                assert len(output) == max(1, len(expected))
                assert all(map(same, output, expected)), (point, output, expected)
            else:
                assert same(output, expected), (point, output, expected)
