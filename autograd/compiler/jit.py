"""`jit`: a function of numbers and arrays, recorded once for each structure of its arguments, and then machine code."""

from __future__ import annotations

import copy
import functools
import pickle
import warnings
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from types import MethodType
from typing import Any

from autograd.compiler.arguments import Arguments, Signature
from autograd.compiler.backends.c import source as c
from autograd.compiler.backends.llvm import compile as llvm
from autograd.compiler.calling import CallFailed, Native
from autograd.compiler.variants import Plan, Variant
from autograd.engine.recording import current
from autograd.engine.value import Value
from autograd.engine.watching import level_of_the_caller
from autograd.errors import TraceError
from autograd.pickles import reduced
from autograd.program.graph import Graph
from autograd.program.lowering import lowered
from autograd.program.nests import build, own_arrays, take_apart, with_our_arrays
from autograd.program.tracing import applied, rules
from autograd.program.tracing.expansion import expanded
from autograd.program.tracing.memory import Memory
from autograd.program.tracing.trace import Untraceable
from autograd.program.tracing.traced import leaked
from autograd.transforms.recorded import Recorded, positions

applied.rules.update(pull=rules.pull, push=rules.push)


def jit(
    f: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Sequence[int] | None = (),
    threads: int = 1,
    fastmath: bool = False,
    cache: Any = None,
    backend: str = "auto",
    history_limit: int | None = None,
) -> Any:
    """The same function, compiled: `jit(f)`, or `@jit` above its definition.

    At the first call f is called with Values that have no number, and what it computes from them is recorded and turned
    into machine code; later calls run that. It is recorded anew for arguments of another structure or shape, and for
    another way through its `if`s and `while`s. Derivatives go inside: `jit(grad(f))`. What f does besides computing,
    such as printing or appending to a list, happens while it is recorded, and not at later calls.

    Parameters
    - `f`: takes and returns numbers, NumPy arrays, and lists, tuples and dicts of them;
    - `static_argnums`: the positions of arguments that are not numbers, or with which f is to be compiled as constants;
      they are told apart to the type and the sign of a zero;
    - `threads`: how many threads share a batch (`vmap`) at the top level of f;
    - `fastmath`: True to let the compiler reorder and contract arithmetic, which is faster and not exact;
    - `cache`: a folder in which to keep the machine code from one process to the next;
    - `backend`: "llvm", "interpreter", or "auto" for the first where it is installed;
    - `history_limit`: the bytes that the states of loops may take, through which a derivative goes back: 2**28 where
      not given. Of longer loops most states are computed again on the way back.

    Returns an object to call like f. Its results are numbers and arrays, of the kinds that f's are. Called with Values,
    as inside another transform, it calls f itself, so that derivatives pass through. The number of a Value that f
    closes over is read at each call; where a transform differentiates it, or it was computed from others, the results
    are Values that carry the derivative. `graph`, `closed_over`, `llvm_ir()`, `c_source()` and `stats()` show what the
    last call ran.

    Raises, when called: `TypeError` for arguments that are not numbers; `TraceError` where f reads `.data`, or uses a
    Value that another compiled function left behind.

    >>> from autograd import grad
    >>> slope = jit(grad(lambda x: x * x * x))
    >>> slope(2.0)
    12.0
    """
    if f is None:
        return functools.partial(
            jit, static_argnums=static_argnums, threads=threads, fastmath=fastmath, cache=cache, backend=backend,
            history_limit=history_limit,
        )  # fmt: skip
    if not callable(f):
        raise TypeError(f"jit takes a function, not {type(f).__name__}: jit(f)(x)")
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise ValueError(f"threads is a whole number from 1 up, not {threads!r}")
    if backend not in ("auto", "llvm", "interpreter"):
        raise ValueError(f"backend is 'auto', 'llvm' or 'interpreter', not {backend!r}")
    if history_limit is not None and (type(history_limit) is not int or history_limit < 1):
        raise ValueError(f"history_limit is a whole number of bytes from 1 up, not {history_limit!r}")
    static = () if static_argnums is None else positions("static_argnums", static_argnums)
    return Compiled(f, static, threads, fastmath, cache, backend, history_limit)


