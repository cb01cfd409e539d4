"""What a row of `bench_arrays.py` is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from native.libraries import Library
from native.measuring import Run

WHOLE, LOOPS = "NumPy style", "loop style"
Arrays = list[Any]
Function = Callable[..., Any]


@dataclass(frozen=True)
class Problem:
    """A row of the table.

    `arguments`: NumPy arrays; `styles`: ours, functions of the library that return the function to compile, of which
    the first is JAX's too where `jax` is not given; `c`: from the arguments, the run in C; `beside_jax` and `beside_c`:
    the most that ours may take of their times; `seconds`: the most that recording and compiling may take.
    """

    what: str
    arguments: Callable[[], Arrays]
    styles: dict[str, Callable[[Library], Function]]
    jax: Callable[[Library], Function] | None = None
    c: Callable[[Arrays], Run] | None = None
    beside_jax: float | None = None
    beside_c: float | None = None
    seconds: float | None = None
