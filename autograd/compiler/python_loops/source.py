"""The source of a function, as a tree, and what is new in it."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from types import CodeType

_MAKERS = frozenset(
    ("zeros", "ones", "empty", "full", "array", "zeros_like", "ones_like", "empty_like", "full_like", "copy",
     "deepcopy", "list", "dict", "set", "sorted", "deque", "defaultdict", "Counter")
)  # fmt: skip
_NUMBERS = frozenset(("int", "float", "bool", "complex", "Number", "Complex", "Real", "Rational", "Integral"))
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


@lru_cache(maxsize=64)
def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def functions(tree: ast.AST, code: CodeType) -> Iterator[ast.FunctionDef]:
    """The function of a module that has this code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            lines = {node.lineno, *(decorator.lineno for decorator in node.decorator_list)}
            if code.co_firstlineno in lines:
                yield node


def function_of(code: CodeType) -> ast.FunctionDef | None:
    """The tree of a function, which is not to be changed; None where its source is not to be found."""
    tree = _tree("".join(linecache.getlines(code.co_filename)))
    return None if tree is None else next(functions(tree, code), None)


def own_nodes(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """What is in statements, but for what is in functions in them."""
    for node in nodes:
        yield node
        if not isinstance(node, _SCOPES):
            yield from own_nodes([*ast.iter_child_nodes(node)])


def asked(node: ast.AST) -> str:
    """What a node of a tree asks of a number that is another for one of a recording; else nothing."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        named = all(isinstance(side, ast.Name) for side in sides)
        if named and any(isinstance(operator, ast.Is | ast.IsNot) for operator in node.ops):
            return "asks whether two variables are one object"
        kinds = any(_is_call(side, "type") or _name(side) == "__class__" for side in sides)
    elif _is_call(node, "isinstance"):
        kinds = any(_name(item) in _NUMBERS for item in ast.walk(node))
    else:
        kinds = isinstance(node, ast.MatchClass) and _name(node.cls) in _NUMBERS
    return "asks what type a number is of" if kinds else ""


def _is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == name


def _name(node: ast.AST) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def made_anew(body: Sequence[ast.stmt], others: Collection[str] = ()) -> frozenset[str]:
    """The names that hold nothing but what these statements make: `others` may hold something else."""
    new, making = set(), set()
    for node in own_nodes(body):
        if isinstance(node, ast.AugAssign):  # what it changes stays what it is
            making.add(node.target)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _makes(node.value):
            new.add(node.targets[0].id)
            making.add(node.targets[0])
    stored = (node for node in own_nodes(body) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load))
    return frozenset(new - {node.id for node in stored if node not in making} - {*others})


def made_first(body: Sequence[ast.stmt]) -> frozenset[str]:
    """Those that the statements make before they do anything else with them."""
    def is_first(name: str) -> bool:
        for statement in body:
            named = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id == name]
            if named:
                return isinstance(statement, ast.Assign) and named == [statement.targets[0]]
        return False

    return frozenset(filter(is_first, made_anew(body)))


def _makes(value: ast.expr) -> bool:
    """Whether an expression makes a list, a dictionary, a set or an array of its own."""
    if isinstance(value, ast.Call):
        return _name(value.func) in _MAKERS and not any(item.arg == "copy" for item in value.keywords)
    if isinstance(value, ast.BinOp):
        return isinstance(value.left, ast.List) or isinstance(value.right, ast.List)
    return isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)
