"""sin, cos and tan in LLVM IR and in C: the C library's, made right next to huge multiples of π/2.

The angle is by M. H. Payne and R. N. Hanek's reduction ("Radian reduction for trigonometric functions", ACM SIGNUM
Newsletter 18(1), 1983). Of 2/π only 192 bits count, those that x's exponent turns neither into whole quarter turns nor
into too little; times the mantissa they are a fraction of a quarter turn, of which the upper 128 bits are right.
"""

from __future__ import annotations

from decimal import Decimal

from autograd.primitives.elementary import FAR, NEAR, QUARTER_BITS, TWO_OVER_PI

# The bits begin with zeros, so that they are read from the start for the smallest x beyond FAR, which is 2**26.
_WORDS = [(TWO_OVER_PI << 64 >> place) & (1 << 64) - 1 for place in range(QUARTER_BITS + 26, 0, -64)]
_HALF_PI = (1 << QUARTER_BITS + 63) // TWO_OVER_PI  # in units of 2**-63

_WINDOW = "\n".join(
    f"  %at{i} = getelementptr i64, ptr %first, i64 {i}\n  %word{i} = load i64, ptr %at{i}" for i in range(4)
)
_PRODUCTS = "\n".join(
    f"  %part{i} = call i64 @llvm.fshl.i64(i64 %word{i}, i64 %word{i + 1}, i64 %shift)\n"
    f"  %wide{i} = zext i64 %part{i} to i128\n"
    f"  %product{i} = mul i128 %mantissa, %wide{i}"
    for i in range(3)
)
_ANGLE = f"""\
define internal double @autograd.angle(double %x) noinline cold {{
entry:
  %bits = bitcast double %x to i64
  %shifted = lshr i64 %bits, 52
  %exponent = and i64 %shifted, 2047
  %fraction = and i64 %bits, {(1 << 52) - 1}
  %whole = or i64 %fraction, {1 << 52}
  %mantissa = zext i64 %whole to i128
  %place = sub i64 %exponent, {1023 + 26}
  %index = lshr i64 %place, 6
  %shift = and i64 %place, 63
  %first = getelementptr i64, ptr @autograd.table.two_over_pi, i64 %index
{_WINDOW}
{_PRODUCTS}
  %high = shl i128 %product0, 64
  %carry = lshr i128 %product2, 64
  %low = add i128 %product1, %carry
  %turned = add i128 %high, %low
  %rest = call i128 @llvm.abs.i128(i128 %turned, i1 false)
  %zeros = call i128 @llvm.ctlz.i128(i128 %rest, i1 false)
  %normal = shl i128 %rest, %zeros
  %leading = lshr i128 %normal, 64
  %product = mul i128 %leading, {_HALF_PI}
  %upper = lshr i128 %product, 64
  %digits = trunc i128 %upper to i64
  %number = uitofp i64 %digits to double
  %count = trunc i128 %zeros to i64
  %power = sub i64 {1023 - 63}, %count
  %biased = shl i64 %power, 52
  %scale = bitcast i64 %biased to double
  %angle = fmul double %number, %scale
  ret double %angle
}}"""


def _corrected(name: str, symbol: str) -> str:
    return f"""\
define double @{symbol}(double %x) {{
entry:
  %value = call double @{name}(double %x)
  %size = call double @llvm.fabs.f64(double %value)
  %distance = call double @llvm.fabs.f64(double %x)
  %far = fcmp ogt double %distance, {FAR}
  %small = fcmp olt double %size, {Decimal(NEAR)}
  %large = fcmp ogt double %size, {1.0 / NEAR}
  %extreme = or i1 %small, %large
  %rare = and i1 %far, %extreme
  br i1 %rare, label %cold, label %usual
usual:
  ret double %value
cold:
  %angle = call double @autograd.angle(double %x)
  %inverse = fdiv double 1.0, %angle
  %nearest = select i1 %small, double %angle, double %inverse
  %result = call double @llvm.copysign.f64(double %nearest, double %value)
  ret double %result
}}"""


