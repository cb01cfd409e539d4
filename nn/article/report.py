"""The article as one self-contained page: its figures beside ours, its pictures, and every derivation."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from autograd import AutogradError, Value, explain
from autograd.display import draw
from nn.article import network as article
from nn.article.comparison import Closing, Row, sections
from nn.diagram.network_view import draw_network

SOURCE = "https://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example/"
INTRODUCTIONS = {
    article.FORWARD: "A neuron's net is the weighted sum of what it reads, plus the bias; its out is the logistic "
    "function of that.",
    article.ERROR: "Each output's error is half the squared distance to its target, and the two add up.",
    article.OUTPUT: "How the error depends on each weight of the output layer. The node delta δ of a neuron is the "
    "derivative of E_total with respect to its net.",
    article.OUTPUT_UPDATE: f"Each weight takes a step of {article.LEARNING_RATE} against its derivative.",
    article.HIDDEN: "A hidden neuron reaches both errors, and its derivative is the sum over both ways, taken at the "
    "original weights of the output layer.",
    article.HIDDEN_UPDATE: "The biases are left alone.",
}
LEAST_SCALE = 0.95  # pixels to a point; 1.333 is the size at which the picture was laid out
STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --muted: #59636e; --paper: #ffffff; --line: #d1d9e0;
  --shade: #f6f8fa; --good: #116329; --bad: #b31d28; --link: #0b57b0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --muted: #9aa4af; --paper: #0d1117; --line: #343b44;
  --shade: #161b22; --good: #5fc977; --bad: #ff8a80; --link: #74b3ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, "Liberation Sans", "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
a { color: var(--link); }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 1rem 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-top: .5rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p, ol, ul { max-width: 46rem; }
nav ol { columns: 2 18rem; padding-left: 1.5rem; }
.figures { border-collapse: collapse; width: 100%; max-width: 56rem; font-variant-numeric: tabular-nums; }
.figures th, .figures td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
.figures tbody th { font-weight: 500; width: 13rem; white-space: nowrap; }
.figures thead th { color: var(--muted); font-size: .875rem; font-weight: 600; }
.figures .number { text-align: right; white-space: nowrap; width: 8.5rem; padding-right: 1.5rem; }
.agrees { color: var(--good); }
.differs { color: var(--bad); font-weight: 700; }
figcaption { color: var(--muted); font-size: .875rem; }
figure { margin: 1rem 0; }
.wide { overflow-x: auto; padding: .25rem 0; }
.picture { background: #ffffff; border: 1px solid var(--line); border-radius: 6px; }
.picture svg { display: block; margin: 0 auto; max-width: 100%; height: auto; }
.missing { background: var(--shade); border: 1px dashed var(--muted); border-radius: 6px; padding: 1rem; }
.derivation { overflow-x: auto; font-size: .9375rem; font-variant-numeric: tabular-nums; }
@media (min-width: 76rem) { .picture { --room: min(100rem, 100vw - 4rem); width: var(--room);
  margin-left: calc((70rem - var(--room)) / 2); } }
@media (max-width: 34rem) { body { padding: .75rem; }
  .figures th, .figures td { padding: 0; border: 0; font-size: .8125rem; } .figures thead th { font-size: .75rem; }
  .figures tr { display: grid; grid-template-columns: minmax(0, 1fr) auto auto; padding: .3rem 0;
    border-bottom: 1px solid var(--line); }
  .figures .number { width: 6.7rem; padding: 0; } .figures tbody td:last-child { grid-column: 1 / -1; }
  .figures thead th:last-child { display: none; } .schedules .number { width: 6.25rem; }
  .figures.schedules tr { grid-template-columns: repeat(3, auto) 1fr; }
  .schedules th:first-child { grid-column: 1 / -1; } }
@page { margin: 15mm; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } .picture svg { min-width: 0 !important; }
  .wide { overflow: visible; } .derivation { font-size: 8pt; }
  figure, tr { break-inside: avoid; } h2, h3 { break-after: avoid; } }
"""
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p>Every figure of Matt Mazur's <a href="{source}">article</a>, computed by <code>autograd</code> from the network \
below: none of the derivatives is written down by hand.</p>
<p><strong class="{state}">{summary}</strong></p>
</header>
<nav aria-label="Contents">
<ol>
{contents}
</ol>
</nav>
<main>
{body}
</main>
</body>
</html>
"""


def build_report(rows: Sequence[Row], closing: Closing, trained: article.ArticleNetwork, rounds: int) -> str:
    """The page as text.

    Parameters: `rows` and `closing`, as `comparison.py` makes them; `trained`, the network after `rounds` rounds.

    Returns HTML without scripts that loads nothing. Where no layout engine is installed it says, in the place of each
    picture, which is missing and why.
    """
    failures = sum(not row.agrees for row in rows) + closing.failures
    printed = sum(bool(row.printed) for row in rows) + sum(bool(row.printed) for row in closing.rows)
    summary = f"Figures that do not agree: {failures}."
    if not failures:
        summary = f"Every figure that should agree does, among them {printed} that the article prints."
    start = article.ArticleNetwork()
    total = start.backpropagate()["E_total"]
    parts = {"The network": _network(start, total)}
    for section, members in sections(rows).items():
        parts[section] = f"<p>{_text(INTRODUCTIONS[section])}</p>\n{_figures(members)}"
    parts[f"{article.CLOSING}: {rounds:,} rounds"] = _closing(closing, trained, rounds)
    parts["The graph"] = _graphs(total)
    parts["Every derivation"] = _derivations(start)
    headings = {heading: f"part-{number}" for number, heading in enumerate(parts, 1)}
    return PAGE.format(
        title="A step by step backpropagation example, computed",
        style=STYLE,
        source=SOURCE,
        state="differs" if failures else "agrees",
        summary=_text(summary),
        contents="\n".join(f'<li><a href="#{at}">{_text(heading)}</a></li>' for heading, at in headings.items()),
        body="\n".join(
            f'<section aria-labelledby="{at}">\n<h2 id="{at}">{_text(heading)}</h2>\n{parts[heading]}\n</section>'
            for heading, at in headings.items()
        ),
    )


def write_report(page: str, path: str | os.PathLike[str]) -> None:
    """Write the page beside its file, then rename it, so that no half of a page is ever there."""
    target = Path(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            beside.write_text(page, encoding="utf-8")
            os.replace(beside, target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(error.errno, f"cannot write the report: {error.strerror}", str(target)) from error


def _text(text: str) -> str:
    return escape(text, quote=True)


def _number(number: float) -> str:
    return _signed(f"{number:.9f}")


def _printed(text: str) -> str:
    return _signed(text) or "–"


def _signed(text: str) -> str:
    """Text in which a number's hyphen is a minus sign."""
    return re.sub(r"-(?=\d)", "−", _text(text))


