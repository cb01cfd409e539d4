"""A training on its way, on disk: what `Checkpoint` writes and `fit(..., resume=path)` reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from nn.files.documents import read_document, write_document

KIND, VERSION = "scalar-autograd training", 1


def write_checkpoint(path: str | os.PathLike[str], state: Mapping[str, Any]) -> None:
    """Write the state of a training, in the place of what is there. Raises `OSError` where it cannot be written."""
    write_document(path, KIND, VERSION, dict(state))


def read_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The state in a checkpoint. Raises `StorageError` for a file that is none, or is damaged."""
    return read_document(path, KIND, VERSION)
