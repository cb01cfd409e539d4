"""Documents on disk: JSON with a format, a version and a checksum, written whole or not at all, and read with distrust.

A document is a nest of dicts with string keys, lists, strings, numbers, booleans and None. What is read was perhaps cut
short, damaged, or made to do harm: its size is bounded before it is read, and what it would become in memory before it
is parsed. docs/model_files.md describes the format.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import secrets
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from nn.errors import StorageError

MOST_BYTES = 16 * 2**20
MOST_ENTRIES = 250_000  # members of all lists and objects together
MOST_CONTAINERS = 20_000
MOST_MARKS = 1_500_000  # quotes, escapes, commas and brackets
DEEPEST = 40
LONGEST_TEXT = 10_000  # characters of a string, which may take four bytes each
LONGEST_NUMBER = 40  # characters; the longest that is written has 24

TOP = ("format", "version", "sha256")
MARK = re.compile(r'\\.|["\[\]{},]', re.DOTALL)

Path_ = str | os.PathLike[str]


def write_document(path: Path_, kind: str, version: int, content: dict[str, Any]) -> None:
    """Write a document: beside its file, through to the disk, and then renamed into its place.

    So at any moment the file is the old one or the new one, whole. Where the process is killed in the middle, a file
    `.NAME.….part` may be left beside it.

    Parameters: `path`; `kind` and `version`, what the document says that it is; `content`, the rest of its members.

    Raises: `StorageError` for content that could not be read again; `OSError` where it cannot be written.
    """
    document: dict[str, Any] = {"format": kind, "version": version, **content}
    document["sha256"] = checksum(document)
    # One member a line: a parameter that changes is a line that changes.
    members = ",\n".join(f"{json.dumps(key)}: {_text(entry)}" for key, entry in document.items())
    text = f"{{\n{members}\n}}\n"
    _check_bounds(text)
    write_whole(path, text.encode("ascii"))


def write_whole(path: Path_, content: bytes) -> None:
    """Write a file beside its place, through to the disk, and rename it, so that no half of it is ever there."""
    target = Path(os.path.realpath(path))  # a link stays a link
    if target.exists() and not target.is_file():
        _refuse(f"cannot write {os.fspath(path)!r}: it is a folder, or a device, and no file")
    beside = target.with_name(f".{target.name[:100]}.{os.getpid()}.{secrets.token_hex(4)}.part")
    try:
        try:
            with open(beside, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                os.chmod(beside, stat.S_IMODE(target.stat().st_mode))
            os.replace(beside, target)
        finally:
            beside.unlink(missing_ok=True)
        _sync_folder(target.parent)
    except OSError as error:
        raise OSError(error.errno, f"cannot write the file: {error.strerror}", str(path)) from error


def read_document(path: Path_, kind: str, version: int) -> dict[str, Any]:
    """The content of a document, without format, version and checksum, which have been checked.

    Raises: `StorageError` for anything but a whole and sound document of this kind and version; `OSError` where there
    is no file, or none that may be read.
    """
    try:
        document = _parse(_read(path))
        if not isinstance(document, dict) or document.get("format") != kind:
            _refuse(f'it does not say that its format is "{kind}"')
        found = document.get("version")
        if type(found) is not int or found != version:
            newer = "; it was written by a newer release" if type(found) is int and found > version else ""
            _refuse(f"its version is {found!r:.40}, and version {version} is known{newer}")
        if "sha256" not in document:
            _refuse("it has no checksum")
        if document.pop("sha256") != checksum(document):
            _refuse("its checksum is not that of its content: it was damaged, or changed by hand")
    except StorageError as error:
        raise StorageError(f"cannot read {os.fspath(path)!r}: {error}") from None
    return {key: entry for key, entry in document.items() if key not in TOP}


def checksum(document: Any) -> str:
    """SHA-256 of a document, in hexadecimal digits, which does not depend on how its numbers and spaces are written.

    >>> checksum({"a": 1.0}) == hashlib.sha256(b'{"a":#3ff0000000000000}').hexdigest()
    True
    """
    digest = hashlib.sha256()
    for part in _canonical(document, DEEPEST):
        digest.update(part.encode("ascii"))
    return digest.hexdigest()


def _canonical(item: Any, deepest: int) -> Iterator[str]:
    """JSON without spaces, keys in order, and each float as # and the digits of its 64 bits."""
    if deepest == 0:
        _refuse(f"it is nested more than {DEEPEST} deep")
    if isinstance(item, float):
        if not math.isfinite(item):
            _refuse(f"{item} is not a number that JSON knows")
        yield f"#{struct.pack('>d', item).hex()}"
    elif isinstance(item, dict):
        for i, key in enumerate(sorted(item)):
            yield f"{',' if i else '{'}{json.dumps(key)}:"
            yield from _canonical(item[key], deepest - 1)
        yield "}" if item else "{}"
    elif isinstance(item, list | tuple):
        for i, entry in enumerate(item):
            yield "," if i else "["
            yield from _canonical(entry, deepest - 1)
        yield "]" if item else "[]"
    elif item is None or isinstance(item, str | bool | int):
        yield json.dumps(item)
    else:
        _refuse(f"{type(item).__name__} is not something that JSON knows")


