import pytest
import torch

from analysis.quant.evidence import DAMPING, HessianRoot, LayerEvidence, output_shift


def inputs(rows: int, columns: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(columns, columns, generator=generator)
    return torch.randn(rows, columns, generator=generator) @ mixing


def test_the_root_is_that_of_the_damped_hessian() -> None:
    x = inputs(200, 12)
    hessian = x.T @ x
    root = HessianRoot.of(hessian[None])
    factor, order = root.factor[0].double(), root.order[0]
    damped = hessian.double() + DAMPING * hessian.diagonal().mean() * torch.eye(12)
    diagonal = factor.inverse() @ damped[order][:, order] @ factor.T.inverse()
    assert torch.allclose(diagonal, diagonal.diagonal().diag(), atol=1e-2 * float(diagonal.max()))
    assert torch.equal(factor, factor.triu())
    assert torch.equal(factor.diagonal(), torch.ones(12, dtype=torch.float64))


def test_columns_come_by_falling_diagonal() -> None:
    hessian = torch.diag(torch.tensor([1.0, 9.0, 0.0, 4.0]))
    root = HessianRoot.of(hessian[None])
    assert root.order[0].tolist() == [1, 3, 0, 2]
    assert root.factor[0, 3].tolist() == [0.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_fewer_samples_than_columns_still_have_a_root(rows: int) -> None:
    x = inputs(rows, 8) if rows else torch.zeros(1, 8)
    root = HessianRoot.of((x.T @ x)[None])
    assert root.factor.isfinite().all()
    assert (root.factor.diagonal(dim1=-2, dim2=-1) > 0).all()


def test_the_shift_is_the_mean_of_what_the_output_lost() -> None:
    x, weight = inputs(500, 6) + 1.0, torch.randn(4, 6)
    actual = weight.round()
    evidence = LayerEvidence(x.double().mean(0, keepdim=True))
    expected = (x @ (weight - actual).T).mean(0)
    assert torch.allclose(output_shift(weight, actual, evidence), expected, atol=1e-4)


def test_each_group_of_a_convolution_has_its_own_means() -> None:
    weight, actual = torch.randn(4, 3, 1, 1), torch.zeros(4, 3, 1, 1)
    mean = torch.randn(2, 3, dtype=torch.float64)
    shift = output_shift(weight, actual, LayerEvidence(mean))
    expected = torch.cat(
        [weight[:2, :, 0, 0].double() @ mean[0], weight[2:, :, 0, 0].double() @ mean[1]]
    )
    assert torch.allclose(shift.double(), expected)
