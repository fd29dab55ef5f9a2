"""What any store must do; a backend is a fixture that gives an empty `RunStore`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from analysis.errors import OptionError, QueueFullError, RunError, UnknownRunError
from analysis.paths import home_dir
from analysis.quant.spec import WEIGHT_SPEC
from analysis.recipe import Recipe
from analysis.runs import transitions
from analysis.runs.process import log_path
from analysis.runs.records import InspectOptions, Job, ProxyOptions, ScoreOptions, SweepOptions
from analysis.runs.schema import jobs
from analysis.runs.store import RunStore
from analysis.sensitivity.points import CellSamples, Sensitivities, SweepPoint
from tests.proxies import made_up_proxies
from tests.recipes import uniform_recipe
from tests.sensitivities import make_inspection, make_score, make_sensitivities
from tests.stored import fill_store

RESULT = make_sensitivities(layers=3)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(f"sqlite:///{tmp_path / 'runs.db'}")


def sweep_job(store: RunStore, owner: str = "ann") -> Job:
    return store.submit("sweep", "digits", SweepOptions(), owner=owner)


def samples_of(point: SweepPoint, start: int = 0, columns: int = 2) -> CellSamples:
    rng = np.random.default_rng(start)
    return CellSamples(point.cell, start, rng.random(4), rng.random((4, columns)))


def fill(store: RunStore, run: str, result: Sensitivities = RESULT) -> None:
    store.save_setup(run, result.setup)
    for point in result.points:
        store.add(run, samples_of(point), point)
    store.save_cost(run, result.cost)


def uniform(bits: int) -> Recipe:
    empty = Recipe({}, RESULT.setup.workload, RESULT.setup.fingerprint)
    names = tuple(layer.name for layer in RESULT.layers)
    return uniform_recipe(empty, WEIGHT_SPEC.with_bits(bits), names)


def start(store: RunStore) -> tuple[str, int]:
    with store.database.writing() as connection:
        claimed = transitions.claim(connection, workers=9)
    assert claimed is not None
    return claimed


def finish(store: RunStore, claimed: tuple[str, int], state: transitions.Ending) -> None:
    with store.database.writing() as connection:
        assert transitions.end(connection, *claimed, state)


class TestJobs:
    def test_a_submitted_job_waits(self, store: RunStore) -> None:
        options = SweepOptions(bits=(2, 4), weight_spec=WEIGHT_SPEC.with_bits(3))
        job = store.submit("sweep", "digits", options, owner="ann", workload="Digits")
        assert (job.state, job.options, job.owner) == ("queued", options, "ann")
        assert (job.workload, job.attempt, job.ahead, job.live) == ("Digits", 0, 0, True)
        assert len(job.id) == 32
        assert store.job(job.id) == job

    @pytest.mark.parametrize(
        ("kind", "options"),
        [
            ("inspect", InspectOptions()),
            ("score", ScoreOptions("r", "s")),
            ("proxies", ProxyOptions("r")),
        ],
    )
    def test_options_of_each_kind_come_back(self, store: RunStore, kind, options) -> None:
        job = store.submit(kind, "digits", options, owner="ann")
        assert store.job(job.id).options == options

    def test_options_of_another_kind_are_refused(self, store: RunStore) -> None:
        with pytest.raises(ValueError, match="SweepOptions"):
            store.submit("sweep", "digits", InspectOptions(), owner="ann")

    @pytest.mark.parametrize("bits", [(), (1,), (17,), (4, 4)])
    def test_impossible_bits_are_refused_at_once(self, store: RunStore, bits) -> None:
        with pytest.raises(OptionError):
            store.submit("sweep", "digits", SweepOptions(bits=bits), owner="ann")
        assert store.jobs() == ()

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (SweepOptions(target="activation", proxies=True), "Proxies rank weights"),
            (SweepOptions(method="sketch", stream=True, proxies=True), "the whole model"),
        ],
        ids=["activations", "streamed"],
    )
    def test_proxies_that_cannot_be_are_refused_at_once(
        self, store: RunStore, options: SweepOptions, said: str
    ) -> None:
        with pytest.raises(OptionError, match=said):
            store.submit("sweep", "digits", options, owner="ann")
        assert store.jobs() == ()

    def test_an_unknown_id_is_an_error_of_its_own(self, store: RunStore) -> None:
        with pytest.raises(UnknownRunError, match="no run 'nope'"):
            store.job("nope")

    def test_a_ninth_waiting_job_of_one_owner_is_refused(self, store: RunStore) -> None:
        for _ in range(8):
            sweep_job(store)
        with pytest.raises(QueueFullError, match="8"):
            sweep_job(store)
        assert sweep_job(store, "ben").state == "queued"

    def test_a_started_job_makes_room_in_the_queue(self, store: RunStore) -> None:
        for _ in range(8):
            sweep_job(store)
        start(store)
        assert sweep_job(store).state == "queued"

    def test_jobs_are_listed_newest_first(self, store: RunStore) -> None:
        made = [sweep_job(store, owner).id for owner in ("ann", "ben", "ann")]
        assert [job.id for job in store.jobs()] == made[::-1]
        assert [job.id for job in store.jobs(owner="ann")] == [made[2], made[0]]
        assert [job.id for job in store.jobs(limit=1)] == [made[2]]

    def test_a_newcomer_goes_before_the_second_job_of_others(self, store: RunStore) -> None:
        first, second, newcomer = (sweep_job(store, owner) for owner in ("ann", "ann", "ben"))
        places = {job.id: job.ahead for job in store.jobs()}
        assert places == {first.id: 0, newcomer.id: 1, second.id: 2}
        assert [start(store)[0] for _ in range(3)] == [first.id, newcomer.id, second.id]

    def test_who_started_jobs_lately_goes_after_who_did_not(self, store: RunStore) -> None:
        sweep_job(store, "ann")
        finish(store, start(store), "done")
        again, newcomer = sweep_job(store, "ann"), sweep_job(store, "ben")
        assert [start(store)[0] for _ in range(2)] == [newcomer.id, again.id]

    def test_the_rest_follows_from_the_units_of_this_attempt(self, store: RunStore) -> None:
        job = sweep_job(store)
        job_id, attempt = start(store)
        assert store.job(job.id).eta_seconds is None
        units = {"done": 15.5, "total": 30, "first_done": 10, "first_time": 100, "last_time": 111}
        with store.database.writing() as connection:
            transitions.change(connection, job_id, attempt, **units)
        row = store.job(job.id)
        assert (row.done, row.total) == (15, 30)
        assert row.eta_seconds == pytest.approx(2 * 14.5)

    def test_an_ended_job_keeps_its_times_and_units(self, store: RunStore) -> None:
        job_id, attempt = sweep_job(store).id, start(store)[1]
        with store.database.writing() as connection:
            transitions.change(connection, job_id, attempt, total=30, done=29.4)
        finish(store, (job_id, attempt), "done")
        row = store.job(job_id)
        assert (row.state, row.done, row.eta_seconds, row.phase) == ("done", 29, None, "")
        assert row.started is not None
        assert row.ended is not None
        assert row.created <= row.started <= row.ended


class TestOwners:
    def test_a_waiting_job_is_cancelled_at_once(self, store: RunStore) -> None:
        job = sweep_job(store)
        store.cancel(job.id, owner="ann")
        assert store.job(job.id).state == "cancelled"

    def test_a_running_job_is_asked_to_stop(self, store: RunStore) -> None:
        job = sweep_job(store)
        start(store)
        store.cancel(job.id, owner="ann")
        assert (store.job(job.id).state, store.job(job.id).phase) == ("running", "cancelling")

    def test_cancelling_what_ended_changes_nothing(self, store: RunStore) -> None:
        job = sweep_job(store)
        finish(store, start(store), "done")
        before = store.job(job.id)
        store.cancel(job.id, owner="ann")
        assert store.job(job.id) == before

    @pytest.mark.parametrize("action", ["cancel", "delete", "resume"])
    def test_somebody_else_changes_nothing(self, store: RunStore, action: str) -> None:
        job = sweep_job(store)
        with pytest.raises(RunError, match="Only the person who started"):
            getattr(store, action)(job.id, owner="ben")
        assert store.job(job.id) == job

    def test_the_command_line_may_cancel_and_delete(self, store: RunStore) -> None:
        job = sweep_job(store)
        store.cancel(job.id, owner="*")
        store.delete(job.id, owner="*")
        assert store.jobs() == ()

    @pytest.mark.parametrize("owner", ["shared", "*"])
    def test_shared_runs_cannot_be_deleted(self, store: RunStore, owner: str) -> None:
        job = sweep_job(store, "shared")
        with pytest.raises(RunError, match="shared"):
            store.delete(job.id, owner=owner)
        assert store.job(job.id) == job

    def test_a_running_job_cannot_be_deleted(self, store: RunStore) -> None:
        job = sweep_job(store)
        start(store)
        with pytest.raises(RunError, match="cancel it first"):
            store.delete(job.id, owner="ann")

    def test_deleting_forgets_the_run_and_keeps_what_people_made(self, store: RunStore) -> None:
        job, other = sweep_job(store), sweep_job(store)
        for run in (job.id, other.id):
            fill(store, run)
        ours = store.save_recipe(uniform(4), owner="ann", run=job.id, origin="recommended")
        store.save_score(ours.id, make_score(RESULT, uniform(4)))
        theirs = store.save_recipe(uniform(3), owner="ben", run=job.id, origin="edited")
        store.save_score(theirs.id, make_score(RESULT, uniform(3)))
        log_path(job.id).parent.mkdir(parents=True)
        log_path(job.id).write_text("printed")
        store.delete(job.id, owner="ann")
        for lost in (lambda: store.job(job.id), lambda: store.sensitivities(job.id)):
            with pytest.raises(UnknownRunError):
                lost()
        with pytest.raises(UnknownRunError, match="no recipe"):
            store.recipe(ours.id)
        assert store.recipe(theirs.id) == replace(theirs, run=None)
        assert [record.recipe_id for record in store.scores()] == [theirs.id]
        assert (store.points(job.id), store.samples(job.id)) == ((), ())
        assert not log_path(job.id).exists()
        assert store.sensitivities(other.id).points == RESULT.points

    @pytest.mark.parametrize("state", ["failed", "cancelled"])
    def test_what_failed_goes_on_from_its_points(self, store: RunStore, state) -> None:
        job = sweep_job(store)
        claimed = start(store)
        fill(store, job.id)
        finish(store, claimed, state)
        store.resume(job.id, owner="ann")
        row = store.job(job.id)
        assert (row.state, row.error, row.ended) == ("queued", None, None)
        assert store.points(job.id) == RESULT.points
        assert start(store) == (job.id, 2)

    def test_what_is_done_cannot_be_resumed(self, store: RunStore) -> None:
        job = sweep_job(store)
        finish(store, start(store), "done")
        with pytest.raises(RunError, match="this one is done"):
            store.resume(job.id, owner="ann")


class TestSweeps:
    def test_everything_measured_comes_back(self, store: RunStore) -> None:
        fill(store, "run")
        assert store.setup("run") == RESULT.setup
        assert store.points("run") == RESULT.points
        assert store.sensitivities("run") == replace(RESULT, run="run")

    def test_a_running_sweep_gives_what_it_has(self, store: RunStore) -> None:
        store.save_setup("run", RESULT.setup)
        assert store.sensitivities("run").points == ()
        for point in reversed(RESULT.points[:5]):
            store.add("run", samples_of(point), point)
        assert store.points("run") == RESULT.points[4::-1]
        assert store.sensitivities("run").points == RESULT.points[:5]

    def test_before_the_first_figures_there_are_no_sensitivities(self, store: RunStore) -> None:
        job = sweep_job(store)
        assert store.setup(job.id) is None
        with pytest.raises(UnknownRunError, match="has not"):
            store.sensitivities(job.id)

    def test_a_later_point_of_a_cell_replaces_the_earlier(self, store: RunStore) -> None:
        early, late = (replace(RESULT.points[0], samples=n) for n in (4, 8))
        store.add("run", samples_of(early), early)
        store.add("run", samples_of(late, start=4), late)
        assert store.points("run") == (late,)
        assert [chunk.start for chunk in store.samples("run")] == [0, 4]

    @pytest.mark.parametrize("columns", [0, 1, 2])
    def test_raw_figures_come_back_to_the_bit(self, store: RunStore, columns: int) -> None:
        sent = samples_of(RESULT.points[0], columns=columns)
        store.add("run", sent, RESULT.points[0])
        (found,) = store.samples("run")
        assert (found.cell, found.start) == (sent.cell, sent.start)
        np.testing.assert_array_equal(found.divergence, sent.divergence)
        np.testing.assert_array_equal(found.statistics, sent.statistics, strict=True)
        assert found.divergence.flags.writeable

    def test_stages_of_a_cell_are_kept_apart(self, store: RunStore) -> None:
        point = RESULT.points[0]
        exact = samples_of(point)
        shifts = (np.arange(12).reshape(4, 3) / 7).astype(np.float32)
        sketch = replace(exact, stage="sketch", shifts=shifts, samples=512)
        for sent in (sketch, exact):
            store.add("run", sent, point)
        found = store.samples("run")
        assert [chunk.stage for chunk in found] == ["sketch", "exact"]
        assert [chunk.covered for chunk in found] == [512, 4]
        assert found[0].shifts is not None
        np.testing.assert_array_equal(found[0].shifts, shifts, strict=True)
        assert found[1].shifts is None

    def test_the_same_chunk_again_is_kept_once(self, store: RunStore) -> None:
        for _ in range(2):
            store.add("run", samples_of(RESULT.points[0]), RESULT.points[0])
        assert len(store.samples("run")) == 1

    def test_infinite_divergence_is_not_lost(self, store: RunStore) -> None:
        endless = replace(RESULT.points[0], divergence=float("inf"), high=float("inf"))
        store.add("run", samples_of(endless), endless)
        assert store.points("run") == (endless,)

    def test_a_point_without_its_samples_is_not_kept(
        self, store: RunStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("analysis.runs.results.put_point", broken)
        with pytest.raises(KeyboardInterrupt):
            store.add("run", samples_of(RESULT.points[0]), RESULT.points[0])
        assert store.samples("run") == ()


class TestInspections:
    def test_an_inspection_is_found_by_weights_and_by_source(self, store: RunStore) -> None:
        seen = make_inspection(RESULT)
        store.save_inspection("digits", seen)
        assert store.inspection(seen.fingerprint) == seen
        assert store.inspection_of("digits") == seen
        assert store.inspection("0" * 64 + "x") is None
        assert store.inspection_of("other") is None

    def test_the_newest_look_at_a_source_counts(self, store: RunStore) -> None:
        first = make_inspection(RESULT)
        second = replace(first, fingerprint="f" * 64, workload="retrained")
        for seen in (first, second):
            store.save_inspection("digits", seen)
        assert store.inspection_of("digits") == second
        assert store.inspection(first.fingerprint) == first
        assert store.sources() == (("digits", "retrained"),)
        store.save_inspection("digits", first)
        assert store.inspection_of("digits") == first

    def test_sources_are_listed_newest_first(self, store: RunStore) -> None:
        seen = make_inspection(RESULT)
        for source in ("a", "b"):
            store.save_inspection(source, replace(seen, workload=source.upper()))
        assert store.sources() == (("b", "B"), ("a", "A"))


class TestRecipes:
    def test_a_recipe_comes_back_with_its_figures(self, store: RunStore) -> None:
        record = store.save_recipe(
            uniform(4), owner="ann", run="run", origin="imported", predicted={"divergence": 0.5}
        )
        assert store.recipe(record.id) == record
        assert record.recipe == uniform(4)
        assert (record.predicted, record.origin) == ({"divergence": 0.5}, "imported")

    def test_recipes_are_found_by_model_and_run(self, store: RunStore) -> None:
        old = store.save_recipe(uniform(4), owner="ann", run="run")
        new = store.save_recipe(uniform(3), owner="ben", run="other")
        fingerprint = RESULT.setup.fingerprint
        assert store.recipes() == (new, old)
        assert store.recipes(fingerprint) == (new, old)
        assert store.recipes(run="run") == (old,)
        assert store.recipes("another model") == ()

    def test_the_recommended_recipe_is_told_from_the_edited(self, store: RunStore) -> None:
        assert store.recommended("run") is None
        chosen = store.save_recipe(uniform(4), owner="ann", run="run", origin="recommended")
        store.save_recipe(uniform(3), owner="ann", run="run")
        assert store.recommended("run") == chosen

    def test_scores_are_found_by_model_run_and_recipe(self, store: RunStore) -> None:
        a = store.save_recipe(uniform(4), owner="ann", run="run", origin="baseline")
        b = store.save_recipe(uniform(3), owner="ann")
        for record in (a, b):
            store.save_score(record.id, make_score(RESULT, record.recipe))
        newest, oldest = store.scores()
        assert (newest.recipe_id, oldest.recipe_id) == (b.id, a.id)
        assert (oldest.origin, oldest.score) == ("baseline", make_score(RESULT, uniform(4)))
        assert store.scores(run="run") == (oldest,)
        assert store.scores(recipe=b.id) == (newest,)
        assert store.scores(RESULT.setup.fingerprint) == (newest, oldest)
        assert store.scores("another model") == ()

    def test_a_score_needs_its_recipe(self, store: RunStore) -> None:
        with pytest.raises(UnknownRunError, match="no recipe"):
            store.save_score("nope", make_score(RESULT, uniform(4)))


class TestTransitions:
    def test_a_given_up_attempt_changes_nothing_any_more(self, store: RunStore) -> None:
        job = sweep_job(store)
        old = start(store)
        with store.database.writing() as connection:
            assert transitions.requeue(connection, *old, died=True)
        new = start(store)
        assert new == (job.id, 2)
        with store.database.writing() as connection:
            assert not transitions.end(connection, *old, "failed", "too late")
            assert not transitions.change(connection, *old, done=1)
            assert not transitions.requeue(connection, *old, died=True)
        assert store.job(job.id).state == "running"

    def test_a_third_barren_death_in_a_row_fails_the_job(self, store: RunStore) -> None:
        job = sweep_job(store)
        for attempt in (1, 2, 3):
            assert store.job(job.id).state == "queued"
            assert start(store) == (job.id, attempt)
            with store.database.writing() as connection:
                transitions.requeue(connection, job.id, attempt, died=True)
        row = store.job(job.id)
        assert (row.state, row.attempt) == ("failed", 3)
        assert "3 in a row died" in str(row.error)
        assert str(log_path(job.id)) in str(row.error)

    def test_deaths_after_finished_units_do_not_count(self, store: RunStore) -> None:
        job = sweep_job(store)
        for attempt in range(1, 6):
            start(store)
            with store.database.writing() as connection:
                transitions.change(connection, job.id, attempt, last_time=1.0)
                transitions.requeue(connection, job.id, attempt, died=True)
        assert (store.job(job.id).state, store.job(job.id).attempt) == ("queued", 5)

    def test_the_first_start_is_remembered(self, store: RunStore) -> None:
        job = sweep_job(store)
        first = start(store)
        began = store.job(job.id).started
        with store.database.writing() as connection:
            transitions.requeue(connection, *first, died=False)
        start(store)
        assert store.job(job.id).started == began


@pytest.fixture
def frozen_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[float]:
    monkeypatch.setattr("time.time", lambda: 1e9)
    yield 1e9


def test_jobs_of_one_moment_have_one_order(store: RunStore, frozen_time: float) -> None:
    made = {sweep_job(store).id for _ in range(4)}
    listed = [job.id for job in store.jobs()]
    assert set(listed) == made
    assert listed == [job.id for job in store.jobs()]


def test_starts_of_long_ago_do_not_count_against_an_owner(store: RunStore) -> None:
    sweep_job(store, "ann")
    finish(store, start(store), "done")
    with store.database.writing() as connection:
        connection.execute(update(jobs).values(claimed=jobs.c.claimed - 7200))
    first, second = sweep_job(store, "ann"), sweep_job(store, "ben")
    assert [start(store)[0] for _ in range(2)] == [first.id, second.id]


def test_the_default_store_lies_in_the_data_directory() -> None:
    RunStore().submit("inspect", "digits", InspectOptions(), owner="ann")
    assert (home_dir() / "quantscope.db").is_file()
    assert len(RunStore().jobs()) == 1


def test_the_environment_names_another_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANTSCOPE_DATABASE", f"sqlite:///{tmp_path}/deep/in/team.db")
    RunStore()
    assert (tmp_path / "deep" / "in" / "team.db").is_file()
    assert not (home_dir() / "quantscope.db").exists()


class TestProxies:
    def test_they_come_back_one_by_one_and_are_replaced_by_name(self, store: RunStore) -> None:
        store.save_setup("run", RESULT.setup)
        assert store.proxies("run") == ()
        found = made_up_proxies(RESULT)
        for proxy in found:
            store.save_proxy("run", proxy)
        assert store.proxies("run") == found
        again = replace(found[1], seconds=9.0)
        store.save_proxy("run", again)
        assert store.proxies("run") == (found[0], again, *found[2:])

    def test_they_go_with_their_sweep(self, store: RunStore) -> None:
        proxy = made_up_proxies(RESULT)[0]
        with pytest.raises(UnknownRunError):
            store.save_proxy("gone", proxy)
        run = fill_store(store, RESULT).run
        store.save_proxy(run, proxy)
        store.delete(run, owner="local")
        assert store.proxies(run) == ()

    def test_a_store_of_an_earlier_day_takes_them(self, store: RunStore) -> None:
        store.save_setup("run", RESULT.setup)
        with store.database.writing() as connection:
            connection.exec_driver_sql("DROP TABLE findings")
        later = RunStore(store.database.url)
        proxy = made_up_proxies(RESULT)[0]
        later.save_proxy("run", proxy)
        assert later.proxies("run") == (proxy,)
