"""The code of a function, compiled from its source with its loops taken apart."""

from __future__ import annotations

import ast
import builtins
import linecache
from collections import Counter
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Any

from autograd.compiler.python_loops import running
from autograd.compiler.python_loops.names import Names
from autograd.compiler.python_loops.source import functions, made_first

_HELPER = "autograd's loops"  # the constant in whose place `running` stands in the code


class _Leaving(ast.NodeTransformer):
    """`break`, `continue`, `return` and `raise` of a loop's own as the return of its body."""

    def __init__(self, number: int, ended: str) -> None:
        self.number = number
        self.ended = ended  # the variable that is True where the loop came to its end; "" where it has no `else`
        self.raised: dict[str, ast.Raise] = {}  # by the variable that is True where the loop ends so

    def visit_Return(self, node: ast.Return) -> list[ast.AST]:
        text = f"_autograd_result{self.number} = None\n_autograd_left{self.number} = True\nreturn True"
        made = _at(node, text)
        assert isinstance(made[0], ast.Assign)
        made[0].value = node.value or made[0].value
        return [*self._left(node), *made]

    def visit_Raise(self, node: ast.Raise) -> Any:
        if node.exc is None:
            return node
        name = f"_autograd_raised{self.number}_{len(self.raised)}"
        self.raised[name] = node
        return [*self._left(node), *_at(node, f"{name} = True\nreturn True")]

    def visit_If(self, node: ast.If) -> Any:
        """An inner loop that raises ends this one, too, before it could go on without end."""
        call = node.test
        if isinstance(call, ast.Call) and ast.unparse(call.func) == f"{_HELPER!r}.raises":
            node.test = call.args[0]
        return self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> Any:
        (choice,) = _at(node, "if __debug__ and not 0: raise AssertionError()")
        choice.test.values[1].operand = node.test
        choice.body[0].exc.args = [node.msg] if node.msg else []
        choice.body = self.visit_Raise(choice.body[0])
        return ast.copy_location(choice, node)

    def visit_Break(self, node: ast.Break) -> Any:
        return [*self._left(node), *_at(node, "return True")]

    def _left(self, node: ast.AST) -> list[Any]:
        return _at(node, f"{self.ended} = False") if self.ended else []

    def visit_Continue(self, node: ast.Continue) -> ast.AST:
        return ast.copy_location(ast.Return(ast.Constant(False)), node)

    def _stay(self, node: Any) -> Any:
        return node

    visit_While = visit_For = visit_FunctionDef = visit_Lambda = _stay


def _at(node: ast.AST, text: str) -> list[Any]:
    """Statements that stand where a node does."""
    made = ast.parse(text).body
    for item in made:
        for inner in ast.walk(item):
            ast.copy_location(inner, node)
    return made


def _read(node: ast.AST) -> Counter[str]:
    """How often each name is read in a node."""
    return Counter(
        item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load)
    )


