"""The documents say what the program does."""

import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from typer.main import get_command

import analysis
from analysis import metrics
from analysis.cli.main import app
from analysis.metrics import figure, statistics_rows
from analysis.metrics.tasks import TASKS
from analysis.quant.spec import MAX_BITS, MIN_BITS, RangeMethod, Rounding
from analysis.sensitivity.points import Divergence, Method
from analysis.sensitivity.proxies.catalogue import PROXIES, Proxy

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
METHODS = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_library_example_of_the_readme_runs() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 1
    names: dict[str, Any] = {}
    exec(blocks[0], names)
    score = names["score"]
    assert score.samples > 0
    assert set(score.reference) == set(score.actual) == {"top1"}
    assert len(names["result"].points) == 6 * len(names["layers"])
    assert len([line for line in blocks[0].splitlines() if line and "import" not in line]) == 6


def test_every_command_stands_in_the_readme() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        assert f"`quantscope {name}" in README
        for below in getattr(command, "commands", {}):
            assert f"`{below}`" in README


def test_every_long_option_of_the_readme_exists() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    known = {
        option
        for command in commands.values()
        for parameter in command.params
        for option in parameter.opts
    }
    own = re.sub(r"`pip [^`]*`", "", README)
    assert set(re.findall(r"--[a-z][a-z-]*", own)) <= known


METHOD_WORDS = (RangeMethod, Rounding, Method, Divergence)


@pytest.mark.parametrize("name", [name for words in METHOD_WORDS for name in get_args(words)])
def test_every_method_is_explained(name: str) -> None:
    assert f"**{name}**" in METHODS


@pytest.mark.parametrize("proxy", PROXIES.values(), ids=PROXIES)
def test_every_proxy_is_explained_with_its_source(proxy: Proxy) -> None:
    assert proxy.title.partition(" (")[0].lower() in METHODS.lower()
    assert all(source in METHODS for source in re.findall(r"arXiv [0-9.]+[0-9]", proxy.source))


def test_the_widths_in_the_documents_are_those_of_the_code() -> None:
    assert f"Integer widths go from {MIN_BITS} to {MAX_BITS} bits" in METHODS
    assert f"of {MIN_BITS} to {MAX_BITS} bits" in README


def test_links_between_documents_lead_somewhere() -> None:
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = document.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", text):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_changelog_begins_with_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[([^\]]+)\]", changelog, re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == project["version"]


def test_every_dependency_has_a_tested_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = {line.partition("==")[0].lower() for line in constraints.splitlines() if "==" in line}
    names = {re.split(r"[<>=\[]", entry)[0].lower() for entry in wanted}
    assert names <= pinned


def test_the_metric_of_the_readme_is_a_metric() -> None:
    blocks = re.findall(r"^```py\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {"qs": analysis}
    exec(next(block for block in blocks if "class LargestError" in block), names)
    metric = names["metric"]
    output = torch.tensor([[1.0], [2.0], [5.0]])
    rows = statistics_rows(metric, output, output + torch.tensor([[0.5], [-3.0], [1.0]]), output)
    assert figure(metric, rows) == pytest.approx(3.0)


def test_every_metric_of_the_library_stands_in_the_readme() -> None:
    found = {name for name in metrics.__all__ if hasattr(getattr(metrics, name), "statistics")}
    for name in found - {"Metric", "SummedMetric", "PooledMetric"}:
        assert f"`{name}" in README or f"metrics.{name}(" in README, name
    for task in TASKS:
        assert task in README
