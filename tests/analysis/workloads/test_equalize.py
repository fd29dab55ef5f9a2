from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from analysis.workloads.channels import input_sizes, output_sizes
from analysis.workloads.equalize import equalize_channels, equalized_note
from analysis.workloads.links import Link, find_links
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from tests.nets import NETS, make_workload


def uneven(model: nn.Module) -> nn.Module:
    """Channels of very different sizes."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            sizes = torch.logspace(-1.5, 1.5, len(module.weight))
            module.weight.data *= sizes.reshape(-1, *(1,) * (module.weight.dim() - 1))
    return model.eval()


def chain() -> nn.Module:
    return uneven(
        nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(8, 8, 3, groups=8),
            nn.LeakyReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 6, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(54, 10),
            nn.Dropout(),
            nn.Linear(10, 5),
        )
    )


class PreNorm(nn.Module):
    """A normalisation that feeds three layers, and one whose output is added again."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.q, self.k, self.v = (nn.Linear(8, 8) for _ in range(3))
        self.again = nn.LayerNorm(8)
        self.out = nn.Linear(8, 5)
        self.skip = nn.Linear(8, 5)
        nn.init.uniform_(self.norm.weight, 0.1, 3)
        self.norm.weight.data[3] = 40.0

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x)
        y = self.q(y) * self.k(y).sigmoid() + self.v(y)
        z = self.again(y)
        return self.out(z) + self.skip(z + 1)


def run(model: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        return model(x)


CASES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "chain": (chain, (16, 1, 8, 8)),
    "norm": (PreNorm, (16, 8)),
}


@pytest.mark.parametrize("case", CASES)
def test_the_copy_computes_the_same_and_the_model_is_left_as_it_was(case: str) -> None:
    build, shape = CASES[case]
    torch.manual_seed(0)
    model, x = build(), torch.randn(shape)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    copy, links = equalize_channels(model, x[:4], [(x, None)])
    assert links
    assert torch.allclose(run(copy, x), run(model, x), rtol=1e-4, atol=1e-4)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert any(not torch.equal(value, before[name]) for name, value in copy.state_dict().items())


def test_a_chain_is_linked_from_layer_to_layer() -> None:
    links = find_links(chain(), torch.randn(2, 1, 8, 8))
    assert links == (
        Link("0", ("2",)),
        Link("2", ("5",)),
        Link("5", ("8",)),
        Link("8", ("10",)),
    )


def test_after_it_what_makes_a_channel_is_as_large_as_what_uses_it() -> None:
    torch.manual_seed(0)
    x = torch.randn(8, 1, 8, 8)
    copy, links = equalize_channels(chain(), x, [(x, None)])
    assert len(links) == 4
    for link in links:
        made = output_sizes(copy.get_submodule(link.maker))
        used = input_sizes(copy.get_submodule(link.users[0])).reshape(len(made), -1).amax(1)
        assert torch.allclose(made, used, rtol=0.02)


def test_smoothing_evens_out_activation_channels() -> None:
    torch.manual_seed(0)
    model, x = PreNorm().eval(), torch.randn(64, 8)
    copy, links = equalize_channels(model, x[:8], [(x, None)])
    assert links == (Link("norm", ("q", "k", "v")),), "the other norm feeds more than layers"
    before, after = (run(m.get_submodule("norm"), x).abs().amax(0) for m in (model, copy))
    assert after.max() / after.median() < 0.5 * before.max() / before.median()
    users = [copy.get_submodule(name) for name in links[0].users]
    weights = torch.stack([input_sizes(user) for user in users]).amax(0)
    assert torch.allclose(after.double(), weights, rtol=1e-3), "at one half both sizes become equal"


def test_a_dead_channel_stays_as_it_is() -> None:
    model = uneven(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))
    model.get_parameter("0.weight").data[1] = 0.0
    x = torch.randn(8, 4)
    copy, links = equalize_channels(model, x, [(x, None)])
    assert links
    assert torch.equal(copy.get_submodule("0").get_parameter("weight")[1], torch.zeros(4))
    assert all(value.isfinite().all() for value in copy.state_dict().values())


@pytest.mark.parametrize("net", NETS)
def test_every_net_still_gives_its_outputs(net: str) -> None:
    workload = make_workload(net)
    made = subject(replace(workload, equalize=True))
    inputs = made.probe
    plain = subject(workload)
    with torch.no_grad():
        actual, expected = made.take(made.model(inputs)), plain.take(plain.model(inputs))
    assert torch.allclose(actual, expected, atol=1e-4 * float(expected.abs().max()))
    assert [layer.name for layer in made.layers] == [layer.name for layer in plain.layers]
    changed = any(
        not torch.equal(a, b)
        for a, b in zip(made.model.parameters(), plain.model.parameters(), strict=True)
    )
    assert changed == (made.fingerprint != plain.fingerprint)
    # The others' neighbours are joined by functions or additions, or are called twice.
    assert changed == (net in ("branched", "depthwise", "gpt"))


def test_what_cannot_be_equalised_is_told() -> None:
    (note,) = subject(replace(make_workload("recurrent"), equalize=True)).notes
    assert "analysed as it was found" in note
    model = PreNorm().eval()
    x = torch.randn(4, 8)
    copy, links = equalize_channels(model, x, [(x, None)])
    assert "smoothed: norm → " in equalized_note(copy, links)


def test_unbalanced_channels_quantise_better() -> None:
    """Per-tensor weights at 4 bits, the case that equalisation was made for."""
    from analysis.quant.spec import QuantSpec
    from analysis.recipe import LayerConfig, Recipe
    from analysis.scoring import measure

    torch.manual_seed(0)
    data = [(torch.randn(64, 1, 8, 8), torch.zeros(64, dtype=torch.long))]
    workload = Workload(name="chain", model=chain(), calibration=data, evaluation=data)
    spec = QuantSpec.parse("int4 asym per-tensor minmax")
    found = []
    for case in (workload, replace(workload, equalize=True)):
        made = subject(case)
        layers = {layer.name: LayerConfig(weight=spec) for layer in made.layers}
        recipe = Recipe(layers, made.name, made.fingerprint)
        found.append(measure(case, recipe).divergence)
    assert found[1] < 0.5 * found[0]
