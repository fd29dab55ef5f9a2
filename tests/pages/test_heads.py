"""Heads on the Sensitivity page: asked for, shown, refused."""

from dataclasses import replace

import pytest

from analysis.errors import ComputeError
from analysis.runs.compute import Known
from analysis.runs.store import RunStore
from analysis.sensitivity.heads.values import HeadRow, HeadScores
from analysis.sensitivity.points import Sensitivities
from pages.ui import answers
from tests.pages.seen import button, switch, text
from tests.sensitivities import make_sensitivities
from tests.stored import add_job

LABEL = "int4 asym per-channel minmax"


def with_attention() -> Sensitivities:
    """A made-up sweep whose first four layers are the projections of one attention layer."""
    result = make_sensitivities(6, bits=(2, 4))
    names = {
        layer.name: f"h.0.attn.{part}_proj"
        for layer, part in zip(result.layers, "qkvo", strict=False)
    }
    setup = result.setup
    return replace(
        result,
        setup=replace(
            setup,
            layers=tuple(
                replace(layer, name=name, param=f"{name}.weight")
                for layer in setup.layers
                for name in [names.get(layer.name, layer.name)]
            ),
            cells=tuple(replace(c, layer=names.get(c.layer, c.layer)) for c in setup.cells),
        ),
        points=tuple(replace(p, layer=names.get(p.layer, p.layer)) for p in result.points),
    )


class Heads:
    """Made-up answers, and what was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def heads(self, known: Known, label: str) -> HeadScores:
        self.asked.append(label)
        rows = (
            HeadRow("h.0.attn", "h.0.attn.q_proj", "q", (0.1, 0.01)),
            HeadRow("h.0.attn", "h.0.attn.k_proj", "k", (0.3,)),
        )
        return HeadScores(label, "kl", 20, 64, 0.31, rows, ("Heads of h.9 are not known.",))


@pytest.fixture
def attention(monkeypatch) -> Heads:
    add_job(RunStore(), with_attention(), run="attention", source="digits")
    made = Heads()
    monkeypatch.setattr(answers, "compute_process", lambda _home: made)
    return made


def test_nothing_is_computed_before_it_is_asked_for(open_page, attention):
    app = open_page("sensitivity", run="attention")
    assert not app.exception and not app.error
    assert "Heads" in [tab.label for tab in app.tabs]
    assert attention.asked == []


def test_a_link_scores_the_heads_at_its_width(open_page, attention):
    app = open_page("sensitivity", run="attention", heads="4")
    assert not app.exception and not app.error
    assert attention.asked == [LABEL]
    assert len(app.get("plotly_chart")) == 2
    words = text(app)
    assert "not measurements" in words and "20 sweep samples of 64" in words and "31" in words
    assert "Heads of h.9 are not known." in words.replace("\\", "")
    assert switch(app, "Projection").options == ["Queries", "Keys"]


def test_another_width_is_asked_for_by_the_button(open_page, attention):
    app = open_page("sensitivity", run="attention", heads="4")
    app.selectbox(key="heads_bits").select(2).run()
    assert attention.asked == [LABEL]
    button(app, "Score every head").click().run()
    assert attention.asked[-1] == LABEL.replace("4", "2")
    assert app.query_params["heads"] == "2"


def test_a_refusal_is_one_sentence(open_page, attention, monkeypatch):
    def refuse(*_question: object) -> HeadScores:
        raise ComputeError("How many heads h.0.attn has must be told.")

    monkeypatch.setattr(attention, "heads", refuse)
    app = open_page("sensitivity", run="attention", heads="2")
    assert not app.exception
    assert "How many heads h.0.attn has must be told." in app.warning[0].value.replace("\\", "")


def test_a_model_without_attention_has_no_such_tab(open_page, filled):
    app = open_page("sensitivity", run=filled.run, heads="4")
    assert not app.exception and not app.error
    assert "Heads" not in [tab.label for tab in app.tabs]
