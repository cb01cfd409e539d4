"""Values that a compiled function closes over: operands of it where a derivative is on its way to them.

The numbers are closed forms, worked out by hand.
"""

from __future__ import annotations

import contextvars
import copy
import gc
import math
import pickle
import threading
import weakref
from collections import deque
from types import SimpleNamespace
from typing import ClassVar
from unittest.mock import Mock

import numpy as np
import pytest

import autograd
import nn
from autograd import (
    TraceError,
    Value,
    backward,
    checkpoint,
    cond,
    detect_anomaly,
    fori_loop,
    grad,
    hessian,
    jacfwd,
    jacrev,
    jit,
    jvp,
    no_grad,
    primitive,
    scan,
    sin,
    sqrt,
    value_and_grad,
    vjp,
    vmap,
    where,
    while_loop,
)
from autograd.compiler import derivatives
from autograd.compiler.calling import program_of


@pytest.fixture(params=["interpreter", "llvm"])
def compiled_by(request):
    return lambda f: jit(f, backend=request.param)


def test_every_transform_sees_what_a_compiled_function_closes_over(compiled_by):
    def f(x):
        return compiled_by(lambda y: y * x * x)(4.0)

    assert (f(5.0), type(f(5.0))) == (100.0, float)
    assert grad(f)(5.0) == 40.0
    assert value_and_grad(f)(5.0) == (100.0, 40.0)
    assert grad(grad(f))(5.0) == 8.0
    assert grad(grad(grad(f)))(5.0) == 0.0
    assert jvp(f, (5.0,), (1.0,)) == (100.0, 40.0)
    assert jvp(grad(f), (5.0,), (1.0,)) == (40.0, 8.0)
    assert vjp(f, 5.0)[1](2.0) == (80.0,)
    assert jacfwd(f)(5.0) == jacrev(f)(5.0) == 40.0
    assert hessian(lambda v: compiled_by(lambda y: y * v[0] * v[1])(4.0))([5.0, 2.0]) == [[0.0, 4.0], [4.0, 0.0]]
    assert grad(checkpoint(f))(5.0) == 40.0


def test_in_batches_loops_and_sums(compiled_by):
    def through_vmap(x):
        return autograd.sum(vmap(compiled_by(lambda y: y * x * x))([1.0, 2.0, 3.0]))

    def through_scan(x):
        step = compiled_by(lambda a, b: a * x + b)
        return scan(lambda s, y: (step(s, y), y), 1.0, [1.0, 2.0])[0]  # (x + 1)·x + 2

    def through_fori_loop(x):
        return fori_loop(0, 3, lambda i, s: compiled_by(lambda y: y * x)(s), 1.0)

    def through_python(x):
        product = compiled_by(lambda y: y * x)
        return sum(product(float(i)) for i in range(4))

    for f, slope, second in [
        (through_vmap, 60.0, 12.0), (through_scan, 11.0, 2.0), (through_fori_loop, 75.0, 30.0),
        (through_python, 6.0, 0.0),
    ]:
        assert grad(f)(5.0) == slope
        assert grad(grad(f))(5.0) == second
        assert jvp(f, (5.0,), (1.0,))[1] == slope
        assert jit(grad(f), backend="interpreter")(5.0) == slope


def test_results_of_every_kind(compiled_by):
    def f(x):
        first, (array, nest), truth, truths = compiled_by(
            lambda y: (y * x, (y * x * np.arange(3.0), {"a": x, "b": y}), y * x > 1.0, np.array([x > y, x < y]))
        )(4.0)
        assert truth is True
        assert truths.tolist() == [True, False]
        return first + array[2] * array[1] + nest["a"] * nest["b"]

    # 4x + 2·16x² + 4x
    assert grad(f)(5.0) == 4.0 + 64.0 * 5.0 + 4.0
    assert grad(grad(f))(5.0) == 64.0


def test_more_results_than_values_outside(compiled_by):
    z = np.linspace(0.0, 1.0, 300)

    def f(x):
        return autograd.sum(compiled_by(lambda a: a * x * x + sin(a * x))(z))

    assert grad(f)(0.5) == pytest.approx((z + z * np.cos(0.5 * z)).sum(), rel=1e-14)
    assert jvp(f, (0.5,), (1.0,))[1] == pytest.approx((z + z * np.cos(0.5 * z)).sum(), rel=1e-14)
    halves = grad(lambda a: autograd.sum(compiled_by(lambda z: where(z > 2.0, sqrt(a), z))(z)) + a)
    assert halves(0.0) == 1.0


