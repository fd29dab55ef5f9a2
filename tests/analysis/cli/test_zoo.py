import json

import pytest

from analysis.cli.main import run
from analysis.workloads.zoo.cards import ZOO


@pytest.fixture(autouse=True)
def zoo_home(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTSCOPE_ZOO", str(tmp_path / "zoo"))


@pytest.mark.parametrize("words", [["zoo"], ["zoo", "list"]], ids=" ".join)
def test_the_list_tells_what_is_prepared_and_what_each_figure_means(words, capsys):
    assert run(words) == 0
    text = capsys.readouterr().out
    for card in ZOO.values():
        assert card.name in text and card.means in text and card.licence in text
    assert "quantscope zoo prepare NAME" in text


def test_the_document_holds_cards_commands_and_records(capsys):
    assert run(["zoo", "list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in document["zoo"]] == list(ZOO)
    assert all(entry["prepared"] is None for entry in document["zoo"])
    assert document["zoo"][0]["command"].startswith("quantscope zoo prepare ")


def test_an_unknown_name_is_refused_before_any_download(capsys):
    assert run(["zoo", "prepare", "resnet", "--json"]) == 2
    assert "A zoo model must be one of" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_sweep_of_a_model_that_is_not_prepared_tells_how(capsys):
    assert run(["layers", "movielens-ncf"]) == 2
    assert "quantscope zoo prepare movielens-ncf" in capsys.readouterr().err
