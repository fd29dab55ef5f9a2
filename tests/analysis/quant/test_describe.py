from math import inf, isinf, log10

import numpy as np
import pytest
import torch

from analysis.errors import ModelError, OptionError
from analysis.quant.describe import (
    activation_effect,
    weight_effect,
    weight_histogram,
    weight_stats,
)
from analysis.quant.fake import fake_quantize_tensor, fake_quantize_weight
from analysis.quant.observer import Observer
from analysis.quant.qparams import activation_qparams, weight_qparams
from analysis.quant.spec import IntFormat, PerTensor, QuantSpec


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def sqnr_db(reference: torch.Tensor, actual: torch.Tensor) -> float:
    x, x_hat = reference.double().numpy(), actual.double().numpy()
    return 10.0 * log10((x**2).sum() / ((x - x_hat) ** 2).sum())


def test_a_weight_histogram_counts_every_weight() -> None:
    weight = normal(8, 5, 3, 3) * 0.1
    histogram = weight_histogram(weight, bins=64)
    edges = np.linspace(histogram.low, histogram.high, len(histogram.counts) + 1)
    assert 32 <= len(histogram.counts) <= 64
    assert list(histogram.counts) == np.histogram(weight.numpy(), edges)[0].tolist()
    assert sum(histogram.counts) == weight.numel()


def test_weight_outliers_are_counted_one_by_one() -> None:
    weight = normal(100, 100)
    weight[0, :5] = 30.0
    stats = weight_stats(weight)
    exact = weight.double().numpy()
    expected = np.mean(abs(exact - exact.mean()) > 4 * exact.std())
    assert stats.outliers == expected > 0
    assert (stats.count, stats.minimum, stats.maximum) == (10_000, exact.min(), 30.0)


def test_a_constant_weight_is_said_to_be_constant() -> None:
    stats = weight_stats(torch.full((4, 4), 0.1))
    assert stats.constant
    assert (stats.std, stats.outliers, stats.zeros) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("label", ["int4 asym per-channel mse", "int3 sym per-group-7 percentile"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_weight_sqnr_is_that_of_the_whole_tensor(label: str, dtype: torch.dtype) -> None:
    weight, spec = normal(6, 50).to(dtype), QuantSpec.parse(label)
    before = weight.clone()
    effect = weight_effect(weight, spec, 0)
    expected = sqnr_db(weight, fake_quantize_weight(weight, spec, 0))
    assert effect.sqnr_db == pytest.approx(expected, rel=1e-9)
    scale = weight_qparams(weight, spec, 0).scale
    assert effect.scale == (scale.min().item(), scale.max().item())
    assert effect.spec == spec
    assert torch.equal(weight, before)


def test_an_exact_weight_has_infinite_sqnr() -> None:
    spec = QuantSpec.parse("int4 asym per-tensor minmax")
    assert isinf(weight_effect(torch.arange(16.0), spec, 0).sqnr_db)
    zeros = weight_effect(torch.zeros(3, 3), spec, 0)
    assert (zeros.sqnr_db, zeros.clipped, zeros.scale) == (inf, 0.0, (1.0, 1.0))


def test_min_max_clips_nothing_and_a_cut_range_what_lies_outside() -> None:
    weight = normal(4, 10_000)
    for bits in (2, 5, 8, 16):
        for scheme in ("sym", "asym"):
            spec = QuantSpec.parse(f"int{bits} {scheme} per-channel minmax")
            assert weight_effect(weight, spec, 0).clipped == 0.0
    spec = QuantSpec.parse("int16 asym per-channel percentile")
    assert weight_effect(weight, spec, 0).clipped == pytest.approx(0.001, rel=0.05)


def test_the_grid_is_that_of_the_widest_channel() -> None:
    weight = normal(3, 400) * torch.tensor([[1.0], [5.0], [2.0]])
    effect = weight_effect(weight, QuantSpec.parse("int4 asym per-channel minmax"), 0)
    actual = fake_quantize_weight(weight, effect.spec, 0)[1]
    assert len(effect.grid) == 16
    assert set(actual.tolist()) <= set(effect.grid)
    assert 0.0 in effect.grid
    assert max(effect.grid) - min(effect.grid) == pytest.approx(15 * effect.scale[1])


@pytest.mark.parametrize(("bits", "scheme"), [(8, "asym"), (9, "sym"), (16, "asym"), (10, "sym")])
def test_a_fine_grid_is_thinned_to_256_values_with_both_ends(bits: int, scheme: str) -> None:
    spec = QuantSpec.parse(f"int{bits} {scheme} per-tensor minmax")
    weight = torch.linspace(-1.0, 1.0, 1001)
    effect = weight_effect(weight, spec, 0)
    steps = np.diff(effect.grid)
    assert len(effect.grid) == 256
    assert effect.grid[0] == pytest.approx(-1.0, abs=effect.scale[0])
    assert effect.grid[-1] == pytest.approx(1.0, abs=effect.scale[0])
    assert steps.max() - steps.min() <= 1.01 * effect.scale[0]


def test_weights_that_are_not_finite_are_refused() -> None:
    weight = torch.tensor([[1.0, float("nan")]])
    spec = QuantSpec.parse("int4 asym per-tensor minmax")
    for ask in (weight_histogram, weight_stats, lambda w: weight_effect(w, spec, 0)):
        with pytest.raises(ModelError, match="Weights must be finite"):
            ask(weight)


@pytest.mark.parametrize("method", ["minmax", "percentile", "mse"])
@pytest.mark.parametrize("bits", [2, 4, 8, 12])
@pytest.mark.parametrize("one_sided", [True, False], ids=["relu", "normal"])
def test_activation_effect_is_close_to_what_happens(
    method: str, bits: int, one_sided: bool
) -> None:
    x = normal(40, 1000)
    x = torch.relu(x) if one_sided else x
    observer = Observer()
    for part in x:
        observer.update(part)
    spec = QuantSpec.parse(f"int{bits} asym per-tensor {method}")
    effect = activation_effect(observer, spec)
    qparams = activation_qparams(observer, spec)
    expected = sqnr_db(x, fake_quantize_tensor(x, qparams, spec.format))
    assert effect.sqnr_db == pytest.approx(expected, abs=0.15)
    scale, zero_point = qparams.scale.item(), int(qparams.zero_point.item())
    beyond = (x > (2**bits - 1 - zero_point + 0.5) * scale) | (x < (-zero_point - 0.5) * scale)
    assert effect.clipped == pytest.approx(beyond.float().mean().item(), abs=2e-4)
    assert effect.scale == (scale, scale)
    assert len(effect.grid) == min(256, 2**bits)


def test_a_constant_activation_is_exact() -> None:
    observer = Observer()
    observer.update(torch.full((10,), 0.3))
    effect = activation_effect(observer, QuantSpec(IntFormat(2), PerTensor(), "mse"))
    assert (effect.sqnr_db, effect.clipped) == (inf, 0.0)


def test_activations_have_one_scale() -> None:
    observer = Observer()
    observer.update(torch.ones(3))
    with pytest.raises(OptionError, match="per-tensor"):
        activation_effect(observer, QuantSpec.parse("int4 asym per-channel minmax"))
