"""sin, cos and tan next to huge multiples of π/2, where the platform's lose their digits, against mpmath."""

from __future__ import annotations

import random

import pytest
from differentiate import second_derivatives
from mpmath import mp, mpf
from reference import HUGE_ANGLES
from sampling import ulps

from autograd.primitives import elementary
from autograd.primitives.table import TABLE

SECOND = {
    "sin": lambda x: -mp.sin(x), "cos": lambda x: -mp.cos(x), "tan": lambda x: 2 * mp.tan(x) * (1 + mp.tan(x) ** 2),
}  # fmt: skip


def test_two_over_pi_has_the_digits_that_the_largest_float_needs() -> None:
    with mp.workprec(1400):
        assert int(mp.ldexp(2 / mp.pi, elementary.QUARTER_BITS)) == elementary.TWO_OVER_PI
    # The angle of a float to a multiple of π/2 is at least 2**-61: 60 bits more than that are right.
    assert elementary.QUARTER_BITS > 1024 + 61 + 60


@pytest.mark.parametrize("name", SECOND)
def test_values_of_floats_of_every_exponent_next_to_multiples_of_half_pi(name: str) -> None:
    source = random.Random(name)
    with mp.workprec(1200):
        for exponent in range(24, 1022):
            x = float(int(mpf(2) ** (exponent + source.random())) * mp.pi / 2) * source.choice([1.0, -1.0])
            assert ulps(getattr(elementary, name)(x), getattr(mp, name)(mpf(x))) <= 3.0, x


@pytest.mark.parametrize("name", SECOND)
def test_second_derivatives_next_to_huge_multiples_of_half_pi(name: str) -> None:
    with mp.workdps(50):
        for x in (sign * angle for angle in HUGE_ANGLES for sign in (1.0, -1.0)):
            exact = SECOND[name](mpf(x))
            for inner in ("reverse", "forward"):
                [[computed]] = second_derivatives(TABLE[name], (x,), inner, "reverse")
                assert ulps(computed, exact) <= 16.0, (x, computed)
