"""The main limit of the recipe: a size, average bits, a largest drop or BOPs; it re-solves live."""

import streamlit as st

from analysis.allocation.frontier import FrontierPoint, frontier
from analysis.errors import OptionError
from analysis.sensitivity.points import Sensitivities
from pages.ui.checks import one_of, within
from pages.ui.demands import Limit
from pages.ui.desk import Desk, solve_at, solve_with
from pages.ui.hardware import current_profile
from pages.ui.limit_kinds import Kind
from pages.ui.text import bytes_text, number_text

_MAIN: tuple[Limit, ...] = ("size", "bits", "drop", "bops")
_KIND, _SIZE = "limit_by", "limit_size"


def budget_controls(
    desk: Desk, result: Sensitivities, points: tuple[FrontierPoint, ...], kinds: dict[Limit, Kind]
) -> Limit:
    """A switch between the main limits, and the control of the chosen one.

    Returns:
        the limit that is shown.
    """
    swept = bool(result.of("activation"))
    offered = [name for name in _MAIN if not kinds[name].refusal and (name != "bops" or swept)]
    main = desk.draft.now.demands.main
    if st.session_state.get(_KIND) not in offered:
        st.session_state[_KIND] = main if main in offered else offered[0]
    chosen = st.segmented_control(
        "Limit",
        offered,
        required=True,
        format_func=lambda name: kinds[name].title.partition(" (")[0],
        key=_KIND,
    )
    name = one_of("limit", chosen, offered)
    if name == "size":
        _size(desk, result, points)
    else:
        _number(desk, kinds[name])
    return name


def _size(desk: Desk, result: Sensitivities, points: tuple[FrontierPoint, ...]) -> None:
    kept = desk.draft.now.kept
    reached = _reached(desk, result) if kept else points
    low, high = reached[0].weight_bytes, reached[-1].weight_bytes
    if low >= high:
        locks = " with these locks" if kept else ""
        there = " on this hardware" if current_profile() is not None else ""
        st.caption(f"Every recipe{locks}{there} takes {bytes_text(low)}.")
        return
    st.session_state[_SIZE] = min(max(desk.draft.now.weight_bytes, low), high)
    st.slider(
        "Stored weights, at most",
        low,
        high,
        step=max(1, (high - low) // 500),
        format="%,d bytes",
        key=_SIZE,
        on_change=_solve_size,
        args=(low, high),
        help="All layers, scales and zero-points included. The arrow keys move it too.",
    )


def _reached(desk: Desk, result: Sensitivities) -> tuple[FrontierPoint, ...]:
    """The frontier with the locks; on any hardware where the chosen one cannot run them."""
    step = desk.draft.now
    rules = step.demands.widths_alone
    try:
        return frontier(result, locked=step.kept, profile=current_profile(), constraints=rules)
    except OptionError:
        return frontier(result, locked=step.kept)


def _solve_size(low: int, high: int) -> None:
    solve_at(int(within("size", st.session_state[_SIZE], low, high)))


def _number(desk: Desk, kind: Kind) -> None:
    """A limit that is typed; empty while another one leads."""
    key = f"limit_{kind.name}"
    value = desk.draft.now.demands.limit(kind.name)
    st.session_state[key] = None if value is None else value / kind.unit
    now = "" if kind.now is None else f"Now {number_text(kind.now)}"
    st.number_input(
        f"{kind.title}, at most",
        kind.low,
        kind.high,
        step=kind.step,
        format=f"%.{kind.digits}f",
        key=key,
        placeholder=now or "No limit",
        on_change=_solve_number,
        args=(kind, key),
        help=kind.help,
    )


def _solve_number(kind: Kind, key: str) -> None:
    asked = st.session_state[key]
    if asked is not None:
        value = kind.unit * float(asked)
        solve_with(lambda demands: demands.led_by(kind.name, value))
