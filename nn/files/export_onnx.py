"""A trained network as an ONNX file: `export_onnx`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from autograd import MissingDependencyError
from nn.errors import ExportError
from nn.files.documents import write_whole
from nn.files.export import count_inputs, finite_parameters, recorded
from nn.modules.architecture import describe
from nn.modules.containers import Sequential
from nn.modules.dropout import Dropout
from nn.modules.layers import MLP, Layer, Neuron
from nn.modules.linear import Linear
from nn.modules.module import Module

OPERATORS = 17  # the version of ONNX's operator set
FILE_VERSION = 8  # of the file's structure: what goes with that set, so that runtimes of some years ago read it

# Rows of the table of primitives that are one operator.
SINGLE = {
    "absolute": "Abs", "add": "Add", "ceil": "Ceil", "cos": "Cos", "divide": "Div", "exp": "Exp", "floor": "Floor",
    "log": "Log", "maximum": "Max", "minimum": "Min", "multiply": "Mul", "negative": "Neg", "power": "Pow",
    "relu": "Relu", "sigmoid": "Sigmoid", "sign": "Sign", "sin": "Sin", "sqrt": "Sqrt", "subtract": "Sub",
    "tanh": "Tanh",
}  # fmt: skip


def export_onnx(model: Module, path: str | os.PathLike[str], *, inputs: int | None = None) -> None:
    """Write the forward function of a model as an ONNX file, in double precision, as it computes after `eval()`.

    It has one input, `x`, of shape (batch, inputs), and one output, `y`, of shape (batch, outputs). A model of nn's own
    classes becomes one matrix product a layer. Any other is recorded, and becomes one operator for each of its scalar
    operations. GELU goes through single precision, for want of an error function in double precision in onnxruntime.

    Parameters: `model`, which takes a sequence of numbers, and returns a number or a sequence; `path`; `inputs`, how
    many numbers it takes, to be given for a module of one's own.

    Raises: `MissingDependencyError` without the package onnx; `ExportError` for an operation that is not among those
    above, and where `export_c` raises it; `OSError` where it cannot be written.
    """
    try:
        import onnx
        from onnx import TensorProto, helper
    except ImportError:
        raise MissingDependencyError(
            "the package onnx is not installed, and export_onnx needs it: pip install 'scalar-autograd[onnx]'"
        ) from None
    taken = count_inputs(model, inputs)
    finite_parameters(model)
    writer = _Writer(helper, TensorProto)
    y = writer.module(model, "x") if _known(model) else _scalar_operations(writer, *recorded(model, inputs))
    writer.nodes.append(helper.make_node("Identity", [y], ["y"]))
    graph = helper.make_graph(
        writer.nodes,
        type(model).__name__,
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, ["batch", taken])],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, ["batch", None])],
        writer.constants,
    )
    document = helper.make_model(
        graph, producer_name="scalar-autograd", opset_imports=[helper.make_opsetid("", OPERATORS)],
        ir_version=FILE_VERSION,
    )  # fmt: skip
    onnx.checker.check_model(document)
    write_whole(path, document.SerializeToString())


class _Writer:
    """The nodes and the constants so far; every method returns the name of what it adds."""

    def __init__(self, helper: Any, types: Any) -> None:
        self.helper, self.types = helper, types
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, *operands: str, **attributes: Any) -> str:
        name = f"v{len(self.nodes) + 1}"
        self.nodes.append(self.helper.make_node(operator, list(operands), [name], **attributes))
        return name

    def constant(self, numbers: list[Any], shape: tuple[int, ...] = (), whole: bool = False) -> str:
        name = f"c{len(self.constants) + 1}"
        kind = self.types.INT64 if whole else self.types.DOUBLE
        self.constants.append(self.helper.make_tensor(name, kind, shape, numbers))
        return name

    def affine(self, x: str, weights: list[list[Any]], biases: list[Any] | None) -> str:
        matrix = self.constant([w.data for row in weights for w in row], (len(weights), len(weights[0])))
        vector = [] if biases is None else [self.constant([b.data for b in biases], (len(biases),))]
        return self.add("Gemm", x, matrix, *vector, transB=1)

    def module(self, module: Any, x: str) -> str:
        if isinstance(module, Sequential | MLP):
            for part in module if isinstance(module, Sequential) else module.layers:
                x = self.module(part, x)
            return x
        if isinstance(module, Linear):
            return self.affine(x, module.weight, module.bias)
        if isinstance(module, Layer | Neuron):
            neurons = module.neurons if isinstance(module, Layer) else [module]
            net = self.affine(x, [neuron.w for neuron in neurons], [neuron.b for neuron in neurons])
            function: Any = neurons[0].activation
            return self.module(function, net) if isinstance(function, Module) else ACTIVATIONS[function](self, net)
        if isinstance(module, Dropout):
            return x
        options = {key: getattr(module, key) for key in ("negative_slope", "alpha", "beta") if hasattr(module, key)}
        return ACTIVATIONS[type(module).__name__](self, x, **options)

    def softplus(self, x: str, beta: float = 1.0) -> str:
        one, factor = self.constant([1.0]), self.constant([beta])
        x = self.add("Mul", factor, x)
        tail = self.add("Log", self.add("Add", one, self.add("Exp", self.add("Neg", self.add("Abs", x)))))
        return self.add("Div", self.add("Add", self.add("Relu", x), tail), factor)

    def silu(self, x: str) -> str:
        return self.add("Mul", x, self.add("Sigmoid", x))

    def gelu(self, x: str) -> str:
        scaled = self.add("Mul", x, self.constant([0.5**0.5]))
        single = self.add("Erf", self.add("Cast", scaled, to=self.types.FLOAT))
        halves = self.add("Add", self.constant([1.0]), self.add("Cast", single, to=self.types.DOUBLE))
        return self.add("Mul", self.add("Mul", self.constant([0.5]), x), halves)

    def elu(self, x: str, alpha: float = 1.0) -> str:
        negative = self.add("Sub", self.add("Exp", self.add("Min", x, self.constant([0.0]))), self.constant([1.0]))
        return self.add("Add", self.add("Relu", x), self.add("Mul", self.constant([alpha]), negative))

    def leaky_relu(self, x: str, negative_slope: float = 0.01) -> str:
        below = self.add("Min", x, self.constant([0.0]))
        return self.add("Add", self.add("Relu", x), self.add("Mul", self.constant([negative_slope]), below))


ACTIVATIONS: dict[str, Callable[..., str]] = {
    "linear": lambda writer, x: x,
    "relu": lambda writer, x: writer.add("Relu", x),
    "tanh": lambda writer, x: writer.add("Tanh", x),
    "sigmoid": lambda writer, x: writer.add("Sigmoid", x),
    "Softmax": lambda writer, x: writer.add("Softmax", x, axis=1),
    "softplus": _Writer.softplus,
    "silu": _Writer.silu,
    "gelu": _Writer.gelu,
    "elu": _Writer.elu,
    "leaky_relu": _Writer.leaky_relu,
}
for _name, _same in {
    "Identity": "linear", "ReLU": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Softplus": "softplus", "SiLU": "silu",
    "GELU": "gelu", "ELU": "elu", "LeakyReLU": "leaky_relu",
}.items():  # fmt: skip
    ACTIVATIONS[_name] = ACTIVATIONS[_same]


def _known(model: Module) -> bool:
    """Whether a model is made of nn's classes, without activations of the user's own."""
    return describe(model) is not None and all(
        not isinstance(module, Neuron) or isinstance(module.activation, str | Module) for module in model.modules()
    )


def _scalar_operations(writer: _Writer, taken: int, compiled: Any) -> str:
    """One operator for each step of the recorded graph; each of its numbers is a column, a number for each sample."""
    graph = compiled.graph
    zero, one = writer.constant([0.0]), writer.constant([1.0])
    names = [
        writer.add("Gather", "x", writer.constant([i], (1,), whole=True), axis=1) for i in range(graph.inputs)
    ]
    for constant in graph.constants:
        if not isinstance(constant, float):
            raise ExportError("the model computes with arrays or predicates, which are not written to ONNX")
        names.append(writer.constant([constant]))
    for operation, operands, _ in graph.steps():
        given = [names[operand] for operand in operands]
        if operation.name in SINGLE:
            names.append(writer.add(SINGLE[operation.name], *given))
        elif operation.name == "expm1":
            names.append(writer.add("Sub", writer.add("Exp", *given), one))
        elif operation.name == "log1p":
            names.append(writer.add("Log", writer.add("Add", one, *given)))
        elif operation.name == "softplus":
            names.append(writer.softplus(*given))
        else:
            known = ", ".join([*SINGLE, "expm1", "log1p", "softplus"])
            raise ExportError(f"the operation {operation.name} is not among those that are written to ONNX: {known}")
    # An output may be a constant: adding 0·x gives it a row for each sample.
    column = writer.add("Mul", writer.add("Gather", "x", writer.constant([0], (1,), whole=True), axis=1), zero)
    columns = [
        writer.add("Add", names[output], column) if output < graph.inputs + len(graph.constants) else names[output]
        for output in graph.outputs
    ]
    return writer.add("Concat", *columns, axis=1)
