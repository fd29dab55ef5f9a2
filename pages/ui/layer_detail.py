"""One layer, large: its numbers, its histograms with the grid of a spec, its channels."""

import streamlit as st

from analysis.charts.histogram import channel_ranges, spec_curve, tensor_histogram
from analysis.profiles import Inspection, LayerProfile
from analysis.quant.spec import QuantSpec
from analysis.quant.stats import SpecEffect
from pages.ui import reads
from pages.ui.controls import plot
from pages.ui.layer_frames import effect_at
from pages.ui.spec_menu import nearest
from pages.ui.text import count_text, number_text, percent, plain, samples_text, shape_text


def show(found: Inspection, name: str, spec: QuantSpec) -> None:
    """The layer of that name with all that is known of it at this spec."""
    names = [layer.name for layer in found.layers]
    place = names.index(name)
    profile = found.profiles[place]
    _title(profile, names, place)
    effect = effect_at(profile.effects, spec)
    _numbers(profile, effect)
    key = (found.fingerprint, name)
    with st.container(border=True):
        _weights(profile, effect, key)
    with st.container(border=True):
        _input(found, profile, spec, key)
    _more(profile, key)


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
    with st.grid(5, min_column_width=112, gap="small"):
        if effect is not None:
            st.metric(
                "SQNR",
                f"{number_text(effect.sqnr_db)} dB",
                border=True,
                help="Signal to quantisation noise of the weights at the chosen spec, over the "
                "whole tensor; higher is better, 6 dB are one bit.",
            )
            st.metric(
                "Clipped",
                percent(effect.clipped, 2),
                border=True,
                help="Share of weights outside the range that the codes span.",
            )
        st.metric(
            "Range",
            f"{number_text(stats.minimum, 2)} … {number_text(stats.maximum, 2)}",
            border=True,
            help="Smallest and largest weight.",
        )
        st.metric("Zeros", percent(stats.zeros), border=True, help="Share of exact zeros.")
        st.metric(
            "Kurtosis",
            number_text(stats.kurtosis),
            border=True,
            help="Excess kurtosis of the weights, 0 for a normal distribution. "
            f"{percent(stats.outliers, 2)} lie beyond 4 standard deviations.",
        )


def _weights(profile: LayerProfile, effect: SpecEffect | None, key: tuple[str, str]) -> None:
    st.subheader("Weights", anchor=False)
    if profile.weight_stats.constant:
        st.caption("All weights of this layer are equal: any width represents them exactly.")
    label = effect.spec.label if effect else None
    if label is not None:
        st.caption(f"Lines: the values that {label} can represent, for the widest channel.")
    figure = reads.drawn(
        ("weights", *key, label),
        lambda: tensor_histogram(profile.weight, profile.weight_stats, effect, kind="weight"),
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
    words = f"Activations over {samples_text(found.samples.calibration, 'calibration')}"
    if effect is not None:
        words += (
            f" with the grid of {effect.spec.label}: SQNR {number_text(effect.sqnr_db)} dB, "
            f"{percent(effect.clipped, 2)} clipped"
        )
    st.caption(f"{words}. {percent(stats.zeros)} zeros.")
    figure = reads.drawn(
        ("input", *key, effect.spec.label if effect else None),
        lambda: tensor_histogram(seen, stats, effect, kind="activation"),
    )
    plot(figure, key="input_histogram")


def _more(profile: LayerProfile, key: tuple[str, str]) -> None:
    left, right = st.columns(2, gap="small")
    with left, st.container(border=True):
        st.subheader("Channels", anchor=False)
        st.caption("A channel far wider than the others costs all of them precision.")
        plot(reads.drawn(("channels", *key), lambda: channel_ranges(profile)), key="channel_ranges")
    with right, st.container(border=True):
        st.subheader("Specs", anchor=False)
        st.caption("What each family of specs makes of the weights, by width.")
        plot(reads.drawn(("specs", *key), lambda: spec_curve(profile)), key="spec_curve")
