"""A scalar autograd engine: one graph of Values to evaluate, differentiate and draw."""

from autograd.display.dot import draw
from autograd.errors import AutogradError, MissingDependencyError, RenderError, ShapeError
from autograd.primitives import Primitive, cos, exp, log, relu, sigmoid, sin, sqrt, tanh
from autograd.recording import scope
from autograd.value import Value, backward

__all__ = [
    "AutogradError",
    "MissingDependencyError",
    "Primitive",
    "RenderError",
    "ShapeError",
    "Value",
    "backward",
    "cos",
    "draw",
    "exp",
    "log",
    "relu",
    "scope",
    "sigmoid",
    "sin",
    "sqrt",
    "tanh",
]
