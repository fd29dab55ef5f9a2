import json
import subprocess
import sys

import pytest

from analysis.paths import assets_dir
from analysis.workloads.catalogue import built_in_names, catalogue


def test_the_demo_comes_first():
    assert built_in_names() == ("fashion-mnist", "digits")
    assert tuple(entry.name for entry in catalogue()) == built_in_names()


@pytest.mark.parametrize("entry", catalogue(), ids=built_in_names())
def test_figures_are_those_the_training_script_wrote(entry):
    record = json.loads((assets_dir() / entry.source / "training.json").read_text())
    quoted = record["measured"][0]
    assert entry.metric.startswith(f"{100 * quoted['top1']:.1f} % top-1 on {quoted['samples']:,}")
    assert entry.parameters == record["parameters"]
    assert "trained by this project" in entry.description
    assert record["script"] in entry.description
    assert (assets_dir().parent / record["script"]).is_file()


@pytest.mark.parametrize("entry", catalogue(), ids=built_in_names())
def test_licence_text_lies_beside_the_data(entry):
    text = (assets_dir() / entry.source / "LICENSE").read_text()
    assert "data.npz" in text
    assert "weights.safetensors" in text


def test_demo_reaches_91_percent_on_the_whole_test_set():
    record = json.loads((assets_dir() / "fashion-mnist" / "training.json").read_text())
    measured = {row["part"]: row for row in record["measured"]}
    assert measured["test"]["samples"] == 10_000
    assert measured["test"]["top1"] >= 0.91


def test_listing_needs_no_torch():
    code = (
        "import sys; from analysis.workloads.catalogue import catalogue; catalogue(); "
        "import analysis.workloads.cases.sent; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=assets_dir().parent).returncode == 0
