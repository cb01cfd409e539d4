"""Nests of numbers: floats, Values and arrays in lists, tuples and dicts, taken apart into one flat list and put back.

A transform works on a flat list of numbers; a person passes whatever is natural. A nest is made of blocks: a block is a
number by itself, or an array of any shape.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.engine.recording import current
from autograd.errors import ShapeError
from autograd.pickles import reduced
from autograd.primitives.row import is_array, typed

Shape = tuple[int, ...] | None  # of an array; None for a number by itself


@dataclass(frozen=True)
class Structure:
    """What a nest looks like without its numbers."""

    spec: Any  # "block", or (type, keys or None, specs of the children, keys as the dict had them)
    shapes: tuple[Shape, ...]  # of the blocks, in order
    whole: bool = field(default=False, compare=False)  # whether an array is one number of the list, as in a recording

    @property
    def sizes(self) -> list[int]:
        """How many of the list's numbers each block is."""
        return [1 if shape is None or self.whole else math.prod(shape) for shape in self.shapes]

    def build(self, blocks: Sequence[Any]) -> Any:
        """The nest with these blocks."""
        return _build(self.spec, iter(blocks))

    def unflatten(self, numbers: Sequence[Any]) -> Any:
        """The nest with these numbers; an array of floats where all of its numbers are."""
        blocks, start = [], 0
        for shape, size in zip(self.shapes, self.sizes):
            apart = shape is not None and not self.whole
            blocks.append(array(numbers[start : start + size], shape or ()) if apart else numbers[start])
            start += size
        return self.build(blocks)

    def map(self, function: Callable[[Any], Any], numbers: Sequence[Any]) -> Any:
        """`unflatten`, with the function applied to each number."""
        return self.unflatten([function(number) for number in numbers])

    def __str__(self) -> str:
        return str(self.build(["number" if shape is None else f"array{shape}" for shape in self.shapes]))


def flatten(nest: Any) -> tuple[list[Any], Structure]:
    """The numbers of a nest in order, and its structure; all but lists, tuples, dicts and arrays count as numbers.

    While a function is being recorded an array is one number of the list, for it is one value of the program.
    """
    numbers: list[Any] = []
    shapes: list[Shape] = []
    whole = current().trace is not None
    spec = _take_apart(nest, numbers, shapes, whole)
    return numbers, Structure(spec, tuple(shapes), whole)


def take_apart(nest: Any) -> tuple[list[Any], Any]:
    """The blocks of a nest, numbers and whole arrays, and its spec, which can be hashed.

    Dicts that were filled in another order have another spec, for a function may go through one.
    """
    blocks: list[Any] = []
    return blocks, _blocks(nest, blocks)


def _blocks(nest: Any, blocks: list[Any]) -> Any:
    if type(nest) is float:
        blocks.append(nest)
        return "block"
    if nest is None:
        return "none"
    if isinstance(nest, dict):
        keys = _sorted(nest)
        return dict, keys, tuple([_blocks(nest[key], blocks) for key in keys]), tuple(nest)
    if isinstance(nest, list | tuple):
        return type(nest), None, tuple([_blocks(child, blocks) for child in nest]), _NOT_SHOWN
    if is_array(nest):
        blocks.append(nest if nest.ndim else nest.item())
    else:
        blocks.append(nest)
    return "block"


def _take_apart(nest: Any, numbers: list[Any], shapes: list[Shape], whole: bool) -> Any:
    """The nest's spec; its numbers and the shapes of its blocks are appended to the lists."""
    if isinstance(nest, dict):
        keys = _sorted(nest)
        return dict, keys, tuple(_take_apart(nest[key], numbers, shapes, whole) for key in keys), _Shown(nest)
    if isinstance(nest, list | tuple):
        return type(nest), None, tuple(_take_apart(child, numbers, shapes, whole) for child in nest), _Shown()
    if is_array(nest) and nest.ndim:
        shapes.append(nest.shape)
        numbers.extend([nest] if whole else nest.ravel().tolist())
    else:
        shapes.append(None)
        numbers.append(nest.item() if is_array(nest) else nest)
    return "block"


def in_order(spec: Any) -> Any:
    """The spec that `take_apart` gives, from one of 0.1.0, which told no orders of dicts apart."""
    if isinstance(spec, str):
        return spec
    kind, keys, children, shown = spec
    return kind, keys, tuple(map(in_order, children)), shown if keys is None else tuple(shown)


class _Shown(tuple[Any, ...]):
    """A dict's keys in the order in which it was filled, which makes no difference between two structures."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shown)

    def __hash__(self) -> int:
        return 0  # equal to all of its kind

    def __reduce__(self) -> Any:
        return reduced("keys", tuple(self))


_NOT_SHOWN = _Shown()


def _sorted(nest: dict[Any, Any]) -> tuple[Any, ...]:
    """The keys in order, so that two dicts filled in another order have one structure."""
    try:
        return tuple(sorted(nest))
    except TypeError:  # keys of several types
        return tuple(nest)


def build(spec: Any, blocks: Sequence[Any]) -> Any:
    """The nest of this spec with these blocks."""
    return _build(spec, iter(blocks))


def _build(spec: Any, blocks: Any) -> Any:
    if spec == "block":
        return next(blocks)
    if spec == "none":
        return None
    kind, keys, children, shown = spec
    items = [_build(child, blocks) for child in children]
    if keys is not None:
        by_key = dict(zip(keys, items))
        return {key: by_key[key] for key in shown}
    return kind(*items) if hasattr(kind, "_fields") else kind(items)  # a named tuple takes its fields one by one


def array(numbers: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """A NumPy array of these numbers: of floats where all are, else one whose functions are ours: see `typed`."""
    numpy = sys.modules["numpy"]  # there is an array only where NumPy was imported
    result = numpy.empty(len(numbers), dtype=object)
    result[:] = numbers
    return typed(result.reshape(shape))


def with_our_arrays(nest: Any) -> Any:
    """The nest as a transform hands it to a function: a plain array of objects as one whose functions are ours."""
    blocks, spec = take_apart(nest)
    objects = [is_array(block) and block.dtype == object for block in blocks]
    if not any(objects):
        return nest
    return build(spec, [typed(block) if ours else block for block, ours in zip(blocks, objects)])


def own_arrays(nest: Any) -> Any:
    """The nest with copies of its arrays, which a function may write to."""
    blocks, spec = take_apart(nest)
    arrays = [is_array(block) and block.ndim > 0 for block in blocks]
    if not any(arrays):
        return nest
    return build(spec, [block.copy() if copied else block for block, copied in zip(blocks, arrays)])


def require_same(expected: Structure, given: Structure, what: str) -> None:
    """Raise `ShapeError` where two structures differ."""
    if expected != given:
        raise ShapeError(f"{what} must have the structure {expected}, not {given}")
