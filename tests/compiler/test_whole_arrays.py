"""Whole arrays in compiled functions: each operation at sizes around every threshold, against the eager engine."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
from autograd import TraceError, array, checkpoint, cond, fori_loop, grad, hvp, jacfwd, jit, jvp, scan, vmap, while_loop
from autograd.program import lowering
from autograd.program.lowering import lowered
from autograd.program.simplify import arrays as simplify_arrays
from autograd.program.tracing.arrays import derivatives as array_derivatives
from autograd.transforms import derivatives

SIZES = (1, 2, 7, 8, 9, 17)
LARGE = (4095, 4097)
# Of which the way back keeps the array of each trip, or which take an array for each of its numbers, or many numbers.
LESS = {"assignment in a loop": (511, 513), "a batch of what it shares": (33, 65), "column_stack": (511, 513)}


def _assigned(x):
    y = x * 1.0
    y[1:] = y[:-1] * x[1:]
    y[0] = x[-1] * x[-1]
    y[-1] += 2.0 * x[0]
    part = y[::2]
    part *= 1.5
    return y


def _filled(x):
    def step(i, y):
        y[i] = 0.5 * y[i - 1] + x[i] * x[i]
        return y

    return fori_loop(1, len(x), step, x * 1.0)


def _added_at(x):
    y = x * x
    np.add.at(y, np.arange(len(x)) // 2, 2.0 * x)
    return y


def _in_place(x):
    y = np.stack([x, x * x])
    np.fill_diagonal(y, x[-1] * 2.0)
    np.putmask(y, np.arange(y.size).reshape(y.shape) % 3 == 1, x * 3.0)
    np.put(y, [-1, 0], x[:2])
    np.place(y, np.arange(y.size).reshape(y.shape) % 4 == 2, x[:1] * x[:3])
    np.put_along_axis(y, np.array([[0], [-1]]), x[-1] * x[0], axis=1)
    np.putmask(y, y > 0.9, 0.9)
    return y


# Of a vector: an array or a number.
VECTORS = {
    "elementwise": lambda x: np.sin(x) * x + np.exp(-x * x),
    "broadcasting": lambda x: x[:, None] * x[:3] - x[:1],
    "slices": lambda x: x[1:] * x[:-1],
    "strides": lambda x: x[::-2] * x[::-2] + x[-1],
    "new axes": lambda x: (x[None, :, None] * x[:2, None, None])[..., 0],
    "reshape": lambda x: x[: len(x) // 2 * 2].reshape(-1, 2)[:, ::-1] ** 2,
    "transpose": lambda x: np.stack([x, x * x]).T[::2],
    "concatenate": lambda x: np.concatenate([x, x[:2] * 2.0, x * x]),
    "stack": lambda x: np.stack([x, np.cos(x), x], axis=1),
    "a batch of what it shares": lambda x: vmap(lambda a: np.sum(np.sin(x * a)) + x[0] * a)(x),
    "column_stack": lambda x: np.column_stack((np.ones(len(x)), x, np.stack([x, x * x], axis=1))) ** 2,
    "copy": lambda x: np.copy(x) * np.copy(x),
    "delete": lambda x: np.delete(np.stack([x, x * x]), slice(0, None, 3), axis=1) * np.sum(np.delete(x, [0, -1])),
    "insert": lambda x: np.insert(x * x, [0, len(x)], x[:1]) ** 2,
    "block": lambda x: np.block([[x, x[:2]], [x * x, np.ones(2 if len(x) > 1 else 1)]]) ** 2,
    "diag": lambda x: np.sum(np.diag(x[:5], 1) * x[0] + np.diagflat(x[-5:]).sum(), axis=0),
    "in place": _in_place,
    "full": lambda x: np.full(len(x), x[0]) * x,
    "linspace": lambda x: np.linspace(x[0], x[-1], len(x)) * x,
    "convolve": lambda x: np.correlate(x, [0.5, -1.0, 2.0], "same")[: len(x)] * np.convolve(x[:3], x)[: len(x)],
    "cross": lambda x: np.cross(np.stack([x, x * x, np.sin(x)], axis=1), x[:1] * np.ones(3)),
    "vander": lambda x: np.vander(x, 4) * np.vander(x, 4, increasing=True),
    "where": lambda x: np.where(x > 0.1, np.sqrt(np.abs(x)), x * x),
    "sum": lambda x: np.sum(x * x * x),
    "sum of an axis": lambda x: np.sum(x[:, None] * x[None, :5], axis=0) ** 2,
    "mean": lambda x: np.mean(x * x) * x,
    "prod": lambda x: np.prod(1.0 + 0.01 * x),
    "max": lambda x: np.max(x * x),
    "min of an axis": lambda x: np.min((x[:, None] - x[:4]) ** 2 + x[:4], axis=1),
    "argmax": lambda x: x[np.argmax(x)] ** 3,
    "any and all": lambda x: np.where(np.any(x > 1.0) & np.all(x > -9.0), x * x, x),
    "cumsum": lambda x: np.cumsum(x) * x,
    "cumprod": lambda x: np.cumprod(1.0 + 0.01 * x),
    "dot": lambda x: np.dot(x, x * x),
    "matrix product": lambda x: (x[:, None] * x[:3]).T @ np.stack([x, x * x], axis=1),
    "einsum": lambda x: np.einsum("i,j,i->j", x, x[:4], x),
    "indices": lambda x: x[[0, -1, 0]] * x[[0, 0, -1]],
    "mask": lambda x: x[np.arange(len(x)) % 3 == 0] ** 2,
    "computed indices": lambda x: x[np.argmin(x[:, None] * x[:2], axis=0)] ** 2,
    "take": lambda x: np.take(x, [[0, 0], [-1, 0]]) ** 2,
    "assignment": _assigned,
    "assignment in a loop": _filled,
    "addition at places": _added_at,
    "clipped": lambda x: np.clip(x, -0.5, 0.5) * x,
    "roll and tile": lambda x: np.roll(x, 1) * np.tile(x[:1], len(x)),
    "logsumexp": lambda x: autograd.logsumexp(x) * autograd.softmax(x),
    "loop's index": lambda x: fori_loop(0, len(x), lambda i, s: s + x[i] * x[len(x) - 1 - i] * x[0], 0.0),
    "loop's state": lambda x: fori_loop(0, 3, lambda i, y: 0.5 * y + np.sin(y[::-1]), x),
    "scan": lambda x: scan(lambda s, r: (s * 0.5 + r, s * r), x[:2], x[:, None] * x[:2])[1],
    "while_loop": lambda x: while_loop(lambda y: np.sum(y * y) < 50.0 * len(x), lambda y: 1.5 * y + 0.5, x, 60),
    "cond": lambda x: cond(x[0] > 0.0, lambda y: y * y, lambda y: y[::-1] * 2.0, x),
    "vmap": lambda x: vmap(lambda a, r: np.sum(a * r) * r, in_axes=(0, None))(x[:3], x),
    "vmap of columns": lambda x: vmap(lambda c: np.max(c) * c, in_axes=1, out_axes=1)(x[:, None] * x[:2]),
}


def point(size):
    return np.random.default_rng(size).uniform(-1.3, 1.3, size)


def weights(result):
    return np.cos(np.arange(float(np.size(result)))).reshape(np.shape(result))


def three_orders(f):
    """The value, the gradient of a weighted sum, and its derivative along a direction."""
    def weighted(x):
        result = f(x)
        return np.sum(result * weights(result))

    def orders(x):
        along = np.sin(1.0 + np.arange(float(len(x))))
        return f(x), grad(weighted)(x), hvp(weighted, (x,), (along,))

    return orders


def plain(item):
    return np.asarray(item, dtype=float)


@pytest.mark.parametrize("name", VECTORS)
@pytest.mark.parametrize("backend", ["interpreter", "llvm"])
def test_an_operation_is_that_of_the_eager_engine_up_to_order_two(name, backend):
    orders = three_orders(VECTORS[name])
    for size in SIZES if backend == "interpreter" else (1, 8, 17):
        x = point(size)
        compiled = jit(orders, backend=backend)
        for found, expected in zip(compiled(x), orders(x), strict=True):
            assert plain(found) == pytest.approx(plain(expected), rel=1e-11, abs=1e-12), (name, size)


@pytest.mark.parametrize("name", VECTORS)
def test_a_large_array_is_one_value(name):
    recorded = []
    for size in LESS.get(name, LARGE):
        x = point(size)
        compiled = jit(VECTORS[name])
        assert plain(compiled(x)) == pytest.approx(plain(VECTORS[name](x)), rel=1e-9, abs=1e-9), (name, size)
        recorded.append(compiled.graph.size)
    assert recorded[0] == pytest.approx(recorded[1], abs=4)
    compiled = jit(three_orders(VECTORS[name]))
    for found, expected in zip(compiled(x), three_orders(VECTORS[name])(x), strict=True):
        assert plain(found) == pytest.approx(plain(expected), rel=1e-9, abs=1e-9), (name, size)
    assert compiled.graph.size < 900


@pytest.mark.parametrize("name", VECTORS)
def test_thresholds_move_no_bit(name, monkeypatch):
    orders = three_orders(VECTORS[name])
    x = point(17)
    graph = jit(orders, backend="interpreter")
    before = graph(x)
    found = []
    for small in (0, 64):
        monkeypatch.setattr(lowering, "SMALL", small)
        monkeypatch.setattr(array_derivatives, "_PACKED", small)
        monkeypatch.setattr(array_derivatives, "_CHOSEN", small // 4)
        monkeypatch.setattr(array_derivatives, "_ADDED", small)
        monkeypatch.setattr(derivatives, "_FEW", small // 2)
        monkeypatch.setattr(derivatives, "_SMALL", 16 * small)
        monkeypatch.setattr(simplify_arrays, "_KNOWN", 64 * small)
        compiled = jit(orders)
        found.append([plain(item).tobytes() for item in compiled(x)])
        assert lowered(compiled.graph).size > 0
    assert found[0] == found[1]
    assert [plain(item) for item in before] == [pytest.approx(np.frombuffer(item).reshape(np.shape(plain(one))))
                                                for item, one in zip(found[0], before)]


def test_a_million_numbers_against_numpy():
    x = point(1_000_000)
    value, slope = jit(lambda x: (np.sum(np.exp(x) * x), grad(lambda x: np.sum(np.exp(x) * x))(x)))(x)
    assert value == pytest.approx(np.sum(np.exp(x) * x), rel=1e-13)
    assert slope == pytest.approx(np.exp(x) * (x + 1.0), rel=1e-14)
    assert jit(np.argmax)(x) == np.argmax(x)
    assert jit(grad(np.max))(x).nonzero()[0].tolist() == [np.argmax(x)]
    assert jit(np.cumsum)(x)[-1] == np.cumsum(x)[-1]
    assert jit(lambda x, i: x[i])(x, np.array([3, 999_999, -1])).tolist() == x[[3, 999_999, -1]].tolist()


@pytest.mark.parametrize("backend", ["interpreter", "llvm"])
def test_an_array_of_nothing(backend):
    x = np.zeros(0)
    for f, expected in (
        (lambda x: np.sum(x), 0.0), (lambda x: np.prod(x), 1.0),
        (lambda x: np.sum(x[:, None] * np.ones(3), axis=0), [0.0] * 3),
        (lambda x: np.concatenate([x, x + 1.0]), []), (lambda x: x[::2] * 2.0, []), (lambda x: np.cumsum(x), []),
    ):  # fmt: skip
        assert plain(jit(f, backend=backend)(x)).tolist() == expected
    assert jit(grad(lambda x: np.sum(x * x)), backend=backend)(x).shape == (0,)
    with pytest.raises(ValueError, match="zero-size|one at least"):
        jit(np.max, backend=backend)(x)


def test_what_is_not_gathered_has_no_derivative():
    x = np.array([0.0, 4.0, 0.0, 9.0])
    f = lambda x: np.sum(np.sqrt(x)[np.array([1, 3, 3])])  # whose slope is infinite at 0
    assert jit(grad(f))(x).tolist() == [0.0, 0.25, 0.0, 1.0 / 3.0]
    assert jit(lambda x: jvp(f, (x,), (np.array([1.0, 0.0, 1.0, 0.0]),)))(x)[1] == 0.0
    assert jit(jacfwd(lambda x: np.sqrt(x)[1:2]))(x).tolist() == [[0.0, 0.25, 0.0, 0.0]]


def test_a_place_that_is_none_is_named():
    for backend in ("interpreter", "llvm"):
        pick = jit(lambda x, i: x[i] * 2.0, backend=backend)
        assert pick(np.array([1.0, 2.0, 3.0]), -1.0) == 6.0
        with pytest.raises(IndexError, match="index 3 is out of bounds for axis 0 with length 3"):
            pick(np.array([1.0, 2.0, 3.0]), 3.0)
        with pytest.raises(IndexError, match=r"index 0.5 for axis 0 with length 3 is no whole number"):
            pick(np.array([1.0, 2.0, 3.0]), 0.5)
        rows = jit(lambda x, i: x[1:, i], backend=backend)
        with pytest.raises(IndexError, match="index -5 is out of bounds for axis 1 with length 4"):
            rows(np.ones((3, 4)), np.array([0, -5]))


def test_a_constant_table_is_indexed_by_a_loops_position():
    table = np.array([3.0, 1.0, 4.0])
    f = lambda x: fori_loop(0, 3, lambda i, s: s * x + array(table)[i], 0.0)
    assert jit(f)(2.0) == (3.0 * 2.0 + 1.0) * 2.0 + 4.0


def test_an_array_is_written_to_where_it_stands():
    def steps(count):
        def step(i, y):
            y[i] = y[i - 1] + 1.0
            return y

        return jit(lambda x: fori_loop(1, count, step, x))

    count = 200_000  # with a copy in each trip this would take a minute
    assert steps(count)(np.zeros(count))[-1] == count - 1.0


def test_a_long_recording_says_so_and_where():
    def total(x):
        result = 0.0
        for i in range(26_000):
            result = result * 0.5 + x * float(i)
        return result

    with pytest.warns(RuntimeWarning, match="50,000 operations") as caught:
        jit(total, backend="interpreter")(1.0)
    assert caught[0].filename == __file__


def test_an_element_that_is_gathered_more_than_once_has_all_shares():
    x = np.array([1.0, 2.0, 3.0])
    slope = np.cos(1.0)
    for f, expected in (
        (lambda x: np.max(np.sin(x)[[0, 0, 0]]), slope), (lambda x: np.sum(np.sin(x)[[0, 0, 1]][:1]), slope),
        (lambda x: np.sin(x)[[0, 0, 0]][0] * np.sin(x)[[0, 0, 0]][1], 2.0 * np.sin(1.0) * slope),
        (lambda x: np.sin(x)[np.floor(x * 0.0)][0], slope),
        (lambda x: fori_loop(0, 2, lambda i, s: s + np.sin(x)[[0, 0, 0]][i], 0.0), 2.0 * slope),
    ):  # fmt: skip
        for backend in ("interpreter", "llvm"):
            assert jit(grad(f), backend=backend)(x).tolist() == pytest.approx([expected, 0.0, 0.0], rel=1e-15)


def test_whole_numbers_are_those_of_this_recording():
    def f(x):
        for _ in range(20):
            vmap(lambda r: r[np.argmax(r)])(x)
        return [x[0, 0] * 0.5 + k * 0.1 for k in range(60)]

    for _ in range(3):
        found = jit(f, backend="interpreter")(np.array([[0.3, 0.2, 0.5]]))
        assert found == pytest.approx([0.15 + k * 0.1 for k in range(60)], rel=1e-13)
        assert {*map(type, found)} == {float}
    assert type(jit(np.argmax)(np.array([1.0, 3.0]))) is int
    assert jit(lambda x: np.argmax(x, axis=1))(np.array([[1.0, 3.0]])).dtype == int


def test_an_argument_of_truths_is_a_mask():
    x, mask = np.array([3.0, 1.0, 2.0]), np.array([True, False, True])

    def cleared(x, i):
        y = x * 1.0
        y[i] = 0.0
        return y

    compiled = jit(cleared)
    assert compiled(x, mask).tolist() == [0.0, 1.0, 0.0]
    assert compiled(x, np.array([1, 0, 1])).tolist() == [0.0, 0.0, 2.0]
    assert jit(lambda x, i: np.where(i, x, 0.0))(x, mask).tolist() == [3.0, 0.0, 2.0]


def test_a_part_without_axes_is_a_part():
    def f(x):
        y = x * 1.0
        part = y[..., 1]
        part += 5.0
        other = y[0, ...]
        other[...] = 2.0 * x[0]
        return y

    for run in (jit(f), jit(f, backend="interpreter")):
        assert run(np.array([1.0, 2.0])).tolist() == [2.0, 7.0]
    assert jit(grad(lambda x: f(x)[1] ** 2))(np.array([1.0, 2.0])).tolist() == [0.0, 14.0]


def test_numpys_own_code_sees_the_elements_of_a_small_array():
    x = np.arange(4.0)
    assert jit(lambda x: np.asarray(x) * 2.0)(x).tolist() == [0.0, 2.0, 4.0, 6.0]
    assert jit(grad(lambda x: np.sum(np.asarray(x) ** 2)))(x).tolist() == [0.0, 2.0, 4.0, 6.0]
    first = lambda x: np.meshgrid(x[:2], x[2:])[0]  # which sets the shape of an array
    assert jit(first)(x).tolist() == first(x).tolist()
    with pytest.raises(TraceError, match="asanyarray"):
        jit(lambda x: np.asarray(x) * 2.0)(np.arange(1000.0))


def test_views_and_copies_are_those_of_numpy_or_an_error():
    m = np.arange(12.0).reshape(3, 4)

    def broadcast(m):
        y = m * 1.0
        seen = np.broadcast_to(y[0], (2, 4))
        y[0, 1] = 9.0
        return seen * 1.0

    def reshaped(m):
        y = m * 1.0
        flat = y.reshape(12)
        flat[5] = 7.0
        y.shape = (4, 3)
        y[0] = y[3]
        return y

    for f in (broadcast, reshaped):
        assert jit(f)(m).tolist() == f(m).tolist()

    def taken_before(take):
        def f(m):
            y = m.T * 1.0
            part = take(y)
            y[1, 1] = 9.0
            return part * 1.0

        return f

    for take in (lambda y: y.reshape(12), np.diagonal):  # of which NumPy makes a copy, and a part
        assert jit(lambda m, take=take: take(m.T * 1.0) * 1.0)(m).tolist() == take(m.T * 1.0).tolist()
    with pytest.raises(TraceError, match=r"x\.copy\(\)"):
        jit(taken_before(lambda y: y.reshape(12)))(m)
    assert jit(taken_before(np.diagonal))(m).tolist() == taken_before(np.diagonal)(m).tolist()


def test_truths_stay_truths_and_numbers_made_of_them_do_not():
    x = np.array([1.0, -2.0, 3.0])

    def written(as_numbers):
        def f(x):
            y = (x > 0.0).astype(float) if as_numbers else x > 0.0
            y[0] = 0.5
            return y

        return f

    assert jit(written(True))(x).tolist() == [0.5, 0.0, 1.0]
    assert jit(written(False))(x).tolist() == [True, False, True]


def test_a_body_writes_to_arrays_of_its_own():
    x = np.array([0.25, 0.5])

    def write(y):
        y[0] = y[1] * 3.0
        return y

    for through in (
        checkpoint, jit, lambda f: lambda y: fori_loop(0, 1, lambda i, s: f(s), y),
        lambda f: lambda y: cond(y[0] > 0.0, f, f, y), lambda f: lambda y: scan(lambda s, r: (f(s), r), y, [1.0])[0],
        lambda f: lambda y: while_loop(lambda s: s[0] < 1.0, f, y, 3),
    ):  # fmt: skip
        def f(x, through=through):
            y = x * 1.0
            return np.stack([through(write)(y), y])

        for run in (f, jit(f), lambda x: jvp(f, (x,), (np.ones(2),))[0]):
            assert plain(run(x)).tolist() == [[1.5, 0.5], [0.25, 0.5]]


def test_a_small_array_fills_a_large_one_without_a_step_for_each_number():
    compiled = jit(lambda v: np.broadcast_to(v * 2.0, (2000, 4)))
    assert compiled(np.arange(4.0))[1999].tolist() == [0.0, 2.0, 4.0, 6.0]
    assert len(compiled.llvm_ir().splitlines()) < 500


def test_what_samples_read_of_a_shared_array_is_added_where_it_was_read():
    points = np.random.default_rng(3).uniform(-1.0, 1.0, (40, 3))
    first, second = (np.random.default_rng(seed).integers(0, 40, 300) for seed in (1, 2))

    def energy(p):
        pair = lambda i, j: 1.0 / (np.sum((p[i] - p[j]) ** 2) + 0.5)
        return vmap(pair, reduce="sum")(first.astype(float), second.astype(float))

    difference = points[first] - points[second]
    force = -2.0 * difference / (np.sum(difference**2, axis=1, keepdims=True) + 0.5) ** 2
    expected = np.zeros((40, 3))
    np.add.at(expected, first, force)
    np.add.at(expected, second, -force)
    for backend in ("interpreter", "llvm"):
        compiled = jit(grad(energy), backend=backend)
        assert compiled(points) == pytest.approx(expected, rel=1e-12, abs=1e-13)
        sums = [
            kind
            for operation in compiled.graph.operations
            if operation.name == "loop"
            for kind in operation.results(())[operation.carried + operation.stacked :]
        ]
        assert (40, 3) not in sums  # no sample sums an array of which it read six numbers


# Of X (n, 5) and Y (n, 7): sums over many rows of arrays that batches inside of the rows' batch make.
SUMS_OF_ARRAYS = {
    "a transposed product": lambda X, Y: X.T @ Y,
    "two of them, and one row": lambda X, Y: (X.T @ (Y * Y), np.sum(X, axis=0), Y.T @ X),
    "terms that are a result, too": lambda X, Y: (np.sum(X[:, :, None] * Y[:, None, :], axis=0),
                                                  X[:, :, None] * Y[:, None, :]),
    "one term in two sums": lambda X, Y: (lambda P: (np.sum(P, axis=0), np.sum(P * X[:, :1, None], axis=0)))(
        X[:, :, None] * Y[:, None, :]),
    "three axes": lambda X, Y: np.einsum("ni,nj,nk->ijk", X, Y, X[:, :3]),
    "by samples": lambda X, Y: vmap(lambda x, y: np.outer(x, y) * y[0], reduce="sum")(X, Y),
    "stacks of stacks": lambda X, Y: vmap(lambda x, y: vmap(lambda a: vmap(lambda b: np.sqrt(a * a + b))(y * y))(x))(
        X, Y),
    "in a loop": lambda X, Y: scan(lambda s, x: (s + x[0], vmap(lambda a: a * s + x)(x)), X[0, 0], X)[1],
    "what is shared is gone through": lambda X, Y: vmap(lambda x: X.T @ (X @ x))(X),
}  # fmt: skip


@pytest.mark.parametrize("rows", [1, 8, 17, 33])
@pytest.mark.parametrize("name", SUMS_OF_ARRAYS)
def test_sums_of_arrays_have_the_bits_of_the_reference(name, rows):
    source = np.random.default_rng(rows)
    X, Y = np.round(source.standard_normal((rows, 5)), 6), np.round(source.standard_normal((rows, 7)), 6)
    f = SUMS_OF_ARRAYS[name]
    found, expected = jit(f)(X, Y), jit(f, backend="interpreter")(X, Y)
    pairs = zip(found, expected) if isinstance(found, tuple) else [(found, expected)]
    for one, other in pairs:
        assert plain(one).tobytes() == plain(other).tobytes()


def test_a_product_of_a_thousand_rows_and_its_derivatives():
    source = np.random.default_rng(4)
    X, Y, W = source.standard_normal((1000, 5)), source.standard_normal((1000, 7)), source.standard_normal((5, 7))
    value, slope = jit(lambda X, Y, W: (X.T @ Y, grad(lambda W: np.sum((X @ W - Y) ** 2))(W)))(X, Y, W)
    assert value == pytest.approx(X.T @ Y, rel=1e-12, abs=1e-12)
    assert slope == pytest.approx(2.0 * X.T @ (X @ W - Y), rel=1e-11, abs=1e-10)


def test_what_samples_share_is_made_once_in_memory_of_its_own():
    x = np.linspace(0.5, 2.0, 15)
    f = lambda p: vmap(lambda q: x[:3] * q)(x)
    assert jit(vmap(f, reduce="mean"))(x) == pytest.approx(np.outer(x, x[:3]), rel=1e-13)
    m, rows = np.linspace(-1.0, 1.0, 17), np.linspace(0.2, 3.0, 9)
    pair = lambda p, r: vmap(lambda a, q: (a * q, q * r, np.sum(q * r)))(np.sin(p) * np.ones(17), r)
    for first, second in ((9, 17), (3, 17)):
        p, r = rows[:first], np.broadcast_to(m[:second], (first, second))
        found = jit(vmap(pair))(p, r)
        assert found[1].tolist() == np.broadcast_to(np.outer(m, m), (first, second, second)).tolist()
    columns = np.arange(289.0).reshape(17, 17) / 289.0
    g = lambda x: (lambda y: y.T @ y)(np.cumsum(x, axis=0))
    y = np.cumsum(columns, axis=0)
    slope = jit(lambda x: jvp(g, (x,), (np.ones((17, 17)),))[1])(columns)
    ones = np.cumsum(np.ones((17, 17)), axis=0)
    assert slope == pytest.approx(ones.T @ y + y.T @ ones, rel=1e-13)


@pytest.mark.parametrize("backend", [None, "interpreter", "llvm"])
def test_a_choice_that_is_known_has_the_shape_of_both_sides(backend):
    run = (lambda f: f) if backend is None else lambda f: jit(f, backend=backend)
    x = np.array([1.0, 2.0, 3.0])
    assert plain(run(lambda x: np.where(False, x, 1.5) + 0.0 * x[0])(x)).tolist() == [1.5] * 3
    assert run(grad(lambda x: np.sum(np.where(True, x[0], x) * x)))(x).tolist() == [7.0, 1.0, 1.0]
    assert run(grad(lambda x: np.sum(np.where(np.array(False), x, x[1]) * x)))(x).tolist() == [2.0, 8.0, 2.0]
    assert run(lambda x: fori_loop(0, 2, lambda i, s: np.where(True, 0.5, s) * x, x))(x).tolist() == [0.5, 1.0, 1.5]


@pytest.mark.parametrize("backend", [None, "interpreter", "llvm"])
def test_an_output_of_scan_that_is_an_array_is_stacked_whole(backend):
    run = (lambda f: f) if backend is None else lambda f: jit(f, backend=backend)
    x = np.array([1.0, 2.0, 3.0])
    halves = lambda x: scan(lambda s, _: (0.5 * s, (s, 1.0)), x, None, length=2)[1]
    rows, ones = run(halves)(x)
    assert plain(rows).tolist() == [[1.0, 2.0, 3.0], [0.5, 1.0, 1.5]]
    assert plain(ones).tolist() == [1.0, 1.0]
    assert run(grad(lambda x: np.sum(halves(x)[0])))(x).tolist() == [1.5] * 3
    assert run(lambda x: np.max(x) - np.ptp(x))(2.5) == 2.5


@pytest.mark.parametrize("backend", [None, "interpreter", "llvm"])
def test_add_at_of_an_array_of_floats_names_the_cure(backend):
    run = (lambda f: f) if backend is None else lambda f: jit(f, backend=backend)

    def into_floats(x):
        np.add.at(np.zeros(3), [0, 0], x[:2])
        return x

    def at_computed(x):
        y = x * 1.0
        np.add.at(y, np.floor(x) - 1.0, x)
        return np.sum(y * y)

    with pytest.raises(TypeError, match="0.0 \\* x"):
        run(grad(lambda x: np.sum(into_floats(x))))(np.ones(3))
    assert run(grad(at_computed))(np.array([1.5, 2.5, 3.5])).tolist() == [12.0, 20.0, 28.0]


@pytest.mark.parametrize("samples", [2, 3, 8, 9])
@pytest.mark.parametrize("backend", ["interpreter", "llvm"])
def test_what_all_samples_share_is_there_for_each(backend, samples):
    rows, factors = np.arange(60.0).reshape(3, 20), np.arange(1.0, samples + 1)

    def moved(c):
        return scan(lambda s, row: (s * 0.5 + c * row, [row * 2.0, np.outer(row, row), s]), rows[0] * c, rows)[1]

    shared = [rows * 2.0, rows[:, :, None] * rows[:, None, :]]
    doubled, outer, _ = jit(vmap(moved), backend=backend)(factors)
    assert all(np.array_equal(found, shared[0]) for found in doubled)
    assert all(np.array_equal(found, shared[1]) for found in outer)
    for found, each in zip(jit(vmap(moved, reduce="sum"), backend=backend)(factors), shared):
        assert np.array_equal(found, samples * each)
    scaled, doubled = jit(vmap(lambda c: vmap(lambda row: (row * c, row * 2.0))(rows)), backend=backend)(factors)
    assert np.array_equal(scaled, factors[:, None, None] * rows)
    assert all(np.array_equal(found, shared[0]) for found in doubled)


@pytest.mark.parametrize("k", [0, 1, -2])
@pytest.mark.parametrize("backend", ["interpreter", "llvm"])
def test_a_diagonal_is_one_step(backend, k):
    x = np.array([1.0, -2.0, 3.0])
    diagonal = jit(lambda x: (np.diag(x * x, k), np.diag(np.diag(x * x, k), k)), backend=backend)
    matrix, back = diagonal(x)
    assert matrix.tolist() == np.diag(x * x, k).tolist()
    assert back.tolist() == [1.0, 4.0, 9.0]
    weights = np.arange(float(matrix.size)).reshape(matrix.shape)
    slope = jit(grad(lambda x: np.sum(np.diag(x * x, k) * weights)), backend=backend)(x)
    assert slope.tolist() == (2.0 * x * np.diag(weights, k)).tolist()


def test_where_elements_move_to_is_known_before():
    for f, message in (
        (lambda x: np.insert(x, np.argmax(x), 1.0), "takes places that are known before"),
        (lambda x: np.ones((2, 300)).dot(x), r"X\.dot\(x\)"), (lambda x: np.array([x, x]) * 2.0, r"numpy\.stack"),
    ):  # fmt: skip
        with pytest.raises(TraceError, match=message):
            jit(f)(np.ones(300))


@pytest.mark.parametrize("shape", [(8, 8), (8, 9), (9, 8), (17, 33), (7, 40), (130, 21)])
def test_columns_are_copied_as_rows(shape):
    """In tiles of eight by eight, of which the last may overlap."""
    ways = [
        lambda x: x.T.copy(), lambda x: np.stack([x.T, x.T + 1.0]), lambda x: x[1:].T.copy(), lambda x: x[::2].T.copy(),
        lambda x: x.T[1:, ::-1].copy(), lambda x: np.transpose(np.stack([x, 2.0 * x]), (0, 2, 1)),
        lambda x: np.transpose(np.stack([x, 2.0 * x]), (2, 1, 0)),
    ]  # fmt: skip
    x = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)
    for way in ways:
        assert np.array_equal(jit(way)(x), way(x))


def rows_apart(a):
    return sum(np.sum(row * row * (i + 1.0) if i % 3 else np.where(row > 0.0, row**3, -row)) for i, row in enumerate(a))


def overlapping(a):
    return sum(np.sum((a[i : i + 3] * a[17 - i]) ** 2) for i in range(17)) + np.sum(a[3] * a[5]) + np.sum(a[::2][4])


@pytest.mark.parametrize("f", [rows_apart, overlapping])
def test_parts_of_an_array_give_it_the_same_derivative_however_it_is_put_together(f, monkeypatch):
    a, found = np.sin(np.arange(60.0)).reshape(20, 3), []
    for most in (0, 16, 1000):  # views that are added as whole arrays
        monkeypatch.setattr(array_derivatives, "_ADDED", most)
        found.append((jit(grad(f))(a), jit(jvp_of_slope(f))(a)))
    slope, second = grad(f)(a), jvp_of_slope(f)(a)
    for compiled in found:
        assert np.array_equal(compiled[0], found[0][0])
        assert compiled[0] == pytest.approx(slope, rel=1e-12, abs=1e-13)
        assert compiled[1] == pytest.approx(second, rel=1e-11, abs=1e-12)


def jvp_of_slope(f):
    return lambda a: jvp(grad(f), (a,), (np.cos(a),))[1]


# An array, of which one step is the last to read each number and makes the output's number at its place; or is not.
def _two(y, z):
    s = np.sum(y * z)
    return z * s + y, y - s * z, s


LAST_READ = {
    "by the output": lambda x: (lambda y: y / np.sum(y))(np.exp(x)),
    "an output, too": lambda x: (lambda y: (y / np.sum(y), y))(np.exp(x)),
    "by two outputs": lambda x: (lambda y: (y / np.sum(y), 2.0 * y))(np.exp(x)),
    "by two outputs each": lambda x: _two(np.exp(x), np.sin(x)),
    "elsewhere, too": lambda x: (lambda y: y / np.sum(y) + y[::-1])(np.exp(x)),
    "twice": lambda x: (lambda y: (lambda z: z / np.max(z) - np.sum(z))(y / np.sum(y)))(np.exp(x)),
    "in another shape": lambda x: (lambda y: y.reshape(2, -1).T / np.sum(y))(np.exp(x)),
    "summed beside outputs": lambda x: (2.0 * x, 0.5 * x, np.sum(np.roll(x, -2))),
}


@pytest.mark.parametrize("size", [2, 20, 1030, 4098])
@pytest.mark.parametrize("name", LAST_READ)
def test_an_array_that_is_read_last_may_stand_in_the_outputs_memory(name, size):
    x = np.random.default_rng(size).normal(size=size)
    for threads in (1, 2):
        found = _listed(jit(LAST_READ[name], threads=threads)(x))
        for one, expected in zip(found, _listed(LAST_READ[name](x)), strict=True):
            assert one == pytest.approx(expected, rel=1e-13, abs=1e-15)


def _listed(result):
    return [*result] if type(result) is tuple else [result]


@pytest.mark.parametrize("backend", ["interpreter", "llvm"])
@pytest.mark.parametrize("size", [255, 256, 300, 1000])
@pytest.mark.parametrize("name", ["max", "min"])
def test_the_largest_of_many_zeros_is_the_first_of_the_larger(name, size, backend):
    sign = 1.0 if name == "max" else -1.0
    extreme = jit(getattr(np, name), backend=backend)
    slope = jit(grad(lambda x: getattr(np, name)(x * 1.0)), backend=backend)
    x = -sign * np.arange(1.0, size + 1.0)

    def place():
        return [*np.flatnonzero(slope(x))]

    x[size // 3] = -sign * 0.0
    assert (extreme(x), np.signbit(extreme(x)), place()) == (0.0, sign > 0.0, [size // 3])
    x[size // 2] = x[size - 1] = sign * 0.0
    assert (extreme(x), np.signbit(extreme(x)), place()) == (0.0, sign < 0.0, [size // 2])
    x[size // 4] = sign
    assert (extreme(x), place()) == (sign, [size // 4])
    x[size - 2] = np.nan
    assert np.isnan(extreme(x))
    assert place() == [size - 2]
