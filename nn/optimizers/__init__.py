"""What changes parameters by their gradients."""

from nn.optimizers.base import Optimizer
from nn.optimizers.clipping import clip_gradient_norm, clip_gradient_value, clipped_by_norm, clipped_by_value
from nn.optimizers.minimization import minimize
from nn.optimizers.optimizers import SGD, Adam, AdamW, RMSprop

__all__ = [
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "SGD",
    "clip_gradient_norm",
    "clip_gradient_value",
    "clipped_by_norm",
    "clipped_by_value",
    "minimize",
]