# By the C library's names, those of LLVM_MODULE's functions, which are compiled once for all programs that call one.
LLVM_SYMBOLS = {name: f"autograd.corrected.{name}" for name in ("sin", "cos", "tan")}
LLVM_MODULE = "\n".join([
    f"@autograd.table.two_over_pi = private unnamed_addr constant [{len(_WORDS)} x i64] "
    f"[{', '.join(f'i64 {word}' for word in _WORDS)}]",
    "declare i64 @llvm.fshl.i64(i64, i64, i64)",
    "declare i128 @llvm.abs.i128(i128, i1)",
    "declare i128 @llvm.ctlz.i128(i128, i1)",
    "declare double @llvm.fabs.f64(double)",
    "declare double @llvm.copysign.f64(double, double)",
    *(f"declare double @{name}(double)" for name in LLVM_SYMBOLS),
    _ANGLE,
    *(_corrected(name, symbol) for name, symbol in LLVM_SYMBOLS.items()),
    "",
])  # fmt: skip

_ROWS_OF_WORDS = ",\n".join("    " + ", ".join(f"{word:#018x}" for word in _WORDS[i : i + 4]) for i in range(0, 19, 4))
C_SUPPORT = f"""\
/* The bits of 2/pi, with 26 zeros before them. */
static const uint64_t two_over_pi[{len(_WORDS)}] = {{
{_ROWS_OF_WORDS}
}};

/* The upper half of a product. */
static uint64_t upper_half(uint64_t a, uint64_t b)
{{
    const uint64_t a_low = a & 0xffffffff, b_low = b & 0xffffffff;
    const uint64_t first = (a >> 32) * b_low + (a_low * b_low >> 32);
    const uint64_t second = a_low * (b >> 32) + (first & 0xffffffff);
    return (a >> 32) * (b >> 32) + (first >> 32) + (second >> 32);
}}

/* The angle between x, beyond 2**26 in size, and the nearest multiple of pi/2: Payne and Hanek's reduction. */
static double angle_to_multiple(double x)
{{
    int exponent;
    const uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(x), &exponent), 53);
    const int place = exponent - 27, shift = place % 64;
    uint64_t part[3];
    for (int i = 0; i < 3; i++) {{
        const uint64_t *word = two_over_pi + place / 64 + i;
        part[i] = shift == 0 ? word[0] : word[0] << shift | word[1] >> (64 - shift);
    }}
    /* Whole quarter turns overflow; what is left is a fraction of one, or, negative, of the next. */
    const uint64_t carry = upper_half(mantissa, part[2]);
    uint64_t low = mantissa * part[1] + carry;
    uint64_t high = mantissa * part[0] + upper_half(mantissa, part[1]) + (low < carry ? 1 : 0);
    if (high >> 63 == 1) {{
        low = ~low + 1;
        high = ~high + (low == 0 ? 1 : 0);
    }}
    int zeros = 0;
    for (; high >> 63 == 0; zeros++) {{
        high = high << 1 | low >> 63;
        low <<= 1;
    }}
    return ldexp((double)upper_half(high, {_HALF_PI:#x}), -63 - zeros);
}}

/* `value`, the library's sin, cos or tan of x, made right next to huge multiples of pi/2. */
static double corrected(double x, double value)
{{
    const double size = fabs(value);
    if (!(fabs(x) > {FAR!r} && (size < {NEAR!r} || size > {1.0 / NEAR!r}))) {{
        return value;
    }}
    const double angle = angle_to_multiple(x);
    return copysign(size < {NEAR!r} ? angle : 1.0 / angle, value);
}}
"""


def c_text(name: str, function: str) -> str:
    """The C library's function, corrected, by another name; it needs C_SUPPORT."""
    return f"static double {name}(double x)\n{{\n    return corrected(x, {function}(x));\n}}\n"
