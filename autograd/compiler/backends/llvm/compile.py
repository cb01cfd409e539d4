"""Graphs as machine code, through LLVM: the text of a module (`entry`), compiled and loaded (`machine`)."""

from __future__ import annotations

import ctypes
import functools
import math
import os
import time
from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any
from weakref import finalize

from autograd.compiler.backends.angles import LLVM_MODULE, LLVM_SYMBOLS
from autograd.compiler.backends.interpreter import Array, GuardFailed
from autograd.compiler.backends.llvm import entry, machine
from autograd.compiler.backends.llvm.packing import packed
from autograd.compiler.backends.llvm.steps.histories import FULL
from autograd.errors import FULL_HISTORY, HistoryLimitError
from autograd.primitives.row import Primitive
from autograd.program.graph import Graph
from autograd.program.tracing.memory import HISTORY_LIMIT

available = machine.available

_RUN = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_size_t)
_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_size_t, ctypes.c_int64)
_KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int64, ctypes.c_int64)
_PARALLEL = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_size_t, ctypes.c_int64)
_ALIGNMENT = 64


def compile(
    graph: Graph, *, fastmath: bool = False, threads: int = 1, cache: str | os.PathLike[str] | None = None,
    history_limit: int = HISTORY_LIMIT,
) -> Program:
    """Compile a graph for this machine.

    Parameters
    - `fastmath`: let the compiler reassociate and contract arithmetic; nan and infinities keep their meaning;
    - `threads`: how many share the samples of a large batch; the bits of the results do not depend on it;
    - `cache`: a folder in which the machine code is kept for the next time;
    - `history_limit`: the bytes that the histories of a run may take.

    Raises: `MissingDependencyError` where llvmlite is not installed.
    """
    folder = None if cache is None else Path(cache)
    return Program(graph, fastmath=fastmath, threads=threads, cache=folder, history_limit=history_limit)


class Frame:
    """The memory of one run at a time: inputs, outputs, and the workspace, in places of eight bytes."""

    __slots__ = ("__weakref__", "address", "buffer", "memory")

    def __init__(self, size: int) -> None:
        self.memory = ctypes.create_string_buffer(8 * size + _ALIGNMENT)
        start = -ctypes.addressof(self.memory) % _ALIGNMENT
        self.address = ctypes.addressof(self.memory) + start
        self.buffer = memoryview(self.memory).cast("B")[start : start + 8 * size]


@functools.cache
def _angles(folder: Path | None) -> bytes:
    return machine.compiled(LLVM_MODULE, 2, folder)


