"""Made-up but lifelike results, for tests that need a sweep and not a model.

The figures follow what real sweeps show: the divergence falls about fourfold a bit, layers differ
by two orders of magnitude, the first and last hurt most, accuracy falls with the divergence.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from analysis.cost import recipe_cost
from analysis.layers import Layer
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC, QuantSpec, granularity_label
from analysis.recipe import Recipe
from analysis.scores import ClassDamage, Interval, Score, packed_divergences
from analysis.sensitivity.points import (
    DEFAULT_BITS,
    Sensitivities,
    SweepCost,
    SweepPoint,
    SweepSetup,
    Target,
    Targets,
)
from tests.inspections import make_inspection as make_inspection

SAMPLES = 512
REFERENCE = 0.918
CLASSES = (
    "T-shirt",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Boot",
)


def make_sensitivities(
    layers: int = 12,
    bits: tuple[int, ...] = DEFAULT_BITS,
    target: Targets = "weight",
    seed: int = 0,
    metric: str | None = "top1",
    complete: bool = True,
    weight_spec: QuantSpec = WEIGHT_SPEC,
) -> Sensitivities:
    """A finished sweep of a residual CNN; `complete=False` leaves the later half of the cells out.

    `metric=None` stands for data without labels.
    """
    net = tuple(_layers(layers))
    rng = np.random.default_rng(seed)
    targets: tuple[Target, ...] = ("weight", "activation") if target == "both" else (target,)
    points: list[SweepPoint] = []
    for which in targets:
        spec = weight_spec if which == "weight" else ACTIVATION_SPEC
        for index, layer in enumerate(net):
            ends = 8.0 if index in (0, len(net) - 1) else 1.0
            level = ends * float(np.exp(rng.normal(0.0, 1.2))) * (1.0 if which == "weight" else 0.5)
            points += [_point(layer, which, spec.with_bits(b), level, metric, rng) for b in bits]
    setup = SweepSetup(
        workload="made-up",
        fingerprint=f"{seed:064x}",
        method="exact",
        layers=net,
        other_bytes=4 * 640,
        divergence="kl",
        metric=metric,
        direction="higher",
        reference={metric: REFERENCE} if metric else {},
        cells=tuple(point.cell for point in points),
        samples=SAMPLES,
    )
    cost = SweepCost(
        forwards=0.6 * len(points), seconds=0.1 * len(points), peak_rss_bytes=400 << 20
    )
    kept = points if complete else points[: (len(points) + 1) // 2]
    return Sensitivities.assemble(setup, kept, cost, run="made-up-run")


def with_families(result: Sensitivities) -> Sensitivities:
    """The sweep as one of the best specs: in two families, found in its own way for each layer.

    Symmetric weights hurt a third less in every other layer and twice as much in the others.
    """
    points: list[SweepPoint] = []
    place = {layer.name: number for number, layer in enumerate(result.layers)}
    for point in result.points:
        odd, spec = bool(place[point.layer] % 2), point.cell.spec
        weight = point.target == "weight"
        words = ("minmax gptq" if odd else "mse") if weight else ("mse" if odd else "percentile")
        for kind in ("asym", "sym"):
            label = f"int{spec.bits} {kind} {granularity_label(spec.granularity)} {words}"
            factor = 1.0 if kind == "asym" else 2 / 3 if odd else 2.0
            low, high = factor * point.low, factor * point.high
            changed = replace(point, label=label, divergence=factor * point.divergence)
            points.append(replace(changed, low=low, high=high))
    cells = tuple(point.cell for point in points)
    setup = replace(result.setup, cells=cells, weights="best", activations="best")
    return replace(result, setup=setup, points=tuple(points))


def _layers(count: int) -> Iterator[Layer]:
    """A stem, residual blocks of two convolutions in three stages, a linear head."""
    for index in range(count):
        stage = 3 * index // count
        width, side = 16 << stage, 28 >> stage
        before = 1 if index == 0 else width
        head = index == count - 1 and count > 1
        name = "stem" if index == 0 else f"stage{stage + 1}.{(index - 1) // 2}.conv{2 - index % 2}"
        name = "head" if head else name
        yield Layer(
            name=name,
            kind="Linear" if head else "Conv2d",
            param=f"{name}.weight",
            weight_shape=(10, 64) if head else (width, before, 3, 3),
            channel_axis=0,
            input_shape=(64,) if head else (before, side, side),
            output_shape=(10,) if head else (width, side, side),
            macs=640 if head else width * before * 9 * side * side,
            calls=1,
            tied=(),
            group=name,
            folded=None if head else name.replace("conv", "bn"),
        )


def _point(
    layer: Layer,
    target: Target,
    spec: QuantSpec,
    level: float,
    metric: str | None,
    rng: np.random.Generator,
) -> SweepPoint:
    divergence = level * 4.0 ** (-spec.bits) * float(np.exp(rng.normal(0.0, 0.15)))
    half = divergence * min(0.9, 1.96 * 3.0 / SAMPLES**0.5)
    lost = 0.8 * (1.0 - float(np.exp(-0.7 * divergence))) + float(rng.normal(0.0, 0.001))
    right = round((REFERENCE - lost) * SAMPLES) / SAMPLES
    return SweepPoint(
        layer=layer.name,
        target=target,
        bits=spec.bits,
        label=spec.label,
        divergence=divergence,
        low=divergence - half,
        high=divergence + half,
        samples=SAMPLES,
        total=SAMPLES,
        metrics={metric: right} if metric else {},
    )


def make_score(result: Sensitivities, recipe: Recipe, *, kept: bool = False) -> Score:
    """The recipe on 2,000 held-out samples, a little worse than the sum of its single layers.

    `kept` says whether the divergences of the samples were kept, for paired comparisons.
    """
    setup = result.setup
    alone: dict[tuple[str, str, str], float] = {
        (p.layer, p.target, p.label): p.divergence for p in result.points
    }
    terms = [
        alone[name, target, spec.label]
        for name, config in recipe.layers.items()
        for target, spec in (("weight", config.weight), ("activation", config.activation))
        if spec is not None
    ]
    divergence = 1.2 * sum(terms)
    drop = 0.8 * (1.0 - float(np.exp(-0.7 * divergence)))
    after = {name: value - drop for name, value in setup.reference.items()}
    # all recipes of one model meet the same easy and hard samples
    hard = np.random.default_rng(7).exponential(size=2000)
    by_sample = divergence * hard / hard.mean()
    harm = [2.0 * drop * (1 - rank / (len(CLASSES) - 1)) for rank in range(len(CLASSES))]
    return Score(
        recipe=recipe,
        cost=recipe_cost(setup.layers, recipe, other_bytes=setup.other_bytes),
        workload=setup.workload,
        fingerprint=setup.fingerprint,
        reference=dict(setup.reference),
        actual={name: Interval(x, x - 0.011, x + 0.011) for name, x in after.items()},
        drop={name: Interval(drop, drop - 0.006, drop + 0.006) for name in setup.reference},
        metric=setup.metric,
        direction=setup.direction,
        divergence_kind=setup.divergence,
        divergence=divergence,
        low=divergence * 0.85,
        high=divergence * 1.15,
        samples=2000,
        seconds=1.5,
        agreement=1.0 - 1.1 * drop,
        classes=tuple(
            ClassDamage(label, 200, REFERENCE, REFERENCE - lost)
            for label, lost in zip(CLASSES, harm, strict=True)
        )
        if setup.metric
        else (),
        changed=tuple(range(0, 40, 2)),
        by_sample=packed_divergences(by_sample) if kept else "",
    )
