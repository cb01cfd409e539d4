"""The memory that the way back through loops may take."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograd.program.graph import Loop

HISTORY_LIMIT = 2**28  # bytes that the states of loops may take, through which a derivative goes back


@dataclass
class Memory:
    """How much the way back through the loops of a program may take.

    Attributes: `limit`, in bytes; `splits`, how often a loop is split into chunks whose trips are counted only as it
    runs; `split`, the loops over chunks, by their ids, each with how often it may be split in turn.
    """

    limit: int = field(default_factory=lambda: HISTORY_LIMIT)
    splits: int = 0
    split: dict[int, tuple[Loop, int]] = field(default_factory=dict)

    def splits_of(self, loop: Loop) -> int:
        return self.split.get(id(loop), (loop, self.splits))[1]
