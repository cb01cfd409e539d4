"""The Values that a compiled function closes over: where it has them from, and its result while they are watched."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

from autograd.compiler.ways import Ways, is_plain
from autograd.engine.recording import current
from autograd.engine.value import Value
from autograd.primitives.row import is_array
from autograd.primitives.table import not_equal
from autograd.program.graph import PREDICATE
from autograd.program.nests import array, flatten, take_apart
from autograd.program.tracing.absence import Maybe
from autograd.program.tracing.array_derivatives import with_flag
from autograd.program.tracing.traced import Predicate, Traced
from autograd.transforms.recorded import Recorded, unit
from autograd.transforms.rerunning import Rerun, as_of_now, in_these_surroundings, recorded_again


class Outside:
    """The Values that a recorded function closes over, in the order of the program's last inputs.

    One that is not plain is held weakly, for it leads to a graph. Where a variable, an attribute, a list or a dict in
    which the function found one holds another now, the recording is out of date.
    """

    def __init__(self, values: Sequence[Value] = (), roots: tuple[Any, ...] = ()) -> None:
        self._held = [value if is_plain(value) else ref(value) for value in values]
        ways = Ways(roots, values)
        self.plain = all(map(is_plain, values))
        self.lasting = all(is_plain(value) or i in ways.found for i, value in enumerate(values))
        self._unchanged = ways.comparison(values)

    def __bool__(self) -> bool:
        return bool(self._held)

    @property
    def names(self) -> list[str]:
        """Names of the Values for a person: their own, or v0, v1, …"""
        held = [item() if isinstance(item, ref) else item for item in self._held]
        own = [value.name if value is not None and value.name.isidentifier() else "" for value in held]
        return [name if name and own.count(name) == 1 else f"v{i}" for i, name in enumerate(own)]

    def values(self) -> list[Value] | None:
        """The Values; None where one of them is gone, or is not what the function would find now."""
        values = [item() if isinstance(item, ref) else item for item in self._held]
        there = [value for value in values if value is not None]
        return there if len(there) == len(values) and self.unchanged() else None

    def unchanged(self) -> bool:
        """Whether the function would still find the same Values."""
        try:
            return self._unchanged()
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):  # one is not there any more
            return False


# The result while a derivative may be on its way to them.


def derivative_of(
    call: Callable[[list[Any]], Any], outside: Sequence[Value], forward: bool
) -> Callable[..., list[Any]]:
    """What gives, compiled, derivatives along seeds, each with whether it is there.

    In reverse, of the sum of seed × result with respect to each Value outside; forward, of each result along seeds of
    the Values outside. `call(blocks)` calls the function itself.
    """
    refs = [ref(value) for value in outside]

    def derivative(seeds: list[Any], blocks: list[Any]) -> list[Any]:
        nodes = [current().trace.lift(item()) for item in refs]
        recorded = Recorded(lambda: [*map(_lifted, flatten(_numbers_of(call(blocks)))[0])], (), closures=nodes)
        # A seed of 0.0 says that its number does not count, as in every transform.
        along = [Maybe(seed, not_equal(seed, 0.0)) for seed in flatten(seeds)[0]]
        if forward:
            found = recorded.push(along, None, settle=False)
        else:
            found = recorded.pull_from([*zip(recorded.results, along)], None, settle=False)
        return [number for item in found for number in with_flag(item)]

    return derivative


def attached(
    name: str, call: functools.partial[Any], numbers: Sequence[Any], parts: Sequence[tuple[Any, Any]],
    outside: Sequence[Value], run: Callable[[bool, list[Any], list[Any]], list[Any] | None],
) -> list[Any]:
    """The blocks of a result as Values, whose operands are the Values outside.

    Parameters: `call(blocks)` calls its argument, the function itself, at `numbers`; `parts`, for each block its kind
    and what was computed; `run(forward, seeds, numbers)` runs `derivative_of` it, or gives None where that cannot be
    compiled.
    """
    numbers = [item.copy() if is_array(item) else item for item in numbers]  # whose owner may change it
    later = functools.partial(call.func, as_of_now(call.args[0]))
    run = in_these_surroundings(run)

    def again(arguments: Sequence[Any]) -> Recorded:
        def function(_: Any) -> list[Any]:
            return _numbers_of(later([_as_values(item) for item in numbers]))

        return recorded_again(function, arguments, outside, f"the compiled function {name}")

    kinds = [kind for kind, _ in parts if _is_of_numbers(kind)]

    count = sum(math.prod(kind) for kind in kinds)
    columns: list[list[Any]] = []  # for each Value outside the derivatives of all results, where these are more

    def shares(place: int, cotangent: float, _: Sequence[float]) -> list[Any] | None:
        if count <= len(outside):
            return _reverse(place, cotangent)
        if not columns:
            columns.extend(_forward(unit(len(outside), j)) for j in range(len(outside)))
        return [None if column[place] is None else cotangent * column[place] for column in columns]

    def _reverse(place: int, cotangent: float) -> list[Any] | None:
        seeds: list[Any] = []
        for kind in kinds:
            flat = [0.0] * math.prod(kind)
            if 0 <= place < len(flat):
                flat[place] = cotangent
            place -= len(flat)
            seeds.append(array(flat, kind) if kind else flat[0])
        found = run(False, seeds, numbers)
        return None if found is None else _where_live(found)

    def _forward(seeds: list[float]) -> list[Any]:
        found = run(True, seeds, numbers)
        return again([value._number for value in outside]).push(seeds, None) if found is None else _where_live(found)

    blocks: list[Any] = []
    place = 0
    for kind, item in parts:
        if _is_of_numbers(kind):
            flat = item.ravel().tolist() if kind else [item]
            rows = [Rerun(name, number, i, outside, again, shares) for i, number in enumerate(flat, place)]
            nodes = [row(*outside) for row in rows]
            item = array(nodes, kind) if kind else nodes[0]
            place += len(flat)
        blocks.append(item)
    return blocks


def _where_live(found: Sequence[float]) -> list[Any]:
    return [derivative if live else None for derivative, live in zip(found[::2], found[1::2])]


def _is_of_numbers(kind: Any) -> bool:
    return kind is not PREDICATE and not (kind and kind[0] == "bool")


def _numbers_of(result: Any) -> list[Any]:
    """The blocks of a result without its truths, which have no derivative."""
    blocks, _ = take_apart(result)
    return [block for block in blocks if not all(map(_is_truth, block.flat if is_array(block) else [block]))]


def _lifted(item: Any) -> Any:
    """A number that a function returned in a recording, where it returned one of the Values outside."""
    return current().trace.lift(item) if isinstance(item, Value) and not isinstance(item, Traced) else item


def _is_truth(item: Any) -> bool:
    return isinstance(item, bool | Predicate) or type(item).__name__ == "bool_"


def _as_values(item: Any) -> Any:
    """A float or an array of floats as Values, so that arithmetic is quiet and has its methods."""
    return array([Value(number) for number in item.ravel().tolist()], item.shape) if is_array(item) else Value(item)
