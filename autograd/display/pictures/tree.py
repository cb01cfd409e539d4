"""Graph -> a tree of text for a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd.display.pictures.contract import as_values, gradient_of, operands
from autograd.display.style import number_text, visible
from autograd.engine.sweep import topological_order
from autograd.engine.value import Value

_RESET, _RED, _BLUE, _YELLOW = "\x1b[0m", "\x1b[31m", "\x1b[34m", "\x1b[33m"
_NARROWEST = 40  # a line's width: 28 for the two numbers, and the rest for the branches and the name
# After a node that others follow, after the last one, the line past each of them, the reference, the cuts, the marks.
_BOX = ("├─ ", "└─ ", "│  ", "   ", "↑ ", "…", "▲", "▼")
_PLAIN = ("+- ", "`- ", "|  ", "   ", "^ ", "...", "", "")


@dataclass(frozen=True)
class Tree:
    """A graph as lines of text, laid out when it is printed; see `tree` for the attributes."""

    outputs: tuple[Value, ...]
    width: int | None = None
    ascii: bool | None = None
    colour: bool | None = None
    max_lines: int = 200

    def __str__(self) -> str:
        width = self.width or shutil.get_terminal_size().columns
        plain = not _can_write(sys.stdout, "".join(_BOX)) if self.ascii is None else self.ascii
        terminal = hasattr(sys.stdout, "isatty") and sys.stdout.isatty()
        colour = terminal and not os.environ.get("NO_COLOR") if self.colour is None else self.colour
        signs = _PLAIN if plain else _BOX
        return "\n".join(_lines(self.outputs, max(width, _NARROWEST), signs, colour, self.max_lines))

    __repr__ = __str__


def tree(
    outputs: Value | Sequence[Value],
    width: int | None = None,
    ascii: bool | None = None,
    colour: bool | None = None,
    max_lines: int = 200,
) -> Tree:
    """The graph from which `outputs` were computed, to `print` in a terminal: an operation above its operands.

    Each line has a name or an operation, the value and the gradient. A node that is used again stands there once; after
    that, a line refers to its name, or to the number of its line.

    Parameters
    - `outputs`: a Value or a sequence of them;
    - `width`: characters in a line, the terminal's where not given;
    - `ascii`: True to use ASCII alone, False for box-drawing characters, by what the output can show where not given;
    - `colour`: whether to colour the gradients, only on a terminal and without NO_COLOR where not given;
    - `max_lines`: how many lines to show at most; the last one says how many nodes there are beyond them.

    Returns a `Tree`; its `str` is the text. Raises: `TypeError` for what is no Value, `ValueError` for a `width` below
    40 or a `max_lines` below 1.

    >>> x = Value(3.0, name="x")
    >>> y = (x * x + 1.0).named("y")
    >>> y.backward()
    >>> print(tree(y, width=40, ascii=True))
    y = +                   10  1
    +- *                     9  1
    |  +- x                  3  6
    |  `- ^ x
    `- 1
    """
    if width is not None and width < _NARROWEST:
        raise ValueError(f"width is at least {_NARROWEST} characters, not {width!r}")
    if max_lines < 1:
        raise ValueError(f"max_lines is a whole number from 1 up, not {max_lines!r}")
    return Tree(tuple(as_values(outputs)), width, ascii, colour, max_lines)


def _lines(outputs: Sequence[Value], width: int, signs: tuple[str, ...], colour: bool, max_lines: int) -> list[str]:
    fork, last, past, blank, reference, cut, up, down = signs
    order = topological_order(outputs)
    names: dict[str, int] = {}
    for node in order:
        names[node.name] = names.get(node.name, 0) + 1
    indent = 3 * max(2, (width - 40) // 3)  # the deepest indentation; beyond it the leftmost lines are cut off
    line_of: dict[Value, int] = {}
    lines: list[str] = []
    stack: list[tuple[Any, str, str]] = [(output, "", "") for output in reversed(outputs)]
    while stack and len(lines) < max_lines:
        item, before, branch = stack.pop()
        prefix = before + branch
        if len(prefix) > indent:
            prefix = cut + prefix[len(prefix) - indent + len(cut) :]
        if not isinstance(item, Value):
            lines.append(_fitted(prefix + number_text(item), width, cut))
            continue
        if item in line_of:
            unique = item.name and names[item.name] == 1
            there = "" if unique else f"line {line_of[item]}: "
            lines.append(_fitted(prefix + reference + there + _title(item), width, cut))
            continue
        lines.append(_line(item, prefix, width, cut, (up, down), colour))
        line_of[item] = len(lines)
        below = (before + ("" if not branch else past if branch == fork else blank))[-indent:]
        parts = operands(item)
        for index in range(len(parts) - 1, -1, -1):
            stack.append((parts[index], below, last if index == len(parts) - 1 else fork))
    missing = len(order) - len(line_of)
    if missing:
        lines.append(f"{cut} {missing:,} more node{'' if missing == 1 else 's'}")
    return lines


def _line(node: Value, prefix: str, width: int, cut: str, marks: tuple[str, str], colour: bool) -> str:
    title = _title(node) + (f" = {node.op}" if node.name and node.op else "")
    gradient = gradient_of(node)
    mark = "" if not gradient or gradient != gradient else marks[gradient < 0.0]
    shown = "not set" if gradient is None else f"{mark} {number_text(gradient)}".strip()
    value = number_text(node._record[0])
    room = width - 28  # 14 for the value, 14 for the gradient
    text = f"{_fitted(prefix + title, room, cut):<{room}} {value:>13}  "
    if not colour or not gradient:
        return (text + shown).rstrip()
    tint = _YELLOW if gradient - gradient != 0.0 else _RED if gradient > 0.0 else _BLUE
    return f"{text}{tint}{shown}{_RESET}"


def _title(node: Value) -> str:
    return visible(node.name or node.op or "leaf")


def _fitted(text: str, width: int, cut: str) -> str:
    return text if len(text) <= width else text[: width - len(cut)] + cut


def _can_write(stream: Any, text: str) -> bool:
    """Whether a stream's encoding has all these characters."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
