"""The lines of a C function in the making: variables, memory, blocks, and functions of their own for what is long."""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

from autograd.compiler.backends.c.arrays import WORD, Bundle, Cells, Operand, copied
from autograd.compiler.backends.c.liveness import Liveness
from autograd.compiler.backends.c.names import Names
from autograd.compiler.backends.c.rows import RowFunctions
from autograd.program.graph import UNKNOWN, Graph, Kind

PART = 500  # steps, or statements, of one function where there are more than twice as many
GUARD_MARK = "\0"  # stands before the return of a guard that failed
_LOCAL = 64  # numbers of the largest array that stands in the function itself; larger ones are in the workspace
_ALL_LOCAL = 1024  # numbers of all such arrays of one function together


class Lines(ABC):
    """The text of one file in the making: the lines of the function being written, and what those before it need."""

    def __init__(self, names: Names, name: str) -> None:
        self.names, self.name = names, name
        self.rows = RowFunctions(names)
        self.workspace = names.new("w")
        self.size = 0  # of the workspace
        self.histories = names.new("histories")
        self.grown = 0  # how many of them there are
        self.guards = 0
        self.tables: list[str] = []
        self.functions: list[str] = []
        self.lines: list[str] = []
        self.helpers: set[str] = self.rows.wanted
        self.live = Liveness()
        self._depth = 1
        self._local = _ALL_LOCAL
        self.declared: dict[str, tuple[int, str]] = {}  # each variable's place in the text, and its kind
        self.declare(self.workspace, "double *")
        self.declare(self.histories, "struct history *")

    # Writing.

    def write(self, *lines: str) -> None:
        self.lines += ["    " * self._depth + line for line in lines]

    def declare(self, name: str, kind: str) -> str:
        self.declared[name] = (len(self.declared), kind)
        return name

    def variable(self, kind: str, text: str, constant: bool = True, prefix: str = "v") -> str:
        """A new variable of this kind with this value."""
        name = self.declare(self.names.numbered(prefix), kind + " ")
        self.write(f"{'const ' if constant else ''}{kind} {name}{f' = {text}' if text else ''};")
        return name

    def indices(self) -> Iterator[str]:
        while True:
            yield self.declare(self.names.numbered("i"), "int64_t ")

    def slots(self, count: int) -> int:
        """Room for numbers in the workspace: where it begins."""
        self.size += max(1, count)
        return self.size - max(1, count)

    def storage(self, shape: tuple[int, ...], place: int | None = None) -> Cells:
        """New memory for an array: a variable where it is small, else part of the workspace."""
        count = max(1, math.prod(shape))
        name = self.declare(self.names.numbered("v"), "double *")
        if place is None and count <= min(_LOCAL, self._local):
            self._local -= count
            self.write(f"double {name}[{count}];")
        else:
            self.write(f"double *const {name} = {self.workspace} + {self.slots(count) if place is None else place};")
        if 0 in shape:
            self.write(f"(void){name};")  # an array of nothing, which nothing reads
        return Cells.packed(name, shape)

    def history(self, shape: tuple[int, ...]) -> Cells:
        """New memory that grows: for parts of this shape of a loop's trips, as many as it `reach`es for."""
        self.grown += 1
        return Cells.packed(f"{self.histories}[{self.grown - 1}].numbers", (UNKNOWN, *shape))

    def reach(self, history: Cells, trips: str) -> None:
        """Make room for so many trips, or leave."""
        self.helpers.add("reach")
        name, size = history.base.removesuffix(".numbers"), max(1, math.prod(history.shape[1:]))
        self.write(f"if (!reach(&{name}, {trips}, {size})) {{", f"    {GUARD_MARK}return -1;", "}")

    def stored(self, array: Operand, place: int | None = None) -> Cells:
        """An array in memory."""
        assert not isinstance(array, str)
        if isinstance(array, Cells) and place is None:
            return array
        target = self.storage(array.shape, place)
        self.assign(target, array)
        return target

    def in_turn(self, lines: Sequence[str]) -> None:
        """Write statements of a line each; in functions of their own where they are many."""
        if len(lines) <= 2 * PART:
            self.write(*lines)
            return
        for start in range(0, len(lines), PART):
            self.part(functools.partial(self.write, *lines[start : start + PART]))

    def block(self, head: str) -> None:
        self.write(head + " {")
        self._depth += 1

    def end(self, foot: str = "}") -> None:
        self._depth -= 1
        self.write(foot)

    def part(self, write: Callable[[], None]) -> None:
        """Have the lines that `write` writes in a function of their own, and call that."""
        outer, depth, local, start = self.lines, self._depth, self._local, len(self.declared)
        leaves = self.guards + self.grown
        self.lines, self._depth, self._local = [], 1, _ALL_LOCAL
        write()
        body, self.lines, self._depth, self._local = self.lines, outer, depth, local
        words = {word for line in body for word in WORD.findall(line)} & self.declared.keys()
        known = sorted((self.declared[word], word) for word in words if self.declared[word][0] < start)
        parameters = ", ".join(f"{kind}{word}" for (_, kind), word in known) or "void"
        name = self.names.numbered(f"{self.name}_part")
        checked = self.guards + self.grown > leaves
        head = [f"static {'int' if checked else 'void'} {name}({parameters})", "{"]
        foot = ["    return 0;"] if checked else []
        lines = [line.replace(GUARD_MARK, "") for line in body]
        self.functions.append("\n".join([*head, *lines, *foot, "}"]) + "\n")
        call = f"{name}({', '.join(word for _, word in known)})"
        if not checked:
            self.write(call + ";")
            return
        status = self.variable("int", call)
        self.write(f"if ({status} != 0) {{", f"    {GUARD_MARK}return {status};", "}")

    # What is assigned later.

    def result(self, kind: Kind, initial: str = "") -> Operand:
        """A variable, or memory, that is assigned later."""
        if kind:
            return self.storage(kind)
        return self.variable("int" if kind is None else "double", initial, constant=False)

    def assign(self, target: Operand, source: Operand) -> None:
        """Store a number or an array."""
        if isinstance(target, Cells) and isinstance(source, str):
            target = target.at(())
        if isinstance(target, str):
            self.write(f"{target} = {source};")
            return
        assert isinstance(target, Cells)
        assert not isinstance(source, str)
        lines = copied(target, source, self.indices())
        if isinstance(source, Bundle):
            self.in_turn(lines)
        else:
            self.write(*lines)

    @abstractmethod
    def graph(
        self, graph: Graph, inputs: Sequence[Operand | None], outputs: frozenset[int], states: int = 0
    ) -> list[Operand]:
        """Write the steps that these outputs need; the result is the operands of all outputs.

        The graph may overwrite as many inputs after the first as there are `states`.
        """
