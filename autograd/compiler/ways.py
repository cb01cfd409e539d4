"""Where a function has its Values from: ways that begin at the function itself and are gone again at each call.

Nothing on them is held but the function, and Values that lead to no graph.
"""

from __future__ import annotations

import functools
import sys
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

from autograd.engine.value import Value

_MOST_OBJECTS = 20_000  # that are looked through


def is_plain(value: Value) -> bool:
    """Whether it is a leaf that no transform made, whose number compiled code reads at each call."""
    return value._primitive is None and not value._recording.transforms


_NOTHING_INSIDE = (int, float, complex, str, bytes, NoneType, BuiltinFunctionType, CodeType, Value)
Step = tuple[str, Any]  # the end of an expression, in which {} stands for a key; and what it leads to


class Ways:
    """The ways to Values by the cells, attributes and containers that a function can reach.

    `lines` go from the roots, f0, a function and its static arguments, to what holds Values; `checks` are expressions,
    each with which Value it should give, or None where it should hold, of how many there are in a list and which keys
    in a dict; `found` has the positions of those that were found.
    """

    def __init__(self, roots: tuple[Any, ...], values: Sequence[Value]) -> None:
        self._roots = roots
        self._sizes: dict[int, str] = {}  # what holds of a list or dict that has not grown and is in the same order
        self.lines: list[str] = []
        self.checks: list[tuple[str, int | None]] = []
        self.found: set[int] = set()
        self.keys: list[Any] = []
        self._names: set[str] = set()
        self._came_from: dict[int, tuple[int, str]] = {id(roots): (0, "")}
        self._number: dict[int, int] = {id(roots): 0}  # of the objects on the way
        self._wanted = {id(value): i for i, value in enumerate(values)}
        self._stack: list[Any] = [roots]
        if values:
            self._search()

    def _search(self) -> None:
        looked_at: list[Any] = []  # all of them, so that an id stays that of one object
        with_names: list[Any] = []  # of which only what the code names is looked at
        known = 0, 0
        while len(looked_at) < _MOST_OBJECTS:
            if self._stack:
                item = self._stack.pop()
                looked_at.append(item)
                (with_names.append if _is_by_names(item) else self._look)(item)
            elif known != (len(self._names), len(with_names)):  # more was found since
                known = len(self._names), len(with_names)
                for item in with_names:
                    self._look(item)
            else:
                break

    def _look(self, item: Any) -> None:
        for end, child in _inside(item, self._names, self.keys):
            if id(child) in self._wanted:
                check = self._at(id(item)) + end, self._wanted[id(child)]
                if check not in self.checks[-1:]:
                    self.checks.append(check)
                self.found.add(self._wanted[id(child)])
            elif id(child) not in self._came_from and not isinstance(child, _NOTHING_INSIDE):
                self._came_from[id(child)] = id(item), end
                if isinstance(child, list):
                    self._sizes[id(child)] = f"len({{}}) == {len(child)}"
                elif isinstance(child, dict):
                    self.keys.append([*child])
                    self._sizes[id(child)] = f"[*{{}}] == k{len(self.keys) - 1}"
                self._stack.append(child)

    def _at(self, item: int) -> str:
        """The variable that has an object, by its id."""
        if item not in self._number:
            owner, end = self._came_from[item]
            text = self._at(owner) + end
            self._number[item] = len(self._number)
            self.lines.append(f"f{self._number[item]} = {text}")
            if item in self._sizes:
                self.checks.append((self._sizes[item].format(f"f{self._number[item]}"), None))
        return f"f{self._number[item]}"

    def comparison(self, values: Sequence[Value]) -> Callable[[], bool]:
        """Whether all is as it was: written out as a function, for calls of compiled code wait for it."""
        plain = [*map(is_plain, values)]
        tests = [
            text if i is None
            else f"{text} is v{i}" if plain[i] else f"id({text}) == {id(values[i])}"
            for text, i in dict.fromkeys(self.checks)
        ]
        source = "\n    ".join(["def unchanged():", *self.lines, f"return {' and '.join(tests) or True}"])
        names: dict[str, Any] = {"f0": self._roots, **{f"k{i}": key for i, key in enumerate(self.keys)}}
        names |= {f"v{i}": value for i, value in enumerate(values) if plain[i]}
        exec(source, names)
        unchanged: Callable[[], bool] = names.pop("unchanged")  # which refers to them: no cycle
        return unchanged


