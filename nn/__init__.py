"""Neural networks on the scalar autograd engine, and the article that they reproduce."""

import sys

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
