"""Formats against torchao's own tensors: the same numbers, to the bit where both are exact."""

from importlib import import_module
from types import ModuleType

import pytest
import torch

from analysis.quant.dynamic import fake_quantize_blocks
from analysis.quant.fake import fake_quantize_weight
from analysis.quant.formats import MxFormat, NvFp4Format
from analysis.quant.spec import QuantSpec

pytestmark = pytest.mark.slow

ELEMENTS = {
    "mxfp8-e4m3": torch.float8_e4m3fn,
    "mxfp8-e5m2": torch.float8_e5m2,
    "mxfp6-e2m3": "fp6_e2m3",
    "mxfp6-e3m2": "fp6_e3m2",
    "mxfp4-e2m1": torch.float4_e2m1fn_x2,
}


@pytest.fixture(scope="module")
def ao() -> ModuleType:
    """Imported late: it takes seconds, and says on stderr that it found no CUDA kernels."""
    for name in ("prototype.mx_formats.mx_tensor", "prototype.mx_formats.nvfp4_tensor"):
        import_module(f"torchao.{name}")
    import_module("torchao.quantization.quant_primitives")
    return import_module("torchao")


def uneven() -> torch.Tensor:
    """Rows of very different sizes."""
    generator = torch.Generator().manual_seed(0)
    sizes = torch.exp(2 * torch.randn(16, 1, generator=generator))
    return torch.randn(16, 96, generator=generator) * sizes


@pytest.mark.parametrize("name", ELEMENTS)
def test_mx_blocks_are_those_of_torchao(ao: ModuleType, name: str) -> None:
    spec, x = QuantSpec.parse(f"{name} per-group-32 minmax"), uneven()
    tensor = ao.prototype.mx_formats.mx_tensor.MXTensor.to_mx(x, ELEMENTS[name], 32)
    expected = tensor.dequantize(torch.float32)
    assert torch.equal(fake_quantize_weight(x, spec, 0), expected)
    assert isinstance(spec.format, MxFormat)
    assert torch.equal(fake_quantize_blocks(x, spec.format, -1), expected)
    images = x.reshape(4, 4, 96, 1).transpose(1, 2)
    blocked = fake_quantize_blocks(images, spec.format, 1)
    assert torch.equal(blocked, expected.reshape(4, 4, 96, 1).transpose(1, 2))


def test_nvfp4_blocks_are_those_of_torchao(ao: ModuleType) -> None:
    spec, x = QuantSpec.parse("nvfp4 per-group-16 minmax"), uneven()
    module = ao.prototype.mx_formats.nvfp4_tensor

    def theirs(part: torch.Tensor) -> torch.Tensor:
        scale = module.per_tensor_amax_to_scale(part.abs().max())
        made = module.NVFP4Tensor.to_nvfp4(part.contiguous(), per_tensor_scale=scale)
        return made.dequantize(torch.float32)

    assert torch.equal(fake_quantize_weight(x, spec, 0), theirs(x))
    assert isinstance(spec.format, NvFp4Format)
    samples = x.reshape(4, 4, 96)
    expected = torch.stack([theirs(sample) for sample in samples])
    assert torch.equal(fake_quantize_blocks(samples, spec.format, -1), expected)


@pytest.mark.parametrize(("bits", "symmetric"), [(8, True), (4, True), (4, False), (2, False)])
def test_integer_groups_are_those_of_torchao(ao: ModuleType, bits: int, symmetric: bool) -> None:
    kind = "sym" if symmetric else "asym"
    spec, x = QuantSpec.parse(f"int{bits} {kind} per-group-32 minmax"), uneven()
    low = 1 - 2 ** (bits - 1) if symmetric else 0
    high = 2 ** (bits - 1) - 1 if symmetric else 2**bits - 1
    module = ao.quantization.quant_primitives
    mapping = module.MappingType.SYMMETRIC if symmetric else module.MappingType.ASYMMETRIC
    block = (1, 32)
    found = module.choose_qparams_affine(
        x, mapping, block, torch.int32, low, high, scale_dtype=torch.float32
    )
    codes = module.quantize_affine(x, block, *found, torch.int32, low, high)
    expected = module.dequantize_affine(codes, block, *found, torch.int32, low, high)
    assert torch.allclose(fake_quantize_weight(x, spec, 0), expected, rtol=1e-5, atol=0)
