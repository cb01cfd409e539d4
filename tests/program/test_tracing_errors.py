"""Errors of compiled functions name their cause: what a Value without a number cannot do, and what does not fit."""

from __future__ import annotations

import copy
import decimal
import math
import pickle

import numpy as np
import pytest

from autograd import (
    TraceError,
    Value,
    cond,
    draw,
    exp,
    explain,
    fori_loop,
    grad,
    jit,
    scan,
    value_and_grad,
    vmap,
    where,
    while_loop,
)


@pytest.fixture(params=["interpreter", "llvm"])
def compiled(request):
    return lambda f, **options: jit(f, backend=request.param, **options)


# Arguments and results.


@pytest.mark.parametrize(
    ("argument", "kind"),
    [("1.0", "str"), (1j, "complex"), (decimal.Decimal(1), "Decimal"), (object(), "object"),
     ({1.0}, "set"), (range(3), "range"), (b"1", "bytes")],
)
def test_an_argument_that_is_no_number_is_named_with_its_place_and_type(compiled, argument, kind):
    f = compiled(lambda x, y, **rest: x * 2.0)
    with pytest.raises(TypeError, match=f"argument 1 of a compiled function must be a number.*not {kind}: "):
        f(argument, 1.0)
    with pytest.raises(TypeError, match=f"argument 2 .*not {kind}: .*static_argnums"):
        f(1.0, [1.0, {"key": argument}])
    with pytest.raises(TypeError, match=f"'z' of a compiled function .*not {kind}: "):
        f(1.0, 2.0, z=argument)
    assert f(1.0, 2.0) == 2.0
    with pytest.raises(TypeError, match=f"argument 2 .*not {kind}: "):  # also where numbers stood at an earlier call
        f(1.0, argument)


@pytest.mark.parametrize(
    "array", [np.array([1j]), np.array(["a"]), np.array(["2020-01-01"], dtype="M8[D]"), np.array([1], dtype="m8[s]")]
)
def test_an_array_of_no_numbers_is_an_error_and_loses_nothing_in_silence(compiled, array):
    with pytest.raises(TypeError, match="argument 1 of a compiled function"):
        compiled(lambda x: x)(array)
    f = compiled(lambda x: x)
    f(np.array([1.0]))
    with pytest.raises(TypeError, match="argument 1 of a compiled function"):
        f(array)


def test_an_integer_beyond_the_floats_overflows(compiled):
    with pytest.raises(OverflowError):
        compiled(lambda x: x)(10**400)


def test_a_wrong_number_of_arguments_is_python_s_own_error(compiled):
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        compiled(lambda x: x)(1.0, 2.0)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        compiled(lambda x: x)()
    with pytest.raises(TypeError, match="unexpected keyword argument 'y'"):
        compiled(lambda x: x)(1.0, y=2.0)


@pytest.mark.parametrize("result", [None, "text", b"text", 1j, object(), {1.0}, decimal.Decimal(1), len])
def test_a_result_that_is_no_number_is_an_error_that_says_it_is_the_result(compiled, result):
    with pytest.raises(TypeError, match="a compiled function returns numbers, arrays and nests of them"):
        compiled(lambda x: result)(1.0)


def test_a_str_inside_a_nest_of_results_is_an_error(compiled):
    with pytest.raises(TypeError, match="a compiled function returns numbers, arrays and nests of them.*'text'"):
        compiled(lambda x: {"a": (x, "text")})(1.0)


def test_options_that_make_no_sense():
    with pytest.raises(TypeError, match="jit takes a function, not float"):
        jit(3.0)
    for threads in (0, -1, 2.0, True, "2"):
        with pytest.raises(ValueError, match="threads is a whole number from 1 up"):
            jit(math.sin, threads=threads)
    with pytest.raises(ValueError, match="backend is 'auto', 'llvm' or 'interpreter', not 'gpu'"):
        jit(math.sin, backend="gpu")
    for wrong in ("1", 1.5, [0.5], [None], True, (0, False)):
        with pytest.raises(TypeError, match="static_argnums"):
            jit(lambda x, n: x, static_argnums=wrong)


