"""What is computed from a module, as a function of its parameters: also where it asks the module for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autograd import Value
from nn.errors import StateError
from nn.modules.module import Module, functional_call
from nn.modules.replacements import leaves_of


class Objective(Module):
    """A function and the module that it computes with: called as functions of the module's parameters.

    Parameters: `model`; `function(*args)`, which may use the model, and call `parts`, whatever else holds parameters
    of it in an attribute.
    """

    def __init__(self, model: Module, function: Callable[..., Any], *parts: Any) -> None:
        self.model, self.function, self.parts = model, function, parts

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)

    def at(self, parameters: Mapping[str, Any], *args: Any) -> Any:
        """What the function returns with other numbers in the place of the model's parameters, by their paths there."""
        return functional_call(self, {f"model.{path}": number for path, number in parameters.items()}, *args)

    def require_through_model(self, parameters: Mapping[str, Value], *results: Any) -> None:
        """Raise `StateError` where results of `at` were computed from one of these parameters itself, by their paths.

        In a recording as outside of one.
        """
        reached = set(leaves_of(result for result in results if isinstance(result, Value)))
        for path, parameter in parameters.items():
            if reached & {*(1.0 * parameter).parents}:  # in a recording, what stands for it there
                raise StateError(
                    f"the parameter {path!r} is read from a variable, where its number and its derivative would be "
                    f"missed: read it from the model, as model.{path} or model.parameters()"
                )
