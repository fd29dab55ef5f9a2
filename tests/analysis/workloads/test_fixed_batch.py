import pytest
import torch
from torch import Tensor, nn

from analysis.errors import ModelError
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig, Recipe
from analysis.scoring import score
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.sweep import sweep
from analysis.workloads.fixed_batch import with_fixed_batch
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from tests.nets import make_workload

SIZE = 12


class Free(nn.Module):
    """Takes any batch."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4 * 64, 5)

    def flat(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), -1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.flat(torch.relu(self.norm(self.first(x)))))


class Fixed(Free):
    """The same, with its batch size written into a reshape."""

    def flat(self, x: Tensor) -> Tensor:
        return x.reshape(SIZE, 4 * 64)


class Mixed(Fixed):
    """Its samples look at one another."""

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y - y.mean(0)


def net(kind: type[Free]) -> Free:
    torch.manual_seed(0)
    model = kind()
    model.norm.running_mean.normal_()  # type: ignore[union-attr]
    return model.eval()


def workload(model: nn.Module, batches: int = 8) -> Workload:
    torch.manual_seed(1)
    images = torch.randn(batches * SIZE, 1, 8, 8)
    labels = torch.randint(0, 5, (len(images),))
    data = list(zip(images.split(SIZE), labels.split(SIZE), strict=True))
    return Workload(name="net", model=model, calibration=data, evaluation=data)


@pytest.mark.parametrize("method", ["exact", "sampled", "sketch"])
def test_a_model_of_one_batch_size_is_swept_as_one_of_any(method):
    free, fixed = (
        Sensitivities.collect(sweep(workload(net(kind)), bits=(3,), target="both", method=method))
        for kind in (Free, Fixed)
    )
    assert subject(workload(net(Fixed))).batch == SIZE
    assert subject(workload(net(Free))).batch is None
    assert free.layers == fixed.layers
    tolerance = 1e-4 if method != "sketch" else 0.5  # other mini-batches, other directions
    for one, other in zip(free.points, fixed.points, strict=True):
        assert one.cell == other.cell
        assert one.divergence == pytest.approx(other.divergence, rel=tolerance, abs=1e-8)


def test_the_user_hears_of_it_and_the_model_is_left_alone():
    model = net(Fixed)
    run = sweep(workload(model), bits=(3,))
    list(run)
    assert "takes batches of 12 samples alone" in run.notes[0]
    assert type(model) is Fixed
    with pytest.raises(RuntimeError):
        model(torch.zeros(3, 1, 8, 8))


def test_a_recipe_for_it_is_scored():
    made = workload(net(Fixed))
    layer = LayerConfig(QuantSpec.parse("int4 asym per-channel minmax"))
    recipe = Recipe({"head": layer}, "net", subject(made).fingerprint)
    found = score(made, recipe)
    assert found.samples == 8 * SIZE
    assert found.divergence > 0


def test_samples_that_depend_on_one_another_are_refused():
    with pytest.raises(ModelError, match="batches of 12 alone, and the outputs of their samples"):
        subject(workload(net(Mixed)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # torch's own, as it copies
def test_an_exported_model_keeps_its_batch_size_and_is_swept():
    model = net(Fixed)
    exported = torch.export.export(model, (torch.randn(SIZE, 1, 8, 8),)).module()
    result = Sensitivities.collect(sweep(workload(exported), bits=(3,)))
    assert subject(workload(exported)).batch == SIZE
    assert [layer.name for layer in result.layers] == ["first", "head"]
    assert all(point.divergence > 0 for point in result.points)


def test_batches_of_one_are_a_size_too():
    class Single(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(64, 5)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(x.reshape(1, 64))

    torch.manual_seed(0)
    data = [(torch.randn(1, 1, 8, 8), torch.tensor([0])) for _ in range(6)]
    made = Workload(name="one", model=Single().eval(), calibration=data, evaluation=data)
    assert subject(made).batch == 1
    assert {point.samples for point in sweep(made, bits=(3,))} <= {1, 2, 3}


def test_pieces_go_together_for_tuples_and_keywords():
    class Pair(nn.Module):
        def forward(self, x: Tensor, *, shift: Tensor, factor: float) -> tuple[Tensor, str]:
            assert len(x) == 4
            return x * factor + shift, "side"

    fixed = with_fixed_batch(Pair().eval(), 4)
    x = torch.arange(10.0)[:, None]
    found, side = fixed(x, shift=x + 1, factor=2.0)
    assert torch.equal(found, 3 * x + 1)
    assert side == "side"


def test_any_other_net_takes_any_batch():
    for name in ("branched", "gpt", "recurrent"):
        assert subject(make_workload(name)).batch is None
