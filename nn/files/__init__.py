"""Models on disk, and as programs for others to run."""

from nn.files.export import export_c
from nn.files.export_onnx import export_onnx
from nn.files.storage import load, save

__all__ = [
    "export_c",
    "export_onnx",
    "load",
    "save",
]
