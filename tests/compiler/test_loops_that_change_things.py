"""A loop whose trip changes what was there before, however it does, is gone through as Python goes through it."""

from __future__ import annotations

import array
import collections
import functools
import itertools
import operator
import queue

import numpy as np
import pytest

from autograd import grad, jit

BACKENDS = ("interpreter", "llvm")


class Thing:
    pass


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


CHANGING = [of_operator, of_map, of_partial, of_a_special_method, of_copyto, of_a_result_by_position, of_add_at,
            of_a_diagonal, of_an_array_of_numbers, of_a_queue, of_a_simple_queue, of_a_chain, of_a_list_in_a_class,
            of_a_default, of_a_frozen_object, of_an_iterator, of_an_iterator_in_an_object, of_a_loop_over_an_iterator,
            of_a_generator]  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("made", CHANGING, ids=lambda made: made.__name__)
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

    for f in (grown, left_early):
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
