"""Data sets to learn with."""

from nn.data.datasets import GATES, Dataset, digits, iris, logic_gate, named_dataset, two_moons

__all__ = [
    "Dataset",
    "GATES",
    "digits",
    "iris",
    "logic_gate",
    "named_dataset",
    "two_moons",
]
