"""LLVM itself: text to machine code for this computer, kept on disk where asked.

The one module that imports llvmlite.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from autograd.errors import MissingDependencyError

CACHE_FORMAT = 2  # of the files in a cache; raised where what they hold changes, so that older ones are left alone


@cache
def _llvm() -> Any:
    """llvmlite's binding, ready for this machine."""
    try:
        import llvmlite.binding as llvm
    except ImportError:
        raise MissingDependencyError(
            "compiled code needs llvmlite, which is not installed: pip install 'scalar-autograd[jit]'"
        ) from None
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    library = ctypes.util.find_library("m")
    if library and not llvm.address_of_symbol("erfc"):
        llvm.load_library_permanently(library)
    return llvm


def available() -> bool:
    """Whether llvmlite is there."""
    try:
        _llvm()
    except MissingDependencyError:
        return False
    return True


@cache
def _host() -> tuple[str, str, str]:
    """The processor's name, its features, and the triple."""
    llvm = _llvm()
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(), llvm.get_process_triple()


@cache
def has_fma() -> bool:
    """Whether the processor has a fused multiply-add."""
    _, features, triple = _host()
    return "+fma," in features + "," or triple.startswith(("aarch64", "arm64"))


@cache
def width() -> int:
    """The lanes of a batch: two registers full where they hold eight, which keeps the processor busier than one."""
    return 16 if "+avx512f," in _host()[1] + "," else 8


@cache
def known(name: str) -> bool:
    """Whether the C library has a function of this name."""
    return bool(_llvm().address_of_symbol(name))


def _target_machine(level: int) -> Any:
    llvm = _llvm()
    processor, features, triple = _host()
    return llvm.Target.from_triple(triple).create_target_machine(
        cpu=processor, features=features, opt=level, jit=True
    )


def compiled(text: str, level: int, cache: Path | None) -> bytes:
    """The object code of a module, from the folder `cache` where it is there."""
    path = None
    if cache is not None:
        llvm = _llvm()
        described = repr((CACHE_FORMAT, text, *_host(), level, llvm.llvm_version_info))
        path = cache / f"{hashlib.sha256(described.encode()).hexdigest()}.o"
        found = _read(path)
        if found is not None:
            return found
    code = _compiled(text, level)
    if path is not None:
        _write(path, code)
    return code


def _compiled(text: str, level: int) -> bytes:
    llvm = _llvm()
    machine = _target_machine(level)
    module = llvm.parse_assembly(text)
    module.verify()
    module.triple = _host()[2]
    module.data_layout = str(machine.target_data)
    if level:
        options = llvm.create_pipeline_tuning_options(speed_level=level)
        options.loop_unrolling = False  # costs half of the time here, and gains nothing: our loops are on vectors
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
    code: bytes = machine.emit_object(module)
    return code


def _read(path: Path) -> bytes | None:
    """The code in a file, unless it is missing or damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, code = content[:32], content[32:]
    return code if hashlib.sha256(code).digest() == digest else None


def _write(path: Path, code: bytes) -> None:
    """Write beside and rename, so that no other process sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(code).digest() + code)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


class Engine:
    """Object code, loaded; it stays in memory as long as the engine lives."""

    def __init__(self, objects: list[bytes]) -> None:
        llvm = _llvm()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine(2))
        for code in objects:
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        address: int = self._engine.get_function_address(name)
        return address
