"""The engine's own numbers for what the pages show, trained here and never by the page's script."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import nn
from nn.article import network as article
from nn.files.documents import write_document
from nn.files.storage import FORMAT, VERSION

ROUNDS = 10_000
DOCUMENT = re.compile(r'<script type="application/json" class="autograd-document">(.*?)</script>', re.DOTALL)


def document(path: Path) -> dict[str, Any]:
    """The document inside a page."""
    found = DOCUMENT.search(path.read_text(encoding="utf-8"))
    assert found
    result: dict[str, Any] = json.loads(found[1])
    return result


@cache
def article_after(schedule: str, rounds: int) -> article.ArticleNetwork:
    return article.train(schedule, range(rounds))[0]


@cache
def gate_after(path: Path, gate: str, rounds: int, lr: float) -> tuple[list[float], float]:
    """The parameters, and the mean error, of the network in a page's model file, trained on a gate, biases too."""
    start = document(path)
    nodes = [start["nodes"][place] for place in start["parameters"]]
    file = path.with_suffix(".start.json")
    numbers = {node["path"]: node["start"] for node in nodes}
    write_document(file, FORMAT, VERSION, {"model": start["model"]["model"], "parameters": numbers})
    network = nn.load(file)
    data = nn.datasets.logic_gate(gate)
    descent = nn.SGD(network.parameters(), lr=lr)

    def mean_error() -> Any:
        outs = [network(row) for row in data.inputs]
        losses = [
            nn.half_squared_error(out[0] if isinstance(out, list) else out, float(target))
            for out, target in zip(outs, data.targets)
        ]
        return sum(losses[1:], losses[0]) / len(losses)

    for _ in range(rounds):
        descent.zero_grad()
        mean_error().backward()
        descent.step()
    return [parameter.data for parameter in network.parameters()], mean_error().data
