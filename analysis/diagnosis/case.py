"""What is judged, and what a judgement says; torch-free values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from analysis.errors import OptionError
from analysis.profiles import LayerProfile
from analysis.quant.spec import QuantSpec
from analysis.quant.stats import SpecEffect
from analysis.sensitivity.points import SweepPoint, Target


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause with its evidence, and a remedy to try.

    Attributes:
        title: the cause in two or three words.
        sentence: the evidence, with its numbers.
        target: the tensor that `before` and `remedy` quantise.
        before: the spec that was judged.
        remedy: the spec that should help.
    """

    title: str
    sentence: str
    target: Target
    before: QuantSpec
    remedy: QuantSpec


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged.

    Attributes:
        effect: of the spec on the weight; None when not known.
        seen: effect on the input of the spec that it would take; None when not known.
        following: name of the next layer, if there is one.
        points: weight points of a sweep of the same model, of all layers; may be empty.
    """

    profile: LayerProfile
    spec: QuantSpec
    effect: SpecEffect | None = None
    seen: SpecEffect | None = None
    following: str | None = None
    points: Sequence[SweepPoint] = ()

    @property
    def spans(self) -> tuple[float, ...]:
        """Largest less smallest weight of each output channel."""
        profile = self.profile
        return tuple(b - a for a, b in zip(profile.channel_min, profile.channel_max, strict=True))

    def changed(self, **parts: object) -> QuantSpec | None:
        """The spec with other parts; None where they do not go together."""
        try:
            made = replace(self.spec, **parts)  # type: ignore[arg-type]
        except OptionError:
            return None
        return made if made != self.spec else None

    def finding(self, title: str, sentence: str, remedy: QuantSpec | None) -> Iterator[Finding]:
        """The finding, where there is a remedy."""
        if remedy is not None:
            yield Finding(title, sentence, "weight", self.spec, remedy)


def dead_channels(profile: LayerProfile) -> int:
    """Output channels (of those that were looked at) whose weights are all the same number."""
    return sum(
        low == high for low, high in zip(profile.channel_min, profile.channel_max, strict=True)
    )
