"""View -> picture: the DOT source of a recorded graph, and its layout by Graphviz in a child process."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from autograd.display import style
from autograd.display.pictures import labels
from autograd.display.pictures.columns import columns
from autograd.display.pictures.contract import Box, Constant, Edge, Node, View, as_values
from autograd.display.pictures.selection import select
from autograd.engine.value import Value
from autograd.errors import MissingDependencyError, RenderError

FORMATS = ("svg", "png", "pdf", "dot")

_RESOLUTION = "144"  # dots per inch of a PNG

# A child process: a layout can take minutes, can be stopped only from outside, and a crash in it must not be ours.
_LAYOUT = """
import sys, pygraphviz
try:
    graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
    sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog=sys.argv[2], args=" ".join(sys.argv[3:])))
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def draw(
    outputs: Value | Sequence[Value],
    path: str | os.PathLike[str] | None = None,
    detail: str = "named",
    format: str | None = None,
    time_limit: float = 60.0,
    *,
    max_nodes: int = 400,
    around: Value | None = None,
    radius: int = 2,
    expand: Iterable[str | Sequence[str]] = (),
) -> Path | str:
    """Draw the graph from which `outputs` were computed, read from left to right.

    Each node shows its name or operation, its value and its gradient; each edge its local derivative. Gradients stay
    as they are: run `backward()` first to see them.

    A graph of more than `max_nodes` nodes is drawn in part, about a hundred, and the picture says so. Scopes close, the
    inner ones first, to boxes with the number of nodes in them and the range of their gradients. Where that is not
    enough, or there are no scopes, what lies farthest from the outputs becomes a box. A graph with more edges than can
    be laid out in a few seconds is drawn in part, too.

    Parameters
    - `outputs`: a Value or a sequence of them;
    - `path`: the file to write;
    - `detail`: "named" for the named Values with what lies between them folded into edges, "operations" for every
      operation, "scopes" for a box in place of each scope;
    - `format`: "svg", "png", "pdf" or "dot", by the path's suffix where not given;
    - `time_limit`: seconds that the layout may take;
    - `max_nodes`: how many nodes are drawn at most;
    - `around`: a Value, to draw only what lies within `radius` edges of it, before and after;
    - `expand`: scopes to open in any case, each by its name or as the tuple of the names from the outside inwards.

    Returns: the path; without one, the text of the picture (SVG, or DOT where `format` says so).

    Raises: `ValueError` for an unknown format, detail or scope, and for an `around` outside the graph;
    `MissingDependencyError` where Graphviz is missing (not for "dot"); `RenderError` where the layout fails or takes
    too long; `OSError` where the file cannot be written.

    >>> x = Value(3.0, name="x")
    >>> draw((x * x).named("y"), format="dot").startswith("digraph")
    True
    """
    options = {"max_nodes": max_nodes, "around": around, "radius": radius, "expand": expand}
    return save(to_dot(outputs, detail, **options), path, format, time_limit)


def to_dot(outputs: Value | Sequence[Value], detail: str = "named", **options: Any) -> str:
    """The DOT source of the graph from which `outputs` were computed; see `draw` for the parameters."""
    roots = set(as_values(outputs))
    view = select(outputs, detail, **options)
    import graphviz

    largest = style.largest_gradient(labels.gradients_shown(view.nodes))
    titles = labels.titles_of(view.nodes)
    note = labels.shown_of_all(view)
    around = options.get("around")
    if note and around is not None:
        note += f", those within {labels.counted(options.get('radius', 2), 'arrow')} of {style.markup(titles[around])}"
    graph = graphviz.Digraph(
        graph_attr={
            "rankdir": "LR", "newrank": "true", "fontname": style.FONT, "fontsize": "11", "fontcolor": style.INK,
            "ranksep": "0.55", "nodesep": "0.16", "pad": "0.2", "labelloc": "b", "labeljust": "l", "tooltip": " ",
            "bgcolor": "white", "label": labels.legend(view, largest, note),
        },
        node_attr={
            "shape": "box", "style": "filled", "fontname": style.FONT, "fontsize": "11", "fontcolor": style.INK,
            "color": style.MUTED, "margin": "0.06,0.03", "height": "0.2", "width": "0.2",
        },
        edge_attr={
            "fontname": style.FONT, "fontsize": "9", "fontcolor": style.INK, "color": style.MUTED, "arrowsize": "0.6",
        },
    )  # fmt: skip
    identifiers = {node: f"n{index}" for index, node in enumerate(view.nodes)}
    clusters = _Clusters(graph)
    for node, identifier in identifiers.items():
        if isinstance(node, Constant):
            attributes = labels.constant_attributes(node)
        elif isinstance(node, Box):
            attributes = labels.box_attributes(node, titles[node], largest)
        else:
            attributes = labels.value_attributes(node, titles[node], detail, node in roots, largest)
        clusters.graph_of(node.scope).node(identifier, **attributes)
    _add_edges(graph, clusters, view, identifiers, titles)
    return str(graph.source)


