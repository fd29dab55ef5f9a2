import torch
from torch import nn

from analysis.workloads.folding import Folding, fold_batch_norms
from tests.nets import make_workload


def _equal_outputs(first: nn.Module, second: nn.Module) -> bool:
    images = torch.randn(4, 1, 8, 8)
    with torch.no_grad():
        return torch.allclose(first(images), second(images), atol=1e-5)


def test_every_norm_after_a_convolution_is_folded_and_outputs_stay():
    model = make_workload("branched").model
    folded, pairs = fold_batch_norms(model, torch.randn(4, 1, 8, 8))
    assert pairs == (
        Folding("stem.0", "stem.1"),
        Folding("main.0", "main.1"),
        Folding("main.3", "main.4"),
    )
    assert _equal_outputs(model, folded)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in folded.modules())


def test_the_users_model_keeps_its_norms_and_weights():
    model = make_workload("branched").model
    before = {key: value.clone() for key, value in model.state_dict().items()}
    fold_batch_norms(model, torch.randn(4, 1, 8, 8))
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_a_norm_whose_input_was_changed_in_place_is_left_alone():
    class Between(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 3, 1)
            self.norm = nn.BatchNorm2d(3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.norm(self.conv(x).relu_())

    model = Between().eval()
    folded, pairs = fold_batch_norms(model, torch.randn(2, 1, 4, 4))
    assert pairs == ()
    assert folded is model


def test_a_convolution_whose_output_is_used_twice_is_left_alone():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 3, 1)
            self.norm = nn.BatchNorm2d(3)
            self.other = nn.Conv2d(3, 3, 1, bias=False)
            self.other_norm = nn.BatchNorm2d(3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.conv(x)
            return self.other_norm(self.other(self.norm(y) + 2 * y))

    model = Twice().eval()
    for norm in (model.norm, model.other_norm):
        assert norm.running_mean is not None
        norm.running_mean.fill_(0.7)
    folded, pairs = fold_batch_norms(model, torch.randn(2, 1, 4, 4))
    assert pairs == (Folding("other", "other_norm"),)
    images = torch.randn(3, 1, 4, 4)
    assert torch.allclose(model(images), folded(images), atol=1e-5)


def test_a_model_without_norms_is_returned_itself():
    model = nn.Sequential(nn.Linear(3, 2)).eval()
    assert fold_batch_norms(model, torch.randn(2, 3)) == (model, ())
