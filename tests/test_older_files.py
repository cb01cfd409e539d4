"""Files and pickles of version 0.1.0 are read as they were meant, though the modules that they name have moved.

`fixtures/0.1.0/write.py` made them, and the numbers that are expected, with that version's source.
"""

import copy
import json
import pickle
import pickletools
import threading
from importlib import import_module
from pathlib import Path

import numpy
import pytest

import autograd
import nn
from autograd import Value

FOLDER = Path(__file__).parent / "fixtures" / "0.1.0"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
ROWS = numpy.arange(6.0).reshape(3, 2)
ARGUMENTS = [
    (2.0,), (0.5,), (0.9, ROWS), (3.0,), ({"b": [0.25], "a": 4.0},), (1.5, 3), ([3.0, 4.5],), (2.5,), (ROWS,), (2.0,),
]


def numbers_of(nest):
    """A nest with its floats as `float.hex` writes them, as in expected.json."""
    if isinstance(nest, dict):
        return {key: numbers_of(item) for key, item in sorted(nest.items())}
    if isinstance(nest, list | tuple | numpy.ndarray):
        return [numbers_of(item) for item in nest]
    if isinstance(nest, bool | numpy.bool_):
        return bool(nest)
    return float(nest).hex() if isinstance(nest, float) else nest


