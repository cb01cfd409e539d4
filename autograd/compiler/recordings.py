"""A function recorded for compilation: called on Values without numbers, one way through its branches."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, NamedTuple

from autograd.compiler.arguments import TRUTHS, Signature
from autograd.compiler.backends import interpreter
from autograd.compiler.calling import as_array
from autograd.compiler.closures import Outside
from autograd.compiler.python_loops.finding import Loops
from autograd.engine.recording import tracing
from autograd.primitives.row import is_array
from autograd.program.graph import PREDICATE, Branch, Graph, Loop
from autograd.program.nests import take_apart
from autograd.program.simplify import Preserves, simplify
from autograd.program.tracing.arrays import node_of, shown
from autograd.program.tracing.memory import Memory
from autograd.program.tracing.messages import with_cure
from autograd.program.tracing.sorts import sort_of
from autograd.program.tracing.structured import as_number
from autograd.program.tracing.trace import LoopFound, Trace, Untraceable
from autograd.program.tracing.traced import Predicate, Traced, kind_of, place_operands

# The kind of a block of a result, with "bool" or "int" before it where it is one, and its place among the outputs.
Part = tuple[Any, int]


class Recording(NamedTuple):
    """What came of a call on Values without numbers."""

    recorded: Graph
    graph: Graph  # simplified
    path: tuple[bool, ...]
    outside: Outside
    outputs: Any  # the spec of the result
    parts: list[Part]
    sizes: dict[str, int]
    seconds: dict[str, float]


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection, which goes through all nodes of a large recording again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def recording(
    signature: Signature, roots: tuple[Any, ...], numbers: Sequence[Any], ahead: tuple[bool, ...], memory: Memory,
    loops: Loops,
) -> Recording:  # fmt: skip
    """Call a function, the first of the roots, in the way that begins as given and then is that of the numbers."""
    aside = None
    while True:
        try:
            with loops.in_place():
                return _recorded(signature, roots, numbers, ahead, memory, loops)
        except LoopFound:
            pass
        except Exception as error:
            if aside is not None or not loops.codes:
                loops.codes = {**(aside or {}), **loops.codes}
                raise
            aside = loops.set_aside(str(error))  # to see whether it goes without
        finally:
            loops.forget()
        ahead = ()  # for other branches are left


def _recorded(
    signature: Signature, roots: tuple[Any, ...], numbers: Sequence[Any], ahead: tuple[bool, ...], memory: Memory,
    loops: Loops,
) -> Recording:  # fmt: skip
    start = perf_counter()
    known: dict[int, Any] = {}
    root = Trace(evaluate=lambda predicate: bool(_number_of(predicate, known)), ahead=ahead, memory=memory, loops=loops)
    truths = {item[1] for item in signature.exact if isinstance(item, tuple) and item[0] == TRUTHS}
    inputs = [root.input(kind, bool if i in truths else float) for i, kind in enumerate(signature.kinds)]
    for node, number in zip(inputs, numbers):
        known[id(node)] = number
    try:
        with tracing(root):
            try:
                result = signature.call(roots[0], [shown(node) for node in inputs])
            except (IndexError, TypeError) as error:
                if with_cure(error) != str(error):
                    raise type(error)(with_cure(error)) from error
                raise
            loops.require_kept()
            blocks, spec = take_apart(result)
            if spec == "none":
                raise TypeError("a compiled function returns numbers, arrays and nests of them; this one returned None")
            outputs: list[Any] = []
            parts = [_part(block, outputs) for block in blocks]
        outside = Outside([value for value, node in root.lifted.values() if node.item is None], roots)
        for value, node in root.lifted.values():
            known[id(node)] = value._number
        if len(root.path) < len(ahead):
            raise Untraceable("it took another way when it was recorded again: its branches depend on something else")
        recorded = root.graph(outputs)
        path = tuple(outcome for _, outcome in root.path)
    finally:
        loops.reasons |= root.reasons
        root.close()
    seconds = {"record": perf_counter() - start}
    sizes = {"recorded": recorded.size}
    graph = simplify(recorded, lambda name, result: sizes.update({name: result.size}), Preserves.VALUES)
    seconds["simplify"] = perf_counter() - start - seconds["record"]
    return Recording(recorded, graph, path, outside, spec, parts, sizes, seconds)


def _part(block: Any, outputs: list[Any]) -> Part:
    """A block of the result, which is added to the outputs."""
    sort = sort_of(block)
    try:
        item = block if isinstance(block, Predicate) else as_number(node_of(block) if is_array(block) else block)
    except TypeError:
        raise TypeError(
            f"a compiled function returns numbers, arrays and nests of them; this one returned {block!r:.60}"
        ) from None
    _, (item,) = place_operands([item])
    outputs.append(item)
    shape = kind_of(item) or ()
    if sort is float:
        return shape, len(outputs) - 1
    return (sort.__name__, *shape) if shape or sort is int else PREDICATE, len(outputs) - 1


def _number_of(node: Traced, known: dict[int, Any]) -> Any:
    """The number of a node of the outermost trace, for the arguments with which it is being recorded."""
    stack = [node]
    while stack:
        item = stack[-1]
        if id(item) in known:
            stack.pop()
            continue
        missing = [op for op in item.operands if isinstance(op, Traced) and id(op) not in known]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        known[id(item)] = _computed(item, known)
    return known[id(node)]


def _computed(node: Traced, known: dict[int, Any]) -> Any:
    step: Any = node._primitive
    if step is None:
        if node.item is not None:
            return node.item
        return next(value._number for value, lifted in node.trace.lifted.values() if lifted is node)
    operands = [known[id(op)] if isinstance(op, Traced) else op for op in node.operands]
    if hasattr(step, "index"):
        return operands[0][step.index]
    operation = getattr(step, "operation", step)
    results = interpreter.perform(operation, [as_array(operand) for operand in operands])
    return results if isinstance(operation, Loop | Branch) else results[0]
