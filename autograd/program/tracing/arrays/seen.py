"""The array of a recording that a function sees: of which node it is a part, and what NumPy's own code sees of it."""

from __future__ import annotations

import math
import sys
from typing import Any
from weakref import WeakValueDictionary

from autograd.arrays import array as value_arrays
from autograd.engine.recording import current
from autograd.errors import TraceError
from autograd.primitives.row import is_array
from autograd.program.graph import View, row_major
from autograd.program.tracing.arrays import whole
from autograd.program.tracing.traced import Traced


class Elementless(TraceError):
    """NumPy's own code met an array of a recording, of which it can see no element."""


class Nothing:
    """What stands where the elements of a large array would: each use of it is an error."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise Elementless(
            "NumPy's own code cannot see the elements of an array of a function that is being compiled: for "
            "numpy.array([x, y]), numpy.c_[x, y] and numpy.mean([x, y]) take numpy.stack([x, y], axis), for X.dot(x) "
            "X @ x, for numpy.asarray(x) and numpy.ascontiguousarray(x) numpy.asanyarray(x) or x.copy()"
        )

    def _itself(self, _: Any) -> Any:  # an error in a product of its own breaks NumPy's X.dot(x): the result refuses
        return self

    __add__ = __radd__ = __mul__ = __rmul__ = _itself
    __sub__ = __rsub__ = __truediv__ = __rtruediv__ = __pow__ = __rpow__ = _refuse
    __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __neg__ = __abs__ = __pos__ = __bool__ = _refuse
    __float__ = __int__ = __index__ = __len__ = __iter__ = __call__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __hash__ = object.__hash__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._refuse()

    def __repr__(self) -> str:
        return "nothing"


class OneElement(Traced):
    """An element of a small array, for NumPy's code that goes through them: a step only where it is used.

    It is of the numbers that the array had when it was made; and knows not the array, of which it is a part.
    """

    __slots__ = ("_moment", "_place", "_found")
    _moment: tuple[Any, tuple[Any, ...], int]  # the node and the steps to the array in it, and how long that is
    _place: int
    _found: Any  # its node, once it was used

    @property
    def itself(self) -> Any:
        if self._found is None:
            node, steps, size = self._moment
            self._found = whole.element(whole.reshaped(_seen(node, steps), (size,)), (self._place,))
        return self._found


def _of_the_node(name: str) -> property:
    return property(lambda self: getattr(self.itself, name))


for _name in (
    "trace", "kind", "sort", "truth", "operands", "item", "_primitive", "_recording", "_first", "_second", "_more",
    "name",
):  # fmt: skip
    setattr(OneElement, _name, _of_the_node(_name))


class ArrayOfNode:
    """What an array of a recording has that no other has: it is one by its node, or as a part of another array."""

    shape: tuple[int, ...]
    _traced = False
    _own: Any = None  # the node, of an array that is no part of another
    _trace: Any = None  # the recording of that
    _root: Any = None  # the array of which it is a part, perhaps of a part of that
    _steps: tuple[Any, ...] = ()  # from that: shapes, with a View, a Selection, or None for all in another shape
    _strides: tuple[int, ...] = ()  # as NumPy's would be, in elements
    _fixed = ""  # why it cannot be written to
    _taken: Any = None  # the array that it was taken from, perhaps as a part, and its node then
    _ordered = True  # whether its numbers stand as its strides say, and in row-major order where they are its own
    _flat = False  # whether it is what NumPy calls x.flat
    _objects: Any = None  # what NumPy's own code sees of a small one
    _small: Any = None  # the small parts of an array, and itself

    @property
    def node(self) -> Any:
        """All of it, as one node."""
        if self._taken is not None and self._taken[0].node is not self._taken[1]:
            raise TraceError(
                "an array was written to after another was taken from it, which is perhaps a part of it: take a copy "
                "before, x.copy(), or take it again"
            )
        node = self._own if self._root is None else self._root._own
        return whole.reshaped(_seen(node, self._steps), self.shape)  # which somebody may have set

    def assign(self, node: Any) -> None:
        """Let the array be another: of a part of an array, the part of that."""
        if self._fixed:
            raise ValueError(self._fixed)
        root = self if self._root is None else self._root
        if root._trace is not current().trace:
            raise TraceError(
                "an array from outside was written to in the body of a loop, a branch or a batch, recorded once: "
                "make it one of the body's arguments and results, or copy it there, x.copy()"
            )
        root._own = _replaced(root._own, self._steps, node)
        parts = [*root._small.values()]
        if sum(part.size for part in parts) <= _RENEWED:
            for part in parts:
                part.show_elements()
        else:
            for part in parts:
                part.show(Nothing())
            root._small.clear()

    def part(self, view: View, with_axes: bool = False) -> Any:
        """A part of the array, through which it can be written to; a number by itself, unless an array is asked for."""
        if not view.shape and not with_axes:
            return whole.element(self.node, view.starts)
        own = self._strides if len(self._strides) == len(self.shape) else row_major(self.shape)
        strides = tuple([step * own[axis] if axis >= 0 else 0 for axis, step in zip(view.axes, view.steps)])
        return made(view.shape, strides, base=self, part=view)

    def show_elements(self) -> None:
        """Let NumPy's own code see the numbers of now: what it has copied are those of before."""
        size = self._objects.size
        moment = self._own if self._root is None else self._root._own, self._steps, size
        self.show([_element(moment, place) for place in range(size)])

    def show(self, items: Any) -> None:
        self._objects.flags.writeable = True
        self._objects.flat[:] = items
        self._objects.flags.writeable = False  # by NumPy's own code, which tells nobody of it


