"""What is computed from a module, as a function of its parameters: also where it asks the module for them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd import Value
from nn.errors import StateError
from nn.modules.module import Module, functional_call
from nn.modules.replacements import leaves_of


class Objective(Module):
    """A function and the module that it computes with: called as functions of the module's parameters.

    Parameters: `model`; `function(*args)`, which may use the model; `parts`, what else it calls, for a module among
    them may hold parameters of the model, too.
    """

    def __init__(self, model: Module, function: Callable[..., Any], *parts: Any) -> None:
        self.model, self.function, self.parts = model, function, parts

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)

    def at(self, parameters: Mapping[str, Any], *args: Any) -> Any:
        """What the function returns with other numbers in the place of the model's parameters, by their paths there."""
        return functional_call(self, {f"model.{path}": number for path, number in parameters.items()}, *args)

    def require_through_model(self, parameters: Mapping[str, Value], results: Iterable[Any]) -> None:
        """Raise `StateError` where results of `at` were computed from one of these parameters itself, by their paths.

        In a recording nothing is found: for that see `only_in_python`.
        """
        reached = set(leaves_of(item for item in results if isinstance(item, Value)))
        for path, parameter in parameters.items():
            if parameter in reached:
                raise StateError(
                    f"the parameter {path!r} is read from a variable, and not from the model, where other numbers "
                    "stand in its place: read it there at each call, as model.w or model.parameters()"
                )


def only_in_python(compiled: Any, parameters: Iterable[Value]) -> bool:
    """Whether what a compiled function ran last read one of these parameters itself, and not what stands in its place.

    There the number stays what it was at the call, while in Python it is the one that is tried, and
    `require_through_model` refuses a derivative that would be missing. True, too, where nothing was compiled.
    """
    return compiled.closed_over is None or not set(parameters).isdisjoint(leaves_of(compiled.closed_over))


def warn_of_python(compiled: Any) -> None:
    """Tell what `only_in_python` found, unless nothing was compiled, which was told."""
    if compiled.closed_over is not None:
        warnings.warn(
            "a parameter is read from a variable, and not from the model: nothing is compiled, and all runs in Python, "
            "slowly; read it from the model at each call, as model.w or model.parameters()",
            RuntimeWarning,
            stacklevel=3,
        )
