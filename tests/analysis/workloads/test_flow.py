import torch
from torch import nn

from analysis.workloads.discovery import discover
from analysis.workloads.flow import find_edges
from tests.forms import network


class Branches(nn.Module):
    """A residual sum, a concatenation, work in place, and a weight used by a function."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.left, self.right = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
        self.odd = nn.Linear(4, 4)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        x = torch.relu_(self.stem(x))
        left = self.left(x)
        left += x
        right = nn.functional.linear(self.right(x), self.odd.weight)
        return self.head(torch.cat([left, right], 1))


def edges_of(model, x):
    layers, _ = discover(model, x)
    return find_edges(model, x, layers)


def test_edges_go_through_sums_concatenations_and_functions():
    assert edges_of(Branches().eval(), torch.randn(3, 4)) == (
        ("stem", "left"),
        ("stem", "right"),
        ("stem", "head"),
        ("left", "head"),
        ("right", "head"),
    )


def test_a_chain_is_a_chain_and_the_model_keeps_no_hook():
    net, x = network("cnn")
    before = {name: value.clone() for name, value in net.state_dict().items()}
    assert edges_of(net, x) == (("conv1", "body.0"), ("body.0", "body.2"), ("body.2", "fc"))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_row_numbers_start_a_chain():
    net, x = network("words")
    assert ("emb", "block.0") in edges_of(net, x)
    assert ("emb", "head") in edges_of(net, x)