# What needs a number.


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda x: x.data, "has no number: its data cannot be read.*compare it in an `if`"),
        (lambda x: float(x), "autograd.exp"),
        (lambda x: int(x), "not a whole number that Python could count"),
        (lambda x: complex(x), "autograd.exp"),
        (lambda x: math.exp(x), "autograd.exp"),
        (lambda x: math.isnan(x), "autograd.exp"),
        (lambda x: (x * x).backward(), "grad or value_and_grad"),
        (lambda x: [0.0 for _ in range(x)], "fori_loop"),
        (lambda x: [1.0, 2.0][x], "where or cond"),
        (lambda x: "ab" * x, "str"),
        (lambda x: setattr(x, "data", 3.0), "has no number: its data cannot be read, set"),
        (lambda x: x.grad, "grad"),
        (lambda x: setattr(x, "grad", 3.0), "grad"),
        (lambda x: pickle.dumps(x), "cannot be pickled"),
        (lambda x: np.array([1.0, 2.0])[x], "only integers"),  # NumPy's own words
        (lambda x: np.array([x]).astype(float), "autograd.exp"),
        (lambda x: draw(x * 2.0), "drawn"),
        (lambda x: explain(x * x, x), "has no number"),
    ],
    ids=["data", "float", "int", "complex", "math.exp", "isnan", "backward", "range", "index", "repeat", "set data",
         "grad",  "set grad", "pickle", "array index", "astype", "draw", "explain"],
)
def test_what_needs_a_number_says_what_to_do_instead(compiled, use, words):
    f = compiled(lambda x: (use(x), x)[1])
    for _ in range(2):  # a recording that failed leaves nothing behind
        with pytest.raises((TypeError, IndexError), match=words) as raised:
            f(1.0)
        assert "unsupported format" not in str(raised.value)


def test_an_array_to_write_into_is_made_like_one_of_values():
    def f(x, empty):
        y = empty(x * np.ones(3))
        y[0], y[1:] = 2.0, x * np.ones(2)
        return np.sum(y * y)

    for derivative in (grad, lambda f: jit(grad(f))):
        with pytest.raises(TypeError, match="zeros_like"):
            derivative(lambda x: f(x, lambda x: np.zeros(3)))(3.0)
        assert derivative(lambda x: f(x, np.zeros_like))(3.0) == 12.0


def test_a_number_needed_in_a_batch_or_a_loop_is_the_same_error(compiled):
    for f in (
        lambda x: vmap(lambda a: a * x.data)([1.0, 2.0]),
        lambda x: vmap(lambda a: a.data)([x, x]),
        lambda x: fori_loop(0, 3, lambda i, s: s * s.data, x),
        lambda x: fori_loop(0, 3, lambda i, s: s if i.data > 1 else s, x),
        lambda x: scan(lambda s, a: (s, a.data), x, [1.0, 2.0]),
        lambda x: while_loop(lambda s: s.data < 3, lambda s: s + 1, x),
        lambda x: cond(x > 0, lambda: x.data, lambda: x),
        lambda x: grad(lambda y: y.data * y)(x),
    ):
        with pytest.raises(TraceError, match="has no number: its data cannot be read"):
            compiled(f)(1.0)


def test_math_exp_of_a_value_is_never_a_constant(compiled):
    # Were `math.exp(x)` to see a number, later calls would answer with that of the first.
    with pytest.raises(TypeError):
        compiled(lambda x: x * math.exp(x))(1.0)
    with pytest.raises(TypeError):
        compiled(lambda xs: xs * np.asarray(xs, dtype=float))(np.array([1.0, 2.0]))


def test_an_error_of_the_function_is_its_own(compiled):
    def f(x):
        raise KeyError("weights")

    with pytest.raises(KeyError, match="weights"):
        compiled(f)(1.0)
    with pytest.raises(ZeroDivisionError):
        compiled(lambda x: x * (1 / 0))(1.0)


def test_after_an_error_everything_works_as_before(compiled):
    with pytest.raises(TraceError):
        compiled(lambda x: fori_loop(0, 2, lambda i, s: s.data, x))(1.0)
    x = Value(2.0)
    y = x * x
    y.backward()
    assert (y.data, x.grad) == (4.0, 4.0)
    assert float(compiled(lambda v: v * v)(3.0)) == 9.0


