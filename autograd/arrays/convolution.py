"""NumPy's correlate and convolve: at each shift of one row of numbers along another, the sum of their products."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from autograd.arrays import recording
from autograd.arrays.products import misfit, operand, summed


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """numpy.correlate: at each shift the sum of the products of what lies upon each other, in the blocked order."""
    numpy = sys.modules["numpy"]
    x, y = numpy.atleast_1d(operand(a)), numpy.atleast_1d(operand(v))
    if x.ndim != 1 or y.ndim != 1 or not x.size or not y.size:
        raise misfit("correlate", x, y, "both are to have one axis, and a number at least")
    if mode not in ("valid", "same", "full"):
        raise ValueError(f"the mode of a convolution is 'valid', 'same' or 'full', not {mode!r:.60}")
    if y.size > x.size:
        return correlate(y, x, mode)[::-1]
    before, after = {"valid": (0, 0), "same": (y.size // 2, (y.size - 1) // 2), "full": (y.size - 1,) * 2}[mode]
    shape = (x.size - y.size + 1 + before + after, y.size)
    trace = recording.trace()
    i, k = numpy.ogrid[: shape[0], : shape[1]] if trace is None else map(trace.arrays.positions, (shape,) * 2, (0, 1))
    places = i + k - before
    inside = (places >= 0) & (places < x.size)
    terms = (x[places.clip(0, x.size - 1)] if trace is None else trace.arrays.clipped(x, places)) * y
    return summed(numpy.where(inside, terms, -0.0) if before or after else terms, ["i", "k"], ["i"])[0]


def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """numpy.convolve: the longer one, correlated with the other backwards."""
    x, y = (sys.modules["numpy"].atleast_1d(operand(item)) for item in (a, v))
    x, y = (y, x) if y.size > x.size else (x, y)
    return correlate(x, y[::-1], mode)


CONVOLUTIONS: dict[str, Callable[..., Any]] = {"numpy.correlate": correlate, "numpy.convolve": convolve}
