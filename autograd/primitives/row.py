"""What a row of the table is: one primitive operation, its value and its derivatives."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import signature
from numbers import Real
from pickle import PicklingError
from typing import Any, ClassVar, Self

from autograd.pickles import reduced
from autograd.primitives.specialise import reverse_step, with_numbers

Partial = Callable[..., Any] | float | None

TABLE: dict[str, "Primitive"] = {}

MOST_COUNTED = 2**53  # beyond which a float does not count every whole number

COMPARISON, SUM, NEGATION, PRODUCT, POWER, ATOM = range(6)  # precedence in a formula, from the loosest to the tightest


@dataclass(frozen=True, slots=True)
class Notation:
    """How a formula writes an operation: templates in which {0}, {1}, … are the operands.

    `precedence` is that of the whole; `operands`, the loosest that each operand may have without parentheses, in the
    text and in LaTeX; no operand of a function needs any. MathML is made from the LaTeX. `sympy` is the name of SymPy's
    function, or a function of the SymPy module and the operands; where empty, SymPy gets an undefined function.
    """

    text: str
    latex: str
    sympy: str | Callable[..., Any] = ""
    precedence: int = ATOM
    operands: tuple[int, ...] = ()
    latex_operands: tuple[int, ...] = ()


def function_notation(
    name: str, arguments: int, latex: str = "", sympy: str | Callable[..., Any] = ""
) -> Notation:
    """The notation of a function: its name before its arguments in parentheses."""
    places = ", ".join(f"{{{i}}}" for i in range(arguments))
    shown = latex or rf"\operatorname{{{name.replace('_', chr(92) + '_')}}}"
    return Notation(f"{name}({places})", rf"{shown}\left({places}\right)", sympy)


@dataclass(frozen=True, slots=True)
class Native:
    """How compiled code computes an operation: by one instruction, by a function of the C library, or by other rows.

    `llvm` is the instruction or intrinsic, such as "fadd", "fcmp olt" or "llvm.sqrt" (a lone operand of "xor" is
    negated), and `c` the same as an expression of C; `libm` is the name of a function of C's math.h; `expansion`
    takes the operands and computes the same with other rows. With nothing given, compiled code calls `evaluate`.
    """

    llvm: str = ""
    c: str = ""
    libm: str = ""
    expansion: Callable[..., Any] | None = None


NOT_NATIVE = Native()


@dataclass(slots=True, eq=False)
class Primitive:
    """One row of the table; call it on numbers, Values or NumPy arrays of either. Make one with `autograd.primitive`.

    Attributes
    - `name`: the full name, by which the row is found;
    - `symbol`: the short sign that a picture shows, such as `+`;
    - `evaluate`: the value, from as many floats as the row has arguments; it never raises on a float;
    - `partials`: the derivative with respect to each argument in turn. A float says that the derivative is that
      constant; None, that the argument is not differentiable; a function takes `(out, *arguments)` and returns the
      derivative, or None where the argument is on the side that was not taken;
    - `domain`: for each argument, the interval in which tests draw their points; two ints mean whole numbers;
    - `summary`: one sentence for `help()`;
    - `native`: what compiled code does instead of calling `evaluate`;
    - `notation`: how formulas write it, as a function of its name where not given;
    - `textbook`: the partials as a person writes them, where the rules are written otherwise to keep their digits;
    - `predicate`: whether the value is True or False, as a comparison's is.

    >>> from autograd import exp
    >>> exp(0.0), exp.name, exp.partials[0](1.0, 0.0)
    (1.0, 'exp', 1.0)
    """

    name: str
    symbol: str
    evaluate: Callable[..., Any]
    partials: tuple[Partial, ...]
    domain: tuple[tuple[float, float], ...]
    summary: str = ""
    native: Native = NOT_NATIVE
    notation: Notation | None = None
    textbook: tuple[Partial, ...] = ()
    predicate: bool = False
    pull: ClassVar[Any] = None  # an operation that is not differentiated by its partials has rules of its own
    push: ClassVar[Any] = None
    has_formula: ClassVar[bool] = True  # whether its partials can be run on symbols
    float_partials: tuple[Partial, ...] = field(init=False)  # the same rules at full speed on floats: specialise.py
    reverse_step: Callable[..., None] = field(init=False)
    fingerprint: bytes = field(init=False, default=b"")  # of a row made for one call: what else it computes with

    def __post_init__(self) -> None:
        self.specialise(self.partials)

    def specialise(self, partials: tuple[Partial, ...], inline: bool = False) -> None:
        """Use these rules, which must be the same, where all arguments are floats."""
        self.float_partials = partials
        self.reverse_step = reverse_step(partials, inline)

    def __call__(self, *arguments: Any) -> Any:
        for argument in arguments:
            if type(argument) is not float:
                apply = getattr(type(argument), "_apply_primitive", None)
                if apply is not None and len(arguments) == len(self.partials) == 1:
                    return apply(self, arguments)
                return self._dispatch(arguments)
        return self.evaluate(*arguments)

    def _dispatch(self, arguments: tuple[Any, ...]) -> Any:
        """Hand nodes to their own type, go through arrays element by element, turn other numbers into floats."""
        if len(arguments) != len(self.partials):
            raise TypeError(f"{self.name} takes {len(self.partials)} arguments, {len(arguments)} were given")
        apply = None
        for argument in arguments:
            if type(argument) is not float:
                if is_array(argument):
                    return elementwise(self, arguments)
                apply = apply or getattr(type(argument), "_apply_primitive", None)
        if apply is not None:
            return apply(self, arguments)
        return self.evaluate(*map(self.constant, arguments))

    def constant(self, operand: Any) -> Any:
        """An operand that is no node as a float; `where` lets None pass, a side that is structurally absent."""
        return None if operand is None and self.name == "where" else real(operand)

    def __reduce__(self) -> Any:
        if TABLE.get(self.name) is self:
            return reduced("row", self.name)
        for module in {getattr(self.evaluate, "__module__", ""), "__main__"} & sys.modules.keys():
            for name, item in vars(sys.modules[module]).items():
                if item is self:
                    return reduced("row of a module", module, name)
        raise PicklingError(f"the primitive {self.name} is pickled by its name: keep it as a global of its module")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


def primitive(
    name: str,
    evaluate: Callable[..., float],
    partials: Sequence[Partial],
    notation: str = "",
    *,
    domain: Sequence[tuple[float, float]] = (),
    summary: str = "",
    native: str = "",
) -> Primitive:
    """Add an operation of your own, which at once works with every transform, at every order.

    Parameters
    - `name`: a Python identifier;
    - `evaluate`: the value; takes one float for each argument and returns a float;
    - `partials`: for each argument its derivative: a function of `(out, *arguments)`, a number where it is constant, or
      None where there is none. Write the functions with operators and with functions of `autograd`, so that they serve
      floats and Values alike; never with an `if` on an argument (use `autograd.where`) and never with `math`;
    - `notation`: the sign that pictures show, the name where not given;
    - `domain`: for each argument an interval in which the function can be checked, (-1, 1) where not given;
    - `summary`: one sentence for `help()`;
    - `native`: the C library's name of the function, where it has one: compiled code then calls it, not `evaluate`.

    Raises: `TypeError` or `ValueError` that says which part is wrong. A wrong rule is found by `check_grads`.

    >>> from autograd import Value, exp, primitive
    >>> bell = primitive("bell", lambda x: exp(-x * x), [lambda out, x: -2.0 * x * out])
    >>> x = Value(1.0)
    >>> bell(x).backward()
    >>> round(x.grad, 12)
    -0.735758882343
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"a primitive's name is a Python identifier, not {name!r:.60}")
    if not callable(evaluate):
        raise TypeError(f"evaluate of {name} is a function of floats, not {type(evaluate).__name__}")
    if not isinstance(partials, Sequence) or not partials:
        raise TypeError(f"partials of {name} is a sequence with one entry for each argument: [lambda out, x: ...]")
    rules = tuple(rule if rule is None or callable(rule) else real(rule) for rule in partials)
    for i, rule in enumerate(rules):
        if callable(rule) and not _takes(rule, 1 + len(rules)):
            raise TypeError(f"the rule for argument {i + 1} of {name} takes (out, *arguments): {1 + len(rules)} in all")
    domains = tuple((low, high) for low, high in domain) or ((-1.0, 1.0),) * len(rules)
    if len(domains) != len(rules) or not all(low < high for low, high in domains):
        raise ValueError(f"domain of {name} is one pair (low, high) for each of its {len(rules)} arguments")

    def evaluate_as_float(*numbers: float) -> float:
        return real(evaluate(*numbers))

    evaluate_as_float.__module__ = getattr(evaluate, "__module__", "")
    row = Primitive(name, notation or name, evaluate_as_float, rules, domains, summary, Native(libm=native))
    row.specialise(with_numbers(rules))
    return row


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with that many positional arguments."""
    try:
        signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # a function written in C that does not say
        return True
    return True


def _row_of_the_table(name: str) -> Primitive:
    return TABLE[name]


def _row_of_a_module(module: str, name: str) -> Primitive:
    __import__(module)
    row: Primitive = getattr(sys.modules[module], name)
    return row


def real(number: Any) -> float:
    """The float of a real number: int, bool, Fraction and NumPy scalars are taken, anything else is refused.

    Raises: `TypeError` that names the type; `OverflowError` where the number is beyond the largest float.
    """
    if type(number) is float:
        return number
    if isinstance(number, Real):
        return float(number)
    if getattr(number, "shape", None) == () and hasattr(number, "dtype") and number.dtype.kind in "biuf":
        is_array(number)  # raises for one that is masked
        return float(number)  # NumPy's bool, which is not registered as a Real, and arrays without dimensions
    raise TypeError(f"a real number was expected, not {type(number).__name__}: {number!r:.60}")


def is_array(argument: Any) -> bool:
    """Whether it is a NumPy array, told without importing NumPy.

    Raises: `TypeError` for a subclass that is not ours, which may compute otherwise: a masked one, a matrix.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(argument, numpy.ndarray):
        return False
    require_plain(type(argument))
    return True


