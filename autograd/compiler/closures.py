"""The Values that a compiled function closes over: where it has them from, and its result while they are watched."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    NoneType,
)
from typing import Any
from weakref import ref

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
from autograd.transforms.rerunning import Rerun, recorded_again

_MOST_OBJECTS = 20_000  # that are looked through for where a function has its Values from


def _is_plain(value: Value) -> bool:
    """Whether it is a leaf that no transform made, whose number compiled code reads at each call."""
    return value._primitive is None and not value._recording.transforms


def is_watched(value: Value) -> bool:
    """Whether a derivative may be on its way to it: it was computed, or a transform that is running made it."""
    running = current().transforms
    return value._primitive is not None or any(item in running for item in value._recording.transforms)


class Outside:
    """The Values that a recorded function closes over, in the order of the program's last inputs.

    One that is not plain is held weakly, for it leads to a graph. Where a variable, an attribute or a list in which the
    function found one holds another now, the recording is out of date.
    """

    def __init__(self, values: Sequence[Value] = (), function: Any = None) -> None:
        self._held = [value if _is_plain(value) else ref(value) for value in values]
        places = _places(function, {id(value) for value in values}) if values and function is not None else []
        found = {id(_at(*place)) for place in places}
        self.plain = all(map(_is_plain, values))
        self.lasting = all(_is_plain(value) or id(value) in found for value in values)
        self._unchanged = _comparison(places)

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
        """Whether each place still holds the Values that were found there."""
        try:
            return self._unchanged()
        except (AttributeError, IndexError, KeyError, ValueError):  # it is not there any more
            return False


# Where a function has its Values from.

_NOTHING_INSIDE = (int, float, complex, str, bytes, NoneType, BuiltinFunctionType, CodeType, Value)


Place = tuple[bool, Any, Any]  # whether it is an attribute, whose it is, and its name or index


def _places(function: Any, wanted: set[int]) -> list[Place]:
    """Where, in the cells, attributes and containers that a function can reach, the Values of these ids stand, and what
    lies on the way to them.
    """
    names: set[str] = set()
    came_from: dict[int, tuple[int, int, Any]] = {id(function): (0, 0, None)}  # an object, a container of it, a key
    containers: dict[int, tuple[bool, Any]] = {}
    on_the_way: dict[int, dict[Any, None]] = {}  # the keys of each container
    stack: list[Any] = [function]
    with_names: list[Any] = []  # modules and classes, of which only what the code names is looked at
    while (stack or with_names) and len(came_from) < _MOST_OBJECTS:
        item = stack.pop() if stack else with_names.pop(0)
        if isinstance(item, ModuleType | type) and stack:
            with_names.append(item)
            continue
        for by_name, container, children in _inside(item, names):
            containers[id(container)] = by_name, container
            for key, child in children:
                if id(child) in wanted:
                    owner, held, place = id(item), id(container), key
                    while owner and place not in on_the_way.setdefault(held, {}):
                        on_the_way[held][place] = None
                        owner, held, place = came_from[owner]
                elif id(child) not in came_from and not isinstance(child, _NOTHING_INSIDE):
                    came_from[id(child)] = id(item), id(container), key
                    stack.append(child)
    return [(*containers[held], key) for held, keys in on_the_way.items() if held for key in keys]


def _at(by_name: bool, container: Any, key: Any) -> Any:
    return getattr(container, key) if by_name else container[key]


def _comparison(places: Sequence[Place]) -> Callable[[], bool]:
    """What tells whether each place holds what it holds now: written out, for calls of compiled code wait for it."""
    known: dict[int, str] = {}
    held: dict[str, Any] = {}

    def name(item: Any) -> str:
        found = known.setdefault(id(item), f"v{len(known)}")
        held[found] = item
        return found

    checks = []
    for by_name, container, key in places:
        item = _at(by_name, container, key)
        place = f"{name(container)}.{key}" if by_name else f"{name(container)}[{name(key)}]"
        pinned = isinstance(item, Value) and not _is_plain(item)
        checks.append(f"id({place}) == {id(item)}" if pinned else f"{place} is {name(item)}")
    exec(f"def unchanged():\n    return {' and '.join(checks) or True}", held)
    unchanged: Callable[[], bool] = held.pop("unchanged")  # which refers to it: no cycle
    return unchanged


Inside = tuple[bool, Any, list[tuple[Any, Any]]]  # whether they are attributes, a container, its items


def _inside(item: Any, named: set[str]) -> Iterator[Inside]:
    if isinstance(item, FunctionType):
        named.update(_names(item.__code__))
        for cell in item.__closure__ or ():
            yield from _of_cell(cell)
        yield False, item.__globals__, [*_named(item.__globals__, named)]
        stored = {**(item.__kwdefaults__ or {}), **vars(item), "": item.__defaults__}
        yield False, stored, [*stored.items()]
    elif isinstance(item, MethodType | functools.partial):
        parts = [getattr(item, name, None) for name in ("__self__", "__func__", "func", "args", "keywords")]
        yield False, parts, [*enumerate(parts)]
    elif isinstance(item, dict):
        yield False, item, [*item.items()]
    elif isinstance(item, list | tuple):
        yield False, item, [*enumerate(item)]
    elif is_array(item):
        if item.dtype == object:
            yield False, item.flat, [*enumerate(item.ravel().tolist())]
    elif isinstance(item, ModuleType | type):
        yield False, vars(item), [*_named(vars(item), named)]
    else:
        attributes = _attributes(item)
        # Of a compiled function in this one, what it was made from.
        names = {"function"} if "_plans" in attributes else attributes.keys()
        yield False, attributes, [(name, attributes[name]) for name in names]
        yield True, item, [*_in_slots(item)]
        yield False, {"": type(item)}, [("", type(item))]


def _of_cell(cell: CellType) -> Iterator[Inside]:
    try:
        yield True, cell, [("cell_contents", cell.cell_contents)]
    except ValueError:  # it is empty
        return


def _attributes(item: Any) -> dict[str, Any]:
    """The attributes of an object, read past its own `__getattr__`."""
    try:
        attributes: dict[str, Any] = object.__getattribute__(item, "__dict__")
    except AttributeError:  # it has slots alone
        return {}
    return attributes


def _in_slots(item: Any) -> Iterator[tuple[str, Any]]:
    """What stands in the slots of an object, read past its own `__getattr__`."""
    for kind in type(item).__mro__:
        for name, member in vars(kind).items():
            if isinstance(member, MemberDescriptorType):
                try:
                    yield name, member.__get__(item)
                except AttributeError:  # it is empty
                    continue


def _named(variables: Any, names: set[str]) -> Iterator[tuple[str, Any]]:
    return ((name, variables[name]) for name in names & variables.keys())


def _names(code: CodeType) -> Iterable[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


# The result while a derivative may be on its way to them.


def derivative_of(
    call: Callable[[list[Any]], Any], watched: Sequence[Value], forward: bool
) -> Callable[..., list[Any]]:
    """What gives, compiled, derivatives along seeds, each with whether it is there.

    In reverse, of the sum of seed × result with respect to each watched Value; forward, of each result along seeds of
    the watched Values. `call(blocks)` calls the function itself.
    """
    refs = [ref(value) for value in watched]

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
    name: str, call: Callable[[list[Any]], Any], numbers: Sequence[Any], parts: Sequence[tuple[Any, Any]],
    watched: Sequence[Value], run: Callable[[bool, list[Any], list[Any]], list[Any] | None],
) -> list[Any]:
    """The blocks of a result as Values, whose operands are the watched Values.

    Parameters: `call(blocks)` calls the function itself, at `numbers`; `parts`, for each block its kind and what was
    computed; `run(forward, seeds, numbers)` runs `derivative_of` it, or gives None where that cannot be compiled.
    """
    numbers = [item.copy() if is_array(item) else item for item in numbers]  # whose owner may change it

    def again(arguments: Sequence[Any]) -> Recorded:
        def function(_: Any) -> list[Any]:
            return _numbers_of(call([_as_values(item) for item in numbers]))

        return recorded_again(function, arguments, watched, f"the compiled function {name}")

    kinds = [kind for kind, _ in parts if _is_of_numbers(kind)]

    count = sum(math.prod(kind) for kind in kinds)
    columns: list[list[Any]] = []  # for each watched Value the derivatives of all results, where these are more

    def shares(place: int, cotangent: float, _: Sequence[float]) -> list[Any] | None:
        if count <= len(watched):
            return _reverse(place, cotangent)
        if not columns:
            columns.extend(_forward(unit(len(watched), j)) for j in range(len(watched)))
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
        return again([value._number for value in watched]).push(seeds, None) if found is None else _where_live(found)

    blocks: list[Any] = []
    place = 0
    for kind, item in parts:
        if _is_of_numbers(kind):
            flat = item.ravel().tolist() if kind else [item]
            rows = [Rerun(name, number, i, watched, again, shares) for i, number in enumerate(flat, place)]
            nodes = [row(*watched) for row in rows]
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
