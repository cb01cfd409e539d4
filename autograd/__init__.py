"""A scalar autograd engine: one graph of Values to evaluate, differentiate and draw."""

import threading as _threading
import typing as _typing
from importlib import import_module as _import_module

from autograd import pickles as _pickles
from autograd.arrays.array import array
from autograd.engine.recording import detect_anomaly, no_grad, scope
from autograd.engine.value import Value, backward
from autograd.errors import (
    AnomalyError,
    AutogradError,
    BoundError,
    ExpressionError,
    GradientCheckError,
    HistoryLimitError,
    InconclusiveCheckError,
    MissingDependencyError,
    RenderError,
    ShapeError,
    TraceError,
)
from autograd.functions.activations import clip, elu, gelu, leaky_relu, silu
from autograd.functions.composed import dot, log_softmax, logsumexp, mean, norm, prod, softmax, sum
from autograd.primitives.row import Primitive, primitive
from autograd.primitives.table import (
    absolute,
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    cos,
    cosh,
    digamma,
    direction_cosine,
    divide,
    equal,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    floor_divide,
    greater,
    greater_equal,
    hypot,
    less,
    less_equal,
    lgamma,
    log,
    log1p,
    log2,
    log10,
    logical_and,
    logical_not,
    logical_or,
    logistic_density,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    polygamma,
    power,
    power_log,
    relu,
    remainder,
    sigmoid,
    sign,
    signbit,
    sin,
    sinh,
    softplus,
    sqrt,
    stop_gradient,
    subtract,
    tan,
    tanh,
    where,
)

if _typing.TYPE_CHECKING:  # loaded when they are asked for, as the table below says; a test holds that both agree
    from autograd.compiler.jit import jit
    from autograd.display.derivations.explanation import Explanation, explain, explain_all
    from autograd.display.derivations.formula import Formula, formula, to_latex, to_sympy
    from autograd.display.pictures.dot import draw
    from autograd.display.pictures.tree import Tree, tree
    from autograd.transforms.batching import vmap
    from autograd.transforms.checking import check_grads
    from autograd.transforms.checkpointing import checkpoint
    from autograd.transforms.derivatives import (
        grad,
        hessian,
        hvp,
        jacfwd,
        jacobian,
        jacrev,
        jvp,
        value_and_grad,
        vjp,
    )
    from autograd.transforms.implicit import custom_root, fixed_point
    from autograd.transforms.loops import cond, fori_loop, scan, while_loop
    from autograd.transforms.rerunning import rerun_context

# What a first Value does not need: with it `import autograd` took three to four times as long (docs/architecture.md).
_LATER = {
    "autograd.compiler.jit": ("jit",),
    "autograd.display.derivations.explanation": ("Explanation", "explain", "explain_all"),
    "autograd.display.derivations.formula": ("Formula", "formula", "to_latex", "to_sympy"),
    "autograd.display.pictures.dot": ("draw",),
    "autograd.display.pictures.tree": ("Tree", "tree"),
    "autograd.transforms.batching": ("vmap",),
    "autograd.transforms.checking": ("check_grads",),
    "autograd.transforms.checkpointing": ("checkpoint",),
    "autograd.transforms.derivatives": (
        "grad", "hessian", "hvp", "jacfwd", "jacobian", "jacrev", "jvp", "value_and_grad", "vjp",
    ),
    "autograd.transforms.implicit": ("custom_root", "fixed_point"),
    "autograd.transforms.loops": ("cond", "fori_loop", "scan", "while_loop"),
    "autograd.transforms.rerunning": ("rerun_context",),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _LATER.items() for name in names}

__all__ = [
    "AnomalyError",
    "AutogradError",
    "BoundError",
    "Explanation",
    "ExpressionError",
    "Formula",
    "GradientCheckError",
    "HistoryLimitError",
    "InconclusiveCheckError",
    "MissingDependencyError",
    "Primitive",
    "RenderError",
    "ShapeError",
    "TraceError",
    "Tree",
    "Value",
    "absolute",
    "acos",
    "acosh",
    "add",
    "array",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "backward",
    "cbrt",
    "ceil",
    "check_grads",
    "checkpoint",
    "clip",
    "cond",
    "cos",
    "cosh",
    "custom_root",
    "detect_anomaly",
    "digamma",
    "direction_cosine",
    "divide",
    "dot",
    "draw",
    "elu",
    "equal",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "explain",
    "explain_all",
    "expm1",
    "fixed_point",
    "floor",
    "floor_divide",
    "fori_loop",
    "formula",
    "gelu",
    "grad",
    "greater",
    "greater_equal",
    "hessian",
    "hvp",
    "hypot",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "leaky_relu",
    "less",
    "less_equal",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logistic_density",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "multiply",
    "negative",
    "no_grad",
    "norm",
    "not_equal",
    "polygamma",
    "power",
    "power_log",
    "primitive",
    "prod",
    "relu",
    "remainder",
    "rerun_context",
    "scan",
    "scope",
    "sigmoid",
    "sign",
    "signbit",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "stop_gradient",
    "subtract",
    "sum",
    "tan",
    "tanh",
    "to_latex",
    "to_sympy",
    "tree",
    "value_and_grad",
    "vjp",
    "vmap",
    "where",
    "while_loop",
]


def _adopt(items: dict[str, _typing.Any]) -> None:
    """Make public classes the package's own: `help()` shows them so, and pickles name no module that may move."""
    for name, item in items.items():
        if isinstance(item, type):
            item.__module__ = __name__
        globals().setdefault(name, item)


# Two threads that import a package and a module in it at the same time can wait for each other.
_one_at_a_time = _threading.RLock()

if not _typing.TYPE_CHECKING:  # or type checkers would take any name for one of ours

    def __getattr__(name: str) -> _typing.Any:
        """A public name that is asked for the first time (PEP 562)."""
        if name not in _MODULE_OF and name != "display":  # the face of a folder, which has always been there
            raise AttributeError(f"module 'autograd' has no attribute {name!r}")
        with _one_at_a_time:
            if name == "display":
                _import_module("autograd.display.page")  # with it, so that no thread imports the one in the other
                return _import_module("autograd.display")
            module = _import_module(_MODULE_OF[name])
            _adopt({each: getattr(module, each) for each in _LATER[_MODULE_OF[name]]})
        return globals()[name]


def __dir__() -> list[str]:
    return __all__


def _from_jupyter(name: str) -> _typing.Any:
    """A function of the module that shows Values in notebooks, which is loaded when one is shown."""

    def show(value: Value) -> str | None:
        with _one_at_a_time:
            jupyter = _import_module("autograd.display.jupyter")
        shown: str | None = getattr(jupyter, name)(value)
        return shown

    return show


# What a notebook shows of a Value; without HTML, which it would prefer to the picture.
for _name in ("_repr_svg_", "_repr_latex_"):
    setattr(Value, _name, _from_jupyter(_name.removesuffix("_").removeprefix("_")))

_adopt({name: globals()[name] for name in __all__ if name in globals()})
_rebuild = _pickles.rebuild  # pickles name it so
