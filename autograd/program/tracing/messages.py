"""Parts of messages about what is not recorded."""

from __future__ import annotations

# What NumPy says of an index that is a node.
_NUMPYS = (
    "only integers, slices", "arrays used as indices must be of integer",
    "Cannot cast array data from dtype('O') to dtype('int",
)  # fmt: skip
_CURE = "; an array of numbers takes a place that is computed by autograd.array(data)[i], or as an argument"


def reasons_told(reasons: dict[int, str]) -> str:
    """Why loops are not recorded as such, by their lines, for the end of a message."""
    return "".join(f" (the one in line {line} is not recorded as one: {why})" for line, why in reasons.items())


def with_cure(error: BaseException) -> str:
    """What an error says, with what to do where NumPy raised it of an index that is computed."""
    return f"{error}{_CURE}" if str(error).startswith(_NUMPYS) else str(error)
