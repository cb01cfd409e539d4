"""The arrays of Values: one class, wherever they come from; what they do as NumPy's arrays do."""

from __future__ import annotations

import copy
import math
import operator
import pickle
import subprocess
import sys
from math import nan

import numpy as np
import pytest

import autograd
from autograd import (
    TraceError,
    Value,
    array,
    checkpoint,
    cond,
    custom_root,
    fori_loop,
    grad,
    hessian,
    jacobian,
    jit,
    jvp,
    scan,
    vjp,
    vmap,
    while_loop,
)

OURS = type(array([Value(1.0)]))


def plain(*numbers):
    return np.array([Value(number) for number in numbers])


def floats(result):
    return [item.data if isinstance(item, Value) else item for item in np.ravel(result).tolist()]


def seen_by(transform, *arguments):
    """The types of the arrays that a function of one array is handed."""
    seen = []

    def function(x, *_):
        seen.append(type(x))
        return x

    transform(function)(*arguments)
    return set(seen)


TRANSFORMS = {
    "grad": lambda f: grad(lambda x: f(x).sum()),
    "jacobian": jacobian,
    "hessian": lambda f: hessian(lambda x: f(x).sum()),
    "jvp": lambda f: lambda x: jvp(f, (x,), (np.ones(2),)),
    "vjp": lambda f: lambda x: vjp(f, x)[0],
    "jit": jit,
    "vmap": lambda f: lambda x: vmap(f)(np.stack([x, x])),
    "shared by vmap": lambda f: lambda x: vmap(lambda x, y: f(x) * y, in_axes=(None, 0))(x, [1.0, 2.0]),
    "checkpoint": checkpoint,
    "fori_loop": lambda f: lambda x: fori_loop(0, 2, lambda i, x: f(x), x),
    "while_loop": lambda f: lambda x: while_loop(lambda x: f(x)[0] > 9.0, lambda x: x, x),
    "scan": lambda f: lambda x: scan(lambda s, y: (s, f(y)), 0.0, np.stack([x, x])),
    "scan's state": lambda f: lambda x: scan(lambda s, y: (f(s), y), x, [1.0]),
    "cond": lambda f: lambda x: cond(True, f, f, x),
    "custom_root": lambda f: lambda x: custom_root(lambda y: f(y) - x, np.zeros(2), lambda f, y: y + 1.0),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_function_in_a_transform_is_handed_arrays_of_one_class(name):
    transform = TRANSFORMS[name]
    if name != "jit":  # a compiled function that is called with Values is called as it is
        assert seen_by(transform, plain(1.0, 2.0)) <= {OURS, np.ndarray}
        assert OURS in seen_by(transform, plain(1.0, 2.0))
    if name != "custom_root":  # whose solver is not compiled
        assert seen_by(lambda f: jit(transform(f)), np.array([1.0, 2.0])) == {OURS}


def test_what_a_transform_or_a_function_returns_is_of_that_class_or_of_floats():
    x = plain(1.0, 2.0)
    results = [
        grad(lambda x: (x * x).sum())(x), jacobian(lambda x: x * x)(x), vmap(lambda y: y * y)(x),
        scan(lambda s, y: (s, y * y), 0.0, x)[1], autograd.exp(x), autograd.softmax(x), autograd.maximum(x, 1.0),
        autograd.clip(x, 0.0, 1.0), Value(1.0) * np.ones(2), np.ones(2) + Value(1.0), x * Value(2.0), array(x),
        x / array(x),
    ]  # fmt: skip
    assert {type(result) for result in results} == {OURS}
    for result in (grad(lambda x: (x * x).sum())(np.ones(2)), autograd.exp(np.ones(2)), array([1, 2]), array([[True]])):
        assert type(result) is np.ndarray
        assert result.dtype in (float, bool)


def test_array():
    x, y = Value(1.0), Value(2.0)
    for nested in ([x, y], (x, y), np.array([x, y]), array([x, y])):
        assert array(nested).tolist() == [x, y]
        assert type(array(nested)) is OURS
    assert array([[x, 1], [np.float32(0.5), y]]).tolist() == [[x, 1.0], [0.5, y]]
    assert type(array([[x, 1]])[0, 1]) is float
    assert array(x) is x
    assert array(2) == 2.0
    assert array([array([x]), array([y])]).shape == (2, 1)
    for wrong in (["a"], [None, x], [1j], [[x], [x, y]]):
        with pytest.raises((TypeError, ValueError), match=r"a real number was expected|inhomogeneous"):
            array(wrong)


def test_no_module_imports_numpy_before_an_array_is_made():
    program = (
        "import sys, autograd; from autograd import Value\n"
        "x = Value(1.0); (x * x).backward(); assert 'numpy' not in sys.modules\n"
        "sys.modules['numpy'] = None\n"
        "try: autograd.array([x])\n"
        "except autograd.MissingDependencyError as error: assert 'pip install numpy' in str(error)\n"
        "else: raise SystemExit('no error')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


# As NumPy's arrays.


def test_indexing_slicing_and_going_through():
    x = array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    assert x[1, 0].data == 3.0
    assert type(x[1, 0]) is Value
    assert type(x[1]) is type(x[:, 1]) is type(x[None]) is type(x.T) is type(x.reshape(4)) is OURS
    assert [type(row) for row in x] == [OURS, OURS]
    assert floats(x[np.array([True, False])]) == [1.0, 2.0]
    assert floats(x[[1, 0], [0, 1]]) == [3.0, 2.0]
    assert floats(x[x > 2.0]) == [3.0, 4.0]
    assert [item.data for item in x.flat] == [1.0, 2.0, 3.0, 4.0]
    assert x.tolist()[1][1] is x[1, 1]
    assert np.asarray(x).base is not None
    assert type(np.asarray(x)) is np.ndarray
    assert x.shape == (2, 2)
    x[0] = 5.0
    assert floats(x + 0.0) == [5.0, 5.0, 3.0, 4.0]
    with pytest.raises(IndexError, match="only integers"):
        x["a"]
    assert floats(jit(lambda i: x[i])(-1.0)) == [3.0, 4.0]


def test_methods_and_reductions_over_axes():
    numbers = np.array([[0.5, -2.0, 3.5], [1.0, 4.0, -0.5]])
    x = array(np.frompyfunc(Value, 1, 1)(numbers))
    for name, arguments in {
        "sum": (), "mean": (1,), "prod": (0,), "max": (1,), "min": (0,), "var": (), "std": (1,), "cumsum": (1,),
        "cumprod": (0,), "argmax": (1,), "argmin": (), "argsort": (1,), "round": (), "trace": (), "dot": (numbers.T,),
        "clip": (-1.0, 2.0), "all": (1,), "any": (), "take": ([0, 1], 1), "repeat": (2,), "ravel": (), "nonzero": (),
        "swapaxes": (0, 1), "diagonal": (), "copy": (), "conj": (), "flatten": (), "compress": ([True, False], 0),
    }.items():  # fmt: skip
        expected = getattr(numbers, name)(*arguments)
        result = getattr(x, name)(*arguments)
        assert np.shape(result) == np.shape(expected), name
        assert floats(result) == pytest.approx(np.ravel(expected).tolist(), rel=1e-14), name
        for backend in ("interpreter", "llvm"):
            compiled = jit(lambda x, n=name, a=arguments: np.asarray(getattr(x, n)(*a)) * 1.0, backend=backend)(numbers)
            assert compiled == pytest.approx(np.asarray(expected).astype(float), rel=1e-14), name
    for name in ("sort", "partition"):
        changed, expected = x.copy(), numbers.copy()
        getattr(changed, name)(*[1] * (name == "partition"))
        expected.sort()
        assert floats(changed) == np.ravel(expected).tolist()
    assert floats(x @ numbers.T) == pytest.approx(np.ravel(numbers @ numbers.T))
    assert floats(numbers @ x.T) == pytest.approx(np.ravel(numbers @ numbers.T))
    assert floats(x.argpartition(1)) == np.argsort(numbers).ravel().tolist()


def test_a_result_without_axes_is_a_value():
    x = array([Value(1.0), Value(2.0)])
    for result in (x.sum(), x.mean(), x.max(), x @ x, np.dot(x, x), x.dot(x), np.linalg.norm(x), np.median(x), x.std(),
                   np.squeeze(x[:1]), np.einsum("i->", x), np.exp(x.reshape(2, 1)[0, 0]), x.reshape(())
                   if x.size == 1 else x[0], np.exp(x[:1].reshape(())), np.diff(x)[0]):  # fmt: skip
        assert type(result) is Value


@pytest.mark.parametrize("name", ["iadd", "isub", "imul", "itruediv", "ipow", "imod", "ifloordiv"])
def test_in_place(name):
    change, operate = getattr(operator, name), getattr(operator, name[1:])
    numbers = np.array([1.5, 3.0])
    x = array([Value(1.5), Value(3.0)])
    before = x
    x = change(x, 2.0)
    assert x is before
    assert floats(x) == operate(numbers, 2.0).tolist()
    row = before[:1]
    row *= Value(2.0)
    assert before[0].data == row[0].data
    held = numbers.copy()
    with pytest.raises(TypeError, match="cast"):
        change(held, before)
    assert held.tolist() == numbers.tolist()
    assert jit(lambda x: change(x.copy(), 2.0))(numbers).tolist() == operate(numbers, 2.0).tolist()


def test_comparisons_are_truths_and_in_a_compiled_function_predicates():
    x = array([Value(1.0), Value(nan)])
    for compare, expected in ((operator.lt, [True, False]), (operator.ne, [True, True]), (operator.eq, [False, False])):
        assert compare(x, 2.0).tolist() == expected
        assert compare(x, 2.0).dtype == bool
        assert compare(x, x).tolist() == [compare(1.0, 1.0), compare(nan, nan)]
        for backend in ("interpreter", "llvm"):
            assert jit(lambda x, c=compare: c(x, 2.0), backend=backend)(np.array([1.0, nan])).tolist() == expected


def test_copies_and_pickles_keep_the_class_and_the_graph():
    v = Value(3.0, name="v")
    x = array([[v, v * v, 2.0]])
    for again in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), pickle.loads(pickle.dumps(x, 2))):
        assert type(again) is OURS
        assert again.shape == (1, 3)
        assert again[0, 1].parents[0] is again[0, 0]
        assert again[0, 0] is not v
        again[0, 1].backward()
        assert again[0, 0].grad == 6.0
        assert again[0, 2] == 2.0
    shallow = copy.copy(x)
    assert type(shallow) is type(x.copy()) is OURS
    assert shallow[0, 0] is v
    assert b"arrays" not in pickle.dumps(x)
    chain = v
    for _ in range(20_000):
        chain = chain + 1.0
    assert pickle.loads(pickle.dumps(array([chain])))[0].data == 20_003.0
    with pytest.raises(TraceError, match="pickled"):
        jit(lambda x: pickle.dumps(x) and x)(np.ones(2))


