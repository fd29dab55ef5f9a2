"""The proxy that looks at the output of the layer's own module, in the float run."""

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor

from analysis.layers import Layer
from analysis.sensitivity.points import Cell
from analysis.sensitivity.proxies.ground import Ground
from analysis.sensitivity.proxies.uses import Call, float_tensors, owners, watched_calls
from analysis.sensitivity.proxies.weight_error import Figures, decibels
from analysis.simulate.substitution import call_with, quiet_inference


def _squares(tensors: Sequence[Tensor]) -> float:
    return sum(float(x.square().sum(dtype=torch.float64)) for x in tensors)


def local_output(ground: Ground) -> Figures:
    """Signal-to-noise ratio of the module's output on the inputs of the float run, in dB.

    Sums over the whole sweep set are divided once.
    """
    signal: dict[str, float] = defaultdict(float)
    noise: dict[Cell, float] = defaultdict(float)

    def see(call: Call, layers: Sequence[Layer], output: object) -> None:
        reference = [x.clone() for x in float_tensors(output)]
        for layer in layers:
            signal[layer.name] += _squares(reference)
            for cell in ground.cells[layer.name]:
                actual = call.with_cell(layer, cell)
                noise[cell] += _squares([x - y for x, y in zip(actual, reference, strict=True)])

    with quiet_inference(ground.subject), watched_calls(ground, owners(ground), see):
        for inputs, _ in ground.batches():
            call_with(ground.subject.model, {}, inputs)
    return {
        "output_sqnr_db": {
            cell: decibels(signal[layer.name], noise[cell])
            for layer in ground.layers
            for cell in ground.cells[layer.name]
        }
    }
