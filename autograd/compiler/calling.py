"""How a compiled graph is called from Python: arguments into memory, the run, results out of it.

A call should cost about as much as the conversions that it cannot do without. For arguments of one structure a function
is written whose source checks it, packs the numbers, runs the code, and builds the result in one expression.
"""

from __future__ import annotations

import functools
import struct
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd.compiler.arguments import Signature
from autograd.compiler.backends import interpreter
from autograd.compiler.backends.interpreter import Array, GuardFailed
from autograd.compiler.backends.llvm import compile as llvm
from autograd.engine.recording import current
from autograd.engine.value import Value
from autograd.engine.watching import level_of_the_caller
from autograd.errors import HistoryLimitError
from autograd.primitives.row import MOST_COUNTED, NOT_NATIVE, Primitive, is_array
from autograd.program.graph import NUMBER, PREDICATE, Branch, ConstantArray, Graph, Kind, Loop
from autograd.program.lowering import lowered
from autograd.program.tracing.expansion import expanded


def as_array(item: Any) -> Any:
    """A contiguous NumPy array of floats, or a constant one, as the interpreter's; anything else as it is."""
    if isinstance(item, ConstantArray):
        return Array(item.numbers, item.shape)
    return Array(memoryview(item).cast("B").cast("d"), item.shape) if is_array(item) else item


class CallFailed(Exception):
    """A function of the user's, a primitive's `evaluate`, raised during a run."""


def program_of(
    graph: Graph, threads: int, fastmath: bool, cache: Any, backend: str, history_limit: int
) -> Interpreted | Native:
    """What runs a graph: machine code, or the interpreter where that is asked for or LLVM is not installed."""
    if backend == "interpreter" or (backend == "auto" and not _llvm_is_there()):
        return Interpreted(graph, history_limit)
    program = llvm.compile(
        lowered(expanded(graph)), threads=threads, fastmath=fastmath, cache=cache, history_limit=history_limit
    )
    return Native(program, graph)


@functools.cache
def _llvm_is_there() -> bool:
    if llvm.available():
        return True
    warnings.warn(
        "llvmlite is not installed, and compiled functions run in Python, slowly: "
        "pip install 'scalar-autograd[jit]'",
        RuntimeWarning,
        stacklevel=level_of_the_caller(),
    )
    return False


