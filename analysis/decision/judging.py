"""A recipe that was chosen otherwise, measured beside its baselines."""

from collections.abc import Generator
from dataclasses import dataclass, replace

from analysis.allocation.budget import Choice
from analysis.allocation.verdict import Verdict
from analysis.decision.baselines import measured_baselines, measured_verdict
from analysis.decision.trials import Simulator, Trials
from analysis.sensitivity.points import Sensitivities
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload


@dataclass(frozen=True, slots=True)
class Judged:
    """A measured choice, its measured baselines, and the verdict; None where there is none."""

    choice: Choice
    baselines: tuple[Choice, ...]
    verdict: Verdict | None


def judging(
    workload: Workload, result: Sensitivities, choice: Choice, seed: int = 0
) -> Generator[str, None, Judged]:
    """Measure it on the sweep set, and compare on that and on the calibration set.

    Yields:
        What is done next, before each run.

    Raises:
        RecipeMismatchError: the recipe belongs to another model.
    """
    yield "running the float model"
    made = subject(workload)
    simulator = Simulator(made)
    swept = Trials.of(simulator, made.parts.sweep)
    held = Trials.of(simulator, made.parts.calibration)
    yield f"measuring {choice.recipe.name}"
    measured = replace(choice, measured=swept.measurement(choice.recipe))
    rivals = yield from measured_baselines(swept, result, choice.recipe, seed)
    return Judged(measured, rivals, measured_verdict(measured, rivals, (swept, held)))
