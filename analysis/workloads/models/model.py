"""A model that was read, with what its own files say about its inputs and outputs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from analysis.workloads.data.form import Pictures, Text


@dataclass(frozen=True, slots=True, eq=False)
class ReadModel:
    """A model in eval mode on the CPU, in float32.

    Attributes:
        takes: how pictures or texts become its inputs, where its files say so.
        output: takes the output tensor from what it returns; None leaves that to `subject`.
        scores: whether the output may be scores of classes or tokens, so that labels suggest a
            metric; else they are features, or boxes and scores of a detector, for which only a
            task that is named has one.
        classes: names of the classes by their numbers, where its files say them.
        needs: names of the inputs where it does not run on one alone.
    """

    model: nn.Module
    takes: Pictures | Text | None = None
    output: Callable[[Any], Tensor] | None = None
    scores: bool = True
    classes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
