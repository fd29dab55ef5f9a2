"""The Runs page: who sees what, what its owner may do, comparison, bundles."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import update

from analysis.runs.bundle import export_bundle
from analysis.runs.jobs import SHARED
from analysis.runs.process import log_path
from analysis.runs.records import InspectOptions, SweepOptions
from analysis.runs.schema import jobs
from analysis.runs.store import RunStore
from pages.ui.text import duration
from tests.pages.seen import button, labels, text
from tests.sensitivities import make_sensitivities
from tests.stored import add_job, fill_store


def choose(app, row: int):
    """Select a row of the table, as a click does."""
    key = next(key for key in app.session_state.to_dict() if str(key).startswith("runs_table_"))
    selection = {"rows": [row], "columns": [], "cells": []}
    app.session_state[str(key)] = {"selection": selection}
    return app.run()


def row_of(app, workload: str) -> int:
    return list(app.dataframe[0].value["workload"]).index(workload)


def test_mine_and_shared_runs_are_listed_and_no_others(open_page, filled):
    fill_store(RunStore(), make_sensitivities(4, seed=1), run="theirs", owner="b" * 32)
    app = open_page("runs")
    assert not app.exception and not app.error
    assert sorted(app.dataframe[0].value["owner"]) == ["me", "shared"]


def test_every_row_tells_state_cells_and_duration(open_page, filled):
    table = open_page("runs").dataframe[0].value
    mine = table[table["owner"] == "me"].iloc[0]
    assert (mine["state"], mine["done"]) == ("✓ done", "72 of 72")
    assert mine["took"].startswith("1")


def test_a_chosen_run_shows_what_it_cost(open_page, filled):
    app = choose(open_page("runs"), 0)
    assert "peak memory 400" in text(app)
    assert "expected)" not in text(app)


def test_the_expected_memory_and_the_workers_stand_beside_it(open_page, filled):
    cost = replace(filled.result.cost, expected_rss_bytes=380 << 20, workers=3, cpu_seconds=125.0)
    RunStore().save_cost(filled.run, cost)
    words = text(choose(open_page("runs"), 0))
    assert "peak memory 400 MiB (380 MiB expected)" in words
    assert f"3 workers, {duration(125.0)} of CPU time" in words


def test_deleting_takes_two_clicks(open_page, filled):
    app = choose(open_page("runs"), 0)
    button(app, "Delete").click().run()
    assert RunStore().job(filled.run)
    button(app, "Yes, delete").click().run()
    assert not app.exception and not app.error
    assert filled.run not in {job.id for job in RunStore().jobs()}


def test_deleting_can_be_thought_over(open_page, filled):
    app = choose(open_page("runs"), 0)
    button(app, "Delete").click().run()
    button(app, "Keep it").click().run()
    assert "Delete" in labels(app)
    assert RunStore().job(filled.run)


def test_a_shared_run_cannot_be_deleted(open_page):
    fill_store(RunStore(), make_sensitivities(4), run="shared-run", owner=SHARED)
    app = choose(open_page("runs"), 0)
    assert "Delete" not in labels(app)
    assert "cannot be deleted" in text(app)


def test_a_live_job_shows_progress_and_can_be_cancelled(open_page):
    add_job(RunStore(), make_sensitivities(6, complete=False), run="live", state="running")
    app = open_page("runs")
    assert any("18 of 36" in bar.text for bar in app.get("progress"))
    button(app, "Cancel").click().run()
    assert RunStore().job("live").phase == "cancelling"


def test_a_failed_job_shows_its_error_and_the_end_of_its_log(open_page):
    add_job(RunStore(), make_sensitivities(4), run="bad", state="failed")
    with RunStore().database.writing() as connection:
        row = update(jobs).where(jobs.c.id == "bad")
        connection.execute(row.values(error="The disk must have free space, and it is full."))
    path = log_path("bad")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(f"line {number}" for number in range(40)))
    app = choose(open_page("runs"), 0)
    assert "it is full" in app.error[0].value
    assert app.text[0].value.splitlines() == [f"line {number}" for number in range(28, 40)]


def test_two_sweeps_of_one_model_are_compared(open_page, filled):
    other = make_sensitivities(seed=0)
    add_job(RunStore(), other, run="again")
    app = open_page("runs")
    assert len(app.get("plotly_chart")) == 1
    assert "Divergence of the second sweep over the first" in text(app)


def test_sweeps_of_different_models_are_not_compared(open_page, filled):
    add_job(RunStore(), make_sensitivities(seed=5), run="other")
    app = open_page("runs")
    assert not app.get("plotly_chart")
    assert "Two finished sweeps of the same model can be compared" in text(app)


def test_jobs_of_every_kind_have_a_row(open_page):
    RunStore().submit("inspect", "digits", InspectOptions(), owner="local")
    RunStore().submit("sweep", "digits", SweepOptions(), owner="local")
    app = open_page("runs")
    assert not app.exception
    assert {"Look", "Sweep"} <= set(app.dataframe[0].value["kind"])


def visible_jobs_of(owner: str):
    """Jobs in the order of the table."""
    store = RunStore()
    both = (*store.jobs(owner=owner), *store.jobs(owner=SHARED))
    return sorted(both, key=lambda job: -job.created)


def imported(app, content: bytes):
    app.session_state["run_import"] = True
    app.run().file_uploader[0].upload("run.json", content)
    return button(app, "Import").click().run()


def test_an_exported_run_can_be_imported_and_opened(open_page, filled):
    document = json.dumps(export_bundle(RunStore(), filled.run)).encode()
    app = imported(open_page("runs"), document)
    assert not app.exception and not app.error
    run = app.query_params["run"]
    assert run != filled.run
    assert RunStore().sensitivities(run).points == filled.result.points
    assert RunStore().job(run).owner == "local"


def test_an_imported_run_can_be_deleted_by_who_imported_it(open_page, filled):
    document = json.dumps(export_bundle(RunStore(), filled.run)).encode()
    run = imported(open_page("runs"), document).query_params["run"]
    recipes = {record.id for record in RunStore().recipes(run=run)}
    app = open_page("runs")
    mine = [job.id for job in visible_jobs_of("local")]
    app = choose(app, mine.index(run))
    button(app, "Delete").click().run()
    assert RunStore().job(run)
    button(app, "Yes, delete").click().run()
    assert not app.exception and not app.error
    assert run not in {job.id for job in RunStore().jobs()}
    assert recipes and not recipes & {record.id for record in RunStore().recipes()}
    assert RunStore().job(filled.run)


@pytest.mark.parametrize("content", [b"{}", b"[]", b"\xff", b'{"version": 99}'])
def test_a_file_that_is_no_run_is_refused(open_page, content):
    app = imported(open_page("runs"), content)
    assert not app.exception
    assert len(app.error) == 1
