"""A TorchScript archive as a graph with its layers put back. Loading one can run code."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from analysis.errors import ModelError
from analysis.workloads.checks import check_weights
from analysis.workloads.models.model import ReadModel
from analysis.workloads.models.restored import restore_layers
from analysis.workloads.models.skeletons import built
from analysis.workloads.workload import Inputs

SAMPLES = 3
"""An example with more than one sample, and no usual power of two: the batch axis stays free."""


def read_torchscript(path: Path, example: Inputs) -> ReadModel:
    """The script as a module whose layers can be found, by torch's own converter.

    Args:
        path: of the archive.
        example: inputs of at least three samples.

    Raises:
        ModelError: torch cannot load it, or its code cannot be converted; says what can be done.
    """
    script = built(f"The script of {path.name}", lambda: _loaded(path))
    samples = _few(example)
    try:
        with _quiet():
            from torch._export.converter import TS2EPConverter

            program = TS2EPConverter(script, samples).convert()
            graph = restore_layers(program.module(check_guards=False))
    except Exception as error:
        first = (str(error).strip().splitlines() or ["no message"])[0]
        raise ModelError(
            f"A TorchScript file must be one that torch can convert to a graph, since hooks do not "
            f"reach its modules; {path.name:.80} is not ({type(error).__name__}: {first:.160}). "
            "Bring its weights with --architecture, or the Python model by a factory: "
            "my_case.py:make."
        ) from error
    check_weights(graph)
    return ReadModel(graph)


def _loaded(path: Path) -> Any:
    with _quiet():
        load: Any = torch.jit.load  # untyped
        return load(path, map_location="cpu").eval()


def _few(inputs: Inputs) -> tuple[Tensor, ...]:
    """A few samples as positional inputs."""
    if isinstance(inputs, Tensor):
        return (inputs[:SAMPLES],)
    values = inputs.values() if isinstance(inputs, Mapping) else inputs
    return tuple(value[:SAMPLES] for value in values)


@contextmanager
def _quiet() -> Iterator[None]:
    """TorchScript is deprecated, and torch says so at every step."""
    log = logging.getLogger("torch._export.non_strict_utils")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
