"""One layer, large: its numbers, its histograms with the grid of a spec, its channels."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.charts.channels import channel_ranges
from analysis.charts.errors import error_histogram
from analysis.charts.histogram import spec_curve, tensor_histogram
from analysis.diagnosis.case import dead_channels
from analysis.profiles import Inspection, LayerProfile
from analysis.quant.spec import PerTensor, QuantSpec
from analysis.quant.stats import SpecEffect
from analysis.runs.compute import Known
from analysis.trials import SpecLook
from pages.ui import answers, layer_findings, layer_strip, reads
from pages.ui.controls import plot
from pages.ui.layer_frames import effect_at
from pages.ui.layer_lookups import looked_up, lookups_fact, unseen_input
from pages.ui.layer_sides import Side, sides_of
from pages.ui.spec_menu import nearest
from pages.ui.spec_parts import input_spec
from pages.ui.tensor_numbers import tensor_numbers
from pages.ui.text import (
    count_text,
    decibel_text,
    number_text,
    percent,
    plain,
    samples_text,
    shape_text,
)

MANY_ZEROS = 0.2
"""Above this share of zeros, as after a ReLU, one bar would hide all others: log counts."""


def show(found: Inspection, name: str, specs: tuple[QuantSpec, ...], source: str) -> None:
    """The layer of that name with all that is known of it at one spec, or at two."""
    names = [layer.name for layer in found.layers]
    place = names.index(name)
    profile = found.profiles[place]
    known = answers.known_layer(source, found, name)
    title(profile, names, place)
    sides = sides_of(profile, specs, known)
    for side in sides:
        tensor_numbers(profile.weight_stats, side, "weight")
        looked_up(side.effect)
    findings = st.container(key="layer_findings")
    key = (found.fingerprint, name)
    with st.grid(2, min_column_width=270, gap="small"):
        for side in sides:
            with card():
                _weights(profile, side, key)
        errors = card()
        channels = card()
        with card():
            seen = _input(found, profile, sides[0].spec, known, key)
        others = card() if len(sides) > 1 else None
    with others or card():
        _specs(profile, key)
    with findings:
        layer_findings.show(found, place, sides[0], seen, known)
    # What the compute process must be asked for comes last: the rest is on screen by then.
    looks = [answers.tried(known, "weight", side.spec.label) for side in sides]
    with errors:
        _errors(looks, key)
    with channels:
        _channels(profile, looks[0], key)
    layer_strip.show(known, sides[0], "weight")


def card() -> DeltaGenerator:
    """A frame for one figure; those of a row have one height."""
    return st.container(border=True, height="stretch", gap="xsmall")


def title(profile: LayerProfile, names: list[str], place: int) -> None:
    """The layer's name and facts, and the way to its neighbours."""
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
    if profile.lookups is not None:
        facts.append(lookups_fact(profile.lookups))
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


def _weights(profile: LayerProfile, side: Side, key: tuple[str, str]) -> None:
    stats, effect = profile.weight_stats, side.effect
    st.subheader(f"{side.title}Weights", anchor=False)
    words = f"From {number_text(stats.minimum)} to {number_text(stats.maximum)}."
    if stats.constant:
        words = "All weights of this layer are equal: any width represents them exactly."
    elif effect is not None:
        words += " Lines: what the codes can represent"
        words += (
            "." if isinstance(side.spec.granularity, PerTensor) else ", for the widest channel."
        )
    st.caption(words)
    label = effect.spec.label if effect else None
    figure = reads.drawn(
        ("weights", *key, label),
        lambda: tensor_histogram(profile.weight, stats, effect, kind="weight"),
    )
    plot(figure, key=f"weight_histogram{side.name}")


def _errors(looks: Sequence[SpecLook | str | None], key: tuple[str, str]) -> None:
    st.subheader("Errors", anchor=False)
    known = [look for look in looks if isinstance(look, SpecLook)]
    if not known:
        said = next((look for look in looks if isinstance(look, str)), None)
        st.caption(
            plain(said)
            if said is not None
            else "This server does not offer the workload, so the errors were not computed."
        )
        return
    first = known[0]
    words = "What quantising adds to each weight."
    if first.values < first.total:
        words += f" Of {count_text(first.values)} of the weights, in evenly spaced channels."
    st.caption(words)
    labels = [look.effect.spec.label for look in known]
    plot(reads.drawn(("errors", *key, *labels), lambda: error_histogram(known)), key="errors")


def _input(
    found: Inspection,
    profile: LayerProfile,
    spec: QuantSpec,
    known: Known | None,
    key: tuple[str, str],
) -> SpecEffect | None:
    """The input with the grid of the same format; returns what that does to it."""
    st.subheader("Input", anchor=False)
    seen, stats = profile.activation, profile.activation_stats
    if seen is None or stats is None:
        st.caption(unseen_input(profile))
        return None
    effect = _input_effect(profile, spec, known)
    words = f"On {samples_text(found.samples.calibration, 'calibration')}"
    words += f", {percent(stats.zeros, 0)} zeros"
    if effect is not None:
        words += f"; {plain(effect.spec.label)}: SQNR {decibel_text(effect.sqnr_db)}"
        words += f", {percent(effect.clipped, 2)} clipped"
    st.caption(f"{words}.")
    figure = reads.drawn(
        ("input", *key, effect.spec.label if effect else None),
        lambda: tensor_histogram(
            seen, stats, effect, kind="activation", log_counts=stats.zeros > MANY_ZEROS
        ),
    )
    plot(figure, key="input_histogram")
    return effect


def _input_effect(profile: LayerProfile, spec: QuantSpec, known: Known | None) -> SpecEffect | None:
    """What the same format does to the input, or else the nearest that was tried."""
    wanted = input_spec(spec)
    effect = effect_at(profile.activation_effects, wanted) if wanted is not None else None
    if effect is None and wanted is not None:
        answer = answers.tried(known, "activation", wanted.label)
        effect = answer.effect if isinstance(answer, SpecLook) else None
    menu = [tried.spec for tried in profile.activation_effects]
    if effect is None and menu:
        effect = effect_at(profile.activation_effects, nearest(menu, wanted or spec))
    return effect


def _channels(profile: LayerProfile, look: SpecLook | str | None, key: tuple[str, str]) -> None:
    st.subheader("Channels", anchor=False)
    dead = dead_channels(profile)
    words = "A per-tensor scale serves the widest channel; the narrow ones lose precision."
    if dead:
        words += f" {dead} of {len(profile.channel_min)} channels are dead: all weights equal."
    st.caption(words)
    scales = look.scales if isinstance(look, SpecLook) else ()
    label = look.effect.spec.label if isinstance(look, SpecLook) else None
    figure = reads.drawn(("channels", *key, label), lambda: channel_ranges(profile, scales))
    plot(figure, key="channel_ranges")


def _specs(profile: LayerProfile, key: tuple[str, str]) -> None:
    st.subheader("Other specs", anchor=False)
    st.caption("What each family of specs makes of these weights, by width.")
    plot(reads.drawn(("specs", *key), lambda: spec_curve(profile)), key="spec_curve")
