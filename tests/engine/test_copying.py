"""Copies, pickles, dropped graphs, threads and tasks: what a graph keeps, and what it leaves behind."""

from __future__ import annotations

import asyncio
import copy
import gc
import io
import pickle
import sys
import threading
import weakref
from contextlib import contextmanager

import pytest

import autograd
import nn
from autograd import AnomalyError, Value, detect_anomaly, no_grad, primitive, scope
from autograd.engine.release import release

triple = primitive("triple", lambda x: 3.0 * x, [3.0])  # known to pickle by this module's name


def in_a_small_thread(work):
    """Run `work` in a thread with a stack of 256 KiB and return what it returns."""
    results = []
    size = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=lambda: results.append(work()))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    assert results, "the thread ended with an exception"
    return results[0]


@contextmanager
def collector_off():
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def chain(length: int) -> tuple[Value, Value]:
    """A leaf, and the end of a chain of `length` nodes computed from it."""
    x = y = Value(1.0, name="x")
    for _ in range(length):
        y = y + 1.0
    return x, y


def start_of(node: Value) -> Value:
    """The leaf that is reached by going to the last operand each time."""
    while node.parents:
        node = node.parents[-1]
    return node


def pickled_in_c(item, protocol):
    return pickle.loads(pickle.dumps(item, protocol))


def pickled_in_python(item, protocol):
    buffer = io.BytesIO()
    pickle._Pickler(buffer, protocol).dump(item)
    buffer.seek(0)
    return pickle._Unpickler(buffer).load()


WAYS = {"deepcopy": copy.deepcopy} | {
    f"{way.__name__}, protocol {protocol}": lambda item, way=way, protocol=protocol: way(item, protocol)
    for way in (pickled_in_c, pickled_in_python)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
}
every_way = pytest.mark.parametrize("duplicate", WAYS.values(), ids=WAYS.keys())


# What a copy keeps.


@every_way
def test_a_duplicate_has_a_graph_of_its_own(duplicate):
    x = Value(3.0, name="x")
    y = (x * x * x).named("y")
    other = duplicate(y)
    assert (other.data, other.name, other.op) == (27.0, "y", "*")
    other.backward()
    assert start_of(other).grad == 27.0
    assert (x.has_grad, y.has_grad) == (False, False)
    other.backward()
    assert start_of(other).grad == 54.0


@every_way
def test_a_duplicate_keeps_gradients_names_scopes_constants_and_recorded_floats(duplicate):
    with scope("layer"), scope("neuron"):
        x = Value(3.0, name="ä\n\"")
        y = x * x
    z = 2.0 - y
    z.backward()
    x.data = 100.0
    other = duplicate(z)
    (other_y,) = other.parents
    other_x, again = other_y.parents
    assert other_x is again
    assert (other_x.name, other_x.scope, other_x.data, other_x.grad) == ('ä\n"', ("layer", "neuron"), 100.0, -6.0)
    assert (other_y.scope, other_y.grad, other.scope, other.grad) == (("layer", "neuron"), -1.0, (), 1.0)
    other.backward()
    assert other_x.grad == -12.0  # by the 3.0 that was recorded


@every_way
def test_an_unset_gradient_stays_unset(duplicate):
    x = Value(1.0)
    y = 0.0 * x
    assert not duplicate(y).parents[0].has_grad
    y.backward()
    assert duplicate(y).parents[0].has_grad


@every_way
@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan"), -0.0, 5e-324])
def test_every_float_comes_back(duplicate, number):
    assert duplicate(Value(number) * 1.0).data.hex() == number.hex()


@every_way
def test_roots_copied_together_share_what_they_shared(duplicate):
    x = Value(2.0)
    a = x * x
    b = a + x
    nest = {"a": a, "list": [b, a, x], "tuple": (b,)}
    nest["self"] = nest
    other = duplicate(nest)
    assert other["self"] is other
    assert other["list"][1] is other["a"]
    assert other["tuple"][0] is other["list"][0]
    assert other["list"][0].parents[0] is other["a"]
    assert other["a"].parents == (other["list"][2],) * 2
    autograd.backward([other["a"], other["list"][0]])
    assert other["list"][2].grad == 9.0  # 2x + (2x + 1)


