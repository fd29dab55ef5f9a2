import sys
from pathlib import Path

import pytest

from analysis.errors import OptionError, UnknownWorkloadError, WorkloadError
from analysis.workloads.case_file import is_case_source, load_case

CASE = Path(__file__).parents[2] / "fixtures" / "my_case.py"


@pytest.fixture
def case(tmp_path):
    def write(text: str) -> str:
        file = tmp_path / "case.py"
        file.write_text(text, encoding="utf-8")
        return f"{file}:make"

    return write


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("my_case.py:make", True),
        ("/a b/c:d.py:make", True),
        ("my_case.py", False),
        ("fashion-mnist", False),
        ("my_case.txt:make", False),
    ],
)
def test_form_of_a_case_source(source, expected):
    assert is_case_source(source) is expected


def test_factory_gives_a_workload_that_knows_where_it_came_from():
    workload = load_case(f"{CASE}:make")
    assert workload.name == "my-net"
    assert workload.source == f"{CASE.resolve()}:make"


def test_relative_path_starts_at_the_current_folder(monkeypatch):
    monkeypatch.chdir(CASE.parent.parent)
    assert load_case("fixtures/my_case.py:make").source == f"{CASE.resolve()}:make"


def test_folder_is_on_the_path_only_meanwhile():
    before = list(sys.path)
    load_case(f"{CASE}:make")
    assert sys.path == before


def test_two_files_of_one_name_do_not_meet(tmp_path, case):
    other = tmp_path / "other"
    other.mkdir()
    (other / "case.py").write_text("def make(): return 1 / 0", encoding="utf-8")
    with pytest.raises(WorkloadError, match="ZeroDivisionError"):
        load_case(f"{other / 'case.py'}:make")
    with pytest.raises(WorkloadError, match="not int"):
        load_case(case("def make(): return 1"))


def test_an_edited_file_is_run_again(case):
    with pytest.raises(WorkloadError, match="not int"):
        load_case(case("def make(): return 1"))
    with pytest.raises(WorkloadError, match="not str"):
        load_case(case("def make(): return 'edited, and of another length'"))


def test_missing_file_is_answered_with_its_absolute_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownWorkloadError, match=str(tmp_path / "gone.py")):
        load_case("gone.py:make")


def test_missing_factory_is_answered_with_those_there_are():
    with pytest.raises(UnknownWorkloadError, match=r"no function 'mke'; it has make, unlabelled"):
        load_case(f"{CASE}:mke")


def test_other_results_are_refused():
    with pytest.raises(WorkloadError, match="must return a Workload, not dict"):
        load_case(f"{CASE}:not_a_workload")


def test_factory_with_arguments_is_refused():
    with pytest.raises(WorkloadError, match="must take no arguments; it needs path"):
        load_case(f"{CASE}:needs_a_path")


BROKEN = {
    "syntax": ("def make():\n    return (\n", r"line 2 raises SyntaxError"),
    "import": (
        "import math\nimport no_such_module_here\n",
        r"line 2 raises ModuleNotFoundError: No",
    ),
    "factory": (
        "def make():\n    x = 1\n    raise KeyError('w')\n",
        r"line 3 raises KeyError: 'w'",
    ),
    "exit": ("import sys\nsys.exit(3)\n", r"line 2 raises SystemExit: 3"),
    "many lines": ("raise ValueError('first\\nsecond')\n", r"line 1 raises ValueError: first$"),
    "no message": ("raise ValueError\n", r"line 1 raises ValueError: no message$"),
    "deeper": (
        "import json\ndef make():\n    return json.loads('{')\n",
        r"line 3 raises JSONDecodeError",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), BROKEN.values(), ids=BROKEN)
def test_error_in_the_file_is_one_sentence_with_line_type_and_message(case, text, sentence):
    with pytest.raises(WorkloadError, match=sentence) as caught:
        load_case(case(text))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_our_own_errors_pass_as_they_are(case):
    source = case("from analysis import IntFormat\n\ndef make():\n    return IntFormat(99)\n")
    with pytest.raises(OptionError, match="between 2 and 16"):
        load_case(source)
