"""A loop whose trip changes what was there before, however it does, is gone through as Python goes through it."""

from __future__ import annotations

import array
import collections
import contextvars
import functools
import importlib.util
import io
import itertools
import operator
import queue
import sys

import numpy as np
import pytest

from autograd import grad, jit

BACKENDS = ("interpreter", "llvm")


class Thing:
    pass


class Shared:
    seen = np.ones(1)

    def count(self):
        np.copyto(self.seen, self.seen + 1.0)
        return self.seen[0]


class Frozen:
    def __init__(self):
        object.__setattr__(self, "n", 1.0)

    def count(self):
        object.__setattr__(self, "n", self.n + 1.0)
        return self.n


def of_operator():
    seen = [1.0]
    return lambda: operator.setitem(seen, 0, seen[0] + 1.0) or seen[0]


def of_map():
    seen = []
    return lambda: len(list(map(seen.append, (1, 2)))) + len(seen)


def of_partial():
    seen = []
    add = functools.partial(seen.append, 1.0)
    return lambda: add() or len(seen)


def of_a_special_method():
    seen = [1.0]
    return lambda: seen.__setitem__(0, seen[0] + 1.0) or seen[0]


def of_copyto():
    seen = np.ones(2)
    return lambda: np.copyto(seen, seen * 2.0) or seen[1]


def of_a_result_by_position():
    seen = np.ones(2)
    return lambda: np.add(seen, seen, seen)[0]


def of_add_at():
    seen = np.ones(2)
    return lambda: np.add.at(seen, 0, 1.0) or seen[0]


def of_a_diagonal():
    seen = np.eye(2)
    return lambda: np.fill_diagonal(seen, seen[0, 0] * 2.0) or seen[1, 1]


def of_an_array_of_numbers():
    seen = array.array("d", [1.0])
    return lambda: seen.append(2.0) or len(seen)


def of_a_queue():
    waiting = queue.Queue()
    waiting.put(1.0)
    return lambda: waiting.put(waiting.get() + 1.0) or waiting.queue[0]


def of_a_simple_queue():
    waiting = queue.SimpleQueue()
    waiting.put(1.0)
    return lambda: waiting.put(waiting.get() + 1.0) or waiting.qsize() * 1.0


def of_a_chain():
    chain = collections.ChainMap({"n": 1.0})
    return lambda: chain.update(n=chain["n"] + 1.0) or chain["n"]


def of_a_list_in_a_class():
    seen = collections.UserList([1.0])
    return lambda: seen.append(1.0) or len(seen)


def of_a_default():
    seen = collections.defaultdict(float)
    return lambda: seen[len(seen)] + len(seen)


def of_a_frozen_object():
    return Frozen().count


def of_an_iterator():
    numbers = iter(range(100))
    return lambda: sum(itertools.islice(numbers, 2))


def of_an_iterator_in_an_object():
    thing = Thing()
    thing.numbers = itertools.count(1)
    return lambda: max(k for _, k in zip(range(2), thing.numbers))


def of_a_loop_over_an_iterator():
    numbers = iter(range(100))

    def first():
        for number in numbers:
            return number
        return 0

    return first


def of_a_generator():
    numbers = (0.5 * k for k in range(100))
    return lambda: [*itertools.islice(numbers, 2)][1]


def of_an_iterator_of(numbers):
    def made():
        thing = Thing()
        thing.numbers = numbers()
        return lambda: [number for _, number in zip((0,), thing.numbers)][0]

    return made


ITERATORS = {
    "a dict": lambda: iter({0.5 * k: k for k in range(100)}),
    "its values": lambda: iter({k: 0.5 * k for k in range(100)}.values()),
    "a set": lambda: iter({0.5 * k for k in range(100)}),
    "a cycle": lambda: itertools.islice(itertools.cycle((1.0, 2.0, 5.0)), 4, None),
    "a product": lambda: map(sum, itertools.product((1.0, 2.0, 3.0), (0.0, 4.0, 5.0, 6.0))),
    "a range backwards": lambda: reversed(range(100)),
    "lines": lambda: map(float, io.StringIO("\n".join(map(str, range(100))))),
}  # fmt: skip


def of_what_a_class_holds():
    Shared.seen[:], shared = 1.0, Shared()
    return lambda: shared.count()


def of_random_numbers():
    return np.random.default_rng(0).exponential


def of_older_random_numbers():
    return np.random.RandomState(0).exponential


def of_a_context():
    number = contextvars.ContextVar("number", default=0.0)
    return lambda: number.set(number.get() + 1.0) and number.get()


def of_a_function_that_a_transform_made():
    count = of_copyto()
    slope = grad(lambda x: x * count())
    return lambda: slope(1.0)


def of_a_function_that_chooses():
    count = of_copyto()
    return functools.partial(functools.singledispatch(lambda _: count()), 0.0)


def of_the_first_time():
    first = np.ones(1)
    return lambda: (first[0], np.copyto(first, 0.0))[0]


def of_a_sign():
    sign = np.ones(1)
    return lambda: np.negative(sign, sign)[0] + 1.0


CHANGING = [of_operator, of_map, of_partial, of_a_special_method, of_copyto, of_a_result_by_position, of_add_at,
            of_a_diagonal, of_an_array_of_numbers, of_a_queue, of_a_simple_queue, of_a_chain, of_a_list_in_a_class,
            of_a_default, of_a_frozen_object, of_an_iterator, of_an_iterator_in_an_object, of_a_loop_over_an_iterator,
            of_a_generator, of_what_a_class_holds, of_random_numbers, of_older_random_numbers, of_a_context,
            of_a_function_that_a_transform_made, of_a_function_that_chooses, of_the_first_time,
            of_a_sign, *map(of_an_iterator_of, ITERATORS.values())]  # fmt: skip
