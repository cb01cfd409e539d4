"""Where a loop is met while a function is recorded, and its function's code while that has its loops taken apart."""

from __future__ import annotations

import dis
import gc
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from operator import is_
from types import CodeType, FrameType, FunctionType
from typing import Any, NoReturn

from autograd.compiler.python_loops.code import taken_apart
from autograd.errors import TraceError
from autograd.program.tracing.trace import LoopFound


@cache
def _loops(code: CodeType) -> bool:
    return any("JUMP_BACKWARD" in instruction.opname for instruction in dis.get_instructions(code))


class Loops:
    """The functions whose loops were met while one function is recorded."""

    def __init__(self) -> None:
        self.codes: dict[CodeType, CodeType] = {}  # with their loops taken apart
        self.reasons: dict[int, str] = {}
        self.refused: dict[tuple[Any, ...], str] = {}  # loops whose trips changed something, and what
        self.always = False  # whether a loop whose conditions are known is a step, too, where its body branches
        self._tried: set[CodeType] = set()
        self._met: dict[tuple[int, int], FrameType] = {}
        self._lists: list[tuple[tuple[Any, ...], Any, list[Any]]] = []

    def meet(self, frame: FrameType, again: bool = True) -> None:
        """Note that a function takes a branch at this place. Raises `LoopFound` where it is one of a loop.

        Without `again` it need not have been here before.
        """
        code = frame.f_code
        if code in self._tried or code.co_name.startswith("_autograd_") or not _loops(code):
            return
        place = id(frame), frame.f_lasti
        if again and place not in self._met:
            self._met[place] = frame  # held, so that no other has its id
            return
        self._met.clear()
        self._tried.add(code)
        found, reasons = taken_apart(code)
        self.reasons |= reasons
        if found is not None:
            self._tried.add(found)
            self.codes[code] = found
            raise LoopFound

    def meet_all(self) -> None:
        """The same for all places at which a branch was taken, since one way beyond them went wrong."""
        for frame in [*self._met.values()]:
            self.meet(frame, again=False)

    def refuse(self, loop: tuple[Any, ...], why: str) -> NoReturn:
        """Record anew without this loop as a step, or without any where it comes again all the same."""
        if loop in self.refused:
            raise TraceError(why)
        self.refused[loop] = why
        raise LoopFound

    def keep(self, loop: tuple[Any, ...], item: Any) -> None:
        """Note how the lists and dicts are that a loop made anew of those that went round."""
        if isinstance(item, list | dict):
            self._lists.append((loop, item, gc.get_referents(item)))
        if isinstance(item, list | tuple | dict):
            for child in item.values() if isinstance(item, dict) else item:
                self.keep(loop, child)

    def require_kept(self) -> None:
        """Refuse a loop of which one is not any more as it was, for in Python it may have two names."""
        for loop, item, before in self._lists:
            now = gc.get_referents(item)
            if len(now) != len(before) or not all(map(is_, now, before)):
                self.refuse(loop, f"a {type(item).__name__} that went round it is written to afterwards")

    def set_aside(self, why: str) -> dict[CodeType, CodeType]:
        """Take no loops apart, since one may be why a recording went wrong. Returns the codes."""
        codes, self.codes = self.codes, {}
        why = why.partition(" (the one in line")[0]  # whose reasons are known
        if why not in self.reasons.values():
            self.reasons.update((code.co_firstlineno, why) for code in codes)
        return codes

    def forget(self) -> None:
        self._met.clear()
        self._lists.clear()

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """In a `with`: the functions have the code with their loops taken apart."""
        before = []
        try:
            if self.codes:
                for function in _functions({code.co_filename for code in self.codes}):
                    changed = self._changed(function.__code__)
                    if changed is not function.__code__:
                        before.append((function, function.__code__))
                        function.__code__ = changed
            yield
        finally:
            for function, code in before:
                function.__code__ = code

    def _changed(self, code: CodeType) -> CodeType:
        code = self.codes.get(code, code)
        consts = tuple(self._changed(item) if isinstance(item, CodeType) else item for item in code.co_consts)
        same = all(new is old for new, old in zip(consts, code.co_consts))
        return code if same else code.replace(co_consts=consts)


def _functions(files: Collection[str]) -> list[FunctionType]:
    """All that there are whose code is from these files."""
    return [item for item in gc.get_objects() if type(item) is FunctionType and item.__code__.co_filename in files]
