"""What-if on the Recipe page: a predicted change at once, and nothing applied until asked."""

import pytest

from analysis.allocation.predict import predict
from analysis.recipe import Recipe
from pages.ui.scopes import ALL, scopes
from pages.ui.text import bytes_text
from tests.pages.recipe_page import layers, table, weight_bits
from tests.pages.seen import metrics, switch, text


def test_blocks_are_prefixes_that_several_layers_share():
    names = ["stem", "stage1.conv1", "stage1.conv2", "stage2.a.x", "stage2.a.y", "head"]
    found = scopes(names)
    assert found["stage1"] == ("stage1.conv1", "stage1.conv2")
    assert found["stage2.a"] == ("stage2.a.x", "stage2.a.y")
    assert "stage2" not in found
    assert found[ALL] == tuple(names)
    assert list(found)[-len(names) :] == names


def test_one_prefix_over_everything_is_no_block():
    assert list(scopes(["net.a", "net.b"])) == [ALL, "net.a", "net.b"]
    assert list(scopes(["net"])) == ["net"]


def test_the_change_is_predicted_before_anything_is_applied(open_page, filled):
    app = open_page("recipe", run=filled.run)
    before = dict(layers(app))
    name = filled.result.layers[3].name
    app.selectbox(key="what_if_scope").set_value(name).run()
    switch(app, "Bits").set_value("2").run()
    assert not app.exception and not app.error
    assert layers(app) == before
    recipe = Recipe(before, "made-up", filled.result.setup.fingerprint)
    other = recipe.with_weight(name, _spec(filled, name, 2))
    change = predict(filled.result, other).divergence - predict(filled.result, recipe).divergence
    shown = [card for card in app.metric if card.label == "Δ divergence"][-1]
    assert float(shown.value.lstrip("+")) == pytest.approx(change, rel=0.01)
    assert "Δ bytes" in metrics(app)


def test_a_block_is_set_to_one_width_locked_and_undone(open_page, filled):
    app = open_page("recipe", run=filled.run)
    before, size = dict(layers(app)), metrics(app)["Size"]
    app.selectbox(key="what_if_scope").set_value("stage2").run()
    switch(app, "Bits").set_value("2").run()
    app.button(key="what_if_apply").click().run()
    assert not app.exception and not app.error
    inside = [row.name for row in filled.result.layers if row.name.startswith("stage2.")]
    assert len(inside) > 1
    assert {weight_bits(app, name) for name in inside} == {2}
    assert all(bool(table(app).loc[name, "lock"]) for name in inside)
    assert metrics(app)["Size"] != size
    app.button(key="recipe_undo").click().run()
    assert layers(app) == before


def test_a_width_that_is_there_already_has_nothing_to_apply(open_page, filled):
    app = open_page("recipe", run=filled.run)
    name = filled.result.layers[3].name
    app.selectbox(key="what_if_scope").set_value(name).run()
    switch(app, "Bits").set_value(str(weight_bits(app, name))).run()
    assert app.button(key="what_if_apply").disabled
    assert metrics(app)["Δ bytes"] == bytes_text(0)
    assert "predicted" in text(app).lower()


def _spec(filled, name, bits):
    return next(p.cell.spec for p in filled.result.points if p.layer == name and p.bits == bits)
