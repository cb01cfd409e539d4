r"""Expression and Derivation -> LaTeX, for amsmath, and for MathJax and KaTeX, which know its part that is used here.

Names are set as in the article: a subscript after the first underscore, Greek letters, longer names upright. Any other
character comes out as itself: every name is text.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from autograd.display.derivations.expression import Expression, is_constant
from autograd.display.derivations.steps import Derivation, Equation
from autograd.display.derivations.text import sides
from autograd.display.derivations.writing import Derivative, Style, exact, rounded, write
from autograd.display.style import visible
from autograd.primitives.row import Notation

LONGEST_NAME = 200
_ESCAPED = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "%": r"\%", "#": r"\#", "&": r"\&", "_": r"\_",
    "^": r"\hat{\ }", "~": r"{\sim}", " ": r"\ ",
}
_IN_PROSE = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "%": r"\%", "#": r"\#", "&": r"\&", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "∂": r"$\partial$", "⁺": "$^{+}$",
}
_GREEK_IN_LATIN_SHAPE = {"ο": "o", "Α": "A", "Β": "B", "Ε": "E", "Ζ": "Z", "Η": "H", "Ι": "I", "Κ": "K", "Μ": "M",
                         "Ν": "N", "Ο": "O", "Ρ": "P", "Τ": "T", "Υ": "Y", "Χ": "X"}


def shown(name: str) -> str:
    """A name in one line of characters that every format can hold; one without a shape is written as its code."""
    return "".join(
        c if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Cc") else f"[U+{ord(c):04X}]"
        for c in visible(name, LONGEST_NAME)
    )


def name_parts(name: str) -> tuple[str, str, str]:
    """What stands on the line, below it, and above it: net_o1 is net with o1 below, w5⁺ is w with 5 and +.

    >>> name_parts("net_o1"), name_parts("w5⁺"), name_parts("_x"), name_parts("δ_net_h1")
    (('net', 'o1', ''), ('w', '5', '+'), ('_x', '', ''), ('δ', 'net_h1', ''))
    """
    above = "+" if len(name) > 1 and name.endswith("⁺") else ""
    name = name[:-1] if above else name
    base, _, below = name.partition("_")
    if not base or not below:
        numbered = re.fullmatch(r"([A-Za-zα-ωΑ-Ω])([0-9]+)", name)
        base, below = numbered.groups() if numbered else (name, "")
    return base, below, above


def latex_name(name: Any) -> str:
    r"""A symbol's name in LaTeX: any string at all, or a `Derivative`.

    >>> latex_name("net_o1"), latex_name("δ_o1"), latex_name("w5⁺"), latex_name("50 %")
    ('\\mathrm{net}_{\\mathrm{o1}}', '\\delta_{\\mathrm{o1}}', 'w_{5}^{+}', '\\mathrm{50\\ \\%}')
    """
    if isinstance(name, Derivative):
        return rf"\frac{{\partial {latex_name(name.of)}}}{{\partial {latex_name(name.by)}}}"
    base, below, above = name_parts(shown(str(name)))
    under = f"_{{{_below(below)}}}" if below else ""
    return _word(base) + under + (f"^{{{above}}}" if above else "")


def _below(text: str) -> str:
    """What stands below the line: digits, a word as it is, or a name with a subscript of its own."""
    if text.isdecimal() and text.isascii():
        return text
    return latex_name(text) if "_" in text else _word(text)


def _word(text: str) -> str:
    if len(text) == 1 and text.isalpha() and text.isascii():
        return text
    if text in _GREEK_IN_LATIN_SHAPE:
        return rf"\mathrm{{{_GREEK_IN_LATIN_SHAPE[text]}}}"
    if greek := _greek(text):
        return greek
    return rf"\mathrm{{{''.join(map(_character, text))}}}"


def _greek(character: str) -> str:
    """The command of a Greek letter, else an empty string."""
    if len(character) != 1 or not ("α" <= character <= "ω" or "Α" <= character <= "Ω"):
        return ""
    name = unicodedata.name(character, "").removeprefix("GREEK ").removeprefix("FINAL ")
    size, _, letter = name.partition(" LETTER ")
    letter = {"LAMDA": "lambda", "FINAL SIGMA": "varsigma"}.get(letter, letter.lower())
    return "" if " " in letter or not letter else "\\" + (letter.capitalize() if size == "CAPITAL" else letter)


def _character(character: str) -> str:
    if character in _ESCAPED:
        return _ESCAPED[character]
    if character.isascii():
        return character if character.isalnum() else f"{{{character}}}"
    if character in _GREEK_IN_LATIN_SHAPE:
        return _GREEK_IN_LATIN_SHAPE[character]
    return f"{{{greek}}}" if (greek := _greek(character)) else rf"\text{{{character}}}"


def latex_number(text: str) -> str:
    r"""The text of a number in LaTeX.

    >>> latex_number("−1.5e-07"), latex_number("0.5"), latex_number("inf")
    ('-1.5 \\times 10^{-7}', '0.5', '\\infty')
    """
    sign, text = ("-", text[1:]) if text.startswith(("-", "−")) else ("", text)
    if text == "inf":
        return sign + r"\infty"
    if not text[:1].isdigit():
        return rf"{sign}\mathrm{{{text}}}"
    mantissa, _, exponent = text.partition("e")
    return f"{sign}{mantissa}" + (rf" \times 10^{{{int(exponent)}}}" if exponent else "")


def _operand(text: str) -> str:
    """A number inside a formula, where a power of ten needs parentheses of its own."""
    written = latex_number(text)
    return rf"\left({written}\right)" if r"\times" in written else written


def _template(notation: Notation) -> tuple[str, tuple[int, ...]]:
    return notation.latex, notation.latex_operands


def _product(sign: str) -> Any:
    return lambda a, b: f"{a} {b}" if b.startswith(r"\left(") else f"{a} {sign} {b}"


LATEX = Style(
    lambda name, number: latex_name(name), lambda number: _operand(exact(number)), _template, r"\left({}\right)",
    _product(r"\cdot"),
)
LATEX_NUMBERS = Style(
    lambda name, number: _operand(rounded(number)), lambda number: _operand(rounded(number)), _template,
    r"\left({}\right)", lambda a, b: rf"{a} \times {b}",
)


def expression_to_latex(expression: Expression) -> str:
    """An expression in LaTeX, without the signs that begin a formula."""
    return write(expression, LATEX)


def equation_parts(equation: Equation, symbols: Style, numbers: Style) -> tuple[str, list[str], str]:
    """The left side, what stands between the equals signs, and the rounded value; empty where the text has none."""
    left = write(equation.left, symbols) if equation.left is not None else ""
    count = len(sides(equation))
    styles = [numbers] if equation.shown == "numbers" else [symbols, numbers][:count]
    value = "" if equation.shown == "symbols" or is_constant(equation.right) else rounded(equation.value)
    return left, [write(equation.right, style) for style in styles], value


def derivation_lines(derivation: Derivation) -> list[str]:
    """The lines of a derivation, each with & at its beginning, for align* or aligned."""
    lines = [_line(equation) for equation in derivation.equations]
    backward, difference = (latex_number(rounded(x)) for x in (derivation.value, derivation.difference))
    lines.append(rf"& \text{{check: backward }} {backward} \text{{, central difference }} {difference}")
    if derivation.update is not None:
        lines.append(rf"& \text{{update: }} {_line(derivation.update).removeprefix('& ')}")
    return lines


def _line(equation: Equation) -> str:
    left, between, value = equation_parts(equation, LATEX, LATEX_NUMBERS)
    indent = r"\quad " * (equation.level + (not left))
    text = " = ".join(([left] if left else [""]) + between + ([latex_number(value)] if value else []))
    return f"& {indent}{text.strip()}"


def prose(text: str) -> str:
    """Text outside formulas, with every sign that LaTeX would take for its own escaped."""
    return "".join(
        _IN_PROSE.get(c) or (f"${greek}$" if (greek := _greek(c)) else c) for c in shown_lines(text)
    )


def shown_lines(text: str) -> str:
    """A note, whose names may hold anything."""
    return "".join(shown(text[i : i + LONGEST_NAME]) for i in range(0, len(text), LONGEST_NAME))


def derivation_to_latex(derivation: Derivation) -> str:
    """An align* environment, and the notes below it."""
    lines = " \\\\\n".join(derivation_lines(derivation))
    notes = "".join(f"\n{prose(note)}\n" for note in derivation.notes)
    return f"\\begin{{align*}}\n{lines}\n\\end{{align*}}{notes}"
