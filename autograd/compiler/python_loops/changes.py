"""Whether a trip changed what was there before it: also where no call shows it, as in `list(map(seen.append, x))`."""

from __future__ import annotations

import functools
import gc
import itertools
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any

from autograd.compiler.reach import inside, is_a, is_of_a_package
from autograd.primitives.row import is_array
from autograd.program.tracing.arrays.nodes import is_recorded

_MOST_OBJECTS = 20_000  # that are looked at, the near ones first
_NOTHING_INSIDE = (int, float, complex, str, bytes, range, type(None), CodeType, FrameType)
_NAMED = (FunctionType, MethodType, functools.partial, ModuleType, type)  # of which the code says what it reads
_OWN_LIFE = ("autograd", "logging")  # packages whose objects change when they are used, and stay what they are


class Known:
    """What functions can reach, as it is now."""

    def __init__(self, roots: Sequence[Any]) -> None:
        self._states: list[tuple[Any, list[Any], Any]] = []
        names: set[str] = set()
        seen = {id(item): item for item in roots}  # held, so that an id stays that of one object
        waiting = deque(roots)
        while waiting and len(seen) < _MOST_OBJECTS:
            item = waiting.popleft()
            if is_a(item, _NAMED):
                children = [child for _, child in inside(item, names, [])]
            else:
                children, mark = _state(item)
                self._states.append((item, children, mark))
            for child in children:
                if id(child) not in seen and not _is_left_out(child):
                    seen[id(child)] = child
                    waiting.append(child)

    def changed(self) -> str:
        """The kind of what is not any more as it was, or nothing."""
        for item, children, mark in self._states:
            now, mark_now = _state(item)
            if mark_now != mark or len(now) != len(children) or any(new is not old for new, old in zip(now, children)):
                return type(item).__name__
        return ""


def _is_left_out(item: Any) -> bool:
    if is_a(item, _NOTHING_INSIDE):
        return True
    if is_a(item, FunctionType | ModuleType | type):
        return is_of_a_package(item)
    return type(item).__module__.partition(".")[0] in _OWN_LIFE and not is_array(item)


def _state(item: Any) -> tuple[list[Any], Any]:
    """The objects that one holds, and what else tells how it is."""
    if is_array(item):
        if is_recorded(item):
            return [item._own, item._root], None
        return (item.ravel().tolist(), None) if item.dtype == object else ([], hash(item.tobytes()))
    if is_a(item, BuiltinFunctionType):
        return [item.__self__], None
    with suppress(AttributeError):
        object.__getattribute__(item, "__dict__")  # which is there from now on, whoever asks for it later
    mark: Any = None
    if is_a(item, GeneratorType):
        mark = None if item.gi_frame is None else item.gi_frame.f_lasti
    elif is_a(item, itertools.count):
        mark = repr(item)
    elif type(item).__module__ in ("builtins", "itertools") and hasattr(type(item), "__next__"):
        with suppress(Exception):  # not every one of them tells its place
            mark = [part for part in item.__reduce__()[2:] if type(part) is int]
    elif is_a(item, bytearray) or type(item).__module__ == "array":
        mark = bytes(item)
    return gc.get_referents(item), mark
