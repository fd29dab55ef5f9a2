"""The Sensitivity page: which proxy agrees, before, while and after they are computed."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from analysis.runs.records import ProxyOptions, SweepOptions
from analysis.runs.schema import jobs
from analysis.runs.store import RunStore
from analysis.sensitivity.proxies.catalogue import PROXIES
from analysis.sensitivity.proxies.values import ProxyResult
from tests.pages.seen import button, headed, labels, text
from tests.proxies import made_up_proxies
from tests.sensitivities import make_sensitivities
from tests.stored import Filled, add_job, fill_store

HEADING = "Which proxy agrees"
BUTTON = "Compute the proxies"


@pytest.fixture
def swept() -> Filled:
    """A finished sweep of a workload that this server offers."""
    return fill_store(RunStore(), make_sensitivities(9), source="digits")


def compared(run: str, result, leave_out: int = 0) -> tuple[ProxyResult, ...]:
    found = made_up_proxies(result)
    for proxy in found[: len(found) - leave_out]:
        RunStore().save_proxy(run, proxy)
    return found


def set_job(job: str, **values: object) -> None:
    with RunStore().database.writing() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job).values(**values))


def test_a_sweep_without_proxies_offers_to_compute_them(open_page, swept):
    app = open_page("sensitivity", run=swept.run)
    assert headed(app, HEADING)
    button(app, BUTTON).click().run()
    assert not app.exception and not app.error
    (job,) = [job for job in RunStore().jobs(owner="local") if job.kind == "proxies"]
    assert (job.source, job.state, job.options) == ("digits", "queued", ProxyOptions(swept.run))
    assert BUTTON not in labels(app)
    assert "Starting" in app.get("progress")[-1].text


def test_a_running_job_shows_its_pass_and_can_be_cancelled(open_page, swept):
    job = RunStore().submit("proxies", "digits", ProxyOptions(swept.run), owner="local")
    set_job(job.id, state="running", phase="comparing proxies", done=2, total=6, attempt=1)
    app = open_page("sensitivity", run=swept.run)
    assert app.get("progress")[-1].text == "Comparing proxies · 2 of 6"
    next(b for b in app.button if b.key == f"cancel_{job.id}").click().run()
    assert RunStore().job(job.id).phase == "cancelling"


def test_a_cancelled_job_goes_on_with_what_is_missing(open_page, swept):
    compared(swept.run, swept.result, leave_out=3)
    job = RunStore().submit("proxies", "digits", ProxyOptions(swept.run), owner="local")
    RunStore().cancel(job.id, owner="local")
    app = open_page("sensitivity", run=swept.run)
    assert "was cancelled" in text(app)
    assert len(app.dataframe[-1].value) == len(PROXIES) - 3
    button(app, "Compute the missing proxies").click().run()
    assert RunStore().job(job.id).state == "queued"
    assert len([job for job in RunStore().jobs() if job.kind == "proxies"]) == 1


def test_a_failed_job_says_why(open_page, swept):
    job = RunStore().submit("proxies", "digits", ProxyOptions(swept.run), owner="local")
    set_job(job.id, state="failed", error="The workload must be the one that was swept.")
    app = open_page("sensitivity", run=swept.run)
    assert "must be the one that was swept" in app.error[0].value
    assert BUTTON in labels(app)


def test_a_workload_that_is_not_offered_here_has_no_button(open_page):
    run = fill_store(RunStore(), make_sensitivities(4), source="/elsewhere.py:make").run
    app = open_page("sensitivity", run=run)
    assert BUTTON not in labels(app)
    assert "must be a built-in" in text(app).replace("\\", "")


def test_the_table_holds_each_proxy_best_first_with_layers_and_all_cells_beside(open_page, swept):
    compared(swept.run, swept.result)
    app = open_page("sensitivity", run=swept.run)
    assert not app.exception and not app.error
    table = app.dataframe[-1].value
    widths = [f"{bits} bits" for bits in (2, 3, 4, 5, 6, 8)]
    assert list(table.columns) == ["Median", *widths, "Layers", "Took", "All cells"]
    assert table.index[0] == "Fisher sketch"
    assert set(table.index) == {proxy.title for proxy in PROXIES.values()}
    medians = [float(x.replace("−", "-")) for x in table["Median"]]
    assert medians == sorted(medians, reverse=True)
    assert set(table["Layers"]) == {"9"}
    assert len(app.get("plotly_chart")) == 2
    assert BUTTON not in labels(app)


def test_words_say_what_is_compared_and_what_each_score_is(open_page, swept):
    compared(swept.run, swept.result)
    app = open_page("sensitivity", run=swept.run, unfolded="score_terms")
    words = text(app).replace("\\", "")
    assert "the measured order of the 9 layers have a rank correlation of 1.00" in words
    assert "Of the usual proxies **" in words
    assert "Compared with 54 measured weight cells. All 54 cells are measured on 512" in words
    assert "inflated" in words
    assert all(proxy.formula in words for proxy in PROXIES.values())
    assert all(proxy.source in words for proxy in PROXIES.values())


def test_what_was_left_out_or_had_no_labels_is_said_once(open_page, swept):
    note = "Without labels of its classes the model's own answers serve as labels."
    for proxy in made_up_proxies(swept.result):
        told = replace(proxy, note=note) if PROXIES[proxy.name].needs_labels else proxy
        told = replace(told, values=(), note="Left out.") if proxy.name == "weight_mse" else told
        RunStore().save_proxy(swept.run, told)
    app = open_page("sensitivity", run=swept.run)
    words = text(app).replace("\\", "")
    assert words.count(note) == 1
    assert "Weight MSE: Left out." in words
    row = app.dataframe[-1].value.loc["Weight MSE"]
    assert set(row) == {"–"}


def test_a_sketch_alone_has_nothing_to_compare_with(open_page):
    result = make_sensitivities(4)
    points = tuple(replace(point, stage="sketch") for point in result.points)
    add_job(RunStore(), replace(result, points=points), run="estimated", source="digits")
    app = open_page("sensitivity", run="estimated")
    assert headed(app, HEADING)
    assert "only estimated its cells" in text(app)
    assert BUTTON not in labels(app)


def test_a_sweep_of_activations_has_no_such_section(open_page):
    add_job(RunStore(), make_sensitivities(4, target="activation"), run="inputs", source="digits")
    assert not headed(open_page("sensitivity", run="inputs"), HEADING)


def test_the_form_can_ask_for_proxies(open_page):
    app = open_page("sensitivity", workload="digits")
    app.checkbox(key="sweep_proxies").check().run()
    button(app, "Start sweep").click().run()
    (job,) = RunStore().jobs(owner="local")
    assert isinstance(job.options, SweepOptions)
    assert job.options.proxies


def test_the_job_is_told_on_the_list_of_runs(open_page, swept):
    RunStore().submit("proxies", "digits", ProxyOptions(swept.run), owner="local")
    app = open_page("runs")
    assert not app.exception
    row = next(row for _, row in app.dataframe[0].value.iterrows() if row["kind"] == "Proxies")
    assert row["what"] == "rank correlations of proxies"
