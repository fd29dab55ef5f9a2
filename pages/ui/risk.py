"""Which layers are at risk: those that would cause most of the loss at few bits."""

from dataclasses import dataclass

from analysis.allocation.predict import share_of_loss
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities, Target

AT_RISK = 0.1
"""A layer is at risk when it alone causes more than this share of the predicted loss."""

ASKED_BITS = 4


@dataclass(frozen=True, slots=True)
class Risk:
    """The layers at risk, worst first, and the share of the loss they cause together.

    Attributes:
        bits: the width at which all layers were compared.
        target: weights, or activations where only those were swept.
    """

    layers: tuple[str, ...]
    share: float
    bits: int
    target: Target


def swept_near(result: Sensitivities, target: Target) -> int:
    """4 bits, or the swept width nearest to that."""
    return min(result.bits(target), key=lambda width: (abs(width - ASKED_BITS), width))


def layers_at_risk(result: Sensitivities) -> Risk:
    """Compare the layers with all of them at 4 bits, or at the swept width nearest to that.

    Raises:
        OptionError: a layer was not measured at that width (the sweep is not finished).
    """
    target: Target = "weight" if result.of("weight") else "activation"
    bits = swept_near(result, target)
    setup = result.setup
    specs = {p.layer: p.cell.spec for p in result.leading(target) if p.bits == bits}
    layers = {
        name: LayerConfig(weight=spec) if target == "weight" else LayerConfig(activation=spec)
        for name, spec in specs.items()
    }
    recipe = Recipe(layers, setup.workload, setup.fingerprint, name=f"uniform {bits}-bit")
    worst = [row for row in share_of_loss(result, recipe) if row[1] > AT_RISK]
    return Risk(
        layers=tuple(name for name, _ in worst),
        share=sum(share for _, share in worst),
        bits=bits,
        target=target,
    )
