"""Whole arrays as loops: the last step before a graph is machine code or C.

Rows on arrays, sums, positions and gathers become batches, whose bodies work on numbers. What goes through the same
positions becomes one batch, as far as nothing in it waits for all of another's results: so a chain of rows with the
sums at its end is one pass, without arrays in between. Of arrays of more than one axis the batch goes along one, and
the others are batches in its body. What is small is done number by number.

No derivative may be taken of the result. Which way is taken is a matter of speed: the numbers are the same.
"""

from __future__ import annotations

from autograd.program.lowering.batches import SMALL, lowered

__all__ = ["SMALL", "lowered"]
