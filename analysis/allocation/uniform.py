"""Recipes with one width for all layers, or two neighbouring ones."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.allocation.cells import Measured, measured, members, spec_of, swept_specs
from analysis.cost import recipe_cost, weight_bytes
from analysis.errors import InfeasibleBudgetError, OptionError
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities, Target


@dataclass(frozen=True, slots=True)
class Uniforms:
    """Builds uniform recipes of one sweep, all with the same activations.

    Attributes:
        specs: weight specs measured on every layer, narrowest first; where a sweep chose a spec
            for each layer, one spec of each width stands for those of all layers (see `own`).
        activation: spec of every activation the sweep covers; None leaves them in float.
    """

    result: Sensitivities
    points: Measured
    specs: tuple[QuantSpec, ...]
    activation: QuantSpec | None

    @classmethod
    def like(cls, result: Sensitivities, recipe: Recipe | None) -> "Uniforms":
        """With the activations of a recipe, all at the swept width nearest to its mean by MACs.

        Without a recipe they take the widest swept spec, as `allocate` gives them where nothing
        limits the BOPs.
        """
        points = measured(result)
        return cls(result, points, _everywhere(points, result, "weight"), _near(result, recipe))

    def recipe(self, weights: Mapping[str, QuantSpec], name: str) -> Recipe:
        """The recipe with these weight specs."""
        layers = {
            layer.name: LayerConfig(
                weight=weights.get(layer.name),
                activation=self.activation if (layer.name, "activation") in self.points else None,
            )
            for layer in self.result.layers
        }
        return Recipe(layers, self.result.setup.workload, self.result.setup.fingerprint, name)

    def own(self, layer: str, spec: QuantSpec) -> QuantSpec:
        """What a layer takes where all take `spec`: that, or its own spec of the same width."""
        known = self.points.get((layer, "weight"), {})
        if not known or spec.label in known:
            return spec
        return next(found for label in known if (found := spec_of(label)).bits == spec.bits)

    def at(self, spec: QuantSpec) -> Recipe:
        """Every layer at one spec."""
        weights = {layer.name: self.own(layer.name, spec) for layer in self.result.layers}
        return self.recipe(weights, f"uniform {spec.bits}-bit")

    def bytes_of(self, recipe: Recipe) -> int:
        """Stored bytes of the recipe's weights."""
        return recipe_cost(self.result.layers, recipe, other_bytes=0).weight_bytes

    def within(self, stored: int) -> Recipe:
        """The widest uniform recipe that fits, raised by one width from the input side on.

        A group that does not fit any more is passed over, so that the baseline spends as many of
        the bytes as it can.

        Raises:
            InfeasibleBudgetError: not even the narrowest fits.
        """
        fitting = [spec for spec in self.specs if self.bytes_of(self.at(spec)) <= stored]
        if not fitting:
            smallest = self.bytes_of(self.at(self.specs[0]))
            raise InfeasibleBudgetError(
                f"No uniform recipe fits {stored:,} bytes; the smallest, "
                f"{self.specs[0].bits}-bit, takes {smallest:,}."
            )
        spec = fitting[-1]
        if spec == self.specs[-1]:
            return self.at(spec)
        wider = self.specs[self.specs.index(spec) + 1]
        return self._raised(spec, wider, stored)

    def _raised(self, spec: QuantSpec, wider: QuantSpec, stored: int) -> Recipe:
        """Uniform at `spec`, groups from the input side on at `wider` while bytes remain."""
        left = stored - self.bytes_of(self.at(spec))
        weights = {layer.name: self.own(layer.name, spec) for layer in self.result.layers}
        raised = False
        for group in members(self.result):
            wide = {layer.name: self.own(layer.name, wider) for layer in group}
            more = sum(
                weight_bytes(layer, wide[layer.name]) - weight_bytes(layer, weights[layer.name])
                for layer in group
            )
            if more <= left:
                left -= more
                weights.update(wide)
                raised = True
        if not raised:
            return self.at(spec)
        return self.recipe(weights, f"uniform {spec.bits}–{wider.bits}-bit, same bytes")


def _everywhere(points: Measured, result: Sensitivities, target: Target) -> tuple[QuantSpec, ...]:
    """Specs measured on every layer the sweep covers, narrowest first.

    Where the layers have different specs of a width, the first of them stands for all.

    Raises:
        OptionError: no weights were swept, or no width is finished yet.
    """
    covered = [found for (_, which), found in points.items() if which == target]
    swept = swept_specs(result, target)
    common = [spec for spec in swept if all(spec.label in found for found in covered)]
    widths = [{spec_of(label).bits for label in found} for found in covered]
    first = {spec.bits: spec for spec in reversed(swept)}
    mixed = [
        spec
        for bits, spec in first.items()
        if all(bits in found for found in widths) and bits not in {x.bits for x in common}
    ]
    specs = tuple(sorted((*common, *mixed), key=lambda spec: (spec.bits, spec.label)))
    if not specs:
        raise OptionError(
            f"A uniform recipe needs a width whose {target} cells are measured on every layer, "
            "and this sweep has none; let it go on, or sweep weights."
        )
    return specs


def _near(result: Sensitivities, recipe: Recipe | None) -> QuantSpec | None:
    """The activation spec nearest to what a recipe takes on average, or the widest; may be None."""
    specs = swept_specs(result, "activation")
    if recipe is None or not specs:
        return specs[-1] if specs else None
    rows = [
        (max(1, layer.macs), config.activation.bits)
        for layer in result.layers
        if (config := recipe.layers.get(layer.name)) is not None and config.activation is not None
    ]
    if not rows:
        return None
    mean = sum(macs * bits for macs, bits in rows) / sum(macs for macs, _ in rows)
    return min(specs, key=lambda spec: (abs(spec.bits - mean), -spec.bits))
