"""A graph as one self-contained file of C99, to read, and to compile into any program.

The text follows the graph: a variable for each number, a `for` for each loop, an `if` for each branch. The same graph
always gives the same text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from autograd.compiler.backends.c.arrays import WORD, Cells, Operand
from autograd.compiler.backends.c.functions import HELPERS, INNER_NAMES, with_needs
from autograd.compiler.backends.c.lines import GUARD_MARK
from autograd.compiler.backends.c.names import MATH_FUNCTIONS, Names, comment
from autograd.compiler.backends.c.statements import Statements
from autograd.program.graph import Graph, Guard, Kind

_SINGLE = 16  # numbers that are arguments of their own; more come and go in one array
_ON_STACK = 2048  # numbers of the largest workspace that is a local array
_LISTED = 200  # names of the numbers of an array that the comment lists
_HEADERS = (
    ("math.h", MATH_FUNCTIONS | {"INFINITY", "NAN", "frexp", "ldexp", "isnan", "isinf", "signbit"}),
    ("stddef.h", {"NULL"}),
    ("stdint.h", {"int64_t", "uint64_t", "SIZE_MAX"}),
    ("stdlib.h", {"malloc", "realloc"}),
)


def source(
    graph: Graph, name: str = "f", inputs: Sequence[str] = (), outputs: Sequence[str] = (), comment: str = ""
) -> str:
    """The C99 source of a function that computes what the graph does.

    Parameters
    - `name`: the function's name;
    - `inputs` and `outputs`: the names of the arguments, one for each; x0, x1, … and out, or out0, out1, …, where not
      given. A name that C does not allow, or that is taken, is changed;
    - `comment`: what the function computes, for the head of the file.

    A number comes in as `double x` and goes out through `double *out`; more than 16 of them share one array. An array
    is a pointer to its numbers in row-major order. The function returns nothing, or an int: 0; k where the k-th guard
    met another outcome than the recorded one; -1 where memory could not be had that is more than a few kilobytes, or
    for the states of a loop whose trips are counted as it runs. Outputs are
    written only where it returns 0, and must not overlap inputs.

    Raises: `ValueError` where names are too few or too many, or where the graph has a primitive of the caller's without
    `native`, which C cannot compute.

    >>> from autograd.program.graph import Graph
    >>> from autograd.primitives.table import exp, multiply
    >>> graph = Graph(((), (), (), ()), 2, (), (multiply, exp), ((0, 1), (2,)), (3,))
    >>> text = source(graph, "f", ["a", "b"])
    >>> print(text[text.index("void") :])
    void f(double a, double b, double *out)
    {
        const double v1 = a * b;
        const double v2 = exp(v1);
        *out = v2;
    }
    <BLANKLINE>
    """
    return _File(graph, name, inputs, outputs).text(comment)


class _File:
    """One file: the function, what it calls, and the comment at its head."""

    def __init__(self, graph: Graph, name: str, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        _check_names("inputs", inputs, graph.inputs)
        _check_names("outputs", outputs, len(graph.outputs))
        self.names = Names()
        self.names.reserve([*HELPERS, *INNER_NAMES])
        self.name = self.names.new(name, "f")
        self.statements = Statements(self.names, self.name)
        self.parameters: list[tuple[str, str]] = []  # the name, and how it is declared
        self.described: list[str] = []
        input_kinds = graph.kinds[: graph.inputs]
        output_kinds = [graph.kinds[value] for value in graph.outputs]
        input_names = inputs or [f"x{i}" for i in range(graph.inputs)]
        output_names = outputs or (["out"] if len(output_kinds) == 1 else [f"out{i}" for i in range(len(output_kinds))])
        arguments = self._arguments(input_kinds, input_names, "x", "const double *", self._input)
        targets = self._arguments(output_kinds, output_names, "y", "double *", self._output)
        made = self.statements.graph(graph, arguments, frozenset(range(len(graph.outputs))))
        self._write_outputs(targets, made)
        guards = [operation for operation in graph.operations if isinstance(operation, Guard)]
        self.described += [f"status {k}: {guard.message}" for k, guard in enumerate(guards, 1) if guard.message]

    def _arguments(
        self, kinds: Sequence[Kind], names: Sequence[str], shared: str, pointer: str,
        single: Callable[[str, Kind], Operand],
    ) -> list[Operand]:
        """The parameters for values of these kinds: numbers by themselves, or in one array where they are many."""
        together = [i for i, kind in enumerate(kinds) if kind == ()]
        if len(together) <= _SINGLE:
            together = []
        arguments: dict[int, Operand] = {}
        for position, place in enumerate(together):
            if position == 0:
                shared = self._parameter(shared, pointer, f"[{len(together)}]")
                first = ", ".join(f"[{i}] {names[of]}" for i, of in enumerate(together[:_LISTED]))
                more = ", ..." if len(together) > _LISTED else ""
                self.described.append(f"{shared}: {len(together)} numbers: {first}{more}")
            arguments[place] = f"{shared}[{position}]"
        for place, (kind, wish) in enumerate(zip(kinds, names)):
            if place not in arguments:
                arguments[place] = single(wish, kind)
        return [arguments[place] for place in range(len(kinds))]

    def _parameter(self, wish: str, kind: str, size: str = "") -> str:
        name = self.names.new(wish)
        self.statements.declare(name, kind)
        declared = f"{kind.rstrip('*').strip()} {name}{size}" if size else f"{kind}{name}"
        self.parameters.append((name, declared))
        return name

    def _input(self, wish: str, kind: Kind) -> Operand:
        if kind:
            name = self._parameter(wish, "const double *")
            self._describe(name, wish, f"an array of {_shape(kind)}")
            return Cells.packed(name, kind)
        name = self._parameter(wish, "int " if kind is None else "double ")
        self._describe(name, wish, "0 or 1" if kind is None else "a number")
        return name

    def _output(self, wish: str, kind: Kind) -> Operand:
        name = self._parameter(wish, "int *" if kind is None else "double *")
        if kind:
            self._describe(name, wish, f"receives an array of {_shape(kind)}")
            return Cells.packed(name, kind)
        self._describe(name, wish, "receives 0 or 1" if kind is None else "receives a number")
        return f"*{name}"

    def _describe(self, name: str, wish: str, what: str) -> None:
        self.described.append(f"{name}: {what}" if name == wish else f"{name}: {what}, named {wish!r:.80}")

    def _write_outputs(self, targets: Sequence[Operand], made: Sequence[Operand]) -> None:
        """Store the results; in functions of their own where they are many."""
        writes = self.statements
        numbers = [(target, result) for target, result in zip(targets, made) if isinstance(target, str)]
        writes.in_turn([f"{target} = {result};" for target, result in numbers])
        for target, result in zip(targets, made):
            if not isinstance(target, str):
                writes.assign(target, result)

    def text(self, about: str) -> str:
        writes = self.statements
        body = "\n".join(writes.lines)
        used = set(WORD.findall(body))
        start, end, release = self._workspace(writes.workspace in used)
        status = bool(writes.guards or release)
        lines = [f"    (void){name};" for name, _ in self.parameters if name not in used]
        lines += [*start, body.replace(GUARD_MARK, release)] if body else start
        lines += [*end, *(["    return 0;"] if status else [])]
        parameters = ", ".join(declared for _, declared in self.parameters) or "void"
        signature = f"{'int' if status else 'void'} {self.name}({parameters})"
        sections = [
            *writes.tables,
            *(helper.text for helper in with_needs(writes.helpers)),
            *writes.rows.texts,
            *writes.functions,
            "\n".join([signature, "{", *lines, "}"]) + "\n",
        ]
        if writes.rows.prototypes:
            sections.insert(0, "\n".join(writes.rows.prototypes.values()) + "\n")
        code = "\n".join(sections)
        words = set(WORD.findall(code))
        includes = [f"#include <{header}>" for header, provides in _HEADERS if words & provides]
        head = "\n".join([*comment(self._head(about, bool(release), "math.h" in "".join(includes))), ""])
        return "\n".join([head, *("\n".join(includes) + "\n" for _ in includes[:1]), code])

    def _workspace(self, used: bool) -> tuple[list[str], list[str], str]:
        """What opens the workspace, what closes it, and what goes before a return in between."""
        name, size = self.statements.workspace, self.statements.size
        start, releases = [], []
        if used and size <= _ON_STACK:
            start = [f"    double {name}[{size}];"]
        elif used:
            start = [
                f"    double *const {name} = malloc({size} * sizeof *{name});", f"    if ({name} == NULL) {{",
                "        return -1;", "    }",
            ]
            releases = [f"free({name});"]
        histories, count = self.statements.histories, self.statements.grown
        if count:
            start.append(f"    struct history {histories}[{count}] = {{{{NULL, 0}}}};")
            releases.append(f"let_go({histories}, {count});")
        return start, [f"    {release}" for release in releases], "".join(f"{release} " for release in releases)

    def _head(self, about: str, allocates: bool, mathematics: bool) -> list[str]:
        lines = [*([*about.splitlines(), ""] if about.strip() else []), *self.described]
        returns = [f"k > 0 where guard k of {self.statements.guards} met another outcome than the recorded one"]
        returns = returns * bool(self.statements.guards) + ["-1 where there was no memory"] * allocates
        if returns:
            lines.append(f"Returns 0; {'; '.join(returns)}.")
        library = " -lm" if mathematics else ""
        return [
            f"{self.name}: generated from a recorded computation.", "", *lines,
            "Arrays are in row-major order. Outputs must not overlap inputs.", "",
            f"Compile: cc -std=c99 -O2 -ffp-contract=off file.c{library}",
            "Strict IEEE-754 arithmetic is assumed: no -ffast-math.",
        ]


def _check_names(what: str, names: Sequence[str], count: int) -> None:
    if names and len(names) != count:
        raise ValueError(f"{what} is one name for each of the graph's {count} {what}, not {len(names)} names")


def _shape(kind: tuple[int, ...]) -> str:
    text = " x ".join(map(str, kind))
    return f"{text} = {math.prod(kind)} numbers" if len(kind) > 1 else f"{text} numbers"
