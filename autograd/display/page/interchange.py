"""DerivationPlan -> plain data from which another language writes the formulas and derivations, with its own numbers.

A formula is a nested list: a number, or "inf", "-inf", "nan"; ["v", i], the i-th named Value; ["d", i, j], the
derivative of the i-th with respect to the j-th; ["δ", i], that of the output with respect to the i-th; ["rest", n],
what n terms that are not written add up to; and [row, operand, …] for an operation, `row` being a place in the list of
notations.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from autograd.display.derivations.expression import Expression
from autograd.display.derivations.html import mathml_name, mathml_template
from autograd.display.derivations.steps import Equation
from autograd.display.derivations.writing import Derivative
from autograd.display.page.derivation_plan import DerivationPlan, outline
from autograd.engine.value import Value
from autograd.primitives import table
from autograd.primitives.row import Primitive, function_notation


def described(plan: DerivationPlan) -> dict[str, Any]:
    """What JSON can hold of a plan, but for its numbers.

    Returns a dict: `nodes`, for each named Value its `name`, that name in MathML, as the index of a δ and with the sign
    of an update (⁺), its `formula` or None, and the `lines` and `notes` of its derivation, None where it does not reach
    the output; `edges`, pairs of places (source, target); `notations`, for each row of the table its name, templates in
    text and MathML, precedence, and the loosest precedence of each operand in either.
    """
    writer = _Writer(plan)
    nodes = []
    for node in plan.nodes:
        label = plan.labels[node]
        nodes.append(
            {
                "name": label,
                "mathml": mathml_name(label),
                "delta": mathml_name(f"δ_{label}"),
                "updated": mathml_name(f"{label}⁺"),
                "formula": writer.formula(plan.formulas[node]),
                **writer.derivation(node),
            }
        )
    edges = [
        (writer.place[link.source], writer.place[link.target]) for links in plan.links.values() for link in links
    ]
    return {"nodes": nodes, "edges": edges, "notations": [_notation(row) for row in writer.rows]}


class _Writer:
    def __init__(self, plan: DerivationPlan) -> None:
        self.plan = plan
        self.place = {node: i for i, node in enumerate(plan.nodes)}
        self.rows = {table.multiply: 0, table.subtract: 1}  # an update needs them in any case
        self._by_label = {plan.labels[node]: i for node, i in self.place.items()}

    def formula(self, expression: Expression | None) -> Any:
        if expression is None:
            return None
        if expression.primitive is not None:
            row = self.rows.setdefault(expression.primitive, len(self.rows))
            return [row, *map(self.formula, expression.operands)]
        name = expression.name
        if not name:
            return expression.number if isfinite(expression.number) else repr(expression.number)
        if isinstance(name, Derivative):
            return ["d", self._by_label[name.of], self._by_label[name.by]]
        if name in self._by_label:
            return ["v", self._by_label[name]]
        if name.startswith("("):
            return ["rest", int(name[1:].split()[0].replace(",", ""))]
        return ["δ", self._by_label[name.removeprefix("δ_")]]

    def derivation(self, variable: Value) -> dict[str, Any]:
        equations, notes = outline(self.plan, variable)
        if notes and "does not depend" in notes[0]:
            return {"lines": None, "notes": notes}
        return {"lines": list(map(self._line, equations)), "notes": notes}

    def _line(self, equation: Equation) -> list[Any]:
        return [self.formula(equation.left), self.formula(equation.right), equation.level, equation.shown]


def _notation(row: Primitive) -> dict[str, Any]:
    notation = row.notation or function_notation(row.name, len(row.partials))
    return {
        "name": row.name,
        "text": notation.text,
        "mathml": mathml_template(notation.latex),
        "precedence": notation.precedence,
        "text_operands": notation.operands,
        "mathml_operands": notation.latex_operands,
    }
