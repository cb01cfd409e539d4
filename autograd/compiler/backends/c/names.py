"""Words of C: numbers, identifiers and comments, so that no text that a caller gives can change what a file means."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Sequence

# The functions of C99's math.h that take doubles and return one.
_MATH = """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor
    fma fmax fmin fmod hypot lgamma log log10 log1p log2 logb nearbyint nextafter pow remainder rint round sin
    sinh sqrt tan tanh tgamma trunc
"""
MATH_FUNCTIONS = frozenset(_MATH.split())

# Keywords of C and C++, the other names of the headers that a file may include, and macros of common compilers.
_WORDS = """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t class
    compl const const_cast consteval constexpr constinit continue decltype default delete do double dynamic_cast
    else enum explicit export extern false float for friend goto if inline int long mutable namespace new
    noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires
    restrict return short signed sizeof static static_assert static_cast struct switch template this
    thread_local throw true try typedef typeid typename typeof typeof_unqual union unsigned using virtual void
    volatile wchar_t while xor xor_eq abort abs atexit atof atoi atol atoll bsearch calloc div exit fpclassify
    free frexp getenv ilogb isfinite isgreater isgreaterequal isinf isless islessequal islessgreater isnan
    isnormal isunordered labs ldexp ldiv llabs lldiv llrint llround lrint lround main malloc mblen memcpy memset
    modf nan nexttoward ptrdiff_t qsort rand realloc remquo scalbln scalbn scalb drem finite gamma significand
    signbit signgam size_t srand strtod strtof strtol strtold strtoll strtoul strtoull system wctomb j0 j1 jn y0
    y1 yn int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t intmax_t
    uintmax_t double_t float_t linux unix i386 near far DOMAIN SING OVERFLOW UNDERFLOW PLOSS TLOSS INFINITY NAN
    NULL RAND_MAX EXIT_FAILURE EXIT_SUCCESS MB_CUR_MAX
"""
_RESERVED = MATH_FUNCTIONS | frozenset(_WORDS.split())
_RESERVED_SHAPES = re.compile(
    r"_|M_|FP_|HUGE_|MATH_|X_TLOSS|(U?INT|SIZE|PTRDIFF)\w*_(MAX|MIN|C)$|is[a-z]|str[a-z]|mem[a-z]"
)
_LONGER = tuple(f"{name}{letter}" for name in MATH_FUNCTIONS for letter in "fl")  # sinf, sinl


class Names:
    """The identifiers of one file, each given out once."""

    def __init__(self) -> None:
        self._taken = set(_RESERVED) | set(_LONGER)
        self._counts: dict[str, int] = {}

    def new(self, wish: object, fallback: str = "value") -> str:
        """An identifier as near to the wish as C allows, and none that was given out before."""
        text = re.sub(r"[^0-9A-Za-z_]+", "_", str(wish)).strip("_")[:40] or fallback
        if text[0].isdigit():
            text = f"{fallback}{text}"
        if _RESERVED_SHAPES.match(text):
            text += "_"
        name, count = text, 1
        if name in self._taken:
            name = text = f"{text.rstrip('_')}_"
        while name in self._taken:
            count += 1
            name = f"{text}{count}"
        self._taken.add(name)
        return name

    def numbered(self, prefix: str) -> str:
        """The prefix with the next number that makes a name of its own: v1, v2, and so on."""
        while True:
            count = self._counts[prefix] = self._counts.get(prefix, 0) + 1
            name = f"{prefix}{count}"
            if name not in self._taken:
                self._taken.add(name)
                return name

    def reserve(self, names: Iterable[str]) -> None:
        """Keep clear of these."""
        self._taken.update(names)


def literal(number: float) -> str:
    """A number as C writes it, exactly: the shortest decimal that is rounded to it, as compilers do."""
    if number != number:
        return "NAN"
    if math.isinf(number):
        return "INFINITY" if number > 0.0 else "(-INFINITY)"
    return repr(number) if math.copysign(1.0, number) > 0.0 else f"({number!r})"


def numbers(values: Sequence[float], indent: str) -> list[str]:
    """Lines of numbers with commas between them."""
    text = ", ".join(literal(value).strip("()") for value in values)
    return textwrap.wrap(text, 110, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def comment(lines: Sequence[str], indent: str = "") -> list[str]:
    """The lines of a comment. Neither its end, nor a trigraph, nor a backslash can come from the text."""
    wrapped = [part for line in lines for part in (textwrap.wrap(line, 110, subsequent_indent="  ") or [""])]
    safe = [_in_comment(line) for line in wrapped]
    if len(safe) == 1:
        return [f"{indent}/* {safe[0]} */"]
    return [f"{indent}/* {safe[0]}", *(f"{indent} * {line}".rstrip() for line in safe[1:]), f"{indent} */"]


def _in_comment(text: str) -> str:
    plain = text.encode("ascii", "replace").decode()
    visible = re.sub(r"[^ -~]", " ", plain).replace("\\", "|")
    return visible.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")
