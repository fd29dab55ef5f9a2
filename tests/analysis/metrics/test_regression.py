import pytest
import torch
import torchmetrics.functional as oracle

from analysis.errors import ModelError
from analysis.metrics import AbsRel, Delta1, Mae, Rmse
from tests.metric_values import value


@pytest.fixture
def pairs():
    torch.manual_seed(0)
    return torch.randn(30, 2), torch.randn(30, 2)


def test_rmse_and_mae_agree_with_torchmetrics(pairs):
    expected = oracle.mean_squared_error(pairs[0], pairs[1], squared=False)
    assert value(Rmse(), *pairs) == pytest.approx(float(expected), rel=1e-5)
    expected = oracle.mean_absolute_error(*pairs)
    assert value(Mae(), *pairs) == pytest.approx(float(expected), rel=1e-5)


def test_depth_errors_count_known_depths_alone():
    torch.manual_seed(0)
    target = torch.rand(6, 1, 5, 5) * 9 + 1
    depth = target * torch.exp(0.3 * torch.randn_like(target))
    known = torch.rand_like(target) > 0.4
    expected = oracle.mean_absolute_percentage_error(depth[known], target[known])
    ratio = torch.maximum(depth / target, target / depth)[known]
    target[~known] = 0
    assert value(AbsRel(), depth, target) == pytest.approx(float(expected), rel=1e-5)
    assert value(Delta1(), depth, target) == pytest.approx(float((ratio < 1.25).float().mean()))


def test_a_depth_below_zero_is_never_close():
    target = torch.full((3, 1), 2.0)
    assert value(Delta1(), torch.tensor([[-2.0], [0.0], [2.0]]), target) == pytest.approx(1 / 3)


def test_targets_of_the_wrong_form_are_named():
    with pytest.raises(ModelError, match="shape"):
        Rmse().statistics(torch.randn(4, 3), torch.randn(4))
    with pytest.raises(ModelError, match="above 0"):
        AbsRel().statistics(torch.ones(4, 3), torch.zeros(4, 3))
