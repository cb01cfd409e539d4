"""The documentation is true: its Python examples run and print what they say, and its links lead somewhere.

A document's ```python blocks run from top to bottom as one program, in an empty folder. A block with prompts (>>>) is a
doctest; one without is run as it stands.
"""

import doctest
import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
PAGES_WITH_EXAMPLES = [
    "article", "compiling", "engine", "explain", "gallery", "model_files", "moons", "networks", "numpy", "page",
    "primitives", "quickstart", "shell", "training", "transforms", "trust",
]

BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def name_of(document):
    return document.relative_to(ROOT).as_posix()


def examples(document):
    """Each block, and the number of lines before it, so that a failure names the line of the document."""
    text = document.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        yield text.count("\n", 0, match.start(2)), textwrap.dedent(match.group(2))


@pytest.mark.parametrize("name", ["README.md", *(f"docs/{page}.md" for page in PAGES_WITH_EXAMPLES)])
def test_the_document_has_examples(name):
    assert list(examples(ROOT / name)), f"{name} has no ```python block"


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if list(examples(d))], ids=name_of)
def test_the_examples_of_a_document_print_what_it_says(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    runner = doctest.DocTestRunner(verbose=False)
    report: list[str] = []
    for lines_before, source in examples(document):
        if ">>>" in source:
            test = doctest.DocTestParser().get_doctest(source, names, name_of(document), str(document), lines_before)
            runner.run(test, out=report.append, clear_globs=False)
            names = test.globs
        else:
            exec(compile("\n" * lines_before + source, document, "exec"), names)
    assert not report, "".join(report)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_the_links_of_a_document_lead_to_files_that_exist(document):
    prose = FENCED.sub("", document.read_text(encoding="utf-8"))
    links = [link for link in LINK.findall(prose) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []
