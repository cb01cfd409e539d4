"""What is computed from a module, as a function of its parameters: also where it asks the module for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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

    def require_through_model(
        self, parameters: Mapping[str, Value], results: Iterable[Any], arguments: Iterable[Any]
    ) -> None:
        """Raise `StateError` where results of `at` were computed from one of these parameters itself, by their paths.

        In a recording as outside of one. `arguments` are the numbers that it was given, which need no explanation.
        """
        reached = set(leaves_of(_values(results))).difference(leaves_of(_values(arguments)))
        for path, parameter in parameters.items() if reached else ():
            if reached.intersection((1.0 * parameter).parents):  # in a recording, what stands for it there
                raise StateError(
                    f"the parameter {path!r} is read from a variable, and not from the model, where other numbers "
                    "stand in its place: read it there at each call, as model.w or model.parameters()"
                )


def _values(items: Iterable[Any]) -> Iterator[Value]:
    return (item for item in items if isinstance(item, Value))
