"""The page: one HTML file in which a network learns, and in which every number can be asked where it comes from."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import Any

from nn import losses
from nn.errors import ExportError
from nn.files.documents import write_whole
from nn.files.storage import FORMAT, VERSION
from nn.modules.architecture import describe
from nn.modules.layers import MLP
from nn.modules.module import Module
from nn.page.frames import default_rounds, record_frames
from nn.page.network_program import Loss, network_program
from nn.page.sets import TrainingSet, fitting_sets, signed, training_set

# In this order, in one scope: each file uses what stands in those before it.
SCRIPTS = (
    "operations", "tape", "differences", "training", "phases", "states", "player", "numbers", "formulas", "derivations",
    "model_file", "drawing", "layout", "network", "graph", "curve", "boundary", "elements", "running", "derivation",
    "controls", "samples", "settings", "tables", "address", "downloads", "app",
)  # fmt: skip
STYLES = ("page", "regions", "views")
MOST_PARAMETERS = 3000  # a page of so many takes ten seconds to make, and has four megabytes


def page(
    network: Module,
    data: Any,
    path: str | os.PathLike[str],
    **options: Any,
) -> None:
    """Write the page for a network: one HTML file that needs no server and no network.

    Parameters: `network`, of nn's layers; `data`, a pair (inputs, targets) or a `TrainingSet`; `path`; `options`, as
    for `document`.

    Raises: `OSError` where it cannot be written; otherwise as `document`.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page(MLP(2, [1], output_activation="sigmoid"), ([[0.0, 1.0]], [1.0]), f"{folder}/page.html", rounds=0)
    ...     Path(f"{folder}/page.html").read_text(encoding="utf-8")[:15]
    '<!DOCTYPE html>'
    """
    write_whole(path, page_text(document(network, data, **options)).encode("utf-8"))


def document(
    network: Module,
    data: Any,
    *,
    loss: Loss = losses.half_squared_error,
    lr: float = 0.5,
    biases: bool = True,
    title: str = "",
    about: str = "",
    inputs: Sequence[str] = (),
    rounds: int | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """What the page is made of, for JSON: the network's graph as a tape, its formulas, the samples, recorded frames.

    Parameters
    - `network`, an MLP, a Layer, or a Sequential of Linear layers and activations;
    - `data`, a pair (inputs, targets) of lists or arrays, or a `TrainingSet`; the built-in sets of its shape come too;
    - `loss(prediction, target)`, of one sample; the page trains on the mean;
    - `lr` and `biases`, the learning rate, and whether the biases are trained; the page can change both;
    - `title` and `about`, a heading and a sentence; `inputs`, the names of the inputs, x1, x2, … where not given;
    - `rounds`, how many rounds the engine trains to record what the page is compared with (the network itself stays),
      as many as take a few seconds where not given; `progress`, False for no progress bar.

    Raises: `ShapeError` or `ValueError` where data, loss and network do not fit; `ExportError` for a network that the
    page cannot draw or compute.
    """
    if len(network.parameters()) > MOST_PARAMETERS:
        raise ExportError(f"a page shows {MOST_PARAMETERS:,} parameters at most, not {len(network.parameters()):,}")
    given = data if isinstance(data, TrainingSet) else training_set(data, "given", "the data that the page was made of")
    program = network_program(network, loss, (given.inputs[0], given.targets[0]), inputs)
    if rounds is None:
        rounds = default_rounds(len(program["parameters"]), len(given))
    frames = record_frames(network, loss, given, lr, biases, rounds, progress)
    sets = [given, *(each for each in _other_sets(loss, *given.shape) if each.name != given.name)]
    return {
        "title": title or f"A network of {len(program['parameters'])} parameters",
        "about": about,
        "noun": "round",
        "settings": {"rate": float(lr), "schedule": "simultaneous", "biases": biases, "set": 0},
        "sets": [
            {"name": each.name, "about": each.about, "inputs": each.inputs, "targets": each.targets} for each in sets
        ],
        "threshold": _threshold(network, loss),
        "frames": frames,
        "model": {"format": FORMAT, "version": VERSION, "model": describe(network)},
        **program,
    }


def page_text(document: dict[str, Any]) -> str:
    """The page as text. Its policy lets nothing run or load but its own script and style, which it knows by hash."""
    data = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    parts = {
        "TITLE": escape(document["title"]),
        "POLICY": (
            f"default-src 'none'; script-src '{_hash(script())}'; style-src '{_hash(style())}'; base-uri 'none'; "
            "form-action 'none'"
        ),
        "STYLE": style(),
        # Nothing in it can end the element that holds it.
        "DOCUMENT": data.replace("<", r"\u003c").replace("\u2028", r"\u2028").replace("\u2029", r"\u2029"),
        "SCRIPT": script(),
    }
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda match: parts[match[1]], _asset("page.html"))


@functools.cache
def script() -> str:
    """The page's script, which puts `Player`, `mountPage` and others into the global object `autogradPage`."""
    body = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{body}}})();\n'


@functools.cache
def style() -> str:
    """The page's style; every rule is for what is inside an element of the class `autograd-page`."""
    return "\n".join(_asset(f"{name}.css") for name in STYLES)


def _other_sets(loss: Loss, inputs: int, outputs: int) -> list[TrainingSet]:
    """The sets that come with the page, with targets as the loss takes them."""
    if loss is losses.cross_entropy:  # their targets are no probabilities of classes
        return []
    known = fitting_sets(inputs, outputs)
    return list(map(signed, known)) if loss is losses.hinge else known


def _asset(name: str) -> str:
    return files("nn.page").joinpath("assets", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _threshold(network: Module, loss: Loss) -> float | None:
    """The level of an output between one class and the other: ½ of a probability, 0 of a score."""
    if loss in (losses.hinge, losses.binary_cross_entropy_with_logits):
        return 0.0
    last = network.layers[-1].neurons[0].activation if isinstance(network, MLP) else None
    return 0.0 if last == "tanh" else 0.5
