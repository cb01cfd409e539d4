"""What the text of a loop does with names, and why it cannot be taken apart."""

from __future__ import annotations

import ast
from collections.abc import Collection

from autograd.compiler.python_loops.source import asked

_UNUSUAL = frozenset(("super", "__class__", "locals", "globals", "vars"))


class Names(ast.NodeVisitor):
    """What a loop does with names, and why it cannot be taken apart, in its own scope."""

    def __init__(self, outer: Collection[str], own: Collection[str]) -> None:
        self.outer, self.own = outer, own  # global variables, and what a trip makes itself
        self.stored: dict[str, None] = {}
        self.breaks = self.returns = False
        self.why = ""
        self._depth = 0

    def refuse(self, why: str) -> None:
        self.why = self.why or why

    def visit(self, node: ast.AST) -> None:
        if why := asked(node):
            self.refuse(f"it {why}")
        super().visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in _UNUSUAL or (node.id in self.outer and not isinstance(node.ctx, ast.Load)):
            self.refuse(f"there is {node.id} in it" if node.id in _UNUSUAL else f"it sets the global {node.id}")
        if isinstance(node.ctx, ast.Store):
            self.stored[node.id] = None
        elif isinstance(node.ctx, ast.Del):
            self.refuse("it deletes a variable")

    def _store(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load) and not self._is_own(node):
            self.refuse("it writes into an object: x[i] = y, or x.name = y")
        self.generic_visit(node)

    visit_Attribute = visit_Subscript = _store

    def _is_own(self, node: ast.Attribute | ast.Subscript) -> bool:
        return isinstance(node.value, ast.Name) and node.value.id in self.own

    def visit_Expr(self, node: ast.Expr) -> None:
        self.generic_visit(node)
        function = node.value.func if isinstance(node.value, ast.Call) else None
        if isinstance(function, ast.Attribute):
            if not self._is_own(function):
                self.refuse(f"it changes an object: .{function.attr}()")
        elif not isinstance(node.value, ast.Constant):
            self.refuse("it computes something only for its effect")

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg == "out":
            self.refuse("it writes into an array: out=")
        self.generic_visit(node)

    def visit_Break(self, _: ast.Break) -> None:
        self.breaks = self.breaks or not self._depth

    def _loop(self, node: ast.While | ast.For) -> None:
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1
        if any(isinstance(item, ast.Break | ast.Continue) for part in node.orelse for item in ast.walk(part)):
            self.refuse("it is left in the else of another loop")

    visit_While = visit_For = _loop

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.refuse("it catches an exception")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.stored[node.name] = None

    def visit_Lambda(self, node: ast.AST) -> None:
        if any(isinstance(item, ast.NamedExpr) or getattr(item, "id", "") in _UNUSUAL for item in ast.walk(node)):
            self.refuse("there is := or super in it")

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_Lambda

    def _no(self, node: ast.AST) -> None:
        self.refuse(f"there is a {type(node).__name__.lower()} in it")

    def visit_Return(self, node: ast.Return) -> None:
        self.returns = True
        self.generic_visit(node)

    visit_Yield = visit_YieldFrom = visit_Await = visit_Global = visit_Nonlocal = visit_Import = _no
    visit_ImportFrom = visit_ClassDef = visit_AsyncFor = visit_AsyncWith = visit_NamedExpr = visit_With = _no
    visit_Match = _no
