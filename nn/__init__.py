"""Neural networks on the scalar autograd engine, and the article that they reproduce."""

import os
import sys
import typing

import autograd
from nn import pickles
from nn.data import datasets as datasets
from nn.errors import DivergenceError, ExportError, StateError, StorageError
from nn.files.export import export_c
from nn.files.export_onnx import export_onnx
from nn.files.storage import load, save
from nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_squared_error,
    hinge,
    huber,
    l1_penalty,
    l2_penalty,
    mean_squared_error,
)
from nn.modules import initializers as initializers
from nn.modules.activations import ELU, GELU, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from nn.modules.containers import Sequential
from nn.modules.dropout import Dropout
from nn.modules.layers import MLP, Layer, Neuron
from nn.modules.linear import Linear
from nn.modules.module import Module, functional_call
from nn.optimizers import schedules as schedules
from nn.optimizers.clipping import clip_gradient_norm, clip_gradient_value, clipped_by_norm, clipped_by_value
from nn.optimizers.minimization import minimize
from nn.optimizers.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from nn.training import plots as plots
from nn.training.callbacks import Checkpoint, EarlyStopping
from nn.training.fit import Training, fit
from nn.training.history import History


def _page(self: Module, data: typing.Any, path: str | os.PathLike[str], **options: typing.Any) -> None:
    """Write a web page on which this network learns, as one HTML file.

    Parameters: `data`, a pair (inputs, targets) of lists or arrays, a sample each; `path`; the `options`, such as
    `loss` and `lr`, are those of `nn.page.document`. Raises: as `nn.page.page`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     MLP(2, [2, 1], "sigmoid").page(([[0.0, 1.0], [1.0, 1.0]], [1.0, 0.0]), f"{folder}/page.html", rounds=10)
    """
    autograd.display  # noqa: B018  # loaded by way of the face, which lets one thread import at a time
    from nn.page import page  # with the display that it stands on, 42 ms beside the 137 of `import nn`

    page(self, data, path, **options)


_page.__name__, _page.__qualname__ = "page", "Module.page"
Module.page = _page  # type: ignore[method-assign]  # declared there, defined here, above what the page needs

_rebuild = pickles.rebuild  # pickles name it so

# A pickle of 0.1.0 may import this name, which else would put the module in the place of the function.
sys.modules["nn.export_onnx"] = sys.modules["nn.files.export_onnx"]

__all__ = [
    "Adam",
    "AdamW",
    "Checkpoint",
    "DivergenceError",
    "Dropout",
    "ELU",
    "EarlyStopping",
    "ExportError",
    "GELU",
    "History",
    "Identity",
    "Layer",
    "LeakyReLU",
    "Linear",
    "MLP",
    "Module",
    "Neuron",
    "Optimizer",
    "RMSprop",
    "ReLU",
    "SGD",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "StateError",
    "StorageError",
    "Tanh",
    "Training",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "clip_gradient_norm",
    "clip_gradient_value",
    "clipped_by_norm",
    "clipped_by_value",
    "cross_entropy",
    "export_c",
    "export_onnx",
    "fit",
    "functional_call",
    "half_squared_error",
    "hinge",
    "huber",
    "l1_penalty",
    "l2_penalty",
    "load",
    "mean_squared_error",
    "minimize",
    "save",
]


# Public classes are the package's own: `help()` shows them so, and pickles name no module that may move.
for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__


def __dir__() -> list[str]:
    return [*__all__, "datasets", "initializers", "plots", "schedules"]
