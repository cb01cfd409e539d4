"""Variants: the ways through a compiled function that have been recorded for one structure of its arguments."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any
from weakref import WeakMethod, ref

from autograd.compiler.arguments import Arguments, Signature, exact
from autograd.compiler.backends import interpreter
from autograd.compiler.backends.interpreter import GuardFailed
from autograd.compiler.calling import CallFailed, Native, as_array, as_kind, is_of_numbers, program_of, quick_call
from autograd.compiler.closures import Outside
from autograd.compiler.derivatives import Differentiable, attached
from autograd.compiler.python_loops.finding import Loops
from autograd.compiler.recordings import Part, collector_paused, recording
from autograd.engine.recording import current
from autograd.engine.value import Value
from autograd.errors import HistoryLimitError, TraceError
from autograd.pickles import reduced
from autograd.program.graph import NUMBER, Graph, Guard
from autograd.program.nests import build, in_order
from autograd.program.tracing.checkpoints import MOST_SPLITS
from autograd.program.tracing.memory import Memory
from autograd.program.tracing.messages import reasons_told
from autograd.program.tracing.trace import InexactError, Untraceable

_one_at_a_time = threading.RLock()  # so that no two threads record the same
_MOST_VARIANTS = 64  # ways through one function, beyond which it is called as it is
_MOST_GONE_THROUGH = 8  # beyond which loops are one step each, also where what ends them is known
_MOST_ASIDE = 8  # of which the modes are others now


class Variant:
    """One way through a function: its graph, and the program that runs it."""

    def __init__(self, graph: Graph, path: tuple[bool, ...], outside: Outside, sizes: dict[str, int],
                 seconds: dict[str, float]) -> None:
        self.graph, self.path, self.outside = graph, path, outside
        self.sizes, self.seconds = sizes, seconds
        self.program: Any = None
        self._quick: Callable[..., Any] | None = None
        self.backend = ""
        self.outputs: Any = None  # the spec of the result
        self.parts: list[Any] = []  # what each of its blocks is made from
        self.differentiable: Differentiable | None = None  # where it closes over Values: what was recorded

    def compile(self, threads: int, fastmath: bool, cache: Any, backend: str, history_limit: int) -> None:
        start = perf_counter()
        self.program = program_of(self.graph, threads, fastmath, cache, backend, history_limit)
        self.backend = "llvm" if isinstance(self.program, Native) else "interpreter"
        self.seconds["compile"] = perf_counter() - start

    def quick(self, plan: Plan) -> Callable[..., Any] | None:
        """The quick way in for arguments of the plan's structure, where there is one."""
        outside = self.outside.values() if self.outside.plain else None
        if self._quick is None and isinstance(self.program, Native) and outside is not None:
            results = self.outputs, self.parts
            slow = WeakMethod(plan.owner._call)  # so that a function that is dropped is freed at once
            unchanged = self.outside.unchanged if self.outside.watched else None
            self._quick = quick_call(
                self.program, plan.signature, outside, unchanged, results,
                lambda args, kwargs: slow()(args, kwargs)  # type: ignore[misc]  # it is there during a call of it
            )
        return self._quick

    def __reduce__(self) -> Any:
        state = self.graph, self.path, self.outside.values(), self.sizes, self.seconds, self.backend
        return reduced("variant", *state, self.outputs, self.parts)

    @classmethod
    def unpickled(cls, graph: Graph, path: tuple[bool, ...], outside: list[Value], sizes: dict[str, int],
                  seconds: dict[str, float], backend: str, outputs: Any, parts: list[Any]) -> Variant:  # fmt: skip
        """A variant without its program, which is compiled again where it is called."""
        variant = cls(graph, path, Outside(outside), sizes, seconds)
        variant.backend, variant.outputs, variant.parts = backend, outputs, parts
        return variant

    def __setstate__(self, state: dict[str, Any]) -> None:
        """The state in a pickle of 0.1.0, where what is outside was a list."""
        vars(self).update(state, outside=Outside(state["outside"]), differentiable=None)


