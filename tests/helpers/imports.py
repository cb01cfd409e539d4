"""Which module imports which, read from the source: at the top, inside functions, and for type checkers alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("autograd", "nn")


class Import(NamedTuple):
    """One import: by which module, of which, in which line, and whether a call of a function makes it."""

    source: str
    target: str
    line: int
    late: bool


def modules() -> dict[str, Path]:
    """The modules of both packages by name; a package's name is that of its `__init__`."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports() -> list[Import]:
    """All imports of a module of ours by another."""
    known = modules()
    return [each for name, path in known.items() for each in _imports_of(name, path, known)]


def _imports_of(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        for target in _named(node, known):
            if target in known:
                yield Import(name, target, node.lineno, id(node) in late)


def _named(node: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules that a statement names, `import_module("…")` and a string that is a module's name included."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports name the whole path"
        for alias in node.names:
            inside = f"{node.module}.{alias.name}"
            yield inside if inside in known else str(node.module)
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module":
        yield from (argument.value for argument in node.args if isinstance(argument, ast.Constant))


def circles(edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The groups of names that lead to each other (Tarjan's strongly connected components of more than one)."""
    graph: dict[str, set[str]] = {}
    for source, target in edges:
        graph.setdefault(source, set()).add(target)
        graph.setdefault(target, set())
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    waiting: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        waiting.append(name)
        for other in sorted(graph[name]):
            if other not in index:
                visit(other)
            if other in waiting:
                low[name] = min(low[name], low[other])
        if low[name] == index[name]:
            group = waiting[waiting.index(name) :]
            del waiting[waiting.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in sorted(graph):
        if name not in index:
            visit(name)
    return found


def between_folders(folder: str, known: Iterable[Import]) -> set[tuple[str, str]]:
    """The imports inside a folder, of one of the things that stand in it by another."""
    pairs = set()
    for each in known:
        inside = [name.removeprefix(folder + ".").split(".")[0] for name in (each.source, each.target)]
        if all(name.startswith(folder + ".") for name in (each.source, each.target)) and inside[0] != inside[1]:
            pairs.add((inside[0], inside[1]))
    return pairs
