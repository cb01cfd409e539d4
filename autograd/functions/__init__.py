"""Functions that are made of rows of the table."""

from autograd.functions.activations import clip, elu, gelu, leaky_relu, silu
from autograd.functions.composed import dot, log_softmax, logsumexp, mean, norm, prod, softmax, sum

__all__ = [
    "clip",
    "dot",
    "elu",
    "gelu",
    "leaky_relu",
    "log_softmax",
    "logsumexp",
    "mean",
    "norm",
    "prod",
    "silu",
    "softmax",
    "sum",
]
