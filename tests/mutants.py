"""Test the tests: make each derivative and each pass wrong in turn, and see that the tests fail every time.

    python tests/mutants.py                  all
    python tests/mutants.py rows             the derivatives of every row
    python tests/mutants.py rows exp atan2   of these rows
    python tests/mutants.py passes           the passes over programs: see pass_mutants.py
    python tests/mutants.py passes pruning 9 of this module, every ninth

A mutant of a row has the opposite sign, or is off by one part in 10⁹; a derivative that is zero or absent becomes
1e-9. It is installed in three ways: everywhere, only in the rules on floats, and only in the rules on nodes. The tests
are those of `test_table.py` that take a row: the very functions that pytest calls. Prints how many mutants there were
and which ones survived; the exit status is 1 where one did, or where a test fails without a mutant.
"""

from __future__ import annotations

import inspect
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

sys.path.extend([str(Path(__file__).parent / folder) for folder in ("helpers", "primitives")])  # as pytest has them

import test_table
from reference import REFERENCE
from sampling import points

from autograd.primitives.row import Primitive
from autograd.primitives.table import TABLE

Rule = Any  # what a row's partials hold: a function, a float or None
Change = Callable[[Any], Any]

TESTS = {
    name: function
    for name, function in vars(test_table).items()
    if name.startswith("test_") and list(inspect.signature(function).parameters) == ["row"]
}
CHANGES: dict[str, Change] = {
    "the sign flipped": lambda derivative: -derivative,
    "off by 1e-9 of itself": lambda derivative: derivative * (1.0 + 1e-9),
    "1e-9 instead of 0": lambda derivative: derivative + 1e-9,
}


class Mutant(NamedTuple):
    """A change to one derivative of one row, and where it is made."""

    row: Primitive
    argument: int
    change: str
    place: str  # "everywhere", "on floats" or "on nodes"

    def __str__(self) -> str:
        return f"{self.row.name}, argument {self.argument + 1}: {self.change}, {self.place}"

    def install(self) -> Callable[[], None]:
        """Put the wrong rule in; returns a function that puts the right ones back."""
        row = self.row
        partials, float_partials = row.partials, row.float_partials
        if self.place != "on nodes":
            row.specialise(self._changed(float_partials))
        if self.place != "on floats":
            row.partials = self._changed(partials)

        def restore() -> None:
            row.partials = partials
            row.specialise(float_partials)

        return restore

    def _changed(self, partials: tuple[Rule, ...]) -> tuple[Rule, ...]:
        wrong = _wrong(partials[self.argument], CHANGES[self.change])
        return (*partials[: self.argument], wrong, *partials[self.argument + 1 :])

    def killer(self) -> str | None:
        """The name of the first test that fails on this mutant; None where all pass."""
        restore = self.install()
        try:
            return _first_failure(self.row)
        finally:
            restore()


def _wrong(rule: Rule, change: Change) -> Rule:
    """The rule with its result changed. A side that is not taken stays absent: it is no derivative."""
    if rule is None:
        return change(0.0)
    if not callable(rule):
        return change(rule)

    def wrong(*arguments: Any) -> Any:
        derivative = rule(*arguments)
        return None if derivative is None else change(derivative)

    return wrong


def _first_failure(row: Primitive) -> str | None:
    for name, test in TESTS.items():
        try:
            test(row)
        except AssertionError:
            return name
    return None


def mutants(row: Primitive) -> Iterator[Mutant]:
    """All mutants of a row; none of a predicate, whose result is a bool and knows no derivative."""
    if row.name in test_table.PREDICATES:
        return
    for argument, rule in enumerate(row.float_partials):
        changes = ["1e-9 instead of 0"] if _is_zero(row, rule) else ["the sign flipped", "off by 1e-9 of itself"]
        for change in changes:
            for place in ("everywhere", "on floats", "on nodes"):
                yield Mutant(row, argument, change, place)


def _is_zero(row: Primitive, rule: Rule) -> bool:
    """Whether a derivative is absent, or zero wherever the tests look."""
    if not callable(rule):
        return rule is None or rule == 0.0
    tried = chain(REFERENCE[row.name].tails, points(row, 40))
    return not any(rule(row.evaluate(*point), *point) for point in tried)


def main(arguments: list[str]) -> int:
    """Try what the arguments name; the exit status."""
    what, *names = arguments or ["all"]
    parts: dict[str, Callable[[list[str]], int]] = {"rows": of_rows, "passes": of_passes}
    if what != "all":
        return parts[what](names)
    return max(part([]) for part in parts.values())


def of_passes(names: list[str]) -> int:
    import pass_mutants  # which imports many tests

    return pass_mutants.main(names)


def of_rows(names: list[str]) -> int:
    """Try the mutants of the named rows, of all where none is named; the exit status."""
    started = time.perf_counter()
    rows = [TABLE[name] for name in names] if names else list(TABLE.values())
    healthy = {row.name: _first_failure(row) for row in rows}
    broken = {name: test for name, test in healthy.items() if test is not None}
    for name, test in broken.items():
        print(f"fails without a mutant: {test}[{name}]")
    killers = {mutant: mutant.killer() for row in rows if row.name not in broken for mutant in mutants(row)}
    for test, count in Counter(filter(None, killers.values())).most_common():
        print(f"{count:5} by {test}")
    survivors = [mutant for mutant, killer in killers.items() if killer is None]
    for mutant in survivors:
        print(f"survived: {mutant}")
    seconds = time.perf_counter() - started
    print(f"rows: {len(killers)} mutants made, {len(killers) - len(survivors)} killed, {seconds:.0f} s")
    return 1 if survivors or broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