def test_repr():
    assert repr(array([Value(1.0)])) == "ValueArray([Value(data=1.0, grad=unset)], dtype=object)"
    assert str(array([Value(1.0)])) == "[Value(data=1.0, grad=unset)]"


def test_a_field_of_an_array_of_records_does_not_detach():
    v = Value(3.0)
    record = np.rec.array([(1.0,)], dtype=[("a", float)])
    assert (record.a * v)[0].data == 3.0


def test_threads_make_one_class():
    program = (
        "import sys, threading, numpy as np\n"
        "sys.setswitchinterval(1e-6)\n"
        "from autograd import Value, array\n"
        "kinds, start = [], threading.Barrier(8)\n"
        "def run():\n"
        "    start.wait()\n"
        "    x = array([Value(1.0)])\n"
        "    kinds.append(type(x)); assert np.maximum(x, 2.0)[0].data == 2.0\n"
        "threads = [threading.Thread(target=run) for _ in range(8)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "assert len(set(kinds)) == 1 and len(kinds) == 8, kinds\n"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", program], check=True)


# What NumPy does with a plain array of objects, of which docs/numpy.md has the list.


def test_what_numpy_hides_in_a_plain_array_and_the_way_out():
    x = plain(1.0, nan)
    with np.errstate(invalid="ignore"):
        assert np.maximum(x, 2.0)[1] == 2.0
    assert math.isnan(np.maximum(array(x), 2.0)[1].data)
    assert math.isnan(np.maximum(x, Value(2.0))[1].data)  # a Value is asked, though no element is
    tie = plain(3.0, 3.0)
    np.max(tie).backward()
    assert [item.grad for item in tie] in ([1.0, 0.0], [0.0, 1.0])
    again = array(tie)
    np.max(again).backward()
    assert [item.grad for item in again] in ([2.0, 0.0], [1.0, 1.0])
    for name in ("isnan", "trunc", "rint", "logaddexp", "heaviside", "copysign", "fmod"):
        function = getattr(np, name)
        with pytest.raises((TypeError, AttributeError)):
            function(*[x] * function.nin)
        function(*[array(x)] * function.nin)
