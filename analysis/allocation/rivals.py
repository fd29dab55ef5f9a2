"""Recipes that other ways of choosing would give, within the same bytes."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np

from analysis.allocation.baselines import baselines
from analysis.allocation.cells import members
from analysis.allocation.on_hardware import on_hardware, runs_on
from analysis.allocation.uniform import Uniforms, called_uniform
from analysis.cost import weight_bytes
from analysis.errors import InfeasibleBudgetError, OptionError
from analysis.hardware.profile import HardwareProfile
from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.recipe import Recipe
from analysis.sensitivity.points import Sensitivities

Widths = list[int]
"""Number of the spec that each decision group takes, in `Uniforms.specs`."""


def rivals(
    result: Sensitivities,
    recipe: Recipe,
    seed: int = 0,
    profile: HardwareProfile | None = None,
) -> tuple[Recipe, ...]:
    """Named recipes of other ways of choosing within this recipe's bytes, all to be measured.

    `baselines` (the same-bytes uniform one first), greedy by score, and a random mix; those that
    do not exist for these bytes, or repeat another, are left out. With a hardware profile they are
    made of what its kernels take, so that nothing is compared that it cannot run.
    """
    found: list[Recipe] = []
    for candidate in _candidates(on_hardware(result, profile), recipe, seed):
        new = all(candidate.layers != other.layers for other in found)
        if new and runs_on(profile, result, candidate):
            found.append(candidate)
    return tuple(found)


def refused(result: Sensitivities, recipe: Recipe, profile: HardwareProfile) -> tuple[Recipe, ...]:
    """The uniform recipes beside this one that the hardware cannot run; not to be compared."""
    with suppress(OptionError, InfeasibleBudgetError):
        return tuple(
            other
            for other in baselines(result, recipe)
            if called_uniform(other.name) and not runs_on(profile, result, other)
        )
    return ()


def _candidates(result: Sensitivities, recipe: Recipe, seed: int) -> Iterator[Recipe]:
    with suppress(OptionError, InfeasibleBudgetError):  # no width on every layer, no uniform fits
        yield from baselines(result, recipe)
        yield greedy_by_score(result, recipe)
        yield random_mix(result, recipe, seed)


def greedy_by_score(result: Sensitivities, recipe: Recipe) -> Recipe:
    """Narrow the layers that look least sensitive first, until the bytes are met.

    All pairs of group and width in the order of their divergence, least first, each taken where
    it saves bytes (as tools do that cut a sorted sensitivity list at the budget).

    Raises:
        InfeasibleBudgetError: not even the narrowest widths fit.
        OptionError: no width is measured on every layer.
    """
    uniforms = Uniforms.like(result, recipe)
    groups = members(result)
    stored = uniforms.bytes_of(recipe)
    pairs = sorted(
        (_score(uniforms, layers, spec), place, number)
        for place, layers in enumerate(groups)
        for number, spec in enumerate(uniforms.specs)
    )
    widths = [len(uniforms.specs) - 1] * len(groups)
    for _, place, number in pairs:
        if _stored(uniforms, groups, widths) <= stored:
            break
        widths[place] = min(widths[place], number)
    return _built(uniforms, groups, widths, stored, "greedy by score")


def random_mix(result: Sensitivities, recipe: Recipe, seed: int = 0) -> Recipe:
    """Random widths, lowered and raised at random until no more fits.

    Errors as `greedy_by_score`.
    """
    uniforms = Uniforms.like(result, recipe)
    groups = members(result)
    stored, last = uniforms.bytes_of(recipe), len(uniforms.specs) - 1
    generator = np.random.default_rng(seed)
    widths: Widths = generator.integers(0, last + 1, len(groups)).tolist()
    while _stored(uniforms, groups, widths) > stored and any(widths):
        place = int(generator.choice(np.flatnonzero(widths)))
        widths[place] -= 1
    for place in generator.permutation(len(groups)).tolist():
        while widths[place] < last:
            widths[place] += 1
            if _stored(uniforms, groups, widths) > stored:
                widths[place] -= 1
                break
    return _built(uniforms, groups, widths, stored, "random mix")


def _score(uniforms: Uniforms, layers: Sequence[Layer], spec: QuantSpec) -> float:
    """Divergence of a group at one width; a layer the sweep leaves out adds nothing."""
    total = 0.0
    for layer in layers:
        points = uniforms.points.get((layer.name, "weight"), {})
        own = uniforms.own(layer.name, spec)
        if points and own is not None:
            total += points[own.label].divergence
    return total


def _stored(uniforms: Uniforms, groups: Sequence[Sequence[Layer]], widths: Widths) -> int:
    return sum(
        weight_bytes(layer, uniforms.own(layer.name, uniforms.specs[width]))
        for layers, width in zip(groups, widths, strict=True)
        for layer in layers
    )


def _built(
    uniforms: Uniforms,
    groups: Sequence[Sequence[Layer]],
    widths: Widths,
    stored: int,
    name: str,
) -> Recipe:
    if _stored(uniforms, groups, widths) > stored:
        raise InfeasibleBudgetError(
            f"No {name} recipe fits {stored:,} bytes, not even at {uniforms.specs[0].bits} bits "
            "everywhere; allow more."
        )
    weights = {
        layer.name: uniforms.own(layer.name, uniforms.specs[width])
        for layers, width in zip(groups, widths, strict=True)
        for layer in layers
    }
    return uniforms.recipe(weights, name)
