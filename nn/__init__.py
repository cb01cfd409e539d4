"""Neural networks on the scalar autograd engine, and the article that they reproduce."""

from nn import datasets as datasets
from nn import initializers as initializers
from nn import plots as plots
from nn import schedules as schedules
from nn.activations import ELU, GELU, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from nn.callbacks import Checkpoint, EarlyStopping
from nn.clipping import clip_gradient_norm, clip_gradient_value, clipped_by_norm, clipped_by_value
from nn.containers import Sequential
from nn.dropout import Dropout
from nn.errors import DivergenceError, ExportError, StateError, StorageError
from nn.export import export_c
from nn.export_onnx import export_onnx
from nn.history import History
from nn.layers import MLP, Layer, Neuron
from nn.linear import Linear
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
from nn.minimization import minimize
from nn.module import Module, functional_call
from nn.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from nn.storage import load, save
from nn.training import Training, fit

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
