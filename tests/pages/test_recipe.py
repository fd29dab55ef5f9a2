"""The Recipe page: limits, the table with its locks, undo, files, and what can go wrong."""

import json
from dataclasses import replace

import pytest

from analysis import serial
from analysis.allocation.frontier import frontier
from analysis.cost import recipe_cost
from analysis.recipe import Recipe
from analysis.runs.records import ScoreOptions
from analysis.runs.store import RunStore
from pages.ui.places import page_file
from pages.ui.text import bytes_text
from tests.sensitivities import make_sensitivities
from tests.stored import Filled, add_job, fill_store


def text(app) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption))


def metrics(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def button(app, label: str):
    return next(found for found in app.button if found.label == label)


def table(app):
    return next(found.value for found in app.dataframe if "lock" in found.value.columns)


def edit(app, **rows: dict[str, object]):
    """Change cells of the table that is on screen, as the browser does."""
    edition = app.session_state["recipe_desk"].draft.edition
    edits = {int(row.removeprefix("row")): columns for row, columns in rows.items()}
    state = {"edited_rows": edits, "added_rows": [], "deleted_rows": []}
    app.session_state[f"recipe_table_{edition}"] = state
    return app.run()


def layers(app):
    return app.session_state["recipe_desk"].draft.now.layers


def stored_recipe(filled: Filled) -> Recipe:
    return RunStore().recipe(filled.recipe).recipe


def test_it_opens_with_the_recommended_recipe(open_page, filled):
    app = open_page("recipe", run=filled.run)
    assert not app.exception and not app.error
    cost = recipe_cost(filled.result.layers, stored_recipe(filled), other_bytes=0)
    assert metrics(app)["Size"] == bytes_text(cost.weight_bytes)
    assert metrics(app)["Effective bits"] == f"{cost.effective_bits:.2f}"
    assert app.query_params["recipe"] == filled.recipe


def test_predictions_are_called_predictions(open_page, filled):
    app = open_page("recipe", run=filled.run)
    marks = {metric.label: metric.delta for metric in app.metric}
    assert marks["Divergence"] == marks["Top-1"] == "predicted"
    assert "Predicted from 512 sweep samples, one tensor at a time; not measured" in text(app)


def test_a_size_in_the_link_is_solved_for(open_page, filled):
    points = frontier(filled.result)
    size = (points[0].weight_bytes + points[-1].weight_bytes) // 2
    app = open_page("recipe", run=filled.run, bytes=str(size))
    recipe = Recipe(layers(app), "made-up", "0")
    assert recipe_cost(filled.result.layers, recipe, other_bytes=0).weight_bytes <= size
    assert app.slider[0].value == size
    assert app.query_params["bytes"] == str(size)


def test_moving_the_limit_solves_again_and_says_so_in_the_address(open_page, filled):
    app = open_page("recipe", run=filled.run)
    before, size = dict(layers(app)), int(app.slider[0].min)
    app.slider[0].set_value(size).run()
    assert layers(app) != before
    assert app.query_params["bytes"] == str(size)
    assert "recipe" not in app.query_params


def test_an_old_address_of_a_quick_browser_takes_nothing_back(open_page, filled):
    app = open_page("recipe", run=filled.run)
    edit(app, row2={"weight": "8"})
    before = dict(layers(app))
    app.query_params["recipe"] = filled.recipe
    app.run()
    assert layers(app) == before
    assert "recipe" not in app.query_params


def test_edits_are_still_there_after_a_look_at_another_page(open_page, filled):
    app = open_page("recipe", run=filled.run)
    edit(app, row2={"weight": "8"})
    before = dict(layers(app))
    app.query_params.clear()
    app.switch_page(str(page_file("runs"))).run()
    app.switch_page(str(page_file("recipe"))).run()
    assert layers(app) == before
    assert table(app)["weight"].iloc[2] == "8"


def test_a_link_to_another_size_opens_that_size(open_page, filled):
    app = open_page("recipe", run=filled.run)
    app.switch_page(str(page_file("runs"))).run()
    app.query_params.clear()
    app.query_params["run"] = filled.run
    app.query_params["bytes"] = "99999"
    app.switch_page(str(page_file("recipe"))).run()
    assert app.session_state["recipe_desk"].draft.now.weight_bytes == 99999


def test_the_average_width_and_the_drop_are_limits_too(open_page, filled):
    app = open_page("recipe", run=filled.run)
    limit = next(group for group in app.button_group if group.label == "Limit")
    limit.set_value("bits").run()
    app.number_input(key="limit_bits").set_value(3.0).run()
    assert float(metrics(app)["Effective bits"]) <= 3.6
    narrow = dict(layers(app))
    limit = next(group for group in app.button_group if group.label == "Limit")
    limit.set_value("drop").run()
    app.number_input(key="limit_drop").set_value(0.1).run()
    assert not app.exception and layers(app) != narrow


def test_bops_are_a_limit_where_activations_were_swept(open_page):
    fill_store(RunStore(), make_sensitivities(4, target="both"), run="both")
    app = open_page("recipe", run="both")
    limit = next(group for group in app.button_group if group.label == "Limit")
    limit.set_value("bops").run()
    app.number_input(key="limit_bops").set_value(2.0).run()
    assert not app.exception and not app.error
    deltas = {metric.label: metric.delta for metric in app.metric}
    assert float(deltas["BOPs"].split("\N{NO-BREAK SPACE}")[0]) <= 2.0


def test_data_without_labels_offers_no_drop(open_page):
    fill_store(RunStore(), make_sensitivities(5, metric=None), run="plain")
    app = open_page("recipe", run="plain")
    limit = next(group for group in app.button_group if group.label == "Limit")
    assert "Largest drop" not in limit.options
    assert "Top-1" not in metrics(app)


def test_an_edit_changes_the_figures_and_locks_the_layer(open_page, filled):
    app = open_page("recipe", run=filled.run)
    before = metrics(app)["Size"]
    edit(app, row2={"weight": "8"})
    assert not app.exception and not app.error
    name = filled.result.layers[2].name
    assert layers(app)[name].weight.bits == 8
    assert metrics(app)["Size"] != before
    assert bool(table(app).loc[name, "lock"])


def test_locked_layers_stay_when_the_limit_moves(open_page, filled):
    app = open_page("recipe", run=filled.run)
    edit(app, row2={"weight": "8"})
    app.slider[0].set_value(app.slider[0].min).run()
    name = filled.result.layers[2].name
    assert layers(app)[name].weight.bits == 8
    assert table(app).loc[name, "weight"] == "8"


def test_undo_and_redo_bring_the_bits_back(open_page, filled):
    app = open_page("recipe", run=filled.run)
    first = dict(layers(app))
    edit(app, row2={"weight": "8"})
    edited = dict(layers(app))
    button(app, "Undo").click().run()
    assert layers(app) == first
    button(app, "Redo").click().run()
    assert layers(app) == edited


def test_reset_opens_the_locks(open_page, filled):
    app = open_page("recipe", run=filled.run)
    edit(app, row2={"weight": "8"})
    button(app, "Reset to solved").click().run()
    assert not table(app)["lock"].any()


def test_a_width_that_was_never_offered_is_refused(open_page, filled):
    app = open_page("recipe", run=filled.run)
    before = dict(layers(app))
    edit(app, row0={"weight": "99"})
    assert not app.exception
    assert "measured no '99' bits" in app.error[0].value.replace("\\", "")
    assert layers(app) == before


def test_a_limit_nobody_can_meet_names_the_smallest_one(open_page, filled):
    app = open_page("recipe", run=filled.run, bytes="10")
    assert not app.exception
    assert "the smallest that can be met" in app.error[0].value
    assert metrics(app)["Size"]


@pytest.mark.parametrize("size", ["abc", "-5", "1e9", "9" * 40])
def test_a_size_that_is_no_size_is_a_card(open_page, filled, size):
    app = open_page("recipe", run=filled.run, bytes=size)
    assert not app.exception
    assert "number of bytes" in app.error[0].value


def test_a_saved_recipe_has_an_address_of_its_own(open_page, filled):
    app = open_page("recipe", run=filled.run)
    edit(app, row1={"weight": "8"})
    app.text_input(key="recipe_name").set_value("mine").run()
    button(app, "Save").click().run()
    saved = RunStore().recipe(app.query_params["recipe"])
    assert (saved.recipe.name, saved.run, saved.owner) == ("mine", filled.run, "local")
    assert saved.recipe.layers == layers(app)
    assert saved.predicted["samples"] == 512
    assert button(app, "Save").disabled


def test_a_stored_recipe_opens_by_its_address(open_page, filled):
    record = RunStore().save_recipe(stored_recipe(filled), owner="b" * 32, run=filled.run)
    app = open_page("recipe", recipe=record.id)
    assert not app.exception and not app.error
    assert layers(app) == record.recipe.layers
    assert app.query_params["run"] == filled.run


def test_apply_and_score_queues_the_score_and_shows_it(open_page):
    filled = fill_store(RunStore(), make_sensitivities(5), source="digits")
    app = open_page("recipe", run=filled.run)
    edit(app, row1={"weight": "8"})
    button(app, "Apply and score").click().run()
    assert not app.exception and not app.error
    job = next(job for job in RunStore().jobs(owner="local") if job.kind == "score")
    assert isinstance(job.options, ScoreOptions)
    assert job.options.run == filled.run
    assert RunStore().recipe(job.options.recipe).recipe.layers[filled.result.layers[1].name]
    assert app.query_params["recipe"] == job.options.recipe


def imported(app, content: bytes):
    app.file_uploader[0].upload("recipe.json", content)
    return button(app, "Import").click().run()


def test_a_recipe_file_comes_back_as_it_was(open_page, filled):
    app = open_page("recipe", run=filled.run)
    recipe = stored_recipe(filled).with_weight(filled.result.layers[0].name, None)
    imported(app, serial.dumps(replace(recipe, name="from a file")).encode())
    assert not app.exception and not app.error
    saved = RunStore().recipe(app.query_params["recipe"])
    assert (saved.origin, saved.recipe.name) == ("imported", "from a file")
    assert layers(app) == recipe.layers


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"fingerprint": "f" * 64}, "other weights"),
        ({"layers": {"elsewhere": {"weight": None}}}, "layers this model does not have"),
        ({"version": 7}, "version 1"),
        ({"layers": 3}, "no valid recipe"),
    ],
    ids=["other weights", "other layers", "other version", "damaged"],
)
def test_a_recipe_of_another_model_is_refused(open_page, filled, change, says):
    app = open_page("recipe", run=filled.run)
    document = serial.to_plain(stored_recipe(filled)) | change
    imported(app, json.dumps(document).encode())
    assert not app.exception
    assert says in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"[1, 2]", b"x" * 4_000_001])
def test_a_file_that_is_no_recipe_is_refused(open_page, filled, content):
    app = imported(open_page("recipe", run=filled.run), content)
    assert not app.exception
    assert len(app.error) == 1


def test_an_unknown_recipe_is_a_card(open_page, filled):
    app = open_page("recipe", run=filled.run, recipe="nope")
    assert not app.exception
    assert "There is no recipe" in app.error[0].value


def test_a_run_without_points_links_to_its_sweep(open_page):
    empty = replace(make_sensitivities(4), points=())
    add_job(RunStore(), empty, run="early", state="cancelled")
    app = open_page("recipe", run="early")
    assert not app.exception
    assert any("nothing to choose from" in header.value for header in (*app.header, *app.subheader))


def test_a_sweep_that_is_too_short_says_so(open_page):
    add_job(RunStore(), make_sensitivities(6, complete=False), run="half", state="cancelled")
    app = open_page("recipe", run="half")
    assert not app.exception
    assert "not far enough" in app.error[0].value