def test_the_derivative_of_a_loop_is_compiled(compiled_by):
    calls = []

    def f(x):
        def inner(y):
            calls.append(1)
            return while_loop(lambda s: s < 100.0, lambda s: s * x, y, max_trips=9)

        return compiled_by(inner)(1.0)

    assert grad(f)(3.0) == 5 * 81.0
    assert grad(grad(f))(3.0) == 20 * 27.0
    assert len(calls) == 2  # recorded once for each call of f, and never for a derivative
    assert grad(lambda x: compiled_by(lambda y: while_loop(lambda s: s < 100.0, lambda s: s * x, y))(1.0))(3.0) == 405.0


def test_what_is_absent_stays_absent(compiled_by):
    assert grad(lambda a: compiled_by(lambda y: where(y > 0.0, y, sqrt(a)))(1.0) + a)(0.0) == 1.0

    def root_outside(a):
        root = sqrt(a)
        return compiled_by(lambda y: [where(y > 0.0, y, root), root])(1.0)[0] + a

    assert grad(root_outside)(0.0) == 1.0
    assert grad(grad(root_outside))(0.0) == 0.0


def test_a_leaf_that_no_transform_watches_is_read_at_each_call(compiled_by):
    w = Value(2.0)
    f = compiled_by(lambda y: y * w)
    assert (f(3.0), type(f(3.0))) == (6.0, float)
    w.data = 5.0
    assert f(3.0) == 15.0
    assert grad(lambda x: x * f(3.0))(2.0) == 15.0
    assert w.grad == 0.0


def test_a_computed_value_outside_carries_the_derivative_of_backward_too(compiled_by):
    w = Value(2.0)
    double = w * 2.0
    result = compiled_by(lambda y: [y * double, sin(double)])(3.0)
    backward(result)
    assert w.grad == pytest.approx(6.0 + 2.0 * math.cos(4.0), rel=1e-15)
    w.grad = None
    (product, _) = compiled_by(lambda y: [y * double * double, 1.0])(3.0)
    product.backward(create_graph=True)
    slope, w.grad = w.grad, None
    slope.backward()
    assert (slope.data, w.grad) == (48.0, 24.0)


@pytest.mark.parametrize("kind", ["attribute", "list", "dict", "variable", "slot", "array", "global"])
def test_what_a_name_is_bound_to_anew_is_found(compiled_by, kind):
    variable = Value(2.0)

    class Slotted:
        __slots__ = ("w",)

    holder = {"attribute": SimpleNamespace(), "list": [0.0], "dict": {}, "slot": Slotted(),
              "array": np.empty(1, dtype=object), "variable": None, "global": None}[kind]

    def bind(value):
        nonlocal variable
        if kind in ("attribute", "slot"):
            holder.w = value
        elif kind == "variable":
            variable = value
        elif kind == "global":
            globals()["_bound"] = value
        else:
            holder["w" if kind == "dict" else 0] = value

    def read():
        if kind == "global":
            return _bound  # noqa: F821 (the test binds it)
        return variable if kind == "variable" else holder.w if kind in ("attribute", "slot") else holder[
            "w" if kind == "dict" else 0]

    bind(Value(2.0))
    f = compiled_by(lambda y: y * read())
    assert [f(3.0), f(3.0)] == [6.0, 6.0]
    bind(Value(7.0))
    assert [f(3.0), f(3.0)] == [21.0, 21.0]

    def through(x):
        bind(x)
        return f(3.0)

    assert grad(through)(5.0) == 3.0
    assert grad(through)(6.0) == 3.0
    bind(Value(1.0))
    assert f(3.0) == 3.0


def test_a_method_of_an_object_whose_attribute_is_bound_anew(compiled_by):
    class Model:
        def __init__(self):
            self.layers = [SimpleNamespace(w=Value(2.0))]

        def __call__(self, y):
            return y * self.layers[0].w

    model = Model()
    f = compiled_by(model)
    assert f(3.0) == 6.0
    model.layers[0].w = Value(4.0)
    assert f(3.0) == 12.0
    model.layers[0] = SimpleNamespace(w=Value(5.0))
    assert f(3.0) == 15.0
    model.layers = [SimpleNamespace(w=Value(6.0))]
    assert f(3.0) == 18.0


_of_a_module = SimpleNamespace()


