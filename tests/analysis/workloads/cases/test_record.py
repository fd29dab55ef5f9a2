from pathlib import Path

import pytest

from analysis.errors import OptionError
from analysis.workloads.cases.record import check_case_name, clean_name, inside


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\nets\\my net.safetensors", "my net.safetensors"),
        ("<script>alert(1)</script>.npz", "script_.npz"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("**bold** [x](javascript:y)", "_bold_ _x_javascript_y_"),
    ],
)
def test_file_names_are_cleaned(given, shown):
    assert clean_name(given) == shown


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "x:y", "net.py", "x" * 65, "<b>"])
def test_a_name_that_could_be_a_path_or_an_option_is_refused(name):
    with pytest.raises(OptionError, match="A name must be"):
        check_case_name(name, ())


def test_names_of_built_in_workloads_are_taken():
    with pytest.raises(OptionError, match="belongs to a workload"):
        check_case_name("digits", ("digits",))
    assert check_case_name("my-net_2.1", ("digits",)) == "my-net_2.1"


def test_only_absolute_paths_lead_out_of_the_case():
    assert inside(Path("/cases/x"), "data.npz") == Path("/cases/x/data.npz")
    assert inside(Path("/cases/x"), "/data/set.npz") == Path("/data/set.npz")
