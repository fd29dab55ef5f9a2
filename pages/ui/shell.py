"""The script behind every page: menu, sidebar, and the chosen page inside the guard."""

from contextlib import suppress

import streamlit as st

from analysis.errors import AnalysisError
from analysis.paths import assets_dir
from pages.ui import reads
from pages.ui.badge import run_badge
from pages.ui.controls import page_done
from pages.ui.guard import guarded
from pages.ui.places import page_file
from pages.ui.sections import turn_to
from pages.ui.state import current_run, run_workload
from pages.ui.text import plain
from pages.ui.turns import in_turn

ICON = str(assets_dir() / "icon.svg")

st.set_page_config(page_title="Quantscope", page_icon=ICON, layout="wide")

MENU = [
    st.Page(
        page_file("overview"),
        title="Overview",
        icon=":material/dashboard:",
        default=True,
        help="The answer on one screen: what it costs, where it hurts, what it buys.",
    ),
    st.Page(
        page_file("model"),
        title="Model",
        icon=":material/account_tree:",
        url_path="model",
        help="Choose or upload a model, look at its layers and start a sweep.",
    ),
    st.Page(
        page_file("layers"),
        title="Layers",
        icon=":material/layers:",
        url_path="layers",
        help="Histograms of weights and activations, with the grid of any spec over them.",
    ),
    st.Page(
        page_file("sensitivity"),
        title="Sensitivity",
        icon=":material/grid_on:",
        url_path="sensitivity",
        help="Sweep the layers over bit-widths; see which of them hurt.",
    ),
    st.Page(
        page_file("recipe"),
        title="Recipe",
        icon=":material/tune:",
        url_path="recipe",
        help="Choose bits for every layer under a budget.",
    ),
    st.Page(
        page_file("score"),
        title="Score",
        icon=":material/verified:",
        url_path="score",
        help="Apply a recipe and measure it on held-out data.",
    ),
    st.Page(
        page_file("runs"),
        title="Runs",
        icon=":material/history:",
        url_path="runs",
        help="Everything that was run, with its state and its links.",
    ),
]

# Streamlit 1.67 writes white on primary buttons and chosen tags whatever their colour; on the dark
# theme's light blue that has a contrast of 2 (WCAG asks for 4.5). Its grey for the axes of figures
# has 3.7 on white. `light-dark` follows the theme.
st.html(
    "<style>[data-testid^='stBaseButton-primary'], [data-testid^='stBaseButton-primary'] p,"
    "[data-testid='stMultiSelect'] [data-tag], [data-testid='stMultiSelect'] [data-tag] *"
    "{color: light-dark(#fff, #0b1320)}"
    "[data-testid='stPlotlyChart'] :is(.xtick, .ytick, .y2tick, .cbaxis) text,"
    "[data-testid='stPlotlyChart'] :is(.xtitle, .ytitle, .y2title, .cbtitle)"
    "{fill: light-dark(#4d5868, #a9b4c4) !important}</style>"
)
page = st.navigation(MENU)
# Drawn from wordmark.svg at four times its size. Streamlit 1.67 writes an SVG into every run's
# messages (9 KiB here) and of a PNG only the address.
st.logo(str(assets_dir() / "wordmark.png"), icon_image=ICON, size="large")


def _sidebar() -> None:
    # What is wrong with the run or the store, the page itself tells.
    with st.sidebar, suppress(AnalysisError):
        st.caption(f"Looking at **{plain(run_workload(reads.job(current_run())))}**")
        run_badge()


with in_turn(), reads.one_look():
    turn_to(page.url_path)
    _sidebar()
    with guarded():
        page.run()
    page_done(page.url_path or "overview")
