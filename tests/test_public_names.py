"""The public names are the ones listed, the reference documents each, and importing them is light."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import mypy.api
import pytest
from imports import OPTIONAL

import autograd
import nn
from autograd import Value
from autograd.primitives.table import TABLE

ROOT = Path(__file__).parent.parent
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("package", [autograd, nn], ids=["autograd", "nn"])
def test_every_public_name_of_a_package_is_listed_and_no_other(package):
    assert all(hasattr(package, name) for name in package.__all__)
    defined = {name for name, item in vars(package).items() if name[0] != "_" and not isinstance(item, ModuleType)}
    assert sorted(package.__all__) == sorted(defined)


def test_completion_shows_the_public_names_and_no_module():
    assert dir(autograd) == sorted(autograd.__all__)
    assert set(dir(nn)) - set(nn.__all__) == {"datasets", "initializers", "plots", "schedules"}


def test_completion_shows_what_the_reference_says_of_a_value():
    """Its attributes, its methods, the rows of one argument, and the names by which NumPy asks for some of them."""
    attributes = {"data", "grad", "has_grad", "name", "op", "parents", "scope"}
    methods = {"backward", "detach", "named", "register_hook", "stop_gradient", "zero_grad"}
    rows = {name for name, row in TABLE.items() if name in autograd.__all__ and len(row.partials) == 1}
    rows = rows - {"absolute", "negative", "logical_not", "signbit"} | {"atan2", "hypot"}
    numpy_asks = {"arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "conjugate", "fabs"}
    assert {name for name in dir(Value) if name[0] != "_"} == attributes | methods | rows | numpy_asks


def test_a_name_that_is_loaded_later_is_the_one_that_type_checkers_see():
    tree = ast.parse(Path(autograd.__file__).read_text(encoding="utf-8"))
    blocks = {ast.unparse(node.test): node for node in tree.body if isinstance(node, ast.If)}
    block = blocks["_typing.TYPE_CHECKING"]
    seen = {alias.name: node.module for node in block.body for alias in node.names}
    assert seen == autograd._MODULE_OF


def test_a_first_value_loads_neither_the_compiler_nor_the_display():
    program = (
        "import sys, autograd\n"
        "x = autograd.Value(3.0)\n"
        "(x * x + autograd.exp(x)).backward()\n"
        "print(*sys.modules)"
    )
    loaded = set(subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True,
                                check=True).stdout.split())  # fmt: skip
    ours = {name for name in loaded if name.split(".")[0] == "autograd"}
    assert "autograd.engine.value" in ours
    later = ("autograd.compiler", "autograd.display", "autograd.program", "autograd.shell", "autograd.transforms")
    assert [name for name in ours if name.startswith(later)] == []


def test_type_checkers_know_what_is_loaded_later_and_refuse_what_is_not_there(tmp_path):
    program = (
        "import autograd, nn\n"
        "reveal_type(autograd.grad)\n"
        "reveal_type(nn.MLP(2, [1]).page)\n"
        "autograd.gard\n"
        "from autograd import jti\n"
        "nn.MLP(2, [1]).page(1)\n"
    )
    (tmp_path / "program.py").write_text(program)
    text, _, status = mypy.api.run([str(tmp_path / "program.py"), "--config-file=", f"--cache-dir={tmp_path}"])
    found = dict(re.findall(r"^\S+program\.py:(\d+): (.*)$", text, re.MULTILINE))
    assert status == 1
    assert "has_aux: bool =" in found["2"]
    assert "def (data: Any, path: " in found["3"]
    assert 'Module has no attribute "gard"' in found["4"]
    assert 'Module "autograd" has no attribute "jti"' in found["5"]
    assert 'Missing positional argument "path"' in found["6"]


def test_threads_may_ask_for_different_names_at_the_same_time():
    program = (
        "import sys, threading, autograd\n"
        "sys.setswitchinterval(1e-6)\n"
        "start, failures = threading.Barrier(len(autograd._MODULE_OF)), []\n"
        "def ask(name):\n"
        "    start.wait()\n"
        "    try:\n"
        "        getattr(autograd, name)\n"
        "    except BaseException as error:\n"
        "        failures.append(error)\n"
        "threads = [threading.Thread(target=ask, args=[name]) for name in autograd._MODULE_OF]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "assert not failures, failures"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


def test_a_page_may_be_written_while_another_thread_asks_for_a_name(tmp_path):
    program = (
        "import sys, threading, nn\n"
        "sys.setswitchinterval(1e-6)\n"
        "start, failures = threading.Barrier(2), []\n"
        "def page():\n"
        "    nn.MLP(2, [1]).page(([[0.0, 1.0]], [1.0]), sys.argv[1], rounds=0)\n"
        "def names():\n"
        "    from autograd import Formula, draw, explain, tree\n"
        "def run(task):\n"
        "    start.wait()\n"
        "    try:\n"
        "        task()\n"
        "    except BaseException as error:\n"
        "        failures.append(error)\n"
        "threads = [threading.Thread(target=run, args=[task]) for task in (page, names)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "assert not failures, failures"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", program, tmp_path / "page.html"], cwd=ROOT, check=True, timeout=60)


def test_a_name_that_a_user_has_put_there_stays():
    program = "import autograd; autograd.grad = 1; autograd.vjp; assert autograd.grad == 1"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


@pytest.mark.parametrize("name", ["Value", "Formula", "Explanation", "Tree", "Primitive"])
def test_the_types_of_a_public_class_can_be_asked_for(name):
    get_type_hints(getattr(autograd, name))


@pytest.mark.parametrize("name", [name for name in nn.__all__ if isinstance(getattr(nn, name), type)])
def test_the_types_of_a_public_class_of_networks_can_be_asked_for(name):
    get_type_hints(getattr(nn, name))


def test_all_names_come_with_a_star():
    names: dict[str, object] = {}
    exec("from autograd import *", names)
    assert set(autograd.__all__) <= names.keys()


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'autograd' has no attribute 'gard'"):
        autograd.gard


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
