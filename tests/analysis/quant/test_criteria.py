import numpy as np
import pytest
import torch

from analysis.quant.affine import affine_qparams
from analysis.quant.criteria import Criterion, squared_error, squared_tangent
from analysis.quant.formats import IntFormat
from analysis.quant.ranges import minmax_range

FORM = IntFormat(4)


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def quantised(group: np.ndarray) -> np.ndarray:
    """By the definition, value by value in float64."""
    low, high = min(group.min(), 0.0), max(group.max(), 0.0)
    scale = (high - low) / FORM.qmax
    zero = np.rint(-low / scale)
    return (np.clip(np.rint(group / scale) + zero, 0, FORM.qmax) - zero) * scale


def test_squared_error_is_the_definition() -> None:
    groups = normal(3, 50)
    errors = squared_error(groups, affine_qparams(*minmax_range(groups, FORM), FORM), FORM)
    for group, error in zip(groups.double().numpy(), errors.tolist(), strict=True):
        assert error == pytest.approx(((quantised(group) - group) ** 2).sum(), rel=1e-4)


def test_squared_tangent_is_that_of_the_angle() -> None:
    groups = normal(3, 50)
    found = squared_tangent(groups, affine_qparams(*minmax_range(groups, FORM), FORM), FORM)
    for group, tangent in zip(groups.double().numpy(), found.tolist(), strict=True):
        made = quantised(group)
        cosine = (group @ made) / np.linalg.norm(group) / np.linalg.norm(made)
        assert tangent == pytest.approx(1 / cosine**2 - 1, rel=1e-3)


@pytest.mark.parametrize("criterion", [squared_error, squared_tangent])
def test_a_value_that_counts_thrice_is_three_values(criterion: Criterion) -> None:
    groups, counts = normal(2, 40), torch.randint(1, 4, (40,))
    repeated = groups.repeat_interleave(counts, dim=1)
    qparams = affine_qparams(*minmax_range(groups, FORM), FORM)
    weighted = criterion(groups, qparams, FORM, counts.expand(2, -1).double())
    plain = criterion(repeated, qparams, FORM, None)
    assert weighted.tolist() == pytest.approx(plain.tolist(), rel=1e-6)
