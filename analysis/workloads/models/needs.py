"""Whether data hold all that a model with several inputs asks for."""

from collections.abc import Mapping

import torch

from analysis.errors import ModelError
from analysis.workloads.data.parts import DataParts
from analysis.workloads.models.model import ReadModel
from analysis.workloads.parts import cut_batch
from analysis.workloads.workload import call_model


def check_inputs(read: ReadModel, parts: DataParts) -> None:
    """Run a model of several inputs on one sample.

    Some encoder-decoders make the decoder's tokens themselves, so that running is the only way to
    know.

    Raises:
        ModelError: an input is missing; names those needed.
    """
    if not read.needs:
        return
    inputs, _ = cut_batch(next(iter(parts.calibration)), 0, 1)
    if isinstance(inputs, Mapping) and set(read.needs) <= set(inputs):
        return
    try:
        with torch.no_grad():
            call_model(read.model, inputs)
    except (ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise ModelError(
            f"{type(read.model).__name__} needs the inputs {' and '.join(read.needs)}, and the "
            "data do not hold them; give an .npz archive with an array of each name (and y, where "
            "there are labels), or write a factory: my_case.py:make."
        ) from error
