"""`Module`: anything with parameters."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from autograd import Value, rerun_context
from nn.errors import StateError
from nn.modules.replacements import Compiled, each_its_own, plain, put_in
from nn.pickles import Versioned

MOST_LISTED = 10  # paths of each kind that an error message lists


class Unmatched(NamedTuple):
    """What `load_state_dict` passed over: paths of the module without a number, and numbers without a parameter."""

    missing: list[str]
    extra: list[str]


class Module(Versioned):
    """The base of neurons, layers and networks: it finds the parameters and the modules in its own attributes.

    A parameter is a leaf Value held as an attribute, in a list, tuple or dict, or in another Module, and what
    `functional_call` puts in its place; each counts once, in the order of assignment, however many places hold it. A
    subclass defines `forward`, which a call runs, or `__call__` itself. An attribute that holds parts cannot have the
    name of one of Module's own: `AttributeError`.

    Attributes: `training`, True until `eval()`; parts that behave differently in training, as Dropout does, read it.

    >>> from autograd import Value
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def forward(self, x):
    ...         return self.slope * x + self.offset
    >>> [path for path, parameter in Line().named_parameters()]
    ['slope', 'offset']
    >>> Line()(3.0).data
    7.0
    """

    training: bool = True

    if TYPE_CHECKING:  # nn/__init__ adds it, for the page stands on modules

        def page(self, data: Any, path: str | os.PathLike[str], **options: Any) -> None: ...

    def __setattr__(self, name: str, item: Any) -> None:
        is_part = isinstance(item, Value | Module | list | tuple | dict)
        if is_part and hasattr(Module, name) and not name.startswith("_"):
            raise AttributeError(f"{name!r} is an attribute of every Module: give this part of it another name")
        super().__setattr__(name, item)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        forward = getattr(self, "forward", None)
        if forward is None:
            raise TypeError(f"{type(self).__name__} cannot be called: it defines neither forward nor __call__")
        return forward(*args, **kwargs)

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """The path and the Value of each parameter, such as `("layers.0.neurons.1.b", b)`."""
        seen: set[Value] = set()
        for path, value in _leaves(self, "", set()):
            if value not in seen:
                seen.add(value)
                yield path, value

    def parameters(self) -> list[Value]:
        """The parameters, each once."""
        return [value for _, value in self.named_parameters()]

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The path and the module of each module held directly, such as `("layers.0", layer)`, each once."""
        seen: set[int] = set()
        for path, item in _held(vars(self), "", set(), Module):
            if id(item) not in seen:
                seen.add(id(item))
                yield path, item

    def children(self) -> list[Module]:
        """The modules held directly, each once."""
        return [child for _, child in self.named_children()]

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """The path and the module of this module, whose path is "", and of all inside it, each once."""
        yield from _modules(self, "", set())

    def modules(self) -> list[Module]:
        """This module and all inside it, each once."""
        return [module for _, module in self.named_modules()]

    def apply(self, function: Callable[[Module], object]) -> Self:
        """Call a function with every module inside this one, then with this one; returns this one.

        >>> class Pair(Module):
        ...     def __init__(self):
        ...         self.parts = [Module(), Module()]
        >>> names = []
        >>> pair = Pair().apply(lambda module: names.append(type(module).__name__))
        >>> names
        ['Module', 'Module', 'Pair']
        """
        for module in _bottom_up(self, set()):
            function(module)
        return self

    def train(self, mode: bool = True) -> Self:
        """Set `training` on this module and on all inside it; returns this one."""
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self) -> Self:
        """`train(False)`: from now on parts such as Dropout pass everything through."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def state_dict(self) -> dict[str, float]:
        """The number of each parameter by its path.

        Raises: `StateError` where two parameters have the same path, as under the dict keys 1 and "1".

        >>> class Line(Module):
        ...     def __init__(self):
        ...         self.slope = Value(2.0)
        >>> Line().state_dict()
        {'slope': 2.0}
        """
        return {path: parameter.data for path, parameter in _by_path(self).items()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Unmatched:
        """Set the parameters to the numbers of a `state_dict`.

        Parameters: `state`, a number for each path; `strict`, False to leave parameters without a number as they are,
        and to pass over numbers without a parameter.

        Returns what was passed over: nothing where `strict`.

        Raises: `StateError`, which lists together the paths that are missing, that the module does not have, and whose
        entries are not numbers; then nothing is changed. `TypeError` for a state that is not a mapping.

        >>> class Line(Module):
        ...     def __init__(self):
        ...         self.slope = Value(2.0)
        >>> line = Line()
        >>> line.load_state_dict({"slope": 3.0})
        Unmatched(missing=[], extra=[])
        >>> line.slope.data
        3.0
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"a state is a dict of numbers by path, such as state_dict(), not {type(state).__name__}")
        own = _by_path(self)
        missing = [path for path in own if path not in state]
        extra = [path for path in state if path not in own]
        numbers: dict[str, float] = {}
        wrong = []
        for path, entry in state.items():
            if path in own:
                try:
                    numbers[path] = (entry if isinstance(entry, Value) else Value(entry)).data
                except (TypeError, ValueError, OverflowError):
                    wrong.append(f"{path} ({type(entry).__name__})")
        complaints = {"missing": missing, "not in the module": extra} if strict else {}
        complaints["not a number"] = wrong
        listed = [f"{what}: {_listed(paths)}" for what, paths in complaints.items() if paths]
        if listed:
            raise StateError(f"the state does not fit this {type(self).__name__}; {'; '.join(listed)}")
        for path, number in numbers.items():
            own[path].data = number
        return Unmatched(missing, extra)

    def extra_repr(self) -> str:
        """What a repr shows between the parentheses, before the modules inside: the options of the module."""
        return ""

    @recursive_repr("(…)")
    def __repr__(self) -> str:
        lines = [f"({path}): {child!r}".replace("\n", "\n  ") for path, child in self.named_children()]
        options = self.extra_repr()
        name = type(self).__name__
        if not lines:
            return f"{name}({options})"
        return "\n  ".join([f"{name}({options}", *lines]) + "\n)"


