"""The architecture of a model as plain data, from which it can be built again.

A description is a dict with "class", the name of a class of nn, and its arguments; `docs/model_files.md` lists them. A
model that is not made of nn's own classes alone, or was altered after it was made, has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import autograd
from nn.errors import StorageError
from nn.modules import activations
from nn.modules.activations import ACTIVATIONS, Activation
from nn.modules.containers import Sequential
from nn.modules.dropout import Dropout
from nn.modules.layers import MLP, Layer, Neuron
from nn.modules.linear import Linear
from nn.modules.module import Module

Description = dict[str, Any]
Functions = Mapping[str, Callable[[Any], Any]]

# The classes without parameters, and the numbers that each takes: the names of its arguments and of its attributes.
SIMPLE: dict[str, tuple[type[Module], tuple[str, ...]]] = {
    "Identity": (activations.Identity, ()),
    "ReLU": (activations.ReLU, ()),
    "Tanh": (activations.Tanh, ()),
    "Sigmoid": (activations.Sigmoid, ()),
    "LeakyReLU": (activations.LeakyReLU, ("negative_slope",)),
    "ELU": (activations.ELU, ("alpha",)),
    "SiLU": (activations.SiLU, ()),
    "GELU": (activations.GELU, ()),
    "Softplus": (activations.Softplus, ("beta",)),
    "Softmax": (activations.Softmax, ()),
    "Dropout": (Dropout, ("p",)),
}
DEEPEST = 30


def describe(module: Module) -> Description | None:
    """The description of a model, None where it has none.

    Raises: `StorageError` for a Sequential nested more than 30 deep.

    >>> describe(MLP(2, [3, 1], activation="tanh"))["outputs"]
    [3, 1]
    >>> describe(Module()) is None
    True
    """
    description = _describe(module, DEEPEST)
    if description is None or count_parameters(description) != len(module.parameters()):
        return None  # where Values are shared, or others were added
    return description


def count_parameters(description: Description) -> int:
    """How many parameters the described model has, without building it.

    Raises: `StorageError` where the description is not one.

    >>> count_parameters({"class": "Linear", "in_features": 1000000, "out_features": 1000000, "bias": False})
    1000000000000
    """
    kind = description.get("class") if isinstance(description, dict) else None
    if kind == "MLP":
        _keys(description, "inputs", "outputs", "activation", "output_activation", "shared_bias")
        widths = [_count(description["inputs"]), *map(_count, _list(description["outputs"]))]
        biases = [1] * (len(widths) - 1) if _truth(description["shared_bias"]) else widths[1:]
        return sum(before * width for before, width in zip(widths, widths[1:])) + sum(biases)
    if kind == "Layer":
        _keys(description, "inputs", "outputs", "activation", "shared_bias", "name")
        _word(description["name"])
        outputs = _count(description["outputs"])
        return _count(description["inputs"]) * outputs + (1 if _truth(description["shared_bias"]) else outputs)
    if kind == "Neuron":
        _keys(description, "inputs", "activation", "name")
        _word(description["name"])
        return _count(description["inputs"]) + 1
    if kind == "Linear":
        _keys(description, "in_features", "out_features", "bias")
        outputs = _count(description["out_features"])
        return _count(description["in_features"]) * outputs + outputs * _truth(description["bias"])
    if kind == "Sequential":
        _keys(description, "parts")
        return sum(map(count_parameters, _list(description["parts"], 0)))
    if isinstance(kind, str) and kind in SIMPLE:
        _keys(description, *SIMPLE[kind][1])
        return 0
    raise StorageError(f"there is no class {kind!r:.60} among those that a file can describe")


def build(description: Description, functions: Functions) -> Module:
    """The described model, all its parameters 0.

    Parameters: `description`, which `count_parameters` has accepted; `functions`, activations of one's own by name.

    Raises: `StorageError` where a number or a name in it is not one that its class takes.

    >>> build({"class": "Linear", "in_features": 2, "out_features": 1, "bias": True}, {})
    Linear(in_features=2, out_features=1, bias=True)
    """
    options = {key: entry for key, entry in description.items() if key != "class"}
    for key in ("activation", "output_activation"):
        if key in options:
            options[key] = _function(options[key], functions)
    kind = description["class"]
    try:
        if kind == "Sequential":
            return Sequential(*[build(part, functions) for part in options["parts"]])
        if kind in SIMPLE:
            return SIMPLE[kind][0](**options)
        made: Any = {"MLP": MLP, "Layer": Layer, "Neuron": Neuron, "Linear": Linear}[kind]
        model: Module = made(**options, initializer=lambda fan_in, fan_out, generator: 0.0)
        return model
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"the description of its {kind} is wrong: {error}") from None


def _describe(module: Any, deepest: int) -> Description | None:
    if deepest == 0:
        raise StorageError(f"modules nested more than {DEEPEST} deep cannot be saved")
    kind = type(module)
    if kind is MLP:
        return _describe_mlp(module)
    if kind is Layer:
        return _describe_layer(module)
    if kind is Neuron:
        options = {"inputs": len(module.w), "activation": _name(module.activation), "name": module.name}
        return {"class": "Neuron", **options}
    if kind is Linear:
        rows, columns = len(module.weight), {len(row) for row in module.weight}
        if (rows, columns) != (module.out_features, {module.in_features}):
            return None
        options = {"in_features": module.in_features, "out_features": rows, "bias": module.bias is not None}
        return {"class": "Linear", **options}
    if kind is Sequential:
        parts = [_describe(part, deepest - 1) for part in module]
        return None if None in parts else {"class": "Sequential", "parts": parts}
    for name, (made, numbers) in SIMPLE.items():
        if kind is made:
            return {"class": name, **{number: getattr(module, number) for number in numbers}}
    return None


def _describe_layer(layer: Any) -> Description | None:
    neurons = layer.neurons
    if not neurons:
        return None
    inputs, functions = len(neurons[0].w), [_name(neuron.activation) for neuron in neurons]
    shared = len(neurons) > 1 and len({neuron.b for neuron in neurons}) == 1
    alike = all(type(neuron) is Neuron and len(neuron.w) == inputs for neuron in neurons)
    if not alike or any(function != functions[0] for function in functions):
        return None
    options = {"inputs": inputs, "outputs": len(neurons), "activation": functions[0], "shared_bias": shared}
    return {"class": "Layer", **options, "name": layer.name}


def _describe_mlp(model: Any) -> Description | None:
    layers = [_describe_layer(layer) if type(layer) is Layer else None for layer in model.layers]
    if not layers or None in layers:
        return None
    *hidden, output = [layer for layer in layers if layer is not None]
    widths = [layer["outputs"] for layer in (*hidden, output)]
    # In a layer of one neuron a shared bias and one of its own are the same thing.
    shared = {layer["shared_bias"] for layer in (*hidden, output) if layer["outputs"] > 1} or {False}
    functions = [layer["activation"] for layer in hidden] or ["relu"]
    joined = all(after["inputs"] == width for after, width in zip([*hidden, output][1:], widths))
    if not joined or len(shared) > 1 or any(function != functions[0] for function in functions):
        return None
    return {
        "class": "MLP", "inputs": (hidden or [output])[0]["inputs"], "outputs": widths,
        "activation": functions[0], "output_activation": output["activation"], "shared_bias": shared.pop(),
    }  # fmt: skip


def _name(activation: Activation) -> Any:
    """An activation by its name; one of the user's own as {"custom": name}, a module by its description."""
    if isinstance(activation, str):
        return activation
    if isinstance(activation, Module) and type(activation).__name__ in SIMPLE and not activation.parameters():
        return _describe(activation, 1)
    for name in ACTIVATIONS:
        if activation is getattr(autograd, name, None):
            return name
    own = getattr(activation, "__name__", None) or getattr(activation, "name", None)
    return {"custom": own if isinstance(own, str) else type(activation).__name__}


