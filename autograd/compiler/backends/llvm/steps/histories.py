"""Histories: arrays that grow as a loop runs, in memory of the C library's.

In the workspace a loop's histories have a place for the number of trips for which there is room, and one for each
address. What was asked for stays for the next time that the loop runs, and up to `KEPT` bytes of it for the next run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from autograd.compiler.backends.llvm.text import Array, Function, contiguous
from autograd.compiler.backends.llvm.writer import Writer
from autograd.program.graph import UNKNOWN

KEPT = 2**23  # more is given back, whose pages then have to be had anew at each run
FULL = -2  # what a run returns for which there was not room enough

DECLARATIONS = ("declare ptr @realloc(ptr, i64)", "declare void @free(ptr)")

# The sizes are those of the parts of a trip in bytes, and at last of all of them.
DEFINITIONS = """
define internal i1 @more_room(ptr %budget, ptr %histories, ptr %sizes, i64 %count, i64 %trips) noinline {
entry:
  %old = load i64, ptr %histories
  %left = load i64, ptr %budget
  %last = getelementptr i64, ptr %sizes, i64 %count
  %each = load i64, ptr %last
  %twice = shl i64 %old, 1
  %first = icmp ugt i64 %twice, 8
  %start = select i1 %first, i64 %twice, i64 8
  %asked = icmp ugt i64 %trips, %start
  %wanted = select i1 %asked, i64 %trips, i64 %start
  %possible = udiv i64 %left, %each
  %most = add i64 %old, %possible
  %affordable = icmp ult i64 %wanted, %most
  %new = select i1 %affordable, i64 %wanted, i64 %most
  %enough = icmp uge i64 %new, %trips
  br i1 %enough, label %next, label %full
next:
  %i = phi i64 [ 0, %entry ], [ %after, %grown ]
  %size_at = getelementptr i64, ptr %sizes, i64 %i
  %size = load i64, ptr %size_at
  %after = add i64 %i, 1
  %place = getelementptr ptr, ptr %histories, i64 %after
  %pointer = load ptr, ptr %place
  %bytes = mul i64 %new, %size
  %moved = call ptr @realloc(ptr %pointer, i64 %bytes)
  %none = icmp eq ptr %moved, null
  br i1 %none, label %full, label %grown
grown:
  store ptr %moved, ptr %place
  %more = icmp ult i64 %after, %count
  br i1 %more, label %next, label %done
done:
  store i64 %new, ptr %histories
  %added = sub i64 %new, %old
  %taken = mul i64 %added, %each
  %rest = sub i64 %left, %taken
  store i64 %rest, ptr %budget
  ret i1 true
full:
  ret i1 false
}
define internal void @less_room(ptr %budget, ptr %histories, ptr %sizes, i64 %count, i64 %kept) noinline {
entry:
  %old = load i64, ptr %histories
  %last = getelementptr i64, ptr %sizes, i64 %count
  %each = load i64, ptr %last
  %bytes = mul i64 %old, %each
  %large = icmp ugt i64 %bytes, %kept
  br i1 %large, label %next, label %done
next:
  %i = phi i64 [ 0, %entry ], [ %after, %next ]
  %after = add i64 %i, 1
  %place = getelementptr ptr, ptr %histories, i64 %after
  %pointer = load ptr, ptr %place
  call void @free(ptr %pointer)
  store ptr null, ptr %place
  %more = icmp ult i64 %after, %count
  br i1 %more, label %next, label %freed
freed:
  store i64 0, ptr %histories
  %left = load i64, ptr %budget
  %rest = add i64 %left, %bytes
  store i64 %rest, ptr %budget
  br label %done
done:
  ret void
}"""


class Histories:
    """Those of one loop, of which each trip leaves parts of these shapes."""

    def __init__(self, writer: Writer, shapes: Sequence[tuple[int, ...]]) -> None:
        self.writer, self.shapes = writer, shapes
        self.place = writer.work.reserve(1 + len(shapes))
        sizes = [8 * max(math.prod(shape), 1) for shape in shapes]
        self.sizes = f"@sizes{len(writer.histories)}"
        writer.histories.append((self.place, self.sizes, [*sizes, sum(sizes)]))
        writer.rows.declarations.update(dict.fromkeys(DECLARATIONS))

    def reach(self, function: Function, trips: str) -> None:
        """Make room for so many trips, or leave."""
        room = function.address("%work", self.place)
        there = function.value(f"load i64, ptr {room}, align 8")
        enough, growing, grown = function.value(f"icmp ule i64 {trips}, {there}"), function.label(), function.label()
        full = function.label()
        function.choose(enough, grown, growing)
        function.open(growing)
        budget = function.address("%frame", self.writer.budget)
        more = function.value(
            f"call i1 @more_room(ptr {budget}, ptr {room}, ptr {self.sizes}, i64 {len(self.shapes)}, i64 {trips})"
        )
        function.choose(more, grown, full)
        function.open(full)
        function.line(f"ret i64 {FULL}")
        function.open(grown)

    def arrays(self, function: Function) -> list[Array]:
        """The histories where they stand now."""
        places = range(self.place + 1, self.place + 1 + len(self.shapes))
        pointers = [function.value(f"load ptr, ptr {function.address('%work', place)}, align 8") for place in places]
        return [contiguous(pointer, 0, (UNKNOWN, *shape)) for pointer, shape in zip(pointers, self.shapes)]


def release(writer: Writer) -> str:
    """The functions of a program with histories; one lets go of those that take more than so many bytes."""
    texts = [
        f"{sizes} = private unnamed_addr constant [{len(bytes_)} x i64] [{', '.join(f'i64 {n}' for n in bytes_)}]"
        for _, sizes, bytes_ in writer.histories
    ]
    lines = [
        f"  %h{place} = getelementptr double, ptr %work, i64 {place}\n"
        f"  call void @less_room(ptr %budget, ptr %h{place}, ptr {sizes}, i64 {len(bytes_) - 1}, i64 %kept)"
        for place, sizes, bytes_ in writer.histories
    ]
    head = [
        "define void @release(i64 %address, i64 %kept) {",
        "  %frame = inttoptr i64 %address to ptr",
        f"  %work = getelementptr double, ptr %frame, i64 {writer.header}",
        f"  %budget = getelementptr double, ptr %frame, i64 {writer.budget}",
    ]
    return "\n".join([*texts, DEFINITIONS, *head, *lines, "  ret void", "}"])
