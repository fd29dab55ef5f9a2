"""The limit of the recipe: a size, average bits, a largest drop or BOPs. Each re-solves at once."""

from typing import Literal

import streamlit as st

from analysis.allocation.budget import Budget
from analysis.allocation.frontier import FrontierPoint, frontier
from analysis.cost import FLOAT_BITS, Cost
from analysis.errors import OptionError
from analysis.quant.spec import MAX_BITS, MIN_BITS
from analysis.sensitivity.points import Sensitivities
from pages.ui.checks import one_of, within
from pages.ui.desk import Desk, solve_for
from pages.ui.hardware import current_profile
from pages.ui.text import SHARE_METRICS, bytes_text, metric_title, percent

Kind = Literal["size", "bits", "drop", "bops"]
_TITLES: dict[Kind, str] = {
    "size": "Size",
    "bits": "Average bits",
    "drop": "Largest drop",
    "bops": "BOPs",
}
_KIND, _SIZE, _BITS, _DROP, _BOPS = (f"limit_{name}" for name in ("by", *_TITLES))


def budget_controls(
    desk: Desk, result: Sensitivities, points: tuple[FrontierPoint, ...], cost: Cost
) -> None:
    """A switch between the kinds of limit, and the control of the chosen one."""
    kinds = _kinds(result)
    chosen = st.segmented_control(
        "Limit",
        kinds,
        default=kinds[0],
        required=True,
        format_func=lambda kind: _TITLES[kind],
        key=_KIND,
    )
    match one_of("limit", chosen, kinds):
        case "size":
            _size(desk, result, points)
        case "bits":
            _bits(cost)
        case "drop":
            _drop(result)
        case _:
            _bops(cost)


def _kinds(result: Sensitivities) -> list[Kind]:
    weights, activations = bool(result.of("weight")), bool(result.of("activation"))
    offered: dict[Kind, bool] = {
        "size": weights,
        "bits": weights,
        "drop": result.setup.metric is not None,
        "bops": activations,
    }
    return [kind for kind, known in offered.items() if known]


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
    try:
        return frontier(result, locked=desk.draft.now.kept, profile=current_profile())
    except OptionError:
        return frontier(result, locked=desk.draft.now.kept)


def _solve_size(low: int, high: int) -> None:
    asked = within("size", st.session_state[_SIZE], low, high)
    solve_for(Budget(weight_bytes=int(asked)))


def _bits(cost: Cost) -> None:
    st.number_input(
        "Average bits, at most",
        float(MIN_BITS),
        float(MAX_BITS),
        value=min(max(round(cost.effective_bits, 1), float(MIN_BITS)), float(MAX_BITS)),
        step=0.1,
        format="%.1f",
        key=_BITS,
        on_change=_solve_bits,
        help="The bytes that every layer at this width would take, scales and zero-points included "
        "on both sides; the recipe may spread them as it likes.",
    )


def _solve_bits() -> None:
    solve_for(Budget(average_bits=float(st.session_state[_BITS])))


def _drop(result: Sensitivities) -> None:
    metric = result.setup.metric or ""
    share = metric in SHARE_METRICS
    st.number_input(
        f"Loss of {metric_title(metric)}, at most" + (" (percentage points)" if share else ""),
        0.0,
        value=None,
        step=0.1,
        format="%.2f" if share else "%.4g",
        key=_DROP,
        placeholder="The smallest recipe that loses no more than this",
        on_change=_solve_drop,
        args=(0.01 if share else 1.0,),
        help="Predicted from single-layer figures, so it is no promise; score the recipe to know.",
    )


def _solve_drop(unit: float) -> None:
    asked = st.session_state[_DROP]
    if asked is not None:
        solve_for(Budget(max_drop=unit * float(asked)))


def _bops(cost: Cost) -> None:
    whole = cost.macs * FLOAT_BITS * FLOAT_BITS
    st.number_input(
        "BOPs, at most (% of float)",
        0.1,
        100.0,
        value=None,
        step=0.5,
        format="%.1f",
        key=_BOPS,
        placeholder=f"Now {percent(cost.bops / whole)}",
        on_change=_solve_bops,
        args=(whole,),
        help="MACs × weight bits × activation bits for one sample; 8 by 8 bits is 6.25 % of float.",
    )


def _solve_bops(whole: int) -> None:
    asked = st.session_state[_BOPS]
    if asked is not None:
        solve_for(Budget(bops=int(whole * float(asked) / 100)))
