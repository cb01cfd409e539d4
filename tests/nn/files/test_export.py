"""Exported networks, run by the C compiler and by onnxruntime, against the engine."""

from __future__ import annotations

import ctypes
import math
import random
import shutil
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest

import autograd
from autograd import MissingDependencyError, Value
from nn.errors import ExportError
from nn.files.export import export_c
from nn.files.export_onnx import export_onnx
from nn.modules.activations import ELU, GELU, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from nn.modules.containers import Sequential
from nn.modules.dropout import Dropout
from nn.modules.layers import MLP, Layer, Neuron
from nn.modules.linear import Linear
from nn.modules.module import Module

COMPILER = shutil.which("cc") or "gcc"
FLAGS = ["-std=c99", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared", "-fPIC"]


class Wave(Module):
    """A module of the user's own: a·sin(b·x0) + log1p(x1²) - 2^x0, its negative's softplus, and exp(b) + a."""

    def __init__(self):
        self.a, self.b = Value(1.5), Value(-0.75)

    def forward(self, x):
        y = self.a * autograd.sin(self.b * x[0]) + autograd.log1p(x[1] * x[1]) - autograd.power(2.0, x[0])
        return [y, autograd.softplus(-y), autograd.expm1(0.1 * y), 0.25, self.b.exp() + self.parameters()[0]]


def every_activation():
    rng = random.Random(5)
    parts = [ReLU(), Tanh(), Sigmoid(), LeakyReLU(0.2), ELU(0.7), SiLU(), GELU(), Softplus(2.0), Identity(), Dropout()]
    layers = [part for activation in parts for part in (Linear(3, 3, generator=rng), activation)]
    return Sequential(*layers, Linear(3, 4, bias=False, generator=rng), Softmax())


def named_activations():
    rng = random.Random(6)
    names = ("relu", "tanh", "sigmoid", "linear", "softplus", "silu", "gelu", "elu", "leaky_relu", LeakyReLU(0.3))
    return Sequential(*[Layer(3, 3, activation=name, generator=rng) for name in names])


MODELS = {
    "MLP": (lambda: MLP(2, [5, 4, 1], activation="tanh", generator=random.Random(1)), 2),
    "shared": (lambda: MLP(3, [4, 2], output_activation="sigmoid", shared_bias=True, generator=random.Random(2)), 3),
    "wide": (lambda: MLP(20, [4, 18], activation="silu", generator=random.Random(3)), 20),
    "Neuron": (lambda: Neuron(3, activation="sigmoid", generator=random.Random(4)), 3),
    "modules": (every_activation, 3),
    "names": (named_activations, 3),
    "custom": (lambda: MLP(2, [3, 2], activation=autograd.sin, generator=random.Random(7)), 2),
    "own": (Wave, 2),
}


def samples(width):
    rng = random.Random(11)
    return [[rng.uniform(-3.0, 3.0) for _ in range(width)] for _ in range(20)]


def outputs_of(model, sample):
    out = model.eval()(sample)
    return [float(getattr(y, "data", y)) for y in (out if isinstance(out, list) else [out])]


@pytest.mark.parametrize("name", MODELS)
def test_the_c_file_computes_what_the_model_does_to_the_bit(name, tmp_path):
    make, width = MODELS[name]
    model = make()
    export_c(model, tmp_path / "f.c", inputs=width if name == "own" else None)
    command = [COMPILER, *FLAGS, str(tmp_path / "f.c"), "-o", str(tmp_path / "f.so"), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    forward = ctypes.CDLL(str(tmp_path / "f.so")).forward
    forward.restype = None
    for sample in samples(width):
        expected = outputs_of(model, sample)
        found = (ctypes.c_double * len(expected))()
        forward((ctypes.c_double * width)(*sample), found)
        assert list(found) == expected


@pytest.mark.parametrize("name", MODELS)
def test_the_onnx_file_computes_what_the_model_does_to_1e_6(name, tmp_path):
    make, width = MODELS[name]
    model = make()
    export_onnx(model, tmp_path / "f.onnx", inputs=width if name == "own" else None)
    session = onnxruntime.InferenceSession(str(tmp_path / "f.onnx"), providers=["CPUExecutionProvider"])
    batch = samples(width)
    (found,) = session.run(None, {"x": np.array(batch)})
    assert found.dtype == np.float64
    tolerance = 1e-6 if name in ("modules", "names") else 1e-12  # these two have a GELU, in single precision
    np.testing.assert_allclose(found, [outputs_of(model, x) for x in batch], rtol=0, atol=tolerance)


def test_an_export_is_of_evaluation_and_leaves_the_model_in_training(tmp_path):
    model = Sequential(Linear(2, 2), Dropout(1.0))
    model[0].eval()
    export_c(model, tmp_path / "f.c")
    export_onnx(model, tmp_path / "f.onnx")
    assert [module.training for module in model.modules()] == [True, False, True]
    assert " * x0" in (tmp_path / "f.c").read_text()


def test_what_cannot_be_exported_says_why_and_writes_nothing(tmp_path):
    class Branching(Module):
        def forward(self, x):
            return x[0] if x[0] > 0.0 else 2.0 * x[0]

    class Outside(Module):
        def forward(self, x):
            return outside * x[0]

    class Gamma(Module):
        def forward(self, x):
            return autograd.lgamma(x[0])

    outside, diverged = Value(2.0), Linear(1, 1)
    diverged.weight[0][0].data = math.nan
    for export in (export_c, export_onnx):
        for model, options, message in (
            (Wave(), {}, "inputs="),
            (Wave(), {"inputs": 0}, "whole number from 1 up"),
            (Branching(), {"inputs": 1}, "autograd.where"),
            (Outside(), {"inputs": 1}, "a Value that is not among its parameters"),
            (diverged, {}, r"weight\.0\.0 is nan"),
        ):
            with pytest.raises(ExportError, match=message):
                export(model, tmp_path / "f", **options)
    with pytest.raises(ExportError, match="lgamma is not among"):
        export_onnx(Gamma(), tmp_path / "f", inputs=1)
    for name in ("2", "a-b", "double", ""):
        with pytest.raises(ExportError, match="name of a C function"):
            export_c(Linear(1, 1), tmp_path / "f", name)
    assert list(tmp_path.iterdir()) == []


def test_without_the_package_onnx_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match=r"scalar-autograd\[onnx\]"):
        export_onnx(Linear(1, 1), tmp_path / "f.onnx")
