"""The Recipe page: limits, the table with its locks, undo, files, and what can go wrong."""

from dataclasses import replace

import pytest

from analysis.allocation.frontier import frontier
from analysis.cost import recipe_cost
from analysis.recipe import Recipe
from analysis.runs.store import RunStore
from pages.ui.places import page_file
from pages.ui.text import bytes_text
from tests.pages.recipe_page import edit, layers, stored_recipe, table, weight_bits
from tests.pages.seen import button, headed, metrics, switch, text
from tests.sensitivities import make_sensitivities
from tests.stored import add_job, fill_store


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
    edit(app, 2, weight="8")
    before = dict(layers(app))
    app.query_params["recipe"] = filled.recipe
    app.run()
    assert layers(app) == before
    assert "recipe" not in app.query_params


def test_edits_are_still_there_after_a_look_at_another_page(open_page, filled):
    app = open_page("recipe", run=filled.run)
    edit(app, 2, weight="8")
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
    limit = switch(app, "Limit")
    limit.set_value("bits").run()
    app.number_input(key="limit_bits").set_value(3.0).run()
    assert float(metrics(app)["Effective bits"]) <= 3.6
    narrow = dict(layers(app))
    limit = switch(app, "Limit")
    limit.set_value("drop").run()
    app.number_input(key="limit_drop").set_value(0.1).run()
    assert not app.exception and layers(app) != narrow


def test_bops_are_a_limit_where_activations_were_swept(open_page):
    fill_store(RunStore(), make_sensitivities(4, target="both"), run="both")
    app = open_page("recipe", run="both")
    limit = switch(app, "Limit")
    limit.set_value("bops").run()
    app.number_input(key="limit_bops").set_value(2.0).run()
    assert not app.exception and not app.error
    deltas = {metric.label: metric.delta for metric in app.metric}
    assert float(deltas["BOPs"].split("\N{NO-BREAK SPACE}")[0]) <= 2.0


def test_data_without_labels_offers_no_drop(open_page):
    fill_store(RunStore(), make_sensitivities(5, metric=None), run="plain")
    app = open_page("recipe", run="plain")
    limit = switch(app, "Limit")
    assert "Largest drop" not in limit.options
    assert "Top-1" not in metrics(app)


def test_an_edit_changes_the_figures_and_locks_the_layer(open_page, filled):
    app = open_page("recipe", run=filled.run)
    before = metrics(app)["Size"]
    edit(app, 2, weight="8")
    assert not app.exception and not app.error
    name = filled.result.layers[2].name
    assert weight_bits(app, name) == 8
    assert metrics(app)["Size"] != before
    assert bool(table(app).loc[name, "lock"])


def test_locked_layers_stay_when_the_limit_moves(open_page, filled):
    app = open_page("recipe", run=filled.run)
    edit(app, 2, weight="8")
    app.slider[0].set_value(app.slider[0].min).run()
    name = filled.result.layers[2].name
    assert weight_bits(app, name) == 8
    assert table(app).loc[name, "weight"] == "8"


def test_undo_and_redo_bring_the_bits_back(open_page, filled):
    app = open_page("recipe", run=filled.run)
    first = dict(layers(app))
    edit(app, 2, weight="8")
    edited = dict(layers(app))
    button(app, "Undo").click().run()
    assert layers(app) == first
    button(app, "Redo").click().run()
    assert layers(app) == edited


def test_reset_opens_the_locks(open_page, filled):
    app = open_page("recipe", run=filled.run)
    edit(app, 2, weight="8")
    button(app, "Reset to solved").click().run()
    assert not table(app)["lock"].any()


def test_a_width_that_was_never_offered_is_refused(open_page, filled):
    app = open_page("recipe", run=filled.run)
    before = dict(layers(app))
    edit(app, 0, weight="99")
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


def test_an_unknown_recipe_is_a_card(open_page, filled):
    app = open_page("recipe", run=filled.run, recipe="nope")
    assert not app.exception
    assert "There is no recipe" in app.error[0].value


def test_a_run_without_points_links_to_its_sweep(open_page):
    empty = replace(make_sensitivities(4), points=())
    add_job(RunStore(), empty, run="early", state="cancelled")
    app = open_page("recipe", run="early")
    assert not app.exception
    assert headed(app, "nothing to choose from")


def test_a_sweep_that_is_too_short_says_so(open_page):
    add_job(RunStore(), make_sensitivities(6, complete=False), run="half", state="cancelled")
    app = open_page("recipe", run="half")
    assert not app.exception
    assert "not far enough" in app.error[0].value