def _seen(node: Any, steps: tuple[Any, ...]) -> Any:
    """What is seen of a node by these steps."""
    for shape, part in steps:
        node = whole.reshaped(node, shape)
        if part is not None:
            node = whole.view(node, part) if isinstance(part, View) else part.read(node)
    return node


def _replaced(node: Any, steps: tuple[Any, ...], item: Any) -> Any:
    """The node with an item in the place of what is seen of it."""
    if not steps:
        return item
    (shape, part), *rest = steps
    node = whole.reshaped(node, shape)
    if rest:
        item = _replaced(_seen(node, steps[:1]), tuple(rest), item)
    if part is None:
        return item
    item = whole.reshaped(item, part.shape)
    return whole.placed(node, part, item) if isinstance(part, View) else part.written(node, item)


def is_recorded(item: Any) -> bool:
    """Whether something is an array of a recording."""
    return getattr(item, "_traced", False) is True


def root_of(array: Any) -> Any:
    """The array of which this one is a part."""
    return array if not is_recorded(array) or array._root is None else array._root


def stands_in_rows(item: Any) -> bool:
    """Whether the numbers of an array, or of all of some, stand in row-major order; and nobody asks for another."""
    if isinstance(item, list | tuple):
        return all(map(stands_in_rows, item))
    if not is_array(item) or item.ndim < 2:
        return not (isinstance(item, str) and item == "F")
    if is_recorded(item):
        strides = [stride for stride, length in zip(item._strides, item.shape) if length > 1]
        return item._ordered and strides == sorted(map(abs, strides), reverse=True)
    return bool(item.flags.c_contiguous)


def made(
    shape: tuple[int, ...], strides: tuple[int, ...], own: Any = None, base: Any = None, part: Any = None,
    fixed: str = "",
) -> Any:  # fmt: skip
    """An array as a function sees it."""
    numpy = sys.modules["numpy"]
    small = math.prod(shape) <= _ELEMENTS
    if not small and not _nothing:
        _nothing.append(numpy.empty((), dtype=object))
        _nothing[0][()] = Nothing()
    objects = _laid_out(shape, strides) if small else numpy.broadcast_to(_nothing[0], shape)
    # A view of a view, for of plain arrays NumPy's own views would know the first alone, and let ours go.
    kind, view = value_arrays.array_type(), numpy.ndarray.view
    result = view(view(objects, kind), kind)
    result._traced, result._own, result._strides, result._fixed = True, own, strides, fixed
    if base is None:
        result._trace, result._small = current().trace, WeakValueDictionary()
    else:
        result._root, result._steps = base if base._root is None else base._root, (*base._steps, (base.shape, part))
        result._fixed, result._taken, result._ordered = fixed or base._fixed, base._taken, base._ordered
    if small:
        result._objects = objects
        numpy.ndarray.setflags(result, write=False)
        result.show_elements()
        (result if base is None else result._root)._small[id(result)] = result
    return result


def _laid_out(shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """Room for objects, where NumPy's own code finds rows, columns and gaps that it would find in numbers."""
    numpy = sys.modules["numpy"]
    if strides == row_major(shape):
        return numpy.empty(shape, dtype=object)
    order = sorted(range(len(shape)), key=lambda axis: (shape[axis] > 1, -abs(strides[axis])))
    lengths = [shape[axis] for axis in order]
    expected = row_major(tuple(lengths))
    gap = int(any(shape[axis] > 1 and strides[axis] != step for axis, step in zip(order, expected)))
    objects = numpy.empty((*lengths[:-1], lengths[-1] + gap), dtype=object)[..., : lengths[-1]]
    return objects.transpose(numpy.argsort(order))


_nothing: list[Any] = []
_ELEMENTS = 256  # of an array, which NumPy's own code can see
_RENEWED = 4096  # elements of parts of an array, when it is written to


def _element(moment: Any, place: int) -> OneElement:
    element: OneElement = object.__new__(OneElement)
    element._moment, element._place, element._found = moment, place, None
    return element
