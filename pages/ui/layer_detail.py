"""One layer, large: its numbers, its histograms with the grid of a spec, its channels."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.charts.histogram import channel_ranges, spec_curve, tensor_histogram
from analysis.profiles import Inspection, LayerProfile
from analysis.quant.spec import QuantSpec
from analysis.quant.stats import SpecEffect
from pages.ui import reads
from pages.ui.controls import plot
from pages.ui.layer_frames import effect_at
from pages.ui.spec_menu import nearest
from pages.ui.text import (
    count_text,
    decibel_text,
    fixed_text,
    number_text,
    percent,
    plain,
    samples_text,
    shape_text,
)

MANY_ZEROS = 0.2
"""Above this share of zeros, as after a ReLU, one bar would hide all others: log counts."""


def show(found: Inspection, name: str, spec: QuantSpec) -> None:
    """The layer of that name with all that is known of it at this spec."""
    names = [layer.name for layer in found.layers]
    place = names.index(name)
    profile = found.profiles[place]
    _title(profile, names, place)
    effect = effect_at(profile.effects, spec)
    _numbers(profile, effect)
    key = (found.fingerprint, name)
    with st.grid(2, min_column_width=270, gap="small"):
        with _card():
            _weights(profile, effect, key)
        with _card():
            _input(found, profile, spec, key)
        with _card():
            _channels(profile, key)
        with _card():
            _specs(profile, key)


def _card() -> DeltaGenerator:
    return st.container(border=True, height="stretch", gap="xsmall")


def _title(profile: LayerProfile, names: list[str], place: int) -> None:
    layer = profile.layer
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.header(plain(layer.name), anchor=False, width="content")
        with st.container(horizontal=True, gap="small", width="content"):
            _step("Previous", "p", "arrow_back", names, place - 1)
            _step("Next", "n", "arrow_forward", names, place + 1)
    facts = [
        f"Layer {place + 1} of {len(names)}",
        f"{layer.kind} {shape_text(layer.weight_shape)}",
        f"{count_text(layer.parameters)} weights",
        f"{count_text(layer.macs)} MACs",
    ]
    if layer.folded is not None:
        facts.append(f"with {plain(layer.folded)} folded in")
    if layer.tied:
        facts.append(f"tied with {plain(', '.join(layer.tied))}")
    st.caption(" · ".join(facts))


def _step(label: str, shortcut: str, icon: str, names: list[str], place: int) -> None:
    """A button to a neighbour, with a key; at the ends of the network it rests."""

    def step() -> None:
        st.query_params["layer"] = names[place]

    st.button(
        label,
        key=f"layer_{label.lower()}",
        icon=f":material/{icon}:",
        shortcut=shortcut,
        on_click=step,
        disabled=not 0 <= place < len(names),
    )


def _numbers(profile: LayerProfile, effect: SpecEffect | None) -> None:
    stats = profile.weight_stats
    figures = [
        ("Zeros", percent(stats.zeros), "Share of exact zeros among the weights."),
        (
            "Kurtosis",
            fixed_text(stats.kurtosis, 1),
            "Excess kurtosis of the weights: 0 for a normal distribution, more for heavy tails.",
        ),
        ("Outliers", percent(stats.outliers, 2), "Weights beyond 4 standard deviations."),
    ]
    if effect is not None:
        figures = [
            (
                "SQNR",
                decibel_text(effect.sqnr_db),
                "Signal to quantisation noise of the weights at the chosen spec, over the whole "
                "tensor; higher is better, 6 dB are one bit.",
            ),
            (
                "Clipped",
                percent(effect.clipped, 2),
                "Share of weights outside the range that the codes span.",
            ),
            *figures,
        ]
    with st.grid(5, min_column_width=108, gap="small"):
        for title, value, help_text in figures:
            st.metric(title, value, border=True, height="stretch", help=help_text)


def _weights(profile: LayerProfile, effect: SpecEffect | None, key: tuple[str, str]) -> None:
    stats = profile.weight_stats
    st.subheader("Weights", anchor=False)
    words = f"From {number_text(stats.minimum)} to {number_text(stats.maximum)}."
    if stats.constant:
        words = "All weights of this layer are equal: any width represents them exactly."
    elif effect is not None:
        words += " Lines: what the codes can represent, for the widest channel."
    st.caption(words)
    label = effect.spec.label if effect else None
    figure = reads.drawn(
        ("weights", *key, label),
        lambda: tensor_histogram(profile.weight, stats, effect, kind="weight"),
    )
    plot(figure, key="weight_histogram")


def _input(found: Inspection, profile: LayerProfile, spec: QuantSpec, key: tuple[str, str]) -> None:
    st.subheader("Input", anchor=False)
    seen, stats = profile.activation, profile.activation_stats
    if seen is None or stats is None:
        st.caption(
            "The input was not seen: this weight is used functionally, so its module never runs. "
            "Its weight can be quantised, its input cannot be observed."
        )
        return
    effects = profile.activation_effects
    menu = [effect.spec for effect in effects]
    effect = effect_at(effects, nearest(menu, spec)) if menu else None
    words = f"On {samples_text(found.samples.calibration, 'calibration')}"
    words += f", {percent(stats.zeros, 0)} zeros"
    if effect is not None:
        words += f"; SQNR {decibel_text(effect.sqnr_db)}, {percent(effect.clipped, 2)} clipped"
    st.caption(f"{words}.")
    figure = reads.drawn(
        ("input", *key, effect.spec.label if effect else None),
        lambda: tensor_histogram(
            seen, stats, effect, kind="activation", log_counts=stats.zeros > MANY_ZEROS
        ),
    )
    plot(figure, key="input_histogram")


def _channels(profile: LayerProfile, key: tuple[str, str]) -> None:
    st.subheader("Channels", anchor=False)
    st.caption("A per-tensor scale serves the widest channel; the narrow ones lose precision.")
    plot(reads.drawn(("channels", *key), lambda: channel_ranges(profile)), key="channel_ranges")


def _specs(profile: LayerProfile, key: tuple[str, str]) -> None:
    st.subheader("Other specs", anchor=False)
    st.caption("What each family of specs makes of these weights, by width.")
    plot(reads.drawn(("specs", *key), lambda: spec_curve(profile)), key="spec_curve")
