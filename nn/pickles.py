"""The format in which modules, optimizers and histories are pickled."""

from __future__ import annotations

from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

FORMAT = 2  # raised where the attributes of a class of ours change; 0.1.0 wrote format 1, without saying so


class Versioned:
    """The base of what is pickled with its format, in whatever way a subclass makes its state and takes it back."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        reduced = super().__reduce_ex__(protocol)
        if isinstance(reduced, str) or type(self).__reduce__ is not object.__reduce__:
            return reduced  # a way of the subclass's own
        make, arguments, *state = reduced
        return rebuild, (FORMAT, make, *arguments), *state


def rebuild(written: int, make: Callable[..., Any], *arguments: Any) -> Any:
    """What a pickle makes in the given format, before it has its state.

    Raises: `UnpicklingError` for a format that only a later version knows.
    """
    if written > FORMAT:
        raise UnpicklingError(
            f"this pickle has a module, an optimizer or a history in format {written}, and this version of "
            f"scalar-autograd reads formats up to {FORMAT}: it was written by a later version; upgrade, or write it "
            "again with this one"
        )
    return make(*arguments)


rebuild.__module__, rebuild.__qualname__ = "nn", "_rebuild"  # where pickles look for it