def test_values_of_static_arguments_are_found_anew(compiled_by):
    class Model:
        def __init__(self):
            self.w, self.layers = Value(2.0), [Value(1.0)]

        def run(self, y):
            return y * self.w * autograd.sum(self.layers)

    for change in (lambda m: setattr(m, "w", Value(5.0)), lambda m: m.layers.append(Value(1.5)),
                   lambda m: setattr(m, "layers", [Value(2.5)])):
        model = Model()
        f = jit(Model.run, static_argnums=0, backend=compiled_by(len)._options[4])
        assert [f(model, 3.0), f(model, 3.0)] == [6.0, 6.0]
        change(model)
        assert f(model, 3.0) == 15.0


def test_other_ways_to_a_value_are_gone_again_at_each_call(compiled_by):
    class Base:
        shared = Value(2.0)
        table: ClassVar = {"k": Value(2.0)}

        @property
        def through_a_property(self):
            return Base.table["k"]

    class Derived(Base):
        pass

    def with_default(y, w=Value(2.0)):  # noqa: B008 (which is bound anew below)
        return y * w

    def with_attribute(y):
        return y * with_attribute.w

    with_attribute.w = Value(2.0)
    class Callable:
        def __call__(self, y):
            return y * _of_a_module.w

    _of_a_module.w = Value(2.0)
    numbers, table, one = [Value(1.0), Value(1.0)], {"a": Value(2.0)}, Derived()

    def property_anew():
        Base.table["k"] = Value(5.0)

    def shadowed():
        one.shared = Value(5.0)

    def of_the_base():
        Base.shared = Value(5.0)

    def default_anew():
        with_default.__defaults__ = (Value(5.0),)

    def attribute_anew():
        with_attribute.w = Value(5.0)

    cases = [
        (lambda y: y * one.through_a_property, property_anew),
        (lambda y: y * one.shared, shadowed),
        (lambda y: y * Derived.shared, of_the_base),
        (with_default, default_anew),
        (with_attribute, attribute_anew),
        (Callable(), lambda: setattr(_of_a_module, "w", Value(5.0))),
        (lambda y: y * autograd.sum(numbers), lambda: numbers.append(Value(3.0))),
        (lambda y: sum(y * value for value in table.values()), lambda: table.update(b=Value(3.0))),
    ]
    for f, change in cases:
        f = compiled_by(f)
        assert [f(3.0), f(3.0)] == [6.0, 6.0]
        change()
        assert [f(3.0), f(3.0)] == [15.0, 15.0]


_number = 2.0


@pytest.mark.parametrize("before", [2.0, 2, None, True, np.array([2.0, 3.0])], ids=str)
def test_a_value_where_a_constant_was_is_found(compiled_by, before):
    """y·w, or y where w is None; a number stays the constant that it was."""

    def read(y, w):
        return y if w is None else autograd.sum(y * w)

    class Model:
        def __init__(self):
            self.w = before

        def __call__(self, y):
            return read(y, self.w)

    class OfTheClass(Model):
        w = before

        def __init__(self):
            pass

    holder, entries, table, model, one = SimpleNamespace(w=before), [before], {"w": before}, Model(), OfTheClass()
    variable = before

    def bind_variable(value):
        nonlocal variable
        variable = value

    def bind_global(value):
        global _number
        _number = value

    bind_global(before)
    cases = [
        (lambda y: read(y, holder.w), lambda value: setattr(holder, "w", value)),
        (lambda y: read(y, entries[0]), lambda value: entries.__setitem__(0, value)),
        (lambda y: read(y, table["w"]), lambda value: table.__setitem__("w", value)),
        (lambda y: read(y, variable), bind_variable),
        (lambda y: read(y, _number), bind_global),
        (model, lambda value: setattr(model, "w", value)),
        (one, lambda value: setattr(one, "w", value)),
    ]
    for function, bind in cases:
        f = compiled_by(function)
        assert f(3.0) == {float: 6.0, int: 6.0, bool: 3.0, type(None): 3.0, np.ndarray: 15.0}[type(before)]

        def through(x, f=f, bind=bind):
            bind(x)
            return f(3.0)

        assert value_and_grad(through)(5.0) == (15.0, 3.0)
        bind(Value(7.0))
        assert f(3.0) == 21.0


