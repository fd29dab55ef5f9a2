"""What a recipe will do, estimated from the single-layer figures."""

from collections.abc import Iterator
from math import fsum

from analysis.allocation.budget import Choice, Prediction
from analysis.allocation.cells import measured, quantised
from analysis.allocation.drops import fit_drops
from analysis.cost import recipe_cost
from analysis.errors import OptionError
from analysis.recipe import Recipe
from analysis.sensitivity.points import Sensitivities, SweepPoint


def predict(result: Sensitivities, recipe: Recipe) -> Prediction:
    """Add up the divergences of the recipe's tensors, each measured alone.

    The sum leaves interactions out: it is close for language models and at 4 bits and more, and
    several times too low for convolutional networks at 2 to 3 bits (METHODS 5.2). The interval
    adds the half-widths of its terms, which is right for errors that rise and fall together (all
    cells share their samples) and too wide otherwise; it does not cover the interactions.

    Raises:
        OptionError: the recipe uses a spec that the sweep has not measured.
        RecipeMismatchError: the recipe belongs to another model.
    """
    terms = [point for _, point in _terms(result, recipe)]
    drops = fit_drops(result)
    divergence = fsum(point.divergence for point in terms)
    return Prediction(
        divergence=divergence,
        low=max(0.0, fsum(point.low for point in terms)),
        high=fsum(point.high for point in terms),
        drop=None if drops is None else float(drops.at(divergence)),
        samples=min((point.samples for point in terms), default=result.setup.samples),
    )


def share_of_loss(result: Sensitivities, recipe: Recipe) -> tuple[tuple[str, float], ...]:
    """Share of the predicted divergence that each layer causes, largest first, summing to 1.

    Layers in float have share 0; all have when nothing is lost. Errors as `predict`.
    """
    loss = {layer.name: 0.0 for layer in result.layers}
    for name, point in _terms(result, recipe):
        loss[name] += point.divergence
    total = fsum(loss.values())
    shares = [(name, value / total if total else 0.0) for name, value in loss.items()]
    return tuple(sorted(shares, key=lambda row: -row[1]))


def to_choice(result: Sensitivities, recipe: Recipe) -> Choice:
    """Any recipe with its cost and its prediction. Errors as `predict`."""
    setup = result.setup
    cost = recipe_cost(setup.layers, recipe, other_bytes=setup.other_bytes)
    return Choice(recipe, cost, predict(result, recipe))


def figures_of(predicted: Prediction) -> dict[str, float]:
    """A prediction as the named figures that go with a stored recipe."""
    named = {
        "divergence": predicted.divergence,
        "low": predicted.low,
        "high": predicted.high,
        "drop": predicted.drop,
        "samples": float(predicted.samples),
    }
    return {name: value for name, value in named.items() if value is not None}


def _terms(result: Sensitivities, recipe: Recipe) -> Iterator[tuple[str, SweepPoint]]:
    """Layer and point of every tensor the recipe quantises."""
    recipe.check(result.setup.fingerprint, frozenset(layer.name for layer in result.layers))
    points = measured(result)
    for name, config in recipe.layers.items():
        for target, spec in quantised(config):
            point = points.get((name, target), {}).get(spec.label)
            if point is None:
                raise OptionError(
                    f"The {target} of {name!r} was not measured as {spec.label!r}, so the recipe "
                    "cannot be predicted; choose swept specs, or sweep this one."
                )
            yield name, point
