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
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import CodeType, FrameType, FunctionType
from typing import Any, NamedTuple

from autograd.engine.recording import current
from autograd.errors import AutogradError, TraceError
from autograd.primitives.row import is_array
from autograd.primitives.table import ceil, logical_and, maximum
from autograd.program.nests import flatten
from autograd.program.tracing.trace import Asked, LoopFound
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


class Parts(NamedTuple):
    """A loop taken apart."""

    body: Callable[..., Any]  # a trip; tells whether the loop ends with it
    get: Callable[[], list[Any]]  # the variables
    put: Callable[[list[Any]], None]
    names: Sequence[str]
    changed: Sequence[str]  # the variables that `+=` and its kin may change in place
    used: Sequence[str]  # those that are read outside of the loop
    breaks: bool  # whether a trip may end it
    line: int


def run_while(test: Callable[[], Any], *parts: Any) -> None:
    """`while test(): body()`."""
    loop = Parts(*parts)
    while True:
        before = loop.get()
        try:
            with _silent():
                if not test():
                    return
            if not loop.breaks or current().trace is None:
                if loop.body():
                    return
                continue
            with _silent():
                if loop.body():
                    return
        except Asked:
            loop.put(before)
            break

    def plainly() -> None:
        while test() and not loop.body():
            pass

    _recorded(loop, before, lambda _: test(), lambda _: loop.body(), plainly)


def run_range(bounds: Sequence[Any], *parts: Any) -> None:
    """`for name in range(*bounds): body(name)`."""
    loop = Parts(*parts)
    if any(isinstance(bound, Traced) for bound in bounds):
        _run_computed(loop, *((0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1) if len(bounds) == 2 else bounds))
        return
    numbers = range(*bounds)
    for place, number in enumerate(numbers):
        before = loop.get()
        try:
            with _silent(loop.breaks):
                if loop.body(number):
                    return
        except Asked:
            loop.put(before)
            rest = numbers[place:]
            break
    else:
        return

    def plainly() -> None:
        for number in rest:
            if loop.body(number):
                return

    _recorded(loop, before, lambda i: i < len(rest), lambda i: loop.body(rest.start + i * rest.step), plainly)


def _run_computed(loop: Parts, first: Any, end: Any, step: Any) -> None:
    if isinstance(step, Traced) or not step:
        raise TraceError(f"the range of the loop in line {loop.line} takes a step that is known, and not 0")
    trips = maximum(ceil((end - first) / step), 0)

    def trip(position: Any) -> Any:
        return loop.body(position if type(first) is int and (first, step) == (0, 1) else first + position * step)

    def plainly() -> None:
        trace = current().trace
        assert trace is not None
        why = trace.chain[0].reasons[loop.line]
        raise TraceError(f"the loop in line {loop.line}, over a range that is computed, is not recorded as one: {why}")

    _recorded(loop, loop.get(), lambda i: i < trips, trip, plainly)


@contextmanager
def _silent(wanted: bool = True) -> Iterator[None]:
    """In a `with`, and while a function is being recorded: no branch is taken, but `Asked` is raised."""
    trace = current().trace
    if trace is None or not wanted:
        yield
        return
    root = trace.chain[0]
    before, root.silent = root.silent, True
    try:
        yield
    finally:
        root.silent = before


