import pytest
import torch
from torch.nn import functional as F

from analysis.divergence import reference_of, squared_norms
from analysis.errors import ModelError


def test_kl_agrees_with_torch():
    torch.manual_seed(0)
    a, b = torch.randn(6, 5), torch.randn(6, 5)
    expected = F.kl_div(b.double().log_softmax(-1), a.double().softmax(-1), reduction="none").sum(1)
    assert torch.allclose(reference_of("kl", a, 1.0).divergence(b), expected)


def test_kl_of_tokens_is_averaged_over_the_positions_of_a_sample():
    torch.manual_seed(0)
    a, b = torch.randn(3, 4, 5), torch.randn(3, 4, 5)
    whole = reference_of("kl", a, 1.0).divergence(b)
    single = reference_of("kl", a.flatten(0, 1), 1.0).divergence(b.flatten(0, 1))
    assert torch.allclose(whole, single.reshape(3, 4).mean(1))


def test_equal_outputs_have_no_divergence_and_it_is_never_negative():
    a = torch.randn(50, 5)
    assert bool((reference_of("kl", a, 1.0).divergence(a + 1e-8) >= 0).all())
    assert float(reference_of("kl", a, 1.0).divergence(a).sum()) == 0


def test_relative_error_is_one_for_a_zero_output():
    a = torch.randn(7, 3)
    scale = float(squared_norms(a).mean())
    assert float(reference_of("mse", a, scale).divergence(a * 0).mean()) == pytest.approx(1)


def test_outputs_that_are_not_finite_diverge_without_limit():
    a, b = torch.randn(2, 3), torch.randn(2, 3)
    b[1, 0] = torch.nan
    values = reference_of("kl", a, 1.0).divergence(b)
    assert torch.isfinite(values[0])
    assert torch.isinf(values[1])


def test_a_float_model_with_nan_outputs_is_named():
    with pytest.raises(ModelError, match="NaN or infinity"):
        reference_of("kl", torch.full((2, 3), torch.nan), 1.0)
    with pytest.raises(ModelError, match="all be zero"):
        reference_of("mse", torch.zeros(2, 3), 0.0)
