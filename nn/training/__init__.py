"""Training a model on data."""

from nn.training.callbacks import Checkpoint, EarlyStopping
from nn.training.fit import Training, fit
from nn.training.history import History

__all__ = [
    "Checkpoint",
    "EarlyStopping",
    "History",
    "Training",
    "fit",
]
