"""The exceptions of the engine.

Each one also is the built-in exception that a caller would expect, so that `except ValueError` keeps working.
"""


class AutogradError(Exception):
    """The base of every exception that the engine defines itself."""


class AnomalyError(AutogradError, ArithmeticError):
    """Under `detect_anomaly`, a value or a gradient turned nan or infinite; the message says where."""


class BoundError(AutogradError, RuntimeError):
    """A loop made as many trips as its bound allows, and its condition still holds; the message names the bound."""


class ExpressionError(AutogradError, ValueError):
    """An expression given as text cannot be read; the message says what is wrong with it."""


class GradientCheckError(AutogradError, AssertionError):
    """A derivative differs from its central difference; the message names the primitive at fault."""


class HistoryLimitError(AutogradError, MemoryError):
    """What the trips of a loop left for its derivative takes more memory than it may; the message names the limit."""


FULL_HISTORY = (
    "the states of a loop, through which a derivative goes back, take more memory than they may, {:,} bytes, or than "
    "there is, also with most of them computed again: give jit a larger history_limit, or go forward (jvp, jacfwd)"
)


class InconclusiveCheckError(GradientCheckError):
    """No derivative was found wrong, but one could not be judged by differences; the message says which, and why."""


class MissingDependencyError(AutogradError, ImportError):
    """An optional package is missing; the message says which extra to install."""


class TraceError(AutogradError, TypeError):
    """A Value without a number, of a function that is being compiled, was used as if it had one; or outlived it."""


class RenderError(AutogradError, RuntimeError):
    """A picture could not be laid out: the layout engine failed, or ran past its time limit."""


class ShapeError(AutogradError, ValueError):
    """Two things that should have the same length or structure have not; the message says both."""