class Compiled:
    """A function that `jit` compiled."""

    def __init__(
        self, f: Callable[..., Any], static: tuple[int, ...], threads: int, fastmath: bool, cache: Any, backend: str,
        history_limit: int | None = None,
    ) -> None:  # fmt: skip
        self.function: Any = f  # None where it was unpickled without it
        self._options = static, threads, fastmath, cache, backend, history_limit or Memory().limit
        self._plans: dict[Signature, Plan] = {}
        self._quick: dict[int, Callable[..., Any]] = {}  # the way in for the last structure of so many arguments
        self._last: Plan | None = None
        self._plain = ""  # why f is called as it is, where it cannot be compiled
        self.__name__ = ""
        if f is not None:
            functools.update_wrapper(self, f, updated=())
            self.__name__ = getattr(f, "__name__", getattr(f, "name", type(f).__name__))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            quick = self._quick.get(len(args))
            if quick is not None:
                return quick(*args)
        return self._call(args, kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __copy__(self) -> Compiled:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Compiled:
        """Itself, as of a function; of a method of what is copied, too, the method of the copy, compiled."""
        function = copy.deepcopy(self.function, memo)
        known: Compiled | None = memo.get(id(self))  # where its object has it, and was copied with it just now
        return self if function is self.function else known or Compiled(function, *self._options)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        arguments = Arguments.of(self.function, self._options[0], args, kwargs)
        recording = current()
        if self._plain or not recording.plain or arguments.has_values:
            if recording.trace is None:
                nodes = arguments.nodes
                if nodes:
                    raise leaked(nodes)
            return self._as_it_is(arguments, args, kwargs)
        arguments.require_numbers(args, kwargs)
        signature = arguments.signature
        plan = self._plans.get(signature)
        if plan is None:
            if self.function is None:
                raise TraceError(
                    "this compiled function was unpickled without its Python source, and can be called only with the "
                    "structures and shapes that it was called with before, which are "
                    f"{' or '.join(map(str, self._plans)) or 'none'}"
                )
            plan = self._plans[signature] = Plan(self, signature)
        self._last = plan
        try:
            result = plan.call(arguments)
        except Untraceable as error:
            self._plain = str(error)
            message = f"{self.__name__} is not compiled, but called as it is: {error}"
            warnings.warn(message, RuntimeWarning, level_of_the_caller())
            return self._as_it_is(arguments, args, kwargs)
        except CallFailed as error:
            # A function of the user's raised, perhaps for a branch that is not taken: that is for Python to find out.
            if self.function is None:
                raise TraceError(
                    "this compiled function was unpickled without its Python source, which would tell what went wrong: "
                    f"{error or error.__cause__}"
                ) from error
            return self._as_it_is(arguments, args, kwargs)
        if not signature.static and not kwargs:
            quick = plan.quick
            if quick is not None:
                self._quick[len(args)] = quick
        return result

    def _as_it_is(self, arguments: Arguments, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the function itself returns: on Values, so that arithmetic is quiet, and as numbers again."""
        function = self.function
        if function is None:
            raise TraceError("this compiled function was unpickled without its Python source, and takes numbers only")
        if arguments.has_values:
            args, kwargs = own_arrays(with_our_arrays((args, kwargs)))
            return function(*args, **kwargs)

        results: list[Any] = []
        spec: Any = None

        def call(blocks: Any) -> Any:
            nonlocal results, spec
            results, spec = take_apart(arguments.signature.call(function, blocks))
            return [block for block in results if type(block) is not bool]

        numbers = iter(Recorded(call, (arguments.blocks,)).value())
        return build(spec, [block if type(block) is bool else next(numbers) for block in results])

    # What a person looks at.

    def _shown(self) -> Variant:
        if self._last is None or self._last.last is None:
            raise TraceError(self._plain or "call the compiled function once before looking at what it ran")
        return self._last.last

    @property
    def graph(self) -> Graph:
        """The graph that the last call ran."""
        return self._shown().graph

    @property
    def closed_over(self) -> list[Value] | None:
        """The Values from around the function whose numbers the last call read; None where it was called as it is."""
        return None if self._plain else self._shown().outside.values() or []

    def llvm_ir(self) -> str:
        """The text that LLVM was given. Raises `MissingDependencyError` without llvmlite."""
        variant = self._shown()
        if isinstance(variant.program, Native):
            return variant.program.llvm_ir
        graph = lowered(expanded(variant.graph))
        text: str = llvm.compile(graph, fastmath=self._options[2], threads=self._options[1]).llvm_ir
        return text

    def c_source(self, name: str = "") -> str:
        """The same computation as one C99 file, with a plain function of this name, f's own where not given."""
        variant = self._shown()
        assert self._last is not None
        own = name or self.__name__
        names = [*self._last.names, *variant.outside.names]
        return c.source(lowered(variant.graph), own, names, comment=f"{own}, recorded by scalar-autograd's jit")

    def stats(self) -> dict[str, Any]:
        """What the last call ran, in numbers: steps after each pass, seconds, bytes of machine code, variants."""
        variant = self._shown()
        assert self._last is not None
        return {
            "backend": variant.backend,
            "nodes": dict(variant.sizes),
            "seconds": dict(variant.seconds),
            "bytes": getattr(variant.program, "object_bytes", 0),
            "variants": len(self._last.variants),
        }

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}>"

    def __reduce__(self) -> Any:
        state = _picklable(self.function), self._options, [*self._plans.values()], self.__name__, self.__doc__
        return reduced("compiled", *state)


def _unpickled(function: Any, options: Any, plans: Any, name: str, doc: str | None) -> Compiled:
    """The compiled function of a pickle, whose plans were in a dict in 0.1.0.

    Where the function is there, what closes over Values is recorded again, for it finds others now.
    """
    compiled = Compiled(function, *options)
    compiled.__name__, compiled.__doc__ = name, doc
    for plan in plans.values() if isinstance(plans, dict) else plans:
        # A pickle of a method makes two, one as an attribute of its object, and drops the second.
        if plan.owner is None and (function is None or not any(variant.outside for variant in plan.variants)):
            plan.adopt(compiled)
            compiled._plans[plan.signature] = plan
    return compiled


_asked: ContextVar[tuple[Any, ...]] = ContextVar("asked", default=())  # functions that pickle is trying


def _picklable(function: Any) -> Any:
    """The function where pickle can find it by its name, else None: its graphs travel all the same."""
    asked = _asked.get()
    if asked and (isinstance(function, MethodType) or any(function is item for item in asked)):
        return function  # perhaps of the object that is being tried, which holds this one
    token = _asked.set((*asked, function))
    try:
        pickle.dumps(function)
    except Exception:  # whatever a function's own parts raise
        return None
    finally:
        _asked.reset(token)
    return function
