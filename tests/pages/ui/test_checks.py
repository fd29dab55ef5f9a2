import pytest

from analysis.errors import OptionError
from pages.ui.checks import one_of, within


def test_what_was_offered_passes():
    assert one_of("target", "weight", ("weight", "activation")) == "weight"
    assert within("size", 5, 5, 10) == 5


@pytest.mark.parametrize("value", ["both", None, 1, True, "<script>"])
def test_what_was_never_offered_is_refused(value):
    with pytest.raises(OptionError, match="one of those offered"):
        one_of("target", value, ("weight", "activation", 0))


@pytest.mark.parametrize("value", [4.9, 11, float("nan"), float("inf")])
def test_a_number_outside_its_range_is_refused(value):
    with pytest.raises(OptionError, match="between 5 and 10"):
        within("size", value, 5, 10)
