"""Samples that changed their answer, of a language model and of a table."""

import torch
from torch import Tensor, nn

from analysis.metrics import Perplexity, Top1
from analysis.quant.spec import WEIGHT_SPEC
from analysis.recipe import LayerConfig, Recipe
from analysis.scoring import score
from analysis.workloads.subject import subject
from analysis.workloads.workload import Batch, Workload
from tests.nets import Gpt


def letters(tokens) -> str:
    return "".join(chr(97 + token) for token in tokens)


def two_bits(workload: Workload) -> Recipe:
    made = subject(workload)
    layers = {layer.name: LayerConfig(weight=WEIGHT_SPEC.with_bits(2)) for layer in made.layers}
    return Recipe(layers, workload.name, made.fingerprint)


def test_a_language_model_shows_the_text_before_the_changed_token():
    torch.manual_seed(0)
    tokens = torch.randint(0, 11, (24, 7))
    parts = [[(part[:, :-1], part[:, 1:])] for part in (tokens[:8], tokens[8:16], tokens[16:])]
    model = Gpt().eval()
    model.head = nn.Linear(16, 11, bias=False)  # with the tied one each token repeats itself
    workload = Workload(
        name="letters",
        model=model,
        calibration=parts[0],
        sweep=parts[1],
        evaluation=parts[2],
        metric=Perplexity(),
        decode=letters,
    )
    found = score(workload, two_bits(workload))
    assert found.changed and found.agreement is None
    example = found.examples[0]
    sample = parts[2][0][0][example.sample]
    assert example.position is not None
    assert example.text == letters(sample[: example.position + 1].tolist())
    assert example.reference != example.actual
    assert example.target == letters([int(parts[2][0][1][example.sample, example.position])])


class Rows(nn.Module):
    """A category and three numbers in, two classes out."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds = nn.Embedding(4, 3)
        self.body = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, kind: Tensor, numbers: Tensor) -> Tensor:
        return self.body(torch.cat([self.kinds(kind), numbers], -1))


def test_a_table_shows_its_rows_by_column():
    torch.manual_seed(1)
    model = Rows().eval()

    def part() -> list[Batch]:
        kind, numbers = torch.randint(0, 4, (64,)), torch.randn(64, 3)
        return [((kind, numbers), model(kind, numbers).detach().argmax(-1))]

    workload = Workload(
        name="rows",
        model=model,
        calibration=part(),
        sweep=part(),
        evaluation=part(),
        metric=Top1(),
        classes=("no", "yes"),
        columns=("kind", "age", "price", "weight"),
    )
    found = score(workload, two_bits(workload))
    example = found.examples[0]
    assert {example.reference, example.actual} == {"no", "yes"}
    assert example.target == example.reference
    assert example.text.startswith("kind ") and ", age " in example.text
    assert example.position is None and not example.image