def functional_call(module: Module, parameters: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
    """Call a module with other numbers in the place of its parameters, which keep their own.

    So a loss is a function of the parameters, to be differentiated, compiled or looped over. Until it returns, the
    others are the module's parameters, for its own `parameters()` and for a functional_call inside this one, too. A
    number is put in as a Value, so that the module always holds Values; what was computed from numbers alone comes out
    as numbers.

    Parameters: `parameters`, a number or Value for each path of `named_parameters`; those not named stay. The other
    arguments are the module's. While it runs, no other thread may use the module.

    Raises: `KeyError` for a path that the module does not have; `TypeError` for what is no number; `StateError` where
    two parameters have the same path, or a compiled function in the module was unpickled without its Python source.

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
    own = _by_path(module)
    unknown = [path for path in parameters if path not in own]
    if unknown:
        raise KeyError(f"the module has no parameter {unknown[0]!r}; it has {_listed(list(own)) or 'none'}")
    by_value = each_its_own(own, parameters)
    with rerun_context(partial(_replaced, module, by_value)):
        result = module(*args, **kwargs)
    if any(isinstance(item, Value) for item in parameters.values()):
        return result
    return plain(result, {value: float(item) for value, item in zip(by_value.values(), parameters.values())})


@contextmanager
def _replaced(module: Module, by_value: dict[Value, Value]) -> Iterator[None]:
    """The module with other Values in the place of its parameters."""
    replaced: list[tuple[Any, Any, Any]] = []
    token = put_in.set(put_in.get() | {id(value) for value in by_value.values()})
    try:
        _replace(vars(module), by_value, replaced, set())
        yield
    finally:
        put_in.reset(token)
        for container, key, item in reversed(replaced):
            container[key] = item


def _replace(
    container: Any, by_value: dict[Value, Value], replaced: list[tuple[Any, Any, Any]], seen: set[int]
) -> None:
    """Put other items in the place of Values in a dict or list and in what it holds; `replaced` is for the way back."""
    for key, item in list(container.items() if isinstance(container, dict) else enumerate(container)):
        if isinstance(item, Value):
            if item not in by_value:
                continue
            new: Any = by_value[item]
        elif isinstance(item, Module | dict | list):
            if id(item) not in seen:  # a part may hold the whole that holds it
                seen.add(id(item))
                _replace(vars(item) if isinstance(item, Module) else item, by_value, replaced, seen)
            continue
        elif isinstance(item, tuple):
            parts = list(item)
            _replace(parts, by_value, replaced, seen)
            new = type(item)(*parts) if hasattr(item, "_fields") else tuple(parts)
        elif isinstance(item, Compiled) and item.function is None:
            raise StateError(
                f"the compiled function {item.__name__!r}, at {key!r}, was unpickled without its Python source, and "
                "would go on with the parameters that it has: compile a method of the module, which pickles can name"
            )
        else:
            continue
        replaced.append((container, key, item))
        container[key] = new


def _held(container: Any, path: str, seen: set[int], kind: Any) -> Iterator[tuple[str, Any]]:
    """What is of a kind in a container and in the containers within, but not what is inside modules."""
    if id(container) in seen:
        return
    seen.add(id(container))
    for key, item in list(container.items() if isinstance(container, dict) else enumerate(container)):
        if isinstance(item, kind):
            yield f"{path}.{key}" if path else str(key), item
        elif isinstance(item, _CONTAINERS):
            yield from _held(item, f"{path}.{key}" if path else str(key), seen, kind)


_PARTS, _CONTAINERS = (Value, Module), (dict, list, tuple)  # not unions, which take twice as long to ask


def _leaves(module: Module, path: str, seen: set[int]) -> Iterator[tuple[str, Value]]:
    for place, item in _held(vars(module), path, seen, _PARTS):
        if isinstance(item, Module):
            yield from _leaves(item, place, seen)
        elif not item.op or id(item) in put_in.get():
            yield place, item


def _modules(module: Module, path: str, seen: set[int]) -> Iterator[tuple[str, Module]]:
    if id(module) in seen:
        return
    seen.add(id(module))
    yield path, module
    for place, child in module.named_children():
        yield from _modules(child, f"{path}.{place}" if path else place, seen)


def _bottom_up(module: Module, seen: set[int]) -> Iterator[Module]:
    seen.add(id(module))
    for child in module.children():
        if id(child) not in seen:
            yield from _bottom_up(child, seen)
    yield module


def _by_path(module: Module) -> dict[str, Value]:
    """The parameters by their paths, which must differ."""
    by_path: dict[str, Value] = {}
    for path, parameter in module.named_parameters():
        if path in by_path:
            raise StateError(f"two parameters of this {type(module).__name__} have the same path {path!r}: rename one")
        by_path[path] = parameter
    return by_path


def _listed(paths: list[str]) -> str:
    more = len(paths) - MOST_LISTED
    return ", ".join(f"{path:.100}" for path in paths[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
