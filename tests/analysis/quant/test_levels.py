import ml_dtypes
import numpy as np
import pytest
import torch

from analysis.quant.formats import CodebookFormat, FloatFormat
from analysis.quant.levels import LevelGrid, nearest_float, nearest_in_table

PEERS = {
    "fp8-e4m3": ml_dtypes.float8_e4m3fn,
    "fp8-e5m2": ml_dtypes.float8_e5m2,
    "fp6-e3m2": ml_dtypes.float6_e3m2fn,
    "fp6-e2m3": ml_dtypes.float6_e2m3fn,
    "fp4-e2m1": ml_dtypes.float4_e2m1fn,
}
FORMATS = [FloatFormat(4, 3), FloatFormat(5, 2), FloatFormat(3, 2), FloatFormat(2, 3)]
FORMATS.append(FloatFormat(2, 1))
TORCH = {"fp8-e4m3": torch.float8_e4m3fn, "fp8-e5m2": torch.float8_e5m2}


def inside(form: FloatFormat) -> torch.Tensor:
    """Values of all sizes, all levels, all middles between levels and their neighbours."""
    levels = torch.tensor(form.values)
    middles = (levels[1:] + levels[:-1]) / 2
    around = [torch.nextafter(middles, torch.full_like(middles, s)) for s in (-1e9, 1e9)]
    spread = torch.logspace(-7, 6, 4000) * torch.randn(4000).sign()
    values = torch.cat([levels, middles, *around, spread])
    return values[values.abs() <= form.largest]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.label)
def test_floats_round_as_ml_dtypes_does(form: FloatFormat) -> None:
    values = inside(form)
    expected = values.numpy().astype(PEERS[form.label]).astype(np.float32)
    assert torch.equal(nearest_float(values, form), torch.from_numpy(expected))


@pytest.mark.parametrize("form", FORMATS[:2], ids=lambda form: form.label)
def test_eight_bit_floats_round_as_torch_casts_do(form: FloatFormat) -> None:
    values = inside(form)
    assert torch.equal(nearest_float(values, form), values.to(TORCH[form.label]).float())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.label)
def test_floats_saturate_and_nan_stays(form: FloatFormat, dtype: torch.dtype) -> None:
    values = torch.tensor([1e30, -1e30, float("inf"), float("nan"), 0.0, -0.0, 1e-45], dtype=dtype)
    found = nearest_float(values, form)
    assert found.dtype == dtype
    assert found[:3].tolist() == [form.largest, -form.largest, form.largest]
    assert found[3].isnan()
    assert found[4:].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("form", [CodebookFormat("nf4"), CodebookFormat("ternary")], ids=str)
def test_a_table_gives_its_nearest_value(form: CodebookFormat) -> None:
    values = torch.cat([torch.randn(2000), torch.tensor(form.values)])
    table = torch.tensor(form.values)
    expected = table[(values[:, None] - table).abs().argmin(1)]
    assert torch.equal(nearest_in_table(values, form), expected)


def test_zero_becomes_one_where_there_is_no_zero_and_nan_stays() -> None:
    found = nearest_in_table(torch.tensor([0.0, float("nan")]), CodebookFormat("binary"))
    assert found[0] == 1
    assert found[1].isnan()


def test_clipped_is_beyond_half_of_the_outermost_step() -> None:
    grid = LevelGrid(torch.tensor(2.0), FloatFormat(2, 1))
    steps = torch.tensor([-7.1, -6.9, 0.0, 6.9, 7.1])
    assert grid.clipped(steps).tolist() == [True, False, False, False, True]
    assert grid.limits == (-14.0, 14.0)