@every_way
def test_deep_roots_in_any_order_share_what_they_shared(duplicate):
    x, middle = chain(1200)
    end = middle
    for _ in range(1200):
        end = end + 1.0
    for roots in ([middle, end], [end, middle], [x, end, middle]):
        others = dict(zip(map(id, roots), duplicate(roots)))
        other = others[id(end)]
        for _ in range(1200):
            (other,) = other.parents
        assert other is others[id(middle)]
        assert start_of(other).name == "x"
        assert others.get(id(x), start_of(other)) is start_of(other)


@every_way
def test_a_wide_and_deep_graph_is_copied_node_for_node(duplicate):
    y = Value(1.0)
    for _ in range(1000):
        y = y + y
    assert duplicate(y).parents[0].parents[0].data == 2.0**998
    other = duplicate(y)
    other.backward()
    assert start_of(other).grad == 2.0**1000


def test_a_shallow_copy_shares_its_operands():
    x = Value(3.0, name="x")
    y = (x * x).named("y")
    y.backward()
    other = copy.copy(y)
    assert other is not y
    assert (other.data, other.grad, other.name) == (9.0, 1.0, "y")
    assert other.parents == (x, x)
    other.backward()
    assert x.grad == 12.0
    leaf = copy.copy(x)
    leaf.data = 5.0
    assert (x.data, leaf.grad, leaf.parents) == (3.0, 12.0, ())


@every_way
def test_every_row_of_the_table_comes_back_as_itself(duplicate):
    from autograd.primitives.table import TABLE

    assert [duplicate(row) is row for row in TABLE.values()] == [True] * len(TABLE)


class Weight(Value):
    """A Value with something of its own."""


@pytest.mark.parametrize("duplicate", [copy.copy, *WAYS.values()], ids=["copy", *WAYS.keys()])
def test_a_subclass_keeps_its_kind_and_its_attributes(duplicate):
    weight = Weight(2.0, name="w")
    weight.unit = "volt"
    other = duplicate(weight)
    assert (type(other), other.unit, other.data, other.name) == (Weight, "volt", 2.0, "w")


def test_a_copied_gradient_with_a_graph_is_its_number_in_a_deep_copy():
    x = Value(3.0)
    y = x * x
    y.backward(create_graph=True)
    assert copy.copy(x).grad is x.grad
    assert copy.deepcopy(y).parents[0].grad == 6.0
    y.zero_grad()


# Primitives of one's own.


@every_way
def test_a_primitive_of_ones_own_is_found_by_its_name_in_its_module(duplicate):
    x = Value(2.0)
    other = duplicate(triple(x))
    assert other._primitive is triple
    other.backward()
    assert other.parents[0].grad == 3.0


@pytest.mark.parametrize("pickler", [pickle.Pickler, pickle._Pickler])
def test_a_primitive_without_a_global_name_does_not_pickle_and_the_error_says_why(pickler):
    hidden = primitive("hidden", lambda x: x, [1.0])
    with pytest.raises(pickle.PicklingError, match="hidden.*global of its module"):
        pickler(io.BytesIO()).dump(hidden(Value(1.0)))


def test_a_primitive_without_a_global_name_is_deep_copied():
    double = primitive("double", lambda x: 2.0 * x, [2.0])
    other = copy.deepcopy(double(Value(1.0)) + 1.0)
    other.backward()
    assert start_of(other.parents[0]).grad == 2.0


# A copy that fails leaves nothing behind.


class Stubborn:
    """Something that cannot be copied."""

    def __reduce_ex__(self, protocol):
        raise RuntimeError("not me")


def pickle_with(pickler, item):
    pickler(io.BytesIO()).dump(item)


