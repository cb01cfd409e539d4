"""How C computes each row of the table: by an operator, by a function of math.h, or by a function of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

from autograd.compiler.backends.c.functions import ROWS
from autograd.compiler.backends.c.names import MATH_FUNCTIONS, Names, comment, literal
from autograd.primitives.operators import Operators
from autograd.primitives.row import TABLE, Primitive

_CALL = re.compile(r"\w+\(")
_ATOM = re.compile(r"[\w.]+|\w+\([^()]*\)|\(-[\w.+-]+\)|\d\S*")
_NEGATIVE = re.compile(r"\(-[\w.+-]+\)")
_TOO_LONG = 90  # an expression of more characters gets a variable


class RowFunctions:
    """The functions of rows that one file needs: those of `functions.py`, prototypes, and what expansions say."""

    def __init__(self, names: Names) -> None:
        self.wanted: set[str] = set()
        self.prototypes: dict[str, str] = {}
        self.texts: list[str] = []
        self._names = names
        self._functions: dict[Primitive, str | int] = {}  # a name, or which of its arguments the row returns

    def call(self, row: Primitive, operands: Sequence[str]) -> str:
        """The C expression of a row at operands, which are names, elements, or literals.

        Raises: `ValueError` where there is no way to compute the row in C.
        """
        native = row.native
        if native.c:
            return native.c.format(*operands)
        if TABLE.get(row.name) is row and row.name in ROWS:
            self.wanted.add(ROWS[row.name])
            return _call(ROWS[row.name], operands)
        if native.libm:
            return _call(self._library(row), operands)
        if native.expansion is not None:
            if row not in self._functions:
                self._functions[row] = self._expanded(row, native.expansion)
            function = self._functions[row]
            return operands[function] if isinstance(function, int) else _call(function, operands)
        raise ValueError(
            f"the primitive {row.name} is a Python function, which C cannot call; name the C library's function that "
            f'computes it: primitive("{row.name}", ..., native="...")'
        )

    def _library(self, row: Primitive) -> str:
        name = row.native.libm
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ValueError(f"native of the primitive {row.name} is the name of a C function, not {name!r:.60}")
        if name not in MATH_FUNCTIONS and name not in self.prototypes:
            self.prototypes[name] = f"double {name}({', '.join(['double'] * len(row.partials))});"
            self._names.reserve([name])
        return name

    def _expanded(self, row: Primitive, expansion: Callable[..., Any]) -> str | int:
        """A function that is written once from the row's expansion."""
        words = Names()
        wishes = [*signature(expansion).parameters][: len(row.partials)]
        parameters = [Operand(None, (), words.new(name, "a")) for name in wishes]
        result = _operand(expansion(*parameters))
        for position, parameter in enumerate(parameters):
            if result is parameter:
                return position
        name = self._names.new(row.name if row.name not in MATH_FUNCTIONS else f"{row.name}_row")
        body = _Body(self, words)
        text = body.text_of(result)
        kind = "int" if row.predicate else "double"
        lines = comment([f"{row.name}: {row.summary}" if row.summary else row.name])
        lines += [f"static {kind} {name}({', '.join(f'double {parameter.text}' for parameter in parameters)})", "{"]
        lines += [*body.lines, f"    return {text};", "}"]
        self.texts.append("\n".join(lines) + "\n")
        return name


class Operand(Operators):
    """A quantity of an expansion: a parameter, a number, or a row at operands. Operators make rows, as a Value's do."""

    def __init__(self, row: Primitive | None, operands: tuple[Operand, ...], text: str = "") -> None:
        self.row, self.operands, self.text = row, operands, text

    @staticmethod
    def _apply_primitive(row: Primitive, operands: tuple[Any, ...]) -> Operand:
        return Operand(row, tuple(map(_operand, operands)))

    def __bool__(self) -> bool:
        raise TypeError("an expansion chooses with `where`, not with `if`")


class _Body:
    """The statements of one function: what is used more than once, or is long, gets a variable."""

    def __init__(self, rows: RowFunctions, words: Names) -> None:
        self.lines: list[str] = []
        self._rows, self._words = rows, words
        self._uses: Counter[int] = Counter()
        self._texts: dict[int, str] = {}

    def text_of(self, result: Operand) -> str:
        self._count(result)
        return self._text(result)

    def _count(self, operand: Operand) -> None:
        self._uses[id(operand)] += 1
        if self._uses[id(operand)] == 1:
            for part in operand.operands:
                self._count(part)

    def _text(self, operand: Operand) -> str:
        if operand.row is None:
            return operand.text
        if id(operand) in self._texts:
            return self._texts[id(operand)]
        texts = [self._text(part) for part in operand.operands]
        inside = bool(operand.row.native.c and _CALL.match(operand.row.native.c)) or not operand.row.native.c
        text = self._rows.call(operand.row, texts if inside else list(map(_closed, texts)))
        if self._uses[id(operand)] > 1 or len(text) > _TOO_LONG:
            name = self._words.numbered("t")
            self.lines.append(f"    const {'int' if operand.row.predicate else 'double'} {name} = {text};")
            text = name
        self._texts[id(operand)] = text
        return text


def _operand(item: Any) -> Operand:
    return item if isinstance(item, Operand) else Operand(None, (), literal(float(item)))


def _closed(text: str) -> str:
    """The text in parentheses, where it needs them as an operand."""
    return text if _ATOM.fullmatch(text) else f"({text})"


def _call(name: str, operands: Sequence[str]) -> str:
    bare = (operand[1:-1] if _NEGATIVE.fullmatch(operand) else operand for operand in operands)
    return f"{name}({', '.join(bare)})"