def _recorded(
    loop: Parts, before: list[Any], test: Callable[[Any], Any], trip: Callable[[Any], Any],
    plainly: Callable[[], None],
) -> None:  # fmt: skip
    """The loop as a step of the recording, or where that is not possible gone through `plainly`.

    `test` and `trip` take the number of the trip.
    """
    trace = current().trace
    assert trace is not None
    root = trace.chain[0]
    silent, root.silent = root.silent, False
    try:
        found: dict[int, Any] = {}
        _record(loop, before, test, trip, found)
        if found:  # once more, with a state for each variable that has a value after the loop alone
            _record(loop, [found.get(place, item) for place, item in enumerate(before)], test, trip, {})
        return
    except (Unsuited, AutogradError, TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        root.reasons.setdefault(loop.line, str(error))
        loop.put(before)
    finally:
        root.silent = silent
    plainly()


def _record(
    loop: Parts, before: list[Any], test: Callable[[Any], Any], trip: Callable[[Any], Any], found: dict[int, Any]
) -> None:
    """The loop as a `while_loop`, whose state are the variables that hold numbers.

    What others hold after a trip, that are used later, is put into `found`, with nan for its numbers.
    """
    unset = [Unset(name, loop.line) for name in loop.names]
    states = [place for place, item in enumerate(before) if _is_numbers(item)]
    for place in states:
        if loop.names[place] in loop.changed and is_array(before[place]):
            raise Unsuited(f"it changes the array {loop.names[place]}, which may have another name, in place")

    def enter(state: Any) -> None:
        now = [one if isinstance(item, Unset) else item for item, one in zip(before, unset)]
        for place, item in zip(states, state):
            now[place] = item
        loop.put(now)

    def step(state: Any) -> Any:
        _, count, items = state
        enter(items)
        ends = trip(count)
        after = loop.get()
        for place, (old, new) in enumerate(zip(before, after)):
            if place in states:
                continue
            if not isinstance(old, Unset) and new is not old:
                raise Unsuited(f"{loop.names[place]} is no number, and does not stay what it is")
            if loop.names[place] in loop.used and _is_numbers(new):
                found[place] = _unknown(new)
        return not ends, count + 1, [after[place] for place in states]

    def more(state: Any) -> Any:
        going, count, items = state
        enter(items)
        outcome = test(count)
        return logical_and(going, outcome) if isinstance(outcome, Traced) else going if outcome else going & False

    _, _, items = while_loop(more, step, (True, 0, [before[place] for place in states]))
    enter(items)


def _unknown(nest: Any) -> Any:
    """The same nest with nan for its numbers."""
    _, structure = flatten(nest)
    return structure.build(
        [math.nan if shape is None else sys.modules["numpy"].full(shape, math.nan) for shape in structure.shapes]
    )


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
        self.breaks = self.returns = False
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

    def visit_Return(self, node: ast.Return) -> None:
        self.returns = True
        self.generic_visit(node)

    visit_Yield = visit_YieldFrom = visit_Await = visit_Global = visit_Nonlocal = visit_Import = _no
    visit_ImportFrom = visit_ClassDef = visit_AsyncFor = visit_AsyncWith = visit_NamedExpr = visit_With = _no
    visit_Match = _no


class _Leaving(ast.NodeTransformer):
    """`break`, `continue` and `return` of a loop's own as the return of its body."""

    def __init__(self, number: int) -> None:
        self.number = number

    def visit_Return(self, node: ast.Return) -> list[ast.AST]:
        text = f"_autograd_result{self.number} = None\n_autograd_left{self.number} = True\nreturn True"
        made = _at(node, text)
        assert isinstance(made[0], ast.Assign)
        made[0].value = node.value or made[0].value
        return made

    def visit_Break(self, node: ast.Break) -> ast.AST:
        return ast.copy_location(ast.Return(ast.Constant(True)), node)

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
        found, loaded = _Names(), _read(node)
        for part in (*tests, *([node.target] if isinstance(node, ast.For) else []), *node.body):
            found.visit(part)
        used = [name for name in found.stored if self.read[name] > loaded[name]]
        if node.orelse:
            found.refuse("it has an else")
        self.generic_visit(node)
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
        statements = [_Leaving(k).visit(statement) for statement in node.body]
        if isinstance(node, ast.For):
            first = ast.Assign([node.target], ast.Name("_autograd_item", ast.Load()))
            statements.insert(0, ast.copy_location(first, node))
        made = _at(node, _text(k, names, isinstance(node, ast.For), (
            tuple(names), tuple(found.changed), tuple(used), found.breaks or found.returns, node.lineno
        )))  # fmt: skip
        body, call = made[4], made[5].value
        for statement in statements:
            body.body[-1:-1] = statement if isinstance(statement, list) else [statement]
        if isinstance(node, ast.For):
            call.args[0].elts = tests
        else:
            call.args[0].body = tests[0]
        if not found.returns:
            return made
        endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and node.test.value
        leave = f"return _autograd_result{k}"
        return [*made, *_at(node, leave if endless and not found.breaks else f"if _autograd_left{k}: {leave}")]


def _text(k: int, names: Sequence[str], counts: bool, rest: tuple[Any, ...]) -> str:
    """The statements of a loop that is taken apart, but for those of its body and its test."""
    reads = "\n".join(
        f"  try: _autograd_items.append({name})\n"
        f"  except NameError: _autograd_items.append({_HELPER!r}.Unset({name!r}, {rest[-1]}))"
        for name in names
    )
    outer = ", ".join(names)
    call = "run_range([]" if counts else "run_while(lambda: 0"
    return f"""
if False: {" = ".join(names)} = None
{f"_autograd_left{k} = False" if f"_autograd_left{k}" in names else "pass"}
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
    parts = _Apart(node)
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
