"""One layer's input, large: numbers, histogram with the grid of a spec, errors, channels."""

from collections.abc import Sequence

import streamlit as st

from analysis.charts.channels import input_channel_ranges
from analysis.charts.errors import error_histogram
from analysis.charts.histogram import spec_curve, tensor_histogram
from analysis.profiles import Inspection, LayerProfile
from analysis.quant.spec import QuantSpec
from analysis.trials import SpecLook
from pages.ui import answers, layer_findings, layer_strip, reads
from pages.ui.controls import plot
from pages.ui.layer_detail import MANY_ZEROS, card, title
from pages.ui.layer_sides import Side, sides_of
from pages.ui.tensor_numbers import tensor_numbers
from pages.ui.text import (
    count_text,
    number_text,
    plain,
    samples_text,
)

_NOT_OFFERED = "This server does not offer the workload, so this was not computed."


def show(found: Inspection, name: str, specs: tuple[QuantSpec, ...], source: str) -> None:
    """The input of the layer of that name at one spec, or at two."""
    names = [layer.name for layer in found.layers]
    place = names.index(name)
    profile = found.profiles[place]
    title(profile, names, place)
    if profile.activation is None or profile.activation_stats is None:
        st.caption(
            "The input was not seen: the weight is used functionally, so its module never runs, "
            "or what comes in are indices. It stays as it is; choose Weights above."
        )
        return
    known = answers.known_layer(source, found, name)
    sides = sides_of(profile, specs, known, "activation")
    key = (found.fingerprint, name, "input")
    for side in sides:
        tensor_numbers(profile.activation_stats, side, "activation")
    findings = st.container(key="input_findings")
    with st.grid(2, min_column_width=270, gap="small"):
        for side in sides:
            with card():
                _histogram(profile, side, key, found.samples.calibration)
        errors, channels = card(), card()
        with card():
            st.subheader("Other specs", anchor=False)
            st.caption("What each family of specs makes of this input, by width.")
            figure = reads.drawn(("specs", *key), lambda: spec_curve(profile, target="activation"))
            plot(figure, key="spec_curve")
    with findings:
        layer_findings.show_input(found, place, sides[0], known)
    # What the compute process must be asked for comes last: the rest is on screen by then.
    looks = [answers.tried(known, "activation", side.spec.label) for side in sides]
    with errors:
        _errors(looks, key)
    with channels:
        _channels(looks[0], key, found.samples.calibration)
    layer_strip.show(known, sides[0], "activation")


def _histogram(profile: LayerProfile, side: Side, key: tuple[str, ...], samples: int) -> None:
    seen, stats = profile.activation, profile.activation_stats
    assert seen is not None and stats is not None
    st.subheader(f"{side.title}Input", anchor=False)
    st.caption(
        f"From {number_text(stats.minimum)} to {number_text(stats.maximum)} on "
        f"{samples_text(samples, 'calibration')}. Lines: what the codes can represent."
    )
    figure = reads.drawn(
        (*key, side.effect.spec.label if side.effect else None),
        lambda: tensor_histogram(
            seen, stats, side.effect, kind="activation", log_counts=stats.zeros > MANY_ZEROS
        ),
    )
    plot(figure, key=f"input_histogram{side.name}")


def _errors(looks: Sequence[SpecLook | str | None], key: tuple[str, ...]) -> None:
    st.subheader("Errors", anchor=False)
    known = [look for look in looks if isinstance(look, SpecLook)]
    if not known:
        said = next((look for look in looks if isinstance(look, str)), _NOT_OFFERED)
        st.caption(plain(said))
        return
    st.caption(
        f"What quantising adds to each value, on {count_text(known[0].values)} values of a few "
        "calibration samples; zeros, which stay zero, are left out."
    )
    labels = [look.effect.spec.label for look in known]
    plot(reads.drawn(("errors", *key, *labels), lambda: error_histogram(known)), key="errors")


def _channels(look: SpecLook | str | None, key: tuple[str, ...], samples: int) -> None:
    st.subheader("Channels", anchor=False)
    extremes = look.channels if isinstance(look, SpecLook) else None
    if not isinstance(look, SpecLook) or extremes is None:
        st.caption(plain(look) if isinstance(look, str) else _NOT_OFFERED)
        return
    st.caption(
        f"Range of each input channel on {samples_text(samples, 'calibration')}. One scale serves "
        "them all, so a wide channel costs the others bits."
    )
    scale = look.scales[0]
    figure = reads.drawn(
        ("channels", *key, look.effect.spec.label),
        lambda: input_channel_ranges(extremes, scale),
    )
    plot(figure, key="channel_ranges")
