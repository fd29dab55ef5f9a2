"""The verdict block of the Score page: the other ways to spend the same bytes, all measured."""

from dataclasses import replace

from analysis.allocation.rivals import rivals
from analysis.hardware.catalogue import profile
from analysis.runs.records import ScoreOptions
from analysis.runs.store import RunStore
from pages.ui.ways import measured, sentence
from tests.pages.recipe_page import stored_recipe
from tests.pages.seen import button, labels, text
from tests.sensitivities import make_score, make_sensitivities
from tests.stored import Filled, fill_store


def measure_all(filled: Filled, hardware: str | None = None) -> list[str]:
    """Score every rival of the recommended recipe, and that again; returns the rivals' names."""
    target = None if hardware is None else profile(hardware)
    store, recipe = RunStore(), stored_recipe(filled)
    found = rivals(filled.result, recipe, profile=target)
    store.save_score(filled.recipe, make_score(filled.result, recipe, kept=True))
    for rival in found:
        record = store.save_recipe(rival, owner="local", run=filled.run, origin="baseline")
        store.save_score(record.id, make_score(filled.result, rival, kept=True))
    return [rival.name for rival in found]


def test_every_way_is_in_the_table_best_first(open_page, filled):
    names = measure_all(filled)
    assert {"greedy by score", "random mix"} <= set(names)
    app = open_page("score", run=filled.run)
    assert not app.exception and not app.error
    table = next(found.value for found in app.table if "Divergence" in found.value.columns)
    assert len(table) == len(names) + 1
    assert "**this recipe**" in table.index
    values = [float(cell.split(" ")[0]) for cell in table["Divergence"]]
    assert values == sorted(values)
    assert "Measure the other ways to spend these bytes" not in labels(app)


def test_the_verdict_tells_the_paired_difference_with_its_interval(open_page, filled):
    measure_all(filled)
    app = open_page("score", run=filled.run)
    said = (app.success or app.info)[0].value.replace("\\", "")
    assert "sample by sample" in said and "(95 % interval" in said
    table = next(found.value for found in app.table if "Paired" in found.value.columns)
    assert table["Paired"].loc["**this recipe**"] == "–"
    assert all(" to " in cell for cell in table["Paired"].drop("**this recipe**"))


def test_a_uniform_recipe_that_the_hardware_cannot_run_is_named_and_not_compared(open_page, filled):
    app = open_page("score", run=filled.run, hardware="apple-coreml")
    assert not app.exception and not app.error
    shown = text(app).replace("\\", "")
    assert "Compared on **Apple" in shown
    refused_line = shown.partition("Not compared, because Apple Neural Engine, Core ML")[2]
    assert "uniform 5-bit" in refused_line
    assert "uniform 5-bit" not in shown.partition("Not measured yet")[2].partition(".")[0]
    assert app.query_params["hardware"] == "apple-coreml"


def test_hardware_that_cannot_run_the_recipe_is_told_first(open_page, filled):
    app = open_page("score", run=filled.run, hardware="onnxruntime-cpu")
    assert not app.exception
    assert "cannot run this recipe as it is" in app.warning[0].value


def test_what_is_not_measured_can_be_measured(open_page):
    filled = fill_store(RunStore(), make_sensitivities(6), source="digits")
    app = open_page("score", run=filled.run)
    assert "Not measured yet" in text(app)
    button(app, "Measure the other ways to spend these bytes").click().run()
    assert not app.exception and not app.error
    job = next(job for job in RunStore().jobs(owner="local") if job.kind == "score")
    assert job.options == ScoreOptions(filled.recipe, filled.run, rivals=True)
    assert "Cancel" in labels(app)


def test_the_sentence_says_how_many_bytes_mixing_saves(filled):
    recipe = stored_recipe(filled)
    score = make_score(filled.result, recipe)
    rival = next(r for r in rivals(filled.result, recipe) if r.name.startswith("uniform"))
    other = make_score(filled.result, rival)
    wide = replace(other.cost, weight_bytes=2 * score.cost.weight_bytes)
    other = replace(other, cost=wide, divergence=score.divergence)
    assert "saves **50" in sentence(score, {rival.name: other})


def test_a_better_way_is_told(filled):
    recipe = stored_recipe(filled)
    score = make_score(filled.result, recipe)
    better = replace(score, recipe=replace(recipe, layers={}), divergence=0.0, low=0.0, high=0.0)
    assert "**greedy by score** is better" in sentence(score, {"greedy by score": better})


def test_only_scores_of_the_same_layers_count(filled):
    found = rivals(filled.result, stored_recipe(filled))
    assert measured(found, ()) == {}
