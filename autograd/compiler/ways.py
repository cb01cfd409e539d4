"""Where a function has its Values from: ways that begin at the function itself and are gone again at each call.

Nothing on them is held but the function, and Values that lead to no graph. Where a number or nothing stood, there may
be a Value later.
"""

from __future__ import annotations

import functools
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
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

_MOST_OBJECTS = 20_000  # that are looked through for Values, the near ones first
_MOST_WITH_CONSTANTS = 1_000  # and for constants
_MOST_CONSTANTS = 64  # in a list, tuple or dict, for whose place one looks


def is_plain(value: Value) -> bool:
    """Whether it is a leaf that no transform made, whose number compiled code reads at each call."""
    return value._primitive is None and not value._recording.transforms


_MODES = (bool, NoneType)  # constants of which another one is another way through the function
_NOTHING_INSIDE = (int, float, complex, str, bytes, NoneType, BuiltinFunctionType, CodeType, Value)
Step = tuple[str, Any]  # the end of an expression, in which {} stands for a key; and what it leads to


class Ways:
    """The ways to Values by the cells, attributes and containers that a function can reach.

    `lines` go from the roots, f0, a function and its static arguments, to what holds Values; `checks` are expressions,
    each with which Value it should give, or None where it should hold; `found` has the positions of those that were
    found.
    """

    def __init__(self, roots: tuple[Any, ...], values: Sequence[Value]) -> None:
        self._roots = roots
        self._fixed: set[int] = {id(roots)}  # objects of which no constant changes
        # What holds of a list or dict that has not grown and is in the same order, before and after its variable.
        self._sizes: dict[int, tuple[str, str]] = {}
        self.lines: list[str] = []
        self.checks: list[tuple[str, int | None]] = []
        self.found: set[int] = set()
        self.keys: list[Any] = []
        self._names_of_keys: dict[int, str] = {}
        self._names: set[str] = set()
        self._came_from: dict[int, tuple[int, str]] = {id(roots): (0, "")}
        self._number: dict[int, int] = {id(roots): 0}  # of the objects on the way
        self._wanted = {id(value): i for i, value in enumerate(values)}
        self._waiting = deque([roots])
        self._search()

    def _search(self) -> None:
        looked_at: list[Any] = []  # all of them, so that an id stays that of one object
        by_names: list[Any] = []  # those of which only what the code names is looked at
        names, done = 0, 0  # how many there were when the first so many of `by_names` were looked at
        while len(looked_at) < (_MOST_OBJECTS if self._wanted else _MOST_WITH_CONSTANTS):
            if self._waiting:
                item = self._waiting.popleft()
                if _is_by_names(item):
                    by_names.append(item)
                    continue
            elif names < len(self._names):  # more code was found since: all again
                names, done = len(self._names), 0
                continue
            elif done < len(by_names):
                item, done = by_names[done], done + 1
            else:
                break
            looked_at.append(item)
            self._look(item, len(looked_at) <= _MOST_WITH_CONSTANTS)

    def _look(self, item: Any, near: bool) -> None:
        if id(item) in self._fixed or _is_of_a_package(item):
            self._fixed.add(id(item))
        elif near:
            self._look_at_constants(item)
        for end, child in _inside(item, self._names, self.keys):
            if id(child) in self._wanted:
                self._expect_sizes(id(item))
                check = self._at(id(item)) + end, self._wanted[id(child)]
                if check not in self.checks[-1:]:
                    self.checks.append(check)
                self.found.add(self._wanted[id(child)])
            elif id(child) not in self._came_from and not isinstance(child, _NOTHING_INSIDE):
                self._came_from[id(child)] = id(item), end
                of_a_package = id(item) in self._fixed and isinstance(child, list | tuple | dict)
                if of_a_package or end in (".__defaults__", ".__kwdefaults__"):
                    self._fixed.add(id(child))
                if isinstance(child, list | deque):
                    self._sizes[id(child)] = "len(", f") == {len(child)}"
                elif isinstance(child, dict):
                    self._sizes[id(child)] = "[*", f"] == {self._key([*child])}"
                self._waiting.append(child)

    def _look_at_constants(self, item: Any) -> None:
        """Add what holds as long as the constants in an object are there: the same modes, or numbers and arrays."""
        if isinstance(item, frozenset | set):
            if not self._wanted.keys().isdisjoint(map(id, item)):
                self.found.update(self._wanted[id(child)] for child in item if id(child) in self._wanted)
                self._expect_sizes(id(item))
                self._expect(item, "{*map(id, ", f")}} == {self._key({*map(id, item)})}")
            return
        for end, child in _constants(item, self._names, self.keys):
            if isinstance(child, _MODES):
                self._expect(item, "", f"{end} is {child}")
            elif hasattr(child, "dtype"):
                self._expect(item, "", f"{end}.dtype == {self._key(child.dtype)}")
            else:
                self._expect(item, "type(", f"{end}) is {self._key(type(child))}")

    def _expect(self, item: Any, before: str, after: str) -> None:
        """Add an expression around the variable that has an object."""
        self.checks.append((before + self._at(id(item)) + after, None))

    def _key(self, item: Any) -> str:
        """The name in the checks of an object."""
        if id(item) not in self._names_of_keys:
            self.keys.append(item)
            self._names_of_keys[id(item)] = f"k{len(self.keys) - 1}"
        return self._names_of_keys[id(item)]

    def _expect_sizes(self, item: int) -> None:
        """Add that the lists and dicts on the way to what is in this one, by its id, are as large."""
        while item != id(self._roots):
            if item in self._sizes:
                before, after = self._sizes.pop(item)
                self.checks.append((before + self._at(item) + after, None))
            item = self._came_from[item][0]

    def _at(self, item: int) -> str:
        """The variable that has an object, by its id."""
        if item not in self._number:
            owner, end = self._came_from[item]
            text = self._at(owner) + end
            self._number[item] = len(self._number)
            self.lines.append(f"f{self._number[item]} = {text}")
        return f"f{self._number[item]}"

    def comparison(self, values: Sequence[Value]) -> Callable[[], bool]:
        """Whether all is as it was: written out as a function, for calls of compiled code wait for it."""
        plain = [*map(is_plain, values)]
        tests = [
            text if i is None
            else f"{text} is v{i}" if plain[i] else f"id({text}) == {id(values[i])}"
            for text, i in dict.fromkeys(self.checks)
        ]
        if not tests:
            return _as_before
        source = "\n    ".join(["def unchanged():", *self.lines, f"return {' and '.join(tests)}"])
        names: dict[str, Any] = {"f0": self._roots}
        names |= {f"k{i}": key for i, key in enumerate(self.keys)}
        names |= {f"v{i}": value for i, value in enumerate(values) if plain[i]}
        exec(source, names)
        unchanged: Callable[[], bool] = names.pop("unchanged")  # which refers to them: no cycle
        return unchanged


