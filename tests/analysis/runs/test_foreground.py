import pytest

from analysis.errors import CancelledError, WorkloadError
from analysis.runs import steps
from analysis.runs.attempt import Attempt
from analysis.runs.foreground import claim_new, work_here
from analysis.runs.queue import pump
from analysis.runs.records import SweepOptions
from analysis.runs.store import RunStore
from tests.sensitivities import make_sensitivities


def test_the_job_belongs_to_this_process_from_the_start() -> None:
    store = RunStore()
    attempt = claim_new(store, "digits", SweepOptions(), owner="cli")
    assert store.job(attempt.job_id).state == "running"

    def start(*_: object) -> None:
        raise AssertionError("no worker may take it")

    assert pump(store, start=start) == 0  # type: ignore[arg-type]
    assert store.job(attempt.job_id).attempt == 1


@pytest.mark.parametrize("reason", [KeyboardInterrupt(), CancelledError("by the app")], ids=repr)
def test_an_interrupted_sweep_is_cancelled_and_keeps_its_setup(
    reason: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore()

    def interrupted(attempt: Attempt) -> None:
        attempt.store.save_setup(attempt.job_id, make_sensitivities(layers=2).setup)
        raise reason

    monkeypatch.setattr(steps, "run", interrupted)
    attempt = claim_new(store, "digits", SweepOptions(), owner="cli")
    with pytest.raises(type(reason)):
        work_here(attempt)
    assert store.job(attempt.job_id).state == "cancelled"
    assert store.setup(attempt.job_id) is not None


def test_a_sweep_that_never_began_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Attempt) -> None:
        raise WorkloadError("The model must run.")

    monkeypatch.setattr(steps, "run", refused)
    store = RunStore()
    attempt = claim_new(store, "digits", SweepOptions(), owner="cli")
    with pytest.raises(WorkloadError):
        work_here(attempt)
    assert store.jobs() == ()


def test_a_failure_in_the_middle_is_kept_with_its_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(attempt: Attempt) -> None:
        attempt.store.save_setup(attempt.job_id, make_sensitivities(layers=2).setup)
        raise WorkloadError("The data must not change.")

    monkeypatch.setattr(steps, "run", failing)
    store = RunStore()
    attempt = claim_new(store, "digits", SweepOptions(), owner="cli")
    with pytest.raises(WorkloadError):
        work_here(attempt)
    job = store.job(attempt.job_id)
    assert (job.state, job.error) == ("failed", "The data must not change.")
