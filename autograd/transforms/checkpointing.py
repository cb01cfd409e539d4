"""`checkpoint`, and rules that compute a row's derivatives with respect to all of its arguments together."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from autograd.engine.recording import current, no_grad
from autograd.engine.value import Value
from autograd.primitives.row import Primitive
from autograd.program.nests import Structure, flatten, with_our_arrays
from autograd.transforms.recorded import Recorded, unit


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose graph is not kept but recorded again when a derivative passes through it.

    It trades time for memory: of a long computation only the checkpointed results stay. f must be pure, and depend on
    Values by its arguments alone.

    >>> from autograd import grad
    >>> grad(checkpoint(lambda x: x * x * x))(2.0)
    12.0
    """

    def call(arguments: tuple[tuple[Any, ...], dict[str, Any]]) -> Any:
        return f(*arguments[0], **arguments[1])

    @functools.wraps(f, updated=())
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        if current().trace is not None:  # compiled code keeps and recomputes what it sees fit
            return f(*args, **kwargs)
        numbers, structure = flatten((args, kwargs))
        with no_grad():
            results, outputs = flatten(call(with_our_arrays((args, kwargs))))
        if any(isinstance(result, Value) for result in results) and not any(isinstance(n, Value) for n in numbers):
            raise TypeError("a checkpointed function closes over a Value: pass it as an argument")
        return outputs.unflatten([_rerun(call, i, result, numbers, structure) for i, result in enumerate(results)])

    return checkpointed


def _rerun(f: Callable[..., Any], i: int, result: Any, numbers: list[Any], structure: Structure) -> Any:
    """The i-th number that f returns as a single node, whose partials record f again."""
    if not isinstance(result, Value):
        return result

    def gradient(arguments: tuple[Any, ...]) -> list[Any]:
        recorded = Recorded(f, (structure.unflatten(arguments),))
        if recorded.differentiable and not any(isinstance(argument, Value) for argument in arguments):
            raise TypeError("a checkpointed function closes over a Value: pass it as an argument")
        return recorded.pull(unit(len(recorded.results), i), absent=None)

    data = result.data
    return Primitive("checkpoint", "checkpoint", lambda *_: data, joint_partials(gradient, len(numbers)), ())(*numbers)


def joint_partials(gradient: Callable[[tuple[Any, ...]], list[Any]], count: int) -> tuple[Callable[..., Any], ...]:
    """Rules for a row whose derivatives with respect to all `count` arguments are computed together.

    A sweep asks for one after the other, with the same arguments: the first computes them all. Only floats are kept
    from one sweep to the next, so that no graph is.
    """
    latest: list[Any] = [None, None]

    def rule(j: int) -> Callable[..., Any]:
        def partial(out: Any, *arguments: Any) -> Any:
            if latest[0] is not None and all(a is b for a, b in zip(latest[0], arguments)):
                return latest[1][j]
            derivatives = gradient(arguments)
            if not any(isinstance(item, Value) for item in (*arguments, *derivatives)):
                latest[:] = arguments, derivatives
            return derivatives[j]

        return partial

    return tuple(map(rule, range(count)))
