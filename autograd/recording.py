"""What a new node takes from its surroundings: the scope in which it is made.

The state lives in a context variable, so that one thread's or task's scope never touches another's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Recording:
    """The state under which nodes are recorded; replaced as a whole, never changed."""

    scope: tuple[str, ...] = ()


_recording: ContextVar[Recording] = ContextVar("recording", default=Recording())  # noqa: B039 (it is immutable)

current = _recording.get


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
    state = _recording.get()
    token = _recording.set(replace(state, scope=(*state.scope, name)))
    try:
        yield
    finally:
        _recording.reset(token)
