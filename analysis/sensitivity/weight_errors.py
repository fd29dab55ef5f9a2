"""What each spec does to one weight, as a table whose product with a gradient is the effect."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True, eq=False)
class Gradients:
    """Those of one backward pass, by layer name.

    Attributes:
        of_weights: None where the output does not depend on the weight.
        of_outputs: of the values added to output channels; of the layers whose table has shifts.
    """

    of_weights: Mapping[str, Tensor | None]
    of_outputs: Mapping[str, Tensor | None]


@dataclass(slots=True, eq=False)
class EffectRows:
    """The effects of all specs, a row for each backward pass.

    The tables of all layers are larger than a core's cache, and reading them is most of the work:
    each is gone through for several passes in a row, whose gradients wait for that.

    Attributes:
        tables: by layer name.
        most: passes that wait at once.
    """

    tables: Mapping[str, WeightErrors]
    most: int
    _waiting: list[Gradients] = field(default_factory=list, init=False)
    _rows: dict[str, list[Tensor]] = field(default_factory=lambda: defaultdict(list), init=False)

    def add(self, gradients: Gradients) -> None:
        """Take in one backward pass."""
        self._waiting.append(gradients)
        if len(self._waiting) >= self.most:
            self._multiply()

    def finished(self) -> Mapping[str, Tensor]:
        """Layer name to (passes, specs)."""
        self._multiply()
        return {name: torch.stack(rows) for name, rows in self._rows.items()}

    def _multiply(self) -> None:
        for name, table in self.tables.items():
            self._rows[name] += [
                table.effects(each.of_weights[name], each.of_outputs.get(name))
                for each in self._waiting
            ]
        self._waiting.clear()


def weight_errors(made: WeightCache, layer: Layer, specs: Sequence[QuantSpec]) -> WeightErrors:
    """The errors of some specs on the weight of a layer, in their order."""
    weight = made.subject.model.get_parameter(layer.param).detach()
    plain = [spec.without_bias_correction() for spec in specs]
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
