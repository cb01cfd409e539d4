"""Whether a function is being recorded, which `engine`, that stands above, says here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

asked: list[Callable[[], Any]] = [lambda: None]


def trace() -> Any:
    """The recording that goes on, whose `arrays` are what NumPy's functions work on; None where there is none."""
    return asked[0]()
