"""What a target will object to in a recipe, before anything is applied."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from analysis.errors import OptionError
from analysis.hardware.figures import boundaries, total_cost
from analysis.hardware.profile import HardwareProfile
from analysis.hardware.tables import CostTable
from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig, Recipe


@dataclass(frozen=True, slots=True)
class ProfileWarning:
    """One objection.

    Attributes:
        layer: the layer it is about; None for the recipe as a whole.
    """

    layer: str | None
    sentence: str


def check_recipe(
    profile: HardwareProfile, layers: Sequence[Layer], recipe: Recipe
) -> tuple[ProfileWarning, ...]:
    """Everything the target cannot run, or runs slower than float; empty when all is well.

    Args:
        profile: the target.
        layers: of the network, in call order.
        recipe: any recipe, also an imported one; layers it does not name stay in float.
    """
    known = {layer.name for layer in layers}
    found = [
        ProfileWarning(name, f"{name!r} is no layer of this network, so nothing is done with it.")
        for name in recipe.layers
        if name not in known
    ]
    for layer in layers:
        found += _about(profile, layer, recipe.layers.get(layer.name, LayerConfig()))
    found += _broken_ties(profile, layers, recipe)
    if profile.latency is not None:
        found += _slower(profile, profile.latency, layers, recipe)
    return tuple(found)


def _about(profile: HardwareProfile, layer: Layer, config: LayerConfig) -> Iterator[ProfileWarning]:
    """Whether a kernel takes this layer so."""
    if profile.allows(layer, config):
        return
    takes = f"{profile.title} takes {profile.words(layer)}"
    if profile.rule(layer.kind) is None and not profile.other_kinds_in_float:
        what = f"{layer.name!r} is of kind {layer.kind}"
        yield ProfileWarning(layer.name, f"{what}, which {profile.title} cannot run at all.")
    elif profile.in_float(layer):
        what = f"{layer.name!r} is quantised, and {profile.title} runs {layer.kind} in float"
        yield ProfileWarning(layer.name, f"{what}, so it saves nothing there; leave it in float.")
    elif config.activation is None and profile.allows(layer, config, activation=False):
        what = f"{layer.name!r} has float inputs"
        yield ProfileWarning(layer.name, f"{what}, and {takes}; sweep and set its inputs too.")
    elif config.weight is None and profile.allows(layer, config, weight=False):
        what = f"{layer.name!r} has float weights"
        yield ProfileWarning(layer.name, f"{what}, and {takes}; quantise them too.")
    else:
        what = f"{layer.name!r} has {_name(config.weight)} weights with {_name(config.activation)}"
        yield ProfileWarning(layer.name, f"{what} inputs, and {takes}; choose one of these.")


def _name(spec: QuantSpec | None) -> str:
    return "float" if spec is None else spec.label


def _broken_ties(
    profile: HardwareProfile, layers: Sequence[Layer], recipe: Recipe
) -> Iterator[ProfileWarning]:
    """Layers that the target wants alike and that differ."""
    if "weights" in profile.tied_groups:
        yield from _unlike(
            layers,
            lambda layer: layer.group,
            lambda layer: recipe.layers.get(layer.name, LayerConfig()).weight,
            f"one weight spec, because {profile.title} merges them",
        )
    if "inputs" in profile.tied_groups:
        yield from _unlike(
            [layer for layer in layers if layer.has_input],
            lambda layer: layer.input_group,
            lambda layer: recipe.layers.get(layer.name, LayerConfig()).activation,
            f"one input spec, because their inputs meet in one tensor on {profile.title}",
        )


def _kernel(spec: QuantSpec | None) -> str | None:
    return None if spec is None else spec.kernel


def _unlike(
    layers: Sequence[Layer],
    group_of: Callable[[Layer], str | None],
    spec_of: Callable[[Layer], QuantSpec | None],
    must: str,
) -> Iterator[ProfileWarning]:
    firsts: dict[str, Layer] = {}
    for layer in layers:
        group = group_of(layer)
        if group is None:
            continue
        first = firsts.setdefault(group, layer)
        if _kernel(spec_of(first)) != _kernel(spec_of(layer)):
            yield ProfileWarning(
                layer.name,
                f"{first.name!r} and {layer.name!r} must share {must}; they have "
                f"{_name(spec_of(first))} and {_name(spec_of(layer))}.",
            )


def _slower(
    profile: HardwareProfile, table: CostTable, layers: Sequence[Layer], recipe: Recipe
) -> Iterator[ProfileWarning]:
    """Whether the table says that quantising costs time instead of saving it."""
    nothing = Recipe({}, recipe.workload, recipe.fingerprint)
    try:
        ours, plain = total_cost(table, layers, recipe), total_cost(table, layers, nothing)
    except OptionError:  # a width or float without a row: nothing can be compared
        return
    if ours <= plain:
        return
    changed = boundaries(layers, recipe)
    spent = sum(table.change(layer) for layer in changed)
    figures = f"{ours:.3g} ms against {plain:.3g} ms on {profile.title} ({table.basis})"
    if spent > 0 and ours - spent <= plain:
        yield ProfileWarning(
            None,
            f"Mixed is slower than float because of precision boundaries: {figures}, of which "
            f"{spent:.3g} ms go to {len(changed)} changes of the inputs' width, the first at "
            f"{changed[0].name!r}; give neighbouring layers one width.",
        )
    else:
        yield ProfileWarning(None, f"This recipe is slower than float: {figures}.")