def _function(name: Any, functions: Functions) -> Activation:
    if isinstance(name, str) and name in ACTIVATIONS:
        return name
    if isinstance(name, dict) and list(name) == ["custom"] and isinstance(name["custom"], str):
        if name["custom"] not in functions:
            raise StorageError(
                f"its activation is a function of the user's own, {name['custom']!r:.60}, of which a file holds no "
                f"more than the name: nn.load(path, activations={{{name['custom']!r:.60}: function}})"
            )
        return functions[name["custom"]]
    if isinstance(name, dict) and isinstance(name.get("class"), str) and name["class"] in SIMPLE:
        count_parameters(name)
        return build(name, functions)
    raise StorageError(f"there is no activation {name!r:.60}")


def _keys(description: Description, *names: str) -> None:
    if set(description) != {"class", *names}:
        expected = ", ".join(names) or "nothing else"
        raise StorageError(f"the description of {description['class']} has {expected}, not {list(description)!r:.100}")


def _count(number: Any) -> int:
    if type(number) is not int or number < 1:
        raise StorageError(f"a number of inputs or outputs is a whole number from 1 up, not {number!r:.60}")
    return number


def _list(items: Any, least: int = 1) -> list[Any]:
    if not isinstance(items, list) or len(items) < least:
        raise StorageError(f"a list was expected in the description, not {items!r:.60}")
    return items


def _word(word: Any) -> None:
    if not isinstance(word, str):
        raise StorageError(f"a name was expected in the description, not {word!r:.60}")


def _truth(flag: Any) -> bool:
    if not isinstance(flag, bool):
        raise StorageError(f"true or false was expected in the description, not {flag!r:.60}")
    return flag
