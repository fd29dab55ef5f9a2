"""A streamed sweep as a job: what the command line starts and the app shows."""

import json

import numpy as np
import pytest

from analysis.cli.main import run
from analysis.runs.store import RunStore
from analysis.workloads.zoo import shelf
from analysis.workloads.zoo.card import FloatFigure
from analysis.workloads.zoo.columns import write_columns
from tests.decoders import write_decoder


@pytest.fixture
def tiny_language_model():
    """A decoder in the place of the zoo's own."""
    tokens = np.arange(39, dtype=np.int32).reshape(3, 13)
    with shelf.being_made("smollm2") as folder:
        write_decoder(folder)
        parts = ("calibration", "sweep", "evaluation")
        write_columns(folder, {part: {"tokens": tokens} for part in parts})
        figure = FloatFigure("perplexity", 1.0, 3, 1.0, "lower")
        record = shelf.ZooRecord("smollm2", figure, figure, (), {"sweep": 3}, 0.0, 0.0)
        shelf.write_record(folder, record)


@pytest.mark.usefixtures("tiny_language_model")
def test_a_streamed_sweep_is_stored_as_a_run(capsys):
    assert run(["sweep", "smollm2", "--stream", "--bits", "2,4", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    store = RunStore()
    result = store.sensitivities(document["run"])
    assert document["method"] == "sketch" and len(result.points) == 2 * 7 * 3
    assert result.setup.reference["perplexity"] > 1
    assert store.job(document["run"]).state == "done"
    assert store.interactions(document["run"]) is not None
    assert any("tokens a second" in sentence for sentence in result.notes)


@pytest.mark.usefixtures("tiny_language_model")
@pytest.mark.parametrize(
    "words", [["--target", "both"], ["--method", "sampled"], ["--weights", "best"]], ids=str
)
def test_what_streaming_cannot_do_is_refused(words, capsys):
    assert run(["sweep", "smollm2", "--stream", *words]) == 2
    assert "beside --stream" in capsys.readouterr().err


def test_other_models_are_refused_by_name(capsys):
    assert run(["sweep", "silero-vad", "--stream"]) == 2
    assert "Leave out --stream" in capsys.readouterr().err
