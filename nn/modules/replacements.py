"""The Values that stand in the place of a module's parameters for a time, and what was computed from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from autograd import Value, array, jit
from nn.nests import flatten

Compiled: Any = type(jit(abs))

# The ids of what stands in the place of parameters: it counts as one, whatever it was computed from.
put_in: ContextVar[frozenset[int]] = ContextVar("put_in", default=frozenset())


def each_its_own(own: Mapping[str, Value], parameters: Mapping[str, Any]) -> dict[Value, Value]:
    """What to put in the place of parameters: a Value for each, which stands for no other one."""
    latest = {value: value for path, value in own.items() if path not in parameters}
    by_value: dict[Value, Value] = {}
    for path, item in parameters.items():
        try:
            value = item if isinstance(item, Value) else Value(item)
        except TypeError as error:
            raise TypeError(f"the parameter {path!r} is a number or a Value: {error}") from None
        new = 1.0 * latest[value] if value in latest else value
        by_value[own[path]] = latest[value] = new
    return by_value


def plain(result: Any, numbers: Mapping[Value, float]) -> Any:
    """The result as numbers, where it was computed from these Values alone."""
    items, rebuild = flatten(result)
    values = [item for item in items if isinstance(item, Value)]
    if not values or any(leaf not in numbers for leaf in leaves_of(values)):
        return result

    known = dict(numbers)  # those themselves, which must not be asked in a recording
    known.update((value, value.data) for value in values if value not in known)
    return rebuild([known[item] if isinstance(item, Value) else item for item in items])


# What makes one array of parameters in nested lists, where layers are to compute with whole arrays.
as_array: ContextVar[Callable[[Any], Any] | None] = ContextVar("as_array", default=None)


@contextmanager
def layers_in_arrays(numbers: Any, elements: Sequence[Any]) -> Iterator[None]:
    """Layers compute with whole arrays meanwhile, of a model whose parameters are these elements of an array."""
    places = {id(element): place for place, element in enumerate(elements)}

    def places_of(nest: Any) -> Any:
        return [*map(places_of, nest)] if isinstance(nest, list | tuple) else places[id(nest)]

    def part(parameters: Any) -> Any:
        try:
            return numbers[places_of(parameters)]
        except KeyError:  # one of them is none of the elements
            return array(parameters)

    token = as_array.set(part)
    try:
        yield
    finally:
        as_array.reset(token)


def leaves_of(values: Iterable[Value]) -> Iterator[Value]:
    """The leaves from which these Values were computed, and those among them that are leaves."""
    stack = list(values)
    seen: set[Value] = set()
    while stack:
        value = stack.pop()
        if value not in seen:
            seen.add(value)
            stack += value.parents
            if not value.parents:
                yield value
