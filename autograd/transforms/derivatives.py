"""Functions of functions: derivatives of Python functions over numbers, with JAX's names and signatures.

A result is a float, unless it depends on a Value from outside the function, passed in or closed over. Then it is a
Value, for a float would lose that dependence without a word.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from itertools import accumulate, product
from typing import Any

from autograd.primitives.table import equal
from autograd.program.graph import Element
from autograd.program.nests import Structure, array
from autograd.program.tracing import structured
from autograd.program.tracing.absence import Maybe
from autograd.program.tracing.arrays import node_of, shown, whole
from autograd.program.tracing.arrays.derivatives import Scattered
from autograd.transforms.recorded import Recorded, positions, unit


class _Chosen:
    """The call of a function, of which the arguments in `argnums` are differentiated."""

    def __init__(self, name: str, function: Callable[..., Any], argnums: int | Sequence[int]) -> None:
        if not callable(function):
            raise TypeError(f"{name} takes a function, not {type(function).__name__}: {name}(f)(x)")
        self.name, self.function, self.argnums = name, function, argnums
        self.positions = positions("argnums", argnums)

    def record(self, args: tuple[Any, ...], kwargs: dict[str, Any], has_aux: bool) -> Recorded:
        chosen: list[int] = []
        for i in self.positions:
            if not -len(args) <= i < len(args):
                raise TypeError(
                    f"{self.name} differentiates argument {i} (argnums={self.argnums}), but the function was called "
                    f"with {len(args)} positional arguments"
                )
            if i % len(args) in chosen:
                raise TypeError(
                    f"{self.name} differentiates argument {i % len(args)} twice (argnums={self.argnums}, of "
                    f"{len(args)} positional arguments): name each position once"
                )
            chosen.append(i % len(args))

        def call(*differentiated: Any) -> Any:
            complete = list(args)
            for i, argument in zip(chosen, differentiated):
                complete[i] = argument
            return self.function(*complete, **kwargs)

        return Recorded(call, tuple(args[i] for i in chosen), has_aux)

    def shaped(self, result: tuple[Any, ...]) -> Any:
        """One result for a position in argnums, a tuple for a sequence of them."""
        return result if isinstance(self.argnums, list | tuple | range) else result[0]


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """The function that returns f's value and its gradient.

    Parameters: `f`, which returns one number; `argnums`, the position of the argument to differentiate, or several,
    each once; `has_aux`, True where f returns a pair (number, auxiliary data), which gives ((number, auxiliary data),
    gradient).

    Returns a function of f's arguments: numbers, arrays, or lists, tuples and dicts of them. The gradient has the
    structure of the argument; for several `argnums` it is a tuple.

    Raises: `TypeError` where `argnums` holds anything but whole numbers; when called, where it names an argument that
    there is not, or one twice (-1 may be the position 0), where f returns anything but one number, or an argument holds
    none.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    chosen = _Chosen("grad", f, argnums)

    @functools.wraps(f, updated=())
    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        recorded = chosen.record(args, kwargs, has_aux)
        if recorded.outputs.shapes != (None,) or recorded.outputs.spec != "block":
            raise TypeError(
                f"grad differentiates a function that returns one number; this one returned {recorded.outputs}: "
                "use jacobian"
            )
        gradient = chosen.shaped(recorded.inputs.unflatten(recorded.pull([1.0])))
        value = recorded.value()
        return ((value, recorded.plain(recorded.aux)) if has_aux else value), gradient

    return value_and_gradient


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that returns f's gradient, by reverse mode.

    Parameters and errors as for `value_and_grad`; with `has_aux` it returns (gradient, auxiliary data).

    >>> grad(lambda x, y: x * y * y, argnums=(0, 1))(2.0, 3.0)
    (9.0, 12.0)
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    both = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f, updated=())
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, derivative = both(*args, **kwargs)
        return (derivative, value[1]) if has_aux else derivative

    return gradient