def _as_before() -> bool:
    """Of a function that can reach nothing that changes."""
    return True


def _is_by_names(item: Any) -> bool:
    """Whether it has attributes, of which only those are looked at that the code names: no container or function."""
    return not isinstance(item, FunctionType | MethodType | functools.partial | dict | list | tuple | deque)


def _is_foreign(module: Any) -> bool:
    """Whether a module holds no Values of the user's: ours, NumPy's, and those that come with Python."""
    package = str(module).partition(".")[0]
    return package in ("autograd", "numpy") or package in sys.stdlib_module_names and package != "__main__"


def _is_constant(item: Any) -> bool:
    """Whether compiled code has it as a constant, and a Value may stand in its place later."""
    return isinstance(item, (int, float, *_MODES)) or (_is_array(item) and item.dtype != object)


def _is_array(item: Any) -> bool:
    return "numpy" in sys.modules and isinstance(item, sys.modules["numpy"].ndarray)


def _constants(item: Any, names: set[str], keys: list[Any]) -> Iterator[Step]:
    """The constants that the code may read from an object."""
    if isinstance(item, list | tuple | dict | deque):
        inside = _inside(item, names, keys) if len(item) <= _MOST_CONSTANTS else iter(())
    elif isinstance(item, FunctionType | ModuleType | type):
        inside = _inside(item, names, keys)
    else:
        attributes = _attributes(item)
        of_class = {name: child for _, name, child in _in_classes(type(item), names) if name not in attributes}
        known = chain((attributes | of_class).items(), ((end[1:], child) for end, child in _in_slots(item)))
        inside = (("." + name, child) for name, child in known if name in names)
    ends = (".__defaults__", ".__kwdefaults__")  # None where there are none
    return ((end, child) for end, child in inside if _is_constant(child) and end not in ends)


def _is_of_a_package(item: Any) -> bool:
    """Whether it is a function, class or module that was installed, or an object of one: no constant there changes.

    But a module of a network has modes.
    """
    if isinstance(item, FunctionType):
        module = item.__globals__.get("__name__")  # not that of a function that it wraps
    else:
        module = item.__name__ if isinstance(item, ModuleType) else getattr(item, "__module__", "")
    package = str(module).partition(".")[0]
    if isinstance(item, FunctionType | ModuleType | type):
        return _is_foreign(module) or package == "nn" or _is_installed(package)
    return package == "autograd" or _is_installed(package)


@functools.cache
def _is_installed(package: str) -> bool:
    file = str(getattr(sys.modules.get(package), "__file__", ""))
    return package != "nn" and ("site-packages" in file or "dist-packages" in file)


def _inside(item: Any, names: set[str], keys: list[Any]) -> Iterator[Step]:
    if isinstance(item, FunctionType):
        for i, cell in enumerate(item.__closure__ or ()):
            yield from _of_cell(i, cell)
        if _is_foreign(item.__globals__.get("__name__")):
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
    elif isinstance(item, list | tuple | deque):
        yield from ((f"[{i}]", child) for i, child in enumerate(item))
    elif _is_array(item):
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
        elif isinstance(constant, str) and constant.isidentifier():  # perhaps for getattr
            yield constant
