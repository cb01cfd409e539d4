"""What is called in a trip that may be abandoned, or stands for all trips: it is refused before it changes anything."""

from __future__ import annotations

import ast
import dis
import inspect
import sys
from _lsprof import Profiler
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import CodeType, FrameType
from typing import Any, NamedTuple

from autograd.compiler.python_loops.source import asked, function_of, made_anew, own_nodes
from autograd.compiler.reach import is_foreign
from autograd.primitives.row import is_array
from autograd.program.tracing.traced import Traced


class Unsuited(BaseException):
    """A loop cannot be one of the program; the message says why."""


_MUTABLE = (list, dict, set, deque, bytearray)
_CHANGING = frozenset(
    ("append", "extend", "insert", "pop", "remove", "clear", "update", "add", "discard", "popleft", "appendleft",
     "extendleft", "rotate", "popitem", "setdefault", "sort", "reverse", "fill", "put", "resize", "itemset",
     "partition", "byteswap", "difference_update", "intersection_update", "symmetric_difference_update")
)  # fmt: skip
_FUNCTIONS = frozenset(
    ("setattr", "delattr", "next", "print", "input", "exec", "eval", "heappush", "heappop", "heapify", "heapreplace",
     "heappushpop", "insort", "insort_left", "insort_right", "__next__", "send", "write")
)  # fmt: skip
_RANDOM = frozenset(
    ("default_rng", "normal", "standard_normal", "uniform", "integers", "random", "choice", "permutation", "shuffle",
     "randn", "rand", "randint", "gauss", "random_sample")
)  # fmt: skip
_WRITING = frozenset(("STORE_ATTR", "DELETE_ATTR", "STORE_SUBSCR", "STORE_SLICE", "DELETE_SUBSCR"))
_IN_PLACE = frozenset(
    ("__iadd__", "__isub__", "__imul__", "__itruediv__", "__ifloordiv__", "__imod__", "__ipow__", "__imatmul__",
     "__iand__", "__ior__", "__ixor__", "__ilshift__", "__irshift__", "__setitem__", "__delitem__", "__setattr__")
)  # fmt: skip
_MAKING = ("__init__", "__post_init__", "__new__")  # of an object that is new


class _Function(NamedTuple):
    """What a function does to what it did not make itself."""

    why: str  # "" for nothing
    augmented: frozenset[str]  # the parameters that `+=` and its kin may change in place
    asks: str = ""  # what it asks of a number


def is_mutable(item: Any) -> bool:
    return isinstance(item, _MUTABLE) or is_array(item)


@contextmanager
def watched(own: Sequence[str]) -> Iterator[None]:
    """In a `with`: what would change something raises `Unsuited`. `own` are the names of what a trip makes itself."""
    generators: set[FrameType] = set()

    def look(frame: FrameType, event: str, function: Any) -> None:
        module = frame.f_globals.get("__name__", "")
        if event not in ("call", "c_call") or (is_foreign(module) and module != "random"):
            return
        if event == "call":
            _require_no_change(frame, generators)
        else:
            _require_no_call(frame, function, own)

    before: Any = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before if callable(before) else None)
        if isinstance(before, Profiler):  # cProfile's, which Python 3.11 cannot set again itself
            before.enable()


def _require_no_change(frame: FrameType, generators: set[FrameType]) -> None:
    code = frame.f_code
    if code.co_flags & inspect.CO_GENERATOR:
        resumed = code.co_code[frame.f_lasti + 1] & 3 if frame.f_lasti >= 0 else 0  # RESUME's argument: 0 at the start
        if frame not in generators and (resumed or not _is_made_here(frame)):
            raise Unsuited(f"it goes on with a generator, {code.co_name}")
        generators.add(frame)
    if _RANDOM.intersection(code.co_names):
        raise Unsuited("it draws random numbers")
    if "__next__" in code.co_names:
        raise Unsuited("it goes on with an iterator")
    if code.co_name.startswith("_autograd_"):  # the loop's own text
        return
    does = _does(code)
    if does.why:
        raise Unsuited(f"it calls {code.co_name}(), which {does.why}")
    if does.augmented and any(is_mutable(frame.f_locals.get(name)) for name in does.augmented):
        raise Unsuited(f"it calls {code.co_name}(), which changes an argument in place")
    if does.asks and any(isinstance(item, Traced) for item in frame.f_locals.values()):
        raise Unsuited(f"it calls {code.co_name}(), which {does.asks}")


def _is_made_here(frame: FrameType) -> bool:
    """Whether a generator expression was made by what runs in this trip."""
    around = frame.f_back
    while around is not None and not around.f_globals.get("__name__", "").startswith("autograd."):
        if frame.f_code in around.f_code.co_consts:
            return True
        around = around.f_back
    return False


def _require_no_call(frame: FrameType, function: Any, own: Sequence[str]) -> None:
    name, owner = function.__name__, getattr(function, "__self__", None)
    if name in _FUNCTIONS and not isinstance(owner, type):
        raise Unsuited(f"it calls {name}()")
    if type(owner).__module__ == "random" or type(owner).__module__.startswith("numpy.random"):
        raise Unsuited("it draws random numbers")
    if name not in _CHANGING or not is_mutable(owner):
        return
    if frame.f_code.co_name.startswith("_autograd_get"):
        return
    names = own if frame.f_code.co_name.startswith("_autograd_") else _made_anew(frame.f_code)
    if not any(frame.f_locals.get(name) is owner for name in names):
        raise Unsuited(f"it changes an object: .{name}()")


@cache
def _made_anew(code: CodeType) -> frozenset[str]:
    """The variables of a function whose objects it made itself."""
    function = function_of(code)
    return frozenset() if function is None else made_anew(function.body, {item.arg for item in _parameters(function)})


def _parameters(function: ast.FunctionDef) -> list[ast.arg]:
    given = function.args
    extra = [item for item in (given.vararg, given.kwarg) if item is not None]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *extra]


@cache
def _does(code: CodeType) -> _Function:
    writes, augments = False, False
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        if name in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            return _Function(f"sets the global variable {instruction.argval}", frozenset())
        if name in ("STORE_DEREF", "DELETE_DEREF") and instruction.argval in code.co_freevars:
            return _Function(f"sets a variable of another function, {instruction.argval}", frozenset())
        writes = writes or name in _WRITING
        augments = augments or (name == "BINARY_OP" and instruction.argrepr.endswith("="))
    if code.co_name in _IN_PLACE:
        return _Function("changes an object in place", frozenset())
    function = function_of(code)
    if function is None:
        making = code.co_name in _MAKING
        return _Function("writes into an object" if writes and not making else "", frozenset())
    parameters = _parameters(function)
    new = made_anew(function.body, {item.arg for item in parameters})
    if code.co_name in _MAKING and parameters:
        new |= {parameters[0].arg}
    augmented, asks = set(), ""
    for node in own_nodes(function.body):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            augmented.add(node.target.id)
        if isinstance(node, ast.Attribute | ast.Subscript) and not (
            isinstance(node.ctx, ast.Load) or (isinstance(node.value, ast.Name) and node.value.id in new)
        ):
            return _Function("writes into an object: x[i] = y, or x.name = y", frozenset())
        if isinstance(node, ast.keyword) and node.arg == "out":
            return _Function("writes into an array: out=", frozenset())
        asks = asks or asked(node)
    return _Function("", frozenset(augmented & {item.arg for item in parameters}), asks)
