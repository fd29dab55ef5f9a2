"""The Layers page: the address says which layer and which spec; keys and rows move on."""

from dataclasses import replace

import pytest

from analysis.profiles import RowLookups
from analysis.quant.spec import QuantSpec
from analysis.quant.stats import Histogram, SpecEffect
from analysis.runs.compute import Known
from analysis.runs.store import RunStore
from analysis.sensitivity.points import Target
from analysis.trials import (
    ChannelExtremes,
    SpecLook,
    SpecTable,
    Trial,
    TrialSide,
    WidthRow,
    WidthStrip,
)
from pages.ui import answers
from tests.inspections import make_inspection
from tests.sensitivities import make_sensitivities
from tests.stored import Filled, add_job, fill_store


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


class Answers:
    """Made-up answers, and what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def look(self, known: Known, target: Target, label: str) -> SpecLook:
        self.asked.append(("look", known.layer, target, label))
        spec = QuantSpec.parse(label)
        effect = SpecEffect(spec, 12.5, 0.25, (0.1, 0.2), (-0.2, 0.0, 0.2))
        channels = ChannelExtremes(2, (-1.0, 0.0), (1.0, 9.0)) if target == "activation" else None
        return SpecLook(effect, Histogram(-0.1, 0.1, (1, 2, 1)), (0.1, 0.2), 4, 8, channels)

    def table(self, known: Known, target: Target, label: str) -> SpecTable:
        self.asked.append(("table", target, label))
        return SpecTable(label, {"stem": 7.25})

    def trial(self, known: Known, target: Target, before: str, after: str) -> Trial:
        self.asked.append(("trial", known.layer, target, before, after))
        sides = (TrialSide(before, 0.5, 0.4, 0.6), TrialSide(after, 0.1, 0.05, 0.15))
        return Trial(known.layer, target, "kl", *sides, 0.4, 0.3, 0.5, 64, 512)

    def strip(
        self, known: Known, target: Target, specs: tuple[str, ...], sample: int
    ) -> WidthStrip:
        self.asked.append(("strip", known.layer, target, *specs, sample))
        picture = ((0, 128), (255, 64))
        rows = [WidthRow(None, None, picture, (1,), 0.9, 0.0)]
        rows += [
            WidthRow(label, QuantSpec.parse(label).bits, picture, (place // 4,), 0.6, 0.1)
            for place, label in enumerate(reversed(specs))
        ]
        classes = ("cat", "dog")
        return WidthStrip(
            known.layer, sample, 9, "classes", "channel 0 of 2", classes, (), 1, tuple(rows)
        )


@pytest.fixture
def computing(monkeypatch) -> Answers:
    made = Answers()
    monkeypatch.setattr(answers, "compute_process", lambda _home: made)
    return made


@pytest.fixture
def offered() -> Filled:
    """A sweep of a workload that this server offers."""
    return fill_store(RunStore(), make_sensitivities(), source="digits")


def metrics(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_a_spec_outside_the_menu_is_computed(open_page, offered, computing):
    label = "nf4 per-group-32 mse gptq +bias"
    app = open_page("layers", run=offered.run, spec=label)
    assert not app.exception and not app.warning
    assert metrics(app)["SQNR"].startswith("12.5")
    assert metrics(app)["Clipped"].startswith("25")
    assert ("look", "stem", "weight", label) in computing.asked
    assert "nearest" not in captions(app)
    assert app.dataframe[0].value["sqnr"][0] == 7.25


def test_a_plus_that_an_address_lost_is_understood(open_page, offered, computing):
    app = open_page("layers", run=offered.run, spec="int4 asym per-channel minmax bias")
    assert not app.warning
    assert ("look", "stem", "weight", "int4 asym per-channel minmax +bias") in computing.asked


def test_a_format_brings_what_it_prescribes(open_page, offered, computing):
    app = open_page("layers", run=offered.run)
    box(app, "Format").set_value("mxfp4-e2m1").run()
    assert not app.exception
    assert app.query_params["spec"] == "mxfp4-e2m1 per-group-32 minmax"
    assert part(app, "Bits").disabled and box(app, "Granularity").disabled
    box(app, "Format").set_value("ternary").run()
    assert app.query_params["spec"] == "ternary per-group-32 mean"
    box(app, "Format").set_value("int sym").run()
    assert app.query_params["spec"] == "int2 sym per-group-32 minmax"


def test_two_specs_stand_side_by_side_and_the_address_names_both(open_page, offered, computing):
    app = open_page("layers", run=offered.run, spec="int4 asym per-channel minmax")
    app.toggle(key="compare_specs").set_value(True).run()
    assert app.query_params["spec2"] == app.query_params["spec"]
    part(app, "B · Bits").set_value(8).run()
    assert app.query_params["spec2"] == "int8 asym per-channel minmax"
    assert app.query_params["spec"] == "int4 asym per-channel minmax"
    shown = metrics(app)
    assert float(shown["B · SQNR"].split()[0]) > float(shown["A · SQNR"].split()[0])
    app.toggle(key="compare_specs").set_value(False).run()
    assert "spec2" not in app.query_params
    assert "SQNR" in metrics(app)


def test_try_it_shows_before_and_after_with_samples_and_interval(open_page, offered, computing):
    app = open_page("layers", run=offered.run, spec="int2 sym per-channel minmax")
    assert not [asked for asked in computing.asked if asked[0] == "trial"]
    app.button(key="try_0").click().run()
    assert not app.exception
    [asked] = [asked for asked in computing.asked if asked[0] == "trial"]
    assert asked[1:4] == ("stem", "weight", "int2 sym per-channel minmax")
    shown = metrics(app)
    assert (shown["Before"], shown["After"], shown["Change"]) == ("0.5", "0.1", "5 × lower")
    assert "64 of 512 sweep samples" in captions(app).replace("\\", "")
    assert "0.3 to 0.5 (95 % intervals)" in captions(app).replace("\\", "")


def test_a_remedy_can_stand_beside_what_it_remedies(open_page, offered, computing):
    app = open_page("layers", run=offered.run, spec="int2 sym per-channel minmax")
    app.button(key="beside_0").click().run()
    assert app.query_params["spec"] == "int2 sym per-channel minmax"
    assert app.query_params["spec2"] != app.query_params["spec"]


def test_a_workload_that_is_not_offered_is_never_opened(open_page, filled, computing):
    app = open_page("layers", run=filled.run, spec="int2 sym per-channel minmax")
    assert computing.asked == []
    assert app.button(key="try_0").disabled
    assert "does not offer the workload" in captions(app)


def test_without_an_answer_the_page_says_why_and_shows_what_is_known(open_page, offered):
    app = open_page("layers", run=offered.run, spec="nf4 per-channel minmax")
    assert not app.exception
    assert any("No compute process runs" in warning.value for warning in app.warning)
    assert "nearest spec" in captions(app)


def test_a_strip_shows_what_each_width_answers(open_page, offered, computing):
    app = open_page("layers", run=offered.run)
    said = captions(app).replace("\\", "")
    assert "dog, 90" in said
    assert "**cat, 60" in said and "changed**" in said
    assert "It is labelled dog" in said
    app.number_input(key="strip_sample").set_value(3).run()
    assert computing.asked[-1][-1] == 3


def test_filters_leave_the_layers_that_match(open_page, filled):
    app = open_page("layers", run=filled.run)
    everything = list(app.dataframe[0].value["layer"])
    app.text_input(key="layer_filter").set_value("STAGE1").run()
    few = list(app.dataframe[0].value["layer"])
    assert few == [name for name in everything if "stage1" in name]
    assert 0 < len(few) < len(everything)
    kinds = sorted(set(app.dataframe[0].value["kind"]))
    app.multiselect(key="kind_filter").set_value(kinds[:1]).run()
    assert set(app.dataframe[0].value["kind"]) == set(kinds[:1])
    app.text_input(key="layer_filter").set_value("nothing like this").run()
    assert "No layer passes the filter" in captions(app)
    assert shown_layer(app) == "stem"


def test_many_layers_have_a_map(open_page):
    many = fill_store(RunStore(), make_sensitivities(90), source="/made_up.py:make")
    app = open_page("layers", run=many.run)
    assert not app.exception
    assert any(expander.label == "All layers at a glance" for expander in app.expander)


def test_filters_and_order_stand_in_the_address(open_page, filled):
    app = open_page("layers", run=filled.run, name="stage1", sort="sqnr")
    table = app.dataframe[0].value
    assert all("stage1" in name for name in table["layer"])
    assert table["sqnr"].is_monotonic_increasing
    app.text_input(key="layer_filter").set_value("").run()
    assert "name" not in app.query_params
    kinds = sorted(set(app.dataframe[0].value["kind"]))
    app.multiselect(key="kind_filter").set_value(kinds[:1]).run()
    assert app.query_params["kind"] == kinds[0]
    app.selectbox(key="layer_sort").set_value("sensitivity").run()
    assert app.query_params["sort"] == "sensitivity"
    curves = app.dataframe[0].value["sensitivity"]
    assert [curve[0] for curve in curves] == sorted((c[0] for c in curves), reverse=True)
    again = open_page("layers", run=filled.run, kind=kinds[0], sort="nonsense")
    assert set(again.dataframe[0].value["kind"]) == {kinds[0]}


def test_a_link_to_an_input_shows_its_histogram_errors_and_channels(open_page, offered, computing):
    label = "int3 asym per-tensor entropy"
    app = open_page("layers", run=offered.run, target="activation", spec=label, layer="head")
    assert not app.exception and not app.warning
    assert shown_layer(app) == "head"
    assert box(app, "Range").value == "entropy"
    assert metrics(app)["SQNR"].startswith("12.5")
    assert ("look", "head", "activation", label) in computing.asked
    assert ("table", "activation", label) in computing.asked
    table = app.dataframe[0].value
    assert "zeros" in table and "dead" not in table
    said = captions(app).replace("\\", "")
    assert "256 calibration samples" in said and "Range of each input channel" in said
    assert [asked[2] for asked in computing.asked if asked[0] == "strip"] == ["activation"]


def test_specs_follow_to_the_other_tensor_and_back(open_page, offered, computing):
    label = "int3 sym per-channel mse gptq +bias"
    app = open_page("layers", run=offered.run, spec=label, spec2="nvfp4 per-group-16 minmax")
    part(app, "Tensor").set_value("activation").run()
    assert not app.exception and not app.warning
    assert app.query_params["target"] == "activation"
    assert app.query_params["spec"] == "int3 sym per-tensor mse"
    assert "spec2" not in app.query_params
    part(app, "Bits").set_value(6).run()
    assert app.query_params["spec"] == "int6 sym per-tensor mse"
    part(app, "Tensor").set_value("weight").run()
    assert "target" not in app.query_params
    assert app.query_params["spec"] == "int6 sym per-channel mse"


def test_a_spec_of_weights_is_none_of_an_input(open_page, filled):
    app = open_page("layers", run=filled.run, target="activation", spec="int4 sym per-channel mse")
    assert not app.exception
    assert len(app.warning) == 1
    assert part(app, "Bits").value == 4


def test_an_input_remedy_can_be_tried(open_page, offered, computing):
    label = "int3 sym per-tensor minmax"
    app = open_page("layers", run=offered.run, target="activation", spec=label)
    app.button(key="try_0").click().run()
    [asked] = [asked for asked in computing.asked if asked[0] == "trial"]
    assert asked[1:4] == ("stem", "activation", label)
    assert metrics(app)["Change"] == "5 × lower"


def test_a_table_tells_how_calibration_reads_its_rows(open_page, filled):
    found = make_inspection(filled.result)
    first = found.profiles[0]
    read = tuple(replace(effect, looked_up_db=effect.sqnr_db - 1) for effect in first.effects)
    table = replace(
        first,
        layer=replace(first.layer, kind="Embedding", input_shape=None),
        activation=None,
        activation_stats=None,
        activation_effects=(),
        effects=read,
        lookups=RowLookups(rows=400, read=100, lookups=5000, hottest=0.75),
    )
    changed = replace(found, profiles=(table, *found.profiles[1:]))
    RunStore().save_inspection("/made_up.py:make", changed)
    app = open_page("layers", run=filled.run)
    assert not app.exception
    assert "100 of 400 rows read by calibration" in captions(app)
    assert "counted as often as calibration reads it, the SQNR is" in captions(app)
    assert "The input of a table is row numbers" in captions(app)
