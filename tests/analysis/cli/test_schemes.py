import pytest

from analysis.cli.schemes import read_schemes
from analysis.errors import OptionError
from analysis.sensitivity.families import ACTIVATION_FAMILIES, WEIGHT_FAMILIES

SYMMETRIC = "int8 sym per-channel minmax"


def test_without_a_word_the_best_are_chosen_in_the_usual_families() -> None:
    read = read_schemes(None, (), None, ())
    assert (read["weight_scheme"], read["weight_families"]) == ("best", WEIGHT_FAMILIES)
    assert (read["activation_scheme"], read["activation_families"]) == (
        "best",
        ACTIVATION_FAMILIES,
    )


def test_a_spec_alone_is_taken_as_it_stands() -> None:
    read = read_schemes(None, ["int4 sym per-channel mse gptq"], None, ())
    assert read["weight_scheme"] == "fixed"
    assert read["weight_spec"].label == "int4 sym per-channel mse gptq"
    assert read["activation_scheme"] == "best"


def test_specs_with_best_are_families() -> None:
    read = read_schemes("best", [SYMMETRIC, "nvfp4 per-group-16 minmax", SYMMETRIC], None, ())
    assert [base.label for base in read["weight_families"]] == [
        SYMMETRIC,
        "nvfp4 per-group-16 minmax",
    ]


def test_fixed_without_a_spec_is_the_plain_one() -> None:
    read = read_schemes("fixed", (), "fixed", ())
    assert read["weight_spec"].label == "int8 asym per-channel minmax"
    assert read["activation_spec"].label == "int8 asym per-tensor mse"


@pytest.mark.parametrize(
    ("scheme", "labels", "part"),
    [("good", [], "best"), ("fixed", [SYMMETRIC, "int8 asym per-channel minmax"], "one spec")],
)
def test_what_cannot_be_meant_is_refused(scheme: str, labels: list[str], part: str) -> None:
    with pytest.raises(OptionError, match=part):
        read_schemes(scheme, labels, None, ())
