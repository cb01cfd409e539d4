"""What a notebook shows of a Value: its picture where the graph is small, and its formula."""

from __future__ import annotations

from autograd.display.derivations.formula import to_latex
from autograd.display.pictures.dot import draw
from autograd.engine.sweep import topological_order
from autograd.engine.value import Value
from autograd.errors import MissingDependencyError, RenderError

_LARGEST_PICTURE = 100  # named nodes
_LARGEST_FORMULA = 200  # operations
_TIME_LIMIT = 10.0  # seconds


def repr_svg(value: Value) -> str | None:
    """The picture of the graph from which `value` was computed; None for a leaf, and where nothing can lay it out."""
    if value._primitive is None:
        return None
    try:
        return str(draw(value, max_nodes=_LARGEST_PICTURE, time_limit=_TIME_LIMIT))
    except (MissingDependencyError, RenderError, OSError):
        return None


def repr_latex(value: Value) -> str | None:
    """The formula of `value` between dollar signs; None for a leaf and for a large graph."""
    if value._primitive is None or len(topological_order([value])) > _LARGEST_FORMULA:
        return None
    return f"$\\displaystyle {to_latex(value)}$"
