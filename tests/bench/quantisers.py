"""Uniform recipes under each quantiser, the default chosen for each layer, and GPTQ's time."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import torch
from torch import nn

import analysis as qs
from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.uniform import Uniforms
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.candidates import Specs
from analysis.sensitivity.families import ACTIVATION_FAMILIES, WEIGHT_FAMILIES
from analysis.sensitivity.points import DEFAULT_BITS, Cell
from analysis.simulate.quantized import quantized_weight
from analysis.workloads.nets import ResidualBlock
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from tests.bench.nets import bench_workload
from tests.bench.rows import Row

WIDTHS = (2, 3, 4)
QUANTISERS = (
    "sym per-tensor minmax",
    "sym per-channel minmax",
    "asym per-channel minmax",
    "sym per-channel mse",
    "asym per-channel mse",
    "sym per-channel mse +gain",
    "asym per-channel mse +gain",
    "asym per-channel msegain",
    "sym per-channel mse +gain +bias",
    "asym per-channel minmax +bias",
    "sym per-group-32 mse",
    "sym per-channel minmax gptq",
    "asym per-channel minmax gptq",
    "asym per-channel minmax gptq +bias",
)
DEMO_SECONDS, LARGE_SECONDS, SHARE = 2.0, 60.0, 0.2
"""Required: GPTQ of the demo and of ten million weights; what the default leaves of the KL."""


def measure() -> list[Row]:
    """Held-out KL of uniform recipes, KL at average 3 bits, what is worse than min-max, GPTQ."""
    rows = [*_uniform("demo-cnn"), *_uniform("gpt"), _average("demo-cnn")]
    rows += [row for name in ("digits", "fashion-mnist") for row in _worse(name)]
    gptq = QuantSpec.parse("int3 asym per-channel minmax gptq")
    demo = _rounding(qs.load_workload("fashion-mnist"), gptq)
    rows.append(Row("gptq of the demo", demo, "s", DEMO_SECONDS))
    large = Row("gptq of 11 M weights", _rounding(_resnet18(), gptq), "s", LARGE_SECONDS)
    return [*rows, large]


def _kl(workload: Workload, specs: Specs, bits: int) -> float:
    made = subject(workload)
    layers = {layer.name: LayerConfig(weight=specs[layer.name][bits]) for layer in made.layers}
    return qs.score(workload, Recipe(layers, made.name, made.fingerprint)).divergence


def _uniform(name: str) -> list[Row]:
    workload = bench_workload(name)
    names = [layer.name for layer in subject(workload).layers]
    menus: dict[str, Specs] = {
        label: {
            layer: {bits: QuantSpec.parse(f"int{bits} {label}") for bits in WIDTHS}
            for layer in names
        }
        for label in QUANTISERS
    }
    best = best_sweep(workload, WIDTHS)
    uniform = [Uniforms.like(best, None).at(spec) for spec in Uniforms.like(best, None).specs]
    return [
        *(
            Row(f"{name} uniform {bits}-bit {label}", _kl(workload, specs, bits), "KL")
            for label, specs in menus.items()
            for bits in WIDTHS
        ),
        *(
            Row(
                f"{name} {recipe.name} chosen by layer", qs.score(workload, recipe).divergence, "KL"
            )
            for recipe in uniform
        ),
    ]


def best_sweep(workload: Workload, bits: Sequence[int] = DEFAULT_BITS) -> qs.Sensitivities:
    """Drawn samples under the default quantiser of weights."""
    return qs.Sensitivities.collect(
        qs.sweep(
            workload,
            bits=bits,
            method="sampled",
            weight_scheme="best",
            weight_families=WEIGHT_FAMILIES,
        )
    )


def _average(name: str) -> Row:
    """What is left of the KL of per-channel symmetric min-max at average 3 bits, same bytes."""
    workload = bench_workload(name)
    spec = QuantSpec.parse("int8 sym per-channel minmax")
    plain = qs.Sensitivities.collect(qs.sweep(workload, method="sampled", weight_spec=spec))
    reference = allocate(plain, Budget(average_bits=3))
    actual = allocate(best_sweep(workload), Budget(weight_bytes=reference.cost.weight_bytes))
    found = [qs.score(workload, choice.recipe).divergence for choice in (reference, actual)]
    sys.stderr.write(f"average 3 bits of {name}: {found[0]:.3g} to {found[1]:.3g}\n")
    return Row(f"{name} average 3 bits, chosen over sym min-max", found[1] / found[0], "KL", SHARE)


def _worse(name: str) -> list[Row]:
    """On the whole sweep set, how many chosen cells are worse than min-max of the same kernel."""
    workload = qs.load_workload(name)
    chosen = qs.sweep(
        workload,
        target="both",
        weight_scheme="best",
        weight_families=WEIGHT_FAMILIES,
        activation_scheme="best",
        activation_families=ACTIVATION_FAMILIES,
    )
    found = {point.cell: point.divergence for point in chosen}
    plain: dict[Cell, float] = {}
    for weight, activation in zip(WEIGHT_FAMILIES, ACTIVATION_FAMILIES, strict=True):
        fixed = qs.sweep(workload, target="both", weight_spec=weight, activation_spec=activation)
        plain |= {point.cell: point.divergence for point in fixed}
    rows = []
    for target in ("weight", "activation"):
        pairs = [
            (value, plain[replace(cell, label=f"{cell.spec.kernel} minmax")])
            for cell, value in found.items()
            if cell.target == target
        ]
        worse = sum(after > before for after, before in pairs)
        rows.append(Row(f"{name}: {target} cells worse than min-max", worse, "cells", 0))
        gain = median(before / after for after, before in pairs if after > 0)
        sys.stderr.write(f"{name}, {target}: median gain {gain:.3g} of {len(pairs)} cells\n")
    return rows


def _rounding(workload: Workload, spec: QuantSpec) -> float:
    """CPU seconds of rounding every weight, calibration pass included."""
    made = subject(workload)
    began = time.process_time()
    for layer in made.layers:
        quantized_weight(made, layer, spec)
    return time.process_time() - began


def _resnet18() -> Workload:
    """An untrained ResNet-18 (He et al., arXiv 1512.03385) for images of 32 by 32."""
    torch.manual_seed(0)
    blocks: list[nn.Module] = []
    inputs = 64
    for outputs in (64, 128, 256, 512):
        blocks += [ResidualBlock(inputs, outputs, 1 if outputs == 64 else 2)]
        blocks += [ResidualBlock(outputs, outputs, 1)]
        inputs = outputs
    stem = [nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    net = nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 100))
    images = torch.randn(256, 3, 32, 32)
    return Workload(
        name="resnet18",
        model=net.eval(),
        calibration=[(images, None)],
        sweep=[(images[:8], None)],
        evaluation=[(images[:8], None)],
    )
