"""Python's own loops, recorded as loops of the program where what ends them is computed from Values.

Recording sees each trip of a `while` go by, and the comparison that ends it as one branch after the other. Where one is
met again in the same loop, the function in which it stands is compiled once more from its source, with each loop taken
apart into functions for its test, its body and its variables, and the recording begins anew. What is recorded then is a
`while_loop`; a loop that cannot be one is gone through as before, and what goes wrong with it says why.
"""

from __future__ import annotations

import ast
import dis
import gc
import linecache
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import CodeType, FrameType, FunctionType
from typing import Any

from autograd.engine.recording import current
from autograd.errors import AutogradError, TraceError
from autograd.primitives.row import is_array
from autograd.primitives.table import ceil, logical_and, maximum
from autograd.program.nests import flatten
from autograd.program.tracing.trace import Asked, LoopFound, Untraceable
from autograd.program.tracing.traced import Traced
from autograd.transforms.loops import while_loop

_HELPER = "autograd's loops"  # the constant in whose place the functions of this module stand in the code
_CHANGING = frozenset(
    ("append", "extend", "insert", "pop", "remove", "clear", "update", "add", "discard", "popleft", "appendleft",
     "popitem", "setdefault", "send", "write")
)



class Unset:
    """What a variable holds that has no value before its loop, or after one that is not known to have run."""

    def __init__(self, name: str, line: int) -> None:
        self._why = f"{name} has a value only inside of the loop in line {line}: give it one before"

    def _refuse(self, *_: Any) -> Any:
        raise TraceError(self._why)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __pow__ = _refuse
    __rpow__ = __neg__ = __abs__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __bool__ = _refuse
    __float__ = __int__ = __index__ = __iter__ = __len__ = __call__ = __getitem__ = _refuse
    __hash__ = object.__hash__


class Unsuited(Exception):
    """A loop cannot be one of the program; the message says why."""


# What the code of a loop calls.


def run_while(
    test: Callable[[], Any], body: Callable[[], Any], get: Callable[[], list[Any]], put: Callable[[list[Any]], None],
    names: Sequence[str], changed: Sequence[str], line: int,
) -> None:  # fmt: skip
    """`while test(): body()`, whose variables `get` and `put` read and write; `body` tells whether it broke off."""
    while not _depends(test):
        if not test() or body():
            return
    before = get()
    try:
        _record(lambda _: test(), lambda _: body(), before, None, get, put, names, changed, line)
    except _NOT_ONE as error:
        _go_on(error, line)
        put(before)
        while test():
            if body():
                break


def run_range(
    bounds: Sequence[Any], body: Callable[[Any], Any], get: Callable[[], list[Any]],
    put: Callable[[list[Any]], None], names: Sequence[str], changed: Sequence[str], line: int, breaks: bool,
) -> None:  # fmt: skip
    """`for name in range(*bounds): body(name)`."""
    computed = any(isinstance(bound, Traced) for bound in bounds)
    first, end = (0, bounds[0]) if len(bounds) == 1 else bounds[:2]
    step = bounds[2] if len(bounds) > 2 else 1
    before = get()
    if computed or (breaks and current().trace is not None):
        try:
            if isinstance(step, Traced) or not step:
                raise Unsuited("the step of its range is not a number other than 0")
            trips = maximum(ceil((end - first) / step), 0) if computed else len(range(first, end, step))

            def trip(position: Any) -> Any:
                return body(position if step == 1 and type(first) is int and not first else first + position * step)

            _record(lambda i: i < trips, trip, before, 0, get, put, names, changed, line)
            return
        except _NOT_ONE as error:
            if computed:
                raise TraceError(f"the loop in line {line} cannot be recorded as one: {error}") from error
            _go_on(error, line)
            put(before)
    for i in range(*bounds):
        if body(i):
            break


_NOT_ONE = (Unsuited, AutogradError, TypeError, ValueError, IndexError, KeyError, AttributeError)


def _go_on(error: Exception, line: int) -> None:
    """Keep why a loop is gone through trip by trip, for what may go wrong with that."""
    if isinstance(error, Untraceable) and not isinstance(error, AutogradError):
        raise error
    trace = current().trace
    assert trace is not None
    trace.chain[0].reasons.setdefault(line, str(error))


def _depends(test: Callable[[], Any]) -> bool:
    """Whether the outcome of a test is known only as the program runs."""
    trace = current().trace
    if trace is None:
        return False
    root, before = trace.chain[0], trace.chain[0].silent
    root.silent = True
    try:
        return isinstance(test(), Traced)
    except Asked:
        return True
    finally:
        root.silent = before


