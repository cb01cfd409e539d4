"""How Sphinx builds the documentation: `make docs`."""

import re
import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the documented packages, also where they are not installed

from autograd import Primitive  # noqa: E402  (the path comes first)

_setup = ConfigParser()
_setup.read(ROOT / "setup.cfg", encoding="utf-8")

project = "scalar-autograd"
author = _setup["metadata"]["author"]
copyright = f"2026, {author}"
version = release = _setup["metadata"]["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
nitpicky = False
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"scalar-autograd {release}"
html_show_sourcelink = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"

CODE = re.compile(r"(`[^`]+`)")
MARKUP = re.compile(r"([*|_])")


def _to_restructured_text(app, what, name, item, options, lines):
    """Turn a docstring, plain text with `code` and lists, into what autodoc reads."""
    if isinstance(item, Primitive):
        lines[:] = [item.summary, ""]
    converted, in_example = [], False
    for line in lines:
        in_example = line.lstrip().startswith((">>>", "...")) or (in_example and bool(line.strip()))
        if in_example:
            converted.append(line)
            continue
        if line.startswith("- ") and converted and converted[-1] and not converted[-1].startswith(("- ", "  ")):
            converted.append("")
        # Code gets two backticks; in the rest, what reStructuredText would take for markup is escaped. The escaped
        # space prints nothing, and lets a letter follow the code, as in `Value`s.
        parts = [f"`{part}`\\ " if part.startswith("`") else MARKUP.sub(r"\\\1", part) for part in CODE.split(line)]
        converted.append("".join(parts))
    lines[:] = converted


def setup(app):
    app.connect("autodoc-process-docstring", _to_restructured_text)
