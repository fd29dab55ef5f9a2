"""Recipes in and out of the Recipe page: saved, scored, imported, and files that are none."""

import json
from dataclasses import replace

import pytest

from analysis import serial
from analysis.runs.records import ScoreOptions
from analysis.runs.store import RunStore
from tests.pages.recipe_page import edit, layers, stored_recipe
from tests.pages.seen import button
from tests.sensitivities import make_sensitivities
from tests.stored import fill_store


def test_a_saved_recipe_has_an_address_of_its_own(open_page, filled):
    app = open_page("recipe", run=filled.run)
    edit(app, 1, weight="8")
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
    edit(app, 1, weight="8")
    button(app, "Apply and score").click().run()
    assert not app.exception and not app.error
    job = next(job for job in RunStore().jobs(owner="local") if job.kind == "score")
    assert isinstance(job.options, ScoreOptions)
    assert job.options.run == filled.run
    assert RunStore().recipe(job.options.recipe).recipe.layers[filled.result.layers[1].name]
    assert app.query_params["recipe"] == job.options.recipe


def imported(app, content: bytes):
    app.session_state["import"] = True
    app.run().file_uploader[0].upload("recipe.json", content)
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
