"""Recipe: choose bits for every layer under a limit, by solver and by hand."""

import streamlit as st

from analysis.allocation.predict import to_choice
from analysis.errors import AnalysisError
from analysis.hardware.figures import hardware_cost
from pages.ui import reads
from pages.ui.budget_controls import budget_controls
from pages.ui.controls import empty_state, error_card, page_header
from pages.ui.desk import open_desk, recipe_of, take_problem, write_address
from pages.ui.groups_panel import GROUPS_KEY, groups_panel
from pages.ui.hardware import current_profile
from pages.ui.hardware_panel import hardware_panel, reachable
from pages.ui.history_buttons import history_buttons
from pages.ui.limit_kinds import limit_kinds
from pages.ui.more_limits import more_limits
from pages.ui.recipe_files import import_form, save_and_score
from pages.ui.recipe_table import recipe_table, take_edits
from pages.ui.recipe_view import figures, frontier_chart, marginal_sentence, pictures
from pages.ui.saved_recipes import saved_recipes
from pages.ui.sections import section
from pages.ui.state import current_run
from pages.ui.what_if import what_if

try:
    desk = open_desk()
except AnalysisError:
    page_header("Recipe")
    raise
run = desk.run if desk is not None else current_run()
page_header("Recipe", run=run)
result = reads.sensitivities(run)

if desk is None or result is None:
    empty_state(
        "There is nothing to choose from yet",
        "A recipe is chosen from the figures of a sweep, and this run has none so far.",
        "sensitivity",
        "Open the sweep",
        run=run,
    )
else:
    desk = take_edits(desk, result)
    problem = take_problem()
    if problem is not None:
        error_card(problem, title="The recipe stays as it was")
    choice = to_choice(result, recipe_of(result, desk.draft.now, desk.name))
    points = reachable(desk)
    scored = reads.scores(result.setup.fingerprint, run=run)
    figures(desk, result, choice)
    save_and_score(desk, result, choice)
    left, right = st.columns([4, 5], gap="small")
    with left, st.container(border=True):
        profile = current_profile()
        on_hardware = hardware_cost(result.layers, choice.recipe, profile)
        kinds = limit_kinds(result, choice.cost, on_hardware, profile)
        shown = budget_controls(desk, result, points, kinds)
        more_limits(desk, result, kinds, shown)
        hardware_panel(desk, result, choice.recipe)
        st.markdown(marginal_sentence(result, choice.recipe))
        frontier_chart(desk, result, points, choice, scored)
    with right, st.container(border=True):
        history_buttons(desk)
        recipe_table(desk, result, choice.recipe)
        with st.container(border=True):
            st.subheader("What if", anchor=False)
            what_if(desk, result, choice)
        pictures(run, result, choice.recipe)
    with section("Decision groups", key=GROUPS_KEY, icon=":material/link:") as drawn:
        if drawn:
            groups_panel(desk, result)
    with section("Saved recipes", key="saved", icon=":material/folder_open:") as drawn:
        if drawn:
            saved_recipes(desk, result)
    with section("Import a recipe", key="import", icon=":material/upload:") as drawn:
        if drawn:
            import_form(desk, result)
    write_address(desk)
