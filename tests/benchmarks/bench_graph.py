"""Time and memory per node of graphs of 10^3 to 10^6 nodes: run this file.

A graph is a chain of products and sums, long and deep. Its bytes are what Python allocated for it, counted by
tracemalloc in a second pass, which takes no times; those after the drop say what it left behind. The figures of each
column should stay flat: time and memory grow with the number of nodes and no faster.

Graphs need no garbage collector, and the times are taken without it. The column beside them, with it, is not flat:
while a large graph is being recorded, the collector goes through all of it each time that it has grown by a quarter.
"""

from __future__ import annotations

import gc
import platform
import time
import tracemalloc
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from autograd import Value

SIZES = [10**3, 10**4, 10**5, 10**6]
NODES_IN_ALL = 10**6  # small graphs are made often enough that each row is as many nodes


def chain(nodes: int) -> Value:
    """An output computed from one leaf by `nodes` operations."""
    x = Value(0.999)
    out = x
    for _ in range(nodes // 2):
        out = out * x + 0.001
    return out


def seconds(action: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = action()
    return time.process_time() - start, result


def times(nodes: int) -> list[float]:
    """Nanoseconds per node of the forward pass, the backward pass, and the drop: the best of the repetitions."""
    best = [float("inf")] * 3
    for _ in range(max(3, NODES_IN_ALL // nodes)):
        holder = []
        forward, out = seconds(lambda: chain(nodes))
        backward, _ = seconds(out.backward)
        holder.append(out)
        del out
        drop, _ = seconds(holder.clear)
        best = [min(pair) for pair in zip(best, (forward, backward, drop))]
    return [figure / nodes * 1e9 for figure in best]


def memory(nodes: int) -> list[float]:
    """Bytes per node after the forward pass, at the peak of the backward pass, after it, and after the drop."""
    chain(10).backward()
    tracemalloc.start()
    start = tracemalloc.get_traced_memory()[0]
    out = chain(nodes)
    forward = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    out.backward()
    backward, peak = tracemalloc.get_traced_memory()
    del out
    left = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return [(figure - start) / nodes for figure in (forward, peak, backward, left)]


def main() -> None:
    print(f"Python {platform.python_version()}, scalar-autograd {version('scalar-autograd')}; each figure is per node")
    print(f"{'nodes':>9} | {'forward':>9}{'backward':>10}{'drop':>7} ns | {'forward with collector':>23} ns | "
          f"{'forward':>9}{'peak':>7}{'backward':>10}{'dropped':>9} bytes")
    for nodes in SIZES:
        collected = times(nodes)[0]
        gc.disable()
        forward, backward, drop = times(nodes)
        gc.enable()
        recorded, peak, differentiated, left = memory(nodes)
        print(f"{nodes:>9,} | {forward:>9.0f}{backward:>10.0f}{drop:>7.0f} ns | {collected:>23.0f} ns | "
              f"{recorded:>9.0f}{peak:>7.0f}{differentiated:>10.0f}{left:>9.2f} bytes")


if __name__ == "__main__":
    main()