def _table(captions: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int]) -> str:
    """A table of cells that are HTML already; `numbers` are the columns that stand to the right."""
    styles = [' class="number"' if i in numbers else "" for i in range(len(captions))]
    headings = "".join(f'<th scope="col"{style}>{cell}</th>' for style, cell in zip(styles, captions))
    lines = [
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f"<td{style}>{cell}</td>" for style, cell in zip(styles[1:], row[1:]))
        + "</tr>"
        for row in rows
    ]
    body = "\n".join(lines)
    kind = "figures schedules" if len(numbers) > 2 else "figures"
    head = f"<thead><tr>{headings}</tr></thead>"
    return f'<div class="wide">\n<table class="{kind}">\n{head}\n<tbody>\n{body}\n</tbody>\n</table>\n</div>'


def _verdict(text: str, agrees: bool) -> str:
    return f'<span class="{"agrees" if agrees else "differs"}">{_signed(text)}</span>' if text else ""


def _figures(rows: Sequence[Row]) -> str:
    cells = [
        [_text(row.symbol), _printed(row.printed), _number(row.computed), _verdict(row.verdict, row.agrees)]
        for row in rows
    ]
    return _table(["figure", "the article", "autograd", "verdict"], cells, numbers=(1, 2))


def _network(start: article.ArticleNetwork, total: Value) -> str:
    given = article.INPUTS | article.WEIGHTS | article.BIASES | article.TARGETS
    values = ", ".join(f"{name} = {number:.2f}" for name, number in given.items())
    text = (
        f"Two inputs, two hidden neurons and two outputs, all with the logistic function; the two neurons of a layer "
        f"share one bias. The learning rate is {article.LEARNING_RATE}. At the start: {values}."
    )
    caption = "Before training. Each neuron with its net, out and δ; each weight with its value and gradient."
    return f"<p>{_text(text)}</p>\n" + _picture("before", caption, lambda: str(draw_network(total)))


