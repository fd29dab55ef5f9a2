"""The whole job on the command line, on a real network."""

import json
from pathlib import Path

import pytest

from analysis.cli.main import run
from analysis.runs.store import RunStore
from analysis.sensitivity.points import parse_sensitivities
from analysis.sensitivity.proxies.catalogue import PROXIES

pytestmark = pytest.mark.slow

CASE = """
import torch
from torch import nn
import analysis as qs

print("a factory may print")

def make():
    torch.manual_seed(0)
    batches = [(torch.randn(16, 6), torch.randint(3, (16,))) for _ in range(4)]
    return qs.Workload(
        name="mine",
        model=nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)).eval(),
        calibration=batches[:2],
        evaluation=batches[2:],
        metric=qs.metrics.Top1(),
    )
"""


def test_sweep_allocate_score_of_digits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", "digits", "--bits", "2,4,8", "--json"]) == 0
    output = capsys.readouterr()
    sweep = json.loads(output.out)
    assert sweep["workload"] == "digits"
    # four layers, three widths, and the best spec of two families at each
    assert len(sweep["points"]) == 4 * 3 * 2
    assert all(point["low"] <= point["divergence"] <= point["high"] for point in sweep["points"])
    assert sweep["cost"]["seconds"] > 0
    assert f"run={sweep['run']}" in output.err

    assert run(["allocate", sweep["run"], "--average-bits", "4", "--json"]) == 0
    choice = json.loads(capsys.readouterr().out)
    same_bytes = choice["baselines"][0]
    assert choice["cost"]["weight_bytes"] >= same_bytes["weight_bytes"]
    assert 0 <= choice["measured_low"] <= choice["measured"] <= choice["measured_high"]
    assert choice["measured"] <= same_bytes["measured"]
    assert choice["verdict"]
    assert choice["search"] == "full"
    assert choice["evaluations"] >= len(choice["candidates"]) > 0
    assert len(choice["calibration"]["points"]) >= 3
    assert choice["calibrated_low"] < choice["calibrated"] < choice["calibrated_high"]
    names = [row["name"] for row in choice["baselines"]]
    # rivals that come out as the same recipe are listed once
    assert "random mix" in names
    assert len(names) == len(set(names)) >= 3

    recipe = tmp_path / "r.json"
    recipe.write_text(json.dumps(choice))
    assert run(["score", "digits", str(recipe), "--json"]) == 0
    score = json.loads(capsys.readouterr().out)
    assert 0.9 < score["reference"]["top1"] <= 1
    assert 0.8 < score["actual"]["top1"] <= 1
    assert score["low"] <= score["divergence"] <= score["high"]
    assert score["weight_bytes"] == choice["cost"]["weight_bytes"]
    assert score["effective_bits"] == choice["cost"]["effective_bits"]


def test_a_document_carries_what_a_search_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["sweep", "digits", "--bits", "2,4,8", "--json"]) == 0
    file = tmp_path / "s.json"
    document = json.loads(capsys.readouterr().out)
    file.write_text(json.dumps(document))
    monkeypatch.setenv("QUANTSCOPE_HOME", str(tmp_path / "elsewhere"))
    budget = ["--average-bits", "3"]
    predicted = {}
    for search in ("additive", "interactions", "full"):
        measured = [] if search == "full" else ["--no-measure"]
        assert run(["allocate", str(file), *budget, "--search", search, *measured, "--json"]) == 0
        choice = json.loads(capsys.readouterr().out)
        assert choice["search"] == search
        predicted[search] = choice["predicted"]
        assert bool(choice["candidates"]) == (search == "full")
    assert predicted["additive"] <= predicted["interactions"]
    document["interactions"] = None
    file.write_text(json.dumps(document))
    assert run(["allocate", str(file), *budget, "--search", "interactions", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["type"] == "OptionError"
    assert "interactions" in error["message"]
    assert run(["allocate", str(file), *budget, "--json"]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["search"] == "additive"
    assert "Search: additive" in output.err
    assert run(["allocate", str(file), *budget, "--search", "guess", "--json"]) == 2


def test_a_stored_sweep_reads_like_its_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", "digits", "--bits", "4", "--json"]) == 0
    printed = parse_sensitivities(capsys.readouterr().out)
    assert printed.run is not None
    store = RunStore()
    assert store.sensitivities(printed.run) == printed
    job = store.job(printed.run)
    assert (job.state, job.owner, job.source) == ("done", "cli", "digits")
    assert store.inspection_of("digits") is not None


def test_a_factory_serves_and_its_prints_stay_off_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_case.py").write_text(CASE)
    monkeypatch.chdir(tmp_path)
    assert run(["layers", "my_case.py:make", "--json"]) == 0
    output = capsys.readouterr()
    assert [layer["name"] for layer in json.loads(output.out)["layers"]] == ["0", "2"]
    assert "a factory may print" in output.err
    assert run(["sweep", "my_case.py:make", "--bits", "4", "--target", "both", "--json"]) == 0
    sweep = json.loads(capsys.readouterr().out)
    assert {point["target"] for point in sweep["points"]} == {"weight", "activation"}
    assert RunStore().job(sweep["run"]).source == f"{tmp_path / 'my_case.py'}:make"


def test_a_sweep_tells_which_proxy_agrees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_case.py").write_text(CASE)
    monkeypatch.chdir(tmp_path)
    asked = ["sweep", "my_case.py:make", "--bits", "3,4", "--method", "exact", "--proxies"]
    assert run([*asked, "--json"]) == 0
    printed = capsys.readouterr().out
    document = json.loads(printed)
    told = document["proxies"]
    assert {row["proxy"] for row in told["agreement"]} == set(PROXIES)
    for row in told["agreement"]:
        assert [found["bits"] for found in row["within"]] == [3, 4]
        assert {found["layers"] for found in row["within"]} == {2}
    weights = [cell for cell in document["cells"] if cell["target"] == "weight"]
    assert len(told["values"]) == len(PROXIES) * len(weights)
    assert parse_sensitivities(printed).run == document["run"]
    assert len(RunStore().proxies(document["run"])) == len(PROXIES)
    assert run([*asked, "--target", "activation"]) == 2
    assert "Proxies rank weights" in capsys.readouterr().err


def test_histograms_cover_every_layer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["histograms", "digits", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["profiles"]) == 4
    for profile in document["profiles"]:
        assert sum(profile["weight"]["counts"]) == profile["weight_stats"]["count"]
    assert run(["histograms", "digits"]) == 0
    assert "█" in capsys.readouterr().out


def test_a_recipe_of_another_model_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "r.json"
    body = {"layers": {"other": {}}, "workload": "elsewhere", "fingerprint": "0" * 64}
    recipe.write_text(json.dumps(body))
    assert run(["score", "digits", str(recipe), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "RecipeMismatchError"
