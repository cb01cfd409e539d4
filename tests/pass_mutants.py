"""Make the passes wrong: each rewriting of `simplify`, and each small error in the modules that are named below.

The part of `mutants.py` that looks after `autograd/program/`. Each mutant lives in a process of its own, and meets the
tests that reach its lines: the very functions that pytest calls, with the interpreter as the backend.
"""

from __future__ import annotations

import functools
import gc
import inspect
import os
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

sys.path.extend([str(Path(__file__).parent / folder) for folder in ("helpers", "program")])

import coverage
import pytest
import test_simplify
import test_simplify_arrays
import test_tracing_rules
from equivalent_mutants import EQUIVALENT
from source_mutants import SourceMutant, source_mutants

from autograd.compiler import jit as jit_module
from autograd.primitives import table
from autograd.primitives.row import Primitive
from autograd.program.simplify import REWRITINGS, Preserves, arrays, builder, copying, pruning, rewriting
from autograd.program.tracing import absence, rules

_OF_SIMPLIFY, _OF_RULES = (test_simplify, test_simplify_arrays), (test_tracing_rules,)
# The modules that are made wrong, each with its tests.
MODULES: dict[str, tuple[ModuleType, tuple[ModuleType, ...]]] = {
    "rewriting": (rewriting, _OF_SIMPLIFY), "builder": (builder, _OF_SIMPLIFY), "pruning": (pruning, _OF_SIMPLIFY),
    "copying": (copying, _OF_SIMPLIFY), "arrays": (arrays, _OF_SIMPLIFY),
    "absence": (absence, _OF_RULES), "rules": (rules, _OF_RULES),
}  # fmt: skip
Lines = set[tuple[str, int]]  # a file and a line of it


class Test(NamedTuple):
    """A test with the arguments that pytest gives it."""

    name: str
    call: Callable[[], None]


def tests(names: list[str]) -> list[Test]:
    """The tests of the named modules."""
    return [
        test
        for module in dict.fromkeys(module for name in names for module in MODULES[name][1])
        for name, function in vars(module).items()
        if name.startswith("test_") and inspect.isfunction(function)
        for test in _cases(name, function)
    ]


def _cases(name: str, function: Callable[..., None]) -> Iterator[Test]:
    cases: list[dict[str, Any]] = [{}]
    for mark in getattr(function, "pytestmark", []):
        names, values = mark.args
        names = names.replace(",", " ").split() if isinstance(names, str) else names
        rows = [value if len(names) > 1 else (value,) for value in values]
        cases = [case | dict(zip(names, row)) for case in cases for row in rows]
    fixtures = {"monkeypatch": pytest.MonkeyPatch()}
    needed = inspect.signature(function).parameters
    for i, case in enumerate(cases):
        if case.get("backend", "interpreter") == "interpreter":
            given = {fixture: value for fixture, value in fixtures.items() if fixture in needed}
            yield Test(f"{name}, case {i + 1}", functools.partial(function, **case, **given))


class RewritingMutant(NamedTuple):
    """One of the rewritings with another result, or one that says wrongly what it preserves."""

    row: Primitive
    change: str
    rule: Callable[..., Any]
    preserves: Preserves

    def __str__(self) -> str:
        return f"the rewriting of {self.row.name}: {self.change}"

    @property
    def module(self) -> ModuleType:
        return rewriting

    @property
    def function(self) -> str:
        return f"REWRITINGS[{self.row.name}]"

    @property
    def lines(self) -> range:
        source, first = inspect.getsourcelines(REWRITINGS[self.row].rule)
        return range(first, first + len(source))

    def install(self) -> None:
        REWRITINGS[self.row] = rewriting.Rewriting(self.rule, self.preserves)


Mutant = SourceMutant | RewritingMutant


def rewriting_mutants() -> Iterator[RewritingMutant]:
    """For each row that is rewritten: another value, a lost derivative, no rewriting, another promise."""
    for row, (rule, preserves) in REWRITINGS.items():
        changed = {"never": lambda *_: None, "another operand": _changed(rule, _another)}
        if not row.predicate:
            changed["a constant"] = _changed(rule, lambda builder, *_: builder.constant(1.0))
            changed["the derivative lost"] = _changed(rule, _stopped)
        if len(row.partials) > 1 and row not in builder._COMMUTATIVE:
            changed["its operands exchanged"] = _exchanged(rule)
        for change, wrong in changed.items():
            yield RewritingMutant(row, change, wrong, preserves)
        (other,) = set(Preserves) - {preserves}
        yield RewritingMutant(row, f"said to preserve {other.value}", rule, other)


def _changed(rule: Callable[..., Any], result: Callable[..., Any]) -> Callable[..., Any]:
    """The rule with another result, where it has one."""

    def wrong(builder: builder.Builder, *operands: Any) -> Any:
        value = rule(builder, *operands)
        return None if value is None else result(builder, value, *operands)

    return wrong


def _another(builder: builder.Builder, value: Any, *operands: Any) -> Any:
    """An operand that is not the result; a constant where there is none."""
    constant = builder.constant(False if builder.kind(value) is None else 1.0)
    return next((item for item in operands if item != value and builder.kind(item) == builder.kind(value)), constant)


