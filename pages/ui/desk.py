"""The Recipe page's desk: which run and draft lie on it, and how they follow the address.

`?run=&recipe=` opens a stored recipe, `?run=&bytes=` solves for a size, neither takes up what was
on the desk, or else the recommended recipe; `&limits=` says what else is demanded, `&hardware=`
what it must suit. Edits by hand are in no address until they are saved.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from analysis.allocation.allocate import Solver, allocate
from analysis.allocation.predict import predict
from analysis.allocation.recommend import recommend
from analysis.cost import recipe_cost
from analysis.errors import AnalysisError, InfeasibleBudgetError, OptionError
from analysis.recipe import LayerConfig, Recipe
from analysis.runs.records import RecipeRecord, RecipeTerms
from analysis.sensitivity.points import Sensitivities
from pages.ui import draft as drafts
from pages.ui import reads
from pages.ui.demands import NOTHING, Demands, parse_demands
from pages.ui.draft import Draft, Step
from pages.ui.hardware import choose_profile, current_profile, take_from_address, write_to_address
from pages.ui.state import choose_run, current_run, store

NAME_KEY = "recipe_name"
"""Key of a control that is there whenever the page is drawn; streamlit forgets it elsewhere."""

_DESK = "recipe_desk"
_PROBLEM = "recipe_problem"
DRAFT_NAME = "mixed"
EXACT_LAYERS = 200
"""So many layers are solved exactly in less than 100 ms; beyond them the hull loses little."""


Address = tuple[str | None, str | None, str | None]
"""The `recipe`, `bytes` and `limits` of the address."""

_SILENT: Address = (None, None, None)


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on the desk.

    Attributes:
        saved: id and step of the stored recipe it was opened from or saved as.
    """

    run: str
    draft: Draft
    name: str = DRAFT_NAME
    saved: tuple[str, Step] | None = None

    @property
    def recipe_id(self) -> str | None:
        """The stored recipe that the draft equals, if it does."""
        if self.saved is not None and self.saved[1].layers == self.draft.now.layers:
            return self.saved[0]
        return None

    @property
    def address(self) -> Address:
        """What of the address stands for it."""
        recipe, now = self.recipe_id, self.draft.now
        size = None if recipe is not None or not now.demands.sized else str(now.weight_bytes)
        return (recipe, size, now.demands.text or None)


def current_desk() -> Desk | None:
    """The desk as the last run left it."""
    desk = st.session_state.get(_DESK)
    return desk if isinstance(desk, Desk) else None


def keep(desk: Desk) -> None:
    """Leave the desk so for the next run."""
    st.session_state[_DESK] = desk


def open_desk() -> Desk | None:
    """The desk for the address; None while its run has no points.

    A size that cannot be met becomes a problem for `take_problem`, beside the recommended recipe.

    Raises:
        AnalysisError: the address names no recipe, or one of another model.
    """
    desk, run = current_desk(), current_run()
    asked: Address = (
        st.query_params.get("recipe"),
        st.query_params.get("bytes"),
        st.query_params.get("limits"),
    )
    # While the page is on screen the address only follows the desk, and a quick browser tells an
    # old one; on entering the page it is a wish.
    on_screen = NAME_KEY in st.session_state
    if not on_screen:
        _take_hardware()
    if desk is not None and (on_screen or asked in (desk.address, _SILENT)):
        if desk.run == run:
            return desk
        asked = _SILENT  # it is that of the run which was left
    record = reads.recipe(asked[0]) if asked[0] else None
    if record is not None and record.run is not None and record.run != run:
        run = record.run
        choose_run(run)
    result = reads.sensitivities(run)
    if result is None or not result.points:
        return None
    solve = record is None and (asked[1] or asked[2]) is not None
    made = _desk_of(run, result, record or (None if solve else reads.recommended(run)), asked)
    keep(made)
    return made


def _desk_of(run: str, result: Sensitivities, record: RecipeRecord | None, asked: Address) -> Desk:
    demands = _demands(asked[2])
    if record is not None:
        step = _stored(result, record, None if asked[2] is None else demands)
        return Desk(run, drafts.opened(step), record.recipe.name, (record.id, step))
    try:
        if asked[1] is not None:
            return Desk(
                run, drafts.opened(solved(result, Step(_size(asked[1]), {}, demands=demands)))
            )
        if demands.limits:
            free = Step(0, {}, demands=replace(demands, sized=False))
            return Desk(run, drafts.opened(solved(result, free)))
        if demands != NOTHING:
            usual = step_of(result, recommend(result).recipe)
            asked_for = replace(usual, demands=replace(demands, sized=True))
            return Desk(run, drafts.opened(solved(result, asked_for)))
    except (InfeasibleBudgetError, OptionError) as error:
        tell_problem(error)
    return Desk(run, drafts.opened(step_of(result, recommend(result).recipe)))


def _demands(text: str | None) -> Demands:
    """What a link demands; a damaged text becomes a problem for `take_problem`."""
    try:
        return parse_demands(text or "")
    except OptionError as error:
        tell_problem(error)
        return NOTHING


