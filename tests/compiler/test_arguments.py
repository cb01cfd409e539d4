"""The arguments of a compiled call: what a structure tells apart, and where blocks and static arguments stand again."""

import numpy as np
import pytest

from autograd import Value, jit
from autograd.compiler.arguments import OTHER, VALUES, taken
from autograd.program.graph import NUMBER


def f(a, b, c=None, *, d=None):
    return a, b, c, d


def structure(*args, static=(), **kwargs):
    return taken(f, static, args, kwargs).structure


def test_calls_that_differ_in_numbers_alone_have_one_structure():
    assert structure(1.0, [2.0, (3, {"x": 4.0, "y": True})]) == structure(5, [6.0, (7.0, {"y": 8.0, "x": 9.0})])
    assert hash(structure(1.0, [2.0])) == hash(structure(3.0, [4.0]))
    assert structure(np.zeros((2, 3)), 1.0) == structure(np.ones((2, 3), dtype=int), np.float64(2.0))
    assert structure(1.0, np.array(2.0)) == structure(1.0, 2.0)


def test_calls_of_another_shape_nest_or_way_of_passing_differ():
    same = [
        structure(1.0, 2.0), structure(1.0, b=2.0), structure(1.0, [2.0]), structure(1.0, (2.0,)), structure(1.0, None),
        structure(1.0, np.zeros(1)), structure(1.0, np.zeros((1, 1))), structure(1.0, {"a": 2.0}),
        structure(1.0, {"b": 2.0}), structure(1.0, 2.0, static=(1,)), structure(1.0, 3.0, static=(1,)),
    ]  # fmt: skip
    assert len(set(same)) == len(same)


def test_the_kinds_say_what_each_block_is():
    assert structure(1, [np.zeros((2, 0)), True]).kinds == (NUMBER, (2, 0), NUMBER)
    assert structure(Value(1.0), np.array([Value(1.0)])).kinds == (VALUES, VALUES)
    assert structure("text", np.array(["text"])).kinds == (OTHER, OTHER)


def test_numbers_become_floats_and_arrays_contiguous_ones():
    numbers = taken(f, (), (3, np.arange(6).reshape(2, 3).T), {}).numbers()
    assert type(numbers[0]) is float
    assert numbers[1].dtype == float
    assert numbers[1].flags.c_contiguous
    assert numbers[1].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]


@pytest.mark.parametrize("static", [(0,), (1,), (2,), (0, 2), (-1,), (0, 1, 2)])
def test_static_arguments_stand_in_their_places_again(static):
    given = taken(f, static, (1.0, 2.0, 3.0), {"d": 4.0})
    assert given.structure.call(f, given.blocks) == (1.0, 2.0, 3.0, 4.0)
    assert len(given.blocks) == 4 - len(static)


def test_static_arguments_may_be_passed_by_name():
    given = taken(f, (2,), (1.0, 2.0), {"c": "text", "d": 4.0})
    assert given.structure.static == (("c", "text"),)
    assert given.structure.call(f, given.blocks) == (1.0, 2.0, "text", 4.0)


def test_a_structure_reads_as_a_person_would_write_it():
    shown = str(structure(1.0, {"rows": np.zeros((2, 3)), "k": 2}))
    assert shown == "('number', {'rows': 'array(2, 3)', 'k': 'number'})"


def test_an_argument_that_is_no_number_is_named():
    with pytest.raises(TypeError, match=r"^argument 2 of a compiled function must be a number.*not str: 'text'"):
        jit(f)(1.0, [2.0, "text"])
    with pytest.raises(TypeError, match=r"^'d' of a compiled function.*not an array of <U4"):
        jit(f)(1.0, 2.0, d=np.array(["text"]))
