"""Neural networks on the scalar autograd engine, and the article that they reproduce."""

from nn.layers import MLP, Layer, Neuron
from nn.losses import half_squared_error
from nn.module import Module, functional_call
from nn.optimizers import SGD

__all__ = ["MLP", "SGD", "Layer", "Module", "Neuron", "functional_call", "half_squared_error"]
