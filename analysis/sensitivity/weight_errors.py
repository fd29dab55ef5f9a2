"""What each spec does to one weight, as a table whose product with a gradient is the effect."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.weight_cache import WeightCache


@dataclass(frozen=True, slots=True, eq=False)
class WeightErrors:
    """The errors of several specs on one weight.

    Specs that differ in bias correction alone have the same weight, so its error stands once.

    Attributes:
        weights: quantised less float weight, (different weights, size of the weight).
        places: which of them each spec has, (specs,).
        shifts: what each spec adds to the output channels, (specs, channels); None where none does.
    """

    weights: Tensor
    places: Tensor
    shifts: Tensor | None

    def effects(self, gradient: Tensor | None, of_output: Tensor | None) -> Tensor:
        """First-order effect of each spec, (specs,).

        Args:
            gradient: of the weight; None where the output does not depend on it.
            of_output: of the value added to each output channel, likewise.
        """
        found = self.weights.new_zeros(len(self.places))
        if gradient is not None:
            found = (self.weights @ gradient.flatten())[self.places]
        if self.shifts is not None and of_output is not None:
            found = found + self.shifts @ of_output
        return found


def weight_errors(made: WeightCache, layer: Layer, specs: Sequence[QuantSpec]) -> WeightErrors:
    """The errors of some specs on the weight of a layer, in their order."""
    weight = made.subject.model.get_parameter(layer.param).detach()
    plain = [replace(spec, bias_correction=False) for spec in specs]
    different = list(dict.fromkeys(plain))
    made.ready(layer, specs)
    quantised = torch.stack([made.get(layer, spec).weight for spec in different])
    shifts = [made.get(layer, spec).shift for spec in specs]
    none = weight.new_zeros(layer.channels)
    return WeightErrors(
        quantised.sub_(weight).flatten(1),
        torch.tensor([different.index(spec) for spec in plain]),
        torch.stack([none if shift is None else shift for shift in shifts])
        if any(shift is not None for shift in shifts)
        else None,
    )