FAILING = {
    "C pickler": lambda item: pickle_with(pickle.Pickler, item),
    "Python pickler": lambda item: pickle_with(pickle._Pickler, item),
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("fail", FAILING.values(), ids=FAILING.keys())
@pytest.mark.parametrize("place", ["beside", "inside"])
def test_a_copy_that_fails_half_way_leaves_no_state(fail, place):
    _, y = chain(10)
    if place == "inside":
        hidden = primitive("hidden", lambda x: x, [1.0])
        y = hidden(y) + 1.0
        item = [y, Stubborn()]  # a pickler fails at the hidden primitive
    else:
        item = [y, Stubborn(), y + 1.0]
    with pytest.raises((RuntimeError, pickle.PicklingError)) as error:
        fail(item)
    # The error is still held, and with it every frame that had a part in it.
    for length in (10, 2000):
        _, z = chain(length)
        assert start_of(pickle.loads(pickle.dumps(z))).name == "x"
        assert start_of(pickled_in_python(z, 5)).name == "x"
        assert start_of(copy.deepcopy(z)).name == "x"
    # So is the graph that failed: what is below its end can be copied now.
    below = y.parents[0].parents[0]
    for _ in range(2000):
        below = below + 1.0
    assert start_of(copy.deepcopy(below)).name == "x"
    assert error.value is not None


def test_a_pickler_that_failed_can_be_kept():
    hidden = primitive("hidden", lambda x: x, [1.0])
    pickler = pickle.Pickler(io.BytesIO())
    with pytest.raises(pickle.PicklingError):
        pickler.dump(hidden(Value(1.0)) + 1.0)
    _, z = chain(2000)
    assert start_of(pickle.loads(pickle.dumps(z))).name == "x"
    assert pickler.memo is not None


def test_a_pickle_inside_another_pickle_is_complete():
    _, inner = chain(2000)

    class Envelope:
        def __reduce__(self):
            return pickle.loads, (pickle.dumps(inner),)

    _, outer = chain(2000)
    first, envelope, last = pickle.loads(pickle.dumps([outer, Envelope(), outer + 1.0]))
    assert start_of(envelope).name == "x"
    assert last.parents[0] is first


def test_one_pickler_may_dump_twice():
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer)
    _, y = chain(2000)
    pickler.dump(y)
    pickler.dump([y, y * 2.0])
    buffer.seek(0)
    unpickler = pickle.Unpickler(buffer)
    first = unpickler.load()
    again, double = unpickler.load()
    assert again is first
    assert double.parents[0] is first


# A million nodes in a thread with a small stack.


def test_a_long_chain_is_deep_copied_pickled_and_printed_with_a_small_stack():
    limit = sys.getrecursionlimit()

    def work():
        x, y = chain(300_000)
        x.grad = 5.0
        seen = []
        for duplicate in (lambda node: pickled_in_c(node, pickle.HIGHEST_PROTOCOL), copy.deepcopy):
            other = duplicate(y)
            first = start_of(other)
            other.backward()
            seen.append((other.data, first.name, first.grad, x.grad, str(other), repr(other)))
            del other
        return seen

    with collector_off():
        seen = in_a_small_thread(work)
    printed = "Value(data=300001.0, grad=1.0)"
    assert seen == [(300_001.0, "x", 6.0, 5.0, printed, printed)] * 2
    assert sys.getrecursionlimit() == limit


def test_a_deep_graph_goes_through_the_python_pickler_and_the_shallow_copy_with_a_small_stack():
    def work():
        _, y = chain(20_000)
        return start_of(pickled_in_python(y, 4)).name, start_of(pickled_in_python(y, 0)).name, copy.copy(y).data

    assert in_a_small_thread(work) == ("x", "x", 20_001.0)


def test_a_deep_comb_is_dropped_from_either_end_with_a_small_stack():
    def work():
        y, teeth = Value(1.0), []
        for _ in range(200_000):
            y = y + 1.0
            teeth.append(y * 2.0)
        last = weakref.ref(y)
        del y
        teeth.reverse()
        del teeth
        return last()

    with collector_off():
        assert in_a_small_thread(work) is None


# Modules of nn.


@every_way
def test_a_network_comes_back_with_its_parameters_and_its_answers(duplicate):
    network = nn.MLP(2, [3, 1])
    inputs = [0.5, -1.0]
    network(inputs).backward()
    other = duplicate(network)
    assert [p.data for p in other.parameters()] == [p.data for p in network.parameters()]
    assert [p.grad for p in other.parameters()] == [p.grad for p in network.parameters()]
    assert not set(other.parameters()) & set(network.parameters())
    assert other(inputs).data == network(inputs).data
    other.zero_grad()
    other(inputs).backward()
    assert [p.grad for p in other.parameters()] == [p.grad for p in network.parameters()]


