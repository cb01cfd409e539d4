"""The format in which modules, optimizers and histories are pickled."""

from __future__ import annotations

from pickle import UnpicklingError
from typing import Any

FORMAT = 2  # raised where the attributes of a class of ours change; 0.1.0 wrote format 1, without saying so
_KEY = "pickle format"  # no attribute has such a name


class Versioned:
    """The base of what is pickled: its state says in which format it was written."""

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), _KEY: FORMAT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        written = state.get(_KEY, 1)
        if written > FORMAT:
            raise UnpicklingError(
                f"this pickle has a {type(self).__name__} in format {written}, and this version of scalar-autograd "
                f"reads formats up to {FORMAT}: it was written by a later version; upgrade, or write it again with "
                "this one"
            )
        vars(self).update({name: item for name, item in state.items() if name != _KEY})