def _text(item: Any) -> str:
    """JSON, with the members of an object one a line."""
    if not isinstance(item, dict) or not item:
        return json.dumps(item)
    return "{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(entry)}" for key, entry in item.items()) + "\n}"


def _read(path: Path_) -> str:
    status = os.stat(path)  # before opening: opening a pipe would wait for ever
    if not stat.S_ISREG(status.st_mode):
        _refuse("it is not a file" if not stat.S_ISDIR(status.st_mode) else "it is a folder")
    with open(path, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        _refuse(f"it is larger than {MOST_BYTES // 2**20} MiB")
    if not content.strip():
        _refuse("it is empty")
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        _refuse(f"it is not text: byte {error.start} is not ASCII, as everything in this format is")


def _parse(text: str) -> Any:
    _check_bounds(text)
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_float=_float, parse_int=_integer, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        _refuse(f"it is not JSON: {error.msg} in line {error.lineno}, column {error.colno}")


def _check_bounds(text: str) -> None:
    """Refuse what would become large, or deep, in memory, by its marks alone."""
    if len(text) > MOST_BYTES:
        _refuse(f"it is larger than {MOST_BYTES // 2**20} MiB")
    depth = containers = commas = opened = 0
    quoted = False
    for number, mark in enumerate(MARK.finditer(text)):
        sign = mark.group()
        if sign == '"':
            quoted = not quoted
            if not quoted and mark.start() - opened > LONGEST_TEXT:
                _refuse(f"it has a string of more than {LONGEST_TEXT:,} characters")
            opened = mark.start()
        elif quoted:
            pass
        elif sign == ",":
            commas += 1
        elif sign in "[{":
            containers += 1
            depth += 1
            if depth > DEEPEST:
                _refuse(f"it is nested more than {DEEPEST} deep")
        elif sign in "]}":
            depth -= 1
        if commas + containers > MOST_ENTRIES or containers > MOST_CONTAINERS or number > MOST_MARKS:
            _refuse(f"it has more than {MOST_ENTRIES:,} entries or {MOST_CONTAINERS:,} lists and objects")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                _refuse(f"the key {key!r:.100} is given twice")
            seen.add(key)
    return members


def _float(text: str) -> float:
    if len(text) > LONGEST_NUMBER:
        _refuse(f"a number has {len(text)} characters, more than {LONGEST_NUMBER}")
    number = float(text)
    if math.isinf(number):
        _refuse(f"the number {text} is larger than the largest float")
    return number


def _integer(text: str) -> int | float:
    if len(text) > LONGEST_NUMBER:
        _refuse(f"a number has {len(text)} characters, more than {LONGEST_NUMBER}")
    return -0.0 if text == "-0" else int(text)


def _constant(text: str) -> NoReturn:
    _refuse(f"{text} stands where a number should")


def _refuse(reason: str) -> NoReturn:
    raise StorageError(reason)


def _sync_folder(folder: Path) -> None:
    """Make the renaming last through a power cut, where the system lets a folder be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
