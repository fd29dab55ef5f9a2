"""What a hardware profile and forbidden widths leave of the measured options."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.allocation.constraints import Forbidden
from analysis.errors import OptionError
from analysis.hardware.profile import HardwareProfile
from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig

Configs = Sequence[LayerConfig]
"""One config for each layer of a group."""

Swept = Sequence[tuple[bool, bool]]
"""For each layer whether its weight and whether its input was swept."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What leaves options out.

    Attributes:
        profile: kernels must take the option; None allows everything. A tensor that the sweep
            does not cover counts as whatever a kernel wants.
        forbidden: widths that must not be taken.
    """

    profile: HardwareProfile | None = None
    forbidden: tuple[Forbidden, ...] = ()

    def in_float(self, layer: Layer) -> bool:
        """Whether the profile runs the layer's kind in float only."""
        return self.profile is not None and self.profile.in_float(layer)

    def left(self, layers: Sequence[Layer], options: Sequence[Configs], swept: Swept) -> list[int]:
        """Which of a group's options remain, by their place."""
        return [
            place
            for place, configs in enumerate(options)
            if not self._bars(layers, configs) and self._runs(layers, configs, swept)
        ]

    def _bars(self, layers: Sequence[Layer], configs: Configs) -> bool:
        """Whether one of the group's layers would take a forbidden width."""
        pairs = zip(layers, configs, strict=True)
        return any(ban.hits(layer, config) for layer, config in pairs for ban in self.forbidden)

    def _runs(self, layers: Sequence[Layer], configs: Configs, swept: Swept) -> bool:
        """Whether the profile's kernels take every layer so."""
        if self.profile is None:
            return True
        rows = zip(layers, configs, swept, strict=True)
        return all(
            self.profile.allows(layer, config, weight=weight, activation=activation)
            for layer, config, (weight, activation) in rows
        )

    def refusal(
        self, layers: Sequence[Layer], options: Sequence[Configs], swept: Swept, *, pinned: bool
    ) -> OptionError:
        """Why nothing is left of a group's options."""
        runs = [configs for configs in options if self._runs(layers, configs, swept)]
        if not runs and self.profile is not None:
            return OptionError(self._not_run(self.profile, layers, options, swept, pinned=pinned))
        what = "the widths that the profile leaves" if len(runs) < len(options) else "all widths"
        if pinned:
            what = "the width it is pinned to"
        names = " and ".join(dict.fromkeys(ban.whom for ban in self.forbidden))
        return OptionError(
            f"A layer must keep a width to choose, and {what} of {layers[0].name!r} are forbidden "
            f"(for {names}); forbid less, or sweep more widths."
        )

    def _not_run(
        self,
        profile: HardwareProfile,
        layers: Sequence[Layer],
        options: Sequence[Configs],
        swept: Swept,
        *,
        pinned: bool,
    ) -> str:
        """The layer that no kernel takes, what it takes, and what was swept."""
        alone = [
            (layer, [configs[place] for configs in options], [swept[place]])
            for place, layer in enumerate(layers)
        ]
        layer, configs, had = next(
            (
                row
                for row in alone
                if not any(self._runs([row[0]], [config], row[2]) for config in row[1])
            ),
            alone[0],
        )
        verb = "is pinned to" if pinned else "was swept as"
        remedy = "pin it otherwise" if pinned else "sweep with such specs"
        return (
            f"{profile.title} must have a kernel for {layer.name!r} ({layer.kind}); it takes "
            f"{profile.words(layer)}, and the layer {verb} {_words(configs, had[0])}; "
            f"{remedy}, or choose another profile."
        )


OPEN = Narrowing()


def _words(configs: Sequence[LayerConfig], swept: tuple[bool, bool]) -> str:
    """What there is to choose from, without repeating what differs in the width alone."""
    parts = []
    for name, had, specs in (
        ("weights", swept[0], [config.weight for config in configs]),
        ("inputs", swept[1], [config.activation for config in configs]),
    ):
        if had:
            parts.append(f"{_specs(specs)} {name}")
    return " with ".join(parts) or "float"


def _specs(specs: Sequence[QuantSpec | None]) -> str:
    """Such as ``int2/3/4 asym per-channel minmax``."""
    found: dict[str, list[str]] = {}
    for spec in dict.fromkeys(specs):
        first, _, rest = ("float", "", "") if spec is None else spec.label.partition(" ")
        family = first.rstrip("0123456789")
        found.setdefault(f"{family}|{rest}", []).append(first.removeprefix(family))
    texts = []
    for key, widths in found.items():
        family, _, rest = key.partition("|")
        texts.append(
            f"{family}{'/'.join(sorted(widths, key=lambda w: int(w or 0)))} {rest}".strip()
        )
    return " or ".join(texts)
