"""Small errors, made one at a time in the source of a module: for the tests of the tests."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

EXCHANGED = {  # names, and attributes, that are easily taken for each other
    "ABSENT": ("PLAIN", "FLAGGED"), "PLAIN": ("ABSENT", "FLAGGED"), "FLAGGED": ("ABSENT", "PLAIN"),
    "any": ("all",), "all": ("any",), "max": ("min",), "reversed": ("list",),
    "logical_and": ("logical_or",), "logical_or": ("logical_and",), "equal": ("not_equal",), "not_equal": ("equal",),
    "greater": ("greater_equal",), "then": ("otherwise",), "otherwise": ("then",),
    "carried": ("sliced",), "sliced": ("carried",), "stacked": ("carried",), "VALUES": ("DERIVATIVES",),
    "DERIVATIVES": ("VALUES",), "x_live": ("y_live",), "y_live": ("x_live",),
}  # fmt: skip
BOUNDARIES = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
OPPOSITES = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}
# Of two arguments of these the one may be left out; those of others are exchanged.
JOINING = {"_plus", "join", "both", "logical_and", "logical_or", "max"}
COMPARING = {"equal", "not_equal", "greater"}  # to which 0.0 and -0.0 are one; the first two of them commute
FREE = {"isinstance", "zip", "map", "range", "getattr", "hasattr", "replace", "cast", "equal", "not_equal"}
DROPPED = (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break)


class SourceMutant(NamedTuple):
    """One node of a module's syntax tree replaced by another: in a field of its parent, or at a place in a list there.

    The tree is changed in place, and so are the module's functions: a process holds one mutant, and ends with it.
    """

    module: ModuleType
    tree: ast.Module
    function: str
    lines: range  # of the statement in which it stands
    change: str
    owner: Any
    key: Any
    replacement: Any

    def __str__(self) -> str:
        return f"{self.module.__name__.removeprefix('autograd.program.')}.{self.function}: {self.change}"

    def install(self) -> None:
        """Give the module's functions the wrong code, wherever they have been imported."""
        if isinstance(self.owner, list):
            self.owner[self.key] = self.replacement
        else:
            setattr(self.owner, self.key, self.replacement)
        code = compile(ast.fix_missing_locations(self.tree), str(self.module.__file__), "exec")
        codes = {item.co_qualname: item for item in _codes(code)}
        for function in functions(self.module):
            function.__code__ = codes[function.__qualname__]
            node = next(node for name, node in _definitions(self.tree.body, "") if name == function.__qualname__)
            if function.__defaults__:
                values = ast.unparse(ast.Tuple(node.args.defaults, ast.Load()))
                function.__defaults__ = eval(values, vars(self.module))


def _codes(code: CodeType) -> Iterator[CodeType]:
    for item in code.co_consts:
        if isinstance(item, CodeType):
            yield item
            yield from _codes(item)


def functions(module: ModuleType) -> list[FunctionType]:
    """The functions and methods that the module defines."""
    found = []
    for item in vars(module).values():
        if getattr(item, "__module__", None) != module.__name__:
            continue
        for member in vars(item).values() if isinstance(item, type) else [item]:
            inner = getattr(member, "fget", None) or getattr(member, "__func__", member)
            if isinstance(inner, FunctionType) and inner.__code__.co_filename == module.__file__:
                found.append(inner)
    return found


