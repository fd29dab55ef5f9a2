"""The Sensitivity page: the form, a live sweep, a finished one, and every way one can end."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, update

from analysis.runs.records import ScoreOptions, SweepOptions
from analysis.runs.schema import jobs, sweeps
from analysis.runs.store import RunStore
from analysis.sensitivity.stability import RankStability, Reliability
from tests.pages.seen import button, headed, labels, switch, text
from tests.sensitivities import make_sensitivities
from tests.stored import add_job, fill_store


def set_columns(run: str, **values: object) -> None:
    with RunStore().database.writing() as connection:
        connection.execute(update(jobs).where(jobs.c.id == run).values(**values))


def test_a_finished_sweep_shows_its_heat_map_and_what_it_rests_on(open_page, filled):
    app = open_page("sensitivity", run=filled.run)
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) == 1
    assert "All 72 cells are measured on 512 sweep samples" in text(app)


def test_a_ranking_without_a_judgement_says_when_there_will_be_one(open_page, filled):
    words = text(open_page("sensitivity", run=filled.run))
    assert "is judged when all its cells are in" in words


def test_a_ranking_judged_by_resampling_is_told(open_page):
    result = make_sensitivities(4, bits=(2, 4))
    order = tuple(layer.name for layer in result.layers)
    rank = RankStability("weight", 4, order, cuts=(1,), correlation=0.9)
    judged = Reliability("exact", 512, None, (rank,))
    add_job(RunStore(), result, run="judged")
    RunStore().save_judgement("judged", judged, ("The sketch was left out: no softmax.",))
    words = text(open_page("sensitivity", run="judged")).replace("\\", "")
    assert rank.sentence in words
    assert f"Most sensitive: **{order[0]}**" in words
    assert "The sketch was left out" in words


def test_the_table_holds_every_cell_with_its_interval(open_page, filled):
    table = open_page("sensitivity", run=filled.run).dataframe[0].value
    assert list(table.columns) == [f"{bits} bits" for bits in (2, 3, 4, 5, 6, 8)]
    assert list(table.index) == [layer.name for layer in filled.result.layers]
    assert all(" to " in cell for cell in table.to_numpy().ravel())


def test_a_chosen_cell_opens_its_layer_at_that_width(open_page, filled):
    app = open_page("sensitivity", run=filled.run)
    chosen = {"rows": [], "columns": [], "cells": [(1, "3 bits")]}
    app.session_state["sweep_table"] = {"selection": chosen}
    app.run()
    assert app.query_params["layer"] == filled.result.layers[1].name
    assert app.query_params["spec"].startswith("int3 ")


def test_rows_can_be_ordered_worst_first(open_page, filled):
    app = open_page("sensitivity", run=filled.run)
    order = switch(app, "Order")
    order.set_value("worst").run()
    worst = dict.fromkeys(app.dataframe[0].value.index, 0.0)
    for point in filled.result.points:
        worst[point.layer] = max(worst[point.layer], point.divergence)
    assert list(worst) == sorted(worst, key=lambda name: -worst[name])


def test_weights_and_activations_are_shown_apart(open_page):
    fill_store(RunStore(), make_sensitivities(4, target="both"), run="both")
    app = open_page("sensitivity", run="both")
    which = switch(app, "Quantised")
    first = app.dataframe[0].value.iloc[0, 0]
    which.set_value("activation").run()
    assert app.dataframe[0].value.iloc[0, 0] != first


def test_the_form_starts_the_sweep_it_describes(open_page):
    app = open_page("sensitivity", workload="digits")
    app.multiselect(key="sweep_bits").set_value([4, 8]).run()
    app.selectbox(key="sweep_granularity").select("per-group").run()
    app.number_input(key="sweep_group_size").set_value(16).run()
    button(app, "Start sweep").click().run()
    assert not app.exception and not app.error
    (job,) = RunStore().jobs(owner="local")
    assert isinstance(job.options, SweepOptions)
    assert (job.source, job.state, job.options.bits) == ("digits", "queued", (4, 8))
    assert job.options.weight_scheme == "best"
    labels = [base.label for base in job.options.weight_families]
    assert labels == ["int8 asym per-group-16 minmax", "int8 sym per-group-16 minmax"]
    assert app.query_params["run"] == job.id
    assert not app.multiselect  # the form is folded, so that the sweep shows


def test_the_form_can_have_channels_equalised_first(open_page):
    app = open_page("sensitivity", workload="digits")
    app.checkbox(key="sweep_equalize").check().run()
    button(app, "Start sweep").click().run()
    assert not app.exception and not app.error
    (job,) = RunStore().jobs(owner="local")
    assert job.source == "equalized:digits"
    assert job.workload.endswith(", equalised")


def test_the_form_quantises_all_layers_alike_when_asked_to(open_page):
    app = open_page("sensitivity", workload="digits")
    switch(app, "What is quantised").set_value("both").run()
    app.selectbox(key="sweep_weight_scheme").select("fixed").run()
    app.selectbox(key="sweep_weight_grid").select(True).run()
    app.selectbox(key="sweep_activation_scheme").select("fixed").run()
    app.selectbox(key="sweep_activation_range").select("dynamic").run()
    button(app, "Start sweep").click().run()
    assert not app.exception and not app.error
    (job,) = RunStore().jobs(owner="local")
    assert isinstance(job.options, SweepOptions)
    assert job.options.weight_spec.label == "int8 sym per-channel minmax"
    assert job.options.activation_spec.label == "int8 asym per-tensor dynamic"
    assert (job.options.weight_scheme, job.options.activation_scheme) == ("fixed", "fixed")


def test_a_sweep_without_widths_cannot_start(open_page):
    app = open_page("sensitivity", workload="digits")
    app.multiselect(key="sweep_bits").set_value([]).run()
    assert button(app, "Start sweep").disabled


def test_the_expected_time_follows_an_earlier_sweep(open_page):
    fill_store(RunStore(), make_sensitivities(6), source="digits")
    words = text(open_page("sensitivity", workload="digits"))
    assert "72 cells on 512 sweep samples, about" in words


def test_an_unknown_time_is_said_to_be_unknown(open_page):
    words = text(open_page("sensitivity", workload="digits"))
    assert "was not swept here before" in words


def test_a_running_sweep_shows_progress_and_the_cells_so_far(open_page):
    result = make_sensitivities(6, complete=False)
    add_job(RunStore(), result, run="live", state="running")
    app = open_page("sensitivity", run="live")
    assert not app.exception and not app.error
    assert "18 of 36" in app.get("progress")[-1].text
    assert len(app.get("echarts_chart")) == 1
    assert "18 not measured yet" in text(app)


def test_while_quantisers_are_chosen_a_first_look_is_shown(open_page):
    result = make_sensitivities(6)
    add_job(RunStore(), result, run="live", state="running")
    with RunStore().database.writing() as connection:
        connection.execute(delete(sweeps).where(sweeps.c.run == "live"))
    app = open_page("sensitivity", run="live")
    assert not app.get("echarts_chart")
    RunStore().save_first_look("live", result)
    app = open_page("sensitivity", run="live")
    assert not app.exception and not app.error
    assert len(app.get("echarts_chart")) == 1
    assert "A first look with plain min-max ranges" in text(app)


def test_a_running_sweep_can_be_cancelled(open_page):
    add_job(RunStore(), make_sensitivities(6, complete=False), run="live", state="running")
    app = open_page("sensitivity", run="live")
    button(app, "Cancel").click().run()
    assert RunStore().job("live").phase == "cancelling"


def test_a_sweep_of_somebody_else_cannot_be_cancelled(open_page):
    result = make_sensitivities(6, complete=False)
    add_job(RunStore(), result, run="theirs", owner="b" * 32, state="running")
    app = open_page("sensitivity", run="theirs")
    assert "Cancel" not in labels(app)


def test_a_waiting_sweep_tells_its_place_in_the_queue(open_page):
    store = RunStore()
    ids = [store.submit("sweep", "digits", SweepOptions(), owner="local").id for _ in range(3)]
    app = open_page("sensitivity", run=ids[2])
    assert "2 jobs ahead" in text(app)


def test_a_failed_sweep_keeps_its_cells_and_can_go_on(open_page):
    result = make_sensitivities(6, complete=False)
    add_job(RunStore(), result, run="half", state="failed")
    set_columns("half", error="The disk must have free space, and it is full.")
    app = open_page("sensitivity", run="half")
    assert "it is full" in app.error[0].value and "18 of 36" in app.error[0].value
    assert len(app.get("plotly_chart")) == 1
    button(app, "Go on").click().run()
    assert RunStore().job("half").state == "queued"


def test_a_cancelled_sweep_can_be_run_again_from_the_start(open_page):
    result = make_sensitivities(6, complete=False)
    add_job(RunStore(), result, run="half", source="digits", state="cancelled")
    app = open_page("sensitivity", run="half")
    assert "cancelled" in app.warning[0].proto.title
    button(app, "Run again").click().run()
    again = RunStore().jobs(owner="local")[0]
    assert (again.state, again.source, again.id != "half") == ("queued", "digits", True)


def test_a_sweep_that_measured_nothing_says_so(open_page):
    empty = replace(make_sensitivities(4), points=())
    add_job(RunStore(), empty, run="early", state="cancelled")
    app = open_page("sensitivity", run="early")
    assert headed(app, "Nothing was measured")


@pytest.mark.parametrize("run", ["nope", "<script>alert(1)</script>"])
def test_an_unknown_run_is_a_card_and_no_trace(open_page, run):
    app = open_page("sensitivity", run=run)
    assert not app.exception
    (card,) = app.error
    assert "There is no run" in card.value


def test_a_job_that_is_no_sweep_is_refused(open_page, filled):
    options = ScoreOptions(filled.recipe, filled.run)
    job = RunStore().submit("score", "digits", options, owner="local")
    app = open_page("sensitivity", run=job.id)
    assert "must be a sweep" in app.error[0].value


def test_blocks_are_shown_with_the_layers_of_the_chosen_one(open_page):
    add_job(RunStore(), make_sensitivities(16, bits=(2, 4)), run="deep")
    app = open_page("sensitivity", run="deep")
    switch(app, "Rows").set_value("blocks").run()
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) == 2
    assert "An estimate, not a measurement" in text(app)
    app.selectbox(key="sweep_block").select("stage2.4").run()
    assert app.query_params["block"] == "stage2.4"
    blocks, layers = app.dataframe[0].value, app.dataframe[1].value
    assert "stage2.4" in blocks.index
    assert set(layers.index) == {"stage2.4.conv1", "stage2.4.conv2"}


def test_a_link_to_a_block_shows_blocks(open_page):
    add_job(RunStore(), make_sensitivities(16, bits=(2, 4)), run="deep")
    app = open_page("sensitivity", run="deep", block="stage2.4")
    assert switch(app, "Rows").value == "blocks"
    assert app.selectbox(key="sweep_block").value == "stage2.4"


def test_a_net_without_blocks_has_no_choice_of_rows(open_page):
    add_job(RunStore(), make_sensitivities(2, bits=(2, 4)), run="plain")
    app = open_page("sensitivity", run="plain")
    assert not app.exception and not app.error
    assert all(found.label != "Rows" for found in app.button_group)
