"""Whether a trip changed what was there before it: also where no call shows it, as in `list(map(seen.append, x))`."""

from __future__ import annotations

import functools
import gc
import pickle
import sys
from collections import deque
from contextlib import suppress
from contextvars import ContextVar
from operator import is_, length_hint
from types import (
    BuiltinFunctionType,
    CodeType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from autograd.compiler.reach import inside, is_a, is_of_a_package
from autograd.engine.value import Value
from autograd.primitives.row import is_array
from autograd.program.tracing.arrays.seen import is_recorded

_MOST_OBJECTS = 100_000  # that are looked at; a loop that reaches more is gone through trip by trip
_NOTHING_INSIDE = (int, float, complex, str, bytes, range, type(None), CodeType, FrameType, Value)
_FUNCTIONS = (FunctionType, MethodType, functools.partial)
_NAMED = (*_FUNCTIONS, ModuleType, type)  # of which the code says what it reads
_OWN_LIFE = ("autograd", "logging")  # packages whose objects change when they are used, and stay what they are


class Known:
    """What functions can reach, as it is now."""

    def __init__(self, *roots: Any) -> None:
        self._states: list[tuple[Any, list[Any], Any]] = []
        names: set[str] = set()
        waiting = deque([*roots, *_hidden()])
        seen = {id(item): item for item in waiting}  # held, so that an id stays that of one object
        named, count = [], 0
        while waiting and len(seen) < _MOST_OBJECTS:
            item = waiting.popleft()
            if is_a(item, _NAMED):
                named.append(item)
                children = [child for _, child in inside(item, names, [])]
            elif _has_own_life(item):
                children = [child for _, child in inside(item, names, []) if is_a(child, _FUNCTIONS)]
            else:
                children, mark = _state(item)
                self._states.append((item, children, mark))
            for child in children:
                if id(child) not in seen and not _is_left_out(child):
                    seen[id(child)] = child
                    waiting.append(child)
            if not waiting and len(names) > count:  # a class may have something for a name that came after it
                count = len(names)
                waiting.extend(named)
                named.clear()
        self._too_many = bool(waiting)

    def changed(self) -> str:
        """What of it is not any more as it was, or may not be; or nothing."""
        if self._too_many:
            return f"it can reach more than {_MOST_OBJECTS:,} objects, and may change one"
        for item, children, mark in self._states:
            now, mark_now = _state(item)
            if mark_now != mark or len(now) != len(children) or not all(map(is_, now, children)):
                return f"it changes an object, a {type(item).__name__}"
        return ""


def _hidden() -> list[Any]:
    """What functions of NumPy's draw from, which no name leads to."""
    random = sys.modules.get("numpy.random")
    return [] if random is None else [random.get_bit_generator()]


def _is_left_out(item: Any) -> bool:
    if is_a(item, _NOTHING_INSIDE) or hasattr(type(item), "c_source"):  # a compiled function changes things once
        return True
    if is_a(item, FunctionType):
        return is_of_a_package(item) and not item.__closure__  # as a decorator has, or what a transform made
    return is_a(item, ModuleType | type) and is_of_a_package(item)


def _has_own_life(item: Any) -> bool:
    """Whether what it is made of changes when it is used. What it calls may change something else."""
    return type(item).__module__.partition(".")[0] in _OWN_LIFE and not is_array(item)


def _state(item: Any) -> tuple[list[Any], Any]:
    """The objects that one holds, and what else tells how it is."""
    if type(item) in (list, tuple, dict, set):  # most of them
        return gc.get_referents(item), None
    if is_array(item):
        if is_recorded(item):
            return [item._own, item._root], None
        return (item.ravel().tolist(), None) if item.dtype == object else ([], hash(item.tobytes()))
    if is_a(item, BuiltinFunctionType):
        return [item.__self__], None
    if is_a(item, ContextVar):
        return [item.get(None)], None
    with suppress(AttributeError):
        object.__getattribute__(item, "__dict__")  # which is there from now on, whoever asks for it later
    mark: Any = None
    if is_a(item, GeneratorType):
        mark = None if item.gi_frame is None else item.gi_frame.f_lasti
    elif _is_an_iterator(item):
        mark = _place(item)
    elif is_a(item, bytearray) or type(item).__module__ == "array":
        mark = bytes(item)
    elif type(item).__module__.startswith("numpy.random") and hasattr(item, "state"):
        mark = pickle.dumps(item.state)
    return gc.get_referents(item), mark


def _is_an_iterator(item: Any) -> bool:
    """Whether it is one whose place no attribute has, but what is in C."""
    return is_a(getattr(type(item), "__next__", None), WrapperDescriptorType)


def _place(item: Any) -> Any:
    """Where an iterator stands, by the numbers in what it tells of itself."""
    if is_a(item, int | float | range):
        return item
    if is_a(item, tuple):
        return [*map(_place, item)]
    if not _is_an_iterator(item):
        return None
    try:
        if hasattr(item, "tell"):
            return item.tell() if item.readable() else None
        return length_hint(item), _place(item.__reduce__()[1:])
    except Exception:  # it does not tell, and may be anywhere
        return object()
