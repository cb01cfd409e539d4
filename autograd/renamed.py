"""Modules of version 0.1.0 under their names of today, for pickles of that version name the modules of their classes.

The names below are found by no other finder, so that the hook is asked only where an import would fail. Packages that
moved with all that is in them (`tracing`, `simplify`, `backends`) are not among them: no pickle names what is there.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

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
        return ModuleSpec(name, self) if name in self.table else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.table[spec.name])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It was executed under its own name; the import system has put the old name's spec there."""
        spec = module.__spec__
        assert spec is not None
        module.__spec__ = spec.loader_state


def install() -> None:
    """Let old names be found, after all that other finders know."""
    sys.meta_path.append(_Renamed())
