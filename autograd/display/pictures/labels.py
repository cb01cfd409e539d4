"""What a picture writes on its nodes and edges, and in its legend."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.display import style
from autograd.display.pictures.contract import Box, Constant, Edge, Node, View, gradient_of
from autograd.engine.value import Value

_SIGNS = {"*": "×", "-": "−", "/": "÷"}  # what a reader expects in place of Python's spelling


def titles_of(nodes: Sequence[Node]) -> dict[Node, str]:
    """What each Value is called; a second one of the same name in the same scope gets a number."""
    titles: dict[Node, str] = {}
    used: dict[tuple[tuple[str, ...], str], int] = {}
    for node in nodes:
        if isinstance(node, Box):
            titles[node] = style.visible(node.title) if node.title else '""'
        elif isinstance(node, Value):
            count = used[node.scope, node.name] = used.get((node.scope, node.name), 0) + 1
            again = f" ({count})" if node.name and count > 1 else ""
            titles[node] = style.visible(node.name or _SIGNS.get(node.op, node.op) or "leaf") + again
        else:
            titles[node] = style.number_text(node.number)
    return titles


def value_attributes(node: Value, title: str, detail: str, is_output: bool, largest: float) -> dict[str, str]:
    """The name or the operation of a Value, its number and its gradient."""
    look = style.look(gradient_of(node), largest)
    # A title is cut already; the number after it is not to be cut off.
    shown = style.markup(title, 2 * style.LONGEST)
    heading = f"<B>{shown}</B>" if node.name else f'<FONT POINT-SIZE="13">{shown}</FONT>'
    if detail == "operations" and node.name and node.op:
        heading += f'<FONT COLOR="{style.MUTED}">  =  {style.markup(_SIGNS.get(node.op, node.op))}</FONT>'
    rows = "".join(
        f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="9" COLOR="{style.MUTED}">{caption} </FONT></TD>'
        f'<TD ALIGN="RIGHT">{text}</TD></TR>'
        for caption, text in (("value", style.number_text(node._record[0])), ("gradient", look.text))
    )
    heading = f'<TR><TD COLSPAN="2">{heading}</TD></TR>'
    return {
        "label": f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{heading}{rows}</TABLE>>',
        "tooltip": style.hint(title),
        "style": ("filled" if not node._inputs else "filled,rounded") + ("" if node.has_grad else ",dashed"),
        "fillcolor": look.fill,
        "penwidth": "2.2" if is_output else "1",
    }


def constant_attributes(node: Constant) -> dict[str, str]:
    """The number of a constant."""
    text = style.number_text(node.number)
    return {"label": f"<{style.markup(text)}>", "tooltip": "constant", "fillcolor": "#ffffff", "color": "#d0d7de"}


def box_attributes(box: Box, title: str, largest: float) -> dict[str, str]:
    """A box with its title, how many nodes it stands for, and the range of their gradients."""
    ends = [style.look(end, largest) for end in (box.lowest, box.highest) if end is not None]
    fill = ":".join(dict.fromkeys(end.fill for end in ends)) or style.UNSET
    notes = [" … ".join(dict.fromkeys(end.text for end in ends))] if ends else []
    if box.nan:
        notes.append(f"nan ! in {box.nan:,}")
        fill = style.ALARM
    if box.unset:
        notes.append(f"not set in {box.unset:,}" if ends or box.nan else "not set")
    heading = f"<B>{style.markup(title, 2 * style.LONGEST)}</B>" if box.is_scope else style.markup(title)
    nodes = f'<FONT COLOR="{style.MUTED}">{counted(box.count, "node")}</FONT>'
    caption = f'<FONT POINT-SIZE="9" COLOR="{style.MUTED}">gradients</FONT>'
    rows = "".join(f"<TR><TD>{row}</TD></TR>" for row in (heading, nodes, caption, *notes))
    return {
        "label": f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{rows}</TABLE>>',
        "tooltip": style.hint(f"{title}: {counted(box.count, 'node')}"),
        "fillcolor": fill,
        "peripheries": "2",
        "style": "filled" if ends or box.nan else "filled,dashed",
        "margin": "0.12,0.06",
    }


def counted(count: int, what: str) -> str:
    """A count with its noun: "1 node", "5,014 nodes"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def edge_attributes(edge: Edge, titles: dict[Node, str]) -> dict[str, str]:
    """The local derivative on an edge, or how many edges are merged into it."""
    if isinstance(edge.source, Constant):
        return {"color": "#b6bec8", "tooltip": "constant"}
    ends = isinstance(edge.source, Box) or isinstance(edge.target, Box)
    if ends or edge.count is None:
        number = "?" if not ends else "×?" if edge.count is None else f"×{edge.count:,}"
        between = f"{titles[edge.source]} → {titles[edge.target]}"
        said = "not worked out" if edge.count is None else counted(edge.count, "edge")
        tooltip = style.hint(f"{between}: {said}")
        wider = {"penwidth": "1.8"} if ends and edge.count != 1 else {}
        return {"label": f"<{number}>", "tooltip": tooltip, "labeltooltip": tooltip} | wider
    text = style.number_text(0.0 if edge.derivative is None else edge.derivative)
    tooltip = style.hint(f"∂{titles[edge.target]}/∂{titles[edge.source]} = {text}")
    attributes = {"label": f"<{text}>", "tooltip": tooltip, "labeltooltip": tooltip}
    return attributes if edge.derivative is not None else attributes | {"style": "dashed"}


