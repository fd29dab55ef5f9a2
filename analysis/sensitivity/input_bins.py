"""The error that quantising a layer's input makes, as a table over fine bins of its values.

The quantisation error of an activation is a function of its value alone (one scale a tensor), so
the first-order effect sum g(x) e(x) of *every* format needs one weighted histogram of the
gradients g over the values x, and one table of e for each format: the cost of a further format is
one dot product over the bins. Where each sample finds its own range there is no such table, and the
errors are made value by value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from analysis.quant.dynamic import fake_quantize_as_it_comes
from analysis.quant.fake import fake_quantize_tensor
from analysis.quant.observer import Observer
from analysis.quant.qparams import activation_qparams
from analysis.quant.spec import QuantSpec

BINS = 1 << 14
"""64 bins a code at 8 bits: the error within a bin varies by 1/64 of a step."""

TABLE_BYTES_A_SPEC = 4 * BINS


@dataclass(frozen=True, slots=True, eq=False)
class PlacedInput:
    """One input, binned.

    Attributes:
        places: bin numbers, int32, flat.
        excess: range end less value for values beyond the calibrated range, else 0, flat; None
            where all values lie in the range.
        dynamic: the error of each spec that finds its range at run time, flat, by its number.
    """

    places: Tensor
    excess: Tensor | None
    dynamic: Mapping[int, Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class InputBins:
    """Bins over the calibrated range of one layer's input, and what each spec does in them.

    Attributes:
        errors: quantised less float value at the bin centres, (specs, bins); zeros for the specs
            that find their range at run time.
        dynamic: those specs, by their number.
        channel_axis: of the layer's input.
    """

    low: float
    high: float
    errors: Tensor
    dynamic: Mapping[int, QuantSpec]
    channel_axis: int = -1

    def place(self, values: Tensor) -> PlacedInput:
        """Sort an input into the bins; values beyond the range go to the outer ones."""
        flat = _fine(values.detach().flatten())
        scaled = (flat - self.low).mul_(BINS / self._span).clamp_(0, BINS - 1)
        lowest, highest = torch.aminmax(flat)
        outside = bool(lowest < self.low) or bool(highest > self.high)
        excess = flat.clamp(self.low, self.high).sub_(flat) if outside else None
        dynamic = {
            number: _fine(
                fake_quantize_as_it_comes(values, spec, self.channel_axis) - values.detach()
            ).flatten()
            for number, spec in self.dynamic.items()
        }
        return PlacedInput(scaled.to(torch.int32), excess, dynamic)

    def effects(self, placed: PlacedInput, gradient: Tensor) -> Tensor:
        """First-order effect of each spec: sum of gradient times error, (specs,).

        Beyond the range every spec clips to the range's end first, so the excess counts alike.
        """
        flat = _fine(gradient.flatten())
        mass = torch.bincount(placed.places, weights=flat, minlength=BINS)
        found = self.errors @ mass.float()
        if placed.excess is not None:
            found = found + placed.excess @ flat
        for number, error in placed.dynamic.items():
            found[number] = error @ flat
        return found

    @property
    def _span(self) -> float:
        return self.high - self.low or 1.0


def _fine(values: Tensor) -> Tensor:
    """In float32 at least: half precision cannot tell the last bins apart."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values


def input_bins(observed: Observer, specs: Sequence[QuantSpec], channel_axis: int = -1) -> InputBins:
    """Bins between the extremes of calibration; a constant input has one error everywhere."""
    low, high = observed.minimum, observed.maximum
    width = (high - low) / BINS
    centres = low + (torch.arange(BINS, dtype=torch.float32) + 0.5) * width
    errors = []
    for spec in specs:
        if spec.at_run_time:
            errors.append(torch.zeros(BINS))
            continue
        qparams = activation_qparams(observed, spec)
        errors.append(fake_quantize_tensor(centres, qparams, spec.format) - centres)
    dynamic = {n: spec for n, spec in enumerate(specs) if spec.at_run_time}
    return InputBins(low, high, torch.stack(errors), dynamic, channel_axis)
