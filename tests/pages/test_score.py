"""The Score page: what is measured, beside float and baseline, and what happens before that."""

from sqlalchemy import update

from analysis.allocation.baselines import same_bytes_uniform
from analysis.allocation.verdict import verdict
from analysis.cost import recipe_cost
from analysis.runs.records import ScoreOptions, ScoreRecord
from analysis.runs.schema import jobs
from analysis.runs.store import RunStore
from pages.ui.score_files import report
from pages.ui.text import plain
from tests.pages.seen import button, headed, labels, metrics, text
from tests.sensitivities import make_score, make_sensitivities
from tests.stored import Filled, add_job, fill_store


def add_baseline(filled: Filled) -> ScoreRecord:
    """Score the uniform recipe at the bytes of the recommended one."""
    store, result = RunStore(), filled.result
    recipe = store.recipe(filled.recipe).recipe
    stored = recipe_cost(result.layers, recipe, other_bytes=result.setup.other_bytes).weight_bytes
    uniform = same_bytes_uniform(result, stored, like=recipe)
    record = store.save_recipe(uniform, owner="local", run=filled.run, origin="baseline")
    store.save_score(record.id, make_score(result, uniform))
    return store.scores(recipe=record.id)[0]


def unscored(filled: Filled) -> str:
    """A recipe of the run without a score."""
    store = RunStore()
    recipe = store.recipe(filled.recipe).recipe.with_weight(filled.result.layers[0].name, None)
    return store.save_recipe(recipe, owner="local", run=filled.run).id


def test_the_recommended_recipe_is_shown_with_what_it_was_measured_on(open_page, filled):
    app = open_page("score", run=filled.run)
    assert not app.exception and not app.error
    score = RunStore().scores(recipe=filled.recipe)[0].score
    assert metrics(app)["Divergence"] == f"{score.divergence:.3g}"
    assert "Measured on 2,000 held-out evaluation samples" in text(app)
    assert app.query_params["recipe"] == filled.recipe


def test_without_a_scored_baseline_nothing_is_said_about_mixing(open_page, filled):
    app = open_page("score", run=filled.run)
    assert "No uniform recipe at these bytes was scored" in app.info[0].value


def test_the_baseline_stands_beside_the_recipe(open_page, filled):
    baseline = add_baseline(filled)
    app = open_page("score", run=filled.run)
    score = RunStore().scores(recipe=filled.recipe)[0].score
    said = [message.value for message in (*app.success, *app.info)]
    assert plain(verdict(score, baseline.score).sentence) in said
    columns = list(app.table[0].value.columns)
    assert columns[0] == "Float" and "Baseline" in columns[2]


def test_a_baseline_is_not_compared_with_itself(open_page, filled):
    baseline = add_baseline(filled)
    app = open_page("score", run=filled.run, recipe=baseline.recipe_id)
    assert "This is the uniform recipe itself" in app.info[0].value


def test_scored_recipes_stand_side_by_side(open_page, filled):
    add_baseline(filled)
    app = open_page("score", run=filled.run)
    table = app.dataframe[0].value
    assert len(table) == 3
    assert {"bytes", "drop", "drop_low", "drop_high", "divergence", "samples"} <= set(table)
    app.multiselect[0].set_value([filled.recipe]).run()
    assert list(app.dataframe[0].value["recipe"]) == ["mixed"]
    app.multiselect[0].set_value([]).run()
    assert not app.exception and "Choose at least one recipe" in text(app)


def test_predictions_say_that_they_were_for_other_samples(open_page, filled):
    words = text(open_page("score", run=filled.run))
    assert "Predicted for 512 sweep samples" in words
    assert "measured on 2,000 other, held-out samples" in words


def test_a_recipe_without_a_score_can_be_scored(open_page):
    filled = fill_store(RunStore(), make_sensitivities(5), source="digits")
    recipe = unscored(filled)
    app = open_page("score", run=filled.run, recipe=recipe)
    assert headed(app, "not scored yet")
    button(app, "Apply and score").click().run()
    assert not app.exception and not app.error
    job = next(job for job in RunStore().jobs(owner="local") if job.kind == "score")
    assert job.options == ScoreOptions(recipe, filled.run, rivals=True)
    assert "Cancel" in labels(app)


def test_a_score_that_failed_says_why_and_can_be_tried_again(open_page, filled):
    recipe = unscored(filled)
    store = RunStore()
    job = store.submit("score", "digits", ScoreOptions(recipe, filled.run), owner="local")
    with store.database.writing() as connection:
        values = {"state": "failed", "error": "The weights must be finite, and 3 are not."}
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(**values))
    app = open_page("score", run=filled.run, recipe=recipe)
    assert "must be finite" in app.error[0].value
    assert button(app, "Apply and score")


def test_a_recipe_of_another_model_is_not_scored_with_this_one(open_page, filled):
    other = fill_store(RunStore(), make_sensitivities(5, seed=7), run="other")
    recipe = RunStore().recipe(other.recipe).recipe.with_weight(other.result.layers[0].name, None)
    loose = RunStore().save_recipe(recipe, owner="local")
    app = open_page("score", run=filled.run, recipe=loose.id)
    assert not app.exception
    assert "Apply and score" not in labels(app)
    assert "another model" in app.error[0].value


def test_data_without_labels_has_no_classes(open_page):
    fill_store(RunStore(), make_sensitivities(5, metric=None), run="plain")
    app = open_page("score", run="plain")
    assert not app.exception and not app.error
    assert "Top-1" not in metrics(app)
    assert "no damage by class" in text(app)


def test_a_run_without_a_recipe_links_to_the_recipe_page(open_page):
    add_job(RunStore(), make_sensitivities(5, target="activation"), run="inputs")
    app = open_page("score", run="inputs")
    assert headed(app, "no recipe to score")


def test_an_unknown_recipe_is_a_card(open_page, filled):
    app = open_page("score", run=filled.run, recipe="nope")
    assert not app.exception
    assert "There is no recipe" in app.error[0].value


def test_the_report_tells_of_the_recipe_and_its_baseline(filled):
    baseline = add_baseline(filled)
    record = RunStore().scores(recipe=filled.recipe)[0]
    page = report(filled.result, record, (record, baseline))
    assert page.lower().startswith("<!doctype html>")
    assert "mixed" in page and "same bytes" in page
