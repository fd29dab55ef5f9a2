import pytest

from analysis.errors import OptionError
from analysis.runs.foreground import claim_new, work_here
from analysis.runs.records import SweepOptions
from analysis.runs.store import RunStore

pytestmark = pytest.mark.slow


def _swept(options: SweepOptions) -> tuple[RunStore, str]:
    store = RunStore()
    attempt = claim_new(store, "digits", options, owner="cli")
    work_here(attempt)
    return store, attempt.job_id


def test_a_sweep_ends_early_when_its_recipes_have_settled():
    store, run = _swept(SweepOptions(bits=(2, 8), method="anytime", until_settled=True))
    result = store.sensitivities(run)
    assert any("no longer changed" in note for note in result.notes)
    assert any(not point.complete or point.stage != "exact" for point in result.points)
    assert len(result.points) == len(result.setup.cells)
    assert store.job(run).state == "done"
    assert store.recommended(run) is not None


def test_a_time_budget_too_short_for_any_figure_is_one_sentence():
    options = SweepOptions(bits=(2, 8), method="anytime", seconds=1e-6)
    with pytest.raises(OptionError, match="not far enough"):
        _swept(options)
    (job,) = RunStore().jobs()
    assert job.state == "failed"
    assert job.error is not None
    assert "not far enough" in job.error
