"""Limits on the Recipe page: any of them in one solve, in the address, undone, and refused."""

import pytest

from analysis.cost import recipe_cost
from analysis.hardware.catalogue import profile
from analysis.hardware.figures import hardware_cost
from analysis.quant.spec import IntFormat, PerChannel, QuantSpec
from analysis.recipe import Recipe
from analysis.runs.store import RunStore
from tests.pages.recipe_page import edit, layers, weight_bits
from tests.pages.seen import button, labels, switch, text
from tests.sensitivities import make_sensitivities
from tests.stored import Filled, add_job, fill_store


@pytest.fixture
def both() -> Filled:
    """Weights and inputs were swept."""
    return fill_store(RunStore(), make_sensitivities(6, target="both"), run="both")


def recipe(app) -> Recipe:
    return Recipe(layers(app), "made-up", "0")


def widths(app) -> set[int]:
    return {config.weight.bits for config in layers(app).values() if config.weight}


def test_a_further_limit_holds_beside_the_size(open_page, both):
    app = open_page("recipe", unfolded="more_limits", run="both")
    peak = hardware_cost(both.result.layers, recipe(app)).peak_activation_bytes
    app.number_input(key="more_activations").set_value(0.6 * peak / 1000).run()
    assert not app.exception and not app.error
    assert hardware_cost(both.result.layers, recipe(app)).peak_activation_bytes <= 0.6 * peak
    limit = app.session_state["recipe_desk"].draft.now.weight_bytes
    assert recipe_cost(both.result.layers, recipe(app), other_bytes=0).weight_bytes <= limit
    assert "Largest activations" in text(app)


