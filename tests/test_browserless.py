"""Without a browser its tests are left out by name; with CI=true that is an error."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BODY = """
import pytest

@pytest.mark.browser
def test_in_the_browser(): raise AssertionError("must not run without one")

@pytest.mark.slow
def test_slow(): pass

def test_fast(): pass
"""


def run_pytest(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_sample.py").write_text(BODY)
    return subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pytest",
                "-v",
                "-p",
                "tests.conftest",
                "-p",
                "no:cacheprovider",
            ),
            *("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), str(folder)),
        ],
        cwd=ROOT,
        env={**os.environ, "PATH": str(folder), "CI": "", **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_fast_tests_come_first_and_browser_tests_are_left_out_by_name(tmp_path: Path) -> None:
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.index("::test_fast") < done.stdout.index("::test_slow")
    left_out = done.stdout.partition("no Chromium is installed")[2]
    assert "test_in_the_browser" in left_out
    assert "2 passed, 1 deselected" in done.stdout


@pytest.mark.slow
def test_with_ci_a_missing_browser_is_an_error(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, CI="true")
    assert done.returncode != 0
    assert "1 browser tests need Chromium" in done.stderr
