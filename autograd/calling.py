"""How a compiled graph is called from Python: arguments into memory, the run, results out of it.

A call of a few floats should cost about as much as the conversions that it cannot do without. For it a function is
written whose source packs the floats, runs the code, and builds the result in one expression.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any

from autograd.backends import interpreter
from autograd.backends.interpreter import Array, GuardFailed
from autograd.graph import PREDICATE, Branch, ConstantArray, Graph, Kind, Loop
from autograd.recording import current
from autograd.rows import NOT_NATIVE, Primitive, is_array
from autograd.value import Value


def as_array(item: Any) -> Any:
    """A contiguous NumPy array of floats, or a constant one, as the interpreter's; anything else as it is."""
    if isinstance(item, ConstantArray):
        return Array(item.numbers, item.shape)
    return Array(memoryview(item).cast("B").cast("d"), item.shape) if is_array(item) else item


class CallFailed(Exception):
    """A function of the user's, a primitive's `evaluate`, raised during a run."""


class Interpreted:
    """A graph run by the reference backend, on floats and contiguous NumPy arrays of floats."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        try:
            results = interpreter.run(self.graph, [as_array(item) for item in inputs])
        except GuardFailed:
            raise
        except Exception as error:  # whatever a user's function raises
            raise CallFailed from error
        return [_as_numpy(item) if isinstance(item, Array) else item for item in results]


def _as_numpy(item: Array) -> Any:
    numpy = sys.modules["numpy"]
    return numpy.array(item.flat(), dtype=float).reshape(item.shape)


class Native:
    """A graph run as machine code, on floats and contiguous NumPy arrays of floats.

    A frame of memory holds the inputs, then the outputs: a number each, or the address of an array. Frames that are not
    in use wait in a list, so that every thread has one of its own during a call.
    """

    def __init__(self, program: Any, graph: Graph) -> None:
        self.program = program
        self.llvm_ir: str = program.llvm_ir
        self.object_bytes: int = program.object_bytes
        self.calls_back = _calls_back(graph)
        self.inputs = graph.kinds[: graph.inputs]
        self.outputs: list[Kind] = [graph.kinds[output] for output in graph.outputs]
        codes = "".join("Q" if kind else "d" for kind in (*self.inputs, *self.outputs))
        self.pack = struct.Struct(codes).pack_into
        self.unpack = struct.Struct(f"{len(self.outputs)}d").unpack_from
        self.offset = 8 * len(self.inputs)
        self.frames: list[Any] = []

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        arrays = [self._empty(kind) if kind else None for kind in self.outputs]
        items = [item.ctypes.data if is_array(item) else item for item in inputs]
        places = [0.0 if item is None else item.ctypes.data for item in arrays]
        frame = self.frames.pop() if self.frames else self.program.frame()
        try:
            self.pack(frame.buffer, 0, *items, *places)
            failure = self.program.failure
            failed = self.program.function(frame.address)
            results = self.unpack(frame.buffer, self.offset)
        finally:
            self.frames.append(frame)
        if failed >= 0:
            raise GuardFailed(failed)
        if self.program.failure is not failure:  # during this call, here or in another thread
            raise CallFailed from self.program.failure
        return [number if item is None else item for number, item in zip(results, arrays)]

    @staticmethod
    def _empty(kind: Any) -> Any:
        return sys.modules["numpy"].empty(kind, dtype=float)  # there is an array only where NumPy was imported


def _calls_back(graph: Graph) -> bool:
    """Whether a row has to be computed by its Python function."""
    return any(
        operation.native == NOT_NATIVE
        if isinstance(operation, Primitive)
        else isinstance(operation, Loop | Branch) and any(map(_calls_back, operation.graphs))
        for operation in graph.operations
    )


def quick_call(
    native: Native, count: int, outside: list[Value], spec: Any, parts: list[Any], slow: Callable[..., Any]
) -> Callable[..., Any] | None:
    """A function of `count` floats that runs the code; `slow(args, kwargs)` where it cannot.

    None where the code calls back into Python, where an input or a result is an array, or where the result's structure
    cannot be written as an expression.
    """
    if native.calls_back or any(native.inputs) or any(native.outputs):
        return None
    blocks = iter(f"o[{place}] != 0.0" if kind is PREDICATE else f"o[{place}]" for kind, place in parts)
    names: dict[str, Any] = {}
    result = _expression(spec, blocks, names)
    if result is None:
        return None
    arguments = [f"x{i}" for i in range(count)]
    values = {f"v{i}": value for i, value in enumerate(outside)}
    comma = "," if count == 1 else ""
    same = " is ".join([*(f"type({name})" for name in arguments), "float"]) if arguments else "True"
    packed = "".join(f", {name}" for name in [*arguments, *(f"{name}._number" for name in values)])
    source = f"""
def quick({', '.join(arguments)}):
    if {same} and current().plain:
        try:
            frame = frames.pop()
        except IndexError:
            frame = new()
        buffer = frame.buffer
        pack(buffer, 0{packed})
        if run(frame.address) == -1:
            o = unpack(buffer, {native.offset})
            frames.append(frame)
            return {result}
        frames.append(frame)
    return slow(({', '.join(arguments)}{comma}), {{}})
"""
    program = native.program
    namespace = {
        "current": current, "frames": native.frames, "new": program.frame, "run": program.function, "slow": slow,
        "pack": struct.Struct(f"{len(native.inputs)}d").pack_into, "unpack": native.unpack, **names, **values,
    }
    exec(source, namespace)
    quick: Callable[..., Any] = namespace["quick"]
    return quick


def _expression(spec: Any, blocks: Any, names: dict[str, Any]) -> str | None:
    """The nest of this spec as a Python expression; None where it holds another type than a list, tuple or dict."""
    if spec == "block":
        block: str = next(blocks)
        return block
    if spec == "none":
        return "None"
    kind, keys, children, shown = spec
    items = [_expression(child, blocks, names) for child in children]
    if kind not in (list, tuple, dict) or None in items:
        return None
    if kind is list:
        return f"[{', '.join(map(str, items))}]"
    if kind is tuple:
        return f"({', '.join(map(str, items))}{',' if len(items) == 1 else ''})"
    place = len(names)
    names.update({f"k{place + i}": key for i, key in enumerate(shown)})
    by_key = dict(zip(keys, items))
    return "{" + ", ".join(f"k{place + i}: {by_key[key]}" for i, key in enumerate(shown)) + "}"


