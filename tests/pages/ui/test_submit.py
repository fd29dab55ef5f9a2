import json
from pathlib import Path

import pytest

from analysis.errors import UnknownWorkloadError
from pages.ui.submit import check_offered


def test_built_ins_and_workloads_of_the_command_line_are_offered(monkeypatch):
    check_offered("digits")
    monkeypatch.setenv("QUANTSCOPE_WORKLOADS", json.dumps(["/home/me/my_case.py:make"]))
    check_offered("/home/me/my_case.py:make")


@pytest.mark.parametrize(
    "source",
    ["/etc/evil.py:make", "upload:0123456789abcdef0123456789abcdef", "upload:../../etc", ""],
)
def test_anything_else_is_refused_before_a_job_exists(source: str, tmp_path: Path):
    with pytest.raises(UnknownWorkloadError):
        check_offered(source)
    assert not (tmp_path / "home" / "quantscope.db").exists()


def test_the_refusal_names_the_way():
    with pytest.raises(UnknownWorkloadError, match=r"quantscope ui /tmp/case\.py:make"):
        check_offered("/tmp/case.py:make")
