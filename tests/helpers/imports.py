"""Which module imports which, read from the source: at the top, inside functions, and for type checkers alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from configparser import ConfigParser
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("autograd", "nn")

_setup = ConfigParser()
_setup.read(ROOT / "setup.cfg", encoding="utf-8")
OPTIONAL = {*_setup["importlinter:contract:optional"]["forbidden_modules"].split(), "tqdm"}  # packages of the extras


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


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _inside_functions(tree: ast.Module) -> Iterator[ast.AST]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from ast.walk(function)


def _imports_of(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[Import]:
    tree = _parsed(path)
    late = set(map(id, _inside_functions(tree)))
    for node in ast.walk(tree):
        for target in _named(node, known):
            if target in known:
                yield Import(name, target, node.lineno, id(node) in late)


def _named(node: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules that an import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports name the whole path"
        for alias in node.names:
            inside = f"{node.module}.{alias.name}"
            yield inside if inside in known else str(node.module)


def names_as_text() -> set[tuple[str, str]]:
    """Which module names which in a string, by itself or before a colon, as `import_module` and tables do.

    Its own package, as for the files that lie there, does not count.
    """
    known = modules()
    return {
        (name, text)
        for name, path in known.items()
        for node in ast.walk(_parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for text in [node.value.partition(":")[0]]
        if text in known and "." in text and not name.startswith(text)
    }


def late_imports_of_others() -> set[str]:
    """The packages of others that functions import."""
    return {
        str(name).partition(".")[0]
        for path in modules().values()
        for node in _inside_functions(_parsed(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    } - set(PACKAGES)


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
