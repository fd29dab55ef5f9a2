import pytest
import torch

from analysis.quant.dynamic import fake_quantize_samples
from analysis.quant.formats import FloatFormat, Format, IntFormat
from analysis.quant.observer import Observer
from analysis.quant.qparams import activation_qparams
from analysis.quant.spec import QuantSpec

FORMATS = [IntFormat(8), IntFormat(3, symmetric=True), FloatFormat(4, 3)]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.label)
def test_each_sample_is_quantised_as_if_alone_over_its_own_range(form: Format) -> None:
    from analysis.quant.fake import fake_quantize_tensor

    x = torch.randn(5, 3, 4, 4) * torch.logspace(-3, 3, 5)[:, None, None, None]
    actual = fake_quantize_samples(x, form)
    spec = QuantSpec(form, QuantSpec.parse("int8 asym per-tensor minmax").granularity, "minmax")
    for sample, made in zip(x, actual, strict=True):
        observer = Observer()
        observer.update(sample)
        expected = fake_quantize_tensor(sample, activation_qparams(observer, spec), form)
        assert torch.equal(made, expected)


def test_it_follows_torchs_dynamic_quantisation_of_one_sample() -> None:
    """torch.ao's dynamic linear: the whole input over its own range, 8 bits, asymmetric."""
    x = torch.randn(1, 40)
    scale, zero_point = torch._choose_qparams_per_tensor(x, False)
    expected = torch.fake_quantize_per_tensor_affine(x, scale, zero_point, 0, 255)
    assert torch.allclose(fake_quantize_samples(x, IntFormat(8)), expected, atol=scale * 1e-4)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (4,), (2, 3), (2, 3, 4)])
def test_any_shape_goes(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape)
    assert fake_quantize_samples(x, IntFormat(4)).shape == x.shape


def test_half_precision_stays_finite() -> None:
    x = torch.tensor([[65504.0, -65504.0, 1.0]]).half()
    actual = fake_quantize_samples(x, IntFormat(2))
    assert actual.dtype == torch.half
    assert actual.isfinite().all()
