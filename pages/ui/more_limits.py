"""Every limit besides the main one, and what else a recipe must respect; all hold in one solve."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from analysis.sensitivity.points import Sensitivities
from pages.ui.demands import Demands, Limit
from pages.ui.desk import Desk, change, solve_with, solved
from pages.ui.draft import Draft, moved
from pages.ui.limit_kinds import Kind, worded
from pages.ui.sections import section
from pages.ui.text import number_text, plain

_CHANGES = (
    "What a conversion between layers of different widths costs; neighbours then tend to be alike."
)


def more_limits(desk: Desk, result: Sensitivities, kinds: dict[Limit, Kind], shown: Limit) -> None:
    """A folded form; what is in force is said above it, whether it is open or not.

    Args:
        desk: the desk.
        result: its sweep.
        kinds: every limit.
        shown: the main limit, which has its control already.
    """
    said = in_force(desk, kinds, shown)
    if said:
        st.caption(f"Also in force: {plain('; '.join(said))}.")
    with section("More limits", key="more_limits", icon=":material/rule:") as drawn:
        if drawn:
            _fields(desk, result, kinds, shown, lifts=bool(said))


def _fields(
    desk: Desk, result: Sensitivities, kinds: dict[Limit, Kind], shown: Limit, *, lifts: bool
) -> None:
    demands = desk.draft.now.demands
    others = [kind for name, kind in kinds.items() if name != shown]
    with st.grid(2, min_column_width=150, gap="small"):
        for kind in others:
            if not kind.refusal:
                _field(desk, kind)
        _widths(demands, result)
        _forbidden(demands, result)
        if not kinds["size"].refusal:
            _change_bytes(demands)
        if not kinds["time"].refusal:
            _change_ms(demands)
    refused = [f"{_short(kind)} ({kind.refusal})" for kind in others if kind.refusal]
    if refused:
        st.caption(f"Not offered here: {plain('; '.join(refused))}.")
    st.caption(
        "All of them hold at once, with the locks of the table. A change of width is one from "
        "a layer to the next; its cost counts against the limits above."
    )
    st.button(
        "Lift these limits",
        icon=":material/filter_alt_off:",
        key="lift_limits",
        disabled=not lifts,
        on_click=solve_with,
        args=(lambda demands: only(demands, shown),),
    )


def only(demands: Demands, shown: Limit) -> Demands:
    """The main limit alone."""
    value = demands.limit(shown)
    free = Demands(main=shown, sized=shown == "size" or value is None)
    return free if value is None else free.limited(shown, value)


def in_force(desk: Desk, kinds: dict[Limit, Kind], shown: Limit) -> list[str]:
    """What is demanded besides the main limit, in words."""
    step = desk.draft.now
    demands = step.demands
    said = []
    for name, kind in kinds.items():
        value = float(step.weight_bytes) if name == "size" else demands.limit(name)
        if name != shown and value is not None and (name != "size" or demands.sized):
            said.append(f"{worded(kind, value)} at most")
    if demands.max_widths is not None:
        said.append(f"at most {demands.max_widths} width{'' if demands.max_widths == 1 else 's'}")
    if demands.forbidden:
        said.append(f"no {'/'.join(map(str, demands.forbidden))}-bit weights")
    if demands.change_bytes:
        said.append(f"a change of width costs {demands.change_bytes:,} bytes")
    if demands.change_ms:
        said.append(f"a change of width costs {number_text(demands.change_ms)} ms")
    return said


def _short(kind: Kind) -> str:
    return kind.title.partition(" (")[0].lower()


def _field(desk: Desk, kind: Kind) -> None:
    """A limit that may be left empty."""
    step, key = desk.draft.now, f"more_{kind.name}"
    value = step.demands.limit(kind.name)
    if kind.name == "size" and step.demands.sized:
        value = float(step.weight_bytes)
    st.session_state[key] = None if value is None else value / kind.unit
    st.number_input(
        kind.title,
        kind.low,
        kind.high,
        step=kind.step,
        format=f"%.{kind.digits}f",
        key=key,
        placeholder="No limit" if kind.now is None else f"Now {number_text(kind.now)}",
        on_change=_asked,
        args=(kind, key),
        help=kind.help,
    )


def _asked(kind: Kind, key: str) -> None:
    given = st.session_state[key]
    value = None if given is None else kind.unit * float(given)
    if kind.name != "size":
        solve_with(lambda demands: demands.limited(kind.name, value))
        return

    def resized(desk: Desk, result: Sensitivities) -> Draft:
        now = desk.draft.now
        size = now.weight_bytes if value is None else int(value)
        asked = replace(now, weight_bytes=size, demands=now.demands.limited("size", value))
        return moved(desk.draft, solved(result, asked))

    change(resized)


def _widths(demands: Demands, result: Sensitivities) -> None:
    key, swept = "more_widths", len(result.bits("weight"))
    if swept < 2:
        return
    st.session_state[key] = demands.max_widths
    st.selectbox(
        "Different widths",
        [None, *range(1, swept)],
        format_func=lambda most: "Any number" if most is None else f"At most {most}",
        placeholder="Any number",
        key=key,
        on_change=_set,
        args=(key, lambda demands, most: replace(demands, max_widths=most)),
        help="Widths of quantised weights in the whole recipe; float does not count.",
    )


def _forbidden(demands: Demands, result: Sensitivities) -> None:
    key, swept = "more_forbidden", result.bits("weight")
    if not swept:
        return
    st.session_state[key] = [width for width in demands.forbidden if width in swept]
    st.multiselect(
        "Forbidden widths",
        swept,
        key=key,
        placeholder="None",
        on_change=_set,
        args=(key, lambda demands, bits: replace(demands, forbidden=tuple(sorted(bits)))),
        help="No layer's weights may take them, locked layers included.",
    )


def _change_bytes(demands: Demands) -> None:
    key = "more_change_bytes"
    st.session_state[key] = demands.change_bytes or None
    st.number_input(
        "Bytes a change of width",
        0,
        step=16,
        key=key,
        placeholder="Free",
        on_change=_set,
        args=(key, lambda demands, cost: replace(demands, change_bytes=int(cost or 0))),
        help=_CHANGES,
    )


def _change_ms(demands: Demands) -> None:
    key = "more_change_ms"
    st.session_state[key] = demands.change_ms or None
    st.number_input(
        "Time a change of width (ms)",
        0.0,
        step=0.01,
        format="%.4f",
        key=key,
        placeholder="Free",
        on_change=_set,
        args=(key, lambda demands, cost: replace(demands, change_ms=float(cost or 0.0))),
        help=_CHANGES,
    )


def _set(key: str, how: Callable[[Demands, Any], Demands]) -> None:
    value = st.session_state[key]
    solve_with(lambda demands: how(demands, value))
