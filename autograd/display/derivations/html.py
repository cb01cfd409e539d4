"""Expression and Derivation -> HTML with MathML, which browsers show without a script.

The MathML is made from the LaTeX of the same formula, so that both agree: operations are the table's templates, and
names and numbers go through as finished pieces.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from autograd.display.derivations.expression import Expression
from autograd.display.derivations.latex import LATEX, LATEX_NUMBERS, equation_parts, name_parts, shown, shown_lines
from autograd.display.derivations.steps import Derivation, Equation
from autograd.display.derivations.writing import Derivative, Style, exact, filled, rounded, write

_SIGNS = {
    "cdot": "·", "times": "×", "bmod": "mod", "ne": "≠", "le": "≤", "ge": "≥", "lfloor": "⌊", "rfloor": "⌋",
    "lceil": "⌈", "rceil": "⌉", "{": "{", "}": "}",
}
_FUNCTIONS = {"sigma": "σ", "psi": "ψ", "Gamma": "Γ"}
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\x02[^\x03]*\x03|[0-9.]+|[A-Za-z]+|\S")
_SIGN_OPERATORS = "+-=<>−·×≠≤≥"


def mathml_name(name: Any) -> str:
    """A symbol's name, any string at all or a `Derivative`, as MathML.

    >>> mathml_name("w5")
    '<msub><mi>w</mi><mn>5</mn></msub>'
    """
    if isinstance(name, Derivative):
        of, by = (f"<mrow><mo>∂</mo>{mathml_name(part)}</mrow>" for part in (name.of, name.by))
        return f"<mfrac>{of}{by}</mfrac>"
    base, below, above = name_parts(shown(str(name)))
    word = f"<mi>{escape(base)}</mi>" if len(base) == 1 else _text(base)
    if not below:
        return f"<msup>{word}<mo>{above}</mo></msup>" if above else word
    under = _below(below)
    return f"<msubsup>{word}{under}<mo>{above}</mo></msubsup>" if above else f"<msub>{word}{under}</msub>"


def _below(text: str) -> str:
    if text.isdecimal() and text.isascii():
        return f"<mn>{text}</mn>"
    return mathml_name(text) if "_" in text else _text(text)


def _text(text: str) -> str:
    """A word of several characters, upright, with its spaces."""
    if text.isalnum():
        return f"<mi>{escape(text)}</mi>"
    return f"<mtext>{escape(text).replace(' ', '&#160;')}</mtext>"


def mathml_number(text: str) -> str:
    """The text of a number as MathML."""
    if text.startswith(("-", "−")):
        return f"<mrow><mo>−</mo>{mathml_number(text[1:])}</mrow>"
    if text == "inf":
        return "<mi>∞</mi>"
    mantissa, _, exponent = text.partition("e")
    if not exponent or not text[:1].isdigit():
        return f"<mn>{text}</mn>" if text[:1].isdigit() else f"<mi>{text}</mi>"
    return f"<mrow><mn>{mantissa}</mn><mo>×</mo><msup><mn>10</mn>{mathml_number(str(int(exponent)))}</msup></mrow>"


def _piece(mathml: str) -> str:
    return f"\x02{mathml}\x03"


def _number_piece(text: str) -> str:
    """A number in a formula: its sign outside the piece, where the writer sees it; a power of ten in parentheses."""
    sign, digits = ("-", text[1:]) if text.startswith(("-", "−")) else ("", text)
    if "e" in digits:
        return rf"\left({sign}{_piece(mathml_number(digits))}\right)"
    return sign + _piece(mathml_number(digits))


_SYMBOLS = Style(
    lambda name, number: _piece(mathml_name(name)), lambda number: _number_piece(exact(number)), LATEX.template,
    LATEX.parentheses, LATEX.product,
)
_NUMBERS = Style(
    lambda name, number: _number_piece(rounded(number)), lambda number: _number_piece(rounded(number)), LATEX.template,
    LATEX.parentheses, LATEX_NUMBERS.product,
)


def expression_to_mathml(expression: Expression) -> str:
    """An expression as the inside of a <math> element."""
    return _mathml(write(expression, _SYMBOLS))


def _mathml(latex: str) -> str:
    """The part of LaTeX in which the table and the writer write formulas, as MathML."""
    tokens = _TOKEN.findall(latex)[::-1]
    return _row(_items(tokens, ""))


def mathml_template(latex: str) -> str:
    """The LaTeX template of a row of the table as one of MathML, with the same places {0}, {1}, …

    >>> mathml_template("{0} + {1}"), mathml_template(r"\\frac{{0}}{{1}}")
    ('{0}<mo>+</mo>{1}', '<mfrac>{0}{1}</mfrac>')
    """
    tokens = _TOKEN.findall(filled(latex, [_piece(f"{{{i}}}") for i in range(latex.count("{"))]))[::-1]
    return "".join(_items(tokens, ""))


def _row(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"<mrow>{''.join(items)}</mrow>"


def _items(tokens: list[str], end: str) -> list[str]:
    """The items up to the closing token; _ and ^ take the item before them."""
    items: list[str] = []
    while tokens:
        token = tokens.pop()
        if token == end:
            return items
        if token in ("_", "^"):
            tag = "msub" if token == "_" else "msup"
            items[-1] = f"<{tag}>{items[-1]}{_argument(tokens)}</{tag}>"
        else:
            items.append(_item(token, tokens, bool(items)))
    return items


def _argument(tokens: list[str]) -> str:
    token = tokens.pop()
    return _row(_items(tokens, "}")) if token == "{" else _item(token, tokens, False)


def _item(token: str, tokens: list[str], follows: bool) -> str:
    if token.startswith("\x02"):
        return token[1:-1]
    if token == "{":
        return _row(_items(tokens, "}"))
    if token == r"\frac":
        return f"<mfrac>{_argument(tokens)}{_argument(tokens)}</mfrac>"
    if token == r"\sqrt":
        if tokens[-1] == "[":
            tokens.pop()
            index = _row(_items(tokens, "]"))
            return f"<mroot>{_argument(tokens)}{index}</mroot>"
        return f"<msqrt>{_argument(tokens)}</msqrt>"
    if token == r"\left":
        opening = tokens.pop()
        inside = _items(tokens, r"\right")
        return f"<mrow>{_fence(opening)}{''.join(inside)}{_fence(tokens.pop())}</mrow>"
    if token == r"\operatorname":
        tokens.pop()
        letters = []
        while (letter := tokens.pop()) != "}":
            letters.append(letter.removeprefix("\\"))
        return f"<mi>{escape(''.join(letters))}</mi>"
    if token[0].isdigit():
        return f"<mn>{token}</mn>"
    return _sign(token, follows)


def _fence(token: str) -> str:
    return f"<mo>{escape(_SIGNS.get(token.removeprefix(chr(92)), token))}</mo>"


def _sign(token: str, follows: bool) -> str:
    """A letter, a command or an operator; a sign in front of the first operand is not spaced as one between two."""
    name = token.removeprefix("\\")
    if name in _SIGNS:
        return f"<mo>{escape(_SIGNS[name])}</mo>"
    if name in _FUNCTIONS or name.isalpha():
        names = {"arcsin": "arcsin", "arccos": "arccos", "arctan": "arctan"} | _FUNCTIONS
        return f"<mi>{names.get(name, name)}</mi>"
    sign = escape("−" if token == "-" else token)
    return f"<mo>{sign}</mo>" if follows or token not in "-" else f'<mo form="prefix">{sign}</mo>'


def math(inside: str) -> str:
    """A <math> element, set as large as a displayed formula but in the line."""
    return f'<math displaystyle="true">{inside}</math>'


def derivation_to_html(derivation: Derivation) -> str:
    """A derivation as a table of lines, its values in one column, with the check, the update, and the notes."""
    rows = [_table_row(equation) for equation in derivation.equations]
    backward, difference = (math(mathml_number(rounded(x))) for x in (derivation.value, derivation.difference))
    check = f"check: backward {backward}, central difference {difference}"
    rows.append(f'<tr><td colspan="2" style="{_CELL}">{check}</td></tr>')
    if derivation.update is not None:
        left, between, value = equation_parts(derivation.update, _SYMBOLS, _NUMBERS)
        formula = math("<mo>=</mo>".join([*map(_mathml, [left, *between]), mathml_number(value)]))
        rows.append(f'<tr><td colspan="2" style="{_CELL}">update: {formula}</td></tr>')
    notes = "".join(f"<p>{escape(shown_lines(note))}</p>\n" for note in derivation.notes)
    body = "\n".join(rows)
    table = f'<table style="border-collapse: collapse">\n{body}\n</table>'
    return f'<div style="overflow-x: auto; margin-bottom: 1.5em">\n{table}\n</div>\n{notes}'


_CELL = "padding: 0.35em 0.6em 0.35em 0; text-align: left; white-space: nowrap; border: 0"


def _table_row(equation: Equation) -> str:
    left, between, value = equation_parts(equation, _SYMBOLS, _NUMBERS)
    indent = 1.6 * (equation.level + (not left))
    sides = [_mathml(side) for side in ([left] if left else []) + between]
    formula = "<mo>=</mo>".join(sides)
    formula = formula if left else f"<mo>=</mo>{formula}"
    result = math(f"<mo>=</mo>{mathml_number(value)}") if value else ""
    return (
        f'<tr><td style="{_CELL}; padding-left: {indent:.1f}em">{math(f"<mrow>{formula}</mrow>")}</td>'
        f'<td style="{_CELL}">{result}</td></tr>'
    )


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em }}
table + p, div + p {{ margin: 0.5em 0 }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def page(title: str, body: str) -> str:
    """A whole page, in the reader's light or dark colours, which needs nothing else."""
    return _PAGE.format(title=escape(shown_lines(title)), body=body)
