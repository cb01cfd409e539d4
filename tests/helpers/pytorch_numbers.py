"""What PyTorch computed, as `nn/optimizers/trajectories/generate.py` wrote it."""

import json
from pathlib import Path


def cases(name):
    """The cases of one file."""
    folder = Path(__file__).parent.parent / "nn" / "optimizers" / "trajectories"
    stored = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    assert stored["torch"].startswith("2.13.")
    return stored["cases"]


def problem(x):
    """The function of five numbers that generate.py has optimized."""
    total = (x[0] - 1.0) * (x[0] - 1.0) + 5.0 * (x[1] - x[0] * x[0]) * (x[1] - x[0] * x[0])
    total = total + 0.5 * x[2] * x[2] * x[2] * x[2] + x[2] * x[3] + x[3] * x[3]
    return total + 0.3 * x[4] * x[4] - 0.2 * x[4] * x[0]


START = [1.3, -0.7, 0.4, 2.1, -1.6]
