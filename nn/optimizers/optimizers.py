"""Optimizers with PyTorch's arguments and PyTorch's numbers: SGD, RMSprop, Adam and AdamW.

In the formulas θ is a parameter, g its gradient and t the number of the step, from 1 up; what is remembered starts at
0, and ← gives it its new value. Where `weight_decay` is w, g is gradient + w·θ, except in AdamW. With `maximize` the
sign of the gradient is turned first. PyTorch's formulas: https://docs.pytorch.org/docs/stable/optim.html.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from autograd import Value, divide, equal, maximum, sqrt, where
from nn.optimizers.base import Optimizer, checked

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop"]


class SGD(Optimizer):
    """Gradient descent: parameter ← parameter - lr × gradient, with momentum, Nesterov's too, and weight decay.

    With a momentum μ and a dampening d: b ← μ·b + (1 - d)·g, but b ← g in the first step; θ ← θ - lr·b, or with
    `nesterov` θ ← θ - lr·(g + μ·b).

    Parameters: `parameters`, an iterable of leaf Values, each changed once a step; `lr`, the learning rate, positive;
    `momentum`, `dampening` and `weight_decay`, from 0 up; `nesterov`, which needs a momentum and no dampening;
    `maximize`, True to go up.

    Raises: `TypeError` where a parameter is not a Value, `ValueError` for a learning rate that is not positive, for
    no parameter at all, or for an option outside its range.

    Sources: Polyak (1964), doi:10.1016/0041-5553(64)90137-5; Sutskever, Martens, Dahl and Hinton (2013), "On the
    importance of initialization and momentum in deep learning", whose velocity has the learning rate inside; here it
    stands outside, as in PyTorch, which makes a difference where the learning rate changes.

    >>> from autograd import Value
    >>> x = Value(1.0)
    >>> optimizer = SGD([x], lr=0.5)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x.data
    0.0
    """

    options = ("momentum", "dampening", "weight_decay", "nesterov", "maximize")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum = checked("momentum", momentum, advice="0.9 is usual")
        self.dampening = checked("dampening", dampening)
        self.weight_decay = checked("weight_decay", weight_decay, advice="1e-4 is usual")
        self.nesterov, self.maximize = bool(nesterov), bool(maximize)
        if nesterov and (momentum == 0.0 or dampening != 0.0):
            raise ValueError(
                "nesterov needs a momentum and no dampening: nesterov=True, momentum=0.9, dampening=0.0; given were "
                f"momentum={momentum!r} and dampening={dampening!r}"
            )
        self.state = self.initial_state()

    @property
    def remembered(self) -> tuple[str, ...]:
        return ("momentum",) if self.momentum else ()

    @property
    def counts(self) -> bool:
        return self.momentum != 0.0 and self.dampening != 0.0  # without dampening the first step needs no exception

    def rule(self, number: Any, gradient: Any, memory: Sequence[Any], factors: Any, lr: Any) -> tuple[Any, list[Any]]:
        g = _directed(self, number, gradient)
        if not self.momentum:
            return number - lr * g, []
        b = self.momentum * memory[0] + (1.0 - self.dampening) * g
        if self.counts:
            b = where(equal(factors, 1.0), g, b)
        return number - lr * (g + self.momentum * b if self.nesterov else b), [b]

    def step(self) -> None:
        if self.momentum or self.weight_decay or self.maximize:
            super().step()
            return
        lr = self.lr
        for parameter in self.parameters:
            try:
                parameter.data -= lr * parameter.grad
            except TypeError:  # a gradient that is a Value; asking for it first would cost every step
                parameter.data -= lr * parameter.grad.data


class RMSprop(Optimizer):
    """Each gradient over the root of the running mean of its squares.

    v ← α·v + (1 - α)·g² and θ ← θ - lr·g / (√v + ε). With `centered` the mean m ← m + (1 - α)·(g - m) is taken off,
    √(v - m²) in place of √v; with a momentum μ, b ← μ·b + g / (√v + ε) and θ ← θ - lr·b.

    Parameters: `parameters` and `lr`, as for SGD; `alpha`, `eps`, `weight_decay` and `momentum`, from 0 up;
    `centered` and `maximize`, True or False. Raises: as SGD.

    Sources: Tieleman and Hinton (2012), lecture 6.5 of "Neural networks for machine learning"; `centered` is of Graves
    (2013), arXiv:1308.0850, equations 38 to 45, which have ε under the root. Here it stands outside, as in PyTorch.

    >>> from autograd import Value
    >>> x = Value(1.0)
    >>> optimizer = RMSprop([x], lr=0.01)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)  # the first step is lr / √(1 - α), whatever the gradient
    0.9
    """

    options = ("alpha", "eps", "weight_decay", "momentum", "centered", "maximize")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.alpha = checked("alpha", alpha, advice="0.99 is usual")
        self.eps = checked("eps", eps, advice="1e-8 is usual")
        self.weight_decay = checked("weight_decay", weight_decay, advice="1e-4 is usual")
        self.momentum = checked("momentum", momentum, advice="0.9 is usual")
        self.centered, self.maximize = bool(centered), bool(maximize)
        self.state = self.initial_state()

    @property
    def remembered(self) -> tuple[str, ...]:
        return ("square", *["mean"] * self.centered, *["momentum"] * bool(self.momentum))

    def rule(self, number: Any, gradient: Any, memory: Sequence[Any], factors: Any, lr: Any) -> tuple[Any, list[Any]]:
        g = _directed(self, number, gradient)
        square = self.alpha * memory[0] + (1.0 - self.alpha) * g * g
        new, spread = [square], square
        if self.centered:
            mean = memory[1] + (1.0 - self.alpha) * (g - memory[1])
            new.append(mean)
            spread = square - mean * mean
        root = sqrt(spread) + self.eps
        if not self.momentum:
            return number - divide(lr * g, root), new
        b = self.momentum * memory[-1] + divide(g, root)
        return number - lr * b, [*new, b]


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for starting at 0.

    m ← m + (1 - β1)·(g - m) and v ← β2·v + (1 - β2)·g²; θ ← θ - lr / (1 - β1ᵗ) · m / (√v / √(1 - β2ᵗ) + ε). With
    `amsgrad` the largest v so far takes its place.

    Parameters: `parameters` and `lr`, as for SGD; `betas`, the pair (β1, β2), each from 0 up and below 1; `eps` and
    `weight_decay`, from 0 up; `amsgrad` and `maximize`, True or False. Raises: as SGD.

    Sources: Kingma and Ba (2015), arXiv:1412.6980, algorithm 1; Reddi, Kale and Kumar (2018), arXiv:1904.09237,
    algorithm 2, for `amsgrad`, which has no corrections for the start; here, as in PyTorch, the largest v is corrected
    like v.

    >>> from autograd import Value
    >>> x = Value(1.0)
    >>> optimizer = Adam([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)  # the first step is lr, whatever the gradient
    0.9
    """

    options = ("betas", "eps", "weight_decay", "amsgrad", "maximize")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: Sequence[float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        if not isinstance(betas, list | tuple) or len(betas) != 2:
            raise ValueError(f"betas is a pair of numbers, such as (0.9, 0.999), not {betas!r:.60}")
        self.betas = (checked("betas[0]", betas[0], 1.0, "0.9 is usual"),
                      checked("betas[1]", betas[1], 1.0, "0.999 is usual"))  # fmt: skip
        self.eps = checked("eps", eps, advice="1e-8 is usual")
        self.weight_decay = checked("weight_decay", weight_decay, advice="1e-2 is usual")
        self.amsgrad, self.maximize = bool(amsgrad), bool(maximize)
        self.state = self.initial_state()

    @property
    def remembered(self) -> tuple[str, ...]:
        return ("mean", "square", *["largest"] * self.amsgrad)

    @property
    def counts(self) -> bool:
        return True

    def factors(self, step: Any) -> Any:
        """1 - β1ᵗ and √(1 - β2ᵗ)."""
        return 1.0 - self.betas[0] ** step, sqrt(1.0 - self.betas[1] ** step)

    def rule(self, number: Any, gradient: Any, memory: Sequence[Any], factors: Any, lr: Any) -> tuple[Any, list[Any]]:
        return self._move(number, _directed(self, number, gradient), memory, factors, lr)

    def _move(self, number: Any, g: Any, memory: Sequence[Any], factors: Any, lr: Any) -> tuple[Any, list[Any]]:
        beta1, beta2 = self.betas
        correction, root_correction = factors
        mean = memory[0] + (1.0 - beta1) * (g - memory[0])
        square = beta2 * memory[1] + (1.0 - beta2) * g * g
        new = [mean, square]
        if self.amsgrad:
            new.append(maximum(memory[2], square))
        root = divide(sqrt(new[-1]), root_correction) + self.eps
        return number - divide(divide(lr, correction) * mean, root), new


class AdamW(Adam):
    """Adam with a weight decay that does not pass through its means: θ ← θ - lr·w·θ first, then Adam's step.

    Parameters and errors: as Adam's, with another default of `weight_decay`.

    Source: Loshchilov and Hutter (2019), arXiv:1711.05101, algorithm 2; its schedule multiplier η is `lr` here, so that
    the decay is lr·w, as in PyTorch.

    >>> from autograd import Value
    >>> x = Value(1.0)
    >>> optimizer = AdamW([x], lr=0.1, weight_decay=0.5)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)
    0.85
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: Sequence[float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)

    def rule(self, number: Any, gradient: Any, memory: Sequence[Any], factors: Any, lr: Any) -> tuple[Any, list[Any]]:
        number = number * (1.0 - lr * self.weight_decay)
        return self._move(number, -gradient if self.maximize else gradient, memory, factors, lr)


def _directed(optimizer: Any, number: Any, gradient: Any) -> Any:
    """The gradient with the sign of the search, and with the weight decay."""
    g = -gradient if optimizer.maximize else gradient
    return g + optimizer.weight_decay * number if optimizer.weight_decay else g
