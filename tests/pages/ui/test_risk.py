from dataclasses import replace

import pytest

from analysis.errors import OptionError
from pages.ui.risk import AT_RISK, layers_at_risk, swept_near
from tests.sensitivities import make_sensitivities


def test_layers_at_risk_come_worst_first_and_each_is_over_the_limit():
    result = make_sensitivities(12)
    risk = layers_at_risk(result)
    alone = {p.layer: p.divergence for p in result.of("weight") if p.bits == 4}
    total = sum(alone.values())
    expected = sorted((n for n in alone if alone[n] / total > AT_RISK), key=lambda n: -alone[n])
    assert risk.layers == tuple(expected)
    assert risk.share == pytest.approx(sum(alone[n] for n in expected) / total)
    assert (risk.bits, risk.target) == (4, "weight")


def test_even_losses_put_no_layer_at_risk():
    result = make_sensitivities(12)
    even = replace(result, points=tuple(replace(p, divergence=0.5) for p in result.points))
    assert layers_at_risk(even).layers == ()


@pytest.mark.parametrize(("bits", "chosen"), [((2, 8), 2), ((3, 5), 3), ((6, 8), 6), ((4, 5), 4)])
def test_the_width_nearest_to_four_is_compared(bits, chosen):
    assert swept_near(make_sensitivities(3, bits=bits), "weight") == chosen


def test_a_sweep_of_activations_compares_activations():
    assert layers_at_risk(make_sensitivities(4, target="activation")).target == "activation"


def test_no_loss_at_all_is_no_risk():
    result = make_sensitivities(4)
    exact = replace(result, points=tuple(replace(p, divergence=0.0) for p in result.points))
    assert layers_at_risk(exact).layers == ()


def test_a_sweep_without_points_cannot_be_judged():
    with pytest.raises((OptionError, ValueError)):
        layers_at_risk(replace(make_sensitivities(3), points=()))
