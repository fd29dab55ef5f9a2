"""The Recipe page's desk: which run and draft lie on it, and how they follow the address.

`?run=&recipe=` opens a stored recipe, `?run=&bytes=` solves for a size, neither takes up what was
on the desk, or else the recommended recipe; `&hardware=` chooses what it must suit. Edits by hand
are in no address until they are saved.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import streamlit as st

from analysis.allocation.allocate import Solver, allocate
from analysis.allocation.budget import Budget
from analysis.allocation.predict import predict
from analysis.allocation.recommend import recommend
from analysis.cost import recipe_cost
from analysis.errors import AnalysisError, InfeasibleBudgetError, OptionError
from analysis.recipe import LayerConfig, Recipe
from analysis.runs.records import RecipeRecord
from analysis.sensitivity.points import Sensitivities
from pages.ui import draft as drafts
from pages.ui import reads
from pages.ui.draft import Draft, Step
from pages.ui.hardware import current_profile, take_from_address, write_to_address
from pages.ui.state import choose_run, current_run

NAME_KEY = "recipe_name"
"""Key of a control that is there whenever the page is drawn; streamlit forgets it elsewhere."""

_DESK = "recipe_desk"
_PROBLEM = "recipe_problem"
DRAFT_NAME = "mixed"
EXACT_LAYERS = 200
"""So many layers are solved exactly in less than 100 ms; beyond them the hull loses little."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on the desk.

    Attributes:
        saved: id and layers of the stored recipe it was opened from or saved as.
    """

    run: str
    draft: Draft
    name: str = DRAFT_NAME
    saved: tuple[str, Mapping[str, LayerConfig]] | None = None

    @property
    def recipe_id(self) -> str | None:
        """The stored recipe that the draft equals, if it does."""
        if self.saved is not None and self.saved[1] == self.draft.now.layers:
            return self.saved[0]
        return None

    @property
    def address(self) -> tuple[str | None, str | None]:
        """The `recipe` and `bytes` of the address that stands for it."""
        recipe = self.recipe_id
        return (recipe, None if recipe is not None else str(self.draft.now.weight_bytes))


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
    asked = (st.query_params.get("recipe"), st.query_params.get("bytes"))
    # While the page is on screen the address only follows the desk, and a quick browser tells an
    # old one; on entering the page it is a wish.
    on_screen = NAME_KEY in st.session_state
    if not on_screen:
        _take_hardware()
    if desk is not None and (on_screen or asked in (desk.address, (None, None))):
        if desk.run == run:
            return desk
        asked = (None, None)  # it is that of the run which was left
    record = reads.recipe(asked[0]) if asked[0] else None
    if record is not None and record.run is not None and record.run != run:
        run = record.run
        choose_run(run)
    result = reads.sensitivities(run)
    if result is None or not result.points:
        return None
    made = _desk_of(run, result, record or (None if asked[1] else reads.recommended(run)), asked[1])
    keep(made)
    return made


def _desk_of(
    run: str, result: Sensitivities, record: RecipeRecord | None, size: str | None
) -> Desk:
    if record is not None:
        recipe = checked(result, record.recipe)
        draft = drafts.opened(step_of(result, recipe))
        return Desk(run, draft, recipe.name, (record.id, draft.now.layers))
    try:
        if size is not None:
            return Desk(run, drafts.opened(solved(result, Budget(weight_bytes=_size(size)))))
    except (InfeasibleBudgetError, OptionError) as error:
        tell_problem(error)
    return Desk(run, drafts.opened(step_of(result, recommend(result).recipe)))


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


def solved(
    result: Sensitivities, budget: Budget, locked: Mapping[str, LayerConfig] | None = None
) -> Step:
    """The best recipe within the budget that keeps the locked layers and suits the hardware.

    Raises:
        OptionError: the hardware has no kernel for a layer as it was swept or is locked.
        InfeasibleBudgetError: there is none; the message names the smallest budget that can be met.
    """
    solver: Solver = "milp" if len(result.layers) <= EXACT_LAYERS else "hull"
    choice = allocate(result, budget, locked=locked or {}, solver=solver, profile=current_profile())
    step = step_of(result, choice.recipe)
    limit = budget.weight_bytes if budget.weight_bytes is not None else step.weight_bytes
    return replace(step, weight_bytes=limit, locked=frozenset(locked or ()))


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


def solve_for(budget: Budget) -> None:
    """Re-solve under a budget and keep the locks; for callbacks, as `change`."""
    change(
        lambda desk, result: drafts.moved(desk.draft, solved(result, budget, desk.draft.now.kept))
    )


def put_away() -> None:
    """Clear the desk, so that the next run opens what the address says."""
    st.session_state.pop(_DESK, None)


def write_address(desk: Desk) -> None:
    """Put what is on the desk into the address."""
    recipe, size = desk.address
    for name, value in {"run": desk.run, "recipe": recipe, "bytes": size}.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value
    write_to_address()
