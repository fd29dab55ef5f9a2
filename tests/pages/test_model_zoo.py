"""The zoo on the Model page: commands for what is not prepared, cards for what is."""

from analysis.workloads.zoo import shelf
from analysis.workloads.zoo.card import FloatFigure
from analysis.workloads.zoo.cards import ZOO


def prepare(name: str) -> None:
    """A record alone, as preparing leaves it."""
    card = ZOO[name]
    measured = FloatFigure(card.expected.metric, 0.9187, 10_000, 0.01, card.expected.direction)
    with shelf.being_made(name) as folder:
        record = shelf.ZooRecord(name, measured, card.expected, (), {}, 1.0, 2.0)
        shelf.write_record(folder, record)


def texts(app) -> str:
    return " ".join(element.value for element in (*app.caption, *app.markdown))


def test_a_model_that_is_not_prepared_shows_its_command_and_no_install_button(open_page):
    app = open_page("model", unfolded="zoo")
    assert {code.value for code in app.code} >= {card.command for card in ZOO.values()}
    assert not any("nstall" in button.label for button in app.button)
    assert f"Zoo: {len(ZOO)} real pretrained models, 0 prepared here" in {
        expander.label for expander in app.expander
    }


def test_a_prepared_model_has_a_card_and_its_measured_figure(open_page):
    prepare("movielens-ncf")
    app = open_page("model", unfolded="zoo")
    assert ZOO["movielens-ncf"].command not in {code.value for code in app.code}
    assert "look_movielens-ncf" in {button.key for button in app.button}
    assert "measured here" in texts(app)


def test_a_prepared_model_named_on_the_command_line_has_one_card(open_page, monkeypatch):
    prepare("movielens-ncf")
    monkeypatch.setenv("QUANTSCOPE_WORKLOADS", '["movielens-ncf"]')
    app = open_page("model")
    assert not app.exception and not app.error
    assert [button.key for button in app.button].count("sweep_movielens-ncf") == 1
