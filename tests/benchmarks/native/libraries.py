"""autograd and JAX under the same names, so that one program measures both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Library:
    """The functions that the programs use. `batched_sum(f)` maps all arguments but the first, and sums over them;
    `array` makes an argument as the library likes it best; `settle` waits for a result and returns it; `np` are NumPy's
    functions; `jacobian` goes forward; `logsumexp(x, axis=None)` is NumPy's style in ours."""

    jit: Callable[..., Any]
    value_and_grad: Callable[..., Any]
    grad: Callable[..., Any]
    fori_loop: Callable[..., Any]
    batched_sum: Callable[[Callable[..., Any]], Callable[..., Any]]
    sigmoid: Callable[[Any], Any]
    sin: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    array: Callable[[Any], Any]
    settle: Callable[[Any], Any]
    np: Any
    scan: Callable[..., Any]
    jvp: Callable[..., Any]
    jacobian: Callable[..., Any]
    logsumexp: Callable[..., Any]


def ours() -> Library:
    """autograd: floats and NumPy arrays in, floats and NumPy arrays out."""
    import numpy as np

    import autograd as ag
    from autograd import fori_loop, jit, scan

    def logsumexp(x: Any, axis: int | None = None) -> Any:
        shift = np.max(x, axis=axis)
        spread = shift if axis is None else np.expand_dims(shift, axis)
        return np.log(np.sum(np.exp(x - spread), axis=axis)) + shift

    def batched_sum(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda first, *rest: ag.vmap(function, in_axes=(None, *[0] * len(rest)), reduce="sum")(first, *rest)

    return Library(jit, ag.value_and_grad, ag.grad, fori_loop, batched_sum, ag.sigmoid, ag.sin, ag.exp, ag.tanh,
                   np.asarray, lambda result: result, np, scan, ag.jvp, ag.jacfwd, logsumexp)


def jax() -> Library:
    """JAX in double precision."""
    import jax
    from jax import lax, nn, numpy

    jax.config.update("jax_enable_x64", True)
    jax.devices()

    def batched_sum(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda first, *rest: jax.vmap(function, in_axes=(None, *[0] * len(rest)))(first, *rest).sum()

    return Library(jax.jit, jax.value_and_grad, jax.grad, lax.fori_loop, batched_sum, nn.sigmoid, numpy.sin, numpy.exp,
                   numpy.tanh, numpy.asarray, jax.block_until_ready, numpy, lax.scan, jax.jvp, jax.jacfwd, nn.logsumexp)
