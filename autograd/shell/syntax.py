"""Text -> Python's syntax tree, for an expression that a stranger may have typed.

Python's parser only says how the text is built; nothing of it is run. What could bring the parser down is refused
before it: foreign characters, deep nesting, endless numbers.
"""

from __future__ import annotations

import ast
import difflib
import re
import warnings
from collections.abc import Collection
from typing import NoReturn

from autograd.errors import ExpressionError

LONGEST_EXPRESSION = 30_000  # characters
DEEPEST_NESTING = 100  # brackets; Python's parser takes 200
MOST_SIGNS = 100  # in a row
LONGEST_NUMBER = 400  # digits in a row: more than the largest float has, and fewer than Python's own limit, 640

ALLOWED = "allowed are numbers, names, + - * / // % **, parentheses, functions, and comparisons inside where(...)"
_FOREIGN = re.compile(r"[^\w\s+\-*/%().,<>=!]|[²³]")
_SIGNS = re.compile(rf"(?:[+-] ?){{{MOST_SIGNS + 1}}}")
_LONE_EQUALS = re.compile(r"(?<![<>=!])=(?!=)")
_DIGITS = re.compile(rf"\d[\d_]{{{LONGEST_NUMBER}}}")
INSTEAD = {
    "^": "a power is written **",
    "×": "a product is written *",
    "·": "a product is written *",
    "÷": "a quotient is written /",
    "−": "a minus sign is written -",
    "²": "a square is written **2",
    "³": "a cube is written **3",
    "ln": "the natural logarithm is log",
    "max": "the larger of two is maximum(x, y)",
    "min": "the smaller of two is minimum(x, y)",
    "pow": "a power is written **",
    "e": "Euler's number is exp(1), or give e=2.718281828459045",
}
_OPENS = {
    "[": "a subscript or a list",
    "{": "a set or a dictionary",
    ":": "of a lambda, a slice or :=",
    "'": "of a text",
    '"': "of a text",
}


def one_line(text: str) -> str:
    """The text on one line, with its white space made plain.

    Raises: `ExpressionError` where the text has what could not be read, or could bring Python's parser down.

    >>> one_line(" a*b\\n  + 1 ")
    'a*b + 1'
    """
    if len(text) > LONGEST_EXPRESSION:
        raise ExpressionError(f"the expression has {len(text):,} characters; up to {LONGEST_EXPRESSION:,} are taken")
    text = " ".join(text.split())
    if not text:
        raise ExpressionError(f"the expression is empty; {ALLOWED}")
    if foreign := _FOREIGN.search(text):
        sign = foreign.group()
        opens = f" ({_OPENS[sign]})" if sign in _OPENS else ""
        refuse(text, foreign.start(), f"{sign!r}{opens} is not part of an expression; {INSTEAD.get(sign, ALLOWED)}")
    if equals := _LONE_EQUALS.search(text):
        message = "'=' alone is not part of an expression: equality is ==, and functions take arguments by their place"
        refuse(text, equals.start(), message)
    if signs := _SIGNS.search(text):
        refuse(text, signs.start(), f"more than {MOST_SIGNS} signs in a row")
    if digits := _DIGITS.search(text):
        refuse(text, digits.start(), f"more than {LONGEST_NUMBER} digits in a row; a large number is written as 1e300")
    opened: list[int] = []
    for place, sign in enumerate(text):
        if sign == "(":
            opened.append(place)
            if len(opened) > DEEPEST_NESTING:
                refuse(text, place, f"more than {DEEPEST_NESTING} parentheses inside one another")
        elif sign == ")":
            if not opened:
                refuse(text, place, "this ')' closes nothing")
            opened.pop()
    if opened:
        refuse(text, opened[-1], "this '(' is never closed")
    return text


def parse(text: str) -> ast.expr:
    """The syntax tree of a text that `one_line` has passed; raises `ExpressionError` where it is none.

    >>> ast.unparse(parse("a * (b+1)"))
    'a * (b + 1)'
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python's, about what is refused or harmless here: 1or 2
            return ast.parse(text, mode="eval").body
    except (RecursionError, MemoryError):
        raise ExpressionError(
            "the expression has too many operations in a row for Python's parser: put parentheses around parts of it"
        ) from None
    except SyntaxError as error:
        if not error.offset:
            raise ExpressionError(f"the expression ends too early, after {text[-20:]!r}") from None
        hint = "; a product is written with *, as in 2*x" if "decimal literal" in error.msg else ""
        refuse(text, min(error.offset, len(text)) - 1, f"this cannot be read: {error.msg}{hint}")


def refuse(text: str, place: int, message: str) -> NoReturn:
    """Raise `ExpressionError` with the message and the place, an index into the text."""
    near = text[place : place + 20]
    raise ExpressionError(f"at character {place + 1}, near {near!r}: {message}") from None


def suggestion(name: str, known: Collection[str], introduction: str) -> str:
    """What may have been meant, or what is known.

    >>> suggestion("sine", ["sin", "exp"], "the functions are")
    'did you mean sin?'
    """
    if name in INSTEAD:
        return INSTEAD[name]
    near = difflib.get_close_matches(name[:60], list(known)[:1000], 3)
    if near:
        return f"did you mean {' or '.join(near)}?"
    some = list(known)[:60]
    return f"{introduction} {', '.join(some)}{', ...' if len(known) > len(some) else ''}".rstrip()
