"""Hand-written C, compiled by gcc into a temporary folder and called through ctypes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from native.measuring import MissingPeerError

SOURCES = Path(__file__).resolve().parent.parent / "baselines"
PLAIN, FAST = ("-O3", "-march=native"), ("-O3", "-march=native", "-ffast-math")


@cache
def folder() -> tempfile.TemporaryDirectory[str]:
    """The temporary folder, which goes when Python ends."""
    return tempfile.TemporaryDirectory(prefix="bench_native_")


def build(source: Path, flags: tuple[str, ...] = PLAIN) -> ctypes.CDLL:
    """Compile one C file and load it.

    The linking is a step of its own, without the flags: with -ffast-math it would add code that sets the whole
    process to flush subnormal numbers to zero, for every contender.

    Raises: `MissingPeerError` where there is no gcc.
    """
    if shutil.which("gcc") is None:
        raise MissingPeerError("gcc")
    stem = Path(folder().name) / (source.stem + "".join(flags))
    object_file, library = f"{stem}.o", f"{stem}.so"
    subprocess.run(["gcc", *flags, "-fPIC", "-c", str(source), "-o", object_file], check=True)
    subprocess.run(["gcc", "-shared", object_file, "-o", library, "-lm"], check=True)
    return ctypes.CDLL(library)


def compiled(name: str, function: str, flags: tuple[str, ...] = PLAIN) -> Any:
    """A function of `baselines/NAME.c` that returns a double."""
    found = getattr(build(SOURCES / f"{name}.c", flags), function)
    found.restype = ctypes.c_double
    return found


def pointer(array: np.ndarray[Any, Any]) -> ctypes.c_void_p:
    """What C takes for an array of doubles."""
    assert array.dtype == np.float64
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)


def gcc_version() -> str:
    """The first line that gcc says of itself, or that it is missing."""
    if shutil.which("gcc") is None:
        return "gcc missing"
    return subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
