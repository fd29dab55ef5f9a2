"""Recipes with one width for all layers, or two neighbouring ones."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.allocation.cells import (
    Measured,
    measured,
    members,
    own_label,
    quantised,
    spec_of,
    swept_specs,
)
from analysis.cost import recipe_cost, weight_bytes
from analysis.errors import InfeasibleBudgetError, OptionError
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities, Target


@dataclass(frozen=True, slots=True)
class Uniforms:
    """Builds uniform recipes of one sweep, all with the same activations.

    At one width each layer takes its own spec of that width: where several families were swept,
    among those that the recipe uses the one that does its decision group least harm.

    Attributes:
        specs: one spec of each width that was measured on every layer, narrowest first; it stands
            for those of all layers (see `own`).
        taken: what each layer takes at each width.
        activations: spec of each activation the sweep covers; empty leaves them in float.
    """

    result: Sensitivities
    points: Measured
    specs: tuple[QuantSpec, ...]
    taken: Mapping[tuple[str, int], QuantSpec]
    activations: Mapping[str, QuantSpec]

    @classmethod
    def like(cls, result: Sensitivities, recipe: Recipe | None) -> "Uniforms":
        """With the activations of a recipe, all at the swept width nearest to its mean by MACs.

        Without a recipe they take the widest swept width, as `allocate` gives them where nothing
        limits the BOPs, and every family is open.
        """
        points = measured(result)
        weights = _taken(points, result, "weight", _families(recipe, "weight"))
        inputs = _taken(points, result, "activation", _families(recipe, "activation"))
        width = _near(result, recipe)
        return cls(
            result,
            points,
            _everywhere(points, weights),
            weights,
            {name: spec for (name, bits), spec in inputs.items() if bits == width},
        )

    def recipe(self, weights: Mapping[str, QuantSpec | None], name: str) -> Recipe:
        """The recipe with these weight specs; None leaves a weight in float."""
        layers = {
            layer.name: LayerConfig(
                weight=weights.get(layer.name), activation=self.activations.get(layer.name)
            )
            for layer in self.result.layers
        }
        return Recipe(layers, self.result.setup.workload, self.result.setup.fingerprint, name)

    def own(self, layer: str, spec: QuantSpec) -> QuantSpec | None:
        """What a layer takes where all take `spec`: that, or its own spec of the same width.

        None where the sweep does not cover the layer's weight, which then stays in float.
        """
        if (layer, "weight") not in self.points:
            return None
        return self.taken.get((layer, spec.bits), spec)

    def at(self, spec: QuantSpec) -> Recipe:
        """Every layer at one width."""
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


def _families(recipe: Recipe | None, target: Target) -> frozenset[str]:
    """Families that a recipe uses for its weights or inputs; all are open where it uses none."""
    configs = () if recipe is None else recipe.layers.values()
    return frozenset(
        spec.family for config in configs for which, spec in quantised(config) if which == target
    )


def _taken(
    points: Measured, result: Sensitivities, target: Target, families: frozenset[str]
) -> Mapping[tuple[str, int], QuantSpec]:
    """What each layer takes at each width: of the open families the best of its group."""
    found: dict[tuple[str, int], QuantSpec] = {}
    for group in members(result):
        tables = {layer.name: points.get((layer.name, target), {}) for layer in group}
        tables = {name: table for name, table in tables.items() if table}
        loss: dict[QuantSpec, float] = {}
        for spec in {spec_of(label) for table in tables.values() for label in table}:
            labels = [own_label(table, spec) for table in tables.values()]
            if all(labels):
                pairs = zip(tables.values(), labels, strict=True)
                loss[spec] = sum(table[label].divergence for table, label in pairs if label)
        ranked = sorted(
            loss, key=lambda spec: (spec.family not in families, loss[spec], spec.label)
        )
        for name, table in tables.items():
            for spec in ranked:
                label = own_label(table, spec)
                found.setdefault((name, spec.bits), spec_of(label or spec.label))
    return found


def _everywhere(
    points: Measured, taken: Mapping[tuple[str, int], QuantSpec]
) -> tuple[QuantSpec, ...]:
    """One spec of each width measured on every layer whose weight the sweep covers.

    Raises:
        OptionError: no weights were swept, or no width is finished yet.
    """
    covered = [layer for layer, which in points if which == "weight"]
    first: dict[int, QuantSpec] = {}
    for (_, bits), spec in taken.items():
        first.setdefault(bits, spec)
    specs = [
        first[bits] for bits in sorted(first) if all((name, bits) in taken for name in covered)
    ]
    if not specs:
        raise OptionError(
            "A uniform recipe needs a width whose weight cells are measured on every layer, "
            "and this sweep has none; let it go on, or sweep weights."
        )
    return tuple(specs)


def _near(result: Sensitivities, recipe: Recipe | None) -> int | None:
    """The swept width of the inputs nearest to what a recipe takes on average, or the widest."""
    widths = sorted({spec.bits for spec in swept_specs(result, "activation")})
    if recipe is None or not widths:
        return widths[-1] if widths else None
    rows = [
        (max(1, layer.macs), config.activation.bits)
        for layer in result.layers
        if (config := recipe.layers.get(layer.name)) is not None and config.activation is not None
    ]
    if not rows:
        return None
    mean = sum(macs * bits for macs, bits in rows) / sum(macs for macs, _ in rows)
    return min(widths, key=lambda bits: (abs(bits - mean), -bits))


def called_uniform(name: str) -> bool:
    """Whether a baseline of that name is a uniform one, of one width or of two neighbours."""
    return name.startswith("uniform")
