"""Decision groups on the Recipe page: told, joined, taken apart, kept for the run."""

from dataclasses import replace

import pytest

from analysis.allocation.regroup import regroup
from analysis.allocation.rivals import rivals
from analysis.errors import RunError
from analysis.recipe import LayerConfig
from analysis.runs.store import RunStore
from tests.pages.recipe_page import edit, layers, stored_recipe, weight_bits
from tests.pages.seen import button, labels, text
from tests.sensitivities import make_sensitivities
from tests.stored import Filled, add_job, fill_store


@pytest.fixture
def grouped() -> Filled:
    """Layers 2 to 4 are fused."""
    result = make_sensitivities(8)
    names = [layer.name for layer in result.layers]
    return fill_store(RunStore(), regroup(result, dict.fromkeys(names[2:5], "q+k+v")), run="groups")


def names_of(filled: Filled) -> list[str]:
    return [layer.name for layer in filled.result.layers]


def opened(open_page, **params):
    """The Recipe page with its groups unfolded."""
    app = open_page("recipe", **params)
    app.session_state["recipe_groups"] = True
    return app.run()


def shared(app):
    return next((found.value for found in app.table if "Because" in found.value.columns), None)


def test_what_was_found_is_told_with_its_reason(open_page, grouped):
    table = shared(opened(open_page, run="groups"))
    assert len(table) == 1
    assert "runtimes merge them" in table["Because"].iloc[0]


def test_layers_without_groups_say_so(open_page, filled):
    assert "Every layer is decided alone" in text(opened(open_page, run=filled.run))


def test_joined_layers_are_solved_as_one_and_stay_so(open_page, filled):
    names = names_of(filled)
    app = opened(open_page, run=filled.run)
    app.multiselect(key="groups_join").set_value([names[1], names[6]]).run()
    button(app, "Join").click().run()
    assert not app.exception and not app.error
    assert weight_bits(app, names[1]) == weight_bits(app, names[6])
    assert len(shared(app)) == 1
    again = opened(open_page, run=filled.run, bytes="70000")
    assert not again.exception and not again.error
    assert weight_bits(again, names[1]) == weight_bits(again, names[6])
    button(again, "Back to what was found").click().run()
    assert shared(again) is None
    assert RunStore().sensitivities(filled.run).layers == filled.result.layers


def test_a_group_that_is_taken_apart_warns(open_page, grouped):
    app = opened(open_page, run="groups")
    button(app, "Take apart").click().run()
    assert not app.exception and not app.error
    assert any("Taken apart by hand" in found.value for found in app.warning)
    kept = RunStore().sensitivities("groups")
    assert [layer.group for layer in kept.layers] == names_of(grouped)


def test_hardware_objects_to_a_split_of_what_it_merges(open_page, grouped):
    app = opened(open_page, run="groups", hardware="nvidia-tensorrt")
    button(app, "Take apart").click().run()
    edit(app, 2, weight="8")
    said = " ".join(found.value for found in app.warning).replace("\\", "")
    assert "NVIDIA GPU, TensorRT may refuse" in said


def test_groups_reach_the_verdict(grouped):
    store, names = RunStore(), names_of(grouped)
    kept = store.sensitivities("groups")
    for other in rivals(kept, stored_recipe(grouped)):
        assert len({other.layers[name] for name in names[2:5]}) == 1


def test_a_shared_run_is_not_changed(open_page):
    fill_store(RunStore(), make_sensitivities(4), run="shared", owner="shared")
    app = opened(open_page, run="shared")
    assert "Join" not in labels(app)
    assert "a sweep of your own" in text(app)


def test_groups_of_somebody_else_are_refused(filled):
    store = RunStore()
    with pytest.raises(RunError, match="Only the person who started a run"):
        store.save_groups(filled.run, store.groups(filled.run), owner="somebody")


def test_one_layer_is_no_group(open_page, filled):
    app = opened(open_page, run=filled.run)
    app.multiselect(key="groups_join").set_value([names_of(filled)[1]]).run()
    button(app, "Join").click().run()
    assert "two or more layers" in app.error[0].value
    assert shared(app) is None


def test_layers_without_a_common_option_are_refused(open_page):
    result = make_sensitivities(4, bits=(2, 8))
    names = [layer.name for layer in result.layers]
    points = tuple(
        point for point in result.points if (point.layer == names[0]) == (point.bits == 2)
    )
    cells = tuple(point.cell for point in points)
    narrow = replace(result, points=points, setup=replace(result.setup, cells=cells))
    add_job(RunStore(), narrow, run="narrow")
    app = opened(open_page, run="narrow")
    app.multiselect(key="groups_join").set_value(names[:2]).run()
    button(app, "Join").click().run()
    assert "none in common" in app.error[0].value
    assert layers(app)[names[0]] != LayerConfig()
    assert not RunStore().groups("narrow").changed