def test_few_widths_stay_few_when_the_slider_moves(open_page, filled):
    app = open_page("recipe", unfolded="more_limits", run=filled.run)
    app.selectbox(key="more_widths").set_value(2).run()
    assert len(widths(app)) <= 2
    app.slider[0].set_value(app.slider[0].min + (app.slider[0].max - app.slider[0].min) // 3).run()
    assert not app.exception and not app.error
    assert len(widths(app)) <= 2


def test_forbidden_widths_are_not_taken(open_page, filled):
    app = open_page("recipe", unfolded="more_limits", run=filled.run)
    app.multiselect(key="more_forbidden").set_value([3, 4]).run()
    assert not app.exception and not app.error
    assert not widths(app) & {3, 4}


def test_changes_of_width_that_cost_bytes_become_fewer(open_page, filled):
    app = open_page("recipe", unfolded="more_limits", run=filled.run, bytes="60000")
    before = hardware_cost(filled.result.layers, recipe(app)).precision_changes
    app.number_input(key="more_change_bytes").set_value(3000).run()
    assert not app.exception and not app.error
    after = hardware_cost(filled.result.layers, recipe(app)).precision_changes
    assert after < before
    stored = recipe_cost(filled.result.layers, recipe(app), other_bytes=0).weight_bytes
    assert stored + 3000 * after <= 60_000


def test_limits_are_in_the_address_and_open_again(open_page, both):
    app = open_page("recipe", unfolded="more_limits", run="both")
    app.selectbox(key="more_widths").set_value(2).run()
    app.number_input(key="more_bits").set_value(4.0).run()
    told = {name: app.query_params[name] for name in ("run", "bytes", "limits")}
    assert told["limits"] == "bits:4,widths:2"
    again = open_page("recipe", unfolded="more_limits", **told)
    assert not again.exception and not again.error
    assert layers(again) == layers(app)
    assert again.query_params["limits"] == told["limits"]


def test_limits_are_undone_and_redone(open_page, filled):
    app = open_page("recipe", unfolded="more_limits", run=filled.run)
    before = dict(layers(app))
    app.selectbox(key="more_widths").set_value(1).run()
    after = dict(layers(app))
    button(app, "Undo").click().run()
    assert layers(app) == before
    assert app.selectbox(key="more_widths").value is None
    assert "limits" not in app.query_params
    button(app, "Redo").click().run()
    assert layers(app) == after
    assert app.selectbox(key="more_widths").value == 1


def test_limits_locks_and_hardware_are_saved_with_a_recipe(open_page, filled):
    app = open_page("recipe", unfolded="more_limits", run=filled.run, hardware="generic-integer")
    edit(app, 2, weight="8")
    app.selectbox(key="more_widths").set_value(3).run()
    button(app, "Save").click().run()
    saved = app.query_params["recipe"]
    again = open_page("recipe", unfolded="more_limits", run=filled.run, recipe=saved)
    assert not again.exception and not again.error
    assert (
        again.session_state["recipe_desk"].draft.now == app.session_state["recipe_desk"].draft.now
    )
    assert again.query_params["hardware"] == "generic-integer"
    assert again.query_params["limits"] == "widths:3"


def test_contradictory_limits_name_the_two_and_change_nothing(open_page, filled):
    app = open_page("recipe", unfolded="more_limits", run=filled.run, bytes="60000")
    before = dict(layers(app))
    app.multiselect(key="more_forbidden").set_value([2, 3, 4, 5, 6]).run()
    assert not app.exception
    said = app.error[0].value.replace("\\", "")
    assert "forbidden widths" in said and "60,000 bytes of weights" in said
    assert layers(app) == before
    assert app.multiselect(key="more_forbidden").value == []


def test_a_lock_that_contradicts_a_forbidden_width_is_told(open_page, filled):
    app = open_page("recipe", unfolded="more_limits", run=filled.run)
    edit(app, 2, weight="8")
    app.multiselect(key="more_forbidden").set_value([8]).run()
    assert not app.exception
    assert filled.result.layers[2].name in app.error[0].value.replace("\\", "")
    assert weight_bits(app, filled.result.layers[2].name) == 8


def test_time_is_offered_where_the_hardware_has_a_table(open_page):
    spec = QuantSpec(IntFormat(8, symmetric=True), PerChannel())
    made = make_sensitivities(6, bits=(4, 8), target="both", weight_spec=spec)
    add_job(RunStore(), made, run="arm")
    app = open_page("recipe", unfolded="more_limits", run="arm")
    assert "time (no hardware is chosen; " in text(app).replace("\\", "")
    app = open_page("recipe", unfolded="more_limits", run="arm", hardware="cortex-m-cmsis-nn")
    now = hardware_cost(made.layers, recipe(app), profile("cortex-m-cmsis-nn")).latency_ms
    assert now is not None
    app.number_input(key="more_time").set_value(1.5 * now).run()
    assert not app.exception and not app.error
    assert "time:" in app.query_params["limits"]
    app.number_input(key="more_time").set_value(0.5 * now).run()
    assert "ms" in app.error[0].value


def test_what_cannot_be_limited_says_why(open_page, filled):
    shown = text(open_page("recipe", unfolded="more_limits", run=filled.run)).replace("\\", "")
    assert "no inputs were swept, so every recipe needs the same" in shown


def test_the_main_limit_stays_when_the_others_are_lifted(open_page, filled):
    app = open_page("recipe", unfolded="more_limits", run=filled.run)
    switch(app, "Limit").set_value("bits").run()
    app.number_input(key="limit_bits").set_value(3.0).run()
    app.selectbox(key="more_widths").set_value(1).run()
    button(app, "Lift these limits").click().run()
    assert not app.exception
    assert app.query_params["limits"] == "main:bits,size:no,bits:3"
    assert "Lift these limits" in labels(app)


def test_a_link_that_demands_widths_alone_takes_the_recommended_size(open_page, filled):
    app = open_page("recipe", unfolded="more_limits", run=filled.run, limits="widths:1")
    assert not app.exception and not app.error
    assert len(widths(app)) == 1


@pytest.mark.parametrize("limits", ["nonsense", "bits:nan", "widths:0"])
def test_limits_of_a_link_that_are_none_are_a_card(open_page, filled, limits):
    app = open_page("recipe", unfolded="more_limits", run=filled.run, limits=limits)
    assert not app.exception
    assert "link" in app.error[0].value
    assert layers(app)