def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> tuple[Any, ...]:
    """f's value at `primals` and its derivative along `tangents`, by forward mode.

    Parameters: `primals` and `tangents`, a list or tuple each, of the same structure, one entry for each argument of f.
    A tangent of exactly 0.0 says that its number stands still.

    Returns (value, derivative), or (value, derivative, auxiliary data) with `has_aux`.

    Raises: `ShapeError` where the structures differ.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    _require_sequences("jvp", primals, tangents)
    recorded = Recorded(f, tuple(primals), has_aux)
    seeds = recorded.tangents(tuple(tangents), "the tangents of jvp")
    derivative = recorded.outputs.unflatten(recorded.push(seeds))
    return (recorded.value(), derivative, recorded.plain(recorded.aux)) if has_aux else (recorded.value(), derivative)


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """f's value at `primals`, and the function that pulls a cotangent of that value back to the arguments.

    Returns (value, pullback), or (value, pullback, auxiliary data) with `has_aux`. The pullback takes a nest of the
    value's structure and returns a tuple, one entry for each argument; it can be called any number of times.

    >>> value, pullback = vjp(lambda x, y: [x * y, x], 2.0, 3.0)
    >>> value, pullback([1.0, 10.0])
    ([6.0, 2.0], (13.0, 2.0))
    """
    recorded = Recorded(f, primals, has_aux)

    def pullback(cotangents: Any) -> Any:
        seeds = recorded.cotangents(cotangents, "the cotangents of vjp")
        return recorded.inputs.unflatten(recorded.pull(seeds))

    value = recorded.value()
    return (value, pullback, recorded.plain(recorded.aux)) if has_aux else (value, pullback)


def _require_sequences(name: str, primals: Any, tangents: Any) -> None:
    if not isinstance(primals, list | tuple) or not isinstance(tangents, list | tuple):
        raise TypeError(f"{name} takes its primals and its tangents as tuples: {name}(f, (x,), (dx,))")


def _jacobian(
    name: str, f: Callable[..., Any], argnums: int | Sequence[int], has_aux: bool, forward: bool
) -> Callable[..., Any]:
    chosen = _Chosen(name, f, argnums)

    @functools.wraps(f, updated=())
    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        recorded = chosen.record(args, kwargs, has_aux)
        rows, columns = len(recorded.results), len(recorded.leaves)
        if recorded.outputs.whole:
            columns_of = _whole_columns if forward else _whole_rows
            blocks = [recorded.inputs.build(row) for row in columns_of(recorded)]
            result = recorded.outputs.build([*map(chosen.shaped, blocks)])
            return (result, recorded.plain(recorded.aux)) if has_aux else result
        if forward:
            by_column = [recorded.push(unit(columns, j)) for j in range(columns)]
            matrix = [[column[i] for column in by_column] for i in range(rows)]
        else:
            matrix = [recorded.pull(unit(rows, i)) for i in range(rows)]
        result = recorded.outputs.build(
            [chosen.shaped(block) for block in _blocks(matrix, recorded.outputs, recorded.inputs)]
        )
        return (result, recorded.plain(recorded.aux)) if has_aux else result

    return jacobian_of_f


_FEW, _SINGLE = 8, 64  # elements of an array up to which each has a sweep of its own; those of more are a batch
_SMALL = 1024  # numbers of results up to which it pays that a sweep leaves out what does not move


def _whole_rows(recorded: Recorded) -> list[list[Any]]:
    """In a recording: for each block of the results its derivatives with respect to each of the arguments', by rows."""
    inner = [*map(whole.shape_of, recorded.leaves)]

    def row(result: Any) -> list[Any]:
        return _along_elements(whole.shape_of(result), inner, lambda seed: recorded.pull_from([(result, seed)]))

    return [*map(row, recorded.results)]


def _whole_columns(recorded: Recorded) -> list[list[Any]]:
    """The same, by columns."""
    columns, inner = [], [*map(whole.shape_of, recorded.results)]
    for leaf in recorded.leaves:
        shape = whole.shape_of(leaf)

        def push(seed: Any, moving: Any = leaf) -> list[Any]:
            return recorded.push_from([seed if item is moving else None for item in recorded.leaves])

        # Of an array that is taken apart each element goes its own way, which leaves the others alone.
        apart = sum(map(math.prod, inner)) <= _SMALL and all(
            _is_element(node) for node in recorded.order if any(item is leaf for item in node._inputs)
        )
        by_column = map(node_of, _along_elements(shape, inner, push, _SINGLE if apart else _FEW))
        last = len(shape)
        columns.append([
            shown(whole.transposed(item, [*range(last, last + len(own)), *range(last)]) if own else item)
            for item, own in zip(by_column, inner)
        ])  # fmt: skip
    return [list(row) for row in zip(*columns)] if columns else [[] for _ in recorded.results]


