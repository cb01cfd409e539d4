"""Compiled functions called from Python: a small one, where the call is what costs, and Rosenbrock's of 1,000."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from native import libraries
from native.libraries import Library
from native.measuring import Contender, Effort, Line, Run, Task, compare

POINT = tuple(0.1 * (i + 1) for i in range(10))
VARIABLES = 1_000


def hundred_nodes(m: Any, *x: Any) -> Any:
    """A function of ten numbers whose value and gradient are about a hundred operations (CasADi counts 105)."""
    x0, x1, x2, x3, x4, x5, x6, x7, x8, x9 = x
    a = m.sin(x0 * x1) + x2 * x3
    b = m.exp(-x4 * x4) - x5 / (x6 * x6 + 1.0)
    c = m.tanh(x7 * a + x8 * b + x9)
    d = m.sin(a * c) * x0 + m.exp(-0.5 * b * b) * x1
    e = m.tanh(d - x2 * x9) / (1.0 + x3 * x3)
    return (d - c) * (d - c) + a * b / (1.0 + c * c) + e * x4


def hundred_nodes_of(library: Callable[[], Library], argument: Callable[[float], Any] = float) -> Callable[[], Run]:
    """Called with ten arguments; `argument` makes each."""
    def make() -> Run:
        found = library()
        function = found.jit(found.value_and_grad(lambda *x: hundred_nodes(found, *x), tuple(range(10))))
        arguments = [argument(number) for number in POINT]
        return lambda: found.settle(function(*arguments))

    return make


def jax_vector() -> Run:
    """JAX called with one array."""
    found = libraries.jax()
    function = found.jit(found.value_and_grad(lambda x: hundred_nodes(found, *x)))
    point = found.array(np.array(POINT))
    return lambda: found.settle(function(point))


def jax_scalars() -> Run:
    """JAX called with ten arrays of no dimension."""
    from jax import numpy

    return hundred_nodes_of(libraries.jax, lambda number: numpy.asarray(number))()


def casadi_gradient(function: Callable[[Any, list[Any]], Any], size: int) -> Any:
    """The value and the gradient of a function of `size` numbers, as a CasADi Function of one vector."""
    import casadi

    symbols = [casadi.SX.sym(f"x{i}") for i in range(size)]
    vector = casadi.vertcat(*symbols)
    value = function(casadi, symbols)
    return casadi.Function("value_and_gradient", [vector], [value, casadi.gradient(value, vector)])


def casadi_call(function: Callable[[Any, list[Any]], Any], point: Any) -> Callable[[], Run]:
    """A Function called with a DM, the fastest of the arguments that it takes (floats take four times as long)."""
    def make() -> Run:
        import casadi

        compiled, vector = casadi_gradient(function, len(point)), casadi.DM(point)
        return lambda: compiled(vector)

    return make


def casadi_buffer(function: Callable[[Any, list[Any]], Any], point: Any) -> Callable[[], Run]:
    """A Function's evaluation on fixed memory, which has no arguments and no results: what is left is the machine."""
    def make() -> Run:
        buffer, evaluate = casadi_gradient(function, len(point)).buffer()
        argument, value, gradient = np.array(point), np.zeros(1), np.zeros(len(point))
        buffer.set_arg(0, memoryview(argument))
        buffer.set_res(0, memoryview(value))
        buffer.set_res(1, memoryview(gradient))

        def run(kept: Any = (buffer, argument)) -> tuple[Any, Any]:
            evaluate()
            return value, gradient

        return run

    return make


def call(effort: Effort) -> list[Line]:
    """One call of a compiled gradient, of floats where the library has nothing faster."""
    task = Task("call", "a call of a 100-node gradient", "µs", 1e6, effort)

    def function(m: Any, x: list[Any]) -> Any:
        return hundred_nodes(m, *x)

    return compare(task, Contender("ours", hundred_nodes_of(libraries.ours)), [
        Contender("CasADi, called with a DM", casadi_call(function, POINT), 0.5),
        Contender("CasADi, in its own buffer", casadi_buffer(function, POINT)),
        Contender("JAX, with an array", jax_vector, 0.3),
        Contender("JAX, with ten arrays", jax_scalars),
        Contender("JAX, with ten floats", hundred_nodes_of(libraries.jax)),
    ])


def rosenbrock(x: Any) -> Any:
    """The sum of 100 (x[i+1] - x[i]²)² + (1 - x[i])², written out."""
    total = 0.0
    for here, after in zip(x[:-1], x[1:]):
        slope, offset = after - here * here, 1.0 - here
        total = total + 100.0 * slope * slope + offset * offset
    return total


def rosenbrock_point() -> Any:
    return np.random.default_rng(1960).uniform(-1.5, 1.5, VARIABLES)


def ours_rosenbrock() -> Run:
    library = libraries.ours()
    point = rosenbrock_point()
    function = library.jit(library.value_and_grad(lambda x: rosenbrock(x)))
    function(point)
    return lambda: function(point)


def jax_rosenbrock() -> Run:
    """JAX's own way of saying it, on whole arrays: written out, its compiler takes minutes."""
    library = libraries.jax()

    def whole(x: Any) -> Any:
        return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()

    function, point = library.jit(library.value_and_grad(whole)), library.array(rosenbrock_point())
    return lambda: library.settle(function(point))


def rosenbrock_row(effort: Effort) -> list[Line]:
    """Value and gradient in 1,000 variables; then what the compilation took."""
    def on_casadi(_: Any, x: list[Any]) -> Any:
        return rosenbrock(x)

    def compile_ours() -> Run:
        libraries.ours()
        return lambda: ours_rosenbrock()()

    def compile_casadi() -> Run:
        return lambda: casadi_buffer(on_casadi, rosenbrock_point())()()

    task = Task("rosenbrock", "1,000 variables, value and gradient", "µs", 1e6, effort)
    first = Task("rosenbrock", "the same, record and compile", "s", 1.0, effort)
    return compare(task, Contender("ours", ours_rosenbrock), [
        Contender("CasADi's VM, own buffer", casadi_buffer(on_casadi, rosenbrock_point()), 0.5),
        Contender("CasADi, called with a DM", casadi_call(on_casadi, rosenbrock_point())),
        Contender("JAX, on whole arrays", jax_rosenbrock),
    ]) + compare(first, Contender("ours", compile_ours), [Contender("CasADi", compile_casadi)], limit=1.0)