def test_a_mode_of_an_object_is_looked_at_at_each_call(compiled_by):
    class Model:
        training = True

        def __call__(self, y):
            return y * 2.0 if self.training else y * 20.0

    model, calls = Model(), []
    f = compiled_by(lambda y: [calls.append(1), model(y)][1])
    results = []
    for model.training in (True, False, False, True):
        results.append(f(3.0))
    assert results == [6.0, 60.0, 60.0, 6.0]
    assert len(calls) == 2  # one for each mode; what was appended to the list is no reason
    options = {"doubled": True, "factor": 2.0}
    f = compiled_by(lambda y: y * options["factor"] if options["doubled"] else y)
    assert f(3.0) == 6.0
    options["doubled"] = False
    assert f(3.0) == 3.0
    dropout = nn.Dropout(0.5).eval()
    f = compiled_by(lambda y: dropout([y])[0])
    assert f(3.0) == 3.0
    dropout.train()
    with pytest.raises(TraceError, match="mask"):
        f(3.0)


class _Checked:
    """A descriptor that can be asked of an object alone."""

    def __set_name__(self, owner, name):
        self.private = "_" + name

    def __get__(self, item, kind=None):
        return getattr(item, self.private)

    def __set__(self, item, number):
        setattr(item, self.private, number)


class _Odd:
    checked = _Checked()
    bound = 2.0

    def __init__(self):
        self.checked = 2.0
        self.__dict__["of_the_class"], self.__dict__[1] = True, 2.0

    @property
    def of_the_class(self):
        return 2.0

    @property
    def __class__(self):
        return list


class _Raising:
    def __getattribute__(self, name):
        raise RuntimeError("not here")


def test_objects_that_are_unlike_others_do_no_harm(compiled_by):
    dead = weakref.proxy(_Odd())
    deep = [2.0]
    for _ in range(1500):
        deep = [deep]
    odd, raising, mocked = _Odd(), _Raising(), Mock(list)
    options = SimpleNamespace(**{"lambda": 2.0, "not a name": 2.0})
    calls = []

    def f(y):
        calls.append((dead, deep, raising, mocked))
        return y * odd.checked * odd.of_the_class * odd.bound * getattr(options, "lambda") * factor[0]

    factor = [Value(3.0)]
    f.__dict__["not a name"] = Value(1.0)
    compiled = compiled_by(f)
    assert [compiled(1.0), compiled(2.0)] == [48.0, 96.0]
    assert len(calls) == 1
    factor[0] = Value(5.0)
    assert compiled(1.0) == 80.0
    odd.bound = Value(7.0)
    assert compiled(1.0) == 280.0


def test_all_ways_through_a_function_are_recorded_anew_where_a_value_is_bound_anew(compiled_by):
    holder = SimpleNamespace(w=Value(2.0))

    def f(y):
        for i in range(20):
            if y < i:
                return holder.w * i
        return holder.w

    compiled = compiled_by(f)
    for number in (2.0, 3.0, 2.0):
        holder.w = Value(number)
        assert [compiled(i + 0.5) for i in range(19)] == [number * (i + 1) for i in range(19)]


def test_a_function_that_finds_something_else_at_each_look_is_called_as_it_is(compiled_by):
    class Unsteady:
        @property
        def __dict__(self):
            return {"number": 2.0}

        def __getattr__(self, name):
            looks.append(name)
            return 2.0 if len(looks) % 2 else None

    looks, unsteady = [], Unsteady()
    f = compiled_by(lambda y: y * (unsteady.number or 2.0))
    with pytest.warns(RuntimeWarning, match="called as it is: .* something else whenever one looks"):
        assert f(3.0) == 6.0
    assert [f(float(y)) for y in range(20)] == [2.0 * y for y in range(20)]


def test_values_in_queues_sets_and_dicts_of_another_order_are_found_anew(compiled_by):
    queue, one, table = deque([Value(1.0), Value(2.0)], maxlen=2), {Value(2.0)}, {"a": Value(1.0), "b": Value(2.0)}

    def horner(y):
        for value in table.values():
            y = 10.0 * y + value
        return y

    last, member, digits = (compiled_by(f) for f in (lambda y: y * queue[-1], lambda y: y * next(iter(one)), horner))
    assert (last(3.0), member(3.0), digits(0.0)) == (6.0, 6.0, 12.0)
    queue.append(Value(7.0))
    one.clear()
    one.add(Value(5.0))
    table["a"] = table.pop("a")
    assert (last(3.0), member(3.0), digits(0.0)) == (21.0, 15.0, 21.0)

    def through(x):
        queue[1] = x
        return last(3.0)

    assert grad(through)(4.0) == 3.0


