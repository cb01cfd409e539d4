"""`Value`: one number, what it was computed from, and the derivative of an output with respect to it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from autograd.arrays import recording
from autograd.arrays.array import apply_function, apply_ufunc, contents, view_of
from autograd.engine.node import Node, make_node, two
from autograd.engine.recording import current
from autograd.engine.sweep import differentiable_reverse_sweep, reverse_sweep, topological_order
from autograd.engine.watching import Hook, add_hook, watch_for
from autograd.errors import ShapeError, TraceError
from autograd.primitives import table
from autograd.primitives.row import Primitive, is_array, real


def other_operand(operand: Any) -> Any:
    """A real number as a float; NotImplemented for any other type, which may know what to do, as an array does.

    Raises: `TypeError` for a subclass of NumPy's array, which would do something else.
    """
    shape = getattr(operand, "shape", None)
    if shape is not None:
        is_array(operand)
        if shape:
            return NotImplemented
    try:
        return real(operand)
    except TypeError:
        if isinstance(operand, str | bytes | list | tuple):
            raise  # Python would go on to repeat the sequence, and complain of something else
        return NotImplemented


def _unary(primitive: Primitive) -> Callable[[Value], Value]:
    """The method of Value that applies a primitive of one argument."""
    evaluate = primitive.evaluate

    def method(self: Value) -> Value:
        x = self._number
        return make_node(Value, primitive, self, None, evaluate(x), x, None)

    method.__doc__ = primitive.summary
    return method


def _binary(primitive: Primitive) -> tuple[Callable[[Value, Any], Value], Callable[[Value, Any], Value]]:
    """The operator of a primitive of two arguments, and the same with its operands the other way round."""
    evaluate = primitive.evaluate

    def forward(self: Value, other: Any) -> Value:
        x = self._number
        if isinstance(other, Value):
            y = other._number
            return make_node(Value, primitive, self, other, evaluate(x, y), x, y)
        if type(other) is not float:
            other = other_operand(other)
            if other is NotImplemented:
                return cast(Value, NotImplemented)
        return make_node(Value, primitive, self, None, evaluate(x, other), x, other)

    def reflected(self: Value, other: Any) -> Value:
        other = other_operand(other)
        if other is NotImplemented:
            return cast(Value, NotImplemented)
        y = self._number
        return make_node(Value, primitive, None, self, evaluate(other, y), other, y)

    forward.__doc__ = reflected.__doc__ = primitive.summary
    return forward, reflected


def _comparison(compare: Callable[[float, float], bool]) -> Callable[[Value, Any], bool]:
    """The comparison operator that compares data."""

    def method(self: Value, other: Any) -> bool:
        trace = current().trace
        if trace is not None:  # the outcome may be another one when the compiled function is called
            return compare(trace.lift(self), other)
        if isinstance(other, Value):
            return compare(self._number, other._number)
        try:
            return compare(self._number, real(other))
        except TypeError:
            is_array(other)
            return cast(bool, NotImplemented)

    return method


class Value(Node):
    """A number that remembers how it was computed.

    Parameters: `data`, a real number, kept as a float; `name`, what formulas and pictures call it.

    Attributes
    - `data`: the number;
    - `grad`: the derivative of the last differentiated output with respect to this Value; 0.0 until a backward pass;
    - `name`: any string; need not be unique;
    - `op`: the symbol of the operation that made it, empty for a Value made by hand (a leaf);
    - `parents`: the Values it was computed from, in the operation's order;
    - `scope`: the names of the scopes in which it was made, outermost first.

    Arithmetic never raises: 1/0 is inf and log(-1) is nan, as in IEEE-754. A Value keeps the floats it was computed
    from, so that a later change of an operand's `data` does not change its derivative.

    Raises: `TypeError` for anything that is not a real number; `OverflowError` beyond the largest float.

    >>> x = Value(3.0, name="x")
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> y.data, x.grad
    (15.0, 8.0)
    """

    __slots__ = ()

    def __init__(self, data: Any, name: str = "") -> None:
        self._number = self._out = data if type(data) is float else real(data)
        self._grad = None
        self._primitive = self._first = self._second = self._x = self._y = None
        self._more = self._rest = ()
        self._recording = current()
        self.named(name)

    def named(self, name: str) -> Value:
        """Name this Value and return it, so that a name can be given in the middle of an expression."""
        if not isinstance(name, str):
            raise TypeError(f"a name is a str, not {type(name).__name__}: {name!r:.60}")
        self.name = name
        return self

    @property
    def data(self) -> float:
        if current().trace is not None:
            raise TraceError(
                "`.data` was read while a function was being recorded for compilation, where it would be a constant: "
                "compute with the Value itself"
            )
        return self._number

    @data.setter
    def data(self, number: Any) -> None:
        self._number = number if type(number) is float else real(number)
        if self._primitive is None:
            self._out = self._number

    @property
    def grad(self) -> Any:
        return 0.0 if self._grad is None else self._grad

    @grad.setter
    def grad(self, number: Any) -> None:
        self._grad = number if type(number) is float or number is None or isinstance(number, Value) else real(number)

    @property
    def has_grad(self) -> bool:
        """Whether a backward pass has set `grad`, which reads 0.0 before."""
        return self._grad is not None

    @property
    def op(self) -> str:
        return "" if self._primitive is None else self._primitive.symbol

    @property
    def parents(self) -> tuple[Value, ...]:
        return tuple(operand for operand in self._inputs if operand is not None)

    @property
    def scope(self) -> tuple[str, ...]:
        return self._recording.scope

    def backward(self, seed: float = 1.0, create_graph: bool = False) -> None:
        """Set `grad` on every Value that this one was computed from: its derivative, times `seed`.

        A leaf adds to the gradient it has; every other Value starts afresh. With `create_graph` the gradients are
        Values that can be differentiated in turn; a leaf then refers to a graph that refers to the leaf, so clear it
        with `zero_grad()` when done.

        >>> x = Value(3.0)
        >>> (x * x * x).backward(create_graph=True)
        >>> slope, x.grad = x.grad, None
        >>> slope.backward()
        >>> slope.data, x.grad
        (27.0, 18.0)
        """
        _backpropagate([self], [real(seed)], create_graph)

    def register_hook(self, hook: Hook) -> Callable[[], None]:
        """Call `hook(gradient)` at each backward pass, once this Value's gradient for the pass is complete.

        What the hook returns, if not None, takes the gradient's place and is what is passed on. Returns a function that
        removes the hook.

        >>> x = Value(3.0)
        >>> remove = x.register_hook(lambda gradient: min(gradient, 1.0))
        >>> (x * x).backward()
        >>> x.grad
        1.0
        """
        return add_hook(self, hook)

    def zero_grad(self) -> None:
        """Forget the gradient of this Value and of all that it was computed from."""
        for node in topological_order([self]):
            node._grad = None

    def detach(self) -> Value:
        """A leaf with the same data and name, through which no derivative passes."""
        trace = current().trace
        if trace is not None:  # the data may be others when the compiled function is called
            return cast(Value, trace.lift(self).detach())
        return Value(self._number, self.name)

    def __copy__(self) -> Any:
        return super().__copy__() if current().trace is None else self.detach()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return super().__deepcopy__(memo) if current().trace is None else self.detach()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return apply_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return apply_function(function, types, args, kwargs)

    _view_of_array = staticmethod(view_of)  # the class of an array of Values
    _data = contents

    @staticmethod
    def _apply_primitive(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        """Apply a row of the table to Values and constants; `Primitive` calls this."""
        if len(operands) == 1 and not primitive.predicate:
            x = operands[0]._number
            return make_node(Value, primitive, operands[0], None, primitive.evaluate(x), x, None)
        trace = current().trace
        if trace is not None:
            return trace._apply_primitive(primitive, operands)
        if len(operands) == 2 and not primitive.predicate:  # most rows; the rest does the same for any number
            x, y = operands
            first, second = x if isinstance(x, Value) else None, y if isinstance(y, Value) else None
            x = real(x) if first is None else first._number
            y = real(y) if second is None else second._number
            return make_node(Value, primitive, first, second, primitive.evaluate(x, y), x, y)
        inputs = tuple(operand if isinstance(operand, Value) else None for operand in operands)
        floats = [op._number if isinstance(op, Value) else primitive.constant(op) for op in operands]
        data = primitive.evaluate(*floats)
        if data is None or type(data) is bool:  # a branch that is not taken; a comparison
            return data
        return make_node(Value, primitive, *two(inputs), data, *two(floats), inputs[2:], tuple(floats[2:]))

    __add__, __radd__ = _binary(table.add)
    __sub__, __rsub__ = _binary(table.subtract)
    __mul__, __rmul__ = _binary(table.multiply)
    __truediv__, __rtruediv__ = _binary(table.divide)
    __mod__, __rmod__ = _binary(table.remainder)
    __floordiv__, __rfloordiv__ = _binary(table.floor_divide)
    __pow__, __rpow__ = _binary(table.power)
    __neg__ = _unary(table.negative)
    __abs__ = _unary(table.absolute)

    exp = _unary(table.exp)
    exp2 = _unary(table.exp2)
    expm1 = _unary(table.expm1)
    log = _unary(table.log)
    log2 = _unary(table.log2)
    log10 = _unary(table.log10)
    log1p = _unary(table.log1p)
    sqrt = _unary(table.sqrt)
    cbrt = _unary(table.cbrt)
    sin = _unary(table.sin)
    cos = _unary(table.cos)
    tan = _unary(table.tan)
    asin = _unary(table.asin)
    acos = _unary(table.acos)
    atan = _unary(table.atan)
    sinh = _unary(table.sinh)
    cosh = _unary(table.cosh)
    tanh = _unary(table.tanh)
    asinh = _unary(table.asinh)
    acosh = _unary(table.acosh)
    atanh = _unary(table.atanh)
    sigmoid = _unary(table.sigmoid)
    logistic_density = _unary(table.logistic_density)
    softplus = _unary(table.softplus)
    relu = _unary(table.relu)
    sign = _unary(table.sign)
    floor = _unary(table.floor)
    ceil = _unary(table.ceil)
    erf = _unary(table.erf)
    erfc = _unary(table.erfc)
    lgamma = _unary(table.lgamma)
    digamma = _unary(table.digamma)
    stop_gradient = _unary(table.stop_gradient)
    atan2 = _binary(table.atan2)[0]
    hypot = _binary(table.hypot)[0]

    # NumPy calls these by its own names, on a plain array of Values: np.arctan(array), np.floor(array), np.std(array).
    arcsin, arccos, arctan, arcsinh, arccosh, arctanh, arctan2 = asin, acos, atan, asinh, acosh, atanh, atan2
    fabs, __floor__, __ceil__ = __abs__, floor, ceil

    __eq__ = _comparison(operator.eq)
    __ne__ = _comparison(operator.ne)
    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)
    __hash__ = object.__hash__  # identity: two Values with equal data are still two nodes

    def __divmod__(self, other: Any) -> tuple[Value, Value]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Value, Value]:
        return other // self, other % self

    def __pos__(self) -> Value:
        return self

    conjugate = __pos__

    def __bool__(self) -> bool:
        return bool(self != 0.0)

    def __float__(self) -> float:
        raise TypeError(
            "a Value is not turned into a float, which would lose its derivative without a word: "
            "use v.data for the number, or autograd's functions (autograd.exp(v)) to compute with it, and to write it "
            "into an array one of Values, as numpy.zeros_like(x) of one"
        )

    __int__ = __complex__ = __float__  # all three refuse

    def __index__(self) -> int:
        """For `range`, slices and lists: a whole number through which no derivative passes.

        >>> list(range(Value(2.5).ceil()))
        [0, 1, 2]
        """
        trace = current().trace
        if trace is not None:  # it may be another number when the compiled function is called
            return operator.index(trace.lift(self))
        waiting, seen = [self], {self}
        while waiting:
            node = waiting.pop()
            if node._primitive in _FLAT:
                continue
            if node._primitive is None or not self._number.is_integer():
                raise TypeError(
                    f"a Value counts or indexes where it is a whole number through which no derivative passes, and "
                    f"{self._number!r} is not: floor(v) and ceil(v) are, int(v.data) is a number of Python's"
                )
            new = [parent for parent in node.parents if parent not in seen]
            waiting += new
            seen.update(new)
        return int(self._number)

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        grad = "unset" if self._grad is None else repr(self._grad)
        return f"Value(data={self._number!r}{name}, grad={grad})"


_FLAT = (table.floor, table.ceil, table.sign, table.floor_divide, table.stop_gradient)


def backward(
    outputs: Value | Sequence[Value], seeds: float | Iterable[float] | None = None, create_graph: bool = False
) -> None:
    """Backpropagate from several outputs at once.

    Sets `grad` on every Value from which the outputs were computed: the derivative of the sum of seed × output. A leaf
    adds to the gradient it has; every other Value starts afresh. Nothing is changed if it raises.

    Parameters: `outputs`, a Value or a sequence of them; `seeds`, one number for each, 1.0 where not given;
    `create_graph`, True for gradients that are Values.

    Raises: `TypeError` where an output is not a Value; `ShapeError` where the two numbers differ.

    >>> x = Value(3.0)
    >>> backward([x * x, 2 * x], [1.0, 10.0])
    >>> x.grad
    26.0
    """
    nodes = [outputs] if isinstance(outputs, Value) else list(outputs)
    for node in nodes:
        if not isinstance(node, Value):
            raise TypeError(f"backward starts from Values, not {type(node).__name__}: {node!r:.60}")
    if seeds is None:
        seeds = [1.0] * len(nodes)
    elif not isinstance(seeds, Iterable):
        seeds = [seeds]
    floats = [real(seed) for seed in seeds]
    if len(nodes) != len(floats):
        raise ShapeError(f"backward takes one seed for each output: {len(nodes)} outputs, {len(floats)} seeds")
    _backpropagate(nodes, floats, create_graph)


def _backpropagate(outputs: list[Value], seeds: list[float], create_graph: bool) -> None:
    order = topological_order(outputs)
    watch = watch_for(current())
    cotangents: dict[Value, Any]
    if create_graph:
        cotangents = differentiable_reverse_sweep(order, zip(outputs, seeds), watch)
        cotangents = {node: g if isinstance(g, Value) else Value(g) for node, g in cotangents.items()}
    else:
        cotangents = reverse_sweep(order, zip(outputs, seeds), watch)
    for node, cotangent in cotangents.items():
        node._grad = cotangent if node._grad is None or node._primitive is not None else node._grad + cotangent
    if len(cotangents) < len(order):  # the rest is on branches that were not taken
        for node in order:
            if node not in cotangents and (node._primitive is not None or node._grad is None):
                node._grad = Value(0.0) if create_graph else 0.0

recording.asked[:] = [lambda: current().trace]
