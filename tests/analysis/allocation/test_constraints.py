from math import inf, nan

import pytest

from analysis.allocation.budget import Budget
from analysis.allocation.constraints import ChangeCost, Constraints
from analysis.errors import OptionError


@pytest.mark.parametrize("most", [0, -1])
def test_a_recipe_has_at_least_one_width(most: int) -> None:
    with pytest.raises(OptionError, match=f"so the most cannot be {most}"):
        Constraints(max_widths=most)


@pytest.mark.parametrize(("stored", "time"), [(0, 0.0), (-1, 1.0), (0, inf), (0, nan)])
def test_a_cost_of_changes_is_positive(stored: int, time: float) -> None:
    with pytest.raises(OptionError, match="needs positive bytes or milliseconds"):
        ChangeCost(weight_bytes=stored, latency_ms=time)


@pytest.mark.parametrize("name", ["peak_activation_bytes", "latency_ms", "energy_uj"])
def test_limits_on_hardware_are_limits(name: str) -> None:
    assert getattr(Budget(**{name: 3}), name) == 3
    with pytest.raises(OptionError, match=f"The limit {name} must be a positive number, not -3"):
        Budget(**{name: -3})
