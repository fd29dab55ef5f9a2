"""A stored case becomes a workload: data as the model needs them, metrics as the task asks."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.errors import OptionError, UnsupportedFileError
from analysis.metrics.tasks import TASKS as METRICS
from analysis.quant.spec import WEIGHT_SPEC
from analysis.recipe import LayerConfig, Recipe
from analysis.scoring import score
from analysis.workloads.cases.folders import StoredCase
from analysis.workloads.cases.opened import facts_of, open_case
from analysis.workloads.cases.record import TASKS, Case, DataPart, ModelPart
from analysis.workloads.data.form import Columns, DataOptions, Text
from analysis.workloads.subject import subject
from tests.forms import export_onnx, export_program, network
from tests.uploads import digit_arrays, model_bytes, npz_bytes


def case_of(folder: Path, model: ModelPart, data: str, *, options=None, task="") -> StoredCase:
    part = DataPart(str(folder / data), options or DataOptions())
    return StoredCase(Case(source="mine", title="mine", model=model, data=part, task=task), folder)


def digits(folder: Path) -> ModelPart:
    (folder / "net.safetensors").write_bytes(model_bytes("digits-mlp"))
    return ModelPart("weights", str(folder / "net.safetensors"), "digits-mlp", "net.safetensors")


def test_tasks_of_the_menu_are_those_that_have_metrics():
    assert set(TASKS) == set(METRICS)


def test_facts_tell_what_opening_found(tmp_path):
    (tmp_path / "set.npz").write_bytes(npz_bytes(**digit_arrays(40)))
    facts = facts_of(case_of(tmp_path, digits(tmp_path), "set.npz"))
    assert (facts.samples, facts.parameters, facts.layers, facts.metric) == (40, 6570, 3, "top1")
    assert "10 for calibration" in facts.data


def test_without_labels_there_is_no_metric_and_the_description_says_so(tmp_path):
    (tmp_path / "set.npz").write_bytes(npz_bytes(x=digit_arrays(40)["x"]))
    workload = open_case(case_of(tmp_path, digits(tmp_path), "set.npz"))
    assert workload.metric is None
    assert "no labels" in workload.description


def test_a_named_task_brings_its_metrics(tmp_path):
    (tmp_path / "set.npz").write_bytes(npz_bytes(**digit_arrays(40)))
    workload = open_case(case_of(tmp_path, digits(tmp_path), "set.npz", task="classification"))
    assert workload.all_metrics[0] == METRICS["classification"][0]
    with pytest.raises(OptionError, match="task must be one of"):
        open_case(case_of(tmp_path, digits(tmp_path), "set.npz", task="cooking"))


def test_pictures_are_brought_to_the_size_of_the_network(tmp_path):
    for number in range(16):
        place = tmp_path / "data" / ("ab"[number % 2])
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (20, 30), dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"{number}.png")
    workload = open_case(case_of(tmp_path, digits(tmp_path), "data"))
    inputs, target = next(iter(workload.calibration))
    assert isinstance(inputs, torch.Tensor)
    assert inputs.shape[1:] == (1, 8, 8)
    assert target is not None
    assert workload.classes == ("a", "b")


@pytest.mark.slow
def test_an_onnx_model_takes_arrays_and_a_program_takes_text(tmp_path):
    pytest.importorskip("onnx.version_converter")
    net, x = network("cnn")
    export_onnx(net, x, tmp_path / "net.onnx")
    (tmp_path / "set.npz").write_bytes(npz_bytes(x=x.numpy(), y=np.arange(24) % 10))
    onnx = ModelPart("onnx", str(tmp_path / "net.onnx"))
    assert facts_of(case_of(tmp_path, onnx, "set.npz")).layers == 4
    words, tokens = network("words")
    words.emb = torch.nn.Embedding(256, 8)
    export_program(words, tokens, tmp_path / "net.pt2")
    (tmp_path / "set.txt").write_text("To be, or not to be: that is the question. " * 20)
    options = DataOptions(form=Text(tokens=6))
    part = ModelPart("exported", str(tmp_path / "net.pt2"))
    made = case_of(tmp_path, part, "set.txt", options=options, task="embeddings")
    assert facts_of(made).layers == 4


def test_an_upload_of_a_form_that_can_run_code_is_refused_again_when_it_is_opened(tmp_path):
    part = ModelPart("torchscript", "model.pt")
    case = Case(source="upload:" + "0" * 24, title="x", model=part, data=DataPart("data.npz"))
    with pytest.raises(UnsupportedFileError, match="can run code"):
        open_case(StoredCase(case, tmp_path))


class Rows(torch.nn.Module):
    """A colour's embedding beside two numbers that a batch norm of rows scales."""

    def __init__(self) -> None:
        super().__init__()
        self.colours = torch.nn.Embedding(3, 8)
        self.norm = torch.nn.BatchNorm1d(2)
        self.body = torch.nn.Linear(10, 16)
        self.head = torch.nn.Linear(16, 3)

    def forward(self, colour: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        x = torch.cat([self.colours(colour), self.norm(numbers)], -1)
        logits: torch.Tensor = self.head(torch.relu(self.body(x)))
        return logits


@pytest.mark.slow
def test_a_model_of_a_table_shows_its_changed_rows_by_name(tmp_path):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    lines = ["height,colour,weight,kind"] + [
        f"{a:.3f},{('red', 'green', 'blue')[k % 3]},{b:.3f},{('cat', 'cow', 'dog')[k // 3 % 3]}"
        for k, (a, b) in enumerate(rng.normal(size=(120, 2)))
    ]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    example = (torch.tensor([0, 1]), torch.randn(2, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(Rows().eval(), example).save(str(tmp_path / "net.ts"))
    form = Columns(("height", "weight"), ("colour",), "kind")
    part = ModelPart("torchscript", str(tmp_path / "net.ts"))
    stored = case_of(tmp_path, part, "t.csv", options=DataOptions(form))
    workload = open_case(stored)
    made = subject(workload)
    layers = {layer.name: LayerConfig(weight=WEIGHT_SPEC.with_bits(2)) for layer in made.layers}
    examples = score(workload, Recipe(layers, "mine", made.fingerprint)).examples
    assert examples
    for example_ in examples:
        assert re.match(r"colour (red|green|blue), height -?\d", example_.text)
        assert example_.reference in ("cat", "cow", "dog") and example_.image == ""
