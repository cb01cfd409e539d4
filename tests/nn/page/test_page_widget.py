"""The page as a Jupyter widget: what can be told without a browser."""

from __future__ import annotations

import json
import re
import sys
from random import Random

import pytest

from autograd import MissingDependencyError
from nn.modules.layers import MLP
from nn.page import document, script, style
from nn.page.sets import gate_set
from nn.page.widget import module_text, widget


def small():
    return MLP(2, [2, 1], "sigmoid", "sigmoid", generator=Random(0))


@pytest.fixture
def made():
    return widget(small(), gate_set("xor"), lr=5.0, rounds=10, title="xor")


def test_the_widget_is_anywidgets_and_synchronises_the_document(made):
    import anywidget

    assert isinstance(made, anywidget.AnyWidget)
    assert made.trait_metadata("page_document", "sync") is True
    assert {"_esm", "_css", "page_document"} <= set(made.keys)  # what goes to the front end


def test_the_document_is_the_pages_own(made):
    expected = document(small(), gate_set("xor"), lr=5.0, rounds=10, title="xor")
    assert made.page_document == expected
    assert made.page_document["frames"]["rounds"] == [0, 1, 2, 5, 10]
    assert json.loads(json.dumps(made.page_document, allow_nan=False)) == json.loads(json.dumps(expected))


def test_script_and_style_are_the_pages_own(made):
    assert made._esm == module_text()
    assert made._esm.startswith(script())
    assert made._css == style()


def test_the_module_exports_a_render_and_imports_nothing(made):
    assert len(re.findall(r"^export ", made._esm, re.MULTILINE)) == 1
    assert re.search(r"^export default \{\n  render\(\{ model, el \}\) \{$", made._esm, re.MULTILINE)
    assert not re.search(r"^\s*import\b|\bimport\s*\(", made._esm, re.MULTILINE)


def test_neither_script_nor_style_reaches_for_the_network(made):
    names = set(re.findall(r"https?://[^\s\"'`)]*", made._esm + made._css))
    assert all(name.startswith("http://www.w3.org/") for name in names)  # the namespaces of SVG and MathML
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts)\b", made._esm)
    assert not re.search(r"@import|url\(", made._css)


def test_each_widget_has_a_document_of_its_own(made):
    other = widget(small(), gate_set("and"), rounds=1)
    assert made.page_document["frames"]["rounds"] == [0, 1, 2, 5, 10]
    assert other.page_document["frames"]["rounds"] == [0, 1]


def test_without_anywidget_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'scalar-autograd\[notebook\]'"):
        widget(small(), gate_set("xor"))


def test_the_package_is_imported_only_when_a_widget_is_made():
    assert not hasattr(sys.modules["nn.page.widget"], "anywidget")
