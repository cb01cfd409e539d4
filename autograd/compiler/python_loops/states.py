"""What goes round a loop of Python's that is one of the program: numbers, arrays, and nests of them."""

from __future__ import annotations

import math
import sys
from collections import Counter
from typing import Any

from autograd.compiler.python_loops.watching import Unsuited
from autograd.engine.recording import current
from autograd.primitives.row import MOST_COUNTED, is_array
from autograd.primitives.table import absolute
from autograd.program.graph import Guard
from autograd.program.nests import flatten
from autograd.program.tracing.arrays import shown
from autograd.program.tracing.arrays.seen import is_recorded, root_of
from autograd.program.tracing.sorts import sort_of
from autograd.program.tracing.structured import bound
from autograd.program.tracing.trace import InexactError
from autograd.program.tracing.traced import Traced

_OF_TWO_NAMES = "an array that a loop handed on as it was may have another name: write to a copy of it, x.copy()"
_INEXACT = "a whole number passes 2**53"


def is_numbers(item: Any) -> bool:
    if isinstance(item, str | bytes | type(None)) or callable(item):
        return False
    try:
        numbers, _ = flatten(item)
    except TypeError:
        return False
    return all(isinstance(number, Traced | float | int) or hasattr(number, "_apply_primitive")
               or (is_array(number) and (number.dtype.kind not in "iu" or number.dtype == int))  # others wrap early
               for number in numbers)


def unknown(nest: Any) -> Any:
    """The same nest with nan for its numbers."""
    _, structure = flatten(nest)
    return structure.build(
        [math.nan if shape is None else sys.modules["numpy"].full(shape, math.nan) for shape in structure.shapes]
    )


def require_exact(item: Any, before: type = float) -> None:
    """A bound of the program: what is, or was, a whole number or several stay within what a float can count."""
    if int not in (before, sort_of(item)):
        return
    item = shown(item)
    size = absolute(item) if not is_array(item) else abs(item).max() if item.size else 0
    if isinstance(size, Traced):
        bound(size >= float(MOST_COUNTED), Guard(False, InexactError, _INEXACT))
    elif size >= MOST_COUNTED:
        raise Unsuited(_INEXACT)


def handed_on(items: Any) -> dict[int, Any]:
    """The places of the arrays that a trip did not make, each with the array from around it that it is, or None."""
    owners = {place: root_of(item) for place, item in enumerate(flatten(items)[0]) if is_array(item)}
    times = Counter(map(id, owners.values()))
    found = {}
    for place, owner in owners.items():
        node = owner._own if is_recorded(owner) else None
        around = node is not None and node.trace is not current().trace
        if node is None or around or node._primitive is None or times[id(owner)] > 1:
            found[place] = owner if around else None
    return found


def known_by_two_names(items: Any, handed: dict[int, Any], first: Any) -> None:
    """From now on, writing to an array that was handed on or to what it may be is an error; `first` are the states."""
    arrays, before = flatten(items)[0], flatten(first)[0]
    for place, owner in handed.items():
        owner = owner or root_of(before[place])
        owner = owner if is_recorded(owner) else _AsItIs(owner)
        arrays[place]._fixed, arrays[place]._taken = _OF_TWO_NAMES, (owner, owner.node)


class _AsItIs:
    """An array of NumPy's own that is its node as long as nobody writes to it."""

    def __init__(self, array: Any) -> None:
        self._array, self._bytes = array, array.tobytes()

    @property
    def node(self) -> Any:
        return self if self._array.tobytes() == self._bytes else None
