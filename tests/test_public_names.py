"""The public names are the ones listed, the reference documents each, and importing them is light."""

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import autograd
import nn

ROOT = Path(__file__).parent.parent
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
OPTIONAL = {"graphviz", "llvmlite", "matplotlib", "numpy", "onnx", "pygraphviz", "scipy", "sklearn", "tqdm"}


@pytest.mark.parametrize("package", [autograd, nn], ids=["autograd", "nn"])
def test_every_public_name_of_a_package_is_listed_and_no_other(package):
    defined = {name for name, item in vars(package).items() if name[0] != "_" and not isinstance(item, ModuleType)}
    assert sorted(package.__all__) == sorted(defined)


@pytest.mark.parametrize("package", [autograd, nn], ids=["autograd", "nn"])
def test_the_reference_documents_every_public_name_and_no_other(package):
    documented = re.findall(rf"^\.\. auto(?!module)\w+:: {package.__name__}\.(\w+)$", REFERENCE, re.MULTILINE)
    assert sorted(documented) == sorted(package.__all__)


@pytest.mark.parametrize("package", [autograd, nn], ids=["autograd", "nn"])
def test_every_public_name_explains_itself(package):
    assert [name for name in package.__all__ if not (getattr(package, name).__doc__ or "").strip()] == []


@pytest.mark.parametrize("module", ["autograd", "autograd.display", "nn", "nn.article"])
def test_an_import_brings_in_no_optional_package(module):
    program = f"import sys, {module}; print(*sys.modules)"
    finished = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = set(finished.stdout.split())
    assert module in imported
    assert imported & OPTIONAL == set()
