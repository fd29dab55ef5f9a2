"""What would happen: one width for a layer, a block or all layers, before it is applied."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from analysis.allocation.budget import Choice
from analysis.allocation.predict import share_of_loss, to_choice
from analysis.errors import AnalysisError, OptionError
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Sensitivities, Target
from pages.ui import draft as drafts
from pages.ui.calibrated import Expected, expected
from pages.ui.cards import Tone, card
from pages.ui.checks import one_of
from pages.ui.desk import Desk, change, recipe_of
from pages.ui.draft import Step
from pages.ui.scopes import ALL, scopes
from pages.ui.text import (
    SHARE_METRICS,
    bytes_text,
    drop_text,
    metric_title,
    number_text,
    points_text,
    signed_percent,
)

_SCOPE, _TARGET, _BITS = ("what_if_scope", "what_if_target", "what_if_bits")
_WORDS: dict[Target, str] = {"weight": "Weights", "activation": "Inputs"}


def what_if(desk: Desk, result: Sensitivities, choice: Choice) -> None:
    """Choose a part and a width, see the predicted change at once, apply it or not."""
    parts = scopes([layer.name for layer in result.layers])
    targets = [target for target in _WORDS if result.of(target)]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        part = st.selectbox(
            "Layer or block",
            list(parts),
            index=list(parts).index(share_of_loss(result, choice.recipe)[0][0]),
            format_func=lambda name: _title(name, parts[name]),
            key=_SCOPE,
            width=260,
        )
        target = targets[0]
        if len(targets) > 1:
            asked = st.segmented_control(
                "Of its",
                targets,
                default=target,
                required=True,
                format_func=lambda one: _WORDS[one],
                key=_TARGET,
            )
            target = one_of("target", asked, targets)
        widths = list(drafts.menu(result, target))
        bits = st.segmented_control(
            "Bits", widths, default=widths[-1], required=True, key=f"{_BITS}_{target}"
        )
    inside = parts[one_of("part", part, parts)]
    try:
        step = changed(result, desk.draft.now, inside, target, str(bits))
        other = to_choice(result, recipe_of(result, step, desk.name))
    except AnalysisError as error:
        st.warning(str(error), icon=":material/info:")
        return
    same = step.layers == desk.draft.now.layers
    _cards(desk, result, choice, other)
    st.caption("Predicted, not measured. Nothing changes before you apply it.")
    st.button(
        f"Apply to {_title(part, inside, start=False)}",
        icon=":material/check:",
        disabled=same,
        key="what_if_apply",
        on_click=change,
        args=(
            lambda desk, result: drafts.moved(
                desk.draft, changed(result, desk.draft.now, inside, target, str(bits))
            ),
        ),
        help="They have this width already." if same else "They are locked, as after an edit.",
    )


def changed(
    result: Sensitivities, step: Step, inside: Sequence[str], target: Target, option: str
) -> Step:
    """The step with these layers at one width, and locked.

    Raises:
        OptionError: the width was not measured on one of them.
    """
    layers = dict(step.layers)
    specs = drafts.specs_of(result, target, option)
    for name in inside:
        if option != drafts.FLOAT and name not in specs:
            raise OptionError(
                f"The sweep measured no {option:.20} bits for {name}; choose another width."
            )
        spec = None if option == drafts.FLOAT else specs[name]
        config = layers.get(name, LayerConfig())
        layers[name] = (
            replace(config, weight=spec) if target == "weight" else replace(config, activation=spec)
        )
    return replace(step, layers=layers, locked=step.locked | frozenset(inside))


def _title(name: str, inside: Sequence[str], *, start: bool = True) -> str:
    if name == ALL:
        return f"{'All' if start else 'all'} {len(inside)} layers"
    return name if len(inside) == 1 else f"{name} ({len(inside)} layers)"


def _cards(desk: Desk, result: Sensitivities, now: Choice, then: Choice) -> None:
    before, after = (expected(desk.run, result, one.recipe, one.predicted) for one in (now, then))
    saved = then.cost.weight_bytes - now.cost.weight_bytes
    with st.grid(3, min_column_width=120, gap="small"):
        card(
            "Δ bytes",
            _signed_bytes(saved),
            f"to {bytes_text(then.cost.weight_bytes)}",
            tone=_tone(saved),
            help=f"Change of the stored weights, scales and zero-points included: "
            f"{signed_percent(saved / now.cost.weight_bytes)}.",
        )
        gained = after.value - before.value
        card(
            "Δ divergence",
            _signed_number(gained),
            f"to {number_text(after.value)}",
            tone=_tone(gained),
            help=f"Change of the {after.words}; not measured.",
        )
        _drop_card(result, before, after)


def _drop_card(result: Sensitivities, before: Expected, after: Expected) -> None:
    metric = result.setup.metric
    if metric is None or before.drop is None or after.drop is None:
        return
    lost = after.drop - before.drop
    shown = points_text(-lost) if metric in SHARE_METRICS else _signed_number(lost)
    card(
        f"Δ {metric_title(metric)}",
        shown,
        f"to {drop_text(metric, after.drop)}",
        tone=_tone(lost),
        help="Change of the task metric, from the predicted divergence; below it what the recipe "
        "would lose against float.",
    )


def _tone(change: float) -> Tone:
    return "plain" if change == 0 else "bad" if change > 0 else "good"


def _signed_bytes(change: int) -> str:
    return ("+" if change > 0 else "−" if change < 0 else "") + bytes_text(abs(change))


def _signed_number(change: float) -> str:
    return ("+" if change > 0 else "−" if change < 0 else "") + number_text(abs(change))
