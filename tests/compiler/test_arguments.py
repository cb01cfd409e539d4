"""The arguments of a compiled call: what a signature tells apart, and where blocks and static arguments stand again."""

import numpy as np
import pytest

from autograd import Value, jit
from autograd.compiler.arguments import OTHER, VALUES, Arguments
from autograd.program.graph import NUMBER


def f(a, b, c=None, *, d=None):
    return a, b, c, d


def signature(*args, static=(), **kwargs):
    return Arguments.of(f, static, args, kwargs).signature


def test_calls_that_differ_in_numbers_alone_have_one_signature():
    assert signature(1.0, [2.0, (3, {"x": 4.0, "y": True})]) == signature(5, [6.0, (7.0, {"y": 8.0, "x": 9.0})])
    assert hash(signature(1.0, [2.0])) == hash(signature(3.0, [4.0]))
    assert signature(np.zeros((2, 3)), 1.0) == signature(np.ones((2, 3), dtype=int), np.float64(2.0))
    assert signature(1.0, np.array(2.0)) == signature(1.0, 2.0)


def test_calls_of_another_shape_nest_or_way_of_passing_differ():
    same = [
        signature(1.0, 2.0), signature(1.0, b=2.0), signature(1.0, [2.0]), signature(1.0, (2.0,)), signature(1.0, None),
        signature(1.0, np.zeros(1)), signature(1.0, np.zeros((1, 1))), signature(1.0, {"a": 2.0}),
        signature(1.0, {"b": 2.0}), signature(1.0, 2.0, static=(1,)), signature(1.0, 3.0, static=(1,)),
    ]  # fmt: skip
    assert len(set(same)) == len(same)


def test_the_kinds_say_what_each_block_is():
    assert signature(1, [np.zeros((2, 0)), True]).kinds == (NUMBER, (2, 0), NUMBER)
    assert signature(Value(1.0), np.array([Value(1.0)])).kinds == (VALUES, VALUES)
    assert signature("text", np.array(["text"])).kinds == (OTHER, OTHER)


def test_numbers_become_floats_and_arrays_contiguous_ones():
    numbers = Arguments.of(f, (), (3, np.arange(6).reshape(2, 3).T), {}).numbers()
    assert type(numbers[0]) is float
    assert numbers[1].dtype == float
    assert numbers[1].flags.c_contiguous
    assert numbers[1].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]


@pytest.mark.parametrize("static", [(0,), (1,), (2,), (0, 2), (2, 0), (-1,), (-1, 0), (0, 1, 2)])
def test_static_arguments_stand_in_their_places_again(static):
    given = Arguments.of(f, static, (1.0, 2.0, 3.0), {"d": 4.0})
    assert given.signature.call(f, given.blocks) == (1.0, 2.0, 3.0, 4.0)
    assert len(given.blocks) == 4 - len(static)


def test_static_arguments_may_be_passed_by_name():
    given = Arguments.of(f, (2,), (1.0, 2.0), {"c": "text", "d": 4.0})
    assert given.signature.static == (("c", "text"),)
    assert given.signature.call(f, given.blocks) == (1.0, 2.0, "text", 4.0)


def test_a_signature_reads_as_a_person_would_write_it():
    assert str(signature(1.0, {"x": np.zeros((2, 3)), "k": 2})) == "('number', {'x': 'array(2, 3)', 'k': 'number'})"
    assert str(signature(1.0, 3, d=2.0, static=(1,))) == "('number',) and {'d': 'number'} with {1: 3}"


def test_an_argument_that_is_no_number_is_named():
    with pytest.raises(TypeError, match=r"^argument 2 of a compiled function must be a number.*not str: 'text'"):
        jit(f)(1.0, [2.0, "text"])
    with pytest.raises(TypeError, match=r"^'d' of a compiled function.*not an array of <U4"):
        jit(f)(1.0, 2.0, d=np.array(["text"]))


def test_a_whole_number_beyond_floats_is_refused_only_where_it_becomes_one():
    f = jit(lambda x, n: x * (n % 7))
    with pytest.raises(OverflowError):
        f(2.0, 10**400)
    assert f(Value(2.0), 10**400).data == 2.0 * (10**400 % 7)
    with pytest.raises(TypeError, match="argument 1"):
        f("text", 10**400)
