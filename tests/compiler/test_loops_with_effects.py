"""Python's loops whose trips change something outside of them, or that cannot be one step for another reason: a
compiled function has the numbers of Python all the same.
"""

# ruff: noqa: B007, B023, E701, E702 (which are what people write)

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from autograd import floor, fori_loop, grad, jit, vmap

BACKENDS = ("interpreter", "llvm")


class Counting:
    def step(self, x): self.n += 1; return x * 2.0 + self.n
    def run(self, x):
        self.n = 0
        while x < 100: x = self.step(x)
        return x
class Stateful:
    def step(self): self.x = self.x * 2.0; return self.x > 10
    def run(self, x):
        self.x = x; done = False
        while not done: done = self.step()
        return self.x
def bump(a): a[0] = a[0] + 1.0; return a[0]
def an_array_of_a_helper(x):
    arr = [0.0]
    while x < 20: x = x + bump(arr)
    return x + arr[0]
def list_made_longer(x):
    acc = []
    for i in range(20):
        acc += [x]; x = 2 * x
        if x > 10: break
    return sum(acc) + x
def none_first_set_inside(x):
    for i in range(20):
        x = 2 * x; tag = None
        if x > 10: break
    if tag is None: return x
    return -x
def another_range(x):
    def range(n): return [3, 1, 2]
    for i in range(3):
        x = x + i
        if x > 10.5: break
    return x
G = 0
def global_variable(x):
    global G
    G = 0
    while x < 10:
        x = x*2; G = G + 1
    return x + G
def annotated(x):
    while x < 10:
        t: float = x
        x = t * 2
    return x
class Doubling:
    def step(self, x): return x*2
class Inherited(Doubling):
    def run(self, x):
        while x < 10: x = super().step(x)
        return x
def named_in_a_comprehension(x):
    t = 0.0
    while x < 10:
        u = [(t := t + 1.0) for _ in (1, 2)]
        x = x*2 + u[1]
    return x
def position_as_index(x):
    for i in range(20):
        x = 2*x
        if x > 10: break
    return [1.,2.,3.,4.,5.,6.][i]*x
def function_made_inside(x):
    for i in range(20):
        x = 2*x
        g = lambda z: z*x+i
        if x > 10: break
    return g(x)
comprehension = lambda x: sum([1.0 * x if x > i else 0.0 for i in range(5)])
def else_of_an_inner_loop(x):
    r = -1.0
    for i in range(5):
        for j in range(i, 5):
            if x*(i+1)*(j+1) > 5: r = i * 10 + j; break
        else: continue
        break
    return r + 0*x
def nonlocal_of_a_helper(x):
    n = 0
    def h(v):
        nonlocal n
        n += 1
        return v*2+n
    while x < 40: x = h(x)
    return x
def condition_of_a_helper(x):
    y = x
    def dbl():
        nonlocal y
        y = y * 2
        return y
    k = 0
    while y < 10: k = k + dbl() * 0 + 1
    return y + k
def remembered(x):
    m = {}
    def h(v):
        if 'a' not in m: m['a'] = v*2
        return m['a']
    while x < 30: x = x + h(x)
    return x
def iterator_of_a_helper(x):
    it = iter(range(100))
    def pull(): return next(it)
    while x < 30: x = x + pull()
    return x
def iterator(x):
    it = iter(range(100))
    while x < 30:
        for v in it:
            x = x + v
            break
    return x
def counter(x):
    c = itertools.count(1)
    while x < 30: x = x + c.__next__()
    return x
def set_made_larger(x):
    s = set(); n = 0
    while x < 10: s |= {n}; x = x*2; n = n+1
    return len(s)*x
class V:
    def __init__(s, v): s.v = v
    def __iadd__(s, o): s.v = s.v + o; return s
def class_changed_in_place(x):
    v = V(x)
    while v.v < 10: v += x
    return v.v
def another_name(x):
    v = np.array([x, x*2])
    while v[0] < 10:
        w = v; w += 1
        v = v*2
    return v.sum()
def a_part_by_another_name(x):
    v = np.array([x, x*2,x])
    while v[0] < 10:
        w = v[1:]; w += 1
        v = v*2
    return v.sum()
def array_in_place(x):
    v = np.array([x, x*2])
    for i in range(20):
        v += x
        if v[0] > 10: break
    return v.sum()
def recursive(x):
    def f(n, x):
        while n > 0:
            x = x*1.1; n = n - 1
            if n < 2: x = f(n-1, x)
        return x
    return f(x, x)
def list_of_a_helper(x):
    def slope(v):
        out = []
        for a in v: out.append(a*0.5)
        return out
    v = [x, 2*x]
    while v[0] < 10:
        k = slope(v)
        ks = []; ks.append(k[0]); ks.append(k[1])
        v = [a+b for a,b in zip(v,ks)]
    return v[0]+v[1]
def array_of_a_helper(x):
    def slope(v):
        out = np.zeros_like(v)
        out[0] = v[1]; out[1] = v[0]*0.5
        return out
    v = np.array([x, 2*x])
    while v[0] < 10:
        w = np.zeros_like(v)
        w[0] = v[0]; w[1] = v[1]*0.5
        v = w + slope(v)
    return v[0]+v[1]
def random_numbers(x):
    r = random.Random(0)
    while x < 10: x = x + r.random()
    return x
def random_numbers_of_numpy(x):
    r = np.random.default_rng(0)
    while x < 10: x = x + r.normal()**2
    return x
def generator(x):
    g = (i*0.5 for i in range(100))
    while x < 10: x = x + next(g)
    return x
