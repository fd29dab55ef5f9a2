"""The README chapter "Your own model in five minutes", followed to the letter."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.paths import module_path

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = (
    (ROOT / "README.md")
    .read_text(encoding="utf-8")
    .partition("## Your own model in five minutes")[2]
    .partition("\n### ")[0]
)


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", CHAPTER, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def run(line: str, folder: Path) -> str:
    """One line of the chapter, as a person would type it."""
    command, _, target = line.partition(" > ")
    words = shlex.split(command)
    program = {
        "python": [sys.executable],
        "quantscope": [sys.executable, "-m", "analysis"],
    }[words[0]]
    done = subprocess.run(
        [*program, *words[1:]],
        cwd=folder,
        env={**os.environ, **module_path(), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    if target:
        (folder / target.strip()).write_text(done.stdout)
    return done.stdout


@pytest.mark.slow
def test_the_chapter_leads_from_files_to_a_score(tmp_path: Path) -> None:
    script = block("py")
    name = script.splitlines()[0].removeprefix("# ")
    (tmp_path / name).write_text(script)
    lines = block("sh").splitlines()
    assert lines[-1] == "quantscope ui my-digits"  # shown by the browser tests
    said = {line.split()[1]: run(line, tmp_path) for line in lines[:-1]}
    assert "Registered my-digits: 19,162 parameters, 4 layers" in said["add"]
    assert "conv1.weight" in said["coverage"]
    recipe = json.loads((tmp_path / "my-recipe.json").read_text())["recipe"]
    assert set(recipe["layers"]) == {"conv1", "conv2", "conv3", "head"}
    assert "top1" in said["score"].lower()