class Interpreted:
    """A graph run by the reference backend, on floats and contiguous NumPy arrays of floats."""

    def __init__(self, graph: Graph, history_limit: int) -> None:
        self.graph, self.history_limit = graph, history_limit

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        try:
            with interpreter.limited(self.history_limit):
                results = interpreter.run(self.graph, [as_array(item) for item in inputs])
        except (GuardFailed, HistoryLimitError):
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
        items = [item.ctypes.data if kind else item for item, kind in zip(inputs, self.inputs)]
        places = [0.0 if item is None else item.ctypes.data for item in arrays]
        frame = self.frames.pop() if self.frames else self.program.frame()
        failed = -1
        try:
            self.pack(frame.buffer, 0, *items, *places)
            failure = self.program.failure
            failed = self.program.function(frame.address)
            results = self.unpack(frame.buffer, self.offset)
        finally:
            if failed == -1 or not self.program.histories:  # which else may be large, and have not been let go
                self.frames.append(frame)
        if failed != -1:
            raise self.program.failure_of(failed)
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
    native: Native, signature: Signature, outside: list[Value], unchanged: Callable[[], bool] | None,
    results: tuple[Any, list[Any]], slow: Callable[..., Any],
) -> Callable[..., Any] | None:
    """A function that runs the code on arguments of this structure; `slow(args, kwargs)` where they are of another.

    Parameters: `outside`, the Values that the code reads, as long as all is `unchanged`; `results`, the spec of the
    result, and for each of its blocks a kind and a place among the outputs.

    None where the code calls back into Python, where there are keyword arguments, or where a structure holds another
    type than a list, a tuple or a dict.
    """
    _, _, (positional, named), _ = signature.spec
    if native.calls_back or named[1]:
        return None
    names: dict[str, Any] = {}
    arguments = [f"x{i}" for i in range(len(positional[2]))]
    checks: list[str] = []
    packed: list[str] = []
    remaining = iter(signature.kinds)
    known = [_take(child, name, remaining, checks, packed) for child, name in zip(positional[2], arguments)]
    if not all(known):
        return None
    arrays = {place: kind for place, kind in enumerate(native.outputs) if kind}
    blocks = iter([_block(kind, place) for kind, place in results[1]])
    result = _expression(results[0], blocks, names)
    if result is None:
        return None
    values = {f"v{i}": value for i, value in enumerate(outside)}
    if unchanged is not None:
        checks.append("unchanged()")
        names["unchanged"] = unchanged
    packed += [f"{name}._number" for name in values]
    if arrays:
        packed += [f"r{place}.{_ADDRESS}" if kind else "0.0" for place, kind in enumerate(native.outputs)]
    makes = "; ".join(f"r{place} = empty({kind})" for place, kind in arrays.items()) or "pass"
    comma = "," if len(arguments) == 1 else ""
    source = f"""
def quick({', '.join(arguments)}):
    if {' and '.join([*checks, 'current().quick'])}:
        {makes}
        try:
            frame = frames.pop()
        except IndexError:
            frame = new()
        buffer = frame.buffer
        pack(buffer, 0{''.join(f', {item}' for item in packed)})
        if run(frame.address) == -1:
            o = unpack(buffer, {native.offset})
            frames.append(frame)
            return {result}
        {"pass" if native.program.histories else "frames.append(frame)"}
    return slow(({', '.join(arguments)}{comma}), {{}})
"""
    program = native.program
    numpy = sys.modules.get("numpy")
    kinds = [*native.inputs, *(native.outputs if arrays else [])]
    namespace = {
        "current": current, "frames": native.frames, "new": program.frame, "run": program.function, "slow": slow,
        "pack": struct.Struct("".join("Q" if kind else "d" for kind in kinds)).pack_into, "unpack": native.unpack,
        "floats": {float}, "ndarray": getattr(numpy, "ndarray", None), "empty": getattr(numpy, "empty", None),
        "double": numpy.dtype(float) if numpy is not None else None, "as_kind": as_kind, **names, **values,
    }
    exec(source, namespace)
    quick: Callable[..., Any] = namespace["quick"]
    return quick


def as_kind(kind: Any, item: Any) -> Any:
    """A block of a result as one of truths or, as far as floats count every one, of whole numbers."""
    if kind is PREDICATE:
        return item != 0.0
    if kind == ("int",):
        return int(item) if abs(item) <= MOST_COUNTED else item
    if kind[0] == "bool":
        return item.astype(bool)
    return item.astype(int) if (abs(item) <= MOST_COUNTED).all() else item


def is_of_numbers(kind: Any) -> bool:
    """Whether a block of this kind has a derivative, unlike one of truths or whole numbers."""
    return kind is not PREDICATE and not (kind and type(kind[0]) is str)


_ADDRESS = "__array_interface__['data'][0]"  # in a quarter of the time that ctypes.data takes


def _take(spec: Any, name: str, kinds: Iterator[Any], checks: list[str], packed: list[str]) -> bool:
    """Add the checks of an argument's structure, and what is packed of it; False where it cannot be written."""
    if spec == "block":
        kind = next(kinds)
        if kind == NUMBER:
            checks.append(f"type({name}) is float")
            packed.append(name)
        else:
            checks.append(f"type({name}) is ndarray and {name}.dtype == double and {name}.shape == {kind}")
            checks.append(f"{name}.flags.c_contiguous")
            packed.append(f"{name}.{_ADDRESS}")
        return True
    if spec == "none" or spec[0] not in (list, tuple):
        return False
    nest, _, children, _ = spec
    checks.append(f"type({name}) is {nest.__name__} and len({name}) == {len(children)}")
    if children and all(child == "block" for child in children):
        own = [next(kinds) for _ in children]
        if not any(own):
            checks.append(f"{{*map(type, {name})}} == floats")
            packed.append(f"*{name}")
            return True
        kinds = iter(own)
    known = [_take(child, f"{name}[{i}]", kinds, checks, packed) for i, child in enumerate(children)]
    return all(known)


def _block(kind: Any, place: int) -> str:
    item = f"r{place}" if kind and kind != ("int",) else f"o[{place}]"
    return item if is_of_numbers(kind) else f"as_kind({kind!r}, {item})"


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