def _returns(nodes: Sequence[ast.AST]) -> bool:
    """Whether a loop that was not taken apart returns from its function."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            continue
        inner = [*ast.iter_child_nodes(node)]
        if isinstance(node, ast.While | ast.For) and any(isinstance(item, ast.Return) for item in ast.walk(node)):
            return True
        if _returns(inner):
            return True
    return False


class _Apart(ast.NodeTransformer):
    """The loops of one function taken apart, the inner ones first."""

    def __init__(self, function: ast.FunctionDef) -> None:
        self.count = 0
        self.read = _read(function)
        self.outer = {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}
        self.reasons: dict[int, str] = {}
        self.own: frozenset[str] = frozenset()

    def _stay(self, node: Any) -> Any:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _stay

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        """With what takes a computed place of numbers that are known."""
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load) or any(isinstance(item, ast.Slice) for item in ast.walk(node.slice)):
            return node
        made = _at(node, f"{_HELPER!r}.element(0, 0)")[0].value
        made.args = [node.value, node.slice]
        return made

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """With what asks first whether it would change the object that a variable holds."""
        if not isinstance(node.target, ast.Name) or node.target.id in self.own:
            return node
        name = node.target.id
        asked = f"try: {_HELPER!r}.require_number({name}, {name!r})\nexcept NameError: pass"
        return [*_at(node, asked), node]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """Without the annotation, which a variable of another function may not have."""
        if not isinstance(node.target, ast.Name):
            return node
        return ast.copy_location(ast.Pass() if node.value is None else ast.Assign([node.target], node.value), node)

    def visit_While(self, node: ast.While) -> Any:
        return self._taken_apart(node, [node.test])

    def visit_For(self, node: ast.For) -> Any:
        call = node.iter
        known = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"
        if known and isinstance(node.target, ast.Name):
            assert isinstance(call, ast.Call)
            if call.keywords or any(isinstance(item, ast.Starred) for item in call.args):
                return node
            return self._taken_apart(node, call.args, "run_range(range, []")
        if isinstance(node.target, ast.Name) and not isinstance(call, ast.Call):
            return self._taken_apart(node, [call], "run_through([]")
        self.reasons[node.lineno] = "it goes, by one name, through neither a range nor an array or a list of floats"
        self.generic_visit(node)
        if not isinstance(call, ast.Call | ast.Name):  # names are looked at where the trip begins
            asked = _at(call, f"{_HELPER!r}.require_collection(0)")[0].value
            asked.args, node.iter = [call], asked
        return node

    def _taken_apart(self, node: Any, tests: list[ast.expr], call: str = "run_while(lambda: 0") -> Any:
        own = made_first(node.body)
        found, loaded = Names(self.outer, own), _read(node)
        for statement in node.orelse:  # which stands after the loop
            loaded -= _read(statement)
        for part in (*tests, *([node.target] if isinstance(node, ast.For) else []), *node.body):
            found.visit(part)
        used = [name for name in found.stored if self.read[name] > loaded[name]]
        around, self.own = self.own, own
        self.generic_visit(node)
        self.own = around
        if _returns(node.body):
            found.refuse("a loop in it returns")
        if found.why or not found.stored:
            self.reasons[node.lineno] = found.why or "it changes no variable"
            return node
        self.count += 1
        k, names = self.count, list(found.stored)
        if found.returns:
            names += [f"_autograd_result{k}", f"_autograd_left{k}"]
            used += names[-2:]
        ended = f"_autograd_ended{k}" if node.orelse else ""
        leaving = _Leaving(k, ended)
        statements = [leaving.visit(statement) for statement in node.body]
        flags = [*leaving.raised, *([ended] if ended else [])]
        told = [name for item in leaving.raised.values() for name in _read(item) if name in found.stored]
        names += flags
        used += flags + told
        looked = "\n".join(
            f"try: {_HELPER!r}.require_collection({name})\nexcept NameError: pass"
            for name in loaded if not hasattr(builtins, name)
        )
        statements.insert(0, _at(node, looked or "pass"))
        if isinstance(node, ast.For):
            first = ast.Assign([node.target], ast.Name("_autograd_item", ast.Load()))
            statements.insert(0, ast.copy_location(first, node))
        made = _at(node, _text(k, names, call, isinstance(node, ast.For), (
            tuple(names), tuple(used), tuple(own), found.breaks or found.returns or bool(leaving.raised), node.lineno
        )))  # fmt: skip
        body, run = made[4], made[5].value
        for statement in statements:
            body.body[-1:-1] = statement if isinstance(statement, list) else [statement]
        if isinstance(node, ast.For):
            next(item for item in run.args if isinstance(item, ast.List)).elts = tests
        else:
            run.args[0].body = tests[0]
        made += [self._raising(name, statement) for name, statement in leaving.raised.items()]
        if found.returns:
            endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and node.test.value
            leave = f"return _autograd_result{k}"
            made += _at(node, leave if endless and not found.breaks else f"if _autograd_left{k}: {leave}")
        if not ended:
            return made
        if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.Raise):
            otherwise = self._raising(ended, node.orelse[0])
        else:
            (otherwise,) = _at(node, f"if {ended}: pass")
            otherwise.body = node.orelse
        return [*_at(node, f"{ended} = True"), *made, otherwise]

    def _raising(self, name: str, statement: ast.Raise) -> Any:
        """The statement, after its loop, where a variable is True."""
        (choice,) = _at(statement, f"if {_HELPER!r}.raises({name}, {statement.lineno}): pass")
        choice.body = [statement]
        return choice


def _text(k: int, names: Sequence[str], call: str, counts: bool, rest: tuple[Any, ...]) -> str:
    """The statements of a loop that is taken apart, but for those of its body and its test."""
    reads = "\n".join(
        f"  try: _autograd_items.append({name})\n"
        f"  except NameError: _autograd_items.append({_HELPER!r}.Unset({name!r}, {rest[-1]}))"
        for name in names
    )
    outer = ", ".join(names)
    return f"""
if False: {" = ".join(names)} = None
{" = ".join([*(name for name in names if name.startswith(("_autograd_left", "_autograd_raised"))), "False"])}
def _autograd_get{k}():
  _autograd_items = []
{reads}
  return _autograd_items
def _autograd_put{k}(_autograd_items):
  nonlocal {outer}
  {outer}, = _autograd_items
def _autograd_body{k}({"_autograd_item" if counts else ""}):
  nonlocal {outer}
  return False
{_HELPER!r}.{call}, _autograd_body{k}, _autograd_get{k}, _autograd_put{k}, *{rest!r})
"""


def _inside(code: CodeType) -> Iterator[CodeType]:
    yield code
    for item in code.co_consts:
        if isinstance(item, CodeType):
            yield from _inside(item)


def _compiled(tree: ast.Module, like: CodeType) -> CodeType | None:
    """The code of a function in a module that stands where another does."""
    ast.fix_missing_locations(tree)
    whole = compile(tree, like.co_filename, "exec", dont_inherit=True)
    same = (like.co_name, like.co_firstlineno, like.co_freevars)
    found = (code for code in _inside(whole) if (code.co_name, code.co_firstlineno, code.co_freevars) == same)
    return next(found, None)


def _with_helper(code: CodeType) -> CodeType:
    """The code with this module's functions for the constant that stands for them."""
    consts = tuple(
        _with_helper(item) if isinstance(item, CodeType) else running if item == _HELPER else item
        for item in code.co_consts
    )
    return code.replace(co_consts=consts)


def taken_apart(code: CodeType) -> tuple[CodeType | None, dict[int, str]]:
    """The code of a function with its loops taken apart, where some can be; and why others cannot, by their lines."""
    source = "".join(linecache.getlines(code.co_filename))
    try:
        tree = ast.parse(source)
        as_it_is = _compiled(tree, code)
    except (SyntaxError, ValueError):
        return None, {}
    if as_it_is is None or as_it_is != code:
        return None, {code.co_firstlineno: "its source is not to be found"}
    node = next(functions(tree, code), None)
    if node is None:  # a lambda, or what is written in one line as a loop
        return None, {}
    parts = _Apart(node)
    parts.generic_visit(node)
    if not parts.count:
        return None, parts.reasons
    found = _compiled(tree, code)
    return None if found is None else _with_helper(found), parts.reasons
