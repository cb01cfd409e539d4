"""What pickles name, so that code may move and they still find it: kinds of things, and the modules of version 0.1.0.

A pickle of a Value, a compiled function, a module or an optimizer names no module of ours but the packages: public
classes, and `autograd._rebuild(format, kind, *state)`, where `KINDS` says what makes a thing of each kind. Version
0.1.0 named the modules of its classes, which have moved, as functions still are named; a hook finds what has moved.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import operator
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pickle import UnpicklingError
from types import ModuleType
from typing import Any

FORMAT = 2  # raised where what stands after the kind changes; 0.1.0 wrote format 1, without saying so

KINDS = {
    "array": "autograd.program.graph:ConstantArray",
    "branch": "autograd.program.graph:Branch",
    "compiled": "autograd.compiler.jit:_unpickled",
    "element": "autograd.program.graph:Element",
    "gather": "autograd.program.graph:Gather",
    "graph": "autograd.program.graph:Graph",
    "guard": "autograd.program.graph:Guard",
    "keys": "autograd.program.nests:_Shown",
    "loop": "autograd.program.graph:Loop",
    "pack": "autograd.program.graph:Pack",
    "place": "autograd.program.graph:Place",
    "plan": "autograd.compiler.variants:Plan.unpickled",
    "positions": "autograd.program.graph:Positions",
    "reshape": "autograd.program.graph:Reshape",
    "row": "autograd.primitives.row:_row_of_the_table",
    "row of a module": "autograd.primitives.row:_row_of_a_module",
    "scatter": "autograd.program.graph:Scatter",
    "sum": "autograd.program.graph:Sum",
    "value": "autograd.engine.node:_rebuild",
    "values": "autograd.arrays.array:_rebuild",
    "variant": "autograd.compiler.variants:Variant.unpickled",
    "view": "autograd.program.graph:View",
}


def rebuild(written: int, kind: str, *state: Any) -> Any:
    """What a pickle holds of a kind, in the format in which it was written.

    Raises: `UnpicklingError` for a format or a kind that only a later version knows.
    """
    if written > FORMAT or kind not in KINDS:
        raise UnpicklingError(
            f"this pickle has a {kind!r:.60} in format {written}, and this version of scalar-autograd reads formats up "
            f"to {FORMAT}: it was written by a later version; upgrade, or write it again with this one"
        )
    return _maker(kind)(*state)


@functools.cache
def _maker(kind: str) -> Callable[..., Any]:
    module, _, name = KINDS[kind].partition(":")
    maker: Callable[..., Any] = operator.attrgetter(name)(importlib.import_module(module))
    return maker


rebuild.__module__, rebuild.__qualname__ = "autograd", "_rebuild"  # where pickles look for it


def reduced(kind: str, *state: Any) -> tuple[Any, ...]:
    """What `__reduce__` returns for a thing of a kind."""
    return rebuild, (FORMAT, kind, *state)


class Stored:
    """The base of a dataclass that is pickled as the kind `name`: the values of its fields in order."""

    __slots__ = ()
    name: str

    def __reduce__(self) -> Any:
        fields = dataclasses.fields(self)  # type: ignore[arg-type]  # of the class that has this base
        return reduced(self.name, *(getattr(self, field.name) for field in fields))


# Names of version 0.1.0. They are found by no other finder, so that the hook is asked only where an import would fail.
# Packages that moved with all that is in them (`tracing`, `simplify`, `backends`) are not among them: no pickle names
# what is there.

# Today's folder, and the modules that stand in it under the last part of their old name.
_MOVED = {
    "autograd.primitives": "autograd: elementary operators special specialise summation",
    "autograd.engine": "autograd: copying node recording release sweep value watching",
    "autograd.functions": "autograd: activations",
    "autograd.program": "autograd: graph",
    "autograd.transforms": "autograd: batching checking checkpointing differences implicit loops recorded",
    "autograd.compiler": "autograd: calling variants",
    "autograd.display.pictures": "autograd.display: columns contract dot labels scopes selection tree",
    "autograd.display.derivations": (
        "autograd.display: explanation expression formula html latex links markdown steps text writing"
    ),
    "autograd.display.page": "autograd.display: interchange",
    "autograd.shell": "autograd: answers expressions syntax",
    "nn.modules": "nn: activations architecture containers dropout initializers layers linear module",
    "nn.optimizers": "nn: clipping minimization schedules",
    "nn.training": "nn: callbacks epochs history plots",
    "nn.files": "nn: export storage",
    "nn.data": "nn: datasets",
    "nn.article": "nn: comparison report",
    "nn.diagram": "nn: network_data network_view",
    "nn.shell": "nn: page_command training_command training_peers",
}
_RENAMED = {
    "autograd.compiled": "autograd.compiler.jit",
    "autograd.display.program": "autograd.display.page.derivation_plan",
    "autograd.rows": "autograd.primitives.row",
    "autograd.trees": "autograd.program.nests",
    "nn.optimizer_base": "nn.optimizers.base",
    "nn.page.program": "nn.page.network_program",
}

# `autograd.functions`, `autograd.transforms`, `nn.article`, `nn.files`, `nn.optimizers` and `nn.training` were modules
# and are folders now; their faces have what the modules had. `nn.export_onnx` is the name of a function too, and
# `nn/__init__` answers for it.


def _table() -> dict[str, str]:
    table = dict(_RENAMED)
    for folder, line in _MOVED.items():
        package, _, names = line.partition(": ")
        table.update({f"{package}.{name}": f"{folder}.{name}" for name in names.split()})
    return table


class _Renamed:
    """Finds an old name, and gives the module of today for it: a finder and a loader of the import system.

    Not a subclass of `importlib.abc`, whose import would take a fifth of the time of `import autograd`.
    """

    table = _table()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        known = name in self.table
        return ModuleSpec(name, self) if known else None  # type: ignore[arg-type]  # a loader by what it has

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.table[spec.name])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It was executed under its own name; the import system has put the old name's spec there."""
        spec = module.__spec__
        assert spec is not None
        module.__spec__ = spec.loader_state


# After all that other finders know; and here, so that it is there before any other module of the package.
if not any(isinstance(finder, _Renamed) for finder in sys.meta_path):
    sys.meta_path.append(_Renamed())