def _stopped(builder: builder.Builder, value: Any, *_: Any) -> Any:
    return builder.add(table.stop_gradient, (value,))[0]


def _exchanged(rule: Callable[..., Any]) -> Callable[..., Any]:
    return lambda builder, *operands: rule(builder, *operands[:-2], operands[-1], operands[-2])


def mutants(names: list[str]) -> list[Mutant]:
    """All mutants of the named modules."""
    found: list[Mutant] = []
    for name in names:
        found += source_mutants(MODULES[name][0])
        found += rewriting_mutants() if name == "rewriting" else ()
    return found


class _Never(Exception):
    """What is not raised."""


class Health(NamedTuple):
    """What a test does without a mutant."""

    error: str
    seconds: float
    lines: Lines


def _health(tests: list[Test]) -> list[Health]:
    """Each test's seconds, and the lines of the modules that it reaches."""
    warnings.simplefilter("error")  # as pytest has it: a function that could not be recorded is a failure
    jit_module.CallFailed = _Never  # type: ignore[misc]  # so is one whose program fails: it would be called as it is
    files = [str(module.__file__) for module, _ in MODULES.values()]
    watch = coverage.Coverage(include=files, data_file=None, config_file=False)
    watch.set_option("run:disable_warnings", ["no-data-collected"])
    found = []
    for test in tests:
        started, error = time.process_time(), ""
        watch.start()
        try:
            test.call()
        except Exception as failure:
            error = repr(failure)
        finally:
            watch.stop()
        data = watch.get_data()
        lines = {(file, line) for file in data.measured_files() for line in data.lines(file) or ()}
        found.append(Health(error, time.process_time() - started, lines))
        watch.erase()
    return found


def _in_a_process(work: Callable[[Any], int]) -> tuple[int, Any]:
    """Fork; the child does the work, which is given a file to write to and returns its exit status."""
    read, write = os.pipe()
    child = os.fork()
    if child:
        os.close(write)
        return child, os.fdopen(read, "rb")
    status = 2
    try:
        os.close(read)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
        with os.fdopen(write, "wb") as file:
            status = work(file)
    finally:
        os._exit(status)


def _meet(mutant: Mutant, tests: list[tuple[int, float]], every: list[Test], file: Any) -> int:
    """Install the mutant and call the tests until one fails: each is named before, for it might never end."""
    mutant.install()
    for place, seconds in tests:
        file.write(place.to_bytes(2, "big"))
        file.flush()
        signal.setitimer(signal.ITIMER_PROF, 2.0 + 10.0 * seconds)
        try:
            every[place].call()
        except Exception:
            return 1
    return 0


def killers(mutants: list[Mutant], tests: list[Test], health: list[Health]) -> Iterator[tuple[Mutant, str | None]]:
    """Each mutant with the test that fails on it first; None where all pass. As many at a time as there are cores."""
    kills: Counter[tuple[str, int]] = Counter()  # by function and test: what has killed before is tried first
    running: dict[int, tuple[Mutant, Any]] = {}
    gc.freeze()

    def start(mutant: Mutant) -> None:
        lines = {(mutant.module.__file__, line) for line in mutant.lines}
        places = [i for i, one in enumerate(health) if not lines.isdisjoint(one.lines)]
        places.sort(key=lambda i: (-kills[mutant.function, i], health[i].seconds))
        order = [(i, health[i].seconds) for i in places]
        child, file = _in_a_process(lambda file: _meet(mutant, order, tests, file))
        running[child] = mutant, file

    def end() -> tuple[Mutant, str | None]:
        child, status = os.wait()
        mutant, file = running.pop(child)
        with file:
            met = file.read()
        if status == 0:
            return mutant, None
        place = int.from_bytes(met[-2:], "big")
        kills[mutant.function, place] += 1
        return mutant, tests[place].name if met else "its installation"

    for mutant in mutants:
        if len(running) == (os.cpu_count() or 1):
            yield end()
        start(mutant)
    while running:
        yield end()


def main(names: list[str]) -> int:
    """Try the mutants of the named modules, of all where none is named; the exit status.

    A number N at the end stands for every Nth of them.
    """
    started = time.perf_counter()
    share = int(names.pop()) if names and names[-1].isdigit() else 1
    everything = {str(mutant): mutant for mutant in mutants([*MODULES])}
    wrong = [f"is no mutant, but stands among the equivalent ones: {name}" for name in EQUIVALENT.keys() - everything]
    names = names or [*MODULES]
    everything = {str(mutant): mutant for mutant in mutants(names)}
    tried = [mutant for name, mutant in everything.items() if name not in EQUIVALENT][::share]
    found = tests(names)
    health = _health(found)
    wrong += [f"fails without a mutant: {test.name}: {one.error}" for test, one in zip(found, health) if one.error]
    by: Counter[str] = Counter()
    for mutant, killer in killers(tried, found, health) if not wrong else ():
        if killer is None:
            wrong.append(f"survived, at line {mutant.lines.start}: {mutant}")
        else:
            by[killer] += 1
    for line in wrong:
        print(line)
    print(
        f"passes: {len(tried)} mutants made, {by.total()} killed, {len(EQUIVALENT.keys() & everything)} more are known "
        f"to change nothing, {time.perf_counter() - started:.0f} s"
    )
    return 1 if wrong else 0
