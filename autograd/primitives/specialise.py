"""Rows of the table, specialised for floats: the same rules, with what is known before the first call taken out.

A backward pass on plain floats is what a training loop does most. Two things slow the general path down, and neither
needs a rule written twice: a rule's siblings look at the type of each argument, and the sweep looks at each operand's
kind of partial. `on_floats` binds a rule's siblings to their evaluators; `reverse_step` writes out, as source, one step
of the reverse sweep for one row. Together they halve the time of the backward pass. `with_numbers` is for rules that
may close over a Value, which a sweep on floats does not follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from types import FunctionType
from typing import Any


def on_floats(rule: Any, evaluators: Mapping[str, Callable[..., Any]]) -> Any:
    """The same rule with every name in `evaluators` bound to that function; a constant is returned as it is."""
    if not isinstance(rule, FunctionType):
        return rule
    return FunctionType(rule.__code__, {**rule.__globals__, **evaluators}, rule.__name__, closure=rule.__closure__)


# The Values that computed a derivative on floats since a transform's sweep began; None where nobody asks.
values_met: ContextVar[list[Any] | None] = ContextVar("values_met", default=None)


def number_of(derivative: Any) -> Any:
    """A derivative on floats as a float, also where it is a Value, as a rule's is that closes over one.

    A backward pass takes the number; a transform, which finds the Value in `values_met`, sweeps differentiably instead.
    """
    if type(derivative) is float or not hasattr(derivative, "_number"):
        return derivative
    met = values_met.get()
    if met is not None:
        met.append(derivative)
    return derivative._number


def with_numbers(partials: Sequence[Any]) -> tuple[Any, ...]:
    """The rules where all arguments are floats: they give numbers, also where one computes with a Value."""

    def with_number(rule: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *numbers: number_of(rule(*numbers))

    return tuple([with_number(rule) if callable(rule) else rule for rule in partials])


def _argument_returned(rule: Callable[..., Any], names: Sequence[str]) -> str:
    """The name of the argument that a rule merely hands back, as that of a product does; empty where it computes."""
    marks = [object() for _ in names]
    try:
        result = rule(*marks)
    except Exception:  # it computes with them, which marks do not allow
        return ""
    return next((name for name, mark in zip(names, marks) if mark is result), "")


def reverse_step(partials: Sequence[Any], inline: bool = False) -> Callable[..., None]:
    """One step of the reverse sweep: a function that adds a node's share to the cotangents of its operands.

    For `x * y` its source reads

        def step(cotangent, node, cotangents):
            out, x0, x1 = node._out, node._x, node._y
            operand0, operand1 = node._first, node._second
            if operand0 is not None:
                share = cotangent * x1
                cotangents[operand0] = cotangents[operand0] + share if operand0 in cotangents else share
            ...

    A rule that computes something is called: `(factor := partial0(out, x0, x1)) is not None` joins the condition. So
    is every rule without `inline`, which is for rules that are known not to look at their arguments.
    """
    count = range(len(partials))
    arguments = ", ".join(["out", *(f"x{i}" for i in count)])
    operands = ", ".join(f"operand{i}" for i in count)
    if len(partials) == 1:
        floats, nodes = "node._x", "node._first"
    elif len(partials) == 2:
        floats, nodes = "node._x, node._y", "node._first, node._second"
    else:
        floats, nodes = "node._x, node._y, *node._rest", "node._first, node._second, *node._more"
    lines = [f"{arguments} = node._out, {floats}", f"{operands} = {nodes}"]
    for i, partial in enumerate(partials):
        if partial is None:
            continue
        if isinstance(partial, float):
            factor = repr(partial)
        else:
            factor = _argument_returned(partial, arguments.split(", ")) if inline else ""
        if factor:
            lines.append(f"if operand{i} is not None:")
            lines.append("    share = cotangent" if factor == "1.0" else f"    share = cotangent * {factor}")
        else:
            lines.append(f"if operand{i} is not None and (factor := partial{i}({arguments})) is not None:")
            lines.append("    share = cotangent * factor")
        total = f"cotangents[operand{i}]"
        lines.append(f"    {total} = {total} + share if operand{i} in cotangents else share")
    source = "def step(cotangent, node, cotangents):\n    " + "\n    ".join(lines)
    namespace: dict[str, Any] = {f"partial{i}": partial for i, partial in enumerate(partials)}
    exec(source, namespace)
    step: Callable[..., None] = namespace["step"]
    return step
