"""A graph as a module of LLVM's intermediate representation, with the layout of the frame that it runs on.

A frame is a block of memory, in doubles: the inputs, the outputs, the addresses of what is called back, then the
workspace. A number or a predicate stands in its place; of an array the address does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from autograd.compiler.backends.llvm import chunks
from autograd.compiler.backends.llvm.memory import copy
from autograd.compiler.backends.llvm.rows import Rows, expanded, has_expansion, is_ours
from autograd.compiler.backends.llvm.steps import arrays, batches, branches, groups, loops
from autograd.compiler.backends.llvm.steps.histories import KEPT, release
from autograd.compiler.backends.llvm.text import (
    DOUBLE,
    TRUTH,
    UNREAD,
    Array,
    Function,
    Item,
    Number,
    contiguous,
    lanes_of,
    number_text,
)
from autograd.compiler.backends.llvm.writer import Writer, WriteStep, target
from autograd.primitives.row import Primitive
from autograd.program.graph import Branch, ConstantArray, Graph, Loop, Pack, Place, Reshape, Scatter, row_major
from autograd.program.overwriting import last_takers

WHOLE = 2_500  # steps up to which a program is one function
PART = 1_000  # steps of a function of a larger program
INLINE = 32  # calls of our functions, such as exp, up to which they are inlined

def _memory_intrinsics(width: int) -> list[str]:
    kind, mask, pointers = DOUBLE[width], TRUTH[width], f"<{width} x ptr>"
    narrow = [f"declare void @llvm.masked.store.v8f64.p0({DOUBLE[8]}, ptr, i32, {TRUTH[8]})"] if width > 8 else []
    return [
        *narrow,
        f"declare {kind} @llvm.masked.load.v{width}f64.p0(ptr, i32, {mask}, {kind})",
        f"declare void @llvm.masked.store.v{width}f64.p0({kind}, ptr, i32, {mask})",
        f"declare {kind} @llvm.masked.gather.v{width}f64.v{width}p0({pointers}, i32, {mask}, {kind})",
        f"declare void @llvm.masked.scatter.v{width}f64.v{width}p0({kind}, {pointers}, i32, {mask})",
        "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)",
    ]


_MOST_TO_JOIN = 64  # outputs that are one number
_ATTRIBUTES = (
    "attributes #0 = { nounwind willreturn memory(none) }",
    "attributes #1 = { nounwind }",
    "!0 = !{}",
)


@dataclass(frozen=True)
class Module:
    """The text of a program, and the layout of its frame in doubles.

    Where the program is split, `support` is a module by itself, the functions that it calls; else it is empty.
    """

    code: str
    support: str
    callbacks: dict[Primitive, int]  # with the place of each address
    parallel: int  # the place of the address of what shares blocks among threads
    budget: int  # the place of how many bytes more histories may take
    histories: bool  # whether there are any
    header: int  # where the workspace begins
    workspace: int
    kernels: list[int]  # the size of the workspace that a thread needs for each


def rows_of(graph: Graph) -> Counter[Primitive]:
    """How often each row is a step, those of bodies and of expansions included."""
    counts = Counter(operation for operation in graph.operations if isinstance(operation, Primitive))
    for row, count in list(counts.items()):
        for step in _steps_of(row):
            counts[step] += count
    for operation in graph.operations:
        if isinstance(operation, Loop | Branch):
            for body in operation.graphs:
                counts += rows_of(body)
    return counts


def _steps_of(row: Primitive) -> Iterator[Primitive]:
    """The rows of an expansion, and of theirs."""
    if has_expansion(row):
        for step, _ in expanded(row)[0]:
            yield step
            yield from _steps_of(step)


def _loop(
    writer: Writer, function: Function, loop: Loop, operands: list[Item], memory: Sequence[Array | None]
) -> list[Item]:
    """A batch in lanes, where nothing in it goes its own number of trips; a small one in groups of trips; else trip
    after trip.
    """
    lanes = function.lanes
    if lanes > 1 and all(lanes_of(operand) == 1 for operand in operands):
        function.lanes = 1  # what all samples of a batch share, in memory of its own, for the places are for each lane
        own = [place if place is UNREAD else None for place in memory]
        results = _loop(writer, function, loop, operands, own)
        function.lanes = lanes
        return results
    if function.lanes == 1 and loop.batch and loop.length and not _has_free_loops(loop.body):
        return batches.batch(writer, function, loop, operands, memory)
    if loop.batch and groups.fits(writer, loop):
        return groups.batch(writer, function, loop, operands, memory)
    return loops.loop(writer, function, loop, operands, memory)


def _has_free_loops(graph: Graph) -> bool:
    """Whether the number of trips of a loop in it is found only as it runs."""
    return any(
        isinstance(operation, Loop) and operation.free
        or isinstance(operation, Loop | Branch) and any(map(_has_free_loops, operation.graphs))
        for operation in graph.operations
    )  # fmt: skip


OTHERS: Mapping[type, WriteStep] = {Loop: _loop, Branch: branches.branch, **arrays.ON_ARRAYS}


def write(
    graph: Graph, *, threads: int, fastmath: bool, fma: bool, width: int, known: Callable[[str], bool]
) -> Module:
    """The module of a graph. A batch has `width` lanes, 8 or 16. `known` tells what the platform's C library has."""
    rows = Rows({}, known, fma, width > 8, fastmath)  # wider than 8 are the registers of AVX-512 alone
    places = graph.inputs + len(graph.outputs)
    counts = rows_of(graph)
    for row in counts:
        if rows.needs_callback(row):
            rows.callbacks[row] = places + len(rows.callbacks)
    header = -(-(places + len(rows.callbacks) + 2) // 8) * 8
    writer = Writer(rows, None, threads, header, width, OTHERS, chunks.graph)
    rows.inline = writer.weight(graph) <= WHOLE and sum(counts[row] for row in counts if is_ours(row)) <= INLINE
    if writer.weight(graph) > WHOLE:
        # Vectors of 16 take three times as long to compile here, and run no faster.
        writer = Writer(rows, PART, threads, header, min(width, 8), OTHERS, chunks.graph)
    function = Function("run")
    inputs: list[Item] = [_input(function, place, graph) for place in range(graph.inputs)]
    items = writer.graph(function, graph, inputs, _targets(graph))
    counts_of_outputs = Counter(graph.outputs)
    for place, (output, item) in enumerate(zip(graph.outputs, items), graph.inputs):
        _write_output(function, place, graph, output, item, counts_of_outputs[output] > _MOST_TO_JOIN)
    return _assembled(writer, function)


def _input(function: Function, place: int, graph: Graph) -> Item:
    kind = graph.kinds[place]
    if kind:
        pointer = function.value(f"load ptr, ptr {function.address('%frame', place)}, align 8")
        return replace(contiguous(pointer, 0, kind), constant=True)
    number = Number(function.value(f"load double, ptr {function.address('%frame', place)}, align 8"))
    return number if kind == () else Number(function.truth(number, 1), 1, True)


def _targets(graph: Graph) -> dict[int, int]:
    """The values that may be written where an output waits for them, with the output's place: outputs, and what
    becomes one without a copy.
    """
    places = {value: place for place, value in enumerate(graph.outputs, graph.inputs)}
    found = last_takers(graph)
    targets: dict[int, int] = {}
    for operation, operands, results in reversed(list(graph.steps())):
        if isinstance(operation, Loop | Pack | Place | Scatter | Reshape):
            targets |= {value: places[value] for value in results if value in places and graph.kinds[value]}
        same = isinstance(operation, Reshape) or (
            isinstance(operation, Place | Scatter) and (results.start, 0) in found
        )
        if same and results.start in targets:
            places.setdefault(operands[0], targets[results.start])
        if isinstance(operation, Loop) and operation.batch:
            # A sample reads its number of an array before it writes its own in the same place.
            taken = [operand for i, operand in enumerate(operands[: operation.sliced]) if (results.start, i) in found]
            stacks = [value for value in results[: operation.stacked] if value in targets]
            for operand, stack in zip(taken, stacks):
                if graph.kinds[operand] == graph.kinds[stack] == (operation.length,):
                    places.setdefault(operand, targets[stack])
    return targets


def _write_output(function: Function, place: int, graph: Graph, value: int, item: Item, often: bool) -> None:
    if isinstance(item, Number):
        address = function.address("%frame", place)
        # Among many stores of one number LLVM tries to join each with each, unless they are to stay apart.
        store = "store volatile" if often else "store"
        function.line(f"{store} double {function.number(item, 1)}, ptr {address}, align 8")
        return
    kind = graph.kinds[value]
    assert kind
    there = isinstance(item, Array) and item.place == place and item.offset == 0
    if not (there and isinstance(item, Array) and item.shape == kind and item.strides == row_major(kind)):
        copy(function, item, target(function, place, kind))


def _assembled(writer: Writer, function: Function) -> Module:
    rows = writer.rows
    head = [
        "define i64 @run(i64 %address) {",
        "entry:",
        "  %frame = inttoptr i64 %address to ptr",
        f"  %work = getelementptr double, ptr %frame, i64 {writer.header}",
    ]
    texts = [_constant(item, name) for item, name in writer.globals.items()]
    texts += writer.functions
    if writer.histories:
        texts.append(release(writer))
        function.line(f"call void @release(i64 %address, i64 {KEPT})")
    texts.append("\n".join([*head, *function.lines, "  ret i64 -1", "}"]))
    support = ""
    declarations = list(dict.fromkeys([*_memory_intrinsics(writer.width), *rows.declarations]))
    if writer.limit is None:
        texts += rows.definitions
    else:
        if rows.definitions:
            opened = [text.replace("define internal", "define", 1) for text in rows.definitions]
            support = "\n".join([*declarations, *opened, *_ATTRIBUTES, ""])
        declarations = [text for text in declarations if text.startswith("declare")] + list(rows.prototypes)
    return Module(
        "\n".join([*declarations, *texts, *_ATTRIBUTES, ""]), support, rows.callbacks, writer.parallel, writer.budget,
        bool(writer.histories), writer.header, -(-writer.work.size // 8) * 8,
        [-(-size // 8) * 8 for size in writer.kernel_work],
    )  # fmt: skip


def _constant(item: ConstantArray, name: str) -> str:
    numbers = ", ".join(f"double {number_text(number)}" for number in item.numbers)
    return f"{name} = private unnamed_addr constant [{len(item.numbers)} x double] [{numbers}], align 64"
