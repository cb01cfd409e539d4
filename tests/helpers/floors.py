"""Draw the floors of the two packages from their imports, as docs/images/floors.svg: run this file.

What stands at the first level of a package is a room. Its floor is one above the highest floor from which it imports,
so that every arrow goes down. An arrow is an import by anything in the room, of anything in the other; one is left out
where a longer way of arrows leads to the same room. It needs the extra `draw`.
"""

from __future__ import annotations

from functools import cache

from imports import ROOT, circles, imports

from autograd.display import FONT, INK, MUTED, save

PICTURE = ROOT / "docs" / "images" / "floors.svg"
COLOURS = {"autograd": "#dce9f7", "nn": "#e4f2e1"}

Edges = set[tuple[str, str]]


def room(module: str) -> str:
    """The room in which a module stands: `autograd.engine` for autograd.engine.value; `nn` for the package's face."""
    package, *inside = module.split(".")
    return ".".join([package, *inside[:1]])


def arrows() -> Edges:
    """Which room imports which, each with the shorter ways alone."""
    pairs = {(room(each.source), room(each.target)) for each in imports()}
    edges = {(a, b) for a, b in pairs if a != b}
    assert circles(edges) == [], "rooms that import each other have no floor"
    return {edge for edge in edges if not _has_longer_way(edge, edges)}


def _has_longer_way(edge: tuple[str, str], edges: Edges) -> bool:
    start, end = edge
    waiting, seen = [b for a, b in edges if a == start and b != end], set()
    while waiting:
        name = waiting.pop()
        if name == end:
            return True
        if name not in seen:
            seen.add(name)
            waiting += [b for a, b in edges if a == name]
    return False


def floors(edges: Edges) -> dict[str, int]:
    """The floor of each room, counted from 0 in each package."""

    @cache
    def floor(name: str) -> int:
        package = name.split(".")[0]
        return 1 + max((floor(b) for a, b in edges if a == name and b.split(".")[0] == package), default=-1)

    return {name: floor(name) for pair in edges for name in pair}


def source(edges: Edges) -> str:
    """The picture in DOT: a column for each package, a line for each floor."""
    lines = [
        "digraph floors {",
        f'graph [rankdir=TB, ranksep=0.45, nodesep=0.25, fontname="{FONT}", fontcolor="{MUTED}", fontsize=12]',
        f'node [shape=box, style="filled,rounded", fontname="{FONT}", fontcolor="{INK}", fontsize=12, color="{MUTED}"]',
        f'edge [color="{MUTED}", arrowsize=0.6]',
    ]
    level = floors(edges)
    for package, colour in COLOURS.items():
        own = sorted(name for name in level if name.split(".")[0] == package)
        lines.append(f'subgraph cluster_{package} {{ label="{package}/"; color="{MUTED}"')
        for name in own:
            shown = name.removeprefix(package + ".") if "." in name else "__init__"
            lines.append(f'"{name}" [label="{level[name]}  {shown}", tooltip="{name}", fillcolor="{colour}"]')
        for number in sorted({level[name] for name in own}):
            beside = "; ".join(f'"{name}"' for name in own if level[name] == number)
            lines.append(f"{{ rank=same; {beside} }}")
        lines.append("}")
    lines += [f'"{a}" -> "{b}" [tooltip="{a} imports {b}"]' for a, b in sorted(edges)]
    return "\n".join([*lines, "}"])


if __name__ == "__main__":
    save(source(arrows()), PICTURE)
