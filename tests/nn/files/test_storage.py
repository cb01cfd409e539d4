"""Model files: exact to the bit, whole at any moment, and read with distrust."""

from __future__ import annotations

import json
import math
import os
import random
import stat
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

import autograd
from autograd import AutogradError, Value
from nn.errors import StorageError
from nn.files.documents import DEEPEST, MOST_BYTES, checksum
from nn.files.storage import load, save
from nn.modules.activations import ELU, GELU, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from nn.modules.architecture import build, count_parameters, describe
from nn.modules.containers import Sequential
from nn.modules.dropout import Dropout
from nn.modules.layers import MLP, Layer, Neuron
from nn.modules.linear import Linear
from nn.modules.module import Module

ROOT = Path(__file__).parents[3]
MIB = 2**20


def bits(model):
    return {path: struct.pack(">d", number) for path, number in model.state_dict().items()}


class Line(Module):
    def __init__(self, slope=0.0, offset=0.0):
        self.slope, self.offset = Value(slope), Value(offset)


MODELS = {
    "MLP": lambda: MLP(2, [3, 1], activation="tanh"),
    "shared": lambda: MLP(2, [3, 2], activation="gelu", output_activation="sigmoid", shared_bias=True),
    "one layer": lambda: MLP(3, [2], output_activation="softplus"),
    "shared, one wide": lambda: MLP(3, [1, 1], shared_bias=True),
    "Layer": lambda: Layer(3, 2, activation="silu", name="first"),
    "Neuron": lambda: Neuron(3, activation="elu", name="h1"),
    "no bias": lambda: Linear(3, 2, bias=False),
    "module as activation": lambda: MLP(2, [2, 1], activation=LeakyReLU(0.25)),
    "parts": lambda: Sequential(
        Linear(2, 3), ReLU(), Tanh(), Sigmoid(), LeakyReLU(0.2), ELU(0.5), SiLU(), GELU(), Softplus(2.0), Softmax(),
        Identity(), Dropout(0.25), Sequential(), Sequential(MLP(3, [2]), Linear(2, 2)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_to_the_bit_with_its_architecture(name, tmp_path):
    model = MODELS[name]()
    state = random.getstate()
    save(model, tmp_path / "model.json")
    same = load(tmp_path / "model.json")
    assert random.getstate() == state
    assert type(same) is type(model)
    assert bits(same) == bits(model)
    assert repr(same) == repr(model)
    assert [p.name for p in same.parameters()] == [p.name for p in model.parameters()]
    x = [0.5, -1.0, 2.0][: 2 if name in ("MLP", "shared", "module as activation", "parts") else 3]
    outputs = [m.eval()(x) for m in (model, same)]
    first, second = [[v.data for v in (out if isinstance(out, list) else [out])] for out in outputs]
    assert first == second


def test_every_float_comes_back_to_the_bit(tmp_path):
    numbers = [-0.0, 0.0, 5e-324, -2.2250738585072011e-308, 1.7976931348623157e308, 0.1, 1e16, 1e22, -1.0, 2.0**53 + 2]
    rng = random.Random(3)
    while len(numbers) < 500:
        number = struct.unpack("d", rng.randbytes(8))[0]
        if math.isfinite(number):
            numbers.append(number)
    layer = Linear(len(numbers), 1, bias=False)
    for weight, number in zip(layer.weight[0], numbers):
        weight.data = number
    save(layer, tmp_path / "f.json")
    assert bits(load(tmp_path / "f.json")) == bits(layer)


def test_a_module_of_the_users_own_is_filled(tmp_path):
    save(Line(2.0, -0.0), tmp_path / "line.json")
    line = Line()
    assert load(tmp_path / "line.json", into=line) is line
    assert str(line.state_dict()) == "{'slope': 2.0, 'offset': -0.0}"
    with pytest.raises(StorageError, match=r"nn\.load\(path, into=model\)"):
        load(tmp_path / "line.json")
    other = Linear(1, 1)
    before = bits(other)
    with pytest.raises(StorageError, match=r"missing: weight.0.0, bias.0; not in the module: slope, offset"):
        load(tmp_path / "line.json", into=other)
    assert bits(other) == before
    with pytest.raises(TypeError, match="the module to fill"):
        load(tmp_path / "line.json", into=Line)


def test_an_activation_of_ones_own_is_asked_for_by_its_name(tmp_path):
    def square(x):
        return x * x

    model = MLP(2, [2, 1], activation=square, output_activation=autograd.sin)
    save(model, tmp_path / "f.json")
    with pytest.raises(StorageError, match=r"nn\.load\(path, activations=\{'square': function\}\)"):
        load(tmp_path / "f.json")
    same = load(tmp_path / "f.json", activations={"square": square, "sin": autograd.sin})
    assert same([0.5, 2.0]).data == model([0.5, 2.0]).data


def test_a_function_of_the_engine_is_saved_as_the_activation_of_its_name(tmp_path):
    save(MLP(2, [2, 1], activation=autograd.tanh, output_activation=autograd.gelu), tmp_path / "f.json")
    hidden, output = load(tmp_path / "f.json").layers
    assert (hidden.neurons[0].activation, output.neurons[0].activation) == ("tanh", "gelu")


@pytest.mark.parametrize("alter", ["tie", "extra", "activation", "width", "subclass", "empty"])
def test_an_altered_model_has_no_description_and_is_saved_all_the_same(alter, tmp_path):
    class Mine(MLP):
        pass

    model = MLP(2, [2, 1]) if alter != "subclass" else Mine(2, [2, 1])
    hidden = model.layers[0]
    if alter == "tie":
        hidden.neurons[0].w[0] = hidden.neurons[1].w[0]
    elif alter == "extra":
        model.scale = Value(2.0)
    elif alter == "activation":
        hidden.neurons[0].activation = "tanh"
    elif alter == "width":
        hidden.neurons.append(Neuron(2))
    elif alter == "empty":
        hidden.neurons.clear()
    assert describe(model) is None
    save(model, tmp_path / "f.json")
    before = bits(model)
    for parameter in model.parameters():
        parameter.data = 0.0
    assert bits(load(tmp_path / "f.json", into=model)) == before


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_parameter_that_is_not_finite_is_named_and_the_old_file_stays(number, tmp_path):
    model = Line(1.0, 2.0)
    save(model, tmp_path / "f.json")
    before = (tmp_path / "f.json").read_bytes()
    model.offset.data = number
    with pytest.raises(StorageError, match=rf"the parameter offset is {number}"):
        save(model, tmp_path / "f.json")
    assert (tmp_path / "f.json").read_bytes() == before
    assert os.listdir(tmp_path) == ["f.json"]


def test_a_file_keeps_its_permissions_and_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "f.json", tmp_path / "link.json"
    save(Line(1.0), target)
    target.chmod(0o640)
    link.symlink_to(target)
    save(Line(3.0), link)
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert load(target, into=Line()).slope.data == 3.0


def test_a_place_that_cannot_be_written_or_read_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="cannot write the file"):
        save(Line(), tmp_path / "missing" / "f.json")
    with pytest.raises(StorageError, match="a folder"):
        save(Line(), tmp_path)
    with pytest.raises(StorageError, match="a folder"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.json")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match="not a file"):
        load(tmp_path / "pipe")
    with pytest.raises(TypeError, match="a model and then a path"):
        save(tmp_path / "f.json", Line())
    assert issubclass(StorageError, AutogradError | ValueError)


def test_modules_nested_too_deep_are_refused_at_saving(tmp_path):
    model = Linear(1, 1)
    for _ in range(2000):
        model = Sequential(model)
        if len(list(model.named_modules())) > 100:
            break
    with pytest.raises(StorageError, match="more than 30 deep"):
        save(model, tmp_path / "f.json")


def test_the_format_is_the_documented_one(tmp_path):
    save(MLP(1, [1], output_activation="tanh"), tmp_path / "f.json")
    document = json.loads((tmp_path / "f.json").read_text(encoding="ascii"))
    assert list(document) == ["format", "version", "model", "parameters", "sha256"]
    assert document["model"] == {
        "class": "MLP", "inputs": 1, "outputs": [1], "activation": "relu", "output_activation": "tanh",
        "shared_bias": False,
    }  # fmt: skip
    assert list(document["parameters"]) == ["layers.0.neurons.0.w.0", "layers.0.neurons.0.b"]


# One process that imports nn once, and then forks: each child saves two models in turn until it is killed.
KILLED = """
import os, random, select, signal, sys, time
sys.path.insert(0, sys.argv[1])
from nn.modules.layers import MLP
from nn.files.storage import load, save
path, rng = sys.argv[2], random.Random(int(sys.argv[3]))
models = [MLP(2, [10, 10, 1], generator=random.Random(i)) for i in range(2)]
states = [model.state_dict() for model in models]
began = time.perf_counter()
for model in models * 5:
    save(model, path)
span = max(0.02, time.perf_counter() - began)  # of about ten saves, on a busy machine too
seen, left = [0, 0], 0
for _ in range(100):
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(tell, b".")
        while True:
            for model in models:
                save(model, path)
    os.read(ready, 1)
    time.sleep(rng.uniform(0.0, span))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(ready), os.close(tell)
    seen[states.index(load(path).state_dict())] += 1
    folder = os.path.dirname(path)
    parts = [name for name in os.listdir(folder) if name.endswith(".part")]
    left += len(parts)
    for name in parts:
        os.unlink(os.path.join(folder, name))
print(*seen, left)
"""


def test_a_hundred_kills_in_the_middle_of_saving_leave_a_whole_file(tmp_path):
    command = [sys.executable, "-c", KILLED, str(ROOT), str(tmp_path / "model.json"), "7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    first, second, unfinished = map(int, done.stdout.split())
    assert first + second == 100
    assert min(first, second) > 5  # both were there, so files were being replaced
    assert unfinished > 5  # and kills did come in the middle of writing


def signed(document):
    """The text of a document with a checksum that fits."""
    document.pop("sha256", None)
    return json.dumps({**document, "sha256": checksum(document)})


def good():
    model = MLP(2, [2, 1], activation="tanh", generator=random.Random(1))
    return {
        "format": "scalar-autograd model", "version": 1, "model": describe(model), "parameters": model.state_dict()
    }  # fmt: skip


def without(document, key):
    return {name: entry for name, entry in document.items() if name != key}


TEXT = signed(good())
HOSTILE = {
    "empty": ("", "it is empty"),
    "binary": (b"\x80\x04\x95\x00\x8c", "not ASCII"),
    "a null": ("\0" * 100, "not JSON"),
    "half": (TEXT[: len(TEXT) // 2], "not JSON"),
    "garbage after": (TEXT + "{}", "Extra data"),
    "not an object": ("[1]", "does not say that its format"),
    "another format": (signed(good() | {"format": "x"}), "does not say that its format"),
    "no version": (signed(without(good(), "version")), "its version is None"),
    "newer": (signed(good() | {"version": 2}), "version is 2, and version 1 is known; it was written by a newer"),
    "true version": (signed(good() | {"version": True}), "its version is True"),
    "no checksum": (json.dumps(good()), "no checksum"),
    "bad checksum": (TEXT.replace('"sha256": "', '"sha256": "0'), "its checksum is not that"),
    "checksum of another type": (json.dumps({**good(), "sha256": [1]}), "its checksum is not that"),
    "changed by hand": (TEXT.replace('"tanh"', '"relu"'), "changed by hand"),
    "1e999": (TEXT.replace('"version": 1', '"version": 1e999'), "larger than the largest float"),
    "NaN": (TEXT.replace('"version": 1', '"version": NaN'), "NaN stands where a number should"),
    "-Infinity": (TEXT.replace('"version": 1', '"version": -Infinity'), "-Infinity stands"),
    "long integer": (TEXT.replace('"version": 1', '"version": ' + "9" * 5000), "5000 characters"),
    "long float": (TEXT.replace('"version": 1', '"version": 0.' + "9" * 5000), "5002 characters"),
    "twice": (TEXT.replace('"version": 1', '"version": 1, "version": 1'), "'version' is given twice"),
    "deep": ("[" * 1_000_000, f"nested more than {DEEPEST} deep"),
    "deep and closed": ('{"a":' * 5000 + "1" + "}" * 5000, f"nested more than {DEEPEST} deep"),
    "long text": (f'["{"a" * 15_000_000}"]', "string of more than"),
    "wide text": ('["' + "a" * 15_000_000 + '\\ud83d\\ude00"]', "string of more than"),
    "many lists": ("[" + "[]," * 5_000_000 + "[]]", "more than 250,000 entries or 20,000 lists"),
    "many numbers": ("[" + "0," * 7_000_000 + "0]", "more than 250,000 entries or 20,000 lists"),
    "many escapes": ('["' + "\\n" * 7_000_000 + '"]', "more than"),
    "large": (" " * (MOST_BYTES + 1), "larger than 16 MiB"),
    "other members": (signed(good() | {"note": 1}), "where model and parameters are expected"),
    "no model": (signed(without(good(), "model")), "where model and parameters are expected"),
    "a list of parameters": (signed(good() | {"parameters": [1.0]}), "not an object of numbers by path"),
    "a text for a number": (signed(good() | {"parameters": {"w": "1"}}), "'w' is '1', not a number"),
    "a truth for a number": (signed(good() | {"parameters": {"w": True}}), "'w' is True, not a number"),
    "other parameters": (signed(good() | {"parameters": {str(i): 0.5 for i in range(9)}}), "missing: layers.0"),
    "unknown class": (signed(good() | {"model": {"class": "os.system"}}), "no class 'os.system'"),
    "class of another type": (signed(good() | {"model": {"class": ["MLP"]}}), r"no class \['MLP'\]"),
    "a text for a model": (signed(good() | {"model": "MLP"}), "no class None"),
    "gigabytes": (
        signed(good() | {"model": {"class": "Linear", "in_features": 10**9, "out_features": 10**9, "bias": True}}),
        "1000000001000000000 parameters, and it holds 9",
    ),
}


def model_of(**changes):
    return signed(good() | {"model": good()["model"] | changes})


def simple(description, numbers=0):
    return signed(good() | {"model": description, "parameters": {str(i): 0.5 for i in range(numbers)}})


HOSTILE |= {
    "a width of 0": (model_of(outputs=[0]), "whole number from 1 up, not 0"),
    "a width of true": (model_of(outputs=[True]), "whole number from 1 up, not True"),
    "a width of 1.0": (model_of(inputs=2.0), "whole number from 1 up, not 2.0"),
    "no widths": (model_of(outputs=[]), "a list was expected"),
    "widths of another type": (model_of(outputs="21"), "a list was expected"),
    "unknown activation": (model_of(activation="__import__"), "no activation '__import__'"),
    "activation of another type": (model_of(activation=[]), "no activation"),
    "activation of a class with parameters": (
        model_of(activation={"class": "Linear", "in_features": 1, "out_features": 1, "bias": False}), "no activation",
    ),
    "custom of another type": (model_of(activation={"custom": []}), "no activation"),
    "bias of another type": (model_of(shared_bias=0), "true or false was expected"),
    "more options": (model_of(extra=1), "the description of MLP has"),
    "p of another type": (simple({"class": "Dropout", "p": "1"}), "from 0 to 1"),
    "p of 2": (simple({"class": "Dropout", "p": 2}), "from 0 to 1"),
    "alpha of another type": (simple({"class": "ELU", "alpha": None}), "description of its ELU is wrong"),
    "beta of 0": (simple({"class": "Softplus", "beta": 0}), "must not be 0"),
    "parts of another type": (simple({"class": "Sequential", "parts": {}}), "a list was expected"),
    "a part of another type": (simple({"class": "Sequential", "parts": [3]}), "no class None"),
    "a name of another type": (
        simple({"class": "Neuron", "inputs": 1, "activation": "relu", "name": 3}, 2), "a name was expected",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_clear_error_within_100_mib(name, tmp_path):
    content, message = HOSTILE[name]
    path = tmp_path / "f.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    tracemalloc.start()
    try:
        with pytest.raises(StorageError, match=message) as caught:
            load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * MIB
    assert len(str(caught.value)) < 600
    assert caught.value.__cause__ is None


def test_the_most_that_a_file_may_hold_stays_under_100_mib(tmp_path):
    members = ",".join(f'"{i:040d}":0.{i:06d}1' for i in range(240_000))
    path = tmp_path / "f.json"
    path.write_text(f'{{"format":"scalar-autograd model","version":1,"sha256":"","parameters":{{{members}}}}}')
    del members
    tracemalloc.start()
    try:
        with pytest.raises(StorageError, match="checksum"):
            load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * MIB


PIECES = [
    "NaN", "1e999", "-0", "[", "]", "{", "}", '"', "\\", ",", ":", "null", "true", "1", "1e-400", "[[[[", '{"a":' * 50,
    "99999999999999999999", '"class"', "MLP", "\\ud800", "\0", "é", '"custom"', "Infinity", "0x1p3", "1_0", "'",
]  # fmt: skip


def mutated_text(text, rng):
    start, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
    return rng.choice(
        [
            lambda: text[:start],
            lambda: text[:start] + text[end:],
            lambda: text[:start] + text[min(start + rng.randrange(1, 4), len(text)) :],
            lambda: text[:start] + rng.choice(PIECES) + text[start:],
            lambda: text[:start] + rng.choice(PIECES) + text[min(start + rng.randrange(1, 9), len(text)) :],
            lambda: text[:end] + text[start:],
            lambda: text[:start] + chr(rng.randrange(256)) + text[start + 1 :],
        ]
    )()


ODD = [None, True, -1, 0, 1, 2, 10**12, 10**39, 1.5, -0.0, 5e-324, "", "MLP", "tanh", "class", [], [1], {}]
ODD += [{"custom": "f"}, {"class": "ELU", "alpha": 1.0}]


def mutated_document(document, rng):
    """Put something else at a random place of a nest, or take it away; the checksum is made to fit."""
    places = []
    stack = [document]
    while stack:
        item = stack.pop()
        for key in list(item) if isinstance(item, dict) else range(len(item)):
            places.append((item, key))
            if isinstance(item[key], dict | list):
                stack.append(item[key])
    container, key = rng.choice(places)
    if rng.random() < 0.2:
        del container[key]
    elif isinstance(container, dict) and rng.random() < 0.2:
        container[rng.choice(["x", "class", "0.w.0"])] = container.pop(key)
    else:
        container[key] = rng.choice(ODD)
    return signed(document)


def test_ten_thousand_mutations_raise_nothing_but_storage_errors(tmp_path):
    rng = random.Random(2024)
    path = tmp_path / "f.json"
    documents = [good()]
    for name in ("parts", "Layer", "Neuron", "module as activation"):
        model = MODELS[name]()
        save(model, path)
        documents.append(without(json.loads(path.read_text()), "sha256"))
    texts = [signed(json.loads(json.dumps(document))) for document in documents]
    target = MLP(2, [2, 1], generator=random.Random(5))
    untouched = bits(target)
    refused = loaded = peak = 0
    tracemalloc.start()
    try:
        for trial in range(10_000):
            if trial == 1000:  # at a third of the speed
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
            chosen = rng.randrange(len(documents))
            if trial % 2:
                content = mutated_text(texts[chosen], rng)
            else:
                content = mutated_document(json.loads(texts[chosen]), rng)
            path.write_bytes(content.encode("utf-8", "surrogatepass"))
            into = {"into": target} if trial % 4 < 2 else {}
            try:
                load(path, **into)
            except StorageError:
                refused += 1
                assert bits(target) == untouched
            else:
                loaded += 1
                untouched = bits(target)
    finally:
        tracemalloc.stop()
    assert 0 < peak < 100 * MIB
    assert refused > 9000
    assert loaded > 100  # some mutations, such as another number with a checksum that fits, are sound files


def test_a_description_is_counted_and_built_alike():
    for make in MODELS.values():
        description = describe(make())
        assert count_parameters(description) == len(build(description, {}).parameters())
