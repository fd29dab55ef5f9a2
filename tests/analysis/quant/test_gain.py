import pytest
import torch

from analysis.quant.fake import fake_quantize_weight
from analysis.quant.gain import group_gain
from analysis.quant.grouping import Grouping
from analysis.quant.spec import PerGroup, QuantSpec

LABELS = [
    "int2 sym per-channel mse +gain",
    "int3 asym per-tensor minmax clip0.55 +gain",
    "int2 asym per-group-24 msegain",
    "nf4 per-group-32 minmax +gain",
    "ternary per-channel mean +gain",
]


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("label", LABELS)
def test_along_itself_each_group_is_as_long_as_before(label: str) -> None:
    weight, spec = normal(6, 100), QuantSpec.parse(label)
    grouping = Grouping.of(weight, spec.granularity, 0)
    actual = fake_quantize_weight(weight, spec, 0)
    pairs = zip(
        grouping.blocks(grouping.cut(weight)), grouping.blocks(grouping.cut(actual)), strict=True
    )
    for w, q in pairs:
        assert torch.allclose((w * q).sum(1), w.square().sum(1), rtol=1e-5)


def test_clipping_without_it_shrinks() -> None:
    weight = normal(4, 300)
    spec = QuantSpec.parse("int2 sym per-channel mse")
    actual = fake_quantize_weight(weight, spec, 0)
    assert ((weight * actual).sum(1) < 0.95 * weight.square().sum(1)).all()


@pytest.mark.parametrize("factor", [1e-35, 1e-20, 1e20, 1e30])
def test_it_does_not_depend_on_the_size_of_the_weight(factor: float) -> None:
    weight = normal(2, 50)
    spec = QuantSpec.parse("int3 sym per-channel minmax +gain")
    grouping = Grouping.of(weight, PerGroup(20), 0)
    largest = torch.finfo(torch.float32).max
    found = [
        group_gain(w, fake_quantize_weight(w, spec, 0), grouping, largest=largest)
        for w in (weight, weight.double().mul(2.0 ** round(torch.tensor(factor).log2().item())))
    ]
    assert torch.allclose(found[0].double(), found[1].double(), rtol=1e-4)


def test_a_group_that_rounds_to_zero_keeps_its_gain() -> None:
    weight = torch.tensor([[0.0, 0.0], [0.2, 0.1]])
    gain = group_gain(weight, torch.zeros(2, 2), Grouping.of(weight, PerGroup(2), 0), largest=1e38)
    assert gain.tolist() == [[1.0], [1.0]]


def test_nothing_is_raised_beyond_the_largest_number() -> None:
    weight = torch.tensor([[3e38, 3e38, 1.2e38, 1.2e38]])
    made = torch.tensor([[3e38, 3e38, 0.0, 0.0]])
    largest = torch.finfo(torch.float32).max
    gain = group_gain(weight, made, Grouping.of(weight, PerGroup(4), 0), largest=largest)
    assert 1.0 < gain.item() < 1.16
    assert (made * gain).isfinite().all()


def test_msegain_has_the_least_error_of_all_clip_levels_with_gain() -> None:
    for bits in (2, 3, 4):
        weight = normal(8, 200, seed=bits)

        def error(label: str, weight: torch.Tensor = weight) -> torch.Tensor:
            actual = fake_quantize_weight(weight, QuantSpec.parse(label), 0)
            return (actual - weight).double().square().sum(1)

        found = error(f"int{bits} asym per-channel msegain")
        for clip in ("1", "0.9", "0.8", "0.7", "0.6", "0.5", "0.4"):
            other = error(f"int{bits} asym per-channel minmax clip{clip} +gain")
            assert (found <= other * (1 + 1e-5)).all()
