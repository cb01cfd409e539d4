"""Write the numbers that PyTorch computes: `python tests/nn/optimizers/trajectories/generate.py`.

It needs PyTorch, and is run by hand; the tests compare with the JSON files beside it. Everything is float64.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    import torch  # pytest imports every module, to look for examples, also where PyTorch is not installed

FOLDER = Path(__file__).parent
STEPS = 50
START = [1.3, -0.7, 0.4, 2.1, -1.6]
LR = {"SGD": 0.01, "RMSprop": 0.01, "Adam": 0.05, "AdamW": 0.05}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        {},
        {"weight_decay": 0.1},
        {"maximize": True, "lr": 0.0001},
        {"momentum": 0.9},
        {"momentum": 0.9, "dampening": 0.3},
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.8, "weight_decay": 0.05, "nesterov": True},
        {"momentum": 0.5, "dampening": 0.5, "weight_decay": 0.1},
        {"momentum": 0.5, "dampening": 0.1, "maximize": True, "lr": 0.0001},
    ],
    "RMSprop": [
        {},
        {"alpha": 0.9, "eps": 1e-4},
        {"weight_decay": 0.1},
        {"momentum": 0.9},
        {"centered": True},
        {"centered": True, "momentum": 0.7, "weight_decay": 0.05, "alpha": 0.95},
        {"maximize": True, "lr": 0.001},
    ],
    "Adam": [
        {},
        {"betas": [0.8, 0.95], "eps": 1e-5},
        {"weight_decay": 0.1},
        {"amsgrad": True},
        {"amsgrad": True, "weight_decay": 0.05, "betas": [0.7, 0.9]},
        {"maximize": True, "lr": 0.001},
    ],
    "AdamW": [
        {},
        {"weight_decay": 0.2},
        {"amsgrad": True, "betas": [0.7, 0.9]},
        {"weight_decay": 0.3, "maximize": True, "lr": 0.001},
    ],
}  # fmt: skip
LOGITS = [[2.0, 1.0, 0.1], [-1.5, 0.25, 3.0], [0.0, 0.0, 0.0], [12.0, -7.0, 5.0]]
CLASSES = [0, 1, 2, 0]
PROBABILITY_TARGETS = [[1.0, 0.0, 0.0], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.0, 0.25, 0.75]]
PREDICTIONS = [0.5, -1.25, 3.0, -0.1, 0.9]
TARGETS = [0.0, 1.0, 1.5, -0.1, -2.0]
PROBABILITIES = [0.5, 0.01, 0.999, 0.3, 0.75]
SHARES = [0.0, 1.0, 1.0, 0.25, 0.9]


def problem(x: list[Any]) -> Any:
    """A curved valley, a coupling, and a quartic: gradients of both signs and several sizes."""
    total = (x[0] - 1.0) * (x[0] - 1.0) + 5.0 * (x[1] - x[0] * x[0]) * (x[1] - x[0] * x[0])
    total = total + 0.5 * x[2] * x[2] * x[2] * x[2] + x[2] * x[3] + x[3] * x[3]
    return total + 0.3 * x[4] * x[4] - 0.2 * x[4] * x[0]


def trajectory(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """All parameters after each step. The last parameter has no gradient in every third step."""
    parameters = [torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in START]
    arguments = {"lr": LR[name]} | options
    optimizer = getattr(torch.optim, name)(parameters, **arguments)
    points = []
    for step in range(STEPS):
        optimizer.zero_grad()
        problem(parameters).backward()
        if step % 3 == 1:
            parameters[4].grad = None
        optimizer.step()
        points.append([parameter.item() for parameter in parameters])
    return {"arguments": arguments, "points": points}


def loss(function: Any, inputs: Any, targets: Any, **options: Any) -> dict[str, Any]:
    tensor = torch.tensor(inputs, dtype=torch.float64, requires_grad=True)
    of = torch.tensor(targets, dtype=torch.int64 if targets is CLASSES else torch.float64)
    value = function(tensor, of, **options)
    value.backward()
    none = function(tensor.detach(), of, reduction="none", **options)
    assert tensor.grad is not None
    return {
        "inputs": inputs, "targets": targets, "options": options, "value": value.item(), "losses": none.tolist(),
        "gradient": tensor.grad.tolist(),
    }  # fmt: skip


def losses() -> list[dict[str, Any]]:
    functional = torch.nn.functional
    cases = {
        "mean_squared_error": [loss(functional.mse_loss, PREDICTIONS, TARGETS)],
        "binary_cross_entropy": [loss(functional.binary_cross_entropy, PROBABILITIES, SHARES)],
        "binary_cross_entropy_with_logits": [
            loss(functional.binary_cross_entropy_with_logits, PREDICTIONS, SHARES),
            loss(functional.binary_cross_entropy_with_logits, [1000.0, -1000.0, 30.0], [0.0, 1.0, 0.5]),
        ],
        "cross_entropy": [
            loss(functional.cross_entropy, LOGITS, CLASSES),
            loss(functional.cross_entropy, LOGITS, PROBABILITY_TARGETS),
        ],
        "huber": [
            loss(functional.huber_loss, PREDICTIONS, TARGETS),
            loss(functional.huber_loss, PREDICTIONS, TARGETS, delta=0.4),
        ],
    }
    return [{"name": name} | case for name, members in cases.items() for case in members]


def schedules() -> list[dict[str, Any]]:
    """The learning rate at each of 12 steps, from 0.4."""
    kinds = torch.optim.lr_scheduler
    makers = {
        "step_decay": lambda o: kinds.StepLR(o, 3, gamma=0.5),
        "exponential": lambda o: kinds.ExponentialLR(o, 0.9),
        "cosine": lambda o: kinds.CosineAnnealingLR(o, 11, eta_min=0.02),
        "linear": lambda o: kinds.LinearLR(o, start_factor=0.25, end_factor=1.0, total_iters=5),
        "sequence": lambda o: kinds.SequentialLR(
            o, [kinds.LinearLR(o, start_factor=0.25, total_iters=4), kinds.ExponentialLR(o, 0.9)], [4]
        ),
        "product": lambda o: kinds.ChainedScheduler(
            [kinds.LinearLR(o, start_factor=0.25, total_iters=4), kinds.ExponentialLR(o, 0.9)]
        ),
    }
    cases = []
    for name, make in makers.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
        schedule = make(optimizer)
        rates = []
        for _ in range(12):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        cases.append({"name": name, "rates": rates})
    return cases


def clipping() -> list[dict[str, Any]]:
    cases = []
    gradients = [3.0, -4.0, 0.5, -12.0]
    for limit, p in [(1.0, 2.0), (100.0, 2.0), (1.0, 1.0), (1.0, 3.0), (1.0, float("inf"))]:
        parameters = [torch.tensor(0.0, dtype=torch.float64, requires_grad=True) for _ in gradients]
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = torch.tensor(gradient, dtype=torch.float64)
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit, p)
        clipped = [parameter.grad.item() for parameter in parameters if parameter.grad is not None]
        cases.append({"gradients": gradients, "max_norm": limit, "p": str(p), "norm": norm.item(), "clipped": clipped})
    return cases


def write(name: str, content: list[Any]) -> None:
    """One file, with a line for each case, for each kind of them, or for each point of a trajectory."""
    cases = [json.dumps(case).replace("], [", "],\n  [") for case in content]
    text = ",\n ".join(cases)
    (FOLDER / f"{name}.json").write_text(
        f'{{"torch": {json.dumps(torch.__version__)}, "cases": [\n {text}\n]}}\n', encoding="utf-8"
    )


if __name__ == "__main__":
    for name, combinations in OPTIONS.items():
        write(name, [trajectory(name, options) for options in combinations])
    write("losses", losses())
    write("schedules", schedules())
    write("clipping", clipping())
