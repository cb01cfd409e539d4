"""What a program's text has names for."""

from __future__ import annotations

Shape = tuple[int, ...]


class Scope:
    """The names of numbers, of arrays like the argument, and of arrays of any shape, the latest last.

    `own` says how many of each were there before those of a body.
    """

    def __init__(
        self, numbers: list[str], arrays: list[str], grids: list[tuple[str, Shape]], own: tuple[int, int, int]
    ) -> None:
        self.numbers, self.arrays, self.grids, self.own = numbers, arrays, grids, own

    def number(self, place: int) -> str:
        return self.numbers[-1 - place % len(self.numbers)]

    def array(self, place: int) -> str:
        return self.arrays[-1 - place % len(self.arrays)]

    def grid(self, place: int) -> tuple[str, Shape]:
        return self.grids[-1 - place % len(self.grids)]

    def own_numbers(self) -> list[str]:
        return self.numbers[self.own[0] :]

    def own_arrays(self) -> list[str]:
        return self.arrays[self.own[1] :]

    def own_grids(self) -> list[tuple[str, Shape]]:
        return self.grids[self.own[2] :]
