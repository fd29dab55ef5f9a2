import json

import pytest

from analysis.cli.main import run
from tests.uploads import digit_arrays, model_bytes, npz_bytes


@pytest.fixture
def words(tmp_path):
    (tmp_path / "net.safetensors").write_bytes(model_bytes("digits-mlp"))
    (tmp_path / "set.npz").write_bytes(npz_bytes(**digit_arrays(40)))
    files = ["--model", str(tmp_path / "net.safetensors"), "--data", str(tmp_path / "set.npz")]
    return ["add", "mine", *files, "--architecture", "digits-mlp", "--json"]


def test_a_registered_model_is_a_source_for_other_commands(words, capsys):
    assert run(words) == 0
    added = json.loads(capsys.readouterr().out)
    assert (added["name"], added["parameters"], added["samples"]) == ("mine", 6570, 40)
    assert run(["coverage", "mine", "--json"]) == 0
    covered = json.loads(capsys.readouterr().out)
    assert [layer["exported"] for layer in covered["layers"]][-1] == "head.weight"
    assert covered["inputs"] == 3
    assert 0.9 < covered["share"] < 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ((1, "digits"), "belongs to a workload"),
        ((1, "../x"), "A name must be"),
        ((3, "/no/such.safetensors"), "must lie in a file or folder that exists"),
        ((7, "digits-cnn"), "must hold all tensors of digits-cnn"),
    ],
)
def test_what_cannot_be_registered_is_one_sentence(words, capsys, change, sentence):
    place, word = change
    assert run([*words[:place], word, *words[place + 1 :]]) == 2
    assert sentence in json.loads(capsys.readouterr().out)["error"]["message"]


def test_data_options_are_json(words, capsys):
    split = json.dumps({"split": {"seed": 7}})
    assert run([*words, "--data-options", split]) == 0
    assert "40" in capsys.readouterr().out
    assert run([*words, "--data-options", '{"form": {"kind": "no"}}']) == 2
    assert "data options" in capsys.readouterr().out
