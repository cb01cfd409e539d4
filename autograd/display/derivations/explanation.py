"""`explain`: the derivation of a derivative, as a document in several formats."""

from collections.abc import Sequence
from dataclasses import dataclass

from autograd.display.derivations.html import derivation_to_html
from autograd.display.derivations.html import page as html_page
from autograd.display.derivations.latex import derivation_lines, derivation_to_latex
from autograd.display.derivations.markdown import block, derivation_to_markdown
from autograd.display.derivations.steps import Derivation, derive
from autograd.display.derivations.text import as_text
from autograd.engine.sweep import topological_order
from autograd.engine.value import Value


@dataclass(frozen=True)
class Explanation:
    """One derivation or several; `print` shows it as text.

    Attributes: `derivations`, with every equation, symbol and unrounded number.
    """

    derivations: tuple[Derivation, ...]

    def to_text(self) -> str:
        """The document as lines of text."""
        return "\n\n".join(map(as_text, self.derivations))

    def __str__(self) -> str:
        return self.to_text()

    def to_latex(self) -> str:
        """The document in LaTeX: an align* environment of amsmath for each derivation, its notes below it."""
        return "\n\n".join(map(derivation_to_latex, self.derivations))

    def to_markdown(self) -> str:
        """The document in Markdown, its formulas in LaTeX between $$."""
        return "\n\n".join(map(derivation_to_markdown, self.derivations))

    def to_html(self, page: bool = False) -> str:
        """The document in HTML with MathML, without scripts or anything from elsewhere.

        Parameters: `page`, whether it is to be a whole page, or what stands inside one.
        """
        body = "\n".join(map(derivation_to_html, self.derivations))
        title = ", ".join(f"∂{derivation.output}/∂{derivation.variable}" for derivation in self.derivations[:3])
        return html_page(title or "derivation", body) if page else body

    def _repr_html_(self) -> str:
        return self.to_html()

    def _repr_latex_(self) -> str:
        return "\n\n".join(block(derivation_lines(derivation)) for derivation in self.derivations)

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def explain(output: Value, wrt: Value | Sequence[Value], step: float | None = None) -> Explanation:
    """Work out ∂output/∂wrt as a person would: with symbols, with the numbers put in, and with the result.

    Parameters: `output`, a Value; `wrt`, a Value that it was computed from, or several; `step`, a learning rate, to end
    with the update wrt - step × derivative. Anonymous Values get names such as v7.

    Returns an `Explanation`. Gradients stay as they are.

    >>> from autograd import Value
    >>> x = Value(2.0, name="x")
    >>> print(explain((x * x).named("y"), x))
    ∂y/∂x = 2 · x = 2 × 2 = 4
    check: backward 4 · central difference 4
    """
    variables = list(wrt) if isinstance(wrt, Sequence) else [wrt]
    for value in (output, *variables):
        if not isinstance(value, Value):
            raise TypeError(f"explain takes Values, not {type(value).__name__}: {value!r:.60}")
    return Explanation(tuple(derive(output, variable, step) for variable in variables))


def explain_all(output: Value, step: float | None = None) -> Explanation:
    """`explain` for every named leaf from which `output` was computed, in reading order."""
    leaves = [node for node in topological_order([output]) if node._primitive is None and node.name]
    return explain(output, leaves, step)
