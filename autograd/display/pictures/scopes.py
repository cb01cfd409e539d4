"""Which scopes of a graph are open, so that what is in them is shown, and which are closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Path = tuple[str, ...]


class ScopeTree:
    """The scopes of a graph, with how many nodes stand directly in each; at first only the outermost, (), is open.

    >>> tree = ScopeTree([(("layer", "neuron 1"), 3), (("layer", "neuron 2"), 3), ((), 1)])
    >>> tree.size, tree.closed(("layer", "neuron 1"))
    (2, ('layer',))
    >>> tree.open_while_fitting(4)
    >>> tree.size, tree.closed(("layer", "neuron 1"))
    (3, ('layer', 'neuron 1'))
    """

    def __init__(self, nodes: Iterable[tuple[Path, int]]) -> None:
        self._direct: dict[Path, int] = {(): 0}
        for path, weight in nodes:
            self._direct[path] = self._direct.get(path, 0) + weight
        self._children: dict[Path, dict[Path, None]] = {}
        for path in self._direct:
            while path and path not in self._children.setdefault(path[:-1], {}):
                self._children[path[:-1]][path] = None
                path = path[:-1]
        self._open: set[Path] = {()}
        self._closed: dict[Path, Path | None] = {}
        self.size = self._cost(()) + 1

    @property
    def paths(self) -> list[Path]:
        """Every scope, outer before inner."""
        return sorted(path for children in self._children.values() for path in children)

    def open(self, paths: Iterable[Path]) -> None:
        """Open these scopes, and all around them."""
        for path in paths:
            for depth in range(len(path), 0, -1):
                if path[:depth] in self._open:
                    break
                self._open.add(path[:depth])
                self.size += self._cost(path[:depth])
        self._closed.clear()

    def open_while_fitting(self, max_nodes: int) -> None:
        """Open scopes from the outside inwards, small ones first, while no more than `max_nodes` are shown.

        Of scopes that are equally large all are opened or none: five of sixteen equal neurons would look as if there
        were something about them.
        """
        candidates = [child for path in self._open for child in self._children.get(path, ())]
        while candidates:
            groups: dict[int, list[Path]] = {}
            for path in candidates:
                if path not in self._open:
                    groups.setdefault(self._cost(path), []).append(path)
            candidates = []
            for cost, group in sorted(groups.items()):
                if self.size + cost * len(group) <= max_nodes:
                    self.open(group)
                    candidates += [child for path in group for child in self._children.get(path, ())]

    def closed(self, scope: Path) -> Path | None:
        """The outermost closed scope around a node of `scope`; None where all are open."""
        if scope not in self._closed:
            prefixes = (scope[:depth] for depth in range(1, len(scope) + 1))
            self._closed[scope] = next((path for path in prefixes if path not in self._open), None)
        return self._closed[scope]

    def _cost(self, path: Path) -> int:
        """How many more are shown when `path` opens: what is in it, less its box."""
        return self._direct.get(path, 0) + len(self._children.get(path, ())) - 1


def named_paths(tree: ScopeTree, chosen: Iterable[str | Sequence[str]]) -> list[Path]:
    """The scopes that a person names: by a name, wherever it stands, or by a path, the names from the outside inwards.

    Raises: `ValueError` for a scope that there is not, with those that there are.

    >>> tree = ScopeTree([(("layer", "neuron"), 3)])
    >>> named_paths(tree, ["neuron", ("layer",)])
    [('layer', 'neuron'), ('layer',)]
    """
    paths = tree.paths
    found: list[Path] = []
    for choice in [chosen] if isinstance(chosen, str) else chosen:
        matching = [path for path in paths if (path[-1] if isinstance(choice, str) else path) == _as_path(choice)]
        if not matching:
            known = ", ".join(repr(path[-1] if len(path) == 1 else path) for path in paths[:20])
            raise ValueError(f"there is no scope {choice!r:.60} to expand; there are: {known or 'none'}")
        found += matching
    return found


def _as_path(choice: str | Sequence[str]) -> str | Path:
    return choice if isinstance(choice, str) else tuple(choice)