def _is_by_names(item: Any) -> bool:
    """Whether it is a module or a class, or has a Value from its class, which one of its own may take the place of."""
    return isinstance(item, ModuleType | type) or any(
        isinstance(child, Value) for kind in type(item).__mro__ for child in vars(kind).values()
    )


def _is_foreign(module: Any) -> bool:
    """Whether a module holds no Values of the user's: ours, NumPy's, and those that come with Python."""
    package = str(module).partition(".")[0]
    return package in ("autograd", "numpy") or package in sys.stdlib_module_names and package != "__main__"


def _inside(item: Any, names: set[str], keys: list[Any]) -> Iterator[Step]:
    if isinstance(item, FunctionType):
        for i, cell in enumerate(item.__closure__ or ()):
            yield from _of_cell(i, cell)
        if _is_foreign(item.__module__):
            return
        names.update(_names(item.__code__))
        yield from ((f".__globals__[{name!r}]", item.__globals__[name]) for name in names & item.__globals__.keys())
        yield from (("." + name, getattr(item, name)) for name in ("__defaults__", "__kwdefaults__", *vars(item)))
    elif isinstance(item, MethodType | functools.partial):
        parts = ("__self__", "__func__") if isinstance(item, MethodType) else ("func", "args", "keywords")
        yield from (("." + name, getattr(item, name)) for name in parts)
    elif isinstance(item, dict):
        for key, child in item.items():
            keys.append(key)
            yield f"[k{len(keys) - 1}]", child
    elif isinstance(item, list | tuple):
        yield from ((f"[{i}]", child) for i, child in enumerate(item))
    elif "numpy" in sys.modules and isinstance(item, sys.modules["numpy"].ndarray):
        if item.dtype == object:
            yield from ((f".flat[{i}]", child) for i, child in enumerate(item.ravel().tolist()))
    elif isinstance(item, ModuleType):
        if not _is_foreign(item.__name__):
            yield from (("." + name, vars(item)[name]) for name in names & vars(item).keys())
    elif isinstance(item, type):
        if not _is_foreign(item.__module__):
            yield from _of_class(item, names)
    else:
        attributes = _attributes(item)
        own = [*attributes]
        if hasattr(type(item), "c_source"):
            own = ["function"]  # of a compiled function in this one, what it was made from
        yield from (("." + name if name.isidentifier() else f".__dict__[{name!r}]", attributes[name]) for name in own)
        yield from _in_slots(item)
        of_class = {name: child for _, name, child in _in_classes(type(item), names) if name not in attributes}
        yield from (("." + name, child) for name, child in of_class.items() if isinstance(child, Value))
        yield ".__class__", type(item)


def _of_cell(i: int, cell: CellType) -> Iterator[Step]:
    try:
        yield f".__closure__[{i}].cell_contents", cell.cell_contents
    except ValueError:  # it is empty
        return


def _in_classes(kind: type, names: set[str]) -> Iterator[tuple[type, str, Any]]:
    for base in reversed(kind.__mro__):
        for name, child in vars(base).items():
            if name in names or (name.startswith("__") and isinstance(child, FunctionType)):  # called by no name
                yield base, name, child


def _of_class(kind: type, names: set[str]) -> Iterator[Step]:
    """What a class has for the names in the code: functions without what binds them, and what its bases have."""
    for name, child in {name: child for _, name, child in _in_classes(kind, names)}.items():
        if isinstance(child, property):
            yield f".{name}.fget", child.fget
        elif isinstance(child, classmethod):
            yield f".{name}.__func__", child.__func__
        else:
            yield f".{name}", child.__func__ if isinstance(child, staticmethod) else child


def _attributes(item: Any) -> dict[str, Any]:
    """The attributes of an object, read past its own `__getattr__`."""
    try:
        attributes: dict[str, Any] = object.__getattribute__(item, "__dict__")
    except AttributeError:  # it has slots alone
        return {}
    return attributes


def _in_slots(item: Any) -> Iterator[Step]:
    """What stands in the slots of an object, read past its own `__getattr__`."""
    for kind in type(item).__mro__:
        for name, member in vars(kind).items():
            if isinstance(member, MemberDescriptorType):
                try:
                    yield f".{name}", member.__get__(item)
                except AttributeError:  # it is empty
                    continue


def _names(code: CodeType) -> Iterable[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
