import json
from dataclasses import dataclass
from math import inf, isnan, nan

from hypothesis import given
from hypothesis import strategies as st

from analysis import serial
from analysis.errors import RunError


@dataclass(frozen=True)
class Figures:
    one: float
    many: tuple[float, ...]
    named: dict[str, float]
    maybe: float | None = None


def refused(constant: str) -> None:
    raise AssertionError(constant)


def read_back(value: Figures) -> Figures:
    """Through text that every JSON parser takes."""
    body = json.loads(serial.dumps(value), parse_constant=refused)
    return serial.from_plain(Figures, body, RunError, "figures")


@given(st.floats(), st.lists(st.floats(allow_nan=False), max_size=4), st.none() | st.floats())
def test_any_number_comes_back_through_json(
    one: float, many: list[float], maybe: float | None
) -> None:
    value = Figures(one, tuple(many), {"low": -inf}, maybe)
    found = read_back(value)
    assert (found.many, found.named) == (value.many, value.named)
    for before, after in ((one, found.one), (maybe, found.maybe)):
        assert before == after or (before is not None and isnan(before) and isnan(after or nan))


def test_infinity_is_a_word() -> None:
    plain = serial.to_plain(Figures(inf, (1.0, -inf), {"a": nan}))
    assert plain == {
        "one": "Infinity",
        "many": [1.0, "-Infinity"],
        "named": {"a": "NaN"},
        "maybe": None,
    }


def test_documents_of_earlier_days_read_back_too() -> None:
    body = json.loads('{"one": Infinity, "many": [NaN], "named": {}}')
    found = serial.from_plain(Figures, body, RunError, "figures")
    assert found.one == inf
    assert isnan(found.many[0])
