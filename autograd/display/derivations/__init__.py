"""A derivative as a person works it out: formulas, steps, and the formats in which they are written."""

from autograd.display.derivations.expression import Expression
from autograd.display.derivations.writing import text

# What writes an expression stands on it, so that here, above both, it learns how it is written.
Expression.__str__ = text  # type: ignore[assignment]
