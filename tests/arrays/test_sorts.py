"""Whole numbers and truths: what NumPy computes of them, with its kinds, eager and compiled."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
from autograd import (
    TraceError,
    Value,
    array,
    cond,
    fori_loop,
    grad,
    jit,
    scan,
    value_and_grad,
    vmap,
    while_loop,
)

V, W = np.array([0.5, -2.0, 3.5]), np.array([1.0, -1.0, 0.0])


def values(numbers):
    return array(np.frompyfunc(Value, 1, 1)(np.asarray(numbers, dtype=float)))


def plain(result):
    """Nested lists of Python's numbers, and the kinds of what holds them."""
    if isinstance(result, tuple | list):
        items = [plain(item) for item in result]
        return [item[0] for item in items], [item[1] for item in items]
    if isinstance(result, np.ndarray) and result.dtype == object:
        assert {type(item) for item in result.flat} <= {Value, float}
        return np.frompyfunc(lambda x: getattr(x, "data", x), 1, 1)(result).tolist(), float
    if isinstance(result, np.ndarray | np.generic):
        return result.tolist(), {"b": bool, "i": int, "f": float}[result.dtype.kind]
    return (result.data, float) if isinstance(result, Value) else (result, type(result))


RUNS = {
    "eager": lambda f: lambda *args: f(*map(values, args)),
    "llvm": lambda f: jit(f, backend="llvm"),
    "interpreter": lambda f: jit(f, backend="interpreter"),
    "beside a derivative": lambda f: jit(
        lambda v, w: value_and_grad(lambda u: ((u * u).sum(), f(u, w)), has_aux=True)(v)[0][1]
    ),
}


def changed(array, key, item):
    array = array.copy()
    array[key] = item
    return array


def increased(array, by):
    array = array.copy()
    array += by
    return array