def _definitions(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _definitions(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield prefix + node.name, node


def source_mutants(module: ModuleType) -> list[SourceMutant]:
    """Every small error in the functions of a module, in the order of its text."""
    tree = ast.parse(inspect.getsource(module))
    made: list[SourceMutant] = []
    counts: Counter[str] = Counter()
    for name, node in _definitions(tree.body, ""):
        if name.endswith("__repr__"):
            continue
        assigned = Counter(item.id for item in ast.walk(node) if isinstance(item, ast.Name) and _stored(item))
        assigned.update(argument.arg for argument in ast.walk(node) if isinstance(argument, ast.arg))
        compared = {id(item) for one in ast.walk(node) if _compares(one) for item in ast.walk(one)}
        for owner, key, old, statement in _places(node):
            if isinstance(owner, ast.UnaryOp):  # a minus and its number are one
                continue
            for text, new in _changes(old, assigned, tested=key == "test"):
                if id(old) in compared and isinstance(new, ast.Constant) and new.value == getattr(old, "value", None):
                    continue
                counts[name + text] += 1
                again = f" ({counts[name + text]})" if counts[name + text] > 1 else ""
                made.append(SourceMutant(module, tree, name, statement, text + again, owner, key, new))
    return made


def _compares(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return _called(node) in COMPARING
    return isinstance(node, ast.Compare)


def _called(node: ast.Call) -> str:
    """The last name of what is called."""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _places(definition: ast.FunctionDef) -> Iterator[tuple[Any, Any, Any, range]]:
    """Each node of a function that may be replaced, with where it hangs and the lines of its statement."""
    stack: list[tuple[Any, range]] = [(definition, range(0))]
    while stack:
        node, lines = stack.pop()
        if isinstance(node, ast.JoinedStr | ast.Assert):
            continue
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body and not isinstance(node, ast.FunctionDef) else node.end_lineno
            lines = range(node.lineno, max(node.lineno, end or 0) + 1)
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "ctx", "type_comment"):
                continue
            if isinstance(value, list):
                places = [(value, i, item) for i, item in enumerate(value)]
            else:
                places = [(node, field, value)]
            for owner, key, item in places:
                if isinstance(item, ast.AST):
                    own = range(item.lineno, (item.end_lineno or 0) + 1) if isinstance(item, ast.stmt) else lines
                    yield owner, key, item, own
                    stack.append((item, lines))


def _changes(node: Any, assigned: Counter[str], tested: bool) -> Iterator[tuple[str, Any]]:
    """The wrong nodes in the place of one, each with its description; of what an `if` tests, its truth says enough."""
    for new in _wrong(node, assigned):
        if ast.unparse(new) == ast.unparse(node) or (tested and isinstance(node, ast.Compare) and _opposite(node, new)):
            continue
        if isinstance(new, ast.Pass):
            yield f"`{_text(node)}` dropped", new
        elif isinstance(new, ast.If | ast.While):
            yield f"the condition `{_text(node.test)}` is {_text(new.test)}", new
        else:
            yield f"`{_text(node)}` is `{_text(new)}`", new


def _opposite(node: ast.Compare, new: ast.AST) -> bool:
    return isinstance(new, ast.Compare) and type(node.ops[0]) in OPPOSITES


def _text(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 120 else text[:80] + " … " + text[-35:]


def _wrong(node: Any, assigned: Counter[str]) -> Iterator[Any]:
    if isinstance(node, ast.stmt):
        yield from _wrong_statement(node, assigned)
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.BoolOp):
        for i in range(len(node.values)):
            rest = node.values[:i] + node.values[i + 1 :]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        other = (BOUNDARIES | OPPOSITES).get(type(node.ops[0]))
        if other is not None:
            yield ast.Compare(node.left, [other()], node.comparators)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from map(ast.Constant, _wrong_constants(node.value))
    elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
        named = isinstance(node, ast.Name)
        for name in EXCHANGED.get(node.id if named else node.attr, ()):
            yield ast.Name(name, ast.Load()) if named else ast.Attribute(node.value, name, ast.Load())
    elif isinstance(node, ast.BinOp):
        yield node.left
        if isinstance(node.op, ast.Add | ast.Mult | ast.BitOr | ast.BitAnd):
            yield node.right
        if isinstance(node.op, ast.Sub):
            yield ast.BinOp(node.left, ast.Add(), node.right)
    elif isinstance(node, ast.Slice):
        for bound in ("lower", "upper"):
            if getattr(node, bound) is not None:
                more = ast.BinOp(getattr(node, bound), ast.Add(), ast.Constant(1))
                yield ast.Slice(**{"lower": node.lower, "upper": node.upper, "step": node.step, bound: more})
    elif isinstance(node, ast.List | ast.Tuple) and isinstance(node.ctx, ast.Load):
        items = node.elts
        for i in range(len(items) - 1):
            yield type(node)([*items[:i], items[i + 1], items[i], *items[i + 2 :]], ast.Load())
        if any(isinstance(item, ast.Starred) for item in items):
            for i in range(len(items)):
                yield type(node)(items[:i] + items[i + 1 :], ast.Load())
    elif isinstance(node, ast.Call):
        yield from _wrong_call(node)
    elif isinstance(node, ast.comprehension):
        for i in range(len(node.ifs)):
            yield ast.comprehension(node.target, node.iter, node.ifs[:i] + node.ifs[i + 1 :], node.is_async)


def _wrong_statement(node: ast.stmt, assigned: Counter[str]) -> Iterator[ast.stmt]:
    if isinstance(node, ast.If | ast.While):
        if not isinstance(node.test, ast.Constant):
            for outcome in (True, False)[isinstance(node, ast.While) :]:
                yield type(node)(ast.Constant(outcome), node.body, node.orelse)
    elif isinstance(node, ast.Assign):
        targets = [item for target in node.targets for item in ast.walk(target)]
        again = all(assigned[item.id] > 1 for item in targets if isinstance(item, ast.Name) and _stored(item))
        if again:
            yield ast.Pass()
    elif isinstance(node, DROPPED) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield ast.Pass()


def _wrong_constants(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1,)
    if isinstance(value, float):
        return (-0.0, 1.0) if value == 0.0 else (value + 1.0,)
    return ()


def _wrong_call(node: ast.Call) -> Iterator[ast.expr]:
    name = _called(node)
    arguments = node.args
    if len(arguments) > 1 and name not in FREE and not any(isinstance(item, ast.Starred) for item in arguments):
        if name in JOINING:
            yield from arguments
        else:
            for i in range(len(arguments) - 1):
                exchanged = [*arguments[:i], arguments[i + 1], arguments[i], *arguments[i + 2 :]]
                yield ast.Call(node.func, exchanged, node.keywords)
    for i in range(len(node.keywords)):
        yield ast.Call(node.func, arguments, node.keywords[:i] + node.keywords[i + 1 :])
