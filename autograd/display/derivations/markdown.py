"""Derivation -> Markdown, with its formulas in LaTeX between $$."""

from __future__ import annotations

import re

from autograd.display.derivations.latex import derivation_lines, shown_lines
from autograd.display.derivations.steps import Derivation


def derivation_to_markdown(derivation: Derivation) -> str:
    """One block of formulas, and the notes as paragraphs."""
    return "\n\n".join([block(derivation_lines(derivation)), *map(prose, derivation.notes)])


def block(lines: list[str]) -> str:
    """Lines, each with & where it is aligned, as one displayed formula."""
    return "$$\n\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}\n$$"


def prose(text: str) -> str:
    """Text in which Markdown finds nothing of its own: every sign that may mean something is escaped."""
    return re.sub(r"([\\`*_{}\[\]()#+!|~$<>&^])", r"\\\1", shown_lines(text))
