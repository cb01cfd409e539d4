"""The arguments of a compiled call: taken apart once into a signature and blocks, which are handed down as they are."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from numbers import Number
from typing import Any, NamedTuple

from autograd.engine.value import Value
from autograd.primitives.row import is_array, real
from autograd.program.graph import NUMBER
from autograd.program.nests import build, take_apart
from autograd.program.tracing.traced import Traced

# What a block is where it is neither a number, whose kind is NUMBER, nor an array of numbers, whose kind is its shape.
VALUES = "values"  # a Value, or an array of objects
OTHER = "other"
TRUTHS = "truths"  # what tells an array of truths, which chooses elements, from one of numbers

# Python takes 1.0 and True, two writings of a decimal, of a date or of a Windows path for equal; they are shown apart.
_SHOWN = (Number, datetime.datetime, datetime.time, datetime.tzinfo, os.PathLike)


class Signature(NamedTuple):
    """What arguments look like without their numbers: calls with one signature share what was recorded."""

    spec: Any  # of (positional arguments, keyword arguments), as `nests.take_apart` has it
    kinds: tuple[Any, ...]  # of the blocks, in order
    static: tuple[tuple[Any, Any], ...]  # the static arguments: by position, the first first, then by name
    exact: tuple[Any, ...] = ()  # what tells those apart that are equal for Python, as 1 and 1.0 and True

    def call(self, function: Callable[..., Any], blocks: Sequence[Any]) -> Any:
        """What the function returns for these blocks, with the static arguments in their places."""
        positional, named = build(self.spec, blocks)
        positional = list(positional)
        for place, item in self.static:
            if isinstance(place, str):
                named[place] = item
            else:
                positional.insert(place, item)
        return function(*positional, **named)

    def __str__(self) -> str:
        shown = ["number" if kind == NUMBER else f"array{kind}" for kind in self.kinds]
        positional, named = build(self.spec, shown)
        return f"{positional}{f' and {named}' if named else ''}{f' with {dict(self.static)}' if self.static else ''}"


class Arguments(NamedTuple):
    """The arguments of one call."""

    signature: Signature
    blocks: list[Any]

    @classmethod
    def of(cls, function: Any, static: tuple[int, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
        """The arguments of a call of `function`, whose arguments at the positions `static` are constants.

        Raises: `TypeError` for a static argument that cannot be hashed, or that is not there.
        """
        fixed = _static_arguments(function, static, args, kwargs) if static else {}
        given = tuple(arg for i, arg in enumerate(args) if i not in fixed) if fixed else args
        named = {name: arg for name, arg in kwargs.items() if name not in fixed} if fixed else kwargs
        blocks, spec = take_apart((given, named))
        kinds = tuple([NUMBER if type(block) is float else _kind(block) for block in blocks])
        exactly = tuple([exact(item) for item in fixed.values()])
        exactly += tuple([(TRUTHS, i) for i, kind in enumerate(kinds) if kind and _is_of_truths(blocks[i])])
        return cls(Signature(spec, kinds, tuple(fixed.items()), exactly), blocks)

    @property
    def has_values(self) -> bool:
        return VALUES in self.signature.kinds

    @property
    def nodes(self) -> list[Traced]:
        """The nodes of a recording among the blocks."""
        nodes = []
        for block, kind in zip(self.blocks, self.signature.kinds):
            if kind == VALUES:
                items = [block.node] if hasattr(block, "node") else block.flat if is_array(block) else [block]
                nodes += [item for item in items if isinstance(item, Traced)]
        return nodes

    def numbers(self) -> list[Any]:
        """The blocks as compiled code takes them: floats, and contiguous arrays of floats.

        Raises: `OverflowError` for a whole number that is too large for a float.
        """
        return [
            block if type(block) is float else _contiguous(block) if kind else real(block)
            for block, kind in zip(self.blocks, self.signature.kinds)
        ]

    def require_numbers(self, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        """Raise `TypeError` that names the argument in which a block holds no numbers."""
        if OTHER not in self.signature.kinds:
            return
        block = self.blocks[self.signature.kinds.index(OTHER)]
        what = f"an array of {block.dtype}" if is_array(block) else type(block).__name__
        named = {f"argument {i}": arg for i, arg in enumerate(args, 1)} | {repr(k): arg for k, arg in kwargs.items()}
        holders = [name for name, arg in named.items() if any(item is block for item in take_apart(arg)[0])]
        raise TypeError(
            f"{holders[0] if holders else 'an argument'} of a compiled function must be a number, a NumPy array of "
            f"numbers, or a nest of them, not {what}: {block!r:.60}; name it in static_argnums if it is not a number "
            "(a method's argument 1 is the object itself: the numbers that it holds are then constants, and its Values "
            "are read at each call)"
        )


def _is_of_truths(block: Any) -> bool:
    return is_array(block) and block.ndim > 0 and block.dtype.kind == "b"


def exact(item: Any) -> Any:
    """What two static arguments share that are the same constant, to the type and the sign of a zero."""
    if isinstance(item, _SHOWN) or hasattr(type(item), "dtype"):  # NumPy's dates, which are no numbers
        return type(item), repr(item)
    if isinstance(item, range | slice):  # equal where they have the same numbers
        return type(item), exact(item.start), exact(item.stop), exact(item.step)
    if isinstance(item, tuple):
        return type(item), tuple(map(exact, item))
    if isinstance(item, frozenset):
        return type(item), frozenset(map(exact, item))
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        fields = dataclasses.fields(item)
        return type(item), tuple([exact(getattr(item, field.name)) for field in fields if field.compare])
    return type(item)


def _kind(block: Any) -> Any:
    if is_array(block):
        return VALUES if block.dtype == object else block.shape if block.dtype.kind in "biuf" else OTHER
    if isinstance(block, Value):
        return VALUES
    try:
        real(block)
    except TypeError:
        return OTHER
    except OverflowError:  # a number all the same, which a function that is called as it is may take
        return NUMBER
    return NUMBER


def _static_arguments(
    function: Any, static: tuple[int, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[Any, Any]:
    """The static arguments, by their position or their name."""
    places = sorted(i if i >= 0 else i + len(args) for i in static)
    names = _parameters(function)
    fixed: dict[Any, Any] = {i: args[i] for i in places if 0 <= i < len(args)}
    fixed |= {names[i]: kwargs[names[i]] for i in places if 0 <= i < len(names) and names[i] in kwargs}
    for place, item in fixed.items():
        try:
            hash(item)
        except TypeError:
            raise TypeError(
                f"static argument {place} is compared with those of earlier calls, and must be hashable; "
                f"{type(item).__name__} is not: pass a tuple"
            ) from None
    if not fixed and not any(0 <= i < len(names) for i in places):
        raise TypeError(f"static_argnums={static}, but the function was called with {len(args)} arguments")
    return fixed


@functools.cache
def _parameters(function: Callable[..., Any]) -> list[str]:
    """The names of a function's parameters, as far as they can be told."""
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _contiguous(array: Any) -> Any:
    return sys.modules["numpy"].ascontiguousarray(array, dtype=float)