class Plan:
    """How calls with arguments of one structure are run: the variants recorded so far."""

    def __init__(self, owner: Any, signature: Signature) -> None:
        self._owner = None if owner is None else ref(owner)
        self.signature = signature
        self.variants: list[Variant] = []
        self.last: Variant | None = None
        self._loops = Loops()
        self.splits = 0  # how often a loop of unknown length is split
        self._aside: list[Variant] = []  # those that may be right again
        # Of what closes over Values, and may be recorded again.
        self._programs: dict[Graph, tuple[Any, str]] = {}
        self._differentiable: dict[Graph, Differentiable] = {}

    def __reduce__(self) -> Any:
        variants = [variant for variant in self.variants if variant.outside.plain and variant.outside.unchanged()]
        last = self.last if self.last in variants else None
        return reduced("plan", tuple(self.signature), variants, last)

    @classmethod
    def unpickled(cls, signature: tuple[Any, ...], variants: list[Variant], last: Variant | None) -> Plan:
        """A plan that is still to be adopted."""
        plan = cls(None, Signature(*signature))
        plan.variants, plan.last = variants, last
        return plan

    def __setstate__(self, state: dict[str, Any]) -> None:
        """The state in a pickle of 0.1.0, where None was the shape of a number."""
        kinds = tuple([NUMBER if shape is None else shape for shape in state["shapes"]])
        fixed = state["fixed"]
        positions = sorted(place for place in fixed if not isinstance(place, str))
        names = [place for place in fixed if isinstance(place, str)]
        static = tuple([(place, fixed[place]) for place in (*positions, *names)])
        exactly = tuple([exact(item) for _, item in static])
        self._owner, self.signature = None, Signature(in_order(state["spec"]), kinds, static, exactly)
        self.variants, self.last, self._programs = state["variants"], state["last"], {}
        self._differentiable, self._aside, self._loops, self.splits = {}, [], Loops(), 0

    @property
    def owner(self) -> Any:
        """The compiled function whose plan it is; held weakly, for it holds the plan."""
        return None if self._owner is None else self._owner()

    @property
    def roots(self) -> tuple[Any, ...]:
        """Where the Values outside come from: the function, and its static arguments."""
        return (self.owner.function, *(item for _, item in self.signature.static))

    def adopt(self, owner: Any) -> None:
        self._owner = ref(owner)

    @property
    def quick(self) -> Callable[..., Any] | None:
        """The quick way in to the variant that ran last."""
        return None if self.last is None else self.last.quick(self)

    @property
    def names(self) -> list[str]:
        """The names of the inputs, for a person: x0, x1, …"""
        return [f"x{i}" for i in range(len(self.signature.kinds))]

    def call(self, arguments: Arguments) -> Any:
        """The result for these arguments: Values where the function closes over any that are being differentiated."""
        numbers = arguments.numbers()
        variant, outside, results = self.run(numbers)
        blocks = [_result(part, results) for part in variant.parts]
        # A derivative may be on its way to one of them.
        if not variant.outside.plain or (current().closures and variant.outside):
            if variant.differentiable is None:
                raise TraceError(
                    "this compiled function was unpickled without its Python source, and cannot be differentiated with "
                    "respect to the Values that it closes over"
                )
            if not variant.differentiable.possible:
                raise CallFailed  # by Python it may be done
            parts = [(kind, block) for (kind, _), block in zip(variant.parts, blocks)]
            blocks = attached(self.owner.__name__, variant.differentiable, numbers, parts, outside)
        return build(variant.outputs, blocks)

    def run(self, numbers: list[Any]) -> tuple[Variant, list[Value], list[Any]]:
        """What ran, the Values that it closes over, and what it gave."""
        variant = self.last if self.last is not None and self.last.outside.lasting else self._variant(numbers, ())
        out_of_date = 0
        while True:
            outside = variant.outside.values()
            if outside is None:  # the function would find others now
                out_of_date += 1
                if out_of_date > _MOST_ASIDE:
                    raise Untraceable("what it closes over is something else whenever one looks")
                variant = self._variant(numbers, ())
                continue
            self.last = variant
            if variant.program is None:
                self._compile(variant)
            splits = self.splits
            try:
                results = variant.program.run([*numbers, *(value._number for value in outside)])
            except GuardFailed as failed:
                before = [operation for operation in variant.graph.operations if isinstance(operation, Guard)]
                guard = before[failed.guard]
                if guard.raises is InexactError:
                    self._loops.set_aside(guard.message)
                    variant = self._anew(numbers)
                    continue
                if guard.raises is not None:
                    found = ""
                    if guard.raises is IndexError:
                        found = _misplaced(variant.graph, [*numbers, *(value._number for value in outside)])
                    raise guard.raises(found or guard.message) from None
                branches = sum(item.raises is None for item in before[: failed.guard])
                # The variant that goes the other way at this branch.
                variant = self._variant(numbers, (*variant.path[:branches], not variant.path[branches]))
                continue
            except HistoryLimitError:
                if splits == MOST_SPLITS or self.owner.function is None:
                    raise
                self.splits = min(splits + 1, MOST_SPLITS)
                variant = self._anew(numbers)
                continue
            return variant, outside, results

    def _anew(self, numbers: list[Any]) -> Variant:
        """The first variant, where others are not what they should be."""
        self._forget()
        return self._variant(numbers, ())

    def _forget(self) -> None:
        self.variants.clear()
        self._aside.clear()

    def _compile(self, variant: Variant) -> None:
        """Give the variant its program: that of another recording of the same function, where it is the same."""
        known = self._programs.get(variant.graph) if variant.outside.watched else None
        if known is not None:
            variant.program, variant.backend = known
            return
        with collector_paused():
            variant.compile(*self.owner._options[1:])
        if variant.outside.watched:
            _remember(self._programs, variant.graph, (variant.program, variant.backend))

    def differentiable(self, recorded: Graph, parts: Sequence[Part]) -> Differentiable:
        """What was recorded, to be differentiated: that of another recording of the same, where there is one."""
        numbers = [recorded.outputs[place] for kind, place in parts if is_of_numbers(kind)]
        recorded = replace(recorded, outputs=tuple(numbers))
        known = self._differentiable.get(recorded)
        if known is None:
            known = Differentiable(recorded, len(self.signature.kinds), self.owner._options[1:])
            _remember(self._differentiable, recorded, known)
        return known

    def _set_aside(self, variant: Variant) -> None:
        """Look no more at a variant when a call comes, unless all is as it was again; of some, never more.

        What ran last is still there to be shown.
        """
        with _one_at_a_time:
            self.variants = [item for item in self.variants if item is not variant]
            if variant.outside.plain:
                self._aside = [variant, *(item for item in self._aside if item is not variant)][:_MOST_ASIDE]

    def _variant(self, numbers: list[Any], path: tuple[bool, ...]) -> Variant:
        """The variant that begins on this path, which is recorded where there is none."""
        with _one_at_a_time:
            for variant in self.variants:
                if variant.outside.values() is None:
                    self._set_aside(variant)
            self.variants += [variant for variant in self._aside if variant.outside.unchanged()]
            self._aside = [variant for variant in self._aside if variant not in self.variants]
            known = (variant for variant in self.variants if variant.path[: len(path)] == path)
            return next(known, None) or self._record(numbers, path)

    def _record(self, numbers: list[Any], path: tuple[bool, ...]) -> Variant:
        if len(self.variants) >= _MOST_VARIANTS:
            raise Untraceable(
                f"it took more than {_MOST_VARIANTS} ways through its branches: write loops with while_loop, and "
                f"branches with cond or where{reasons_told(self._loops.reasons)}"
            )
        if self.owner.function is None:
            raise TraceError(
                "this compiled function was unpickled without its Python source, and these numbers take a branch that "
                "was not recorded before it was pickled"
            )
        if len(self.variants) >= _MOST_GONE_THROUGH and self._loops.codes and not self._loops.always:
            self._loops.always = True  # for it may be a branch in such a loop that makes so many ways
            self._forget()
            path = ()
        codes, refused = len(self._loops.codes), len(self._loops.refused)
        try:
            with collector_paused():
                memory = Memory(self.owner._options[-1], self.splits)
                found = recording(self.signature, self.roots, numbers, path, memory, self._loops)
        finally:
            # Loops are one step now where other variants have branches, or the other way round; also if it raised.
            if len(self._loops.codes) > codes or len(self._loops.refused) > refused:
                self._forget()
        variant = Variant(found.graph, found.path, found.outside, found.sizes, found.seconds)
        variant.outputs, variant.parts = found.outputs, found.parts
        if found.outside:
            variant.differentiable = self.differentiable(found.recorded, found.parts)
        if variant.outside.lasting:
            self.variants.append(variant)
        return variant


def _misplaced(graph: Graph, inputs: list[Any]) -> str:
    """What is wrong with the first index that is, found by running step by step for a while; else nothing."""
    steps = [step for step in zip(graph.operations, graph.operands) if type(step[0]) is not Guard]
    unguarded = replace(graph, operations=tuple([op for op, _ in steps]), operands=tuple([of for _, of in steps]))
    return interpreter.misplaced(unguarded, [*map(as_array, inputs)], _SEARCH)


_SEARCH = 2.0  # seconds


def _remember(known: dict[Graph, Any], graph: Graph, item: Any) -> None:
    """Put an item into a memory that forgets the oldest."""
    if len(known) >= _MOST_VARIANTS:
        known.pop(next(iter(known)), None)
    known[graph] = item


def _result(part: Part, results: list[Any]) -> Any:
    kind, place = part
    return results[place] if is_of_numbers(kind) else as_kind(kind, results[place])
