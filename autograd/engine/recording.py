"""What a new node takes from its surroundings: its scope, whether it is recorded, and whether it is watched.

The state lives in a context variable, so that one thread's or task's `no_grad` or scope never touches another's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Recording:
    """The state under which a node is made; every node keeps it. Replaced as a whole, never changed."""

    scope: tuple[str, ...] = ()
    enabled: bool = True  # False under no_grad
    anomaly: bool = False  # True under detect_anomaly
    line: str = ""  # where the user's code made the node, under detect_anomaly
    transforms: tuple[object, ...] = ()  # the transforms that are recording, outermost first
    trace: Any = None  # the innermost tracing.Trace, while a function is recorded for compilation
    closures: bool = False  # while what a function closes over counts as arguments of it
    plain: bool = field(init=False)  # nothing but the scope and the closures to care for
    quick: bool = field(init=False)  # nor the closures

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", self.enabled and not self.anomaly and self.trace is None)
        object.__setattr__(self, "quick", self.plain and not self.closures)


_recording: ContextVar[Recording] = ContextVar("recording", default=Recording())  # noqa: B039 (it is immutable)

current = _recording.get


@contextmanager
def _changed(**changes: Any) -> Iterator[None]:
    token = _recording.set(replace(_recording.get(), **changes))
    try:
        yield
    finally:
        _recording.reset(token)


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Record the Values made inside the `with` block as members of a named scope.

    Scopes nest; pictures draw each one as a cluster.

    Parameters: `name`, any string.

    >>> from autograd import Value, scope
    >>> with scope("layer1"), scope("neuron1"):
    ...     weight = Value(0.5)
    >>> weight.scope
    ('layer1', 'neuron1')
    """
    if not isinstance(name, str):
        raise TypeError(f"a scope's name is a str, not {type(name).__name__}: scope('layer1')")
    token = _recording.set(_inside(current(), name))
    try:
        yield
    finally:
        _recording.reset(token)


@lru_cache(maxsize=1024)  # a training loop enters the same few scopes all the time
def _inside(recording: Recording, name: str) -> Recording:
    return replace(recording, scope=(*recording.scope, name))


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: what the block makes are leaves, and no derivative passes through them.

    >>> from autograd import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """
    with _changed(enabled=False):
        yield


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Raise at the first node whose value or gradient turns nan or infinite.

    Without it arithmetic is quiet, as in IEEE-754. A backward pass is watched where it runs inside the block, and can
    name the line that made a node where the node was made inside it, too. Each node then costs more time.

    Raises: `AnomalyError` that names the node, its operands, and the line of the user's code that made it.

    >>> from autograd import AnomalyError, Value, detect_anomaly
    >>> with detect_anomaly():
    ...     try:
    ...         y = Value(0.0, name="x").log()
    ...     except AnomalyError as error:
    ...         print(str(error).split(" was made at ")[0])
    log gave -inf; log(x = 0.0)
    """
    with _changed(anomaly=True):
        yield


@contextmanager
def transforming(transform: object, closures: bool = False) -> Iterator[None]:
    """Record on behalf of a transform, so that the leaves made in its function can be told from those outside.

    With `closures` each of those outside is an operand, also where compiled code would only read its number.
    """
    before = current()
    with _changed(enabled=True, transforms=(*before.transforms, transform), closures=closures or before.closures):
        yield


@contextmanager
def tracing(trace: object) -> Iterator[None]:
    """Record for compilation: what is computed from Values goes into the trace."""
    with _changed(trace=trace):
        yield


@contextmanager
def tracing_apart(trace: object) -> Iterator[None]:
    """The same, whatever the surroundings are: for what is recorded in one place and used in others."""
    token = _recording.set(Recording(trace=trace))
    try:
        yield
    finally:
        _recording.reset(token)