@every_way
def test_a_network_and_its_loss_stay_connected(duplicate):
    network = nn.MLP(2, [3, 1])
    loss = network([0.5, -1.0]) ** 2
    other_network, other_loss = duplicate((network, loss))
    other_loss.backward()
    loss.backward()
    assert [p.grad for p in other_network.parameters()] == [p.grad for p in network.parameters()]
    assert any(p.grad != 0.0 for p in network.parameters()) or loss.data == 0.0


# Dropped graphs.


def live_values() -> int:
    return sum(type(item) is Value for item in gc.get_objects())


def differentiate_and_drop() -> None:
    x, y = Value(2.0), Value(3.0)
    a = (x * y + x.exp()).sigmoid() / autograd.hypot(x, y)
    b = autograd.where(x > y, a, autograd.maximum(a, 0.1) ** y)
    autograd.backward([a, b])
    b.zero_grad()


JOBS = {
    "backward": differentiate_and_drop,
    "deepcopy": lambda: copy.deepcopy(Value(2.0) * 3.0 + 1.0).backward(),
    "pickle": lambda: pickle.loads(pickle.dumps(Value(2.0) * 3.0 + 1.0)).backward(),
    "grad": lambda: autograd.grad(lambda x: x.sin() * x)(2.0),
    "third derivative": lambda: autograd.grad(autograd.grad(autograd.grad(lambda x: x.sin() * x)))(2.0),
    "hessian": lambda: autograd.hessian(lambda x: x[0] * x[1].exp() * x[0])([2.0, 3.0]),
    "jvp": lambda: autograd.jvp(lambda x: x.sin() * x, (2.0,), (1.0,)),
    "vjp": lambda: autograd.vjp(lambda x: [x.sin(), x * x], 2.0)[1]([1.0, 2.0]),
    "hvp": lambda: autograd.hvp(lambda x: x.sin() * x, (2.0,), (1.0,)),
    "checkpoint": lambda: autograd.grad(autograd.checkpoint(lambda x: x.sin() * x))(2.0),
    "hook": lambda: Value(2.0).register_hook(lambda gradient: None),
    "failure": lambda: pytest.raises(TypeError, lambda: Value(2.0) * 3.0 + "1") and None,
}


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS.keys())
def test_a_thousand_dropped_graphs_leave_nothing_with_the_collector_off(job):
    job()
    with collector_off():
        before = live_values()
        for _ in range(1000):
            job()
        assert live_values() == before


# Threads and tasks.


def test_nested_grad_in_threads_keeps_its_levels_apart():
    # d/dx [x · d/dy (x·y)] = d/dx [x · x] = 2x
    def slope(x):
        return autograd.grad(lambda a: a * autograd.grad(lambda b: a * b)(1.0))(x)

    results = {}
    barrier = threading.Barrier(8)

    def work(i):
        barrier.wait()
        results[i] = [slope(float(i)) for _ in range(50)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {i: [2.0 * i] * 50 for i in range(8)}


def test_no_grad_and_anomaly_detection_stay_in_their_thread():
    entered, leave = threading.Event(), threading.Event()

    def work():
        with no_grad(), detect_anomaly(), scope("theirs"):
            entered.set()
            leave.wait()

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait()
    x = Value(0.0)
    y = x.log()
    leave.set()
    thread.join()
    assert (y.data, y.parents, y.scope) == (float("-inf"), (x,), ())


def test_a_thread_inside_no_grad_records():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append((Value(2.0) * 3.0).parents))
        thread.start()
        thread.join()
    assert len(seen[0]) == 1


