"""`checkpoint`: a function whose graph is recorded again instead of being kept."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd.engine.recording import current
from autograd.engine.value import Value
from autograd.primitives.row import is_array
from autograd.program.nests import array, build, own_arrays, take_apart
from autograd.transforms.joint import Joint
from autograd.transforms.recorded import Recorded
from autograd.transforms.rerunning import Before, Rerun, as_of_now, recorded_again


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose graph is not kept but recorded again when a derivative passes through it.

    It trades time for memory: of a long computation only the checkpointed results stay. f must be pure; the Values that
    it closes over count as arguments.

    Raises, when a derivative passes through: `ValueError` where the `data` of a Value that f closes over was changed
    since f ran, where f closes over another by now, or computes something else, having drawn a random number; and where
    the graph was deep-copied, f closes over Values, and the derivative is to be a Value.

    >>> from autograd import grad
    >>> grad(checkpoint(lambda x: x * x * x))(2.0)
    12.0
    >>> grad(lambda x: checkpoint(lambda y: x * y)(x))(2.0)
    4.0
    """

    @functools.wraps(f, updated=())
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        if current().trace is not None or not current().enabled:  # compiled code keeps and recomputes what it sees fit
            args, kwargs = own_arrays((args, kwargs))
            return own_arrays(f(*args, **kwargs))
        given, spec = take_apart((args, kwargs))
        blocks = [block.copy() if is_array(block) else block for block in given]  # whose owner may change it

        def call(items: Sequence[Any], function: Callable[..., Any] = f) -> Any:
            positional, named = build(spec, [*_with_values(blocks, iter(items))])
            return function(*positional, **named)

        values = [value for block in blocks for value in _values(block)]
        recorded = Recorded(call, (values,), closures=None)
        closures = recorded.closures

        later = functools.partial(call, function=as_of_now(f))
        before = Before(recorded, values)

        def again(arguments: Sequence[Any]) -> Recorded:
            return recorded_again(later, arguments, closures, "a checkpointed function", before)

        operands, source = [*values, *closures], Rerun(again, before.fingerprint)
        if not operands:
            return recorded.value()
        results = [
            Joint("checkpoint", item._number, i, operands, source)(*operands) if isinstance(item, Value) else item
            for i, item in enumerate(recorded.results)
        ]
        return recorded.outputs.unflatten(results)

    return checkpointed


def _values(block: Any) -> list[Value]:
    """The Values in a block."""
    items = block.ravel().tolist() if is_array(block) and block.dtype == object else [block]
    return [item for item in items if isinstance(item, Value)]


def _with_values(blocks: Sequence[Any], items: Iterator[Any]) -> Iterator[Any]:
    """The blocks with others in place of their Values; arrays are copies, so that no run sees what another wrote."""
    for block in blocks:
        if is_array(block) and block.dtype == object:
            yield array([next(items) if isinstance(x, Value) else x for x in block.ravel().tolist()], block.shape)
        elif is_array(block):
            yield block.copy()
        else:
            yield next(items) if isinstance(block, Value) else block
