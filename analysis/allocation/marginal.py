"""Where the next bytes do most good."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.allocation.cells import Measured, measured, members, spec_of
from analysis.cost import weight_bytes
from analysis.errors import OptionError
from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.recipe import Recipe
from analysis.sensitivity.points import Sensitivities, Target


@dataclass(frozen=True, slots=True)
class Step:
    """One decision group raised to a wider spec.

    Attributes:
        layer: first layer of the group.
        layers: all its layers; they move together.
        before, after: the spec of the first layer.
        extra_bytes: what it costs.
        gain: by how much the predicted divergence falls.
    """

    layer: str
    layers: tuple[str, ...]
    target: Target
    before: QuantSpec
    after: QuantSpec
    extra_bytes: int
    gain: float


def next_step(result: Sensitivities, recipe: Recipe) -> Step | None:
    """The wider weight spec with the most predicted gain a byte, or None when none gains.

    Raises:
        OptionError: the recipe uses a spec that the sweep has not measured.
        RecipeMismatchError: the recipe belongs to another model.
    """
    recipe.check(result.setup.fingerprint, frozenset(layer.name for layer in result.layers))
    points = measured(result)
    steps = [step for group in members(result) for step in _steps(group, recipe, points)]
    return max(steps, key=lambda step: step.gain / step.extra_bytes, default=None)


def _steps(group: Sequence[Layer], recipe: Recipe, points: Measured) -> list[Step]:
    """What raising one group would bring; nothing where a layer of it stays in float."""
    cells = [points.get((layer.name, "weight"), {}) for layer in group]
    configs = [recipe.layers.get(layer.name) for layer in group]
    specs = [config.weight for config in configs if config is not None and config.weight]
    if len(specs) < len(group):
        return []
    for layer, spec, known in zip(group, specs, cells, strict=True):
        if spec.label not in known:
            raise OptionError(
                f"The weight of {layer.name!r} was not measured as {spec.label!r}, so no step can "
                "be weighed; choose swept specs, or sweep this one."
            )
    stored = sum(weight_bytes(layer, spec) for layer, spec in zip(group, specs, strict=True))
    loss = sum(known[spec.label].divergence for known, spec in zip(cells, specs, strict=True))
    widest = max(spec.bits for spec in specs)
    found: list[Step] = []
    for label in cells[0]:
        after = spec_of(label)
        if after.bits <= widest or not all(label in known for known in cells):
            continue
        extra = sum(weight_bytes(layer, after) for layer in group) - stored
        gain = loss - sum(known[label].divergence for known in cells)
        if gain > 0 and extra > 0:
            names = tuple(layer.name for layer in group)
            found.append(Step(names[0], names, "weight", specs[0], after, extra, gain))
    return found
