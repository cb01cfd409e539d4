"""A loop of a graph as a loop of C, with the sums in the order of `summation.blocked_sum`."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence

from autograd.compiler.backends.c.arrays import Cells, Operand, copied, filled, index_sum, words_of
from autograd.compiler.backends.c.lines import Lines
from autograd.program.graph import Kind, Loop

_ENDLESS = 2**53  # the bound of a loop that has none: beyond it a double no longer counts


def write_loop(
    out: Lines, loop: Loop, operands: Sequence[Operand], wanted: tuple[int, ...], own: Container[int] = ()
) -> list[Operand]:
    """Write the loop; its results, of which those that are not wanted are empty.

    The states in `own` begin as arrays whose memory becomes theirs; others are copied first.
    """
    live, body, condition = out.live.loop(loop, wanted)
    kinds = [loop.body.kinds[output] for output in loop.body.outputs]
    carried, last = loop.carried, len(kinds)
    rest = list(operands[1:] if loop.counted else operands)
    shared = rest[carried + loop.sliced :]
    terms = frozenset(index for index in wanted if carried <= index < last)
    saved = [index for index in wanted if loop.save and last <= index < last + carried]
    count_wanted = condition is not None and wanted[-1] == last + (carried if loop.save else 0)

    bound = _bound(out, loop, operands)
    states = [
        "" if j not in live else rest[j] if j in own else _state(out, kinds[j], rest[j]) for j in range(carried)
    ]
    stacks = {
        index: _stack(out, loop, kinds[index - last if index >= last else index], bound)
        for index in (*(index for index in sorted(terms) if index < carried + loop.stacked), *saved)
    }
    sums = {index: _Sum(out, kinds[index], loop.length) for index in sorted(terms) if index >= carried + loop.stacked}

    trip = out.declare(out.names.numbered("i"), "int64_t ")
    if count_wanted:
        out.write(f"int64_t {trip} = 0;")
    start, test = "" if count_wanted else f"int64_t {trip} = 0", f" {trip} < {bound}" if bound else ""
    out.block(f"for ({start};{test}; {trip}++)")
    position = trip
    slices = range(1 + carried, 1 + carried + loop.sliced)
    counts = any(plan is not None and plan.reads(0) for plan in (body, condition))
    moves = [isinstance(array, Cells) and array.strides[0] != 0 for array in rest[carried:]]
    if loop.reverse and (stacks or counts or any(body.reads(i) and moves[i - 1 - carried] for i in slices)):
        last_position = str(int(bound) - 1) if bound.isdigit() else f"{bound} - 1"
        position = out.variable("int64_t", f"{last_position} - {trip}", prefix="i")
    # In an expression of its own: GCC takes 0.0 - (double)i for -(double)i, which is -0.0 where i is 0.
    number = out.variable("double", f"(double){position}") if counts else ""
    if loop.condition is not None:
        (holds,) = out.graph(loop.condition, [number, *states, *shared], frozenset({0}))
        out.write(f"if (!{holds}) {{", "    break;", "}")
    if condition is not None:
        for stack in stacks.values():
            out.reach(stack, f"{trip} + 1")
    for index in saved:
        _put(out, stacks[index], position, states[index - last])
    parts = [_part(out, rest[i - 1], position) if body.reads(i) else "" for i in slices]
    outputs = out.graph(loop.body, [number, *states, *parts, *shared], live | terms, carried)
    for index in stacks.keys() & terms:
        _put(out, stacks[index], position, outputs[index])
    for index, total in sums.items():
        total.add(out, outputs[index], trip)
    if any(total.powers for total in sums.values()):
        out.block(f"if ({trip} % 1024 == 1023)")
        for total in sums.values():
            total.add_block(out, trip)
        out.end()
    _next_states(out, [(states[j], outputs[j]) for j in sorted(live) if states[j] != outputs[j]])
    out.end()

    results: dict[int, Operand] = {**dict(enumerate(states)), **stacks}
    for index, total in sums.items():
        results[index] = total.total(out)
    if count_wanted:
        results[wanted[-1]] = out.variable("double", f"(double){trip}")
    return [results.get(index, "") for index in range(wanted[-1] + 1)]


def _state(out: Lines, kind: Kind, initial: Operand) -> Operand:
    """A state with its initial value."""
    state = out.result(kind, initial if isinstance(initial, str) else "")
    if isinstance(state, Cells):
        out.assign(state, initial)
    return state


def _bound(out: Lines, loop: Loop, operands: Sequence[Operand]) -> str:
    """The number of trips, or its bound; empty where there is none."""
    bound = "" if loop.length is None else str(loop.length)
    if not loop.counted:
        return bound
    out.helpers.add("trips_of")
    return out.variable("int64_t", f"trips_of({operands[0]}, {bound or _ENDLESS})", prefix="n")


def _stack(out: Lines, loop: Loop, kind: Kind, bound: str) -> Cells:
    """Memory for a part of every trip."""
    if not loop.free:
        return out.storage(loop.stack(kind))
    history = out.history(loop.stack(kind)[1:])
    if loop.condition is None:
        out.reach(history, bound)
    return history


def _part(out: Lines, array: Operand, position: str) -> Operand:
    """What stands at a position of the first axis of an array."""
    assert isinstance(array, Cells)
    place = index_sum(array.offset, [(array.strides[0], position)])
    if len(array.shape) == 1:
        return out.variable("double", f"{array.base}[{place}]")
    name = out.declare(out.names.numbered("v"), "const double *")
    out.write(f"const double *const {name} = {array.base} + {place};")
    return Cells(name, 0, array.shape[1:], array.strides[1:])


def _put(out: Lines, stack: Cells, position: str, part: Operand) -> None:
    """Store a part at a position of the first axis of an array that is stored row by row."""
    place = index_sum(stack.offset, [(stack.strides[0], position)])
    if isinstance(part, str):
        out.write(f"{stack.base}[{place}] = {part};")
        return
    name = out.declare(out.names.numbered("v"), "double *")
    out.write(f"double *const {name} = {stack.base} + {place};")
    out.write(*copied(Cells.packed(name, part.shape), part, out.indices()))


class _Sum:
    """A sum in the making: those of whole blocks of 1,024 trips, and the eight running sums of this block."""

    def __init__(self, out: Lines, kind: Kind, length: int | None) -> None:
        assert kind is not None
        self.kind, self.size = kind, math.prod(kind)
        self.powers = ((_ENDLESS if length is None else length) // 1024).bit_length()
        if self.powers:
            self.blocks = out.storage((self.powers, *kind))
            out.write(*filled(self.blocks, "-0.0", out.indices()))
        self.lanes = out.storage((8, *kind))
        out.write(*filled(self.lanes, "-0.0", out.indices()))

    def add(self, out: Lines, term: Operand, trip: str) -> None:
        lanes = self.lanes
        if isinstance(term, str):
            out.write(f"{lanes.base}[{trip} % 8] += {term};")
        else:
            name = out.declare(out.names.numbered("v"), "double *")
            place = index_sum(lanes.offset, [(self.size, f"({trip} % 8)")])
            out.write(f"double *const {name} = {lanes.base} + {place};")
            out.write(*copied(Cells.packed(name, term.shape), term, out.indices(), "+="))

    def add_block(self, out: Lines, trip: str) -> None:
        """Take the running sums, which start again, as the sum of a block."""
        out.helpers.update(("take_lanes", "add_block"))
        if not self.kind:
            out.write(f"add_block({self.blocks.base}, 1, {trip} / 1024, take_lanes({self.lanes.base}, 1));")
            return
        index, size = next(out.indices()), self.size
        out.write(
            f"for (int64_t {index} = 0; {index} < {size}; {index}++) {{",
            f"    add_block({self.blocks.base} + {index}, {size}, {trip} / 1024, "
            f"take_lanes({self.lanes.base} + {index}, {size}));",
            "}",
        )

    def total(self, out: Lines) -> Operand:
        """The sum of all blocks, those of the running sums included."""
        if not self.kind:
            return out.variable("double", self._text(out, "", 1))
        result = out.storage(self.kind)
        index = next(out.indices())
        out.write(
            f"for (int64_t {index} = 0; {index} < {self.size}; {index}++) {{",
            f"    {result.base}[{index}] = {self._text(out, f' + {index}', self.size)};",
            "}",
        )
        return result

    def _text(self, out: Lines, place: str, stride: int) -> str:
        out.helpers.add("take_lanes")
        last = f"take_lanes({self.lanes.base}{place}, {stride})"
        if not self.powers:
            return last
        out.helpers.add("sum_of_blocks")
        return f"sum_of_blocks({self.blocks.base}{place}, {stride}, {self.powers}, {last})"


def _next_states(out: Lines, changes: list[tuple[Operand, Operand]]) -> None:
    """Give the states their next values; one that is made of another state is put aside first."""
    changed = {target.base if isinstance(target, Cells) else str(target) for target, _ in changes}
    ready = []
    for target, source in changes:
        if words_of(source) & changed:
            if isinstance(target, Cells):
                aside: Operand = out.storage(target.shape)
                out.assign(aside, source)
            else:
                aside = out.variable("double", str(source))
            source = aside
        ready.append((target, source))
    for target, source in ready:
        out.assign(target, source)