def _stored(result: Sensitivities, record: RecipeRecord, demands: Demands | None) -> Step:
    """A stored recipe as a step, with the terms it was saved with; `demands` go before those."""
    step = step_of(result, checked(result, record.recipe))
    terms = store().terms(record.id)
    if terms is None:
        return replace(step, demands=demands or NOTHING)
    if terms.hardware is not None and not st.query_params.get("hardware"):
        choose_profile(terms.hardware)
    return replace(
        step,
        weight_bytes=step.weight_bytes if terms.weight_bytes is None else terms.weight_bytes,
        locked=frozenset(terms.locked) & frozenset(step.layers),
        demands=demands or _demands(terms.limits),
    )


def terms_of(step: Step) -> RecipeTerms:
    """What is kept with a recipe that is saved."""
    profile = current_profile()
    return RecipeTerms(
        weight_bytes=step.weight_bytes if step.demands.sized else None,
        limits=step.demands.text,
        locked=tuple(sorted(step.locked)),
        hardware=None if profile is None else profile.name,
    )


def checked(result: Sensitivities, recipe: Recipe) -> Recipe:
    """The recipe, if it is of this model and of specs that the sweep measured.

    Raises:
        RecipeMismatchError: it is of another model.
        OptionError: it holds a spec that was not measured.
    """
    recipe.check(result.setup.fingerprint, frozenset(layer.name for layer in result.layers))
    predict(result, recipe)
    return recipe


def _take_hardware() -> None:
    try:
        take_from_address()
    except OptionError as error:
        tell_problem(error)


def _size(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise OptionError(
            f"The size in the link must be a number of bytes, such as 60000, not {text!r:.40}."
        )
    return int(text)


def recipe_of(result: Sensitivities, step: Step, name: str) -> Recipe:
    """The step as a recipe of this model."""
    return Recipe(step.layers, result.setup.workload, result.setup.fingerprint, name)


def step_of(result: Sensitivities, recipe: Recipe) -> Step:
    """A recipe as a step, with its own size as the limit."""
    layers = {layer.name: recipe.layers.get(layer.name, LayerConfig()) for layer in result.layers}
    cost = recipe_cost(result.layers, recipe, other_bytes=result.setup.other_bytes)
    return Step(cost.weight_bytes, layers)


def solved(result: Sensitivities, step: Step) -> Step:
    """The best recipe that keeps the step's limits, demands and locks and suits the hardware.

    Raises:
        OptionError: the hardware has no kernel for a layer as it was swept or is locked, or a
            demand does not suit the sweep.
        InfeasibleBudgetError: there is none; the message names which demands contradict each other
            and the smallest limit that can be met.
    """
    demands, rules = step.demands, step.demands.constraints
    coupled = rules.max_widths is not None or rules.precision_change_cost is not None
    solver: Solver = "milp" if coupled or len(result.layers) <= EXACT_LAYERS else "hull"
    choice = allocate(
        result,
        demands.budget(step.weight_bytes),
        locked=step.kept,
        solver=solver,
        profile=current_profile(),
        constraints=rules,
    )
    found = step_of(result, choice.recipe)
    limit = step.weight_bytes if demands.sized else found.weight_bytes
    return replace(found, weight_bytes=limit, locked=step.locked, demands=demands)


def change(how: Callable[[Desk, Sensitivities], Draft]) -> None:
    """Put a changed draft on the desk; for callbacks, which the guard does not reach.

    A problem is kept for `take_problem`, and the draft stays as it was.
    """
    desk = current_desk()
    if desk is None:
        return
    try:
        result = reads.sensitivities(desk.run)
        draft = how(desk, result) if result is not None else desk.draft
    except AnalysisError as error:
        tell_problem(error)
        return
    keep(replace(desk, draft=draft))


def tell_problem(error: AnalysisError) -> None:
    """Keep a problem for `take_problem`."""
    st.session_state[_PROBLEM] = str(error)


def take_problem() -> str | None:
    """What went wrong since the page was last drawn, once."""
    found = st.session_state.pop(_PROBLEM, None)
    return None if found is None else str(found)


def solve_at(size: int) -> None:
    """Re-solve for another size as the main limit and keep the rest; for callbacks, as `change`."""

    def moved(desk: Desk, result: Sensitivities) -> Draft:
        now = desk.draft.now
        step = replace(now, weight_bytes=size, demands=now.demands.led_by("size", size))
        return drafts.moved(desk.draft, solved(result, step))

    change(moved)


def solve_with(how: Callable[[Demands], Demands]) -> None:
    """Re-solve with other demands and keep the locks; for callbacks, as `change`."""

    def moved(desk: Desk, result: Sensitivities) -> Draft:
        now = desk.draft.now
        return drafts.moved(desk.draft, solved(result, replace(now, demands=how(now.demands))))

    change(moved)


def put_away() -> None:
    """Clear the desk, so that the next run opens what the address says."""
    st.session_state.pop(_DESK, None)


def write_address(desk: Desk) -> None:
    """Put what is on the desk into the address."""
    recipe, size, limits = desk.address
    told = {"run": desk.run, "recipe": recipe, "bytes": size, "limits": limits}
    for name, value in told.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value
    write_to_address()
