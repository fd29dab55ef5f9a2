"""The Layers page: the address says which layer and which spec; keys and rows move on."""

from dataclasses import replace

import pytest

from analysis.runs.store import RunStore
from tests.inspections import make_inspection
from tests.sensitivities import make_sensitivities
from tests.stored import add_job


def shown_layer(app) -> str:
    return str(app.header[0].value)


def part(app, title):
    return next(group for group in app.button_group if group.label == title)


def box(app, title):
    return next(chosen for chosen in app.selectbox if chosen.label == title)


def captions(app) -> str:
    return "\n".join(caption.value for caption in app.caption)


def test_the_first_layer_is_shown_without_being_asked(open_page, filled):
    app = open_page("layers", run=filled.run)
    assert not app.exception and not app.error
    assert shown_layer(app) == "stem"


def test_the_address_names_layer_and_spec(open_page, filled):
    app = open_page("layers", run=filled.run, layer="head", spec="int3 sym per-channel minmax")
    assert shown_layer(app) == "head"
    assert part(app, "Bits").value == 3
    assert box(app, "Format").value == "int sym"


def test_next_and_previous_walk_through_the_network(open_page, filled):
    app = open_page("layers", run=filled.run)
    app.button(key="layer_next").click().run()
    assert shown_layer(app) == "stage1\\.0\\.conv1"
    app.button(key="layer_previous").click().run()
    assert shown_layer(app) == "stem"
    assert app.button(key="layer_previous").disabled


def test_another_width_changes_the_numbers_and_the_address(open_page, filled):
    app = open_page("layers", run=filled.run)
    before = {metric.label: metric.value for metric in app.metric}["SQNR"]
    part(app, "Bits").set_value(8).run()
    after = {metric.label: metric.value for metric in app.metric}["SQNR"]
    assert float(after.split()[0]) > float(before.split()[0])
    assert app.query_params["spec"] == "int8 asym per-channel minmax"


def test_an_unknown_layer_in_a_link_is_one_card(open_page, filled):
    app = open_page("layers", run=filled.run, layer="<script>")
    assert not app.exception
    assert len(app.error) == 1
    assert "has no layer" in app.error[0].value
    assert shown_layer(app) == "stem"


@pytest.mark.parametrize("spec", ["nonsense", "int99 asym per-channel minmax"])
def test_a_damaged_spec_in_a_link_is_a_warning(open_page, filled, spec):
    app = open_page("layers", run=filled.run, spec=spec)
    assert not app.exception
    assert len(app.warning) == 1
    assert part(app, "Bits").value == 4


def test_a_spec_that_was_not_tried_shows_the_nearest(open_page, filled):
    app = open_page("layers", run=filled.run, spec="int6 sym per-group-32 mse")
    assert "nearest" in captions(app)
    assert part(app, "Bits").value == 6


def test_without_a_look_there_is_a_button_that_makes_one(open_page):
    store = RunStore()
    add_job(store, make_sensitivities(3), run="unseen", source="digits")
    app = open_page("layers", run="unseen")
    assert any("Nobody looked" in header.value for header in app.header)
    app.button[0].click().run()
    assert [job.kind for job in store.jobs(owner="local")] == ["inspect", "sweep"]


def test_a_layer_whose_module_never_runs_has_no_input_to_show(open_page, filled):
    found = make_inspection(filled.result)
    first = found.profiles[0]
    silent = replace(
        first,
        layer=replace(first.layer, calls=0, input_shape=None),
        activation=None,
        activation_stats=None,
        activation_effects=(),
    )
    changed = replace(found, profiles=(silent, *found.profiles[1:]))
    RunStore().save_inspection("/made_up.py:make", changed)
    app = open_page("layers", run=filled.run)
    assert not app.exception
    assert "cannot be observed" in captions(app)


def test_a_look_without_a_sweep_opens_by_its_fingerprint(open_page):
    found = make_inspection(make_sensitivities(4, seed=9))
    RunStore().save_inspection("/other.py:make", found)
    app = open_page("layers", model=found.fingerprint, layer="head")
    assert not app.exception and not app.error
    assert shown_layer(app) == "head"
