"""The structure that docs/architecture.md describes holds: no circles, few modules in a folder, no late imports."""

import re
from collections import Counter
from html import unescape

import floors
import pytest
from imports import (
    OPTIONAL,
    ROOT,
    Import,
    between_folders,
    circles,
    imports,
    late_imports_of_others,
    modules,
    names_as_text,
)

IMPORTS = imports()
FOLDERS = sorted({name.rpartition(".")[0] for name in modules()} - {""})
MOST_MODULES = 14  # of a folder

# Imports that a call makes, each for the time of a start that is written beside it.
LATE = {("nn", "nn.page")}
# Where modules are named as text: what comes when it is asked for, and what pickles name.
BY_NAME = {"autograd", "autograd.pickles", "autograd.transforms", "nn"}


def test_the_reader_of_imports_sees_them_all():
    assert len(IMPORTS) > 500
    targets = {(each.source, each.target) for each in IMPORTS}
    assert ("autograd.engine.value", "autograd.engine.node") in targets
    assert ("autograd.program.tracing.structured", "autograd.program.simplify") in targets
    assert any(each.late for each in IMPORTS)


def test_a_circle_is_found():
    assert circles([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]) == [["a", "b", "c"]]
    assert circles([("a", "b"), ("b", "c"), ("a", "c")]) == []
    known = [Import("p.a.x", "p.b.y", 1, False), Import("p.b.z", "p.a.w", 1, True)]
    assert circles(between_folders("p", known)) == [["a", "b"]]


def test_no_circle_among_modules():
    assert circles((each.source, each.target) for each in IMPORTS) == []


def test_no_module_names_another_as_text_but_those_that_have_a_table_of_them():
    assert {source for source, _ in names_as_text()} == BY_NAME


def test_a_call_imports_nothing_else_but_an_optional_package():
    assert late_imports_of_others() <= OPTIONAL


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_circle_among_what_stands_in_a_folder(folder):
    assert circles(between_folders(folder, IMPORTS)) == []


def test_no_import_inside_a_function_but_those_that_say_what_they_save():
    assert {(each.source, each.target) for each in IMPORTS if each.late} == LATE


def test_no_folder_is_crowded():
    count = Counter(name.rpartition(".")[0] for name in modules())
    assert {folder: number for folder, number in count.items() if number > MOST_MODULES} == {}


def test_the_picture_of_the_floors_is_that_of_the_imports():
    """`python tests/helpers/floors.py` draws it again."""
    picture = unescape((ROOT / "docs" / "images" / "floors.svg").read_text(encoding="utf-8"))
    edges = floors.arrows()
    assert set(re.findall(r"<title>([\w.]+)->([\w.]+)</title>", picture)) == edges
    level = floors.floors(edges)
    shown = dict(re.findall(r'<title>([\w.]+)</title>\s*<g[^>]*><a[^>]*>.*?<text[^>]*>(\d)', picture, re.DOTALL))
    assert {name: int(number) for name, number in shown.items()} == level
