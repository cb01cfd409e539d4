"""Straight-line LLVM IR text, written by the operators of Python on terms.

A formula over `Term`s is written once; the width of its `Lines` gives the types.

>>> lines = Lines(8, fma=True)
>>> x = Term(lines, "%x", "double")
>>> print(lines.function("twice", "alwaysinline", [x], 2.0 * x))
define internal <8 x double> @twice(<8 x double> %x) alwaysinline {
entry:
  %t1 = fmul <8 x double> splat (double 0x4000000000000000), %x
  ret <8 x double> %t1
}
"""

from __future__ import annotations

import struct
from collections.abc import Callable


def vector_type(kind: str, width: int) -> str:
    """The LLVM type of `width` numbers of a kind; one is a scalar."""
    return kind if width == 1 else f"<{width} x {kind}>"


def bits_of(number: float) -> int:
    """A double's bits as a signed integer."""
    return int(struct.unpack("<q", struct.pack("<d", number))[0])


def number_of(bits: int) -> float:
    """The double with these bits."""
    return float(struct.unpack("<d", struct.pack("<q", bits))[0])


def _infix(operation: str, on_doubles: str = "", swapped: bool = False) -> Callable[[Term, Operand], Term]:
    """An operator of Term: the instruction for integers and truth values, and the one for doubles."""

    def write(term: Term, other: Operand) -> Term:
        other = term.lines.constant(other, term.kind)
        x, y = (other, term) if swapped else (term, other)
        instruction = on_doubles if term.kind == "double" else operation
        return term.lines.emit(term.kind, f"{instruction} {term.type} {x.name}, {y.name}")

    return write


class Term:
    """An operand: `width` doubles, 64-bit integers or truth values. An operator on it writes an instruction."""

    __slots__ = ("kind", "lines", "name")

    def __init__(self, lines: Lines, name: str, kind: str) -> None:
        self.lines, self.name, self.kind = lines, name, kind

    @property
    def type(self) -> str:
        return vector_type(self.kind, self.lines.width)

    __add__ = _infix("add", "fadd")
    __radd__ = _infix("add", "fadd", swapped=True)
    __sub__ = _infix("sub", "fsub")
    __rsub__ = _infix("sub", "fsub", swapped=True)
    __mul__ = _infix("mul", "fmul")
    __rmul__ = _infix("mul", "fmul", swapped=True)
    __truediv__ = _infix("sdiv", "fdiv")
    __rtruediv__ = _infix("sdiv", "fdiv", swapped=True)
    __and__ = _infix("and")
    __or__ = _infix("or")
    __xor__ = _infix("xor")
    __lshift__ = _infix("shl")
    __rshift__ = _infix("ashr")

    def __neg__(self) -> Term:
        return self.lines.emit(self.kind, f"fneg {self.type} {self.name}")

    def __abs__(self) -> Term:
        return self.lines.intrinsic("fabs", self)

    def __invert__(self) -> Term:
        return self ^ -1

    # Comparisons of doubles are ordered: false where one of them is nan.
    def __lt__(self, other: Operand) -> Term:
        return self.compare("olt", other)

    def __le__(self, other: Operand) -> Term:
        return self.compare("ole", other)

    def __gt__(self, other: Operand) -> Term:
        return self.compare("ogt", other)

    def compare(self, condition: str, other: Operand) -> Term:
        """The truth value of an fcmp or icmp with this condition."""
        operation = "fcmp" if self.kind == "double" else "icmp"
        other = self.lines.constant(other, self.kind)
        return self.lines.emit("i1", f"{operation} {condition} {self.type} {self.name}, {other.name}")

    def bits(self) -> Term:
        """A double's bits as an integer."""
        return self.lines.emit("i64", f"bitcast {self.type} {self.name} to {self.lines.type('i64')}")

    def number(self) -> Term:
        """The double with these bits."""
        return self.lines.emit("double", f"bitcast {self.type} {self.name} to {self.lines.type('double')}")


Operand = Term | float | int
Formula = Callable[..., Term]