def generator_of_a_helper(x):
    g = (i*0.5 for i in range(100))
    def h(): return next(g)
    while x < 10: x = x + h()
    return x
class Vec:
    def __init__(self, a, b): self.a, self.b = a, b
    def __add__(self, o): return Vec(self.a+o.a, self.b+o.b)
    def scale(self, k): return Vec(self.a*k, self.b*k)
def objects(x):
    p, q = x, x
    while p < 10:
        v = Vec(p,q) + Vec(q,p).scale(0.5)
        p, q = v.a, v.b
    return p


def truths(x):
    b, c = True, False
    while x < 100.0:
        b, c = c, x < 300.0
        x = x * 1.5
    return x + b + c


def two_truths(x):
    b = c = True
    while x < 100.0:
        b, c = c, b
        x = x * 1.5
    return x * (b + c)


def naturals():
    k = 0.0
    while True:
        k = k + 1.0
        yield k


def generator_in_zip(x):
    g = naturals()
    while x < 20.0:
        x = x + max(v for v, _ in zip(g, (1, 2)))
    return x


def expression_in_zip(x):
    g = (0.5 * i for i in range(100))
    while x < 20.0:
        x = x + sum(v for v, _ in zip(g, (1, 2)))
    return x


def iterator_unpacked(x):
    it = iter([1.0, 2.0, 3.0] * 9)
    while x < 10.0:
        a, b = [v for _, v in zip((1, 2), it)]
        x = x + a * b
    return x


def iterator_searched(x):
    it = iter([1.0, 2.0, 3.0] * 9)
    while x < 10.0:
        x = x + (2.0 in it) + 1.0
    return x + sum(it)


def fibonacci(x):
    n = 0
    a, b = 0, 1
    while n < x:
        a, b, n = b, a + b, n + 1
    return a % 1000


def congruent(x):
    s = 7
    t = 0.0 * x
    while t < x:
        s = (s * 1103515245 + 12345) % 2**31
        t = t + s / 2**31
    return t


PROGRAMS = [
    an_array_of_a_helper, list_made_longer, none_first_set_inside, another_range, comprehension, global_variable,
    annotated, named_in_a_comprehension, position_as_index, function_made_inside, else_of_an_inner_loop,
    nonlocal_of_a_helper, condition_of_a_helper, remembered, iterator_of_a_helper, iterator, counter,
    set_made_larger, class_changed_in_place, another_name, a_part_by_another_name, array_in_place, recursive,
    list_of_a_helper, array_of_a_helper, random_numbers, random_numbers_of_numpy, generator, generator_of_a_helper,
    objects, fibonacci, congruent, truths,
    two_truths, generator_in_zip, expression_in_zip, iterator_unpacked, iterator_searched,
    Counting().run, Stateful().run, Inherited().run,
]  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", PROGRAMS, ids=[f.__qualname__ for f in PROGRAMS])
def test_a_compiled_function_has_the_numbers_of_python(f, backend):
    compiled, slope = jit(f, backend=backend), jit(grad(f), backend=backend)
    for x in (1.2, 1.3, 2.7):
        assert compiled(x) == pytest.approx(f(x), rel=1e-12)
        assert slope(x) == pytest.approx(grad(f)(x), rel=1e-12)


@pytest.mark.parametrize("f", [list_of_a_helper, array_of_a_helper, objects], ids=["list", "array", "object"])
def test_what_a_trip_makes_itself_it_may_change(f):
    compiled = jit(f)
    for x in (9.0, 1.3, 1e-6):
        assert compiled(x) == pytest.approx(f(x), rel=1e-12)
    assert compiled.stats()["variants"] == 1


def test_whole_numbers_are_exact_beyond_what_a_float_counts():
    compiled = jit(fibonacci)
    assert [compiled(x) for x in (0.0, 10.0, 77.0, 78.0, 79.0, 90.0)] == [0, 55, 757, 464, 221, 120]


@pytest.mark.parametrize("number", [2.5, -2.5, 1e-3, float("nan"), float("inf")])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_range_is_of_a_whole_number(number, backend):
    def total(n):
        s = 0
        for i in range(n):
            s = s + i * i
        return s

    compiled = jit(total, backend=backend)
    assert compiled(4.0) == 14.0
    with pytest.raises(TypeError, match="the end of a range is a whole number"):
        compiled(number)


@pytest.mark.parametrize("backend", BACKENDS)
def test_in_a_batch_a_loop_is_one_step_wherever_it_branches(backend):
    def decay(p):
        t, y, h = 0.0, p, 0.1
        while t < 1.0:
            new = y - h * y * p
            if abs(new - y) > 0.01:
                h = 0.5 * h
            else:
                t, y, h = t + h, new, 1.5 * h
        return y

    x = [1.2, 0.4]
    assert jit(vmap(decay), backend=backend)(np.array(x)) == pytest.approx([*map(decay, x)], rel=1e-13)
    assert jit(vmap(grad(decay)), backend=backend)(np.array(x)) == pytest.approx([*map(grad(decay), x)], rel=1e-12)


@pytest.mark.parametrize("limit", [300, 1000, 3000])
def test_counted_loops_in_chunks_have_the_derivatives_of_the_eager_engine(limit):
    def swung(x):
        return fori_loop(0, floor(x * 20.0), lambda i, s: s + 0.01 * np.sin(s) * i, x)

    compiled = jit(grad(swung), history_limit=limit)
    for x in (0.01, 0.3, 3.01, 5.01):
        assert compiled(x) == pytest.approx(grad(swung)(x), rel=1e-11, abs=0.0)
