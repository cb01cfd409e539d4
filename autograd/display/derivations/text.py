"""Derivation -> terminal text."""

from __future__ import annotations

from autograd.display.derivations.expression import is_constant
from autograd.display.derivations.steps import Derivation, Equation
from autograd.display.derivations.writing import NUMBERS, TEXT, rounded, write


def as_text(derivation: Derivation) -> str:
    """The derivation as lines of text, with the values in one column."""
    rows = [_row(equation) for equation in derivation.equations]
    width = max((len(left) for left, value in rows if value), default=0)
    lines = [f"{left:<{width}} = {value}" if value else left for left, value in rows]
    lines.append(f"check: backward {rounded(derivation.value)} · central difference {rounded(derivation.difference)}")
    if derivation.update is not None:
        left, value = _row(derivation.update)
        lines.append(f"update: {left} = {value}")
    return "\n".join([*lines, *derivation.notes])


def sides(equation: Equation) -> list[str]:
    """What stands between the equals signs: the right side in symbols, and with its numbers where that says more."""
    symbols, numbers = write(equation.right, TEXT), write(equation.right, NUMBERS)
    if equation.shown == "symbols":
        return [symbols]
    if equation.shown == "numbers":
        return [numbers]
    return [symbols] if numbers in (symbols, rounded(equation.value)) else [symbols, numbers]


def _row(equation: Equation) -> tuple[str, str]:
    """The line without its value, and the value; none where it only states the symbols, or is the value itself."""
    indent = "  " * equation.level
    left = write(equation.left, TEXT) if equation.left is not None else ""
    shown = " = ".join(sides(equation))
    text = f"{indent}{left} = {shown}" if left else f"{indent}    = {shown}"
    value = "" if equation.shown == "symbols" or is_constant(equation.right) else rounded(equation.value)
    return text, value
