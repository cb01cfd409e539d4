"""`minimize`: SciPy's minimizers for functions of numbers, nests and modules, with the derivatives filled in.

It needs the extra `optim`, which brings SciPy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from math import inf
from typing import Any

from autograd import MissingDependencyError, Value, dot, hessian, hvp, jacobian, jit, value_and_grad
from nn.modules.module import Module
from nn.modules.objective import Objective, only_in_python, warn_of_python
from nn.nests import flatten

DERIVATIVE_FREE = ("nelder-mead", "powell", "cobyla", "cobyqa")
WITH_PRODUCTS = ("newton-cg", "trust-ncg", "trust-krylov", "trust-constr")  # these need no more than Hessian × vector
WITH_HESSIAN = ("dogleg", "trust-exact")
WITH_GRADIENT = ("cg", "bfgs", "l-bfgs-b", "tnc", "slsqp")
METHODS = (*WITH_GRADIENT, *WITH_PRODUCTS, *WITH_HESSIAN, *DERIVATIVE_FREE)


def minimize(
    f: Callable[..., Any],
    x0: Any,
    args: Sequence[Any] = (),
    method: str = "L-BFGS-B",
    *,
    argnums: int | Sequence[int] = 0,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[[Any], Any] | None = None,
    options: Mapping[str, Any] | None = None,
    compiled: bool = True,
) -> Any:
    """The arguments at which a function is least, found from `x0` by SciPy's `minimize`.

    `jac` is filled in where the method uses a gradient, `hessp` or `hess` where it uses second derivatives.

    Parameters
    - `f`: returns one number;
    - `x0`: where to start: a number, an array, or a nest of them; or a Module, whose parameters are then searched and
      set to what was found, and which f is called with; while f, a constraint or the callback runs, it has the numbers
      that are tried;
    - `args`: f's other arguments; `argnums`: the position of the searched one among all, or several, for which x0 is
      a tuple, as for `autograd.grad`;
    - `method`: any of SciPy's;
    - `bounds`: SciPy's, with one pair for each number, in order;
    - `constraints`: SciPy's dicts {"type": "eq" or "ineq", "fun": ...}, or objects; the "fun" of a dict takes a nest
      like x0, and its `jac` is filled in too;
    - `tol` and `options`: SciPy's; `callback`: called with a nest like x0 after each iteration;
    - `compiled`: False to leave f as it is; else it and its derivatives are compiled where the extra `jit` is there.

    Returns SciPy's OptimizeResult. Its `x`, and its `jac` where it has one, have the structure of x0; for a module they
    are dicts of numbers by the parameter's path.

    Raises: `MissingDependencyError` without SciPy; `ValueError` for an unknown method or nothing to search; `TypeError`
    where x0 holds what is no number; `StateError` where a parameter of the module is read from elsewhere.

    >>> found = minimize(lambda p: (p["x"] - 1.0) ** 2 + 10.0 * (p["y"] - p["x"] ** 2) ** 2, {"x": -1.0, "y": 1.0})
    >>> found.success, round(found.x["x"], 4), round(found.x["y"], 4)
    (True, 1.0, 1.0)
    """
    prepare = jit if compiled and find_spec("llvmlite") is not None else _as_it_is
    given = {"method": method, "bounds": bounds, "tol": tol, "options": options}
    if isinstance(x0, Module):
        return _minimize_module(f, x0, args, argnums, constraints, callback, prepare, **given)
    return _searched(partial(_called, f, tuple(args), argnums), x0, constraints, callback, prepare, **given)


def _searched(
    objective: Callable[[Any], Any], x0: Any, constraints: Any, callback: Any, prepare: Callable[..., Any], *,
    method: str, options: Mapping[str, Any] | None, **given: Any,
) -> Any:  # fmt: skip
    """What SciPy finds for a function of one nest; `prepare` is for the functions that it will call again and again."""
    search, kind = _scipy_minimize(), _kind(method)
    start, rebuild = flatten(x0)
    start = [_float(number) for number in start]
    if not start:
        raise ValueError(f"there is nothing to search in x0={x0!r:.60}: give a number, an array or a nest of numbers")
    given |= _derivatives(objective, rebuild, kind, prepare)
    if constraints:
        given["constraints"] = _constraints(constraints, rebuild, kind, prepare)
    if callback is not None:
        given["callback"] = lambda x, *state: callback(rebuild(x.tolist()))
    result = search(x0=start, method=method, options=dict(options or {}), **given)
    result["x"] = rebuild(result["x"].tolist())
    if "jac" in result and len(result["jac"]) == len(start):
        result["jac"] = rebuild([float(number) for number in result["jac"]])
    return result


def _scipy_minimize() -> Callable[..., Any]:
    try:
        from scipy.optimize import minimize as scipy_minimize
    except ImportError as error:
        raise MissingDependencyError(
            "minimize needs SciPy, which is not installed: pip install 'scalar-autograd[optim]'"
        ) from error
    function: Callable[..., Any] = scipy_minimize
    return function


def _kind(method: Any) -> str:
    kind = method.lower() if isinstance(method, str) else ""
    if kind not in METHODS:
        raise ValueError(f"method is one of SciPy's, {', '.join(METHODS)}, not {method!r:.60}")
    return kind


def _called(f: Callable[..., Any], args: tuple[Any, ...], argnums: int | Sequence[int], x: Any) -> Any:
    """f with the searched arguments among the others."""
    positions, searched = (argnums, tuple(x)) if isinstance(argnums, list | tuple | range) else ((argnums,), (x,))
    if any(isinstance(position, bool) or not isinstance(position, int) for position in positions):
        raise TypeError(f"argnums is a position or several, whole numbers, not {argnums!r}")
    count = len(args) + len(positions)
    by_position = {position % count: argument for position, argument in zip(positions, searched)}
    if not len(by_position) == len(positions) == len(searched) or not all(-count <= i < count for i in positions):
        raise TypeError(
            f"argnums={argnums!r} are positions among f's {count} arguments, one for each of the {len(searched)} in x0 "
            f"({len(args)} more are in args)"
        )
    others = iter(args)
    return f(*(by_position[i] if i in by_position else next(others) for i in range(count)))


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _derivatives(
    objective: Callable[[Any], Any], rebuild: Callable[..., Any], kind: str, prepare: Callable[..., Any]
) -> dict[str, Any]:
    """What SciPy takes: functions of a vector, with as many derivatives as the method uses."""
    if kind in DERIVATIVE_FREE:
        value = prepare(lambda x: objective(x))
        return {"fun": lambda x: _float(value(rebuild(x.tolist())))}
    both = prepare(value_and_grad(objective))

    def value_and_gradient(x: Any) -> tuple[float, Any]:
        value, gradient = both(rebuild(x.tolist()))
        return value, _vector(gradient)

    given: dict[str, Any] = {"fun": value_and_gradient, "jac": True}
    if kind in WITH_PRODUCTS:
        product = prepare(lambda x, direction: hvp(objective, (x,), (direction,)))
        given["hessp"] = lambda x, p: _vector(product(rebuild(x.tolist()), rebuild(p.tolist())))
    if kind in WITH_HESSIAN:
        matrix = prepare(hessian(lambda numbers: objective(rebuild(numbers))))
        given["hess"] = lambda x: _vector(matrix(x.tolist())).reshape(len(x), len(x))
    return given


def _constraints(constraints: Any, rebuild: Callable[..., Any], kind: str, prepare: Callable[..., Any]) -> Any:
    """The constraints as functions of a vector, with their derivatives."""
    members = constraints if isinstance(constraints, list | tuple) else [constraints]
    return [_constraint(each, rebuild, kind, prepare) if isinstance(each, Mapping) else each for each in members]


def _constraint(
    constraint: Mapping[str, Any], rebuild: Callable[..., Any], kind: str, prepare: Callable[..., Any]
) -> Any:
    others = tuple(constraint.get("args", ()))

    def values(numbers: Any) -> Any:
        return flatten(constraint["fun"](rebuild(numbers), *others))[0]

    evaluate, differentiate = prepare(values), prepare(jacobian(values))
    functions = {
        "fun": lambda x: [_float(number) for number in evaluate(x.tolist())],
        "jac": lambda x: differentiate(x.tolist()),
    }
    if kind != "trust-constr":
        return {"type": constraint["type"], **functions}
    from scipy.optimize import NonlinearConstraint

    second = prepare(hessian(lambda numbers, weights: dot(weights, values(numbers))))
    highest = 0.0 if constraint["type"] == "eq" else inf
    return NonlinearConstraint(
        functions["fun"], 0.0, highest, functions["jac"],
        lambda x, v: _vector(second(x.tolist(), v.tolist())).reshape(len(x), len(x)),
    )  # fmt: skip


def _minimize_module(
    f: Callable[..., Any], model: Module, args: Sequence[Any], argnums: Any, constraints: Any, callback: Any,
    prepare: Callable[..., Any], **given: Any
) -> Any:  # fmt: skip
    if not isinstance(argnums, int):
        raise TypeError(f"a module is searched alone: argnums is one position, not {argnums!r}")
    parameters = dict(model.named_parameters())
    if not parameters:
        raise ValueError("the module has no parameters to search")

    def keep(numbers: Iterable[float]) -> None:
        for parameter, number in zip(parameters.values(), numbers):
            parameter.data = number

    def in_place(function: Callable[..., Any], *parts: Any) -> Callable[..., Any]:
        """The function as one of the module's numbers by their paths, its first argument, which the module then has."""
        inside = Objective(model, function, *parts)

        def called(numbers: Mapping[str, Any], *others: Any) -> Any:
            result = inside.at(numbers, numbers, *others)
            inside.require_through_model(parameters, flatten(result)[0])
            return result

        return called

    def tried(function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, while which a parameter that it reads from a variable has the number that is tried."""

        def called(numbers: Any, *others: Any) -> Any:
            keep(flatten(numbers)[0])
            return function(numbers, *others)

        return called

    def prepared(function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, compiled as long as it reads no parameter from a variable."""
        chosen = prepare(function)

        def called(*given: Any) -> Any:
            nonlocal chosen
            result = chosen(*given)
            if chosen is not function and only_in_python(chosen, parameters.values()):
                result = function(*given)
                warn_of_python(chosen)
                chosen = function
            return result

        return tried(called)

    members = constraints if isinstance(constraints, list | tuple) else [constraints]
    constraints = [
        {**each, "fun": in_place(each["fun"], each["fun"])} if isinstance(each, Mapping) else each for each in members
    ]
    objective = in_place(lambda _: _called(f, tuple(args), argnums, model), f, args)
    start = {path: parameter.data for path, parameter in parameters.items()}
    try:
        result = _searched(objective, start, constraints, callback and tried(in_place(callback)), prepared, **given)
    except BaseException:
        keep(start.values())
        raise
    keep(result["x"].values())
    return result


def _vector(nest: Any) -> Any:
    """The numbers of a nest as an array, which SciPy's methods calculate with."""
    return sys.modules["numpy"].array(flatten(nest)[0], dtype=float)  # SciPy has imported it


def _float(number: Any) -> float:
    value = number.data if isinstance(number, Value) else number
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"x0 and what f returns are numbers, not {type(value).__name__}: {value!r:.60}") from None