def gradients_shown(nodes: Sequence[Node]) -> list[float]:
    """The gradients in a picture, the ends of the boxes' ranges among them: the tints are relative to the largest."""
    found: list[float | None] = []
    for node in nodes:
        if isinstance(node, Box):
            found += [node.lowest, node.highest]
        elif isinstance(node, Value):
            found.append(gradient_of(node))
    return [gradient for gradient in found if gradient is not None]


def legend(view: View, largest: float, note: str = "") -> str:
    """The lines below a picture, of which each is there only where the picture needs it; `note` comes first."""
    values = [node for node in view.nodes if isinstance(node, Value)]
    boxes = [node for node in view.nodes if isinstance(node, Box)]
    ends = [edge for edge in view.edges if isinstance(edge.source, Box) or isinstance(edge.target, Box)]
    single = [edge for edge in view.edges if edge.count is not None and edge not in set(ends)]
    alarming = [g for g in gradients_shown(view.nodes) if style.look(g, largest).fill == style.ALARM]
    notes = [note] if note else []
    notes += [
        f"gradient {style.colour_bar(largest)}",
        "▲ red: the output grows with this value; ▼ blue: it shrinks",
    ]
    if single:
        notes.append("number on an arrow: the local derivative ∂end/∂start")
    if values:
        notes.append("square corners: a leaf; rounded: computed; bold frame: an output")
    if boxes:
        notes.append("double frame: many nodes as one, with the lowest and the highest of their gradients")
    if ends:
        notes.append("×12 on an arrow: that many arrows as one")
    if any(edge.count is None for edge in view.edges):
        notes.append("? on an arrow: it is there, but too much lies behind it to be worked out for a picture")
    if view.backward:
        notes.append("arrow to the left: parts that use each other's results")
    if any(gradient_of(node) is None for node in values) or any(box.unset for box in boxes):
        notes.append("dashed grey: no backward pass has set the gradient")
    if alarming or any(gradient_of(node) != gradient_of(node) for node in values) or any(box.nan for box in boxes):
        notes.append("yellow and !: the gradient is infinite or nan")
    if any(edge.derivative is None and edge.count == 1 for edge in single):
        notes.append("dashed arrow: a branch not taken, which contributes nothing")
    cells = "".join(f'<TR><TD ALIGN="LEFT">{note}</TD></TR>' for note in notes)
    return (
        f'<<FONT POINT-SIZE="9" COLOR="{style.MUTED}"><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" '
        f'CELLPADDING="1">{cells}</TABLE></FONT>>'
    )


def shown_of_all(view: View) -> str:
    """How much of the graph is shown: "showing 12 of 5,014 nodes"; empty where it is all."""
    shown = sum(not isinstance(node, Box) for node in view.nodes)
    return "" if shown == view.total else f"showing {shown:,} of {counted(view.total, 'node')}"
