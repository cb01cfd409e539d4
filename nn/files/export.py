"""A trained network as a C file: `export_c`. (`export_onnx` is in export_onnx.py.)"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograd import jit
from nn.errors import ExportError
from nn.files.documents import write_whole
from nn.modules.architecture import describe
from nn.modules.module import Module, functional_call

C_KEYWORDS = """auto break case char const continue default do double else enum extern float for goto if inline int long
    main register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while"""

# jit's logistic function multiplies by a reciprocal, which it shares with the slope. A forward pass has no slope, and
# divides: then its bits are those of the engine's own.
RECIPROCAL = " * (1.0 / (1.0 + t1));"
DIVISION = " / (1.0 + t1);"

WRAPPER = """
/* The network: takes {inputs} numbers, and writes {outputs}. */
void {name}(const double inputs[{inputs}], double outputs[{outputs}])
{{
    {name}_of_numbers({arguments});
}}
"""


def export_c(model: Module, path: str | os.PathLike[str], name: str = "forward", *, inputs: int | None = None) -> None:
    """Write the forward function of a model as one C99 file that needs nothing but the C library.

    The file has `void NAME(const double inputs[], double outputs[])`, the parameters being constants in it, as the
    model computes after `eval()`. It is made by `jit`, and computes the model's own numbers, step by step.

    Parameters: `model`, which takes a sequence of numbers, and returns a number or a sequence; `path`; `name`, of the C
    function; `inputs`, how many numbers the model takes, to be given for a module of one's own.

    Raises: `ExportError` where the number of inputs is not known, a parameter is not finite, the model computes with a
    Value that is no parameter of it, or it goes different ways for different numbers (an `if` in place of `where`);
    `OSError` where it cannot be written.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_c(MLP(2, [3, 1]), f"{folder}/network.c")
    ...     "void forward(const double inputs[2], double outputs[1])" in Path(folder, "network.c").read_text()
    True
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in C_KEYWORDS.split():
        raise ExportError(f"the name of a C function is made of letters, digits and _, not {name!r:.60}")
    taken, compiled = recorded(model, inputs)
    try:
        text = compiled.c_source(f"{name}_of_numbers").replace(RECIPROCAL, DIVISION)
    except ValueError as error:
        raise ExportError(f"the model cannot be written in C: {error}") from None
    before, after = re.split(rf"^void (?={name}_of_numbers\()", text, maxsplit=1, flags=re.MULTILINE)
    arguments, outputs = _arguments(after[after.index("(") + 1 : after.index(")")])
    text = f"{before}static void {after}"
    text += WRAPPER.format(name=name, inputs=taken, outputs=outputs, arguments=", ".join(arguments))
    write_whole(path, text.encode())


def recorded(model: Module, inputs: int | None) -> tuple[int, Any]:
    """How many inputs a model takes, and its forward function, compiled and called once, of a list of so many.

    The parameters are constants in it. Raises: `ExportError`, as said for `export_c`.
    """
    taken = count_inputs(model, inputs)
    parameters = finite_parameters(model)

    def forward(x: list[Any]) -> list[Any]:
        out = functional_call(model, parameters, x)
        return list(out) if hasattr(out, "__len__") else [out]

    compiled = jit(forward, backend="interpreter")
    with evaluating(model):
        compiled([0.0] * taken)
    if compiled.graph.inputs > taken:
        raise ExportError("the model computes with a Value that is not among its parameters: make it an attribute")
    if any(operation.name == "guard" for operation in compiled.graph.operations):
        raise ExportError("the model goes different ways for different numbers: write autograd.where instead of its if")
    return taken, compiled


def finite_parameters(model: Module) -> dict[str, float]:
    """The model's state; `ExportError` where a number in it is not finite."""
    parameters = model.state_dict()
    for path, number in parameters.items():
        if not math.isfinite(number):
            raise ExportError(f"the parameter {path} is {number}, and the model was not exported")
    return parameters


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Inside the `with` block, the model is as after `eval()`."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def count_inputs(model: Module, given: int | None) -> int:
    """The number of inputs of a model: what is given, else what its description says; `ExportError` for neither."""
    if given is not None:
        if not isinstance(given, int) or given < 1:
            raise ExportError(f"the number of inputs is a whole number from 1 up, not {given!r}")
        return given
    parts = [describe(model)]
    while parts:
        part = parts.pop()
        for key in ("inputs", "in_features"):
            if part is not None and key in part:
                return int(part[key])
        parts.extend(reversed((part or {}).get("parts", [])))
    raise ExportError(f"how many numbers this {type(model).__name__} takes is not known: give it as inputs=")


def _arguments(parameters: str) -> tuple[list[str], int]:
    """What to pass for each parameter of the generated function, and the number of outputs."""
    arguments: list[str] = []
    taken = written = 0
    for parameter in parameters.split(", "):
        length = re.search(r"\[(\d+)\]", parameter)
        if length:
            if parameter.startswith("const"):
                arguments.append("inputs")
            else:
                arguments.append("outputs")
                written = int(length.group(1))
        elif "*" in parameter:
            arguments.append(f"&outputs[{written}]")
            written += 1
        else:
            arguments.append(f"inputs[{taken}]")
            taken += 1
    return arguments, written
