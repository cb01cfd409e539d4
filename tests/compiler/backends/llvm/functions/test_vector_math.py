"""The elementary functions in LLVM's language, compiled and run, against mpmath and against the engine's own rows."""

from __future__ import annotations

import ctypes
import math
import random
from collections.abc import Callable, Sequence
from itertools import product
from math import inf, nan

import llvmlite.binding as llvm
import pytest
from mpmath import mp
from reference import ABOVE_1, BELOW_1, BIG, REFERENCE, TINY
from sampling import same, ulps

from autograd.compiler.backends.angles import LLVM_MODULE
from autograd.compiler.backends.llvm.functions.vector_math import FUNCTIONS, define, type_name
from autograd.primitives.table import TABLE

WIDTHS = (1, 8)
NORMAL = 2.0**-1022
# What the module's docstring promises: units in the last place, where the result is normal, and where it is not.
BOUNDS = {
    "exp": (0.55, 1.0), "expm1": (1.1, 1.1), "log": (0.6, 0.6), "log1p": (1.0, 1.0), "tanh": (1.8, 1.8),
    "sin": (0.85, 0.85), "cos": (0.85, 0.85), "pow": (0.55, 1.0),
}  # fmt: skip
# The doubles below 2**19 that are closest to multiples of π/2: to 2**-72 of their size.
NEXT_TO_MULTIPLES = (321307.9594422229, 413441.44719405076, 505574.93494587863, 458348.94338079006)
SPECIALS = (
    0.0, -0.0, TINY, -TINY, 3e-310, -3e-310, NORMAL, -NORMAL, 0.5, -0.5, 1.0, -1.0, BELOW_1, ABOVE_1, -2.0, 3.0, 745.2,
    -745.2, 746.0, -746.0, 800.0, -800.0, 1e5, -1e5, 1e22, 2.0**53 + 2.0, -(2.0**53), BIG, -BIG, inf, -inf, nan,
)  # fmt: skip
POWER_SPECIALS = (
    0.0, -0.0, TINY, -TINY, 3e-310, 0.5, -0.5, 1.0, -1.0, BELOW_1, ABOVE_1, 2.0, -2.0, 3.0, -3.0, 1 / 3, -8.0, -745.5,
    2.0**53 - 1.0, 2.0**53, -1e20, 1e200, BIG, -BIG, inf, -inf, nan,
)  # fmt: skip
every_function = pytest.mark.parametrize("name", FUNCTIONS)
Points = Sequence[tuple[float, ...]]
Run = Callable[[str, int, Points], list[float]]


def row(name: str) -> str:
    return "power" if name == "pow" else name


def arity(name: str) -> int:
    return 2 if name == "pow" else 1


def loop(name: str, width: int, symbol: str) -> str:
    """A function that applies `symbol` to arrays, `width` samples at a time."""
    kind = type_name(width)
    arrays = "".join(f"ptr %in{i}, " for i in range(arity(name)))
    loads = "\n".join(
        f"  %address{i} = getelementptr double, ptr %in{i}, i64 %at\n"
        f"  %sample{i} = load {kind}, ptr %address{i}, align 8"
        for i in range(arity(name))
    )
    samples = ", ".join(f"{kind} %sample{i}" for i in range(arity(name)))
    return f"""
define void @{name}.{width}({arrays}ptr %out, i64 %count) {{
entry:
  br label %loop
loop:
  %at = phi i64 [ 0, %entry ], [ %next, %end ]
{loads}
  %result = call {kind} @{symbol}({samples})
  %address = getelementptr double, ptr %out, i64 %at
  store {kind} %result, ptr %address, align 8
  br label %end
end:
  %next = add i64 %at, {width}
  %more = icmp slt i64 %next, %count
  br i1 %more, label %loop, label %exit
exit:
  ret void
}}"""


