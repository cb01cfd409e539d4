"""What a backward pass does on request: hooks on a gradient, and the search for the first nan or infinity."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from autograd.engine.recording import Recording
from autograd.errors import AnomalyError

Hook = Callable[[Any], Any]

hooks: WeakKeyDictionary[Any, list[Hook]] = WeakKeyDictionary()

_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep


def add_hook(node: Any, hook: Hook) -> Callable[[], None]:
    """Register a hook on a node's gradient; returns the function that removes it."""
    if not callable(hook):
        raise TypeError(f"a hook is a function of the gradient, not {type(hook).__name__}")
    registered = hooks.setdefault(node, [])
    registered.append(hook)
    return lambda: registered.remove(hook) if hook in registered else None


def line_of_the_caller() -> str:
    """The file and line of the innermost frame outside this package, and outside NumPy, which calls our operators."""
    frame = sys._getframe(1)
    while frame.f_back is not None and (
        frame.f_code.co_filename.startswith(_PACKAGE) or frame.f_globals.get("__name__", "").startswith("numpy.")
    ):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def level_of_the_caller() -> int:
    """The `stacklevel` with which a warning, given by whoever calls this, names the user's line."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith((_PACKAGE, "<string>")):
        frame = frame.f_back
        level += 1
    return level


def check_value(node: Any) -> None:
    """Raise where `node` is nan and no operand is, or infinite and every operand is finite."""
    out, *operands = node._record
    numbers = [operand for operand in operands if isinstance(operand, float)]
    if math.isnan(out):
        fresh = not any(map(math.isnan, numbers))
    else:
        fresh = math.isinf(out) and all(map(math.isfinite, numbers))
    if fresh:
        raise AnomalyError(f"{node._primitive.name} gave {out}; {_description(node)}")


def watch_for(recording: Recording) -> Callable[[Any, dict[Any, Any]], None] | None:
    """What a sweep should do at each node: nothing, in the plain case."""
    if not recording.anomaly and not hooks:
        return None

    def watch(node: Any, cotangents: dict[Any, Any]) -> None:
        for hook in tuple(hooks.get(node, ())):
            replacement = hook(cotangents[node])
            if replacement is not None:
                cotangents[node] = replacement
        if recording.anomaly and node._primitive is not None:
            _check_gradients(node, cotangents[node])

    return watch


def watch_tangents_for(recording: Recording) -> Callable[[Any, dict[Any, Any]], None] | None:
    """The same for a forward sweep, which has no hooks."""
    return _check_tangent if recording.anomaly else None


def _check_tangent(node: Any, tangents: dict[Any, Any]) -> None:
    """Raise where finite derivatives of the operands become nan or infinite in that of `node`."""
    before = [_number(tangents[operand]) for operand in node._inputs if operand is not None and operand in tangents]
    if not math.isfinite(_number(tangents[node])) and all(map(math.isfinite, before)):
        raise AnomalyError(
            f"the derivative turned {_number(tangents[node])} in forward mode at {node._primitive.name}; "
            f"{_description(node)}"
        )


def _number(derivative: Any) -> float:
    number: float = getattr(derivative, "data", derivative)
    return number


def _check_gradients(node: Any, cotangent: Any) -> None:
    """Raise where a finite gradient of `node` becomes nan or infinite on its way to an operand."""
    shares: dict[Any, float] = {}
    number = _number(cotangent)
    node._primitive.reverse_step(number, node, shares)
    for i, operand in enumerate(node._inputs):
        if operand is not None and math.isfinite(number) and not math.isfinite(shares.get(operand, 0.0)):
            raise AnomalyError(
                f"the gradient turned {shares[operand]} in the derivative of {node._primitive.name} with respect to "
                f"operand {i + 1}; {_description(node)}"
            )


def _description(node: Any) -> str:
    """The node, its operands, and the line that made it."""
    _, *numbers = node._record
    names = [operand.name if operand is not None else "" for operand in node._inputs]
    operands = ", ".join(f"{name} = {number}" if name else f"{number}" for name, number in zip(names, numbers))
    name = f"{node.name} = " if node.name else ""
    line = node._recording.line or "a line outside detect_anomaly"
    return f"{name}{node._primitive.name}({operands}) was made at {line}"
