"""What the shell says of an expression: its value and derivatives, as a table or as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from autograd.display.derivations.explanation import explain
from autograd.display.derivations.formula import to_latex
from autograd.display.pictures.tree import tree
from autograd.engine.value import Value
from autograd.errors import ExpressionError
from autograd.shell.expressions import Expression

MOST_SECOND = 50  # variables; the second derivatives take one backward pass for each
LONGEST_SHOWN = 120  # characters of the expression above the table

# "tree" and "latex": texts; "explain": a text for each variable; "name": what these texts call the expression
Extras = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """An expression at a point, and its derivatives there, all as floats."""

    expression: Expression
    variables: dict[str, float]
    leaves: dict[str, Value]
    output: Value
    gradients: dict[str, float]
    second: dict[str, dict[str, float]] | None


def differentiate(expression: Expression, variables: dict[str, float], second: bool = False) -> Answer:
    """The value and the derivatives of an expression.

    Parameters: `expression`; `variables`, a number for each name; `second`, whether to take second derivatives too.
    Returns: an `Answer`; a variable that is not in the expression has derivatives of 0.
    Raises: `ExpressionError` for second derivatives with respect to more than 50 variables.

    >>> answer = differentiate(Expression("x*x*y", ["x", "y"]), {"x": 3.0, "y": 2.0}, second=True)
    >>> answer.gradients, answer.second["x"]
    ({'x': 12.0, 'y': 9.0}, {'x': 4.0, 'y': 6.0})
    """
    if second and len(variables) > MOST_SECOND:
        raise ExpressionError(f"second derivatives are taken for up to {MOST_SECOND} variables, not {len(variables)}")
    leaves = {name: Value(number, name) for name, number in variables.items()}
    output = expression(leaves)
    if not isinstance(output, Value):
        output = Value(output)  # without a variable in it
    rows = _second_derivatives(output, leaves) if second else None
    output.backward()
    return Answer(expression, variables, leaves, output, {name: leaf.grad for name, leaf in leaves.items()}, rows)


def _second_derivatives(output: Value, leaves: dict[str, Value]) -> dict[str, dict[str, float]]:
    """A row for each variable: the derivatives of its gradient, which is a graph in turn. All gradients end unset."""
    output.backward(create_graph=True)
    slopes = {name: leaf.grad for name, leaf in leaves.items()}
    output.zero_grad()  # interior gradients are graphs too; only the leaves' are needed
    rows = {}
    for name, slope in slopes.items():
        if isinstance(slope, Value):  # a float where the variable is not in the expression
            slope.backward()
        rows[name] = {other: leaf.grad for other, leaf in leaves.items()}
        for leaf in leaves.values():
            leaf.grad = None
    return rows


def extras_of(answer: Answer, explained: Sequence[str], with_tree: bool, with_latex: bool, in_json: bool) -> Extras:
    output = answer.output
    extras: Extras = {}
    if with_tree:
        # JSON is for a program: no colours, and the same lines on every terminal
        extras["tree"] = str(tree(output, width=80, ascii=False, colour=False) if in_json else tree(output))
    if with_latex:
        extras["latex"] = to_latex(output) if output._inputs or output.name else repr(output.data)
    if explained:
        named = output.name
        if not named:  # derivations need a short name
            candidates = chain("fghyz", (f"f{number}" for number in count(1)))
            output.named(next(name for name in candidates if name not in answer.leaves))
        explanations = {name: explain(output, answer.leaves[name]) for name in explained}
        extras["explain"] = {
            name: explanation.to_latex() if with_latex else explanation.to_text()
            for name, explanation in explanations.items()
        }
        if not named:
            extras["name"] = output.name
            output.named("")
    return extras


def to_table(answer: Answer, extras: Extras) -> str:
    """The answer for a person: the value, the gradient, and below them what else was asked for."""
    lines = [f"{shortened(answer.expression.text)} = {answer.output.data!r}"]
    if answer.variables:
        rows = [[name, repr(number), repr(answer.gradients[name])] for name, number in answer.variables.items()]
        lines += ["", *_aligned([["name", "value", "∂/∂name"], *rows])]
    if answer.second:
        names = list(answer.second)
        rows = [[f"∂/∂{name}", *(repr(answer.second[name][other]) for other in names)] for name in names]
        lines += ["", "second derivatives", *_aligned([["", *(f"∂/∂{name}" for name in names)], *rows])]
    lines += [line for part in ("tree", "latex") if part in extras for line in ("", str(extras[part]))]
    if "name" in extras:
        lines += ["", f"{extras['name']} = {shortened(answer.expression.text)}"]
    lines += [line for text in extras.get("explain", {}).values() for line in ("", text)]
    return "\n".join(lines) + "\n"


def to_json(answer: Answer, extras: Extras) -> str:
    """The answer for a program; JSON has no nan and no infinity, so they are the strings "nan", "inf" and "-inf"."""
    variables = {
        name: {"value": _in_json(number), "gradient": _in_json(answer.gradients[name])}
        for name, number in answer.variables.items()
    }
    content: dict[str, Any] = {
        "expression": answer.expression.text,
        "value": _in_json(answer.output.data),
        "variables": variables,
    }
    if answer.second is not None:
        content["second"] = {
            name: {other: _in_json(number) for other, number in row.items()} for name, row in answer.second.items()
        }
    content |= extras
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _in_json(number: float) -> float | str:
    return number if math.isfinite(number) else repr(number)


def _aligned(rows: list[list[str]]) -> list[str]:
    """The first column to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "   ".join(cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(zip(row, widths)))
        for row in rows
    ]


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN // 2]} ... {text[-LONGEST_SHOWN // 2 :]}"
