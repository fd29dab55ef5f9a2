"""The Overview: figures of the demo and of a run, and what it says before there are any."""

from dataclasses import replace

from analysis.runs.store import RunStore
from pages.ui.text import bytes_text, metric_text
from tests.sensitivities import make_score, make_sensitivities
from tests.stored import add_job, fill_store


def metrics(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def text(app) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption))


def test_the_demo_shows_its_measured_score_without_a_click(open_page):
    app = open_page("overview")
    store = RunStore()
    chosen = store.recommended("demo")
    assert chosen is not None
    score = store.scores(recipe=chosen.id)[0].score
    shown = metrics(app)
    assert shown["Size"] == bytes_text(score.cost.weight_bytes)
    assert shown["Top-1"] == metric_text("top1", score.actual["top1"].value)
    assert shown["Effective bits"] == f"{score.cost.effective_bits:.2f}"


def test_the_demo_names_the_command_that_made_it(open_page):
    assert "quantscope sweep fashion-mnist" in text(open_page("overview"))


def test_every_figure_says_on_how_many_samples(open_page, filled):
    app = open_page("overview", run=filled.run)
    words = text(app)
    assert "512 sweep samples" in words
    assert "2,000 held-out evaluation samples" in words


def test_the_figures_are_those_of_the_recommended_recipe(open_page, filled):
    recipe = RunStore().recipe(filled.recipe).recipe
    score = make_score(filled.result, recipe)
    app = open_page("overview", run=filled.run)
    assert metrics(app)["Size"] == bytes_text(score.cost.weight_bytes)
    assert metrics(app)["Top-1"] == metric_text("top1", score.actual["top1"].value)


def test_the_layers_at_risk_are_named(open_page, filled):
    app = open_page("overview", run=filled.run)
    count = int(metrics(app)["Layers at risk"])
    assert 1 <= count <= 9
    assert f"{count} layer" in text(app)
    assert "of the loss at 4 bits" in text(app)


def test_a_run_of_somebody_else_opens_by_its_link(open_page):
    fill_store(RunStore(), make_sensitivities(5), run="theirs", owner="b" * 32)
    app = open_page("overview", run="theirs")
    assert not app.error
    assert "Size" in metrics(app)


def test_data_without_labels_shows_the_divergence_instead(open_page):
    fill_store(RunStore(), make_sensitivities(5, metric=None), run="unlabelled")
    app = open_page("overview", run="unlabelled")
    assert not app.exception
    assert "Divergence" in metrics(app)
    assert "Top-1" not in metrics(app)


def test_a_sweep_of_activations_shows_where_it_hurts(open_page):
    add_job(RunStore(), make_sensitivities(5, target="activation"), run="inputs")
    app = open_page("overview", run="inputs")
    assert not app.exception and not app.error
    assert "activations quantised" in text(app)
    assert "has not been scored" in text(app)


def test_a_partial_run_shows_what_it_has(open_page):
    result = make_sensitivities(6, complete=False)
    add_job(RunStore(), result, run="half", state="cancelled")
    app = open_page("overview", run="half")
    assert not app.exception and not app.error
    assert f"**{len(result.points)} of {len(result.setup.cells)}** cells" in text(app)
    assert not app.metric


def test_a_run_that_failed_early_says_so(open_page):
    empty = replace(make_sensitivities(4), points=())
    add_job(RunStore(), empty, run="early", state="failed")
    app = open_page("overview", run="early")
    assert not app.exception
    assert any("no figures" in header.value for header in app.header)


def test_a_run_that_has_just_begun_links_to_its_progress(open_page):
    empty = replace(make_sensitivities(4), points=())
    add_job(RunStore(), empty, run="new", state="running")
    app = open_page("overview", run="new")
    assert any("just started" in header.value for header in app.header)


def test_the_report_can_be_taken_away(open_page, filled):
    app = open_page("overview", run=filled.run)
    assert [button.proto.label for button in app.get("download_button")] == ["Report"]


def test_without_a_score_there_is_no_report(open_page):
    add_job(RunStore(), make_sensitivities(4), run="unscored")
    assert not open_page("overview", run="unscored").get("download_button")