def _is_element(node: Any) -> bool:
    return isinstance(getattr(node._primitive, "operation", None), Element)


def _along_elements(
    shape: tuple[int, ...], inner: list[tuple[int, ...]], sweep: Callable[[Any], list[Any]], single: int = _FEW
) -> list[Any]:
    """What sweeps give that begin at each element of an array of this shape, with axes of that shape before its own."""
    if not shape:
        return sweep(1.0)
    size = math.prod(shape)
    if size == 0:
        return [shown(whole.broadcast(0.0, shape + own)) for own in inner]
    if size <= single:
        seeds = [Scattered(shape, elements={index: 1.0}) for index in product(*map(range, shape))]
        rows = [[*map(node_of, sweep(seed))] for seed in seeds]
        stacks = [whole.stacked(column) for column in zip(*rows)]
    else:
        places = whole.reshaped(whole.positions((size,), 0), shape)

        def step(position: Any, _: list[Any], __: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
            return [], [*map(node_of, sweep(Maybe(1.0, equal(places, position))))], []

        stacks = structured.loop(step, size)[1]
    return [shown(whole.reshaped(stack, shape + own)) for stack, own in zip(stacks, inner)]


def _blocks(matrix: list[list[Any]], outputs: Structure, inputs: Structure) -> list[Any]:
    """For each block of the outputs, the nest of its derivatives with respect to each block of the inputs."""
    row_starts = [0, *accumulate(outputs.sizes)]
    column_starts = [0, *accumulate(inputs.sizes)]
    result = []
    for i, row_shape in enumerate(outputs.shapes):
        rows = matrix[row_starts[i] : row_starts[i + 1]]
        blocks = []
        for j, column_shape in enumerate(inputs.shapes):
            numbers = [number for row in rows for number in row[column_starts[j] : column_starts[j + 1]]]
            if row_shape is None and column_shape is None:
                blocks.append(numbers[0])
            else:
                blocks.append(array(numbers, (row_shape or ()) + (column_shape or ())))
        result.append(inputs.build(blocks))
    return result


def jacrev(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that returns f's Jacobian, by reverse mode: one sweep for each output.

    The result has the structure of f's output, with the structure of the argument inside it; of an array of shape S
    with respect to one of shape T it is an array of shape S + T. Parameters as for `grad`.

    >>> jacrev(lambda x: [x[0] * x[1], x[0]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 0.0]]
    """
    return _jacobian("jacrev", f, argnums, has_aux, forward=False)


def jacfwd(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that returns f's Jacobian, by forward mode: one sweep for each number in the argument.

    >>> jacfwd(lambda x: [x[0] * x[1], x[0]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 0.0]]
    """
    return _jacobian("jacfwd", f, argnums, has_aux, forward=True)


jacobian = jacrev


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that returns f's matrix of second derivatives: forward mode over reverse mode.

    >>> hessian(lambda x: x[0] * x[0] * x[1])([2.0, 3.0])
    [[6.0, 4.0], [4.0, 0.0]]
    """
    return jacfwd(jacrev(f, argnums, has_aux), argnums, has_aux)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The product of f's Hessian with a vector, without the Hessian: forward mode over one reverse sweep.

    Parameters: `f`, which returns one number; `primals` and `tangents`, as for `jvp`.

    Returns a nest like the argument, or a tuple of them where f has several.

    >>> hvp(lambda x: x[0] * x[0] * x[1], ([2.0, 3.0],), ([1.0, 0.0],))
    [6.0, 4.0]
    """
    _require_sequences("hvp", primals, tangents)
    argnums = 0 if len(primals) == 1 else tuple(range(len(primals)))
    return jvp(grad(f, argnums), primals, tangents)[1]