# Side effects.


def test_side_effects_happen_while_recording_and_not_at_later_calls(compiled):
    seen = []

    def f(x):
        seen.append(x)
        return x * 2.0

    g = compiled(f)
    assert [g(1.0), g(2.0), g(3.0)] == [2.0, 4.0, 6.0]
    assert len(seen) == 1
    assert g([1.0, 2.0][0:1][0]) == 2.0
    assert len(seen) == 1


# A Value that leaked out.


def leak(compiled, of=lambda x: x * 2.0, argument=1.5):
    kept = []
    compiled(lambda x: (kept.append(of(x)), x)[1])(argument)
    return kept[0]


LEAKED = "belongs to a function that was being compiled"


@pytest.mark.parametrize(
    "use",
    [
        lambda v: v + 1.0, lambda v: 2.0 * v, lambda v: -v, lambda v: exp(v), lambda v: v.exp(), lambda v: v > 1.0,
        lambda v: bool(v), lambda v: Value(1.0) * v, lambda v: sum([v, v]), lambda v: max(v, 1.0),
        lambda v: where(v, 1.0, 2.0), lambda v: fori_loop(0, 2, lambda i, s: s * v, 1.0),
        lambda v: grad(lambda y: y * v)(1.0), lambda v: grad(lambda y: y * y)(v),
        lambda v: vmap(lambda a: a * v)([1.0]), lambda v: np.array([1.0, 2.0]) * v,
    ],
)
def test_a_value_that_leaked_raises_when_it_is_used(compiled, use):
    with pytest.raises(TraceError, match=LEAKED):
        use(leak(compiled))


@pytest.mark.parametrize(
    "use", [lambda v: v.data, lambda v: float(v), lambda v: v.backward(), lambda v: pickle.dumps(v), lambda v: draw(v)]
)
def test_a_value_that_leaked_has_no_number_to_show(compiled, use):
    with pytest.raises(TypeError):
        use(leak(compiled))


def test_a_comparison_that_leaked_decides_nothing(compiled):
    predicate = leak(compiled, lambda x: x > 1.0)
    for use in (bool, lambda p: p & True, lambda p: ~p, lambda p: p + 1.0, lambda p: 1.0 if p else 2.0):
        with pytest.raises(TraceError, match=LEAKED):
            use(predicate)
    decided = leak(compiled, lambda x: (x > 1.0, bool(x > 1.0))[0])  # also one that was asked while recording
    with pytest.raises(TraceError, match=LEAKED):
        bool(decided)


@pytest.mark.parametrize(
    "use",
    [
        lambda v, y: y * v, lambda v, y: v, lambda v, y: [y, v], lambda v, y: y if v > 1.0 else -y,
        lambda v, y: y if v else -y,
        lambda v, y: fori_loop(0, 2, lambda i, s: s + v, y), lambda v, y: fori_loop(0, 2, lambda i, s: s, v),
        lambda v, y: vmap(lambda a: a * v)([y, y]), lambda v, y: vmap(lambda a: a * y)([v, v]),
        lambda v, y: cond(y > 0, lambda: v, lambda: y), lambda v, y: grad(lambda a: a * v)(y),
        lambda v, y: where(y > 0, v, y), lambda v, y: while_loop(lambda s: s < v, lambda s: s + 1.0, y),
    ],
)
def test_a_value_that_leaked_raises_in_another_compiled_function(compiled, use):
    kept = leak(compiled)
    with pytest.raises(TraceError, match=LEAKED):
        compiled(lambda y: use(kept, y))(1.0)


def test_a_value_that_leaked_is_no_argument(compiled):
    kept = leak(compiled)
    with pytest.raises(TraceError, match=LEAKED):
        compiled(lambda y: y)(kept)
    with pytest.raises(TraceError, match=LEAKED):
        compiled(lambda y: y[0])([1.0, kept])


def test_a_value_that_leaked_from_one_recording_into_the_next_of_the_same_function(compiled):
    kept = []

    def f(x):
        kept.append(x)
        return kept[0] * 2.0

    g = compiled(f)
    assert g(1.0) == 2.0
    with pytest.raises(TraceError, match=LEAKED):
        g([1.0])


