"""What a key in square brackets means on an array of a recording: a part of it, or elements at computed places."""

from __future__ import annotations

import math
import operator
import sys
from typing import Any

from autograd.engine.recording import current
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.primitives import table
from autograd.primitives.row import is_array
from autograd.program.graph import View
from autograd.program.tracing.arrays import whole
from autograd.program.tracing.arrays.nodes import node_of
from autograd.program.tracing.arrays.places import checked, gathered, scattered
from autograd.program.tracing.sorts import sort_of
from autograd.program.tracing.traced import Traced, broadcast_shape


class Selection:
    """Elements at computed places, or those where a mask of the array's own shape holds."""

    def __init__(self, part: View | None, indices: list[Any], shape: tuple[int, ...], mask: Any = None) -> None:
        self.part = part  # what is selected from, where it is not all of the array
        self.indices, self.shape, self.mask = indices, shape, mask
        self._last: Any = (None, None)  # the array that was read from last, in which recording, and what that gave

    def read(self, array: Any) -> Any:
        trace = current().trace
        if self._last[0] is not array or self._last[1] is not trace:
            self._last = array, trace, self._read(array)
        return self._last[2]

    def _read(self, array: Any) -> Any:
        if self.part is not None:
            array = whole.view(array, self.part)
        if 0 in self.shape:
            return whole.broadcast(sort_of(array)(0), self.shape)
        return whole.reshaped(gathered(array, self.indices), self.shape)

    def written(self, array: Any, item: Any, adds: bool = False) -> Any:
        if self.mask is not None:
            if math.prod(whole.shape_of(item)) != 1:
                raise TraceError(
                    "x[mask] = y takes one number in a function that is being compiled: x = where(mask, y, x)"
                )
            return table.where(self.mask, whole.reshaped(item, ()), array)
        own = array if self.part is None else whole.view(array, self.part)
        shape = broadcast_shape(*map(whole.shape_of, self.indices))
        extra = max(0, len(whole.shape_of(item)) - len(self.shape))  # axes of length 1 before those that are wanted
        if math.prod(whole.shape_of(item)[:extra]) == 1:
            item = whole.reshaped(item, whole.shape_of(item)[extra:])
        item = whole.reshaped(whole.broadcast(item, self.shape), shape)
        own = scattered(own, self.indices, item, adds)
        return own if self.part is None else whole.placed(array, self.part, own)


def selected(key: Any, shape: tuple[int, ...], writing: bool = False) -> View | Selection:
    """The part of an array of this shape that a key names.

    Raises: `IndexError` for an index that is out of bounds, and `TraceError` for a mask whose outcomes are not known.
    """
    keys = _expanded(key, shape)
    if len(keys) == 1 and _is_mask(keys[0]):
        mask = node_of(keys[0])
        if not writing:
            raise TraceError(_UNKNOWN)
        own = whole.shape_of(mask)
        return Selection(None, [], shape, whole.reshaped(mask, own + (1,) * (len(shape) - len(own))))
    advanced = any(not isinstance(item, int | slice) and item is not None for item in keys)
    starts: list[int] = []
    part: list[tuple[int, int, int]] = []  # the axes that stay, with the length and the step of each
    computed: list[tuple[int, Any]] = []  # the axis of the part, and its index
    places: list[int] = []  # among the keys
    layout: list[int | None] = []  # for each axis of the result that no computed index makes: that of the part
    axis = 0
    for place, item in enumerate(keys):
        if item is None:
            layout.append(None)
            continue
        length = shape[axis]
        if isinstance(item, slice):
            start, stop, step = item.indices(length)
            count = len(range(start, stop, step))
            starts.append(start if count else 0)
            layout.append(len(part))
            part.append((axis, count, step))
        elif isinstance(item, int):
            starts.append(_inside(item, axis, length))
            places += [place] if advanced else []
        else:
            computed.append((len(part), _checked(item, axis, length)))
            places.append(place)
            starts.append(0)
            part.append((axis, length, 1))
        axis += 1
    if not computed:
        return _view([(-1, 1, 0) if a is None else part[a] for a in layout], starts)
    view = _view(part, starts)
    together = broadcast_shape(*(whole.shape_of(index) for _, index in computed))
    apart = bool(places) and places[-1] - places[0] >= len(places)
    before = 0 if apart else sum(keys[i] is None or isinstance(keys[i], slice) for i in range(places[0]))
    kept = [a for a in layout if a is not None]
    ahead = sum(a is not None for a in layout[:before])
    sizes = [view.shape[a] for a in kept]
    full = (*sizes[:ahead], *together, *sizes[ahead:])
    indices: list[Any] = [None] * len(part)
    for a, index in computed:
        own = whole.shape_of(index)
        if own:
            index = whole.reshaped(whole.broadcast(index, together), together + (1,) * (len(sizes) - ahead))
            index = whole.broadcast(index, full)
        indices[a] = index
    for i, a in enumerate(kept):
        indices[a] = whole.positions(full, i if i < ahead else i + len(together))
    result = [1 if a is None else view.shape[a] for a in layout]
    result[before:before] = together
    return Selection(None if view.shows_all(shape) else view, indices, tuple(result))


