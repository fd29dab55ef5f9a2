import numpy as np
import pytest

from analysis.allocation.budget import Budget
from analysis.allocation.limits import Limit, check_each, joint_refusal, limits_of
from analysis.allocation.options import Table, decision_groups
from analysis.allocation.problem import Problem, Row
from analysis.errors import InfeasibleBudgetError
from analysis.sensitivity.points import Sensitivities


def _limit(word: str, costs: list[float], limit: float) -> Limit:
    return Limit(Row(np.array(costs), limit), f"{limit:g} {word}", lambda x: f"{x:g} {word}")


def _problem(limits: list[Limit]) -> Problem:
    count = len(limits[0].row.costs)
    rows = [limit.row for limit in limits]
    return Problem(np.ones(count), rows, np.array([0, count]))


def test_each_given_limit_is_one_row(both: Sensitivities) -> None:
    table = Table.of(decision_groups(both, {}))
    budget = Budget(weight_bytes=9_000, average_bits=4, bops=10**9, max_drop=0.01)
    found = limits_of(both, budget, table)
    assert [limit.asked for limit in found] == [
        "9,000 bytes of weights",
        "4 bits on average",
        "1,000,000,000 BOPs",
        "a predicted loss of 0.01",
    ]
    assert [limit.row.costs is table.weight_bytes for limit in found] == [True, True, False, False]


def test_limits_that_can_be_met_alone_pass() -> None:
    limits = [_limit("apples", [1, 5], 2), _limit("pears", [5, 1], 2)]
    check_each(limits, _problem(limits))


def test_only_the_limits_that_fail_are_named() -> None:
    limits = [_limit("apples", [3, 5], 2), _limit("pears", [5, 1], 2)]
    with pytest.raises(InfeasibleBudgetError, match=r"within 2 apples; .* is 3 apples"):
        check_each(limits, _problem(limits))


def test_two_limits_at_odds_name_what_the_first_must_be() -> None:
    limits = [_limit("apples", [1, 5], 2), _limit("pears", [5, 1], 2)]
    assert str(joint_refusal(limits, _problem(limits))) == (
        "No recipe keeps within 2 apples and 2 pears at once; with the rest as it is, the smallest "
        "that can be met is 5 apples."
    )


def test_of_three_limits_the_one_that_stands_in_the_way_is_named() -> None:
    limits = [
        _limit("apples", [1, 5, 5], 2),
        _limit("pears", [5, 1, 5], 2),
        _limit("plums", [1, 1, 5], 2),
    ]
    assert "the smallest that can be met is 5 apples" in str(
        joint_refusal(limits, _problem(limits))
    )


def test_three_limits_at_odds_with_each_other_ask_for_two_to_be_raised() -> None:
    limits = [
        _limit("apples", [1, 5, 5], 2),
        _limit("pears", [5, 1, 5], 2),
        _limit("plums", [5, 5, 1], 2),
    ]
    assert "raise at least two of the limits" in str(joint_refusal(limits, _problem(limits)))
