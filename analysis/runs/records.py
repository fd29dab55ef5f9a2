"""Rows of the store, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC, QuantSpec
from analysis.recipe import Recipe
from analysis.scores import Score
from analysis.sensitivity.families import ACTIVATION_FAMILIES, WEIGHT_FAMILIES
from analysis.sensitivity.points import DEFAULT_BITS, Method, Scheme, Targets

JobKind = Literal["inspect", "sweep", "score", "proxies"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class InspectOptions:
    """An inspection has no options."""


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What a sweep job measures; the fields are those of `analysis.sweep`, and two more.

    Attributes:
        until_settled: end as soon as more samples no longer change the recipes.
        proxies: compute the proxies of the weights afterwards.
        stream: sketch the weights of a language model half a block at a time.
    """

    bits: tuple[int, ...] = DEFAULT_BITS
    target: Targets = "weight"
    method: Method = "exact"
    weight_spec: QuantSpec = WEIGHT_SPEC
    activation_spec: QuantSpec = ACTIVATION_SPEC
    weight_scheme: Scheme = "fixed"
    weight_families: tuple[QuantSpec, ...] = ()
    activation_scheme: Scheme = "fixed"
    activation_families: tuple[QuantSpec, ...] = ()
    seed: int = 0
    seconds: float | None = None
    workers: int = 1
    until_settled: bool = False
    proxies: bool = False
    stream: bool = False


USUAL_SWEEP = SweepOptions(
    method="anytime",
    weight_scheme="best",
    weight_families=WEIGHT_FAMILIES,
    activation_scheme="best",
    activation_families=ACTIVATION_FAMILIES,
)
"""What a sweep measures without being told otherwise."""


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """What a score job measures: the recipe, and same-bytes baselines of the sweep `run`.

    Attributes:
        rivals: also what other ways of choosing give for the same bytes.
        hardware: name of the profile that must run what the recipe is compared with; None for none.
    """

    recipe: str
    run: str | None = None
    rivals: bool = False
    hardware: str | None = None


@dataclass(frozen=True, slots=True)
class ProxyOptions:
    """What a proxies job computes: the proxies of the sweep `run`."""

    run: str


JobOptions = InspectOptions | SweepOptions | ScoreOptions | ProxyOptions


@dataclass(frozen=True, slots=True)
class Job:
    """One job. A sweep job's id is the run id.

    Attributes:
        source: workload source, as `load_workload` takes it.
        workload: its name, once known.
        fingerprint: of the model, once known.
        phase: what it does now, for people: "starting", "loading", "inspecting",
            "first look", "choosing quantisers", "sweeping",
            "choosing", "scoring", "comparing proxies", "cancelling"; empty while it waits and when
            it ended.
        done, total: finished and planned units of the phase that takes the time.
        created, started, ended: seconds since the epoch.
        attempt: 1 for the first start; more after a worker died.
        ahead: jobs before it in the queue.
        eta_seconds: expected rest, None while unknown.
        error: one sentence, when failed.
    """

    id: str
    kind: JobKind
    source: str
    workload: str
    fingerprint: str | None
    owner: str
    options: JobOptions
    state: JobState
    phase: str
    done: int
    total: int
    created: float
    started: float | None
    ended: float | None
    attempt: int
    ahead: int
    eta_seconds: float | None
    error: str | None

    @property
    def live(self) -> bool:
        """Whether it still waits or runs."""
        return self.state in ("queued", "running")


@dataclass(frozen=True, slots=True)
class RecipeRecord:
    """A named recipe in the store.

    Attributes:
        run: the sweep it was chosen from.
        origin: "recommended", "edited", "imported" or "baseline".
    """

    id: str
    recipe: Recipe
    owner: str
    run: str | None
    origin: str
    created: float
    predicted: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class RecipeTerms:
    """What a stored recipe was solved for, so that it can be taken up again.

    Attributes:
        weight_bytes: the size limit; None where the size was not limited.
        limits: what else was demanded, in the text form of links.
        locked: layers that were decided by hand.
        hardware: name of the profile it had to suit; None for none.
    """

    weight_bytes: int | None = None
    limits: str = ""
    locked: tuple[str, ...] = ()
    hardware: str | None = None


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """A score in the store, of one recipe."""

    recipe_id: str
    origin: str
    score: Score
    created: float
