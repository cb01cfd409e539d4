"""The derivative of a root or a fixed point: of what an iteration finds, without differentiating the iteration."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.engine.recording import current, no_grad, transforming
from autograd.engine.sweep import differentiable_reverse_sweep, reverse_sweep
from autograd.engine.value import Value
from autograd.errors import BoundError, ShapeError
from autograd.primitives.row import Primitive, real
from autograd.primitives.specialise import with_numbers
from autograd.primitives.table import divide
from autograd.program.nests import Structure, flatten
from autograd.transforms.joint import joint_partials
from autograd.transforms.recorded import Recorded
from autograd.transforms.rerunning import Before, as_of_now, recorded_again


class _Root(Primitive):
    """One number of a root, as an operation on the Values that the function closes over."""

    has_formula = False


Solver = Callable[[Callable[[Any], Any], Any], Any]


def custom_root(f: Callable[[Any], Any], initial_guess: Any, solve: Solver, tangent_solve: Solver | None = None) -> Any:
    """The root x of f(x) = 0 that `solve` finds, with derivatives by the implicit function theorem.

    The derivative with respect to a Value p that f closes over is -(∂f/∂x)⁻¹ · ∂f/∂p at the root, at every order,
    however `solve` got there.

    Parameters
    - `f`: takes a number or a nest of numbers, and returns one of the same structure; the Values that it closes over
      are its parameters;
    - `initial_guess`: where to start;
    - `solve(f, initial_guess)`: returns the root; any method, it is not differentiated;
    - `tangent_solve(g, y)`: solves the linear system g(x) = y, for a function g and a nest y. Gaussian elimination
      with partial pivoting on g's matrix where not given.

    Returns the root: Values where f depends on Values from outside, else floats.

    Raises: `ShapeError` where f's result has another structure than its argument.

    Source: Krantz and Parks, The Implicit Function Theorem (2002), theorem 1.3.1.

    >>> from autograd import grad
    >>> def newton(f, x):
    ...     for _ in range(30):
    ...         x = x - f(x) / grad(f)(x)
    ...     return x
    >>> def square_root(a):
    ...     return custom_root(lambda x: x * x - a, 1.0, newton)
    >>> grad(square_root)(4.0), grad(grad(square_root))(4.0)
    (0.25, -0.03125)
    """
    _require_eager("custom_root", "solver")
    solving = object()
    with transforming(solving), no_grad():
        root, structure = flatten(solve(f, initial_guess))
    numbers = [real(_number(item)) for item in root]
    return structure.unflatten(_implicit(f, numbers, structure, tangent_solve, solving))


def fixed_point(
    g: Callable[[Any], Any],
    initial_guess: Any,
    *,
    tolerance: float = 1e-14,
    absolute_tolerance: float = 0.0,
    max_iterations: int = 10_000,
    tangent_solve: Solver | None = None,
) -> Any:
    """The x with x = g(x) that repeating g leads to, with derivatives by the implicit function theorem.

    They are those of the equation (`custom_root`, with f(x) = x - g(x)), at every order, not those of the repetitions.

    Parameters
    - `g`: takes a number or a nest of numbers, and returns one of the same structure; the Values that it closes over
      are its parameters;
    - `initial_guess`: where to start;
    - `tolerance`, `absolute_tolerance`: the repetition ends where each number changes by no more than this part of its
      size, or than so much;
    - `max_iterations`: how often g is applied at most;
    - `tangent_solve`: as of `custom_root`.

    Returns the fixed point: Values where g depends on Values from outside, else floats.

    Raises: `BoundError` where the numbers still change after so many repetitions, or are no longer finite; `ShapeError`
    where g's result has another structure than its argument.

    >>> from autograd import exp, grad
    >>> def omega(a):                              # x·exp(a·x) = 1
    ...     return fixed_point(lambda x: exp(-a * x), 0.5)
    >>> round(omega(1.0), 12), round(grad(omega)(1.0), 12)
    (0.56714329041, -0.205247033775)
    """
    _require_eager("fixed_point", "repetition")

    def change(x: Any) -> Any:
        numbers, structure = flatten(x)
        image, found = flatten(g(x))
        _require_structure("g", found, structure)
        image = [other if isinstance(other, Value) else real(other) for other in image]
        return structure.unflatten([number - other for number, other in zip(numbers, image)])

    def repeat(f: Callable[[Any], Any], x: Any) -> Any:
        items, structure = flatten(x)
        numbers = [real(_number(item)) for item in items]
        for _ in range(max_iterations):
            changes = [_number(item) for item in flatten(f(structure.unflatten(numbers)))[0]]
            numbers = [number - change for number, change in zip(numbers, changes)]
            if not all(map(math.isfinite, numbers)):
                break
            if all(abs(c) <= max(tolerance * abs(x), absolute_tolerance) for c, x in zip(changes, numbers)):
                return structure.unflatten(numbers)
        raise BoundError(
            f"fixed_point came to {structure.unflatten(numbers)}, not to rest, by {max_iterations:,} repetitions at "
            "most: start nearer to it, allow a larger tolerance, or an absolute_tolerance where a number comes to 0, "
            "or take custom_root and a method of yours"
        )

    return custom_root(change, initial_guess, repeat, tangent_solve)


def _require_eager(name: str, search: str) -> None:
    if current().trace is not None:
        raise current().trace.untraceable(
            f"{name}'s {search} is ordinary Python, which is not compiled: call it outside, or search by a while_loop, "
            "whose derivative goes through its trips"
        )


def _implicit(
    f: Callable[[Any], Any], root: list[float], structure: Structure, tangent_solve: Solver | None, solving: object
) -> list[Any]:
    """The numbers of the root, as nodes whose operands are the Values that f closes over.

    Raises: `ValueError` for one that f made while it was `solving`, without a derivative, and kept.
    """
    recorded = Recorded(f, (structure.unflatten(root),), closures=None)
    _require_structure("f", recorded.outputs, structure)
    parameters = recorded.closures if current().enabled else []
    if not parameters:
        return list(root)
    if any(solving in value._recording.transforms for value in parameters):
        raise ValueError(
            "custom_root's function keeps a Value from one call to the next, as a cache does, and while it is solved "
            "no derivative is recorded: compute it before, or in each call"
        )

    later = as_of_now(f)
    before = Before(recorded, root)
    inverse: list[list[float]] = []  # once it is known

    def node(i: int) -> Any:
        def sensitivities(arguments: tuple[Any, ...]) -> list[Any]:
            if not any(isinstance(argument, Value) for argument in arguments):
                return recorded.derivatives(at_first, False)
            # The derivative depends on the root in turn: record f at a root that knows its own derivatives.
            at = _implicit(later, root, structure, tangent_solve, solving)
            again = recorded_again(
                lambda numbers: later(structure.unflatten(numbers)), [*at, *arguments], parameters,
                "custom_root's function", before,
            )
            return _sensitivities(again, True, i, parameters, structure, tangent_solve, [])

        def at_first(differentiable: bool) -> list[Any]:
            return _sensitivities(recorded, differentiable, i, parameters, structure, tangent_solve, inverse)

        rules = joint_partials(sensitivities, len(parameters))
        numbers = [value._number for value in parameters]

        def evaluate(*others: float) -> float:
            return root[i] if [*others] == numbers else math.nan  # elsewhere the solver would have to run again

        row = _Root("root", "root", evaluate, rules, ())
        row.specialise(with_numbers(rules))
        row.fingerprint = before.fingerprint + i.to_bytes(8)
        return row(*parameters)

    return [node(i) for i in range(len(root))]


def _require_structure(name: str, result: Structure, argument: Structure) -> None:
    if result.build(result.shapes) != argument.build(argument.shapes):
        raise ShapeError(f"{name} must return the structure of its argument, {argument}, not {result}")


def _sensitivities(
    recorded: Recorded,
    differentiable: bool,
    i: int,
    parameters: list[Value],
    structure: Structure,
    tangent_solve: Solver | None,
    inverse: list[list[float]],
) -> list[Any]:
    """The derivatives of the i-th number of the root: row i of -(∂f/∂x)⁻¹ · ∂f/∂p.

    `inverse` has the rows of (∂f/∂x)⁻¹, as numbers, from the first time on that they are asked for.
    """
    sweep: Callable[..., dict[Value, Any]] = differentiable_reverse_sweep if differentiable else reverse_sweep

    def pull(seeds: Sequence[Any]) -> dict[Value, Any]:
        pairs = [(node, seed) for node, seed in zip(recorded.results, seeds) if isinstance(node, Value)]
        return sweep(recorded.swept, pairs)

    def transposed(weights: Any) -> Any:
        cotangents = pull(flatten(weights)[0])
        return structure.unflatten([cotangents.get(leaf, 0.0) for leaf in recorded.leaves])

    size = len(recorded.leaves)
    units = [[1.0 if i == j else 0.0 for j in range(size)] for i in range(size)]
    if tangent_solve is not None:
        weights, _ = flatten(tangent_solve(transposed, structure.unflatten(units[i])))
    elif differentiable:
        (weights,) = _eliminate(transposed, structure, units, [units[i]])
    else:
        if not inverse:
            inverse += _eliminate(transposed, structure, units, units)
        weights = inverse[i]
    cotangents = pull([-weight for weight in weights])
    return [cotangents.get(parameter) for parameter in parameters]


def _eliminate(
    g: Callable[[Any], Any], structure: Structure, units: list[list[float]], rights: list[list[float]]
) -> list[list[Any]]:
    """For each y on the right the x with g(x) = y, of a linear g.

    Gaussian elimination with partial pivoting (Golub and Van Loan, 3.4).
    """
    size = len(units)
    columns = [flatten(g(structure.unflatten(unit)))[0] for unit in units]
    rows = [[column[i] for column in columns] + [right[i] for right in rights] for i in range(size)]
    for k in range(size):
        pivot = max(range(k, size), key=lambda i: abs(_number(rows[i][k])))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(k + 1, size):
            factor = divide(rows[i][k], rows[k][k])
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k])]
    solutions: list[list[Any]] = [[0.0] * size for _ in rights]
    for right, solution in enumerate(solutions, size):
        for k in reversed(range(size)):
            known = rows[k][right]
            for j in range(k + 1, size):
                known = known - rows[k][j] * solution[j]
            solution[k] = divide(known, rows[k][k])
    return solutions


def _number(item: Any) -> float:
    number: float = item.data if isinstance(item, Value) else item
    return number
