"""Random whole programs of loops, branches, batches and rules: plain dual numbers, eager and compiled agree.

`make fuzz` tries as many more as you like; `python tests/fuzz.py 17` shows the program of a seed and shrinks it, and
`python tests/fuzz.py --grids 18` one of arrays of one to three axes.
"""

import fuzz
import pytest

# Their large arrays are compiled number by number, or called as they are, for up to a minute.
SLOW = {12, 46, 64, 87, 94, 128, 148}


@pytest.mark.parametrize("seed", [seed for seed in range(127) if seed not in SLOW])
def test_a_program_is_the_same_in_plain_numbers_eager_and_compiled(seed: int) -> None:
    found = fuzz.run_seed(seed, shrink=False)[1]
    assert not found, f"python tests/fuzz.py {seed} shows the program: {found}"


# Most of the others have an index that is computed, which is not compiled; some take long.
GRIDS = [
    0, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 32, 33, 37, 39, 41, 42, 47, 48, 52, 53, 56, 58, 61,
    62, 75, 76, 80, 83, 85, 88, 93, 94, 95, 97, 98, 101, 105, 107, 109,
]  # fmt: skip


@pytest.mark.parametrize("seed", GRIDS)
def test_a_program_of_arrays_is_the_same_in_plain_numbers_eager_and_compiled(seed: int) -> None:
    found = fuzz.run_seed(seed, shrink=False, grids=True)[1]
    assert not found, f"python tests/fuzz.py --grids {seed} shows the program: {found}"
