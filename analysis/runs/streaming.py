"""A sweep job of a language model that never lies in memory as a whole."""

from analysis.runs.attempt import Attempt
from analysis.runs.records import SweepOptions
from analysis.sensitivity.points import Sensitivities


def measure_streamed(attempt: Attempt, source: str, options: SweepOptions) -> Sensitivities:
    """Stream the model's halves; each layer is in the store before the next half is loaded.

    A second attempt begins anew: the hidden states of the first are gone.

    Raises:
        OptionError: the workload cannot be streamed, or not with these options.
        CancelledError: the job is to stop.
    """
    from analysis.sensitivity.interactions import interactions_of
    from analysis.sensitivity.reliability import reliability_of
    from analysis.sensitivity.streaming.source import StreamSource
    from analysis.sensitivity.streaming.sweep import stream_sweep
    from analysis.workloads.zoo.entries import zoo_windows

    run, store = attempt.job_id, attempt.store
    attempt.begin("loading")
    streamed = stream_sweep(
        StreamSource(source, zoo_windows(source)),
        bits=options.bits,
        weight_spec=options.weight_spec,
        seed=options.seed,
    )
    attempt.describe(source, streamed.fingerprint)
    attempt.begin("sweeping")
    cells = len(streamed.setup.cells)
    attempt.expect(cells)
    known = store.setup(run) is not None
    for chunk, point in streamed.measurements():
        if not known:
            store.save_setup(run, streamed.setup)  # the forward pass told the float figures
            known = True
        attempt.keep(chunk, point)
        attempt.advance(round(streamed.fraction * cells, 6))
    store.save_cost(run, streamed.cost)
    rows = store.samples(run)
    store.save_judgement(run, reliability_of(streamed.setup, rows), tuple(streamed.notes))
    found = interactions_of(streamed.setup.cells, rows)
    if found is not None:
        store.save_interactions(run, found)
    return store.sensitivities(run)