@pytest.fixture(scope="module", params=["fused", "unfused"])
def run(request) -> Run:
    """run(name, width, points), with all functions compiled for this machine or for the oldest one of its kind."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    host = llvm.get_host_cpu_features()
    fma = request.param == "fused"
    avx512 = fma and bool(llvm.get_host_cpu_features().get("avx512f"))
    definitions = [
        (name, width, define(name, width, fma=fma, avx512=avx512)) for name, width in product(FUNCTIONS, WIDTHS)
    ]
    texts = dict.fromkeys(text for _, _, definition in definitions for text in definition.declarations)
    for name, width, definition in definitions:
        texts |= {definition.text: None, loop(name, width, definition.name): None}
    features = {"cpu": llvm.get_host_cpu_name(), "features": host.flatten()} if fma else {}
    machine = llvm.Target.from_default_triple().create_target_machine(opt=3, **features)
    module = llvm.parse_assembly("\n".join(texts))
    module.link_in(llvm.parse_assembly(LLVM_MODULE))
    module.verify()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(3))
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()

    def run(name: str, width: int, points: Points) -> list[float]:
        count = len(points)
        padded = [*points, *[points[-1]] * (-count % 8)]
        columns = [(ctypes.c_double * len(padded))(*column) for column in zip(*padded)]
        out = (ctypes.c_double * len(padded))()
        kinds = [ctypes.c_void_p] * (len(columns) + 1) + [ctypes.c_int64]
        ctypes.CFUNCTYPE(None, *kinds)(engine.get_function_address(f"{name}.{width}"))(*columns, out, len(padded))
        return list(out[:count])

    return run


def signed(source: random.Random, number: float) -> float:
    return number if source.random() < 0.5 else -number


def logarithmic(source: random.Random, low: float, high: float) -> float:
    return math.exp(source.uniform(math.log(low), math.log(high)))


def points(name: str, count: int) -> Points:
    """`count` points: uniform, on a log scale, and where the function is hard."""
    source = random.Random(name)
    uniform = source.uniform

    def exponential() -> float:
        ends = uniform(-746, -700), uniform(700, 710)
        # tanh is least exact next to 0.12, expm1 next to 0.11.
        middle = uniform(-40, 40), uniform(-3, 3), uniform(-0.2, 0.2), uniform(-2.05, -1.95), uniform(0.11, 0.13)
        return source.choice([*ends, *middle, signed(source, logarithmic(source, 1e-310, 1))])

    def logarithm() -> float:
        subnormal = math.ldexp(source.random(), -1022)
        return source.choice([logarithmic(source, 1e-308, 1e308), uniform(0.7, 1.5), uniform(0.98, 1.02), subnormal])

    def logarithm_of_sum() -> float:
        tiny = signed(source, logarithmic(source, 1e-310, 0.5))
        return source.choice([tiny, logarithmic(source, 1e-9, 1e308), uniform(-1, -0.3), uniform(-0.02, 0.02)])

    def angle() -> float:
        multiple = source.randrange(1, 400_000) * math.pi / 4
        beside = math.nextafter(multiple, source.choice([-inf, inf]))
        spread = logarithmic(source, 1e-310, 1e5), logarithmic(source, 1, 1e7), uniform(0, 7), uniform(0, 0.8)
        return signed(source, source.choice([multiple, beside, source.choice(NEXT_TO_MULTIPLES), *spread]))

    draw = {"log": logarithm, "log1p": logarithm_of_sum, "sin": angle, "cos": angle}.get(name, exponential)
    if name != "pow":
        return [(draw(),) for _ in range(count)]
    bases = [logarithm() for _ in range(count)]
    exponents = [uniform(-745, 710) * source.choice([1, 1, 0.01]) / (math.log(base) or 1.0) for base in bases]
    whole = [(signed(source, uniform(0.5, 3)), float(source.randrange(-600, 600))) for _ in range(count // 8)]
    return [*zip(bases, exponents), *whole]


@every_function
def test_values_are_within_the_stated_bound_of_mpmath(name: str, run: Run) -> None:
    given = points(name, 3000)
    tails = [tail for tail in REFERENCE[row(name)].tails if all(math.isfinite(number) for number in tail)]
    given = [*given, *tails]
    with mp.workdps(50):
        for point, computed in zip(given, run(name, 8, given)):
            exact = REFERENCE[row(name)].value(*map(mp.mpf, point))
            bound = BOUNDS[name][abs(exact) < NORMAL]
            assert ulps(computed, exact) <= bound, (point, computed, exact)


@every_function
def test_a_sample_has_the_same_bits_in_every_lane_and_alone(name: str, run: Run) -> None:
    specials = list(product(POWER_SPECIALS, repeat=2) if name == "pow" else product(SPECIALS))
    given = [*points(name, 2000), *specials]
    # In another order, so that a sample that takes a cold path has other neighbours, which do not.
    random.Random(name).shuffle(given)
    alone = run(name, 1, given)
    for rotation in range(8):
        rotated = [*given[rotation:], *given[:rotation]]
        together = run(name, 8, rotated)
        expected = [*alone[rotation:], *alone[:rotation]]
        assert all(map(same, together, expected)), name


@pytest.mark.parametrize("width", WIDTHS)
@every_function
def test_special_values_are_those_of_the_engine(name: str, width: int, run: Run) -> None:
    specials = list(product(POWER_SPECIALS, repeat=2) if name == "pow" else product(SPECIALS))
    evaluate = TABLE[row(name)].evaluate
    for point, computed in zip(specials, run(name, width, specials)):
        expected = evaluate(*point)
        # Ordinary numbers have their own test: here they need only be close.
        ordinary = math.isfinite(expected) and abs(expected) >= NORMAL and expected not in (1.0, -1.0)
        close = abs(computed - expected) <= 5e-16 * abs(expected) and math.isfinite(computed)
        assert close if ordinary else same(computed, expected) or _next_to(computed, expected), (point, computed)


def _next_to(computed: float, expected: float) -> bool:
    """For a subnormal number or one: the same, or the float beside it."""
    return expected != 0.0 and math.isfinite(expected) and abs(computed - expected) <= math.ulp(expected)


@pytest.mark.parametrize("width", WIDTHS)
def test_exact_cases(width: int, run: Run) -> None:
    assert run("exp", width, [(0.0,), (-0.0,), (-746.0,), (709.8,), (-745.0,)]) == [1.0, 1.0, 0.0, inf, TINY]
    assert run("log", width, [(1.0,), (2.0**-1074,), (0.0,), (inf,)]) == [0.0, -744.4400719213812, -inf, inf]
    assert run("tanh", width, [(1e-9,), (-3e-310,), (20.0,), (-inf,)]) == [1e-9, -3e-310, 1.0, -1.0]
    powers = [(-8.0, 3.0), (2.0, -1074.0), (2.0, 1023.0), (3.0, 4.0), (5.0, 0.0), (nan, 0.0), (1.0, nan), (10.0, 22.0)]
    assert run("pow", width, powers) == [-512.0, TINY, 2.0**1023, 81.0, 1.0, 1.0, 1.0, 1e22]
    assert run("pow", width, [(-0.0, -1.0), (-0.0, -2.0), (0.25, -0.5), (9.0, 0.5)]) == [-inf, inf, 2.0, 3.0]
    assert math.isnan(run("pow", width, [(-8.0, 1 / 3)])[0])


def test_an_unknown_function_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="gamma"):
        define("gamma", 1, fma=True)


@every_function
def test_out_of_line_it_is_the_same_text_with_another_attribute(name: str) -> None:
    inline, apart = (define(name, 8, fma=True, inline=inline).text for inline in (True, False))
    assert inline.count("alwaysinline") == 1
    assert inline.replace("alwaysinline", "noinline") == apart
