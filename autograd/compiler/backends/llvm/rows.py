"""Rows of the table as instructions: one instruction, a function of the module, the C library's, or a call back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from autograd.compiler.backends.angles import LLVM_SYMBOLS
from autograd.compiler.backends.llvm.functions import vector_math
from autograd.compiler.backends.llvm.text import DOUBLE, TRUTH, WHOLE, Function, Number, constant
from autograd.primitives.operators import Operators
from autograd.primitives.row import TABLE, Primitive

Rule = Callable[[Function, Sequence[Number]], Number]
Template = tuple[tuple[tuple[Primitive, tuple[Any, ...]], ...], Any]

_FAST = "reassoc nsz arcp contract afn "  # nan and infinities stay what they are


class Symbol(Operators):
    """A step of an expansion, on which rows are called to see what they consist of."""

    __slots__ = ("index", "steps")

    def __init__(self, steps: list[Any], index: int) -> None:
        self.steps, self.index = steps, index

    @staticmethod
    def _apply_primitive(row: Primitive, operands: tuple[Any, ...]) -> Symbol:
        steps: list[Any] = next(operand.steps for operand in operands if isinstance(operand, Symbol))
        steps.append((row, operands))
        return Symbol(steps, len(steps) - 1)


@cache
def expanded(row: Primitive) -> Template:
    """The steps that a row's expansion consists of, whose first are its operands, and its result."""
    assert row.native.expansion is not None
    steps: list[Any] = [None] * len(row.partials)
    result = row.native.expansion(*(Symbol(steps, i) for i in range(len(row.partials))))
    return tuple(steps[len(row.partials) :]), result


def _function_of(row: Primitive) -> str:
    """The name of the function that computes it; a primitive of a user's may have the name of a row of the table."""
    return row.name if row.name in vector_math.FUNCTIONS and TABLE.get(row.name) is row else row.native.libm


def is_ours(row: Primitive) -> bool:
    """Whether a function of the module computes it."""
    return _function_of(row) in vector_math.FUNCTIONS


def has_expansion(row: Primitive) -> bool:
    return row.native.expansion is not None and not is_ours(row)


class Rows:
    """How each row is written in one module, and what the module must hold for it.

    `callbacks` are the rows that nothing but their `evaluate` can compute, each with the place of its address in the
    frame. `definitions` and `declarations` are texts, each of which the module holds once.
    """

    def __init__(
        self, callbacks: dict[Primitive, int], known: Callable[[str], bool], fma: bool, avx512: bool, fastmath: bool
    ) -> None:
        self.callbacks, self.known, self.fastmath = callbacks, known, fastmath
        self.fma, self.avx512 = fma, avx512
        self.inline = True  # functions of the module, at their calls
        self.rules: dict[Primitive, Rule] = {}
        self.declarations: dict[str, None] = {}
        self.definitions: dict[str, None] = {}
        self.prototypes: dict[str, None] = {}  # of the definitions that other texts call

    def apply(self, function: Function, row: Primitive, operands: Sequence[Number]) -> Number:
        """Write one step."""
        rule = self.rules.get(row)
        if rule is None:
            rule = self.rules[row] = self._rule(row)
        return rule(function, operands)

    def _rule(self, row: Primitive) -> Rule:
        native = row.native
        if row in self.callbacks:
            return self._called(row)
        if has_expansion(row):
            return self._expansion(row)
        instruction = native.llvm
        if instruction.startswith("llvm."):
            return self._intrinsic(instruction)
        if instruction.startswith("fcmp"):
            return _comparison(instruction)
        if instruction == "signbit":
            return _signbit
        if instruction == "select":
            return lambda function, operands: function.select(operands[0], operands[1], operands[2])
        if instruction in ("and", "or", "xor"):
            return _logical(instruction)
        if instruction:
            return _arithmetic(instruction + " " + (_FAST if self.fastmath else ""))
        return self._function(_function_of(row), len(row.partials))

    def _expansion(self, row: Primitive) -> Rule:
        steps, result = expanded(row)

        def rule(function: Function, operands: Sequence[Number]) -> Number:
            values = list(operands)

            def operand(item: Any) -> Number:
                return values[item.index] if isinstance(item, Symbol) else constant(item)

            for step, taken in steps:
                values.append(self.apply(function, step, [operand(item) for item in taken]))
            return operand(result)

        return rule

    def _intrinsic(self, name: str) -> Rule:
        def rule(function: Function, operands: Sequence[Number]) -> Number:
            lanes = max([operand.lanes for operand in operands])
            symbol, kind = f"@{name}.{'f64' if lanes == 1 else f'v{lanes}f64'}", DOUBLE[lanes]
            self.declarations[f"declare {kind} {symbol}({', '.join([kind] * len(operands))})"] = None
            return _call(function, symbol, operands, lanes)

        return rule

    def _function(self, name: str, arity: int) -> Rule:
        """A function of the C library, or ours instead."""
        symbols: dict[int, str] = {}

        def rule(function: Function, operands: Sequence[Number]) -> Number:
            lanes = max([operand.lanes for operand in operands])
            symbol = symbols.get(lanes)
            if symbol is None:
                if name in vector_math.FUNCTIONS:
                    symbol = self._ours(name, lanes, arity)
                elif lanes == 1:
                    symbol = self._libm(name, arity)
                else:
                    symbol = self._by_lanes(name, arity, lanes)
                symbols[lanes] = symbol
            return _call(function, symbol, operands, lanes, " #0")

        return rule

    def _libm(self, name: str, arity: int) -> str:
        name = LLVM_SYMBOLS.get(name, name)
        self.declarations[f"declare double @{name}({', '.join(['double'] * arity)})"] = None
        return f"@{name}"

    def _ours(self, name: str, lanes: int, arity: int) -> str:
        definition = vector_math.define(name, lanes, fma=self.fma, avx512=self.avx512, inline=self.inline)
        self.declarations.update(dict.fromkeys(definition.declarations))
        self._define(f"@{definition.name}", definition.text, lanes, arity)
        return f"@{definition.name}"

    def _by_lanes(self, name: str, arity: int, lanes: int) -> str:
        """A function that calls the C library's for each lane."""
        one, symbol, kind = self._libm(name, arity), f"@{name}.w{lanes}", DOUBLE[lanes]
        lines, result = [], "poison"
        for lane in range(lanes):
            taken = []
            for i in range(arity):
                lines.append(f"  %x{lane}.{i} = extractelement {kind} %x{i}, i64 {lane}")
                taken.append(f"double %x{lane}.{i}")
            lines.append(f"  %y{lane} = call double {one}({', '.join(taken)}) #0")
            lines.append(f"  %r{lane} = insertelement {kind} {result}, double %y{lane}, i64 {lane}")
            result = f"%r{lane}"
        parameters = ", ".join(f"{kind} %x{i}" for i in range(arity))
        head = f"define internal {kind} {symbol}({parameters}) noinline {{"
        self._define(symbol, "\n".join([head, *lines, f"  ret {kind} {result}", "}"]), lanes, arity)
        return symbol

    def _define(self, symbol: str, text: str, lanes: int, arity: int) -> None:
        self.definitions[text] = None
        self.prototypes[f"declare {DOUBLE[lanes]} {symbol}({', '.join([DOUBLE[lanes]] * arity)})"] = None

    def _called(self, row: Primitive) -> Rule:
        """A call of the row's own `evaluate`, for each lane."""
        place = self.callbacks[row]

        def rule(function: Function, operands: Sequence[Number]) -> Number:
            lanes = max([operand.lanes for operand in operands])
            texts = [function.number(operand, lanes) for operand in operands]
            pointer = function.value(f"load ptr, ptr {function.address('%frame', place)}, align 8, !invariant.load !0")
            if lanes == 1:
                taken = ", ".join(f"double {text}" for text in texts)
                return _as_predicate(function, row, Number(function.value(f"call double {pointer}({taken}) #1")))
            result = "poison"
            for lane in range(lanes):
                kind = DOUBLE[lanes]
                taken = ", ".join(f"double {function.value(f'extractelement {kind} {x}, i64 {lane}')}" for x in texts)
                answer = function.value(f"call double {pointer}({taken}) #1")
                result = function.value(f"insertelement {kind} {result}, double {answer}, i64 {lane}")
            return _as_predicate(function, row, Number(result, lanes))

        return rule

    def needs_callback(self, row: Primitive) -> bool:
        """Whether nothing but the row's `evaluate` computes it."""
        native = row.native
        if native.expansion is not None or native.llvm or is_ours(row):
            return False
        return not native.libm or not self.known(native.libm)


