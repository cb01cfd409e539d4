"""The Values that a compiled function closes over, and where it has them from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import ref

from autograd.compiler.ways import Ways, is_plain
from autograd.engine.value import Value


class Outside:
    """The Values that a recorded function closes over, in the order of the program's last inputs.

    One that is not plain is held weakly, for it leads to a graph. Where a variable, an attribute, a list or a dict in
    which the function found one holds another now, or a Value where a number was, the recording is out of date.
    """

    def __init__(self, values: Sequence[Value] = (), roots: tuple[Any, ...] = ()) -> None:
        self._held = [value if is_plain(value) else ref(value) for value in values]
        ways = Ways(roots, values)
        self._unchanged = ways.comparison(values)
        self.watched = bool(ways.checks)  # or else the function can reach nothing that changes
        self.plain = all(map(is_plain, values))
        self.lasting = all(is_plain(value) or i in ways.found for i, value in enumerate(values))

    def __bool__(self) -> bool:
        return bool(self._held)

    @property
    def names(self) -> list[str]:
        """Names of the Values for a person: their own, or v0, v1, …"""
        held = [item() if isinstance(item, ref) else item for item in self._held]
        own = [value.name if value is not None and value.name.isidentifier() else "" for value in held]
        return [name if name and own.count(name) == 1 else f"v{i}" for i, name in enumerate(own)]

    def values(self) -> list[Value] | None:
        """The Values; None where one of them is gone, or is not what the function would find now."""
        values = [item() if isinstance(item, ref) else item for item in self._held]
        there = [value for value in values if value is not None]
        return there if len(there) == len(values) and self.unchanged() else None

    def unchanged(self) -> bool:
        """Whether the function would still find the same Values and modes, and no Value where a number was."""
        try:
            return self._unchanged()
        except Exception:  # one is not there any more, or an attribute is the user's code
            return False
