import numpy as np
import pytest
import torch

from analysis.quant.entropy import clipped_divergence, without_spikes
from analysis.quant.formats import Format, IntFormat, parse_format
from analysis.quant.observed_ranges import entropy_range
from analysis.quant.observer import Observer
from analysis.quant.qparams import activation_qparams
from analysis.quant.scales import grid_of, range_qparams
from analysis.quant.spec import QuantSpec


def seen(values: torch.Tensor, bins: int = 2048) -> Observer:
    observer = Observer(bins)
    observer.update(values)
    return observer


def divergence(observer: Observer, low: float, high: float, form: Format) -> float:
    ends = torch.tensor([low, high], dtype=torch.float64)
    qparams = range_qparams(ends[0], ends[1], form)
    return clipped_divergence(observer.density(), grid_of(qparams, form, torch.float64))


def test_a_histogram_by_hand() -> None:
    """Bins of width 1 from 0 to 8 at 2 bits over 0…6: codes 0, 2, 4, 6; limits -1 and 7."""
    values = torch.tensor([0.5, 1.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 7.5, 7.5, 7.999])
    observer = seen(values, bins=8)
    assert observer.density().counts.tolist() == [1, 2, 1, 1, 1, 1, 1, 4]
    p = np.array([1, 2, 1, 1, 1, 1, 1 + 4]) / 12
    # centres 0.5 | 1.5, 2.5 | 3.5, 4.5 | 5.5, 6.5 round to 0, 2, 4, 6 (6 also takes 6.5)
    q = np.array([1, 1.5, 1.5, 1, 1, 1, 1]) / 8
    expected = (p * np.log(p / q)).sum()
    assert divergence(observer, 0.0, 6.0, IntFormat(2)) == pytest.approx(expected, rel=1e-5)


def test_as_many_codes_as_bins_lose_nothing_but_what_is_clipped() -> None:
    observer = seen(torch.rand(20_000))
    assert divergence(observer, 0.0, 1.0, IntFormat(16)) == pytest.approx(0.0, abs=1e-6)
    assert divergence(observer, 0.0, 0.5, IntFormat(16)) > 1.0


def test_exact_zeros_do_not_count() -> None:
    values = torch.rand(5000) + 0.01
    sparse = torch.cat([values, torch.zeros(50_000)])
    found = [divergence(seen(x), 0.0, 0.8, IntFormat(4)) for x in (values, sparse)]
    assert found[0] == pytest.approx(found[1], rel=1e-9)


@pytest.mark.parametrize("label", ["int8 asym", "int8 sym", "int4 asym", "fixed8"])
def test_far_outliers_are_clipped(label: str) -> None:
    values = torch.cat([torch.randn(100_000), torch.tensor([60.0, -55.0])])
    form, _ = parse_format(label.split())
    spec = QuantSpec.parse(f"{label} per-tensor entropy")
    observer = seen(values)
    reach = [
        grid_of(activation_qparams(observer, s), form, torch.float64).limits[1]
        for s in (spec, QuantSpec.parse(f"{label} per-tensor minmax"))
    ]
    assert reach[0] < 0.5 * reach[1]
    assert reach[0] > 2.0


def tensorrt_limit(values: np.ndarray, codes: int, bins: int = 2048) -> float:
    """The calibration of TensorRT's slides for magnitudes, written out: end of the range."""
    counts, edges = np.histogram(np.abs(values), bins, (0.0, np.abs(values).max()))
    counts = counts.astype(float)
    counts[0] = counts[1]
    best, limit = np.inf, 0.0
    for kept in range(codes, bins + 1, 4):
        code = np.arange(kept) * codes // kept
        inside = counts[:kept]
        filled = inside > 0
        mean = np.bincount(code, inside) / np.maximum(np.bincount(code, filled), 1)
        q = np.where(filled, mean[code], 0.0)[filled]
        p = inside.copy()
        p[np.flatnonzero(filled)[-1]] += counts[kept:].sum()
        p, q = p[filled] / p.sum(), q / q.sum()
        divergence = float((p * np.log(p / q)).sum())
        if divergence <= best:
            best, limit = divergence, float(edges[kept])
    return limit


@pytest.mark.parametrize("kind", ["normal", "laplace", "lognormal"])
def test_smooth_values_are_clipped_where_tensorrt_clips_them(kind: str) -> None:
    values = getattr(np.random.default_rng(0), kind)(size=300_000)
    form = IntFormat(8, symmetric=kind != "lognormal")
    ends = entropy_range(seen(torch.tensor(values, dtype=torch.float32)).density(), form)
    expected = tensorrt_limit(values, 128 if form.symmetric else 256)
    assert max(-ends[0], ends[1]) == pytest.approx(expected, rel=0.25)


def test_a_value_that_repeats_does_not_clip_the_others() -> None:
    smooth = torch.randn(100_000).abs()
    spiked = torch.cat([smooth, *(torch.full((5_000,), at) for at in (0.11, 0.13, 0.23, 0.29))])
    ends = [entropy_range(seen(x).density(), IntFormat(8))[1] for x in (smooth, spiked)]
    assert ends[1] > 0.8 * ends[0]
    narrow = tensorrt_limit(spiked.numpy(), 256)
    assert narrow < 0.7 * ends[1], "the criterion as it stands in the slides"


def test_spikes_are_held_to_their_neighbours_and_nothing_else_changes() -> None:
    flat = seen(torch.linspace(0.0, 1.0, 20_481))
    assert without_spikes(flat.density()).counts.tolist() == flat.density().counts.tolist()
    values = torch.cat([torch.linspace(0.0, 1.0, 20_481), torch.full((5_000,), 0.5001)])
    density = without_spikes(seen(values).density())
    assert density.counts.max() == pytest.approx(2 * np.median(density.counts), rel=0.1)
    constant = seen(torch.full((5,), 3.0)).density()
    assert without_spikes(constant).counts.tolist() == constant.counts.tolist()