def test_a_leaf_beside_a_watched_value_is_an_operand_too(compiled_by):
    x, w = Value(3.0), Value(2.0)
    computed = x * 1.0
    f = compiled_by(lambda y: y * computed * computed * w)
    f(4.0).backward()
    assert (x.grad, w.grad) == (48.0, 36.0)
    result = f(4.0)
    w.data, w.grad, x.grad = 10.0, None, None
    result.backward(create_graph=True)  # at the numbers that were recorded, as of any node
    assert (x.grad, w.grad) == (48.0, 36.0)
    w, x.grad = Value(2.0), None
    result = f(4.0)
    w = Value(7.0)
    result.backward()  # with the Value of the time of the call
    assert x.grad == 48.0
    holder = SimpleNamespace(w=Value(2.0))
    result = compiled_by(lambda y: y * computed * holder.w)(4.0)
    holder.w, x.grad = Value(3.0), None
    result.backward(create_graph=True)
    assert x.grad == 8.0


def test_threads_that_differentiate_one_function_see_their_own_values(compiled_by):
    variable = contextvars.ContextVar("variable")
    f = compiled_by(lambda y: y * variable.get() * variable.get())
    found = []

    def run(number):
        for _ in range(20):
            found.append((number, grad(lambda x: (variable.set(x), f(4.0))[1])(number)))

    threads = [threading.Thread(target=run, args=(number,)) for number in (5.0, 7.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {(5.0, 40.0), (7.0, 56.0)}


def test_the_code_is_compiled_once_for_leaves_that_come_and_go():
    state = SimpleNamespace()
    f = jit(lambda y: y * state.w + sin(y * state.w), backend="llvm")

    def through(x):
        state.w = x
        return f(3.0)

    for x in (0.1, 0.2, 0.3):
        assert grad(through)(x) == pytest.approx(3.0 + 3.0 * math.cos(3.0 * x), rel=1e-14)
    assert len(f._last._programs) == 1


def test_no_graph_is_kept_alive(compiled_by):
    gc.collect()
    gc.disable()
    try:
        box = [Value(1.0) * 2.0]
        f = compiled_by(lambda y: y * box[0])
        f(3.0).backward()
        watched = weakref.ref(box[0])
        box[0] = Value(1.0)
        assert watched() is None
        assert f(3.0) == 3.0
        state = {"layers": [SimpleNamespace(w=Value(2.0) * 1.0)]}
        g = compiled_by(lambda y: y * state["layers"][0].w)
        g(3.0).backward()
        watched = weakref.ref(state["layers"][0].w)
        del state["layers"]
        assert watched() is None
        leaves = []
        grad(lambda x: (leaves.append(weakref.ref(x)), compiled_by(lambda y: y * x)(2.0))[1])(3.0)
        assert leaves[0]() is None
    finally:
        gc.enable()


def test_numbers_are_those_of_the_time_of_the_call(compiled_by):
    points = np.array([1.0, 2.0])
    w = Value(3.0)
    total = w * 2.0
    f = compiled_by(lambda z: z[0] * total * total + z[1] * total)
    result = f(points)
    points[:] = 100.0
    result.backward()
    assert w.grad == 2.0 * (2.0 * 6.0 + 2.0)
    result = f(np.array([1.0, 2.0]))
    total.data = 50.0
    w.grad = None
    result.backward()  # the numbers that were recorded
    assert w.grad == 2.0 * (2.0 * 6.0 + 2.0)
    w.grad = None
    result.backward(create_graph=True)
    assert w.grad == 2.0 * (2.0 * 6.0 + 2.0)


def test_other_states_and_uses(compiled_by):
    w = Value(2.0) * 1.0
    f = compiled_by(lambda y: y * w)
    with no_grad():
        assert float(getattr(f(3.0), "data", f(3.0))) == 6.0
    with detect_anomaly():
        assert grad(lambda x: compiled_by(lambda y: y * x)(2.0))(3.0) == 2.0
    assert f(Value(3.0)).data == 6.0
    leaf = Value(2.0)
    g = compiled_by(lambda y: y * leaf)
    assert g(3.0) == 6.0
    assert pickle.loads(pickle.dumps(g))(4.0) == 8.0
    leaf = Value(5.0)
    with pytest.raises(TraceError, match="unpickled without its Python source"):
        pickle.loads(pickle.dumps(g))(4.0)  # what was recorded is out of date


def test_c_source_names_what_is_closed_over():
    w, v = Value(0.5, name="w"), Value(4.0)
    f = jit(lambda x: x * w + v, backend="interpreter")
    assert f(3.0) == 5.5
    assert "double x0, double w_, double v1, double *out" in f.c_source("f")


@pytest.mark.parametrize("unused", [0.27, Value(0.27)])
def test_an_argument_that_a_checkpoint_has_no_use_for_is_no_value_from_elsewhere(compiled_by, unused):
    def f(x):
        y = x + unused  # compiled, nothing depends on y; the checkpoint has it as an operand

        def of_both(a, b):
            return a * a, b * b

        return compiled_by(lambda c: c * checkpoint(of_both)(y, x)[1])(3.0)

    def second(x):
        return compiled_by(lambda c: c * checkpoint(lambda a, b: b**4)(x + unused, x))(3.0)

    assert grad(f)(2.0) == 12.0
    assert grad(grad(f))(2.0) == 6.0
    assert jvp(f, (2.0,), (1.0,)) == (12.0, 12.0)
    assert grad(grad(second))(2.0) == 144.0
    assert jvp(grad(second), (2.0,), (1.0,)) == (96.0, 144.0)


def test_what_is_found_when_it_is_recorded_is_what_is_differentiated(compiled_by):
    def of_a_loop(t):
        total = 0.0
        for k in [1.0, 2.0, 3.0]:
            total = total + compiled_by(lambda s: s * k * t * t)(2.0)  # noqa: B023
        return total  # 12 t²

    assert grad(of_a_loop)(1.5) == jacfwd(of_a_loop)(1.5) == jit(grad(of_a_loop))(1.5) == 36.0
    assert grad(grad(of_a_loop))(1.5) == jacfwd(jacfwd(of_a_loop))(1.5) == hessian(of_a_loop)(1.5) == 24.0

    def changed(change):
        def f(t):
            holder = SimpleNamespace(numbers=[t * 1.0, t * 4.0], k=2.0, function=lambda v: v * v)
            y = compiled_by(
                lambda: holder.function(holder.numbers[0]) * holder.k - 2.0 * holder.function(holder.numbers[1])
            )()
            change(holder)
            return y  # 2t² - 32t²

        return f

    for change in (
        lambda holder: holder.numbers.reverse(),
        lambda holder: holder.numbers.pop(),
        lambda holder: setattr(holder, "k", 7.0),
        lambda holder: setattr(holder, "function", math.fabs),
    ):
        f = changed(change)
        assert grad(f)(1.0) == jacfwd(f)(1.0) == jvp(f, (1.0,), (1.0,))[1] == -60.0
        assert hessian(f)(0.0) == grad(grad(f))(0.0) == jacfwd(grad(f))(1.0) == grad(jacfwd(f))(1.0) == -60.0

    drawn = iter([0.25, 0.5, 0.75, 1.0])
    assert value_and_grad(lambda t: compiled_by(lambda: t * next(drawn))())(2.0) == (0.5, 0.25)
    k = 2.0
    value, pullback = vjp(lambda t: compiled_by(lambda: t * k)(), 1.5)
    k = 7.0
    assert (value, pullback(1.0)) == (3.0, (2.0,))
    points = np.array([1.0, 2.0])
    value, pullback = vjp(lambda t: compiled_by(lambda: autograd.sum(points * t * t))(), 3.0)
    points[:] = 50.0
    assert (value, pullback(1.0)) == (27.0, (18.0,))


def test_derivatives_of_every_order_and_direction(compiled_by):
    def f(x, y):
        return compiled_by(lambda c: [c * x * x * x * y * y, np.array([x * y, c * x])])(2.0)

    def power(x, y):  # 2x³y² + xy + 2x
        first, (second, third) = f(x, y)
        return first + second + third

    assert grad(power, (0, 1))(3.0, 5.0) == (6.0 * 9.0 * 25.0 + 5.0 + 2.0, 4.0 * 27.0 * 5.0 + 3.0)
    assert hessian(power, (0, 1))(3.0, 5.0) == (
        (12.0 * 3.0 * 25.0, 12.0 * 9.0 * 5.0 + 1.0),
        (12.0 * 9.0 * 5.0 + 1.0, 4.0 * 27.0),
    )
    third = grad(lambda x: grad(grad(power, 1), 0)(x, 5.0))  # ∂³/∂x²∂y = 24xy
    assert third(3.0) == jacfwd(lambda x: jacfwd(grad(power, 1), 0)(x, 5.0))(3.0) == 24.0 * 3.0 * 5.0
    assert grad(third)(3.0) == 24.0 * 5.0
    assert grad(grad(grad(grad(power))))(3.0, 5.0) == 0.0
    assert jit(hessian(power, (0, 1)))(3.0, 5.0) == hessian(power, (0, 1))(3.0, 5.0)


def test_a_copy_of_a_graph_is_differentiated_by_itself(compiled_by):
    v = Value(3.0)
    t = v * 1.0
    y = compiled_by(lambda: t * t)()
    for other, result in (copy.deepcopy((v, y)), copy.deepcopy((v, y))):
        result.backward(create_graph=True)
        slope, other.grad = other.grad, None
        slope.backward()
        assert (slope.data, other.grad, v.has_grad) == (6.0, 2.0, False)


def test_no_grad_around_a_compiled_function_holds_where_it_is_compiled_itself(compiled_by):
    def f(a):
        with no_grad():
            u = compiled_by(lambda q: a * q)(3.0)
            w = compiled_by(lambda: [a * 2.0, np.array([a, 1.0])])()[1][0]
        return u * a + w

    for transform in (grad, jacfwd, lambda f: lambda a: jvp(f, (a,), (1.0,))[1]):
        assert transform(f)(5.0) == compiled_by(transform(f))(5.0) == 15.0
    assert hessian(f)(5.0) == compiled_by(hessian(f))(5.0) == 0.0
    in_a_loop = compiled_by(grad(lambda a: fori_loop(0, 3, lambda i, s: s + f(a), 0.0)))
    assert in_a_loop(5.0) == 45.0


def test_derivatives_are_compiled_once_for_one_function(monkeypatch):
    made = []
    monkeypatch.setattr(derivatives, "program_of", lambda *args: made.append(args) or program_of(*args))
    holder = SimpleNamespace(x=None)
    f = jit(lambda y: y * holder.x * holder.x, backend="interpreter")

    def through(x):
        holder.x = x
        return f(2.0)

    for number in (1.0, 2.0, 3.0):
        assert grad(through)(number) == 4.0 * number
    assert len(made) == 1


@pytest.mark.parametrize("wrapped", [lambda f: f, jit, checkpoint, lambda f: checkpoint(jit(f))])
def test_a_derivative_of_zero_is_not_an_absent_one(wrapped):
    def f(y):
        none = y - y  # whose derivative is 0.0, which √' turns into nan
        return sqrt(wrapped(lambda: 3.0 * none)() - 4.0)

    assert math.isnan(jvp(f, (1.0,), (1.0,))[1])
    assert math.isnan(jacfwd(f)(1.0))
    assert math.isnan(grad(f)(1.0))
    assert math.isnan(jit(jacfwd(f), backend="interpreter")(1.0))
    assert math.isnan(jacfwd(grad(f))(1.0))


def test_a_primitive_whose_rule_closes_over_a_value_is_differentiated_in_python(compiled_by):
    def f(x):
        def inner(c):
            own = primitive("own", lambda a: 2.0 * a, [lambda out, a: x * x])  # any rule will do, here one that differs
            return c * own(x)

        return compiled_by(inner)(3.0)

    assert jvp(f, (2.0,), (1.0,)) == (12.0, 12.0)
    assert grad(f)(2.0) == 12.0
    assert grad(grad(f))(2.0) == 12.0


WEIGHT = Value(3.0)


def _weighted(y):
    return y * WEIGHT * WEIGHT


class _Stepper:
    def __init__(self, backend):
        self.k = Value(2.0)
        self.step = jit(self.multiplied, backend=backend)

    def multiplied(self, y):
        return self.k * y


def test_a_method_whose_value_was_bound_anew_is_pickled_with_its_object(compiled_by):
    stepper = _Stepper(compiled_by(len)._options[4])
    assert stepper.step(3.0) == 6.0
    stepper.k = Value(9.0)
    assert pickle.loads(pickle.dumps(stepper.step))(3.0) == 27.0
    assert pickle.loads(pickle.dumps(stepper)).step(3.0) == 27.0


def test_an_unpickled_function_is_recorded_again_to_be_differentiated(compiled_by):
    f = compiled_by(_weighted)
    assert f(2.0) == 18.0
    other = pickle.loads(pickle.dumps(f))
    assert other(2.0) == 18.0
    y = checkpoint(lambda x: x * other(2.0))(Value(5.0))
    WEIGHT.grad = None
    y.backward()
    assert WEIGHT.grad == 60.0
    f = compiled_by(lambda y: y * WEIGHT)
    f(2.0)
    other = pickle.loads(pickle.dumps(f))
    with pytest.raises(TraceError, match="unpickled without its Python source, and cannot be differentiated"):
        checkpoint(lambda x: x * other(2.0))(Value(5.0))


def test_a_rule_that_closes_over_a_number_of_a_branch_is_followed_in_python(compiled_by):
    def f(x):
        def inner(c):
            def taken(a):
                own = primitive("own", lambda v: v * v, [lambda out, v: 2.0 * v * (a / a)])
                return own(a * x)

            return cond(c < 9.0, taken, lambda a: a, c)

        return compiled_by(inner)(3.0)  # 9x²

    assert jvp(f, (2.0,), (1.0,)) == (36.0, 36.0)
    assert grad(f)(2.0) == 36.0


def test_a_rule_that_calls_one_that_closes_over_a_value(compiled_by):
    k = Value(1.5)
    inner = primitive("inner", lambda x: 1.5 * x * x, [lambda out, x: 2.0 * k * x])
    outer = primitive("outer", lambda x: 0.5 * x**3, [lambda out, x: inner(x)])
    slope = grad(lambda x: compiled_by(lambda y: y * outer(x))(4.0))
    assert [slope(2.0), grad(slope)(2.0)] == [24.0, 24.0]


def test_a_slope_that_overflows_before_it_meets_its_cotangent(compiled_by):
    def f(w):
        first, second = compiled_by(lambda: [sin(1e200 * sin(1e200 * w)), w * 1.0])()
        return 1e-300 * first + second

    assert grad(f)(0.0) == pytest.approx(1e100, rel=1e-15)
    vanishing = compiled_by(lambda u: [u * 1e-200 * 1e-200 * 1e300, u])  # forward, 1e-400 comes first
    assert grad(lambda u: vanishing(u)[0])(1e300) == pytest.approx(1e-100, rel=1e-15)
    assert grad(lambda u: compiled_by(lambda: [u * 1e-200 * 1e-200 * 1e300, u])()[0])(1e300) == pytest.approx(
        1e-100, rel=1e-15
    )


def test_the_data_of_a_detached_leaf_are_read_at_each_call(compiled_by):
    t = Value(3.0)
    f = compiled_by(lambda y: y * t * t.detach())
    assert f(2.0) == 18.0
    t.data = 4.0
    assert f(2.0) == 32.0


def test_no_derivative_passes_through_a_copy_of_a_value(compiled_by):
    def f(x):
        return x * copy.copy(x) + x * copy.deepcopy([x, 1.0])[0]

    assert grad(f)(3.0) == compiled_by(grad(f))(3.0) == 6.0
    looped = grad(lambda x: fori_loop(0, 2, lambda i, s: s * x * copy.copy(x), x))
    assert looped(3.0) == compiled_by(looped)(3.0) == 3 * 81.0
    w = Value(2.0)
    g = compiled_by(lambda y: y * copy.copy(w) * w)
    assert g(1.0) == 4.0
    w.data = 3.0
    assert g(1.0) == 9.0


def test_the_surroundings_of_a_first_derivative_leave_no_trace_in_the_second(compiled_by):
    holder = SimpleNamespace(x=None)
    inner = compiled_by(lambda c: c * holder.x * holder.x * holder.x)

    def f(x):
        holder.x = x
        return inner(2.0)

    with no_grad():
        assert jvp(f, (3.0,), (1.0,)) == (54.0, 54.0)
        assert grad(f)(3.0) == 54.0
    with detect_anomaly():
        assert jacfwd(f)(3.0) == 54.0
    x = Value(3.0)
    y = f(x * 1.0)
    with detect_anomaly(), no_grad():
        y.backward()
    assert x.grad == 54.0
    assert [jacfwd(jacfwd(f))(3.0), grad(jacfwd(f))(3.0), jacfwd(grad(f))(3.0), grad(grad(f))(3.0)] == [36.0] * 4
    assert grad(grad(grad(f)))(3.0) == jacfwd(jacfwd(jacfwd(f)))(3.0) == 12.0