def _record(
    test: Callable[[Any], Any], body: Callable[[Any], Any], before: list[Any], start: Any,
    get: Callable[[], list[Any]], put: Callable[[list[Any]], None], names: Sequence[str], changed: Sequence[str],
    line: int,
) -> None:  # fmt: skip
    """The loop as a `while_loop`, whose state are the variables that hold numbers; `start` counts its trips."""
    unset = [Unset(name, line) for name in names]
    states = [place for place, item in enumerate(before) if _is_numbers(item)]
    for place in states:
        if names[place] in changed and is_array(before[place]):
            raise Unsuited(f"it changes the array {names[place]}, which may have another name, in place")

    def enter(state: Any) -> None:
        now = [one if isinstance(item, Unset) else item for item, one in zip(before, unset)]
        for place, item in zip(states, state):
            now[place] = item
        put(now)

    def trip(state: Any) -> Any:
        _, count, items = state
        enter(items)
        broke = body(count)
        after = get()
        for place, (old, new) in enumerate(zip(before, after)):
            if place not in states and not isinstance(old, Unset) and new is not old:
                raise Unsuited(f"{names[place]} is no number, and does not stay what it is")
        return not broke if isinstance(broke, bool) else broke == 0.0, count + 1, [after[place] for place in states]

    def more(state: Any) -> Any:
        going, count, items = state
        enter(items)
        outcome = test(count)
        return logical_and(going, outcome) if isinstance(outcome, Traced) else (going if outcome else going & False)

    _, _, items = while_loop(more, trip, (True, 0 if start is None else start, [before[place] for place in states]))
    enter(items)


def _is_numbers(item: Any) -> bool:
    if isinstance(item, Unset | str | bytes | type(None)) or callable(item):
        return False
    try:
        numbers, _ = flatten(item)
    except TypeError:
        return False
    return all(isinstance(number, Traced | float | int) or is_array(number) or hasattr(number, "_apply_primitive")
               for number in numbers)


# The code of a function with its loops taken apart.


