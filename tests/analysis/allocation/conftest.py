"""Sweeps of a small made-up network."""

from dataclasses import replace

import pytest

from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


@pytest.fixture
def weights() -> Sensitivities:
    """Twelve layers, weights at six widths."""
    return make_sensitivities()


@pytest.fixture
def both() -> Sensitivities:
    """Five layers, weights and activations at three widths."""
    return make_sensitivities(layers=5, bits=(2, 4, 8), target="both")


@pytest.fixture
def grouped() -> Sensitivities:
    """Six layers, of which the second, third and fourth share one decision."""
    result = make_sensitivities(layers=6)
    layers = tuple(
        replace(layer, group="shared") if place in (1, 2, 3) else layer
        for place, layer in enumerate(result.layers)
    )
    return replace(result, setup=replace(result.setup, layers=layers))