def save(
    source: str,
    path: str | os.PathLike[str] | None = None,
    format: str | None = None,
    time_limit: float = 60.0,
    engine: str = "dot",
) -> Path | str:
    """Write the picture of a DOT source to a file, beside it first and then renamed; see `draw` and `render`."""
    if path is None:
        if format in ("png", "pdf"):
            raise ValueError(f"{format} is not text: give a path to write to, or call render for the bytes")
        return render(source, format or "svg", time_limit, engine).decode()
    target = Path(path)
    picture = render(source, format or target.suffix.removeprefix(".").lower(), time_limit, engine)
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            beside.write_bytes(picture)
            os.replace(beside, target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(error.errno, f"cannot write the picture: {error.strerror}", str(target)) from error
    return target


def render(source: str, format: str = "svg", time_limit: float = 60.0, engine: str = "dot") -> bytes:
    """Lay out a DOT source and return the picture as bytes.

    Parameters: `source`, DOT; `format`, "svg", "png", "pdf" or "dot" (the source itself); `time_limit`, in seconds;
    `engine`, Graphviz's "dot", or "neato" for a source that gives positions. Raises: as `draw`.

    >>> render("digraph { a -> b }", "dot")
    b'digraph { a -> b }'
    """
    if format not in FORMATS:
        raise ValueError(f"unknown picture format {format!r}: give one of {', '.join(FORMATS)}")
    if format == "dot":
        return source.encode()
    resolution = [f"-Gdpi={_RESOLUTION}"] if format == "png" else []
    dot = shutil.which("dot")
    if importlib.util.find_spec("pygraphviz") is not None:
        command = [sys.executable, "-P", "-c", _LAYOUT, format, engine, *resolution]
    elif dot is not None:
        command = [dot, f"-K{engine}", f"-T{format}", *resolution]
    else:
        raise MissingDependencyError(
            "a picture is laid out by Graphviz, through the package pygraphviz or the program dot; neither was found. "
            "Fix: pip install 'scalar-autograd[draw]', or install Graphviz (https://graphviz.org/download). "
            "The DOT source can be saved without either: format='dot'"
        )
    return _run(command, source.encode(), time_limit)


def _run(command: list[str], source: bytes, time_limit: float) -> bytes:
    try:
        process = subprocess.run(command, input=source, capture_output=True, timeout=time_limit)
    except subprocess.TimeoutExpired:
        raise RenderError(
            f"the layout took longer than {time_limit:g} s and was stopped. Fix: draw less (a lower max_nodes, or "
            "detail='scopes'), raise time_limit, or save the source with format='dot'"
        ) from None
    if process.returncode != 0 or not process.stdout:
        message = process.stderr.decode(errors="replace").strip()
        raise RenderError(f"Graphviz failed with status {process.returncode}: {message[-1000:] or 'no message'}")
    return process.stdout


class _Clusters:
    """The nested clusters of a graph, one for each scope; without recursion, as scopes may nest deeply."""

    def __init__(self, graph: Any) -> None:
        self._graphs: dict[tuple[str, ...], Any] = {(): graph}

    def graph_of(self, scope: tuple[str, ...]) -> Any:
        for depth in range(1, len(scope) + 1):
            path = scope[:depth]
            if path not in self._graphs:
                cluster = type(self._graphs[()])(name=f"cluster_{len(self._graphs)}")
                label = f"<<B>{style.markup(path[-1]) or '&quot;&quot;'}</B>>"
                cluster.attr(
                    label=label, labeljust="l", labelloc="t", tooltip=" ", style="rounded,filled", color="#d0d7de",
                    fillcolor="#f6f8fa" if depth % 2 else "#ffffff", fontcolor=style.MUTED, margin="10",
                )  # fmt: skip
                self._graphs[path] = cluster
        return self._graphs[scope]

    def close(self) -> None:
        """Put each cluster into the one around it, innermost first."""
        for path in sorted(self._graphs, key=len, reverse=True)[:-1]:
            self._graphs[path[:-1]].subgraph(self._graphs[path])


def _add_edges(
    graph: Any, clusters: _Clusters, view: View, identifiers: dict[Node, str], titles: dict[Node, str]
) -> None:
    """Add the edges, each as long as the columns say; Graphviz's own columns do where there are no scopes."""
    if not any(node.scope for node in view.nodes):
        for edge in view.edges:
            graph.edge(identifiers[edge.source], identifiers[edge.target], **_attributes(edge, view, titles))
        return
    column = columns(view)
    first_column: dict[tuple[str, ...], int] = {}
    for node, number in column.items():
        first_column.setdefault(node.scope, number)
    gates: dict[tuple[Node, tuple[str, ...]], str] = {}
    for edge in view.edges:
        source, start, scope = identifiers[edge.source], column[edge.source], edge.target.scope
        if edge in view.backward:
            graph.edge(source, identifiers[edge.target], **_attributes(edge, view, titles))
            continue
        entry = first_column[scope]
        if scope and edge.source.scope[: len(scope)] != scope and start < entry < column[edge.target]:
            # Graphviz leads an edge around the nodes of a cluster that it is not part of. Through a gate, a small point
            # inside the cluster from which the edges of one source fan out, it goes straight in.
            gate = gates.get((edge.source, scope))
            if gate is None:
                gate = gates[edge.source, scope] = f"gate{len(gates)}"
                clusters.graph_of(scope).node(gate, shape="point", width="0.04", height="0.04", tooltip=" ")
                graph.edge(source, gate, arrowhead="none", tooltip=" ", minlen=str(entry - start), weight="2")
            source, start = gate, entry
        attributes = _attributes(edge, view, titles) | {"minlen": str(column[edge.target] - start)}
        graph.edge(source, identifiers[edge.target], **attributes)
    clusters.close()
    stacks: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for node in view.nodes:
        stacks.setdefault((column[node], node.scope), []).append(identifiers[node])
    # Ask for the reading order from top to bottom too; Graphviz counts from the bottom.
    for stack in (stack for stack in stacks.values() if len(stack) > 1):
        with graph.subgraph(graph_attr={"rank": "same"}, edge_attr={"style": "invis"}) as same:
            same.edges(pairwise(reversed(stack)))


def _attributes(edge: Edge, view: View, titles: dict[Node, str]) -> dict[str, str]:
    # An edge that runs backward must not pull its ends into its own order.
    return labels.edge_attributes(edge, titles) | ({"constraint": "false"} if edge in view.backward else {})