class Program:
    """A compiled graph.

    Attributes
    - `function`: runs on the frame at an address; returns -1, or the number of the first guard that failed, from 0;
    - `llvm_ir`: the text as it was written, before it is optimised;
    - `object_bytes`, `seconds`: the size of the machine code, and the time that it took to make;
    - `failure`: what was raised last by a row's `evaluate` that was called back, in place of which the result is nan,
      or while threads ran; a result of that run is not to be used.
    """

    def __init__(
        self, graph: Graph, *, fastmath: bool, threads: int, cache: Path | None, history_limit: int
    ) -> None:
        begin = time.perf_counter()
        self.graph, self.threads, self._limit = graph, threads, history_limit
        self.failure: BaseException | None = None
        self._module = module = entry.write(
            packed(graph), threads=threads, fastmath=fastmath, fma=machine.has_fma(), width=machine.width(),
            known=machine.known,
        )
        self.llvm_ir = module.support + module.code
        whole = not module.support and "@part" not in module.code
        objects = [machine.compiled(module.code, 3 if whole else 0, cache)]
        if module.support:
            objects.append(machine.compiled(module.support, 2, cache))
        if any(symbol in self.llvm_ir for symbol in LLVM_SYMBOLS.values()):
            objects.append(_angles(cache))
        self._engine = machine.Engine(objects)
        self.function: Callable[[int], int] = _RUN(self._engine.address("run"))
        self.object_bytes = sum(map(len, objects))
        self.histories = bool(module.histories)
        self._release = _RELEASE(self._engine.address("release")) if module.histories else None
        self._kernels = [_KERNEL(self._engine.address(f"kernel{i}")) for i in range(len(module.kernels))]
        self._pool = ThreadPoolExecutor(threads) if self._kernels else None
        self._callbacks = {place: self._callback(row) for row, place in module.callbacks.items()}
        if self._kernels:
            self._callbacks[module.parallel] = _PARALLEL(self._shared)
        self.seconds = time.perf_counter() - begin

    def _callback(self, row: Primitive) -> Any:
        """A row's `evaluate`, to be called from machine code."""
        evaluate = row.evaluate

        def called(*numbers: float) -> float:
            try:
                return float(evaluate(*numbers))
            except Exception as error:
                self.failure = error
                return math.nan

        return ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * len(row.partials))(called)

    def _shared(self, number: int, frame: int, blocks: int) -> None:
        """As `_share`; what goes wrong cannot pass through machine code."""
        try:
            self._share(number, frame, blocks)
        except BaseException as error:  # an interrupt, too, leaves samples that were not computed
            self.failure = error

    def _share(self, number: int, frame: int, blocks: int) -> None:
        """Run a kernel on all blocks, a range of them in each thread."""
        assert self._pool is not None
        kernel, module = self._kernels[number], self._module
        ranges = [blocks * i // self.threads for i in range(self.threads + 1)]
        own = frame + 8 * (module.header + module.workspace)
        step = 8 * self._own
        waiting = [
            self._pool.submit(kernel, frame, own + i * step, ranges[i], ranges[i + 1])
            for i in range(1, self.threads)
            if ranges[i] < ranges[i + 1]
        ]
        try:
            if ranges[1]:
                kernel(frame, own, 0, ranges[1])
        finally:
            wait(waiting)  # also after an interrupt, for the frame is used again
        for thread in waiting:
            thread.result()

    @property
    def _own(self) -> int:
        """The slots of a thread's own memory: whole pages, for threads that write to one cache line slow each other."""
        return -(-max(self._module.kernels, default=0) // 512) * 512 + 512

    def frame(self) -> Frame:
        """Memory for runs, one at a time."""
        module = self._module
        frame = Frame(module.header + module.workspace + self.threads * self._own)
        places = frame.buffer.cast("Q")
        for place, function in self._callbacks.items():
            places[place] = ctypes.cast(function, ctypes.c_void_p).value or 0
        places[module.budget] = self._limit
        if module.histories:
            finalize(frame, self._let_go, frame.address).atexit = False
        return frame

    def _let_go(self, frame: int) -> None:
        """Free the histories of a frame that is no longer there; the code stays as long as a frame does."""
        assert self._release is not None
        self._release(frame, 0)

    def failure_of(self, status: int) -> Exception:
        """What a run that returned this, which is not -1, failed by."""
        return HistoryLimitError(FULL_HISTORY.format(self._limit)) if status == FULL else GuardFailed(status)

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """The outputs for these inputs: floats, bools and `interpreter.Array`s.

        Raises: `GuardFailed` where a guard meets another outcome than the recorded one.
        """
        graph, frame = self.graph, self.frame()
        numbers, addresses = frame.buffer.cast("d"), frame.buffer.cast("Q")
        kept = []
        for place, item in enumerate(inputs):
            if isinstance(item, Array):
                kept.append(array("d", item.flat()))
                addresses[place] = kept[-1].buffer_info()[0]
            else:
                numbers[place] = item
        results: list[Any] = []
        for place, output in enumerate(graph.outputs, graph.inputs):
            kind = graph.kinds[output]
            results.append(Array.zeros(kind) if kind else None)
            if kind:
                addresses[place] = results[-1].numbers.buffer_info()[0]
        self.failure = None
        guard = self.function(frame.address)
        if self.failure is not None:
            raise self.failure
        if guard != -1:
            raise self.failure_of(guard)
        for i, output in enumerate(graph.outputs):
            if not graph.kinds[output]:
                number = numbers[graph.inputs + i]
                results[i] = number if graph.kinds[output] == () else number != 0.0
        return results
