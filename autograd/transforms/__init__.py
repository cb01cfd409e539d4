"""Functions to functions: derivatives, batches, loops, and what checks them."""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """`grad` and its kin, as pickles of 0.1.0 name them; later, for two threads may import this and a module in it."""
    return getattr(import_module("autograd.transforms.derivatives"), name)