def _view(axes: list[tuple[int, int, int]], starts: list[int]) -> View:
    """The view whose axes have this axis, length and step each."""
    own, lengths, steps = (tuple([axis[i] for axis in axes]) for i in range(3))
    return View(lengths, own, steps, tuple(starts))


def _expanded(key: Any, shape: tuple[int, ...]) -> list[Any]:
    """One entry for each axis, and a None for each new one: ints, slices, nodes and arrays of whole numbers."""
    keys: list[Any] = []
    for item in key if isinstance(key, tuple) else (key,):
        if isinstance(item, list):
            item = sys.modules["numpy"].array(item, dtype=None if item else int)
        known = is_array(item) and item.dtype.kind in "biu"
        if known and item.dtype == bool and item.ndim:
            axis = sum(other is not None for other in keys)
            if any(other is Ellipsis for other in keys):
                axis = len(shape) - item.ndim
            if item.shape != shape[axis : axis + item.ndim]:
                raise IndexError(f"a mask of shape {item.shape} does not fit an array of shape {shape}")
            keys += sys.modules["numpy"].nonzero(item)
        elif known and not item.ndim and item.dtype != bool:
            keys.append(int(item))
        elif isinstance(item, Value | slice) or item is None or item is Ellipsis or is_array(item):
            if _is_mask(item) and (isinstance(key, tuple) or not is_array(item)):
                raise TraceError(_UNKNOWN)
            keys.append(item)
        elif isinstance(item, bool) or not hasattr(type(item), "__index__"):
            raise IndexError(f"an array is indexed by whole numbers, slices, None, ... and arrays, not {item!r:.60}")
        else:
            keys.append(operator.index(item))
    if len(keys) == 1 and _is_mask(keys[0]):
        return keys
    taken, dimensions = sum(item is not None and item is not Ellipsis for item in keys), len(shape)
    if taken > dimensions:
        raise IndexError(f"too many indices for an array: it has {dimensions} axes, and {taken} were indexed")
    if sum(item is Ellipsis for item in keys) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    at = next((i for i, item in enumerate(keys) if item is Ellipsis), len(keys))
    keys[at : at + 1] = [slice(None)] * (dimensions - taken)
    return keys


_UNKNOWN = (
    "how many elements a mask chooses is not known while a function is being compiled: "
    "numpy.where(mask, x, 0.0) has the shape of x"
)


def _is_mask(item: Any) -> bool:
    """Whether it is a truth, or are truths, whose outcome is not known."""
    return (isinstance(item, Value) or (is_array(item) and item.dtype == object)) and sort_of(item) is bool


def _inside(index: int, axis: int, length: int) -> int:
    if not -length <= index < length:
        raise IndexError(f"index {index} is out of bounds for axis {axis} with length {length}")
    return index % length


def _checked(item: Any, axis: int, length: int) -> Any:
    """A computed index as a node, counted from the first element."""
    if is_array(item) and item.dtype.kind in "iu":
        wrong = item[(item < -length) | (item >= length)]
        if wrong.size:
            _inside(int(wrong.flat[0]), axis, length)
        return whole.constant((item % max(length, 1)).astype(float), item.shape)
    if is_array(item) and item.dtype == float:
        raise IndexError("an array is indexed by whole numbers, and these are floats: x[i.astype(int)]")
    if is_array(item) and not hasattr(item, "node"):
        node = whole.pack(item.ravel().tolist(), item.shape)
    else:
        node = getattr(item, "node", item)
    if isinstance(node, Value) and not isinstance(node, Traced):
        node = node * 1.0
    return checked(node, axis, length)
