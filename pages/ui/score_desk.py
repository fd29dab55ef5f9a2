"""Which recipe the Score page shows, its job, its score and its baseline."""

from dataclasses import dataclass

import streamlit as st

from analysis.allocation.baselines import same_bytes_uniform
from analysis.allocation.budget import Prediction
from analysis.allocation.predict import predict
from analysis.cost import recipe_cost
from analysis.errors import AnalysisError
from analysis.hardware.profile import HardwareProfile
from analysis.recipe import Recipe
from analysis.runs.records import Job, RecipeRecord, ScoreOptions, ScoreRecord
from analysis.sensitivity.points import Sensitivities
from pages.ui import reads
from pages.ui.hardware import PARAMETER, choose_profile, current_profile, take_from_address
from pages.ui.saved_recipes import ORIGINS, visible_recipes
from pages.ui.state import choose_run, current_run, store

_PICKER = "score_recipe"
_SEEN = "score_hardware_seen"


@dataclass(frozen=True, slots=True)
class ScoreDesk:
    """What the Score page works on.

    Attributes:
        run: the sweep the recipe belongs to; the run on screen when it has none.
        job: the newest score job of the recipe.
        score: its newest score.
        baseline: score of the uniform recipe at the same bytes.
        profile: hardware that must run what the recipe is compared with.
    """

    run: str
    record: RecipeRecord
    result: Sensitivities | None
    job: Job | None
    score: ScoreRecord | None
    baseline: ScoreRecord | None
    profile: HardwareProfile | None = None


def open_score_desk() -> ScoreDesk | None:
    """The recipe of the address, else the recommended one; None while there is none.

    Raises:
        UnknownRunError: the address names no recipe.
    """
    run = current_run()
    asked = st.query_params.get("recipe")
    record = reads.recipe(asked) if asked else reads.recommended(run)
    if record is None:
        return None
    _take_hardware(record)
    if record.run is not None and record.run != run:
        run = record.run
        choose_run(run)
    if not asked:
        st.query_params["recipe"] = record.id
    result = reads.sensitivities(run)
    fingerprint = record.recipe.fingerprint
    if result is not None and result.setup.fingerprint != fingerprint:
        result = None
    found = reads.scores(fingerprint, recipe=record.id)
    return ScoreDesk(
        run=run,
        record=record,
        result=result,
        job=score_job(record.id),
        score=found[0] if found else None,
        baseline=_baseline(run, record.recipe, result, reads.scores(fingerprint, run=run)),
        profile=current_profile(),
    )


def _take_hardware(record: RecipeRecord) -> None:
    """Compare on the hardware of the address, else on that the recipe was made for; once each."""
    seen = (record.id, st.query_params.get(PARAMETER))
    if st.session_state.get(_SEEN) == seen:
        return
    st.session_state[_SEEN] = seen
    if seen[1]:
        take_from_address()
    elif current_profile() is None:
        terms = store().terms(record.id)
        if terms is not None and terms.hardware is not None:
            choose_profile(terms.hardware)


def can_score(desk: ScoreDesk) -> bool:
    """Whether the run on screen is of the recipe's model, so that its workload can score it."""
    return reads.job(desk.run).fingerprint == desk.record.recipe.fingerprint


def score_job(recipe_id: str) -> Job | None:
    """The newest job that scores this recipe, of anybody."""
    for job in reads.jobs():
        if isinstance(job.options, ScoreOptions) and job.options.recipe == recipe_id:
            return job
    return None


def _baseline(
    run: str, recipe: Recipe, result: Sensitivities | None, scored: tuple[ScoreRecord, ...]
) -> ScoreRecord | None:
    """The score of the uniform recipe at the same bytes, once a job has run it."""
    if result is None:
        return None
    setup = result.setup
    stored = recipe_cost(setup.layers, recipe, other_bytes=setup.other_bytes).weight_bytes
    profile = current_profile()
    name = None if profile is None else profile.name
    key = repr((reads.version(run), sorted(recipe.layers.items()), stored, name))
    wanted = _uniform(key, result, recipe, stored, profile)
    if wanted is None:
        return None
    return next((record for record in scored if record.score.recipe.layers == wanted.layers), None)


@st.cache_resource(show_spinner=False, max_entries=64)
def _uniform(
    key: str,
    _result: Sensitivities,
    _recipe: Recipe,
    _stored: int,
    _profile: HardwareProfile | None,
) -> Recipe | None:
    """The uniform recipe at the same bytes; None where none fits into so few."""
    try:
        return same_bytes_uniform(_result, _stored, like=_recipe, profile=_profile)
    except AnalysisError:
        return None


def prediction_of(result: Sensitivities | None, recipe: Recipe) -> Prediction | None:
    """What the sweep predicts of a recipe; None when it measured other specs."""
    if result is None:
        return None
    try:
        return predict(result, recipe)
    except AnalysisError:
        return None


def recipe_picker(desk: ScoreDesk) -> None:
    """Another recipe of the same model."""
    known = {record.id: record for record in visible_recipes(desk.record.recipe.fingerprint)}
    known.setdefault(desk.record.id, desk.record)
    if len(known) < 2:
        return

    def title(identity: str) -> str:
        record = known[identity]
        return f"{record.recipe.name} · {ORIGINS.get(record.origin, record.origin)}"

    def picked() -> None:
        st.query_params["recipe"] = str(st.session_state[_PICKER])

    st.session_state[_PICKER] = desk.record.id
    st.selectbox("Recipe", list(known), format_func=title, key=_PICKER, on_change=picked, width=420)
