"""Recipes that tests compare with."""

from __future__ import annotations

from dataclasses import replace

from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig, Recipe


def uniform_recipe(recipe: Recipe, spec: QuantSpec, names: tuple[str, ...]) -> Recipe:
    """Every named layer at one weight spec, for the same model."""
    layers = {name: LayerConfig(weight=spec) for name in names}
    return replace(recipe, layers=layers, name=f"uniform {spec.bits}-bit")
