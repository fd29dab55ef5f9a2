"""What a mixed recipe must beat."""

from collections.abc import Iterator

from analysis.allocation.cells import members
from analysis.allocation.on_hardware import on_hardware, runs_on
from analysis.allocation.uniform import Uniforms
from analysis.errors import OptionError
from analysis.hardware.profile import HardwareProfile
from analysis.recipe import Recipe
from analysis.sensitivity.points import Sensitivities


def same_bytes_uniform(
    result: Sensitivities,
    weight_bytes: int,
    *,
    like: Recipe | None = None,
    profile: HardwareProfile | None = None,
) -> Recipe:
    """The widest uniform recipe that fits, the input side one width up while bytes remain.

    Widths are those measured on every layer; decision groups stay whole. It is named
    "uniform 4-bit", or "uniform 3–4-bit, same bytes" where bytes were left to raise a group.

    Args:
        result: a sweep of weights (or of both).
        weight_bytes: what the weights may take, scales and zero-points included.
        like: the recipe this is the baseline of; activations take the one swept width nearest to
            its own, or stay in float as there. None gives them the widest swept.
        profile: hardware whose kernels must take it.

    Raises:
        InfeasibleBudgetError: not even the narrowest width fits.
        OptionError: no width is measured on every layer, or none that the hardware runs.
    """
    found = Uniforms.like(on_hardware(result, profile), like).within(weight_bytes)
    if profile is not None and not runs_on(profile, result, found):
        raise OptionError(
            f"A uniform recipe must run on {profile.title}, and {found.name!r} has no kernel there "
            "for weights and inputs together; compare without that hardware."
        )
    return found


def baselines(result: Sensitivities, recipe: Recipe) -> tuple[Recipe, ...]:
    """Named recipes to measure beside this one, the same-bytes uniform one first.

    Then the uniform widths directly below and above its bytes, and the first and last layer at
    the widest width with the rest uniform within its bytes. Those that do not exist, or repeat
    another, are left out; all have the recipe's activations as `same_bytes_uniform` has them.

    Raises:
        OptionError: no width is measured on every layer.
    """
    uniforms = Uniforms.like(result, recipe)
    stored = uniforms.bytes_of(recipe)
    found: list[Recipe] = []
    for candidate in _candidates(uniforms, stored):
        if all(candidate.layers != other.layers for other in found):
            found.append(candidate)
    return tuple(found)


def _candidates(uniforms: Uniforms, stored: int) -> Iterator[Recipe]:
    pure = [uniforms.at(spec) for spec in uniforms.specs]
    below = [recipe for recipe in pure if uniforms.bytes_of(recipe) <= stored]
    if below:
        yield uniforms.within(stored)
        yield below[-1]
    yield from pure[len(below) : len(below) + 1]
    yield from _ends_high(uniforms, stored)


def _ends_high(uniforms: Uniforms, stored: int) -> Iterator[Recipe]:
    """First and last group at the widest spec, the others at the widest one that still fits."""
    groups = members(uniforms.result)
    if len(groups) < 3:
        return
    highest = uniforms.specs[-1]
    ends = {
        layer.name: uniforms.own(layer.name, highest)
        for group in (groups[0], groups[-1])
        for layer in group
    }
    for spec in reversed(uniforms.specs[:-1]):
        rest = {layer.name: uniforms.own(layer.name, spec) for layer in uniforms.result.layers}
        name = f"first and last layer {highest.bits}-bit, rest {spec.bits}-bit"
        recipe = uniforms.recipe({**rest, **ends}, name)
        if uniforms.bytes_of(recipe) <= stored:
            yield recipe
            return