@pytest.mark.parametrize("size", [3, 5000])
def test_an_array_that_leaked(compiled, size):
    kept = leak(compiled, lambda x: x, np.arange(float(size)))
    for use in (
        lambda: kept[0] * 2.0, lambda: kept + 1.0, lambda: vmap(lambda a: a * 2.0)(kept),
        lambda: compiled(lambda y: kept)(1.0), lambda: compiled(lambda y: vmap(lambda a: a * y)(kept))(1.0),
        lambda: compiled(lambda y: y)(kept),
    ):
        with pytest.raises(TraceError, match=LEAKED):
            use()


@pytest.mark.parametrize(
    "use",
    [
        lambda kept, last: last + kept, lambda kept, last: kept, lambda kept, last: last if kept > 1.0 else -last,
        lambda kept, last: fori_loop(0, 3, lambda i, s: s + kept, last),
        lambda kept, last: vmap(lambda a: a * kept)([1.0]),
        lambda kept, last: grad(lambda a: a * kept)(last), lambda kept, last: grad(lambda a: a * a)(kept),
    ],
)
def test_a_value_of_a_loop_s_body_raises_after_the_loop(compiled, use):
    def f(x):
        kept = []
        last = fori_loop(0, 3, lambda i, s: (kept.append(s * 2.0), s + x)[1], x)
        return use(kept[0], last)

    with pytest.raises(TraceError, match=LEAKED):
        compiled(f)(1.5)


def test_a_comparison_of_a_loop_s_body_decides_nothing_after_it(compiled):
    def f(x):
        kept = []
        last = fori_loop(0, 3, lambda i, s: (kept.append(s > 2.0), s + x)[1], x)
        return last if kept[0] else x

    with pytest.raises(TraceError, match=LEAKED):
        compiled(f)(1.5)


def test_a_value_kept_from_one_trip_for_the_next_does_not_carry_over(compiled):
    # Eagerly `previous[0]` would be the state of the trip before. The body is recorded once, so it cannot be.
    previous = [1.0]

    def body(i, s):
        result = s + previous[0]
        previous[0] = s
        return result

    result = compiled(lambda x: fori_loop(0, 3, body, x))(1.0)
    assert result == 4.0  # the 1.0 that stood there when the body was recorded, three times
    with pytest.raises(TraceError, match=LEAKED):
        previous[0] + 1.0


def test_the_name_of_a_value_that_leaked_is_told(compiled):
    kept = leak(compiled, lambda x: (x * 2.0).named("speed"))
    with pytest.raises(TraceError, match="the Value 'speed' belongs to"):
        kept + 1.0


def test_a_value_that_leaked_can_be_printed(compiled):
    assert "Traced" in repr(leak(compiled))


# Looking inside before there is something to see.


@pytest.mark.parametrize(
    "look", [lambda f: f.graph, lambda f: f.llvm_ir(), lambda f: f.c_source(), lambda f: f.stats()],
    ids=["graph", "llvm_ir", "c_source", "stats"],
)
def test_there_is_nothing_to_look_at_before_a_call(compiled, look):
    f = compiled(lambda x: x * 2.0)
    with pytest.raises(TraceError, match="call the compiled function once before looking at what it ran"):
        look(f)
    f(1.0)
    assert look(f)


def test_there_is_nothing_to_look_at_where_the_function_is_called_as_it_is(compiled):
    f = compiled(vmap(lambda x: _countdown(x)))
    with pytest.warns(RuntimeWarning):
        f([1.0])
    with pytest.raises(TraceError, match="64 ways"):
        f.stats()


def _countdown(x):
    seen = []
    while x > 0:
        x = x - 1
        seen.append(x)
    return x


def test_a_copy_of_a_value_inside_is_the_value(compiled):
    assert compiled(lambda x: copy.deepcopy(x) * copy.copy(x))(3.0) == 9.0


def test_reverse_mode_from_outside_of_a_compiled_function(compiled):
    f = compiled(lambda x: x * x if x > 0 else -x)
    assert value_and_grad(f)(3.0) == (9.0, 6.0)
    assert grad(f)(-3.0) == -1.0
    x = Value(3.0)
    y = f(x) * 2.0
    y.backward()
    assert (y.data, x.grad) == (18.0, 12.0)