# What NumPy itself computes of plain arrays is expected.
LIKE_NUMPY = {
    "orders": lambda v, w: (np.argsort(v), v.argsort(), np.argpartition(v, 1), np.argmax(v), v.argmin()),
    "places": lambda v, w: (np.nonzero(v > 0), np.flatnonzero(v), np.argwhere(v > 0), np.argmax(v[:, None] * w, 1)),
    "counts": lambda v, w: (np.count_nonzero(v), np.count_nonzero(v > 0), (v > 0).sum(), np.sum(v[None] > 0, axis=0)),
    "running sums": lambda v, w: (np.cumsum(v > 0), (v > 0).cumprod(), np.cumsum(v > 0, dtype=float)),
    "constants": lambda v, w: (np.arange(3), 7, True, len(v), np.zeros(2, dtype=bool)),
    "chosen numbers": lambda v, w: (np.where(v > 0, 1, 0), np.where(v > 0, 1, v > w), np.select([v > 0], [2])),
    "chosen truths": lambda v, w: (~np.where(v > 0, w > 0, v > 1), ~autograd.where(v > 0, w > 0, v > 1)),
    "parts": lambda v, w: (~(v > 0)[[0, 2]], ~(v > 0)[1], ~(v > 0)[::-1], np.take(v > 0, [2, 0]), (v > 0)[v.argmax()]),
    "shapes": lambda v, w: (~(v > 0).reshape(3, 1), ~(v > 0)[None].T, np.squeeze([v > 0]), np.tril(v > w[:, None])),
    "joined": lambda v, w: (~np.concatenate([v > 0, w > 0]), ~np.stack([v > 0, w > 0]), np.append(v > 0, True)),
    "joined with numbers": lambda v, w: (np.stack([v > 0, np.arange(3)]), np.concatenate([v > 0, w]), np.append(v, 1)),
    "moved": lambda v, w: (np.roll(v > 0, 1), np.repeat(v > 0, 2), np.tile(v > 0, 2), np.flip(np.argsort(v))),
    "like": lambda v, w: (np.zeros_like(v > 0), np.ones_like(np.argsort(v)), np.full_like(v > 0, True)),
    "operators of truths": lambda v, w: (
        (v > 0) + (w > 0), (v > 0) * (w > 0), (v > 0) | (w > 0), (v > 0) ^ (w > 0), abs(v > 0), (v > 0) < (w > 0),
        (v > 0)[0] + (w > 0)[0], (v > 0)[0] * (w > 0)[2], (v > 0).any() + (w > 0).any(),
    ),
    "truths with numbers": lambda v, w: ((v > 0) * 2, (v > 0) + 1, (v > 0) * v, (v > 0) / 2, (v > 0)[0] - 3),
    "truths combined": lambda v, w: (
        (v > 0).max(), np.min(v > 0), np.max(v[None] > 0, axis=0), (v > 0).mean(), np.prod(v > 0), np.var(v > 0),
        np.logical_xor.reduce(v > 0), np.maximum.accumulate(v > 0), (v > 0).all(), np.trace((v > 0)[None]),
        np.sort(v > 0),
    ),
    "products of truths": lambda v, w: ((v > 0) @ (w > 0), np.outer(v > 0, w > 0), np.einsum("i,i", v > 0, w > 0)),
    "products": lambda v, w: (np.dot(v > 0, np.argsort(v)), np.argsort(v) @ np.arange(3), (v > 0) @ v),
    "turned": lambda v, w: ((v > 0).astype(int), (v > 0).astype(float), np.argsort(v).astype(bool), v.astype(float)),
    "arithmetic": lambda v, w: (
        np.argsort(v) - 2, -np.argsort(v), np.argsort(v) * np.arange(3), np.argsort(v) ** 3, np.argsort(v) / 2,
        np.argsort(v) + 0.5, np.square(np.argsort(v)), np.sign(-np.argsort(v)), np.ptp(np.argsort(v)),
        np.median(np.argsort(v)),
    ),
    "quotients": lambda v, w: (
        np.where(v > 0, 7, -7) // 3, np.where(v > 0, 7, -7) % -3, np.arange(3) // np.where(v > 0, 1, 0),
        np.arange(3) % np.where(v > 0, 2, 0), np.divmod(np.where(v > 0, 7, -7), 3),
    ),
    "of the shape of all operands": lambda v, w: (
        np.where(True, 0.0, v), np.where(np.False_, v > 0, True), np.heaviside(1.0, v), np.argsort(v) ** False,
        np.cumsum(v > 0) // 0, (v > 0) % 0, np.fmod(np.cumsum(v > 0), 0), np.divmod(np.cumsum(v > 0)[:, None], [0, 0]),
    ),
    "zeros without a sign": lambda v, w: (1.0 / (np.where(v > 9, 1, 0) * -1), 1.0 / -np.where(v > 9, 1, 0)),
    "limits": lambda v, w: (np.clip(v > 0, 0, 1), np.maximum(np.argsort(v), 1), np.min(np.argsort(v), initial=1)),
    "written": lambda v, w: (
        changed(v > 0, 1, w[0] > 0), changed(np.where(v > 0, 1, 0), 0, 5), increased(np.argsort(v), 1),
        changed(v, slice(2), [1, 2]) ** 2, changed(v, 0, 3) // 2,
    ),
    "indices": lambda v, w: (v[np.argsort(v)], v[np.where(v > 0, 1, 0)], v[(v > 0).sum()], v[np.cumsum(v > 0)]),
    "scan over truths": lambda v, w: scan(lambda s, b: (s ^ b, ~b), w[0] > 0, v > 0),
    "scan over whole numbers": lambda v, w: scan(lambda s, i: (s + i, v[i] * V[0]), 0, np.arange(3)),
    "vmap over truths": lambda v, w: (
        vmap(lambda b: ~b)(v > 0), vmap(lambda b, c: b & c)(v > 0, w > 0), vmap(lambda b: ~b)((v > 0)[None]),
        vmap(lambda b: 1 if b else 0)(v > 0), vmap(lambda x: x > 0, reduce="sum")(v), vmap(lambda x: {"i": 1})(v)["i"],
    ),
    "vmap over whole numbers": lambda v, w: (vmap(lambda i: v[i])(np.arange(3)), vmap(lambda i: i // 2)(np.arange(3))),
    "states of truths": lambda v, w: (
        fori_loop(0, 3, lambda i, m: ~m, v > 0), fori_loop(0, 3, lambda i, a: a | (i == 2), False),
        while_loop(lambda m: m.any(), lambda m: m & (w > 0) & (v < 0), v > 0),
    ),
    "states of whole numbers": lambda v, w: (
        fori_loop(0, 3, lambda i, k: k + i, 0), fori_loop(0, np.argmax(v), lambda i, k: k * 2, 1),
        while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, s[1] + v[s[0]]), (0, 0.0)),
        fori_loop(0, 3, lambda i, a: a + i, np.arange(3)), fori_loop(0, 2, lambda i, k: k + i % 2 + i // 2, 0),
    ),
    "states that become floats": lambda v, w: (
        fori_loop(0, 3, lambda i, s: s + v[i], 0), fori_loop(0, 3, lambda i, s: i, 0.5),
        fori_loop(0, 2, lambda i, a: a + 0.5, np.arange(3)), fori_loop(0, 60, lambda i, s: s * 2, 1),
    ),
    "branches": lambda v, w: (
        cond(v[0] > 0, lambda: v > 0, lambda: w > 0), ~cond(v.sum() > 0, lambda m: m, lambda m: ~m, v > 0),
        cond(v[0] > 0, lambda: 1, lambda: 2), cond(v[0] > 0, lambda: True, lambda: v[1] > 0),
    ),
    "functions of floats": lambda v, w: (
        autograd.sum(v > 0), autograd.mean(np.argsort(v)), autograd.prod(v > 0), autograd.dot(v > 0, w > 0),
        autograd.add(v > 0, w > 0), autograd.maximum(np.argsort(v), 1), autograd.softmax((v > 0) & (w > 9)),
        autograd.stop_gradient(v > 0), autograd.stop_gradient(np.argsort(v)),
    ),
    "no elements": lambda v, w: (
        v[:0] > 0, ~(v[:0] > 0), (v[:0] > 0).sum(), (v[:0] > 0).any(), np.argsort(v[:0]), np.cumsum(v[:0] > 0),
        np.concatenate([v[:0], v]), v[:0].sum(), np.isnan(v[:0]), changed(v, slice(0), v[:0]),
        np.where(v[:0] > 0, 1, 0),
    ),
    "arrays of an array": lambda v, w: (~array(v > 0), array(np.arange(3)) * 2, array([1, 2])),
}  # fmt: skip


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize("f", LIKE_NUMPY.values(), ids=LIKE_NUMPY)
def test_values_and_kinds_are_those_of_numpy(f, run):
    with np.errstate(all="ignore"):
        assert plain(run(f)(V, W)) == plain(f(V, W))


def test_whole_numbers_beyond_those_that_a_float_counts_are_floats():
    for run in (lambda f: f, jit):
        found = run(lambda x: fori_loop(0, 53, lambda i, s: s * 2, 1) * (x > 0))(1.0)
        assert (found, type(found)) == (2**53, int)
        found = run(lambda x: fori_loop(0, 54, lambda i, s: s * 2, 1))(1.0)
        assert (found, type(found)) == (2.0**54, float)


# The derivative of what goes through them, by hand.
DERIVATIVES = {
    "a mask times": (lambda u: (u * (u > 0)).sum(), [1.0, 0.0, 1.0]),
    "an order": (lambda u: (u[np.argsort(u)] * np.arange(3)).sum(), [1.0, 0.0, 2.0]),
    "a count": (lambda u: u[(u > 0).sum()] * np.cumsum(u > 0)[2], [0.0, 0.0, 2.0]),
    "a scan": (
        lambda u: scan(lambda s, p: (s + np.where(~p[0], p[1], 0), None), 0, (u > 0, u * u))[0], [0.0, -4.0, 0.0]
    ),
    "a batch": (lambda u: vmap(lambda b, x: np.where(~b, x * x, 3 * x), reduce="sum")(u > 0, u), [3.0, -4.0, 3.0]),
    "a loop": (
        lambda u: fori_loop(0, 2, lambda i, s: (~s[0], s[1] + u[i] * s[0].sum()), (u > 0, 0))[1], [2.0, 1.0, 0.0]
    ),
}  # fmt: skip


@pytest.mark.parametrize("run", [lambda f: f, jit, lambda f: jit(f, backend="interpreter")])
@pytest.mark.parametrize(("f", "expected"), DERIVATIVES.values(), ids=DERIVATIVES)
def test_derivatives_pass_beside_them(f, expected, run):
    assert run(grad(f))(V).tolist() == expected


REFUSED = {
    "difference": (lambda v, w: (v > 0) - (w > 0), TypeError, "boolean subtract"),
    "negative": (lambda v, w: -(v > 0), TypeError, "boolean negative"),
    "difference of elements": (lambda v, w: (v > 0)[0] - (w > 0)[0], TypeError, "subtract"),
    "negative of an element": (lambda v, w: -(v > 0)[0], TypeError, "negative"),
    "invert": (lambda v, w: ~v, TypeError, "invert"),
    "written floats": (lambda v, w: changed(np.where(v > 0, 1, 0), 0, v[0]), TypeError, "float"),
    "added floats": (lambda v, w: increased(np.where(v > 0, 1, 0), 0.5), TypeError, "float"),
    "whole numbers of floats": (lambda v, w: v.astype(int), TypeError, "numpy.floor"),
}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize(("f", "kind", "said"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_meaning_is_refused(f, kind, said, run):
    with pytest.raises(kind, match=said):
        run(f)(V, W)


MASKS = {
    "beside an index": lambda v, w: (v[:, None] * w)[v > 0, 0],
    "of a later axis": lambda v, w: (v[:, None] * w)[:, v > 0],
    "a truth of an array": lambda v, w: v[(v > 0)[0]],
    "a comparison": lambda v, w: v[v[0] > 0],
    "a list of comparisons": lambda v, w: v[[v[0] > 0, v[1] > 0, v[2] > 0]],
    "written": lambda v, w: changed(v[:, None] * w, (v > 0, 0), 9.0),
}


@pytest.mark.parametrize("f", MASKS.values(), ids=MASKS)
def test_a_mask_in_a_key_is_never_taken_for_places(f):
    with pytest.raises(TraceError, match="a mask chooses"):
        jit(f)(V, W)


OUTSIDE = {
    "a loop's index": lambda v: fori_loop(0, 3, lambda i, s: s + V[i], 0.0),
    "a batch's index": lambda v: vmap(lambda i: V[i])(np.arange(3)),
    "a state": lambda v: while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, s[1] + V[s[0]]), (0, 0.0)),
    "a place": lambda v: V[np.argmax(v)],
    "places": lambda v: V[np.where(v > 0, 1, 0)],
    "taken": lambda v: np.take(V, np.where(v > 0, 1, 0)),
    "a list": lambda v: [0.5, -2.0, 3.5][np.argmax(v)],
}


@pytest.mark.parametrize("f", OUTSIDE.values(), ids=OUTSIDE)
def test_an_array_outside_at_a_computed_place_names_the_cure(f):
    f(V)  # which works
    with pytest.raises((IndexError, TypeError, TraceError), match=r"autograd\.array\(data\)\[i\]"):
        jit(f)(V)
