import pytest
import torch

from analysis.errors import ModelError
from analysis.quant.fake import fake_quantize_weight
from analysis.quant.spec import QuantSpec
from analysis.quant.together import VALUES, batches, fake_quantize_together

PLAIN = [
    QuantSpec.parse(f"int{bits} {sign} {rows} minmax{clip}")
    for sign in ("sym", "asym")
    for rows in ("per-channel", "per-tensor", "per-group-7")
    for bits in (2, 3, 4, 8, 16)
    for clip in ("", " clip0.85")
]


def weights() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    usual = torch.randn(6, 4, 3, 3, generator=generator)
    one_sided, constant = usual.abs() + 0.1, torch.full((4, 9), 0.3)
    partly = usual.clone()
    partly[2] = 0.0
    huge, tiny = usual * 1e38, usual * 1e-42
    return [usual, one_sided, constant, partly, huge.clamp(-3e38, 3e38), tiny, usual.double()]


@pytest.mark.parametrize("weight", [*weights(), weights()[0].half()])
@pytest.mark.parametrize("channel_axis", [0, 1])
def test_weights_made_together_are_those_made_alone(
    weight: torch.Tensor, channel_axis: int
) -> None:
    found = list(batches(PLAIN, weight.numel()))
    assert sorted(spec.label for batch in found for spec in batch) == sorted(
        spec.label for spec in PLAIN
    )
    for batch in found:
        made = fake_quantize_together(weight, batch, channel_axis)
        for spec, one in zip(batch, made, strict=True):
            alone = fake_quantize_weight(weight, spec, channel_axis)
            assert torch.equal(one, alone), spec.label
            assert one.dtype == weight.dtype


@pytest.mark.parametrize(
    "label",
    [
        "int4 sym per-channel mse",
        "int4 sym per-channel minmax gptq",
        "int4 sym per-channel mse +gain",
        "fixed4 per-channel minmax",
        "nf4 per-group-32 minmax",
    ],
)
def test_what_is_not_a_plain_grid_is_made_alone(label: str) -> None:
    assert list(batches([QuantSpec.parse(label)], 64)) == []


def test_so_many_are_made_at_once_as_fit() -> None:
    sizes = [len(batch) for batch in batches(PLAIN[:10], VALUES // 4)]
    assert sizes == [4, 4, 2]
    assert list(batches(PLAIN, VALUES)) == []


def test_bad_weights_are_refused() -> None:
    with pytest.raises(ModelError, match="NaN or infinite"):
        fake_quantize_together(torch.tensor([[1.0, float("nan")]]), PLAIN[:2], 0)
