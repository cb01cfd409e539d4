"""What a function can reach: the parts of an object, each with the end of the expression that leads to it."""

from __future__ import annotations

import functools
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from keyword import iskeyword
from numbers import Number
from types import CellType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType, NoneType
from typing import Any

from autograd.engine.value import Value

_MOST_CONSTANTS = 64  # in a list, tuple or dict, for whose place one looks
Step = tuple[str, Any]  # the end of an expression, and what it leads to


def is_a(item: Any, kinds: Any) -> bool:
    """As isinstance, told by the type alone: an object may say that its class is another, or fail when it is asked."""
    return issubclass(type(item), kinds)


def is_by_names(item: Any) -> bool:
    """Whether it has attributes, of which only those are looked at that the code names: no container or function."""
    return not is_a(item, FunctionType | MethodType | functools.partial | dict | list | tuple | deque)


def is_a_table(item: Any) -> bool:
    """Whether it is a container of so much that nobody is expected to put a Value in the place of a number there."""
    return _is_container(item) and len(item) > _MOST_CONSTANTS


def _is_container(item: Any) -> bool:
    return is_a(item, list | tuple | dict | deque) or (_is_array(item) and item.ndim > 0)


@functools.cache
def is_foreign(module: Any) -> bool:
    """Whether a module holds no Values of the user's: ours, NumPy's, and those that come with Python.

    Not a file of the user's that has the name of one.
    """
    package = str(module).partition(".")[0]
    file = getattr(sys.modules.get(package), "__file__", None) or os.__file__
    comes_with_python = package in sys.stdlib_module_names and file.startswith(os.path.dirname(os.__file__))
    return package in ("autograd", "numpy") or (comes_with_python and package != "__main__")


def _is_constant(item: Any) -> bool:
    """Whether compiled code has it as a constant, and a Value may stand in its place later."""
    return is_a(item, Number | NoneType) or (_is_array(item) and item.dtype != object)


def _is_array(item: Any) -> bool:
    return "numpy" in sys.modules and is_a(item, sys.modules["numpy"].ndarray)


def constants(item: Any, names: set[str], keys: list[Any]) -> Iterator[Step]:
    """The constants that the code may read from an object."""
    parts: Iterable[Step] = ()
    if _is_container(item) or is_a(item, FunctionType | ModuleType | type):
        parts = () if is_a_table(item) else inside(item, names, keys)
    else:
        attributes = _attributes(item)
        of_class = {name: child for _, name, child in _in_classes(type(item), names) if name not in attributes}
        known = chain((attributes | of_class).items(), ((end[1:], child) for end, child in _in_slots(item)))
        parts = ((_attribute(name), child) for name, child in known if name in names)
    ends = (".__defaults__", ".__kwdefaults__")  # None where there are none
    return ((end, child) for end, child in parts if _is_constant(child) and end not in ends)


def is_of_a_package(item: Any) -> bool:
    """Whether it is a function, class or module that was installed, or an object of one: no constant there changes.

    But a module of a network has modes.
    """
    if is_a(item, FunctionType):
        module = item.__globals__.get("__name__")  # not that of a function that it wraps
    else:
        own = item if is_a(item, type) else type(item)
        module = item.__name__ if is_a(item, ModuleType) else own.__module__
    package = str(module).partition(".")[0]
    if is_a(item, FunctionType | ModuleType | type):
        return is_foreign(module) or package == "nn" or _is_installed(package)
    return package == "autograd" or (_is_installed(package) and not _is_array(item))


@functools.cache
def _is_installed(package: str) -> bool:
    file = str(getattr(sys.modules.get(package), "__file__", ""))
    return package != "nn" and ("site-packages" in file or "dist-packages" in file)


def inside(item: Any, names: set[str], keys: list[Any]) -> Iterator[Step]:
    if is_a(item, FunctionType):
        for i, cell in enumerate(item.__closure__ or ()):
            yield from _of_cell(i, cell)
        if is_foreign(item.__globals__.get("__name__")):
            return
        names.update(_names(item.__code__))
        yield from ((f".__globals__[{name!r}]", item.__globals__[name]) for name in names & item.__globals__.keys())
        yield from (("." + name, getattr(item, name)) for name in ("__defaults__", "__kwdefaults__"))
        yield from ((_attribute(name), child) for name, child in vars(item).items())
    elif is_a(item, MethodType | functools.partial):
        parts = ("__self__", "__func__") if is_a(item, MethodType) else ("func", "args", "keywords")
        yield from (("." + name, getattr(item, name)) for name in parts)
    elif is_a(item, dict):
        for key, child in item.items():
            keys.append(key)
            yield f"[k{len(keys) - 1}]", child
    elif is_a(item, list | tuple | deque):
        yield from ((f"[{i}]", child) for i, child in enumerate(item))
    elif _is_array(item):
        if item.dtype == object:
            yield from ((f".flat[{i}]", child) for i, child in enumerate(item.ravel().tolist()))
    elif is_a(item, ModuleType):
        if not is_foreign(item.__name__):
            yield from (("." + name, vars(item)[name]) for name in names & vars(item).keys())
    elif is_a(item, type):
        if not is_foreign(item.__module__):
            yield from _of_class(item, names)
    else:
        attributes = _attributes(item)
        own = [name for name in attributes if is_a(name, str)]
        if hasattr(type(item), "c_source"):
            own = ["function"]  # of a compiled function in this one, what it was made from
        yield from ((_attribute(name), attributes[name]) for name in own)
        yield from _in_slots(item)
        of_class = {name: child for _, name, child in _in_classes(type(item), names) if name not in attributes}
        yield from (("." + name, child) for name, child in of_class.items() if is_a(child, Value))
        yield ".__class__", type(item)


def _attribute(name: str) -> str:
    return f".{name}" if name.isidentifier() and not iskeyword(name) else f".__dict__[{name!r}]"


def _of_cell(i: int, cell: CellType) -> Iterator[Step]:
    try:
        yield f".__closure__[{i}].cell_contents", cell.cell_contents
    except ValueError:  # it is empty
        return


def _in_classes(kind: type, names: set[str]) -> Iterator[tuple[type, str, Any]]:
    for base in reversed(kind.__mro__):
        for name, child in vars(base).items():
            if name in names or (name.startswith("__") and is_a(child, FunctionType)):  # called by no name
                yield base, name, child


def _of_class(kind: type, names: set[str]) -> Iterator[Step]:
    """What a class has for the names in the code: functions without what binds them, and what its bases have."""
    for name, child in {name: child for _, name, child in _in_classes(kind, names)}.items():
        if is_a(child, property):
            yield f".{name}.fget", child.fget
        elif is_a(child, classmethod):
            yield f".{name}.__func__", child.__func__
        else:
            yield f".{name}", child.__func__ if is_a(child, staticmethod) else child


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
            if is_a(member, MemberDescriptorType):
                try:
                    yield f".{name}", member.__get__(item)
                except AttributeError:  # it is empty
                    continue


def _names(code: CodeType) -> Iterable[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if is_a(constant, CodeType):
            yield from _names(constant)
        elif is_a(constant, str) and constant.isidentifier():  # perhaps for getattr
            yield constant
