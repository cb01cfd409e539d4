"""Numbers that were computed together, as operations of a graph each, whose derivatives are computed together, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from autograd.engine.value import Value
from autograd.primitives.row import Primitive, real
from autograd.primitives.specialise import number_of, with_numbers


class Source(Protocol):
    """What computed numbers together, and computes their derivatives; of each, `place` says which.

    `fingerprint` tells it from another, where the number is part of what is recorded again.
    """

    fingerprint: bytes

    def evaluated(self, place: int, numbers: Sequence[float]) -> float:
        """The number at other operands."""

    def pulled(self, place: int, cotangent: Any, operands: Sequence[Any]) -> list[Any]:
        """The shares of all operands in a cotangent; None where one is absent."""

    def pushed(self, place: int, seeds: Sequence[Any], operands: Sequence[Any]) -> Any:
        """The derivative along seeds of the operands, of which None is one that stands still."""


class Joint(Primitive):
    """One of several numbers that were computed together, as an operation on what they were computed from.

    `number` is what it was at the operands `at`. No rule refers to the row itself, so that a row that is dropped is
    freed.
    """

    __slots__ = ("_source", "_place")
    has_formula = False

    def __init__(self, name: str, number: float, place: int, at: Sequence[Any], source: Source) -> None:
        before = numbers_of(at)

        def evaluate(*numbers: float) -> float:
            return number if [*numbers] == before else source.evaluated(place, numbers)

        rules = joint_partials(lambda operands: source.pulled(place, 1.0, operands), len(before))
        super().__init__(name, name, evaluate, rules, ())
        self._source, self._place = source, place
        self.fingerprint = source.fingerprint + place.to_bytes(8)

    def specialise(self, partials: Any, inline: bool = False) -> None:
        self.float_partials = with_numbers(partials)

    def reverse_step(self, cotangent: float, node: Any, cotangents: dict[Any, Any]) -> None:
        for operand, share in zip(node._inputs, self._source.pulled(self._place, cotangent, node._record[1:])):
            if operand is not None and share is not None:
                share = number_of(share)
                cotangents[operand] = cotangents[operand] + share if operand in cotangents else share

    def pull(self, node: Any, cotangent: Any, active: Any) -> list[tuple[Any, Any]]:
        return [
            (operand, share)
            for operand, share in zip(node._inputs, self._source.pulled(self._place, cotangent, node._arguments()[1:]))
            if operand is not None and share is not None and (active is None or operand in active)
        ]

    def push(self, node: Any, tangents: dict[Any, Any], differentiable: bool) -> Any:
        seeds = [None if operand is None else tangents.get(operand) for operand in node._inputs]
        operands = node._arguments()[1:] if differentiable else node._record[1:]
        tangent = self._source.pushed(self._place, seeds, operands)
        return tangent if differentiable else number_of(tangent)


def joint_partials(gradient: Callable[[tuple[Any, ...]], list[Any]], count: int) -> tuple[Callable[..., Any], ...]:
    """Rules for a row whose derivatives with respect to all `count` arguments are computed together.

    A sweep asks for one after the other, with the same arguments: the first computes them all. Only floats are kept
    from one sweep to the next, so that no graph is.
    """
    latest: list[Any] = [None, None]

    def rule(j: int) -> Callable[..., Any]:
        def partial(out: Any, *arguments: Any) -> Any:
            if latest[0] is not None and all(a is b for a, b in zip(latest[0], arguments)):
                return latest[1][j]
            derivatives = gradient(arguments)
            if not any(isinstance(item, Value) for item in (*arguments, *derivatives)):
                latest[:] = arguments, derivatives
            return derivatives[j]

        return partial

    return tuple(map(rule, range(count)))


def numbers_of(items: Sequence[Any]) -> list[float]:
    """The floats of Values and numbers."""
    return [item._number if isinstance(item, Value) else real(item) for item in items]
