"""Which steps of a graph may write into the memory of an array that they take, since nobody reads it afterwards."""

from __future__ import annotations

from collections import Counter

from autograd.program.graph import Graph, Loop, Place, Reshape, Scatter, View


def last_takers(graph: Graph) -> frozenset[tuple[int, int]]:
    """Pairs of a step, given by the first value that it makes, and one of its operands, given by its place among them:
    the array that a place or a scatter changes, a loop's initial state, or what a batch goes through, of which neither
    the graph's outputs nor any step read a number afterwards, also not through what shares its memory, and of which
    this step takes nothing else.
    """
    count = len(graph.operations)
    last_use = [-1] * len(graph.kinds)
    for step, operands in enumerate(graph.operands):
        for operand in operands:
            last_use[operand] = step
    for output in graph.outputs:
        last_use[output] = count
    memory = list(range(len(graph.kinds)))  # for each value another one, which stands for all that share its memory
    read_until = list(last_use)  # for such a one, when memory is read last
    found: set[tuple[int, int]] = set()
    for step, (operation, operands, results) in enumerate(graph.steps()):
        if isinstance(operation, View | Reshape):
            (result,) = results
            shared = memory[result] = memory[operands[0]]
            read_until[shared] = max(read_until[shared], last_use[result])
            continue
        changed = range(0)
        if isinstance(operation, Place | Scatter):
            changed = range(1)
        elif isinstance(operation, Loop):
            first = int(operation.counted)
            changed = range(first, first + (operation.sliced if operation.batch else operation.carried))
        if not changed:
            continue
        taken = Counter(memory[operand] for operand in operands)
        for place in changed:
            shared = memory[operands[place]]
            if read_until[shared] <= step and taken[shared] == 1:
                found.add((results.start, place))
    return frozenset(found)