def _closing(closing: Closing, trained: article.ArticleNetwork, rounds: int) -> str:
    cells = [
        [
            _text(row.symbol), _printed(row.printed), *map(_number, row.computed.values()),
            _verdict(row.verdict, not row.failures),
        ]
        for row in closing.rows
    ]  # fmt: skip
    head = ["figure", "the article", *map(_text, closing.schedules), "verdict"]
    table = _table(head, cells, numbers=range(1, len(head) - 1))
    notes = "\n".join(f"<p>{_text(note[:1].upper() + note[1:])}</p>" for note in closing.notes)
    caption = f"After {rounds:,} rounds of the {closing.schedules[0]} schedule."
    total = trained.backpropagate()["E_total"]
    return f"{table}\n{notes}\n" + _picture("after", caption, lambda: str(draw_network(total)))


def _graphs(total: Value) -> str:
    named = "The named Values; each arrow carries the derivative of its end with respect to its start."
    operations = "The same graph, operation by operation."
    return "\n".join(
        [
            _picture("named", named, lambda: str(draw(total))),
            _picture("operations", operations, lambda: str(draw(total, detail="operations"))),
        ]
    )


def _derivations(start: article.ArticleNetwork) -> str:
    """Each weight's derivation with its update, and each bias's without one: the article leaves them as they are."""
    values = start.forward()
    parts = []
    for name in (*article.WEIGHTS, *article.BIASES):
        step = article.LEARNING_RATE if name in article.WEIGHTS else None
        explanation = explain(values["E_total"], values[name], step=step)
        title = _text(f"∂E_total/∂{name}")
        parts.append(
            f'<h3 id="derivation-{name}">{title}</h3>\n<div class="derivation">\n{explanation.to_html()}\n</div>'
        )
    links = ", ".join(f'<a href="#derivation-{name}">{name}</a>' for name in (*article.WEIGHTS, *article.BIASES))
    text = "With the symbols, with the numbers put in, and the result; below it the same number by a backward pass and "
    text += "by central differences. Numbers are rounded only where they are shown."
    return f"<p>{text}</p>\n<p>{links}</p>\n" + "\n".join(parts)


def _picture(name: str, caption: str, make: Callable[[], str]) -> str:
    """A figure with an SVG in the page, or with the reason why there is none."""
    try:
        content = f'<div class="wide picture" tabindex="0">\n{inline(make(), f"{name}-", caption)}\n</div>'
    except AutogradError as error:
        content = f'<p class="missing">A picture belongs here: {_text(str(error))}</p>'
    return f"<figure>\n{content}\n<figcaption>{_text(caption)}</figcaption>\n</figure>"


def inline(svg: str, prefix: str, label: str) -> str:
    """An SVG document as an element of a page: without prolog and comments, its ids and what refers to them prefixed.

    Two pictures of Graphviz both have a `node1`; in one page the second would be taken for the first.

    >>> inline('<?xml version="1.0"?><!DOCTYPE svg><svg><g id="a"/><use href="#a" fill="url(#a)"/></svg>', "p-", "x")
    '<svg role="img" aria-label="x"><g id="p-a"/><use href="#p-a" fill="url(#p-a)"/></svg>'
    """
    svg = re.sub(r"<!--.*?-->\s*", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r"<[^<>]*>", lambda tag: _prefixed(tag.group(), prefix), svg)
    attributes = f'role="img" aria-label="{_text(label)}"'
    width = re.match(r'<svg width="(\d+)pt"', svg)
    if width:  # a wide picture is scrolled where it would become too small to read
        attributes += f' style="min-width: {int(width.group(1)) * LEAST_SCALE:.0f}px"'
    return svg.replace("<svg", f"<svg {attributes}", 1).strip()


def _prefixed(tag: str, prefix: str) -> str:
    return re.sub(r'((?:\sid="|href="#|"url\(#))', lambda match: match.group() + prefix, tag)
