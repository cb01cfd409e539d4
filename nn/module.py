"""`Module`: anything with parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograd import Value


class Module:
    """The base of neurons, layers and networks: it finds the parameters in its own attributes.

    A parameter is a leaf Value held as an attribute, in a list or tuple, or in another Module; each counts once, in the
    order of assignment, however many places hold it.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> [path for path, parameter in Line().named_parameters()]
    ['slope', 'offset']
    """

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """The path and the Value of each parameter, such as `("layers.0.neurons.1.b", b)`."""
        seen: set[Value] = set()
        for path, value in _leaves(vars(self), ""):
            if value not in seen:
                seen.add(value)
                yield path, value

    def parameters(self) -> list[Value]:
        """The parameters, each once."""
        return [value for _, value in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.zero_grad()


def _leaves(item: Any, path: str) -> Iterator[tuple[str, Value]]:
    if isinstance(item, Value):
        if not item.op:
            yield path, item
        return
    if isinstance(item, Module):
        item = vars(item)
    if isinstance(item, dict):
        entries: Any = item.items()
    elif isinstance(item, list | tuple):
        entries = enumerate(item)
    else:
        return
    for key, entry in entries:
        yield from _leaves(entry, f"{path}.{key}" if path else str(key))
