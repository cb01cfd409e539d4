"""`Dropout`: in training, some numbers are set to 0 at random."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograd import ShapeError, TraceError, Value
from nn.modules.module import Module


class Dropout(Module):
    """In training, each number is 0 with probability p, and 1/(1 - p) times itself else; after `eval()`, itself.

    So the mean of what goes on is the same in both. Takes a number, or nested sequences of them.

    Parameters: `p`, from 0 to 1; `generator`, whose `random()` decides, Python's `random` where not given.

    A compiled function has no random numbers: what was drawn while it was recorded would be drawn once and for all. In
    training it must therefore be given its masks as arguments:

        def loss(parameters, x, target, mask):
            with dropout.using(mask):
                return squared_error(functional_call(model, parameters, x), target)

    Raises: `ValueError` for another p; `TraceError` for a call in training inside a compiled function without a mask.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), "Dropout: a simple way to prevent neural
    networks from overfitting", section 10 for the scaling in training.

    >>> import random
    >>> dropout = Dropout(0.5, generator=random.Random(0))
    >>> dropout([1.0, 1.0, 1.0, 1.0])
    [2.0, 2.0, 0.0, 0.0]
    >>> dropout.eval()([1.0, 1.0])
    [1.0, 1.0]
    """

    def __init__(self, p: float = 0.5, *, generator: Any = None) -> None:
        if not isinstance(p, int | float) or not 0.0 <= p <= 1.0:
            raise ValueError(f"the probability p of Dropout is a number from 0 to 1, not {p!r}")
        self.p = float(p)
        self.generator = generator
        self._given: _Mask | None = None

    def forward(self, x: Any) -> Any:
        if not self.training or self.p == 0.0:
            return x
        if self._given is not None:
            return _times(x, self._given.mask)
        _refuse_recording()
        return _times(x, self.mask(x))

    def mask(self, x: Any) -> Any:
        """Random factors for numbers of the structure of x: 0.0 with probability p, 1/(1 - p) else.

        >>> Dropout(0.5, generator=random.Random(0)).mask([1.0, [2.0, 3.0]])
        [2.0, [2.0, 0.0]]
        """
        if hasattr(x, "__len__"):
            return [self.mask(entry) for entry in x]
        return 1.0 / (1.0 - self.p) if (self.generator or random).random() >= self.p else 0.0

    @contextmanager
    def using(self, mask: Any) -> Iterator[None]:
        """Inside the `with` block, multiply by this mask, of the structure of the input, in place of a random one.

        Its numbers may be arguments of a compiled function. No other thread may use the module meanwhile.

        >>> dropout = Dropout(0.5)
        >>> with dropout.using([0.0, 2.0]):
        ...     dropout([1.0, 1.0])
        [0.0, 2.0]
        """
        before = self._given
        self._given = _Mask(mask)
        try:
            yield
        finally:
            self._given = before

    def extra_repr(self) -> str:
        return f"p={self.p}"


class _Mask:
    """Keeps a mask out of sight of `named_parameters`, which looks into lists for Values."""

    def __init__(self, mask: Any) -> None:
        self.mask = mask


def _times(x: Any, mask: Any) -> Any:
    lengths = [len(item) if hasattr(item, "__len__") else None for item in (x, mask)]
    if lengths[0] != lengths[1]:
        given, expected = ["a number" if length is None else f"{length} numbers" for length in lengths]
        raise ShapeError(f"a mask has the structure of what it is for: the mask is {expected}, the input {given}")
    if lengths[0] is None:
        return x * mask
    return [_times(entry, factor) for entry, factor in zip(x, mask)]


def _refuse_recording() -> None:
    try:
        Value(0.0).data  # noqa: B018  # reading it raises while a function is being recorded
    except TraceError:
        raise TraceError(
            "Dropout in training, inside a compiled function, would drop the same numbers at every call: give it a "
            "mask as an argument, with dropout.using(mask), or call model.eval() first"
        ) from None
