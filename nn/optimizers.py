"""Optimizers: rules that change parameters by their gradients."""

from __future__ import annotations

from collections.abc import Iterable

from autograd import Value


class SGD:
    """Gradient descent: parameter ← parameter - lr × gradient.

    Parameters: `parameters`, an iterable of leaf Values, each changed once a step; `lr`, the learning rate, positive.

    Raises: `TypeError` where a parameter is not a Value, `ValueError` for a learning rate that is not positive, or for
    no parameter at all.

    >>> x = Value(1.0)
    >>> optimizer = SGD([x], lr=0.5)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x.data
    0.0
    """

    def __init__(self, parameters: Iterable[Value], lr: float) -> None:
        if isinstance(parameters, Value) or not isinstance(parameters, Iterable):
            raise TypeError(f"SGD takes an iterable of Values, such as model.parameters(), not {parameters!r:.60}")
        self.parameters = list(dict.fromkeys(parameters))
        for parameter in self.parameters:
            if not isinstance(parameter, Value):
                raise TypeError(f"a parameter is a Value, not {type(parameter).__name__}: {parameter!r:.60}")
        if not self.parameters:
            raise ValueError("SGD needs one parameter at least: SGD(model.parameters(), lr=0.1)")
        if not 0.0 < lr < float("inf"):
            raise ValueError(f"the learning rate is a positive number, not {lr!r}")
        self.lr = lr

    def step(self) -> None:
        """Change every parameter by its gradient; one that has none stays as it is."""
        for parameter in self.parameters:
            parameter.data -= self.lr * parameter.grad

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters:
            parameter.zero_grad()