def _as_predicate(function: Function, row: Primitive, number: Number) -> Number:
    return function.as_kind(number, number.lanes, True) if row.predicate else number


def _call(function: Function, symbol: str, operands: Sequence[Number], lanes: int, note: str = "") -> Number:
    kind = DOUBLE[lanes]
    taken = ", ".join([f"{kind} {function.number(operand, lanes)}" for operand in operands])
    return Number(function.value(f"call {kind} {symbol}({taken}){note}"), lanes)


def _arithmetic(instruction: str) -> Rule:
    def rule(function: Function, operands: Sequence[Number]) -> Number:
        lanes = 1
        for operand in operands:
            if operand.lanes != 1:
                lanes = operand.lanes
        texts = [
            operand.text if operand.lanes == lanes and not operand.predicate else function.number(operand, lanes)
            for operand in operands
        ]
        return Number(function.value(f"{instruction}{DOUBLE[lanes]} {', '.join(texts)}"), lanes)

    return rule


def _comparison(instruction: str) -> Rule:
    def rule(function: Function, operands: Sequence[Number]) -> Number:
        lanes = max([operand.lanes for operand in operands])
        texts = [function.number(operand, lanes) for operand in operands]
        return Number(function.value(f"{instruction} {DOUBLE[lanes]} {', '.join(texts)}"), lanes, True)

    return rule


def _signbit(function: Function, operands: Sequence[Number]) -> Number:
    lanes, text = operands[0].lanes, function.number(operands[0], operands[0].lanes)
    bits = function.value(f"bitcast {DOUBLE[lanes]} {text} to {WHOLE[lanes]}")
    last = -(1 << 52)  # the bits of -inf as a whole number: beyond are nans, and from 0 up what is positive
    last_bits = str(last) if lanes == 1 else f"splat (i64 {last})"
    return Number(function.value(f"icmp sle {WHOLE[lanes]} {bits}, {last_bits}"), lanes, True)


def _logical(instruction: str) -> Rule:
    def rule(function: Function, operands: Sequence[Number]) -> Number:
        lanes = max([operand.lanes for operand in operands])
        texts = [function.truth(operand, lanes) for operand in operands]
        if len(texts) == 1:
            texts.append("true" if lanes == 1 else "splat (i1 true)")
        return Number(function.value(f"{instruction} {TRUTH[lanes]} {', '.join(texts)}"), lanes, True)

    return rule
