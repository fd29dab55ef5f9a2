import pytest
import torch

from analysis.quant import gptq
from analysis.quant.evidence import HessianRoot, LayerEvidence
from analysis.quant.fake import fake_quantize_weight
from analysis.quant.spec import QuantSpec

LABELS = [
    "int3 asym per-channel minmax gptq",
    "int2 sym per-tensor minmax gptq",
    "int4 asym per-group-8 mse gptq",
    "nf4 per-channel minmax gptq",
    "mxfp4-e2m1 per-group-32 minmax gptq",
    "binary per-channel mean gptq",
]


def seen(rows: int, columns: int, *, seed: int = 0) -> torch.Tensor:
    """Correlated inputs."""
    generator = torch.Generator().manual_seed(seed)
    few = torch.randn(rows, max(1, columns // 3), generator=generator)
    mixed = few @ torch.randn(few.shape[1], columns, generator=generator)
    return mixed + 0.3 * torch.randn(rows, columns, generator=generator)


def evidence_of(*blocks: torch.Tensor) -> LayerEvidence:
    hessian = torch.stack([x.T @ x for x in blocks])
    mean = torch.stack([x.double().mean(0) for x in blocks])
    return LayerEvidence(mean, HessianRoot.of(hessian))


def output_error(x: torch.Tensor, weight: torch.Tensor, actual: torch.Tensor) -> float:
    lost = (weight - actual).flatten(1).double()
    return float((x.double() @ lost.T).square().sum())


def by_the_book(weight: torch.Tensor, spec: QuantSpec, x: torch.Tensor) -> torch.Tensor:
    """OBQ's own update with a fixed order: the inverse Hessian shrinks column by column."""
    from analysis.quant.evidence import DAMPING
    from analysis.quant.qparams import weight_qparams

    columns = weight.shape[1]
    hessian = (x.T @ x).double()
    hessian += DAMPING * hessian.diagonal().mean() * torch.eye(columns)
    order = (x.T @ x).diagonal().argsort(descending=True, stable=True).tolist()
    left, work = list(order), weight.double().clone()
    qparams = weight_qparams(weight, spec, 0)
    scale, zero = qparams.scale.double(), qparams.zero_point.double()
    made = torch.empty_like(work)
    for column in order:
        inverse = hessian[left][:, left].inverse()
        codes = ((work[:, column, None] / scale).round() + zero).clamp(0, 2**spec.bits - 1)
        made[:, column] = ((codes - zero) * scale)[:, 0]
        error = (work[:, column] - made[:, column]) / inverse[0, 0]
        work[:, left] -= error[:, None] * inverse[0]
        left = left[1:]
    return made.float()


def test_it_is_optimal_brain_quantisation_in_a_fixed_order() -> None:
    x, weight = seen(300, 20), torch.randn(7, 20)
    spec = QuantSpec.parse("int3 asym per-channel minmax gptq")
    actual = fake_quantize_weight(weight, spec, 0, evidence_of(x))
    assert torch.allclose(actual, by_the_book(weight, spec, x), atol=1e-4)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("shape", [(16, 48), (12, 4, 3, 3)], ids=["linear", "conv"])
def test_the_output_suffers_less_than_from_rounding_to_nearest(
    shape: tuple[int, ...], label: str
) -> None:
    weight = torch.randn(shape) / 5
    x = seen(400, weight[0].numel())
    spec = QuantSpec.parse(label)
    nearest = fake_quantize_weight(weight, spec, 0)
    actual = fake_quantize_weight(weight, spec, 0, evidence_of(x))
    assert output_error(x, weight, actual) < 0.9 * output_error(x, weight, nearest)


@pytest.mark.parametrize("label", LABELS)
def test_values_stay_on_the_grid_of_rounding_to_nearest(label: str) -> None:
    weight = torch.randn(5, 64)
    spec = QuantSpec.parse(label)
    actual = fake_quantize_weight(weight, spec, 0, evidence_of(seen(200, 64)))
    again = fake_quantize_weight(actual, spec, 0)
    size = spec.granularity.group_size if hasattr(spec.granularity, "group_size") else 64
    for row in actual:
        for group in row.split(size):
            assert group.unique().numel() <= 2**spec.bits
    assert again.shape == actual.shape


def test_uncorrelated_inputs_make_it_rounding_to_nearest() -> None:
    weight = torch.randn(6, 10)
    spec = QuantSpec.parse("int3 asym per-channel minmax gptq")
    evidence = LayerEvidence(
        torch.zeros(1, 10, dtype=torch.float64),
        HessianRoot.of(torch.diag(torch.arange(10.0))[None]),
    )
    nearest = fake_quantize_weight(weight, spec, 0)
    assert torch.equal(fake_quantize_weight(weight, spec, 0, evidence), nearest)
    assert torch.equal(fake_quantize_weight(weight, spec, 0, None), nearest)


def test_groups_of_a_convolution_are_rounded_as_if_alone() -> None:
    weight = torch.randn(6, 4, 3, 1)
    first, second = seen(100, 12, seed=1), seen(100, 12, seed=2)
    spec = QuantSpec.parse("int3 asym per-channel minmax gptq")
    together = fake_quantize_weight(weight, spec, 0, evidence_of(first, second))
    alone = [
        fake_quantize_weight(part, spec, 0, evidence_of(x))
        for part, x in zip(weight.split(3), (first, second), strict=True)
    ]
    assert torch.allclose(together, torch.cat(alone), atol=1e-5)


def test_the_channel_axis_may_be_the_second() -> None:
    weight, x = torch.randn(9, 5), seen(100, 9)
    spec = QuantSpec.parse("int3 asym per-group-4 minmax gptq")
    evidence = evidence_of(x)
    turned = fake_quantize_weight(weight.T.contiguous(), spec, 0, evidence).T
    assert torch.equal(fake_quantize_weight(weight, spec, 1, evidence), turned)


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_the_size_of_a_block_does_not_matter(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    weight, evidence = torch.randn(8, 30), evidence_of(seen(200, 30))
    spec = QuantSpec.parse("int4 asym per-channel minmax gptq")
    expected = fake_quantize_weight(weight, spec, 0, evidence)
    monkeypatch.setattr(gptq, "BLOCK", block)
    actual = fake_quantize_weight(weight, spec, 0, evidence)
    step = (weight.amax(1) - weight.amin(1)) / 15
    assert ((actual - expected).abs() <= 1.01 * step[:, None]).all()
    assert torch.isclose(actual, expected, atol=1e-5).float().mean() > 0.95


@pytest.mark.parametrize("value", [0.0, 3e38, 1e-45, -0.3])
def test_extreme_weights_and_inputs_give_no_nan(value: float) -> None:
    weight = torch.full((3, 8), value)
    weight[0, 0] = 0.5 * value
    for scale in (0.0, 1e-20, 1e15):
        evidence = evidence_of(scale * seen(20, 8))
        for label in LABELS:
            assert (
                fake_quantize_weight(weight, QuantSpec.parse(label), 0, evidence).isfinite().all()
            )
