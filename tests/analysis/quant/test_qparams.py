import pytest
import torch

from analysis.errors import ModelError, OptionError
from analysis.quant.observer import Observer
from analysis.quant.qparams import activation_qparams, weight_qparams
from analysis.quant.spec import QuantSpec

WEIGHT = torch.randn(6, 5, 3, 3, generator=torch.Generator().manual_seed(0))


def seen(values: torch.Tensor) -> Observer:
    observer = Observer()
    observer.update(values)
    return observer


@pytest.mark.parametrize(
    ("label", "axis", "shape"),
    [
        ("int4 asym per-tensor minmax", 0, (1, 1)),
        ("int4 asym per-channel minmax", 0, (6, 1)),
        ("int4 sym per-channel mse", 1, (5, 1)),
        ("int4 asym per-group-16 minmax", 0, (6, 3)),
        ("int4 sym per-group-16 percentile", 1, (5, 4)),
    ],
)
def test_there_is_one_scale_a_group(label: str, axis: int, shape: tuple[int, int]) -> None:
    qparams = weight_qparams(WEIGHT, QuantSpec.parse(label), axis)
    assert qparams.scale.shape == qparams.zero_point.shape == shape
    assert (qparams.scale.dtype, qparams.zero_point.dtype) == (torch.float32, torch.int32)


@pytest.mark.parametrize("axis", [0, 1])
def test_min_max_scales_are_the_range_over_the_steps(axis: int) -> None:
    rows = WEIGHT.movedim(axis, 0).flatten(1)
    spec = QuantSpec.parse("int4 asym per-channel minmax")
    qparams = weight_qparams(WEIGHT, spec, axis)
    expected = (rows.amax(1) - rows.amin(1)) / 15
    assert torch.allclose(qparams.scale[:, 0], expected, rtol=1e-6, atol=0)
    zero_points = (-rows.amin(1) / expected).round().int()
    assert torch.equal(qparams.zero_point[:, 0], zero_points)


def test_short_last_groups_have_ranges_of_their_own() -> None:
    weight = torch.tensor([[1.0, -1.0, 8.0], [2.0, 4.0, -16.0]])
    spec = QuantSpec.parse("int8 sym per-group-2 minmax")
    qparams = weight_qparams(weight, spec, 0)
    # A single value is a constant: the scale is its magnitude.
    assert (qparams.scale[:, 1]).tolist() == [8.0, 16.0]
    assert (qparams.scale[:, 0] * 127).tolist() == pytest.approx([1.0, 4.0])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_refused(bad: float) -> None:
    weight = WEIGHT.clone()
    weight[1, 2] = bad
    spec = QuantSpec.parse("int4 asym per-channel minmax")
    with pytest.raises(ModelError, match="finite, but 9 of 270 are NaN or infinite"):
        weight_qparams(weight, spec, 0)


def test_weights_that_are_empty_or_integers_are_refused() -> None:
    spec = QuantSpec.parse("int4 asym per-channel minmax")
    with pytest.raises(ModelError, match="at least one number"):
        weight_qparams(torch.zeros(0, 3), spec, 0)
    with pytest.raises(ModelError, match="float numbers"):
        weight_qparams(torch.ones(2, 3, dtype=torch.int8), spec, 0)


@pytest.mark.parametrize("granularity", ["per-channel", "per-group-32"])
def test_activations_have_one_scale(granularity: str) -> None:
    spec = QuantSpec.parse(f"int8 asym {granularity} minmax")
    with pytest.raises(OptionError, match="per-tensor"):
        activation_qparams(seen(WEIGHT), spec)


def test_activation_min_max_is_that_of_the_stream() -> None:
    observer = seen(WEIGHT)
    observer.update(torch.tensor([9.0]))
    qparams = activation_qparams(observer, QuantSpec.parse("int8 asym per-tensor minmax"))
    low = WEIGHT.min().item()
    assert qparams.scale.shape == ()
    assert qparams.scale.item() == pytest.approx((9.0 - low) / 255)
    assert qparams.zero_point.item() == round(-low / qparams.scale.item())


@pytest.mark.parametrize("method", ["minmax", "percentile", "mse"])
@pytest.mark.parametrize("value", [0.0, 0.3, -7.0])
def test_a_constant_activation_has_a_usable_scale(method: str, value: float) -> None:
    spec = QuantSpec.parse(f"int8 asym per-tensor {method}")
    qparams = activation_qparams(seen(torch.full((3000,), value)), spec)
    assert qparams.scale.item() == pytest.approx(abs(value) or 1.0)


def test_no_observation_gives_no_qparams() -> None:
    with pytest.raises(ValueError, match="no value"):
        activation_qparams(Observer(), QuantSpec.parse("int8 asym per-tensor mse"))


def test_ranges_are_found_anew_after_an_update() -> None:
    observed, spec = Observer(), QuantSpec.parse("int8 asym per-tensor minmax")
    observed.update(torch.tensor([0.0, 1.0]))
    narrow = activation_qparams(observed, spec)
    assert activation_qparams(observed, spec) is narrow
    observed.update(torch.tensor([10.0]))
    assert activation_qparams(observed, spec).scale == pytest.approx(10 * narrow.scale.item())
