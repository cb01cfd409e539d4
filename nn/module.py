"""`Module`: anything with parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def functional_call(
    module: Module, parameters: Mapping[str, Any], *args: Any, **kwargs: Any
) -> Any:
    """Call a module with other numbers in the place of its parameters, which keep their own.

    So a loss is a function of the parameters, to be differentiated, compiled or looped over.

    Parameters: `parameters`, a number or Value for each path of `named_parameters`; those not named stay. The other
    arguments are the module's. While it runs, no other thread may use the module.

    Raises: `KeyError` for a path that the module does not have.

    >>> from autograd import grad
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope = Value(2.0)
    ...     def __call__(self, x):
    ...         return self.slope * x
    >>> line = Line()
    >>> grad(lambda slope: functional_call(line, {"slope": slope}, 3.0))(5.0)
    3.0
    """
    own = dict(module.named_parameters())
    unknown = [path for path in parameters if path not in own]
    if unknown:
        raise KeyError(f"the module has no parameter {unknown[0]!r}; it has {', '.join(own) or 'none'}")
    replaced: list[tuple[Any, Any, Any]] = []
    try:
        _replace(vars(module), {own[path]: item for path, item in parameters.items()}, replaced)
        return module(*args, **kwargs)  # type: ignore[operator]  # a module that is called defines __call__
    finally:
        for container, key, item in reversed(replaced):
            container[key] = item


def _replace(container: Any, by_value: dict[Value, Any], replaced: list[tuple[Any, Any, Any]]) -> None:
    """Put other items in the place of Values in a dict or list and in what it holds; `replaced` is for the way back."""
    for key, item in list(container.items() if isinstance(container, dict) else enumerate(container)):
        if isinstance(item, Value):
            if item not in by_value:
                continue
            new = by_value[item]
        elif isinstance(item, Module | dict | list):
            _replace(vars(item) if isinstance(item, Module) else item, by_value, replaced)
            continue
        elif isinstance(item, tuple):
            parts = list(item)
            _replace(parts, by_value, replaced)
            new = tuple(parts)
        else:
            continue
        replaced.append((container, key, item))
        container[key] = new


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
