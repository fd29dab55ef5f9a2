"""Errors become cards: those of users with their sentence, ours without a word of the code."""

import logging

from streamlit.testing.v1 import AppTest


def refused() -> None:
    from analysis.errors import OptionError
    from pages.ui.guard import guarded

    with guarded():
        raise OptionError("Bits must lie between 2 and 16, not *99*.")


def broken() -> None:
    from pages.ui.guard import show_defect

    show_defect(KeyError("secret detail"))


def decorated() -> None:
    from analysis.errors import RunError
    from pages.ui.guard import guarded

    @guarded()
    def part() -> None:
        raise RunError("It belongs to somebody else.")

    part()


def test_an_error_of_a_user_is_one_card_with_its_sentence():
    app = AppTest.from_function(refused).run()
    assert not app.exception
    assert [card.value for card in app.error] == ["Bits must lie between 2 and 16, not \\*99\\*\\."]


def test_a_part_of_a_page_can_be_guarded_alone():
    app = AppTest.from_function(decorated).run()
    assert len(app.error) == 1


def test_a_defect_shows_a_number_that_finds_it_in_the_log(caplog):
    with caplog.at_level(logging.ERROR, logger="quantscope"):
        app = AppTest.from_function(broken).run()
    assert not app.exception
    assert "secret" not in app.error[0].value
    number = caplog.records[0].args[0]
    assert str(number) in app.error[0].value
    assert "secret detail" in caplog.text
