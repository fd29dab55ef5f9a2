"""The Score page with several task metrics, and with none."""

from dataclasses import replace

from analysis.runs.store import RunStore
from analysis.scores import Interval, Score
from pages.ui.score_metrics import NO_METRIC
from tests.pages.seen import text
from tests.sensitivities import make_sensitivities
from tests.stored import Filled, fill_store


def rescore(filled: Filled, **changes) -> Score:
    """Store a newer score of the recommended recipe, some fields exchanged."""
    store = RunStore()
    score = replace(store.scores(recipe=filled.recipe)[0].score, **changes)
    store.save_score(filled.recipe, score)
    return score


def test_all_metrics_stand_in_one_table(open_page, filled):
    store = RunStore()
    score = store.scores(recipe=filled.recipe)[0].score
    name = score.metric
    assert name is not None
    rescore(
        filled,
        reference={**score.reference, "auc": 0.91, "rmse": 2.5},
        actual={**score.actual, "auc": Interval(0.9, 0.88, 0.92),
                "rmse": Interval(2.75, float("-inf"), float("inf"))},
        drop={**score.drop, "auc": Interval(0.01, 0.0, 0.02),
              "rmse": Interval(0.25, float("-inf"), float("inf"))},
        directions={name: "higher", "auc": "higher", "rmse": "lower"},
    )  # fmt: skip
    app = open_page("score", run=filled.run)
    assert not app.exception and not app.error
    table = next(x.value for x in app.table if "Better" in x.value.columns)
    assert list(table.index)[1:] == ["AUC", "RMSE"]
    assert table.loc["AUC", "This recipe"] == "0.9 (0.88 to 0.92)"
    assert table.loc["AUC", "Change"] == "+0.01 (0 to 0.02)"
    assert table.loc["RMSE", "This recipe"] == "2.75 (no interval)"
    assert list(table["Better"])[1:] == ["higher", "lower"]


def test_one_metric_needs_no_second_table(open_page, filled):
    app = open_page("score", run=filled.run)
    assert not any("Better" in x.value.columns for x in app.table)
    assert NO_METRIC not in text(app)


def test_without_labels_the_page_says_that_figures_are_divergences(open_page, filled):
    rescore(filled, reference={}, actual={}, drop={}, metric=None, classes=())
    app = open_page("score", run=filled.run)
    assert not app.exception and not app.error
    assert any(message.value == NO_METRIC for message in app.info)
    assert "These data have no labels, so there is no damage by class." in text(app)


def test_pages_of_a_run_without_labels_say_so(open_page):
    result = make_sensitivities(4, seed=3)
    setup = replace(result.setup, metric=None, reference={})
    points = tuple(replace(point, metrics={}) for point in result.points)
    filled = fill_store(RunStore(), replace(result, setup=setup, points=points))
    for page in ("layers", "recipe"):
        app = open_page(page, run=filled.run)
        assert not app.exception and not app.error
        assert "Divergence only" in text(app), page
