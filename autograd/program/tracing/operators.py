"""Value's operators, on nodes that have no number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.engine.recording import current
from autograd.engine.value import Value, other_operand
from autograd.primitives import table
from autograd.primitives.row import TABLE, Primitive
from autograd.program.tracing.absence import Maybe
from autograd.program.tracing.sorts import joined, of_whole_numbers, sort_of
from autograd.program.tracing.traced import Predicate, Traced, Truth, Whole, record


def _unary(primitive: Primitive) -> Callable[[Any], Any]:
    def method(self: Any) -> Any:
        return record(primitive, (_as_operand(self),))

    method.__doc__ = primitive.summary
    return method


def _binary(primitive: Primitive) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    def forward(self: Any, other: Any) -> Any:
        if type(other) is Traced and type(self) is Traced and self.trace is other.trace:
            recording = current()
            if recording.trace is self.trace and recording.enabled:  # the quick way to a step that is there already
                found = self.trace.shared.get((primitive, id(self), id(other)))
                if found is not None:
                    return found
        if type(other) is not float and type(other) is not Traced:
            if isinstance(other, Maybe):
                return NotImplemented
            other = _as_operand(other)
            if other is NotImplemented:
                return NotImplemented
        return record(primitive, (_as_operand(self), other))

    def reflected(self: Any, other: Any) -> Any:
        other = _as_operand(other)
        if other is NotImplemented:
            return NotImplemented
        return record(primitive, (other, _as_operand(self)))

    forward.__doc__ = reflected.__doc__ = primitive.summary
    return forward, reflected


def _as_operand(operand: Any) -> Any:
    """A node that is a number, or a float; NotImplemented for another type, as in value.py."""
    if isinstance(operand, Predicate):
        return record(table.where, (operand, 1.0, 0.0))
    return operand if isinstance(operand, Value) else other_operand(operand)


def _of_sorts(of_floats: Callable[..., Any], primitive: Primitive, reflected: bool = False) -> Callable[..., Any]:
    """An operator of a whole number or a truth: of another such it is what NumPy, or of comparisons Python, has."""

    def method(self: Any, *other: Any) -> Any:
        sorts = [*map(sort_of, (self, *other))]
        alone = not self.kind and not any(getattr(item, "shape", ()) for item in other)
        known = [int(item) for item in other if alone and float not in sorts and not isinstance(item, Value)]
        if not alone or float in sorts or (primitive.name in ("floor_divide", "remainder") and not any(known)):
            return of_floats(self, *other)
        if type(self) is Truth and joined(sorts) is bool:
            if primitive.name in ("add", "multiply"):
                return table.logical_or(self, *other) if primitive.name == "add" else table.logical_and(self, *other)
            if primitive.name in ("subtract", "negative"):
                raise TypeError(f"truths have no {primitive.name}, as in NumPy: use ^ or ~, or where(x, 1.0, 0.0)")
        operands = [_as_operand(item) if isinstance(item, Value) else item for item in (self, *(known or other))]
        return of_whole_numbers(primitive.name, primitive, operands[::-1] if reflected else operands)

    return method


def install_operators() -> None:
    """Each method of Value that applies a row, on Traced nodes."""
    operators = {
        "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power", "mod": "remainder",
        "floordiv": "floor_divide",
    }
    for name, row in operators.items():
        forward, reflected = _binary(TABLE[row])
        setattr(Traced, f"__{name}__", forward)
        setattr(Traced, f"__r{name}__", reflected)
    comparisons = {
        "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
    }
    for name, row in comparisons.items():
        setattr(Traced, f"__{name}__", _binary(TABLE[row])[0])
    for name, row in {"neg": "negative", "abs": "absolute", "floor": "floor", "ceil": "ceil"}.items():
        setattr(Traced, f"__{name}__", _unary(TABLE[row]))
    for name, primitive in TABLE.items():
        if callable(getattr(Value, name, None)):
            count = len(primitive.partials)
            setattr(Traced, name, _unary(primitive) if count == 1 else _binary(primitive)[0])
    for kind in (Whole, Truth, Predicate):
        for name, row in {"add": "add", "sub": "subtract", "mul": "multiply", "pow": "power"}.items():
            setattr(kind, f"__{name}__", _of_sorts(getattr(Traced, f"__{name}__"), TABLE[row]))
            setattr(kind, f"__r{name}__", _of_sorts(getattr(Traced, f"__r{name}__"), TABLE[row], True))
        for name, row in {"floordiv": "floor_divide", "mod": "remainder", "neg": "negative", "abs": "absolute"}.items():
            setattr(kind, f"__{name}__", _of_sorts(getattr(Traced, f"__{name}__"), TABLE[row]))
    aliases = {
        "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh",
        "arctanh": "atanh", "arctan2": "atan2", "fabs": "absolute",
    }
    for name, row in aliases.items():
        primitive = TABLE[row]
        setattr(Traced, name, _unary(primitive) if len(primitive.partials) == 1 else _binary(primitive)[0])