NAMES = [*(made.__name__ for made in CHANGING[: -len(ITERATORS)]), *ITERATORS]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("made", CHANGING, ids=NAMES)
def test_a_trip_that_changes_something_counts_each_time(made, backend):
    def grown(x):
        change = made()
        while x < 30.0:
            x = x * 1.2 + change()
        return x * x

    def left_early(x):
        change = made()
        for _ in range(40):
            x = x * 1.2 + change()
            if x > 30.0:
                break
        return x * x

    def branched(x):
        change = made()
        while x < 30.0:
            x = x * 1.2 + change() if x < 8.0 else x * 1.3 + change()
        return x * x

    for f in (grown, left_early, branched):
        compiled, slope = jit(f, backend=backend), jit(grad(f), backend=backend)
        for x in (1.3, 9.5):
            assert compiled(x) == pytest.approx(float(f(x)), rel=1e-12)
            assert slope(x) == pytest.approx(float(grad(f)(x)), rel=1e-12)


def test_what_is_only_read_leaves_a_loop_one_step():
    table, thing, rows, names = np.ones(3), Thing(), [[1.0], [2.0]], {"a": iter(())}
    thing.kind = "linear"

    def f(x):
        while x < 30.0:
            x = x * 1.2 + table.sum() + sum(row[0] for row in rows) + len(names) + len(thing.kind)
        return x

    compiled = jit(f)
    assert [compiled(x) for x in (1.0, 20.0, 40.0)] == pytest.approx([f(1.0), f(20.0), f(40.0)], rel=1e-12)
    assert compiled.stats()["variants"] == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_a_trip_of_an_outer_loop_made_counts_each_time(backend):
    def f(x):
        while x < 60.0:
            count, y = of_copyto(), 0.0
            while y < 3.0 * x:
                y = y + x * count()
            x = x + y
        return x

    compiled = jit(f, backend=backend)
    assert [compiled(x) for x in (1.3, 9.5)] == pytest.approx([f(1.3), f(9.5)], rel=1e-12)


def test_a_loop_that_reaches_too_much_to_look_at_is_gone_through_trip_by_trip():
    def f(x, rows):
        things = [rows, [of_copyto()]]
        while x < 30.0:
            x = x * 1.2 + things[0][0][0] + things[1][0]()
        return x

    rows = [[1.0] for _ in range(100_001)]
    compiled = jit(lambda x: f(x, rows))
    assert [compiled(x) for x in (1.3, 9.5)] == pytest.approx([f(1.3, rows), f(9.5, rows)], rel=1e-12)


def test_a_module_of_the_user_may_have_the_name_of_one_of_pythons(tmp_path, monkeypatch):
    file = tmp_path / "antigravity.py"
    file.write_text("n = 0.0\ndef count():\n    global n\n    n = n + 1.0\n    return n\n", encoding="utf-8")
    specification = importlib.util.spec_from_file_location("antigravity", file)
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, "antigravity", module)
    specification.loader.exec_module(module)

    def f(x):
        module.n = 0.0
        while x < 30.0:
            x = x * 1.2 + module.count()
        return x

    compiled = jit(f)
    assert [compiled(x) for x in (1.3, 9.5)] == pytest.approx([f(1.3), f(9.5)], rel=1e-12)


def two_lists(x):
    best = point = [x, x]
    while point[0] < 10.0:
        point = [point[0] * 2.0, point[1] + 1.0]
        best = point
    point[0] = 0.0
    return best[0] + point[1]


def a_list_before(x):
    first = point = [x, 1.0]
    while point[0] < 5.0:
        point = [point[0] * 2.0, point[1]]
    point.append(7.0)
    return len(first) * point[0]


def two_dicts(x):
    best = point = {"x": x}
    while point["x"] < 5.0:
        best = point = {"x": point["x"] * 2.0}
    point["x"] = point["x"] + 7.0
    return best["x"]


def a_list_in_a_tuple(x):
    first = point = ([x], 1.0)
    while point[0][0] < 5.0:
        point = ([point[0][0] * 2.0], 2.0)
    point[0][0] = 1.5
    return first[0][0]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", [two_lists, a_list_before, two_dicts, a_list_in_a_tuple], ids=lambda f: f.__name__)
def test_a_list_of_two_names_that_is_written_to_is_one(f, backend):
    compiled, slope = jit(f, backend=backend), jit(grad(f), backend=backend)
    for x in (1.3, 9.5, 2.6):
        assert compiled(x) == pytest.approx(f(x), rel=1e-12)
        assert slope(x) == pytest.approx(grad(f)(x), rel=1e-12)


def test_a_list_of_two_names_that_is_only_read_leaves_a_loop_one_step():
    def f(x):
        best = point = [x, x]
        while point[0] < 10.0:
            best, point = point, [point[0] * 2.0, point[1] + 1.0]
        return best[0] * point[1]

    compiled = jit(f)
    assert [compiled(x) for x in (1.3, 9.5, 12.0)] == pytest.approx([f(1.3), f(9.5), f(12.0)], rel=1e-12)
    assert compiled.stats()["variants"] == 1