def test_tasks_do_not_touch_each_others_state():
    async def recording(x):
        for _ in range(20):
            await asyncio.sleep(0)
            assert ((x * x).parents, (x * x).scope) == ((x, x), ())
            assert x.log().data == float("-inf")
        return "recorded"

    async def not_recording(x):
        with no_grad():
            for _ in range(20):
                await asyncio.sleep(0)
                assert (x * x).parents == ()
        return "not recorded"

    async def scoped(x, name):
        with scope(name):
            for _ in range(20):
                await asyncio.sleep(0)
                assert (x * x).scope == (name,)
        return name

    async def watched(x):
        with detect_anomaly():
            for _ in range(20):
                await asyncio.sleep(0)
                with pytest.raises(AnomalyError):
                    x.log()
        return "watched"

    async def all_together():
        x = Value(0.0)
        return await asyncio.gather(recording(x), not_recording(x), scoped(x, "a"), scoped(x, "b"), watched(x))

    assert asyncio.run(all_together()) == ["recorded", "not recorded", "a", "b", "watched"]


def test_nested_grad_in_tasks_keeps_its_levels_apart():
    async def slope(x):
        def outer(a):
            return a * autograd.grad(lambda b: a * b)(1.0)

        results = []
        for _ in range(10):
            results.append(autograd.grad(outer)(x))
            await asyncio.sleep(0)
        return results

    async def all_together():
        return await asyncio.gather(*(slope(float(i)) for i in range(5)))

    assert asyncio.run(all_together()) == [[2.0 * i] * 10 for i in range(5)]


def test_state_is_restored_when_a_block_ends_in_an_exception():
    for block in (no_grad, detect_anomaly, lambda: scope("s")):
        with pytest.raises(KeyError), block():
            raise KeyError
    y = Value(0.0).log()
    assert (y.data, len(y.parents), y.scope) == (float("-inf"), 1, ())


def test_a_transform_that_fails_restores_the_state():
    def fails(x):
        raise KeyError

    for transform in (autograd.grad, autograd.jacfwd, autograd.hessian, autograd.checkpoint):
        with pytest.raises(KeyError):
            transform(fails)(1.0)
    y = Value(2.0) * 3.0
    assert len(y.parents) == 1
    assert y._recording == Value(1.0)._recording


# The rest of what the structure of a graph promises.


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda y: y.__class__.__add__(y, 1), 4.0),
        (lambda y: _in_place(y, "+"), 4.0),
        (lambda y: _in_place(y, "-"), 2.0),
        (lambda y: _in_place(y, "*"), 6.0),
        (lambda y: _in_place(y, "/"), 1.5),
        (lambda y: _in_place(y, "**"), 9.0),
        (lambda y: _in_place(y, "%"), 1.0),
        (lambda y: _in_place(y, "//"), 1.0),
    ],
)
def test_augmented_assignment_makes_a_new_value(change, expected):
    x = Value(3.0)
    y = change(x)
    assert (x.data, y.data) == (3.0, expected)
    assert y is not x
    assert x in y.parents


def _in_place(y, sign):
    if sign == "+":
        y += 1
    elif sign == "-":
        y -= 1
    elif sign == "*":
        y *= 2
    elif sign == "/":
        y /= 2
    elif sign == "**":
        y **= 2
    elif sign == "%":
        y %= 2
    else:
        y //= 2
    return y


def test_changed_data_counts_for_what_is_computed_later_only():
    x = Value(3.0)
    before = x * x
    x.data = 5.0
    after = x * x
    autograd.backward([before, after])
    assert x.grad == 6.0 + 10.0
    before.data = 1.0  # an interior node, too
    later = before * x
    x.zero_grad()
    later.backward()
    assert (later.data, x.grad, before.grad) == (5.0, 1.0 + 5.0 * 6.0, 5.0)


def test_changed_data_is_respected_by_a_differentiable_backward_pass():
    x = Value(3.0)
    y = x * x * x
    x.data = 100.0
    y.backward(create_graph=True)
    slope = x.grad
    assert slope.data == 27.0
    x.grad = None
    slope.backward()
    assert x.grad == 18.0
    x.zero_grad()


def test_a_node_that_is_released_lets_go_of_its_operands():
    """CPython 3.13 calls this for each node that is freed; elsewhere nothing does."""
    x = Value(2.0)
    y = x * x
    release(y)
    assert (y._first, y._second, y._more) == (None, None, ())
    release(x)
