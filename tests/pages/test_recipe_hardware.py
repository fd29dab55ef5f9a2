"""The Recipe page with a hardware profile: what it refuses is said before anything is applied."""

import pytest

from analysis.hardware.catalogue import profile
from analysis.hardware.check import check_recipe
from analysis.runs.store import RunStore
from pages.ui.text import plain
from tests.pages.recipe_page import layers, stored_recipe, table
from tests.pages.seen import button, labels, text
from tests.sensitivities import make_sensitivities
from tests.stored import fill_store


def test_choosing_hardware_warns_and_changes_nothing(open_page, filled):
    app = open_page("recipe", run=filled.run)
    before = dict(layers(app))
    app.selectbox(key="recipe_hardware").set_value("onnxruntime-cpu").run()
    assert not app.exception and not app.error
    said = check_recipe(profile("onnxruntime-cpu"), filled.result.layers, stored_recipe(filled))
    assert said and plain(said[0].sentence) in app.warning[0].value
    assert layers(app) == before
    assert app.query_params["hardware"] == "onnxruntime-cpu"


def test_hardware_of_the_link_is_chosen_and_its_objections_shown(open_page, filled):
    app = open_page("recipe", run=filled.run, hardware="onnxruntime-cpu")
    said = check_recipe(profile("onnxruntime-cpu"), filled.result.layers, stored_recipe(filled))
    assert plain(said[0].sentence) in app.warning[0].value
    assert app.selectbox(key="recipe_hardware").value == "onnxruntime-cpu"


def test_no_bytes_are_advised_for_what_the_hardware_cannot_run(open_page, filled):
    assert "spend them on" in text(open_page("recipe", run=filled.run))
    words = text(open_page("recipe", run=filled.run, hardware="onnxruntime-cpu"))
    assert "does not run on this hardware" in words


def test_the_recipe_is_fitted_on_request_and_undone(open_page, filled):
    app = open_page("recipe", run=filled.run, hardware="onnxruntime-cpu")
    before = dict(layers(app))
    button(app, "Fit the recipe to it").click().run()
    assert not app.exception and not app.error
    widths = {config.weight.bits for config in layers(app).values() if config.weight}
    assert widths == {8}
    button(app, "Undo").click().run()
    assert layers(app) == before


def test_the_table_offers_what_some_layer_can_run(open_page, filled):
    app = open_page("recipe", run=filled.run, hardware="onnxruntime-cpu")
    button(app, "Fit the recipe to it").click().run()
    assert set(table(app)["weight"]) == {"8"}


def test_hardware_without_a_kernel_for_the_sweep_is_a_card(open_page):
    filled = fill_store(RunStore(), make_sensitivities(5), run="plain")
    app = open_page("recipe", run="plain", hardware="npu-2-4-8")
    assert not app.exception
    assert "must have a kernel" in app.error[0].value
    assert "Fit the recipe to it" not in labels(app)
    before = dict(layers(app))
    app.slider[0].set_value(app.slider[0].max).run()
    assert not app.exception and layers(app) == before
    assert layers(app) == dict(stored_recipe(filled).layers)


@pytest.mark.parametrize("name", ["cortex-m-cmsis-nn", "nvidia-tensorrt", "npu-2-4-8"])
def test_symmetric_weights_are_asked_for_before_anything_is_applied(open_page, filled, name):
    app = open_page("recipe", run=filled.run, hardware=name)
    assert not app.exception
    shown = text(app).replace("\\", "")
    assert "It takes **Conv2d" in shown and " sym " in shown.partition("It takes")[2]
    assert layers(app) == dict(stored_recipe(filled).layers)


def test_hardware_that_nobody_knows_is_a_card(open_page, filled):
    app = open_page("recipe", run=filled.run, hardware="/etc/passwd.json")
    assert not app.exception
    assert "must be one of" in app.error[0].value
    assert layers(app) == dict(stored_recipe(filled).layers)
