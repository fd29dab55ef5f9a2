"""Profiles and constraints on the command line, on a made-up sweep."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis import serial
from analysis.cli.main import run
from analysis.sensitivity.points import to_document
from tests.profiles import TIMED
from tests.sensitivities import make_sensitivities


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTSCOPE_HOME", str(tmp_path / "home"))


@pytest.fixture
def sweep(tmp_path: Path) -> str:
    path = tmp_path / "sweep.json"
    result = make_sensitivities(layers=5, bits=(2, 4, 8), target="both")
    path.write_text(json.dumps(to_document(result)), encoding="utf-8")
    return str(path)


@pytest.fixture
def timed(tmp_path: Path) -> str:
    path = tmp_path / "timed.json"
    path.write_text(serial.dumps(TIMED), encoding="utf-8")
    return str(path)


def _asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = run(["allocate", *arguments, "--no-measure", "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_every_constraint_reaches_the_solver(
    sweep: str, timed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, free = _asked(capsys, sweep, "--average-bits", "8", "--profile", timed)
    assert code == 0
    limits = {
        "--latency-ms": free["hardware"]["latency_ms"] * 0.9,
        "--energy-uj": free["hardware"]["energy_uj"] * 0.9,
        "--peak-activation-bytes": free["hardware"]["peak_activation_bytes"] // 2,
    }
    given = [word for name, value in limits.items() for word in (name, str(value))]
    pins = ["--pin", "stem=8", "--pin", "head=4/2", "--max-widths", "2"]
    code, tight = _asked(capsys, sweep, *given, *pins, "--profile", timed)
    assert code == 0
    figures = tight["hardware"]
    assert figures["profile"] == "timed"
    assert figures["latency_ms"] <= limits["--latency-ms"]
    assert figures["energy_uj"] <= limits["--energy-uj"]
    assert figures["peak_activation_bytes"] <= limits["--peak-activation-bytes"]
    assert len(figures["widths"]) <= 2
    layers = tight["recipe"]["layers"]
    assert layers["stem"]["weight"].startswith("int8 ")
    assert layers["head"]["weight"].startswith("int4 ")
    assert layers["head"]["activation"].startswith("int2 ")
    assert tight["warnings"] == []


def test_the_text_tells_the_figures_of_the_target(
    sweep: str, timed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["allocate", sweep, "--average-bits", "4", "--profile", timed, "--no-measure"]) == 0
    assert "On timed, by its tables: peak activations " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (
            ["--average-bits", "4", "--profile", "toaster"],
            "OptionError",
            "A profile must be one of",
        ),
        (["--average-bits", "4", "--pin", "nowhere=8"], "OptionError", "A pin reads LAYER=BITS"),
        (["--average-bits", "4", "--max-widths", "0"], "OptionError", "at least 1 width"),
        (["--latency-ms", "4"], "OptionError", "needs a hardware profile with a table of time"),
        (
            ["--average-bits", "8", "--profile", "npu-2-4-8"],
            "OptionError",
            "must have a kernel for 'stem'",
        ),
        (
            ["--average-bits", "4", "--pin", "stem=8/8", "--pin", "head=4/8", "--max-widths", "1"],
            "InfeasibleBudgetError",
            "No recipe respects the pinned layers (stem, head) and at most 1 width at once",
        ),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    sweep: str,
    arguments: list[str],
    kind: str,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, document = _asked(capsys, sweep, *arguments)
    assert code == 2
    assert document["error"]["type"] == kind
    assert words in document["error"]["message"]


def test_the_profiles_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profiles", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["profiles"]
    assert [found["name"] for found in listed][:2] == ["apple-coreml", "cortex-m-cmsis-nn"]
    assert run(["profiles"]) == 0
    text = capsys.readouterr().out
    assert "npu-2-4-8" in text
    assert "Source: NVIDIA TensorRT documentation" in text
    assert "model, not measured" in text
