import numpy as np
import pytest
import torch

from analysis.quant.entropy import clipped_divergence
from analysis.quant.formats import Format, IntFormat, parse_format
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
