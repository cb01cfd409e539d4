"""The ways in which the engine differentiates a function of floats: the passes, by hand and as the transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from autograd import Value, checkpoint, grad, hessian, hvp, jacfwd, jacrev, jit, jvp, value_and_grad, vjp, vmap
from autograd.engine.sweep import forward_sweep, topological_order

Function = Callable[..., Any]
Point = Sequence[float]


def number(derivative: Any) -> float:
    """The float of a derivative, which is a Value where it can be differentiated again."""
    return derivative.data if isinstance(derivative, Value) else derivative


def _reverse(function: Function, operands: list[Value], create_graph: bool) -> list[Any]:
    """The gradient by one backward pass, which leaves no trace on the operands."""
    out = function(*operands)
    if isinstance(out, Value):
        out.backward(create_graph=create_graph)
    gradient = [operand.grad for operand in operands]
    for operand in operands:
        operand.grad = None
    return gradient


def _forward(function: Function, operands: list[Value], create_graph: bool) -> list[Any]:
    """The gradient by one forward pass for each operand."""
    out = function(*operands)
    order = topological_order([out] if isinstance(out, Value) else [])
    return [forward_sweep(order, {operand: 1.0}, create_graph).get(out, 0.0) for operand in operands]


PASSES = {"reverse": _reverse, "forward": _forward}


def gradient(function: Function, point: Point, mode: str, create_graph: bool = False) -> list[float]:
    """The first derivatives at a point, by "reverse" or "forward" mode; with `create_graph` by the rules on nodes."""
    return [number(partial) for partial in PASSES[mode](function, [Value(x) for x in point], create_graph)]


def second_derivatives(function: Function, point: Point, inner: str, outer: str) -> list[list[float]]:
    """The matrix of second derivatives at a point: `outer` mode over the first derivatives by `inner` mode."""
    operands = [Value(x) for x in point]
    firsts = PASSES[inner](function, operands, True)
    return [PASSES[outer](lambda *_, first=first: first, operands, False) for first in firsts]


def _all(point: Point) -> tuple[int, ...]:
    return tuple(range(len(point)))


def _units(point: Point) -> list[tuple[float, ...]]:
    return [tuple(1.0 if i == j else 0.0 for j in range(len(point))) for i in range(len(point))]


def _of_values(function: Function, point: Point) -> list[float]:
    """`grad` at Values, as an outer transform passes them: the derivatives are Values."""
    return [number(partial) for partial in grad(function, _all(point))(*map(Value, point))]


# Each takes a function of numbers and a point, and returns the list of first derivatives.
FIRST_ORDER: dict[str, Callable[[Function, Point], Sequence[float]]] = {
    "backward": lambda f, point: gradient(f, point, "reverse"),
    "backward with create_graph": lambda f, point: gradient(f, point, "reverse", create_graph=True),
    "forward with nodes": lambda f, point: gradient(f, point, "forward", create_graph=True),
    "grad": lambda f, point: grad(f, _all(point))(*point),
    "grad of Values": _of_values,
    "value_and_grad": lambda f, point: value_and_grad(f, _all(point))(*point)[1],
    "jvp": lambda f, point: [jvp(f, point, unit)[1] for unit in _units(point)],
    "vjp": lambda f, point: vjp(f, *point)[1](1.0),
    "jacfwd": lambda f, point: jacfwd(f, _all(point))(*point),
    "jacrev": lambda f, point: jacrev(f, _all(point))(*point),
    "grad of checkpoint": lambda f, point: grad(checkpoint(f), _all(point))(*point),
    "vmap of grad": lambda f, point: [batch[0] for batch in vmap(grad(f, _all(point)))(*([x] for x in point))],
}

# Each takes the same and returns the matrix of second derivatives.
SECOND_ORDER: dict[str, Callable[[Function, Point], Sequence[Sequence[float]]]] = {
    f"{outer} over {inner}": lambda f, point, inner=inner, outer=outer: second_derivatives(f, point, inner, outer)
    for inner, outer in product(PASSES, repeat=2)
} | {
    "hessian": lambda f, point: hessian(f, _all(point))(*point),
    "jacrev of jacfwd": lambda f, point: jacrev(jacfwd(f, _all(point)), _all(point))(*point),
    "jacrev of grad": lambda f, point: jacrev(grad(f, _all(point)), _all(point))(*point),
    "hvp": lambda f, point: [_row_of(hvp(f, point, unit)) for unit in _units(point)],
}


# The same, compiled.
BACKENDS = ("interpreter", "llvm")
COMPILED_FIRST_ORDER: dict[str, Callable[[Function, Point], Sequence[float]]] = {
    f"{transform.__name__}, {backend}": lambda f, point, transform=transform, backend=backend: jit(
        transform(f, _all(point)), backend=backend
    )(*point)
    for transform, backend in product((grad, jacfwd), BACKENDS)
}
COMPILED_SECOND_ORDER: dict[str, Callable[[Function, Point], Sequence[Sequence[float]]]] = {
    f"{name}, {backend}": lambda f, point, transform=transform, backend=backend: jit(
        transform(f, _all(point)), backend=backend
    )(*point)
    for (name, transform), backend in product(
        {"hessian": hessian, "jacrev of grad": lambda f, places: jacrev(grad(f, places), places)}.items(), BACKENDS
    )
}


def _row_of(product_with_a_unit: Any) -> Sequence[float]:
    return product_with_a_unit if isinstance(product_with_a_unit, tuple) else (product_with_a_unit,)


def higher_derivatives(function: Function, x: float, order: int) -> dict[str, float]:
    """The derivative of the given order at x: by every sequence of grad and jvp, and by backward, again and again."""
    operators = {"grad": grad, "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1]}
    derivatives = {"backward": _by_backward(function, x, order)}
    for names in product(operators, repeat=order):
        derivative = function
        for name in names:
            derivative = operators[name](derivative)
        derivatives[" of ".join(reversed(names))] = derivative(x)
    return derivatives


def _by_backward(function: Function, x: float, order: int) -> float:
    operand = Value(x)
    derivative = function(operand)
    for _ in range(order):
        if not isinstance(derivative, Value):
            return 0.0
        operand.grad = None
        derivative.backward(create_graph=True)
        derivative = operand.grad
    operand.grad = None
    return number(derivative)
