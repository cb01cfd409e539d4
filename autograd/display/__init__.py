"""Graph -> picture: the views of a recorded graph, and how they are drawn."""

from autograd.display.pictures.contract import Constant, Edge, View, named_view, operands, operations_view, recorded
from autograd.display.pictures.dot import FORMATS, draw, render, save, to_dot
from autograd.display.style import (
    FONT,
    INK,
    MUTED,
    Look,
    colour_bar,
    hint,
    largest_gradient,
    look,
    markup,
    number_text,
)

__all__ = [
    "FONT",
    "FORMATS",
    "INK",
    "MUTED",
    "Constant",
    "Edge",
    "Look",
    "View",
    "colour_bar",
    "draw",
    "hint",
    "largest_gradient",
    "look",
    "markup",
    "named_view",
    "number_text",
    "operands",
    "operations_view",
    "recorded",
    "render",
    "save",
    "to_dot",
]