def require_plain(kind: type) -> None:
    """Raise `TypeError` for the type of an array that is a subclass of NumPy's, and not ours."""
    numpy = sys.modules["numpy"]
    if kind is not numpy.ndarray and kind.__module__ != "autograd" and kind is not numpy.memmap:
        raise TypeError(
            f"arrays are NumPy's plain ones, for what a {kind.__name__} means by an operation would be lost: "
            "pass numpy.asarray(it), or its numbers and its mask as two arrays"
        )


def elementwise(function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """The array of `function` at each element, with NumPy's broadcasting; see `typed`.

    Of arrays without dimensions it is the result itself; on an array of a recording it is a step of all elements.
    """
    numpy = sys.modules["numpy"]
    nodes = [argument for argument in arguments if hasattr(argument, "_elementwise")]  # of a recording
    if nodes and any(getattr(argument, "ndim", 0) for argument in arguments):
        return nodes[0]._elementwise(function, arguments)
    with numpy.errstate(all="ignore"):  # arithmetic is quiet here
        results = numpy.frompyfunc(function, len(arguments), 1)(*map(plain, arguments))
    if not isinstance(results, numpy.ndarray):
        return results
    found = typed(results, getattr(function, "predicate", False))
    sides = {"where": arguments[1:], "stop_gradient": arguments}.get(getattr(function, "name", ""))
    if sides is None:
        return found
    kinds = {numpy.asarray(side).dtype.kind for side in sides}  # which the result has, too
    return found.astype(bool if kinds == {"b"} else int) if kinds <= {"b", "i"} else found


def plain(argument: Any) -> Any:
    """An argument as NumPy takes it without asking us what to do with it."""
    numpy = sys.modules["numpy"]
    if hasattr(type(argument), "_apply_primitive"):
        scalar = numpy.empty((), dtype=object)
        scalar[()] = argument
        return scalar
    return argument.view(numpy.ndarray) if is_array(argument) and type(argument) is not numpy.ndarray else argument


def typed(objects: Any, truths: bool = False) -> Any:
    """An array of objects as one of floats, bools or ints where all of them are, else as its Values would have it.

    Of none it is an array of floats, but of bools where its elements would be `truths`.
    """
    if getattr(objects, "_traced", False) is True:  # of a recording, whose elements nobody is to ask for
        return objects
    numbers = objects.ravel().tolist()
    same = alike(numbers)
    kinds = set(map(type, same)) or {bool if truths else float}
    if len(kinds) == 1 and kinds <= {float, bool, int}:
        return objects.astype(kinds.pop())
    if same is not numbers:
        objects = objects.copy()
        objects.flat = same
    views = (getattr(kind, "_view_of_array", None) for kind in kinds)
    view = next((view for view in views if view is not None), None)
    return objects if view is None else view(objects)


def alike(numbers: Sequence[Any]) -> Sequence[Any]:
    """Numbers of one array: whole numbers among truths, floats among either and Values."""
    kinds = set(map(type, numbers))
    if len(kinds) < 2 or kinds.isdisjoint((bool, int)) or any(hasattr(kind, "_elementwise") for kind in kinds):
        return numbers  # of a recording each is what it is
    kind = int if kinds == {bool, int} else float
    return [kind(number) if type(number) in (bool, int) else number for number in numbers]
