"""What trying a spec on one layer shows, as values: its effect, a comparison, a strip of widths."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from analysis.quant.stats import Histogram, SpecEffect
from analysis.sensitivity.points import Divergence, Target

OutputKind = Literal["classes", "tokens", "values"]
"""What the model's output means: one choice a sample, one a position, or plain numbers."""


@dataclass(frozen=True, slots=True)
class ChannelExtremes:
    """Smallest and largest value of each channel.

    Attributes:
        total: channels there are; at most 512 of them are told, evenly strided.
    """

    total: int
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SpecLook:
    """What one spec does to one tensor, looked at closely.

    Attributes:
        error: histogram of x_hat - x; of the inputs on a few calibration samples.
        scales: scale of each output channel (its largest group's), at most 512, strided beyond;
            a single one for per-tensor.
        values: numbers that were looked at.
        total: numbers in the tensor; more than `values` where channels were left out.
        channels: of an input, over the calibration set; None for a weight, whose profile has them.
    """

    effect: SpecEffect
    error: Histogram
    scales: tuple[float, ...]
    values: int
    total: int
    channels: ChannelExtremes | None = None


@dataclass(frozen=True, slots=True)
class SpecTable:
    """SQNR (dB) of every layer's weights at one spec, by layer name."""

    label: str
    sqnr_db: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class TrialSide:
    """The network with one tensor quantised in one way, all else in float.

    Attributes:
        divergence: mean over the samples, with its 95 % interval `low` to `high`.
    """

    label: str
    divergence: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Trial:
    """Two specs of one tensor, measured on the same sweep samples.

    Attributes:
        gain: divergence of `before` less that of `after`, paired over samples; positive where
            the second spec is better.
        low, high: 95 % interval of that gain.
        samples: how many of the `total` sweep samples were measured.
    """

    layer: str
    target: Target
    divergence: Divergence
    before: TrialSide
    after: TrialSide
    gain: float
    low: float
    high: float
    samples: int
    total: int


@dataclass(frozen=True, slots=True)
class WidthRow:
    """One sample seen through the network with one layer's weights quantised.

    Attributes:
        label: the spec; None is the float network.
        picture: the layer's output as rows of levels from 0 to 255, at most 28 x 28.
        answers: index of the largest output, at each shown position for tokens; empty for values.
        probability: softmax of the first answer; 0 for values.
        error: distance of the network's output from the float one, relative to its norm.
    """

    label: str | None
    bits: int | None
    picture: tuple[tuple[int, ...], ...]
    answers: tuple[int, ...]
    probability: float
    error: float


@dataclass(frozen=True, slots=True)
class WidthStrip:
    """What ever fewer bits do to one sample.

    Attributes:
        kind: what the outputs mean.
        seen: what the picture shows of the layer's output, such as ``channel 3``.
        classes: names of the classes (of tokens: what each stands for), where the workload gives
            them.
        given: the tokens that the answers follow, one each; empty for other inputs.
        target: label of the sample; None without one.
        rows: float first, then from many bits to few.
    """

    layer: str
    sample: int
    samples: int
    kind: OutputKind
    seen: str
    classes: tuple[str, ...]
    given: tuple[int, ...]
    target: int | None
    rows: tuple[WidthRow, ...]
