"""The exceptions of the networks; each one also is the built-in exception that a caller would expect."""

from __future__ import annotations

from autograd import AutogradError


class StateError(AutogradError, ValueError):
    """Numbers do not fit the parameters of a module; the message lists all that are missing, extra or not numbers."""


class StorageError(AutogradError, ValueError):
    """A file is not a whole and sound model file, or a model cannot be written as one; the message says why."""


class ExportError(AutogradError, ValueError):
    """A model cannot be written in a foreign format; the message says which part of it, and what to do instead."""


class DivergenceError(AutogradError, ArithmeticError):
    """A training's loss or parameters turned nan or infinite; the message says at which step, and what to do."""