class Lines:
    """The instructions of one function, and what its module must declare for them."""

    def __init__(self, width: int, fma: bool, avx512: bool = False) -> None:
        self.width, self.fused = width, fma
        self.by_registers = avx512 and width % 8 == 0  # whether AVX-512 has instructions for all lanes
        self.text: list[str] = []
        self.block = "entry"
        self.count = 0
        self.declarations: dict[str, None] = {}

    def type(self, kind: str) -> str:
        return vector_type(kind, self.width)

    def emit(self, kind: str, instruction: str) -> Term:
        """The value of an instruction, under the next number."""
        self.count += 1
        self.text.append(f"  %t{self.count} = {instruction}")
        return Term(self, f"%t{self.count}", kind)

    def start(self, block: str) -> None:
        self.text.append(f"{block}:")
        self.block = block

    def constant(self, value: Operand, kind: str = "double") -> Term:
        """A number in every lane; a term as it is."""
        if isinstance(value, Term):
            return value
        if kind == "i1":
            scalar = "true" if value else "false"
        else:
            scalar = f"0x{bits_of(value) & (1 << 64) - 1:016X}" if kind == "double" else str(value)
        return Term(self, scalar if self.width == 1 else f"splat ({kind} {scalar})", kind)

    def intrinsic(self, name: str, *operands: Operand) -> Term:
        """LLVM's intrinsic of this name on doubles."""
        suffix = "f64" if self.width == 1 else f"v{self.width}f64"
        kind = self.type("double")
        self.declarations[f"declare {kind} @llvm.{name}.{suffix}({', '.join([kind] * len(operands))})"] = None
        arguments = ", ".join(f"{kind} {self.constant(operand).name}" for operand in operands)
        return self.emit("double", f"call {kind} @llvm.{name}.{suffix}({arguments})")

    def fma(self, x: Operand, y: Operand, z: Operand) -> Term:
        """x·y + z, rounded once where the machine can; the formulas are right with either."""
        if self.fused:
            return self.intrinsic("fma", x, y, z)
        return self.constant(x) * y + z

    def scaled(self, x: Term, exponent: Term) -> Term:
        """x·2**floor(exponent), rounded once, by AVX-512's own instruction, eight lanes at a time."""
        name, eight = "@llvm.x86.avx512.mask.scalef.pd.512", "<8 x double>"
        self.declarations[f"declare {eight} {name}({eight}, {eight}, {eight}, i8, i32)"] = None
        return self._by_eights([x, exponent], lambda x, exponent: (
            f"call {eight} {name}({eight} {x}, {eight} {exponent}, {eight} zeroinitializer, i8 -1, i32 4)"
        ))  # fmt: skip

    def _by_eights(self, terms: list[Term], instruction: Callable[..., str]) -> Term:
        """What an instruction of AVX-512 on eight lanes makes of all."""
        parts = []
        for start in range(0, self.width, 8):
            lanes = ", ".join(f"i32 {lane}" for lane in range(start, start + 8))
            eights = [
                self.emit(term.kind, f"shufflevector {term.type} {term.name}, {term.type} poison, <8 x i32> <{lanes}>")
                for term in terms
            ]
            parts.append(self.emit("double", instruction(*(eight.name for eight in eights))))
        width = 8
        while len(parts) > 1:  # put the parts together again, in pairs
            kind = vector_type("double", width)
            width *= 2
            lanes = ", ".join(f"i32 {lane}" for lane in range(width))
            parts = [
                self.emit("double", f"shufflevector {kind} {a.name}, {kind} {b.name}, <{width} x i32> <{lanes}>")
                for a, b in zip(parts[::2], parts[1::2])
            ]
        return parts[0]

    def product(self, x: Term, y: Term) -> tuple[Term, Term]:
        """x·y rounded, and its rounding error (T. J. Dekker 1971 where no fused multiply-add is there)."""
        result = x * y
        if self.fused:
            return result, self.intrinsic("fma", x, y, -result)
        x_high, y_high = ((term.bits() & -(1 << 27)).number() for term in (x, y))
        x_low, y_low = x - x_high, y - y_high
        return result, ((x_high * y_high - result) + x_high * y_low + x_low * y_high) + x_low * y_low

    def polynomial(self, x: Term, coefficients: tuple[float, ...]) -> Term:
        """The sum of coefficients[i]·xⁱ in Estrin's order, which has the shortest chain of dependent operations."""
        terms: list[Operand] = list(coefficients)
        while len(terms) > 1:
            pairs = [self.fma(x, terms[i + 1], terms[i]) for i in range(0, len(terms) - 1, 2)]
            terms, x = [*pairs, *terms[2 * len(pairs):]], x * x  # fmt: skip
        return self.constant(terms[0])

    def select(self, condition: Term, x: Operand, y: Operand) -> Term:
        kind = self.type("double")
        x, y = self.constant(x), self.constant(y)
        return self.emit("double", f"select {self.type('i1')} {condition.name}, {kind} {x.name}, {kind} {y.name}")

    def look_up(self, table: str, column: tuple[float, ...], index: Term) -> Term:
        """The entries of a table, which becomes a constant of the module."""
        values = [f"double 0x{bits_of(value) & (1 << 64) - 1:016X}" for value in column]
        if self.by_registers and len(column) == 16:
            name, eight = "@llvm.x86.avx512.vpermi2var.pd.512", "<8 x double>"
            self.declarations[f"declare {eight} {name}({eight}, <8 x i64>, {eight})"] = None
            low, high = (", ".join(half) for half in (values[:8], values[8:]))
            return self._by_eights([index], lambda index: (
                f"call {eight} {name}({eight} <{low}>, <8 x i64> {index}, {eight} <{high}>)"
            ))  # fmt: skip
        symbol = f"@autograd.table.{table}"
        kind, width = self.type("double"), self.width
        entries = ", ".join(values)
        self.declarations[f"{symbol} = private unnamed_addr constant [{len(column)} x double] [{entries}]"] = None
        address = self.emit("ptr", f"getelementptr double, ptr {symbol}, {self.type('i64')} {index.name}")
        if width == 1:
            return self.emit("double", f"load double, ptr {address.name}")
        gather = f"@llvm.masked.gather.v{width}f64.v{width}p0"
        self.declarations[f"declare {kind} {gather}(<{width} x ptr>, i32, <{width} x i1>, {kind})"] = None
        mask = self.constant(1, "i1").name
        arguments = f"<{width} x ptr> {address.name}, i32 8, <{width} x i1> {mask}, {kind} poison"
        return self.emit("double", f"call {kind} {gather}({arguments})")

    def unless(self, rare: Term, usual: Term, cold_path: Formula, *arguments: Term) -> Term:
        """`usual`, and in the rare lanes what the cold path returns, a function out of line that sees all lanes."""
        symbol = f"autograd.{cold_path.__name__.strip('_')}.w{self.width}"
        inner = Lines(self.width, self.fused)
        names = [Term(inner, f"%a{i}", term.kind) for i, term in enumerate(arguments)]
        text = inner.function(symbol, "noinline cold", names, cold_path(*names))
        self.declarations |= inner.declarations | {text: None}
        kind = self.type("double")
        before, cold, after = self.block, f"cold{self.count}", f"after{self.count}"
        any_rare = rare
        if self.width > 1:
            reduce = f"@llvm.vector.reduce.or.v{self.width}i1"
            self.declarations[f"declare i1 {reduce}({self.type('i1')})"] = None
            any_rare = self.emit("i1", f"call i1 {reduce}({self.type('i1')} {rare.name})")
        self.text.append(f"  br i1 {any_rare.name}, label %{cold}, label %{after}")
        self.start(cold)
        given = ", ".join(f"{term.type} {term.name}" for term in arguments)
        result = self.select(rare, self.emit("double", f"call {kind} @{symbol}({given})"), usual)
        self.text.append(f"  br label %{after}")
        self.start(after)
        return self.emit("double", f"phi {kind} [ {usual.name}, %{before} ], [ {result.name}, %{cold} ]")

    def lane_by_lane(self, function: str, chosen: Term, otherwise: Term, *arguments: Term) -> Term:
        """A function of one sample, libm's or another module's, in the chosen lanes, called once for each."""
        self.declarations[f"declare double @{function}({', '.join(['double'] * len(arguments))})"] = None
        if self.width == 1:
            operands = ", ".join(f"double {term.name}" for term in arguments)
            return self.emit("double", f"call double @{function}({operands})")
        result, kind = otherwise, self.type("double")
        for lane in range(self.width):
            before, call, after = self.block, f"call{lane}", f"next{lane}"
            condition = self.emit("i1", f"extractelement {self.type('i1')} {chosen.name}, i64 {lane}")
            self.text.append(f"  br i1 {condition.name}, label %{call}, label %{after}")
            self.start(call)
            scalars = [self.emit("double", f"extractelement {kind} {term.name}, i64 {lane}") for term in arguments]
            operands = ", ".join(f"double {scalar.name}" for scalar in scalars)
            value = self.emit("double", f"call double @{function}({operands})")
            changed = self.emit("double", f"insertelement {kind} {result.name}, double {value.name}, i64 {lane}")
            self.text.append(f"  br label %{after}")
            self.start(after)
            result = self.emit("double", f"phi {kind} [ {result.name}, %{before} ], [ {changed.name}, %{call} ]")
        return result

    def function(self, symbol: str, attributes: str, arguments: list[Term], result: Term) -> str:
        kind = self.type("double")
        parameters = ", ".join(f"{term.type} {term.name}" for term in arguments)
        head = f"define internal {kind} @{symbol}({parameters}) {attributes} {{"
        return "\n".join([head, "entry:", *self.text, f"  ret {kind} {result.name}", "}"])
