"""`Sequential`: modules one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, overload

from nn.modules.module import Module


class Sequential(Module):
    """A module that passes its input through others in turn.

    Parameters: `parts`, modules. Their paths are 0, 1, …, as in `0.weight.2.1`. Indexing gives a part, a slice a
    Sequential of the same parts.

    Raises: `TypeError` for a part that is not a module.

    >>> from nn.modules.activations import Tanh
    >>> from nn.modules.linear import Linear
    >>> model = Sequential(Linear(2, 3), Tanh(), Linear(3, 1))
    >>> model
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): Tanh()
      (2): Linear(in_features=3, out_features=1, bias=True)
    )
    >>> len(model([0.5, -1.0])), len(model.parameters())
    (1, 13)
    """

    def __init__(self, *parts: Module) -> None:
        for part in parts:
            self.append(part)

    def append(self, part: Module) -> Sequential:
        """Put one more module at the end; returns this one."""
        given: object = part
        if not isinstance(given, Module):
            shown = f"{type(given).__name__}: {given!r:.60}"
            raise TypeError(f"a part of Sequential is a module such as nn.Tanh(), not {shown}")
        setattr(self, str(len(self)), part)
        return self

    @property
    def _parts(self) -> list[Module]:
        return [part for name, part in vars(self).items() if name.isdecimal()]

    def forward(self, x: Any) -> Any:
        for part in self._parts:
            x = part(x)
        return x

    def __len__(self) -> int:
        return len(self._parts)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Module]:
        return iter(self._parts)

    @overload
    def __getitem__(self, index: int) -> Module: ...

    @overload
    def __getitem__(self, index: slice) -> Sequential: ...

    def __getitem__(self, index: int | slice) -> Module:
        chosen = self._parts[index]
        return Sequential(*chosen) if isinstance(chosen, list) else chosen