def close(computed, expected):
    """Whether nests agree, floats to 1e-14 of themselves: another processor may round exp another way."""
    if isinstance(expected, dict):
        return computed.keys() == expected.keys() and all(close(computed[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(computed) == len(expected) and all(map(close, computed, expected))
    if isinstance(expected, str) and "0x" in expected:
        return abs(float.fromhex(computed) - float.fromhex(expected)) <= 1e-14 * abs(float.fromhex(expected))
    return computed == expected


@pytest.fixture(params=[2, 4, 5])
def read(request):
    """What a fixture holds, from each protocol."""
    return lambda name: pickle.loads((FOLDER / f"{name}.{request.param}.pickle").read_bytes())


def test_values_keep_their_graph_their_numbers_and_what_they_share(read):
    items = read("values")
    for name, expected in EXPECTED["values"].items():
        assert type(items[name]) is Value
        assert numbers_of([items[name].data, items[name].grad]) == expected
    w, x, y = items["w"], items["x"], items["y"]
    assert (x.name, items["z"].name, items["z"].scope) == ("x", "z", ("outer", "inner"))
    assert str(items["leaf"].data) == "-0.0"
    assert items["row"] is autograd.atan2
    assert items["function"] is autograd.norm
    before = x.grad, y.grad
    x.grad = y.grad = None
    w.backward()
    assert (x.grad, y.grad) == before


def test_compiled_functions_run_the_variants_that_they_came_with(read):
    items = read("compiled")
    for (name, expected), arguments in zip(EXPECTED["calls"], ARGUMENTS, strict=True):
        assert close(numbers_of(items[name](*arguments)), expected), name
    again = pickle.loads(pickle.dumps(items["gradient"]))
    assert again(0.9, ROWS) == items["gradient"](0.9, ROWS)


def test_networks_have_their_parameters_and_compute_with_them(read):
    items = read("networks")
    for name, expected in EXPECTED["states"].items():
        assert numbers_of(items[name].state_dict()) == expected
    for name, expected in EXPECTED["outputs"].items():
        outputs = items[name]([0.3, -0.8])
        outputs = [outputs] if isinstance(outputs, Value) else outputs
        assert close(numbers_of([output.data for output in outputs]), expected)
    assert items["shared"].modules()[1] is not items["mlp"]
    assert len(items["shared"].parameters()) == 6


def test_optimizers_go_on_from_their_state(read):
    items = read("trainings")
    assert items.keys() == EXPECTED["optimizers"].keys()
    for name, part in items.items():
        assert numbers_of(part["optimizer"].state_dict()) == EXPECTED["optimizers"][name]
        assert numbers_of(part["history"].rows) == EXPECTED["histories"][name]
        assert type(part["history"]) is nn.History
        assert all(a is b for a, b in zip(part["optimizer"].parameters, part["model"].parameters(), strict=True))
        before = part["model"].state_dict()
        nn.mean_squared_error(part["model"]([1.0, 0.0]), 1.0).backward()
        part["optimizer"].step()
        assert part["model"].state_dict() != before


def test_a_public_name_that_was_pickled_is_todays(read):
    for package, found in read("public_names").items():
        assert sorted(found) == EXPECTED["names"][package]
        for name, item in found.items():
            assert item is getattr(import_module(package), name), name


def test_derivations_data_sets_callbacks_and_errors_are_read_too(read):
    items = read("others")
    w = read("values")["w"]
    assert str(items["formula"]) == str(autograd.formula(w))
    assert str(items["tree"]) == str(autograd.tree(w))
    assert str(items["explanation"]) == str(autograd.explain(w, w.parents[0]))
    assert items["dataset"].inputs == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert (items["early"].patience, type(items["checkpoint"])) == (3, nn.Checkpoint)
    assert list(map(type, items["errors"])) == [nn.DivergenceError, autograd.ShapeError, nn.StorageError]
    assert items["unmatched"].missing == list(nn.MLP(1, [1]).state_dict())


def test_model_files_are_read(read):
    networks = read("networks")
    for name in ("mlp", "sequential"):
        assert nn.load(FOLDER / f"{name}.json").state_dict() == networks[name].state_dict()


def test_a_training_goes_on_from_a_checkpoint():
    data = nn.datasets.logic_gate("xor")
    model = nn.MLP(2, [2, 1], "tanh")
    history = nn.fit(
        model, (data.inputs, data.targets), nn.mean_squared_error, nn.Adam(model.parameters(), lr=0.05), epochs=4,
        batch_size=2, resume=FOLDER / "checkpoint.json", compiled=False, progress=False,
    )  # fmt: skip
    assert numbers_of(history.rows) == EXPECTED["histories"]["adam"]
    assert numbers_of(model.state_dict()) == numbers_of(
        pickle.loads((FOLDER / "trainings.5.pickle").read_bytes())["adam"]["model"].state_dict()
    )


@pytest.mark.parametrize("old", ["autograd.value", "autograd.rows", "nn.datasets", "nn.page.program"])
def test_an_old_name_gives_the_module_of_today_which_keeps_its_own(old):
    module = import_module(old)
    assert module.__name__ != old
    assert module is import_module(module.__name__)
    assert module.__spec__.name == module.__name__


@pytest.mark.parametrize("name", ["autograd.nothing", "nn.nothing", "autograd.value.nothing"])
def test_a_name_that_never_was_is_not_found(name):
    with pytest.raises(ModuleNotFoundError):
        import_module(name)


# From format 2 on.


def names_in(pickled):
    """The modules and the names that a pickle imports."""
    return {argument for operation, argument, _ in pickletools.genops(pickled) if operation.name == "GLOBAL"}


def test_a_pickle_names_no_module_of_ours_but_the_packages():
    x = Value(0.5, name="x")
    compiled = autograd.jit(lambda t, rows: autograd.scan(lambda s, row: (s * row[0] + t, s), t, rows))
    compiled(0.5, ROWS)
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Dropout(0.1))
    items = [
        (x * 2.0).exp(), autograd.atan2, autograd.where(x > 0, x, 1.0), compiled, model, nn.History(), nn.Tanh,
        nn.Adam(model.parameters(), lr=0.1), nn.EarlyStopping(2), autograd.ShapeError("shape"), nn.StateError("state"),
        autograd.jit(lambda d: d["b"]),
    ]  # fmt: skip
    items[-1]({"b": 1.0, "a": 2.0})
    for item in items:
        modules = {name.split()[0] for name in names_in(pickle.dumps(item, 2))}
        assert {name for name in modules if name.startswith(("autograd", "nn"))} <= {"autograd", "nn"}, item


def test_a_pickle_keeps_what_every_class_of_a_program_holds():
    """Views, packs, branches, loops and constant arrays, by way of a program that has each."""
    again = pickle.loads(pickle.dumps(pickle.loads((FOLDER / "compiled.5.pickle").read_bytes())))
    for (name, expected), arguments in zip(EXPECTED["calls"], ARGUMENTS, strict=True):
        assert close(numbers_of(again[name](*arguments)), expected), name


@pytest.mark.parametrize("state", [(99, "value", 1.0), (2, "no such kind", 1.0)])
def test_a_pickle_of_a_later_version_says_so(state):
    with pytest.raises(pickle.UnpicklingError, match="reads formats up to 2: it was written by a later version"):
        pickle.loads(pickle.dumps(FromTheFuture(state)))


class FromTheFuture:
    """What a later version would write."""

    def __init__(self, state):
        self.state = state

    def __reduce__(self):
        return autograd._rebuild, self.state


@pytest.mark.parametrize("kind", [nn.Module, nn.History, nn.Tanh])
def test_a_module_of_a_later_version_says_so(kind, monkeypatch):
    item = kind()
    pickled = pickle.dumps(item)
    assert vars(copy.deepcopy(item)) == vars(pickle.loads(pickled)) == vars(item)
    monkeypatch.setattr("nn.pickles.FORMAT", 1)
    with pytest.raises(pickle.UnpicklingError, match="in format 2, and this version .* reads formats up to 1"):
        pickle.loads(pickled)


class WithSlots(nn.Module):
    __slots__ = ("extra",)


class Locked:
    """A mixin that leaves out of its state what cannot be pickled."""

    def __getstate__(self):
        return {name: item for name, item in vars(self).items() if name != "lock"}

    def __setstate__(self, state):
        vars(self).update(state, lock=threading.Lock())


class WithLock(nn.Module, Locked):
    pass


class WithPair(nn.SGD):
    def __getstate__(self):
        return vars(self), {"more": 3}

    def __setstate__(self, state):
        vars(self).update(state[0], **state[1])


class WithReduce(nn.Tanh):
    def __reduce__(self):
        return WithReduce, (), {"mark": 7}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_subclasses_keep_their_own_ways_of_being_pickled(protocol):
    ways = [lambda item: pickle.loads(pickle.dumps(item, protocol)), copy.deepcopy]
    for way in ways[: 2 if protocol >= 2 else 0]:  # Python has slots from protocol 2 on
        slotted = WithSlots()
        slotted.extra = Value(5.0)
        assert way(slotted).extra.data == 5.0
    for way in ways:
        locked = WithLock()
        locked.lock, locked.weight = threading.Lock(), Value(2.0)
        again = way(locked)
        assert again.weight.data == 2.0
        assert vars(again).keys() == vars(locked).keys()
        assert way(WithPair([Value(1.0)], lr=0.5)).more == 3
        assert way(WithReduce()).mark == 7