class _Names(ast.NodeVisitor):
    """What a loop does with names, and why it cannot be taken apart, in its own scope."""

    def __init__(self) -> None:
        self.stored: dict[str, None] = {}
        self.changed: dict[str, None] = {}
        self.breaks = False
        self.why = ""
        self._depth = 0

    def refuse(self, why: str) -> None:
        self.why = self.why or why

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.stored[node.id] = None
        elif isinstance(node.ctx, ast.Del):
            self.refuse("it deletes a variable")

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.changed[node.target.id] = None
        self.generic_visit(node)

    def _store(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.refuse("it writes into an object: x[i] = y, or x.name = y")
        self.generic_visit(node)

    visit_Attribute = visit_Subscript = _store

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING:
            self.refuse(f"it changes an object: .{node.func.attr}()")
        if isinstance(node.func, ast.Name) and node.func.id in ("next", "print", "input", "setattr", "exec", "eval"):
            self.refuse(f"it calls {node.func.id}()")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.refuse("it computes something only for its effect")

    def visit_Break(self, _: ast.Break) -> None:
        self.breaks = self.breaks or not self._depth

    def _loop(self, node: ast.While | ast.For) -> None:
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

    visit_While = visit_For = _loop

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.refuse("it catches an exception")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.stored[node.name] = None

    def visit_Lambda(self, _: ast.Lambda) -> None:
        pass

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_Lambda  # type: ignore[assignment]

    def _no(self, node: ast.AST) -> None:
        self.refuse(f"there is a {type(node).__name__.lower()} in it")

    visit_Return = visit_Yield = visit_YieldFrom = visit_Await = visit_Global = visit_Nonlocal = visit_Import = _no
    visit_ImportFrom = visit_ClassDef = visit_AsyncFor = visit_AsyncWith = visit_NamedExpr = visit_With = _no
    visit_Match = _no


class _Leaving(ast.NodeTransformer):
    """`break` and `continue` of a loop's own as the return of its body."""

    def visit_Break(self, node: ast.Break) -> ast.AST:
        return ast.copy_location(ast.Return(ast.Constant(True)), node)

    def visit_Continue(self, node: ast.Continue) -> ast.AST:
        return ast.copy_location(ast.Return(ast.Constant(False)), node)

    def _stay(self, node: Any) -> Any:
        return node

    visit_While = visit_For = visit_FunctionDef = visit_Lambda = _stay


class _Apart(ast.NodeTransformer):
    """The loops of one function taken apart, the inner ones first."""

    def __init__(self, parameters: set[str]) -> None:
        self.count, self.parameters = 0, parameters
        self.reasons: dict[int, str] = {}

    def _stay(self, node: Any) -> Any:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _stay

    def visit_While(self, node: ast.While) -> Any:
        return self._taken_apart(node, [node.test])

    def visit_For(self, node: ast.For) -> Any:
        call = node.iter
        known = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"
        if not known or not isinstance(node.target, ast.Name):
            self.generic_visit(node)
            return node
        assert isinstance(call, ast.Call)
        if call.keywords or any(isinstance(item, ast.Starred) for item in call.args):
            return node
        return self._taken_apart(node, call.args)

    def _taken_apart(self, node: Any, tests: list[ast.expr]) -> Any:
        found = _Names()
        for test in tests:
            found.visit(test)
        if isinstance(node, ast.For):
            found.visit(node.target)
        for statement in node.body:
            found.visit(statement)
        if node.orelse:
            found.refuse("it has an else")
        self.generic_visit(node)
        if found.why or not found.stored:
            self.reasons[node.lineno] = found.why or "it changes no variable"
            return node
        self.count += 1
        k, names = self.count, list(found.stored)
        reads = "\n".join(
            f"  try: _autograd_items.append({name})\n"
            f"  except NameError: _autograd_items.append({_HELPER!r}.Unset({name!r}, {node.lineno}))"
            for name in names
        )
        outer = ", ".join(names)
        where = f"{tuple(names)!r}, {tuple(found.changed)!r}, {node.lineno}"
        own = "_autograd_item" if isinstance(node, ast.For) else ""
        parts = ", ".join(f"_autograd_{part}{k}" for part in ("body", "get", "put"))
        text = f"""
if False: {" = ".join(names)} = None
def _autograd_get{k}():
  _autograd_items = []
{reads}
  return _autograd_items
def _autograd_put{k}(_autograd_items):
  nonlocal {outer}
  {outer}, = _autograd_items
def _autograd_body{k}({own}):
  nonlocal {outer}
  return False
"""
        if isinstance(node, ast.For):
            text += f"{_HELPER!r}.run_range([], {parts}, {where}, {found.breaks})"
        else:
            text += f"{_HELPER!r}.run_while(lambda: 0, {parts}, {where})"
        made = ast.parse(text).body
        for item in made:
            for inner in ast.walk(item):
                ast.copy_location(inner, node)
        body, last = made[3], made[4]
        assert isinstance(body, ast.FunctionDef)
        assert isinstance(last, ast.Expr)
        assert isinstance(last.value, ast.Call)
        statements = [_Leaving().visit(statement) for statement in node.body]
        if isinstance(node, ast.For):
            first = ast.Assign([node.target], ast.Name("_autograd_item", ast.Load()))
            statements.insert(0, ast.copy_location(first, node))
            assert isinstance(last.value.args[0], ast.List)
            last.value.args[0].elts = tests
        else:
            assert isinstance(last.value.args[0], ast.Lambda)
            last.value.args[0].body = tests[0]
        body.body[1:1] = statements
        return made


def _functions(tree: ast.AST, code: CodeType) -> Iterator[ast.FunctionDef]:
    """The function of a module that has this code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            lines = {node.lineno, *(decorator.lineno for decorator in node.decorator_list)}
            if code.co_firstlineno in lines:
                yield node


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
    import autograd.compiler.plain_loops as helper

    consts = tuple(
        _with_helper(item) if isinstance(item, CodeType) else helper if item == _HELPER else item
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
    if as_it_is is None or as_it_is.co_code != code.co_code or as_it_is.co_names != code.co_names:
        return None, {code.co_firstlineno: "its source is not to be found"}
    (node,) = _functions(tree, code)
    parts = _Apart(set(code.co_varnames[: code.co_argcount]))
    parts.generic_visit(node)
    if not parts.count:
        return None, parts.reasons
    found = _compiled(tree, code)
    return None if found is None else _with_helper(found), parts.reasons


@cache
def _loops(code: CodeType) -> bool:
    return any("JUMP_BACKWARD" in instruction.opname for instruction in dis.get_instructions(code))


class Loops:
    """The functions whose loops were met while one function is recorded."""

    def __init__(self) -> None:
        self.codes: dict[CodeType, CodeType] = {}  # with their loops taken apart
        self.reasons: dict[int, str] = {}
        self._tried: set[CodeType] = set()
        self._met: dict[tuple[int, int], FrameType] = {}

    def meet(self, frame: FrameType, again: bool = True) -> None:
        """Note that a function takes a branch at this place. Raises `LoopFound` where it is one of a loop.

        Without `again` it need not have been here before.
        """
        code = frame.f_code
        if code in self._tried or not _loops(code):
            return
        place = id(frame), frame.f_lasti
        if again and place not in self._met:
            self._met[place] = frame  # held, so that no other has its id
            return
        self._met.clear()
        self._tried.add(code)
        found, reasons = taken_apart(code)
        self.reasons |= reasons
        if found is not None:
            self._tried.add(found)
            self.codes[code] = found
            raise LoopFound

    def forget(self) -> None:
        self._met.clear()

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """In a `with`: the functions have the code with their loops taken apart."""
        before = []
        try:
            if self.codes:
                for function in _all_functions():
                    changed = self._changed(function.__code__)
                    if changed is not function.__code__:
                        before.append((function, function.__code__))
                        function.__code__ = changed
            yield
        finally:
            for function, code in before:
                function.__code__ = code

    def _changed(self, code: CodeType) -> CodeType:
        code = self.codes.get(code, code)
        consts = tuple(self._changed(item) if isinstance(item, CodeType) else item for item in code.co_consts)
        same = all(new is old for new, old in zip(consts, code.co_consts))
        return code if same else code.replace(co_consts=consts)


def _all_functions() -> list[FunctionType]:
    return [item for item in gc.get_objects() if type(item) is FunctionType]
