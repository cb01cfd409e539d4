"""Models on disk: `save` and `load`, in the open format that docs/model_files.md describes."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from nn.errors import StateError, StorageError
from nn.files.documents import MOST_ENTRIES, read_document, write_document
from nn.modules.architecture import build, count_parameters, describe
from nn.modules.module import Module

FORMAT = "scalar-autograd model"
VERSION = 1

Filled = TypeVar("Filled", bound=Module)


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write a model to a file: its architecture, where it is made of nn's classes, and its parameters to the bit.

    At any moment there is the old file or the new one, whole: it is written beside, and renamed.

    Parameters: `model`; `path`, by custom ending in .json.

    Raises: `StorageError` for a parameter that is nan or infinite, which is named, and for more parameters than a file
    may have (249,000); `OSError` where it cannot be written. Whatever is there already then stays.

    >>> import tempfile
    >>> from nn import MLP
    >>> model = MLP(2, [3, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/model.json")
    ...     same = load(f"{folder}/model.json")
    >>> same.state_dict() == model.state_dict()
    True
    """
    if not isinstance(model, Module):
        raise TypeError(f"save takes a model and then a path, not {type(model).__name__}: nn.save(model, 'model.json')")
    parameters = model.state_dict()
    for path_of, number in parameters.items():
        if not math.isfinite(number):
            raise StorageError(f"the parameter {path_of} is {number}, and was not saved: training has diverged")
    if len(parameters) > MOST_ENTRIES - 1000:
        raise StorageError(f"a model file has {MOST_ENTRIES - 1000:,} parameters at most, not {len(parameters):,}")
    write_document(path, FORMAT, VERSION, {"model": describe(model), "parameters": parameters})


@overload
def load(path: str | os.PathLike[str], *, activations: Mapping[str, Callable[[Any], Any]] = ...) -> Any: ...


@overload
def load(path: str | os.PathLike[str], *, into: Filled) -> Filled: ...


def load(
    path: str | os.PathLike[str],
    *,
    into: Module | None = None,
    activations: Mapping[str, Callable[[Any], Any]] | None = None,
) -> Any:
    """Read a model from a file that `save` wrote. Nothing in a file is ever run.

    Parameters: `path`; `into`, a module of one's own to fill, in place of building the one that is described;
    `activations`, the functions for the activations that a file knows by name only.

    Returns the model, in training mode as a new one is, or `into`.

    Raises: `StorageError` for a file that is not a whole and sound model file, or does not fit `into`, which is then
    unchanged; `OSError` where there is none.

    >>> import tempfile
    >>> from autograd import Value
    >>> class Line(Module):
    ...     def __init__(self, slope):
    ...         self.slope = Value(slope)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Line(2.0), f"{folder}/line.json")
    ...     load(f"{folder}/line.json", into=Line(0.0)).slope.data
    2.0
    """
    if into is not None and not isinstance(into, Module):
        raise TypeError(f"into is the module to fill, not {type(into).__name__}")
    content = read_document(path, FORMAT, VERSION)
    try:
        return _model(content, into, activations or {})
    except (StateError, StorageError) as error:
        raise StorageError(f"cannot read {os.fspath(path)!r}: {error}") from None


def _model(content: dict[str, Any], into: Module | None, activations: Mapping[str, Callable[[Any], Any]]) -> Module:
    if set(content) != {"model", "parameters"}:
        raise StorageError(f"it has the members {sorted(content)!r:.100}, where model and parameters are expected")
    description, parameters = content["model"], content["parameters"]
    if not isinstance(parameters, dict):
        raise StorageError(f"its parameters are {type(parameters).__name__}, not an object of numbers by path")
    for name, number in parameters.items():
        if type(number) not in (float, int):
            raise StorageError(f"the parameter {name!r:.100} is {number!r:.60}, not a number")
    if description is not None:
        count = count_parameters(description)
    if into is None:
        if description is None:
            raise StorageError("it holds the parameters of a module of the user's own: nn.load(path, into=model)")
        if count != len(parameters):  # before anything of that size is made
            raise StorageError(f"the model that it describes has {count} parameters, and it holds {len(parameters)}")
        into = build(description, activations)
    into.load_state_dict(parameters)
    return into
