"""Where a function has its Values from: ways that begin at the function itself and are gone again at each call.

Nothing on them is held but the function, the keys of dicts, and Values that lead to no graph. Where a number or nothing
stood, there may be a Value later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from types import BuiltinFunctionType, CodeType, NoneType
from typing import Any

from autograd.compiler.reach import constants, inside, is_a, is_a_table, is_by_names, is_of_a_package
from autograd.engine.value import Value

_MOST_OBJECTS = 20_000  # that are looked through for Values, the near ones first
_MOST_WITH_CONSTANTS = 1_000  # that are looked through for constants
_MOST_CONSTANTS = 200  # that are looked at before each call
_MOST_IN_ORDER = 200  # entries of a dict whose order is looked at, and not only how many they are
_MODES = (bool, NoneType)  # constants of which another one is another way through the function
_NOTHING_INSIDE = (int, float, complex, str, bytes, NoneType, BuiltinFunctionType, CodeType, Value)


def is_plain(value: Value) -> bool:
    """Whether it is a leaf that no transform made, whose number compiled code reads at each call."""
    return value._primitive is None and not value._recording.transforms


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
        self._constants: set[str] = set()  # the checks of them
        self.lines: list[str] = []
        self.checks: dict[tuple[str, int | None], None] = {}
        self.found: set[int] = set()
        self.keys: list[Any] = []
        self._names_of_keys: dict[int, str] = {}
        self._names: set[str] = set()
        self._came_from: dict[int, tuple[int, str]] = {id(roots): (0, "")}
        self._number: dict[int, int] = {id(roots): 0}  # of the objects on the way
        self._wanted = {id(value): i for i, value in enumerate(values)}
        self._waiting: deque[Any] = deque([roots])
        self._search()

    def _search(self) -> None:
        looked_at: list[Any] = []  # all of them, so that an id stays that of one object
        by_names: list[Any] = []  # those of which only what the code names is looked at
        names = 0  # how many there were when these were last looked at
        again: Iterator[Any] = iter(())
        while len(looked_at) < (_MOST_OBJECTS if self._wanted else _MOST_WITH_CONSTANTS):
            if self._waiting:
                item = self._waiting.popleft()
                if is_by_names(item):
                    by_names.append(item)
            else:
                item = next(again, None)
                if item is None and names == len(self._names):
                    break
                if item is None:
                    names, again = len(self._names), iter([*by_names])  # more code was found since
                    continue
            looked_at.append(item)
            with suppress(Exception):  # what is asked for its parts may be unlike any other object
                self._look(item, len(looked_at) <= _MOST_WITH_CONSTANTS)

    def _look(self, item: Any, near: bool) -> None:
        if id(item) in self._fixed or is_of_a_package(item):
            self._fixed.add(id(item))
        elif near:
            self._look_at_constants(item)
        for end, child in inside(item, self._names, self.keys):
            if id(child) in self._wanted:
                self._expect_sizes(id(item))
                self.checks[self._at(id(item)) + end, self._wanted[id(child)]] = None
                self.found.add(self._wanted[id(child)])
            elif id(child) not in self._came_from and not is_a(child, _NOTHING_INSIDE):
                self._came_from[id(child)] = id(item), end
                of_it = is_a(child, list | tuple | dict) and (id(item) in self._fixed or is_a_table(item))
                if of_it or end in (".__defaults__", ".__kwdefaults__"):
                    self._fixed.add(id(child))
                if is_a(child, list | deque):
                    self._sizes[id(child)] = "len(", f") == {len(child)}"
                elif is_a(child, dict):
                    ordered = "[*", f"] == {self._key([*child])}"
                    self._sizes[id(child)] = ordered if len(child) <= _MOST_IN_ORDER else ("len(", f") == {len(child)}")
                self._waiting.append(child)

    def _look_at_constants(self, item: Any) -> None:
        """Add what holds as long as the constants in an object are there: the same modes, or numbers and arrays."""
        if is_a(item, frozenset | set):
            if not self._wanted.keys().isdisjoint(map(id, item)):
                self.found.update(self._wanted[id(child)] for child in item if id(child) in self._wanted)
                self._expect_sizes(id(item))
                self._expect(item, "{*map(id, ", f")}} == {self._key({*map(id, item)})}")
            return
        for end, child in constants(item, self._names, self.keys):
            if len(self._constants) >= _MOST_CONSTANTS:
                return
            if is_a(child, _MODES):
                text = self._expect(item, "", f"{end} is {child}")
            elif hasattr(child, "dtype"):
                text = self._expect(item, "", f"{end}.dtype == {self._key(child.dtype)}")
            else:
                text = self._expect(item, "type(", f"{end}) is {self._key(type(child))}")
            self._constants.add(text)

    def _expect(self, item: Any, before: str, after: str) -> str:
        """Add an expression around the variable that has an object."""
        text = before + self._at(id(item)) + after
        self.checks[text, None] = None
        return text

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
                self.checks[before + self._at(item) + after, None] = None
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
        tests = {
            text if i is None else f"{text} is v{i}" if plain[i] else f"id({text}) == {id(values[i])}": i
            for text, i in self.checks
        }
        names: dict[str, Any] = {"f0": self._roots}
        names |= {f"k{i}": key for i, key in enumerate(self.keys)}
        names |= {f"v{i}": value for i, value in enumerate(values) if plain[i]}
        with suppress(Exception):
            unchanged = _written(self.lines, tests, names)
            if unchanged():
                return unchanged
        lines, held = _that_hold(self.lines, tests, names)  # an attribute may be another one each time
        self.found &= {i for text, i in tests.items() if text in held and i is not None}
        return _written(lines, held, names)


def _written(lines: Iterable[str], tests: Collection[str], names: dict[str, Any]) -> Callable[[], bool]:
    if not tests:
        return _as_before
    known = {**names}
    exec("\n    ".join(["def unchanged():", *lines, f"return {' and '.join(tests)}"]), known)
    unchanged: Callable[[], bool] = known.pop("unchanged")  # which refers to them: no cycle
    return unchanged


def _that_hold(lines: Iterable[str], tests: Iterable[str], names: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The lines and tests that can be run by themselves, these with the outcome True."""
    known, found, held = {**names}, [], []
    for line in lines:
        with suppress(Exception):
            exec(line, known)
            found.append(line)
    for test in tests:
        with suppress(Exception):
            if eval(test, known):
                held.append(test)
    return found, held


def _as_before() -> bool:
    """Of a function that can reach nothing that changes."""
    return True
