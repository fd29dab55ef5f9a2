import json
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.cli.main import run
from analysis.runs.records import SweepOptions
from analysis.runs.store import RunStore
from analysis.sensitivity.points import to_document
from tests.sensitivities import make_sensitivities

COMMANDS = ("ui", "layers", "histograms", "sweep", "allocate", "score", "runs")
WRONG = {
    "unknown workload": (["layers", "nonsense"], "UnknownWorkloadError", "fashion-mnist"),
    "missing factory file": (["layers", "a.py:make"], "UnknownWorkloadError", "no '"),
    "bits below the range": (["sweep", "digits", "--bits", "1"], "OptionError", "2 and 16, not 1"),
    "bits that are no list": (["sweep", "digits", "--bits", "2;3"], "OptionError", "'2;3'"),
    "unknown target": (["sweep", "digits", "--target", "all"], "OptionError", "both, not 'all'"),
    "unknown method": (["sweep", "digits", "--method", "new"], "OptionError", "not 'new'"),
    "no spec": (["sweep", "digits", "--weight-spec", "int4"], "OptionError", "'int4'"),
    "unknown run": (["allocate", "nothing", "--average-bits", "4"], "UnknownRunError", "neither"),
    "unknown run to show": (["runs", "show", "gone"], "UnknownRunError", "'gone'"),
    "no recipe file": (["score", "digits", "gone.json"], "RecipeError", "'gone.json'"),
    "unknown command": (["frobnicate"], "OptionError", "frobnicate"),
    "missing argument": (["sweep"], "OptionError", "WORKLOAD"),
    "no number": (["allocate", "x", "--average-bits", "four"], "OptionError", "--average-bits"),
    "port out of range": (["ui", "--port", "99999"], "OptionError", "65535, not 99999"),
    "ui of an unknown workload": (["ui", "nonsense"], "UnknownWorkloadError", "'nonsense'"),
}


def test_no_arguments_print_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    printed = capsys.readouterr().out
    assert all(f"\n  {command} " in printed for command in COMMANDS)


@pytest.mark.parametrize(("arguments", "kind", "part"), WRONG.values(), ids=WRONG)
def test_an_error_is_one_json_document(
    arguments: list[str], kind: str, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # `ui` has no --json of its own; the parser's complaint about it would hide the error
    asked = arguments if arguments[0] == "ui" else [*arguments, "--json"]
    assert run(asked) == 2
    output = capsys.readouterr()
    if arguments[0] == "ui":
        assert part in output.err
        return
    error = json.loads(output.out)["error"]
    assert error["type"] == kind
    assert part in error["message"]


@pytest.mark.parametrize(("arguments", "kind", "part"), WRONG.values(), ids=WRONG)
def test_an_error_is_one_sentence_on_stderr(
    arguments: list[str], kind: str, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert part in output.err
    assert output.err.count("\n") == 1


def test_errors_leave_no_runs_behind(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, _, _ in WRONG.values():
        run(arguments)
    assert [job.id for job in RunStore().jobs(owner="cli")] == []


def test_an_infeasible_budget_names_the_smallest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.json"
    file.write_text(json.dumps(to_document(make_sensitivities(layers=4))))
    assert run(["allocate", str(file), "--budget-bytes", "10", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["type"] == "InfeasibleBudgetError"
    assert "smallest" in error["message"]


def test_allocate_predicts_what_cannot_be_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.json"
    file.write_text(json.dumps(to_document(make_sensitivities(layers=4))))
    assert run(["allocate", str(file), "--average-bits", "4", "--json"]) == 0
    output = capsys.readouterr()
    document = json.loads(output.out)
    assert document["measured"] is None
    assert document["verdict"] is None
    assert document["low"] <= document["predicted"] <= document["high"]
    assert all(baseline["measured"] is None for baseline in document["baselines"])
    assert "predictions only" in output.err
    assert "made-up" in output.err


def test_runs_are_listed_shown_cancelled_and_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    job = RunStore().submit("sweep", "digits", SweepOptions(), owner="somebody")

    def answer(*arguments: str) -> dict[str, object]:
        assert run(["runs", *arguments, "--json"]) == 0
        document: dict[str, object] = json.loads(capsys.readouterr().out)
        return document

    listed = answer()["runs"]
    assert isinstance(listed, list)
    assert job.id in [row["id"] for row in listed]
    assert answer("show", job.id)["state"] == "queued"
    assert answer("cancel", job.id)["state"] == "cancelled"
    assert answer("delete", job.id) == {"id": job.id, "deleted": True}
    assert run(["runs", "show", job.id]) == 2


def test_the_module_runs_as_a_program_without_torch() -> None:
    script = (
        "import sys; from analysis.cli.main import run; code = run(['runs']);"
        "assert 'torch' not in sys.modules; sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "run" in done.stdout
