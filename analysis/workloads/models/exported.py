"""A `torch.export` program (.pt2): its graph with the layers put back. Loading one can run code."""

import warnings
from pathlib import Path
from typing import Any

import torch

from analysis.workloads.checks import check_weights
from analysis.workloads.models.model import ReadModel
from analysis.workloads.models.restored import restore_layers
from analysis.workloads.models.skeletons import built


def read_exported(path: Path) -> ReadModel:
    """The exported graph as a module whose layers have the user's names.

    Raises:
        ModelError: torch cannot load it, or its weights are not finite.
    """
    program = built(f"The program of {path.name:.80}", lambda: _loaded(path))
    graph = restore_layers(program.module(check_guards=False))
    check_weights(graph)
    return ReadModel(graph)


def _loaded(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own loader uses what torch deprecates
        return torch.export.load(path)
