"""Attention heads of a sweep's model: what each would cost alone, estimated when asked."""

from collections.abc import Sequence

import streamlit as st

from analysis.charts.heads import PARTS, head_heatmap
from analysis.errors import AnalysisError
from analysis.quant.spec import WEIGHT_SPEC
from analysis.runs.compute import Known
from analysis.sensitivity.heads.names import attention_layers
from analysis.sensitivity.heads.values import HeadScores, Part
from analysis.sensitivity.points import Sensitivities
from pages.ui import answers, reads
from pages.ui.checks import one_of
from pages.ui.controls import plot
from pages.ui.places import go
from pages.ui.text import percent, plain, samples_text

HEADS = "heads"
"""Parameter of the address: the width at which the heads are scored."""

_BITS = "heads_bits"
_USUAL = 4


def has_heads(result: Sensitivities) -> bool:
    """Whether the layers' names look like attention."""
    return bool(attention_layers(result.layers))


def head_view(run: str, result: Sensitivities) -> None:
    """Ask for the scores of the heads at one width, and show them."""
    widths = result.bits("weight") or (_USUAL,)
    asked = st.query_params.get(HEADS, "")
    bits = int(asked) if asked in map(str, widths) else None
    nearest = min(widths, key=lambda width: (abs(width - _USUAL), width))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = one_of(
            "width",
            st.selectbox("Bits", widths, index=widths.index(bits or nearest), key=_BITS, width=96),
            widths,
        )
        if st.button("Score every head", icon=":material/grid_view:", key="score_heads"):
            st.query_params[HEADS] = str(chosen)
            bits = chosen
    if bits is None:
        st.caption(
            "Each head's slice of the projections of queries, keys, values and output is a weight "
            "of its own. One sketch on a few hundred sweep samples estimates what each would cost "
            "alone; for a large language model it takes up to half a minute."
        )
        return
    known = Known(reads.job(run).source, result.setup.fingerprint, "")
    try:
        scores = answers.heads(known, WEIGHT_SPEC.with_bits(bits).label)
    except AnalysisError as error:
        st.warning(plain(str(error)))
        return
    _show(run, scores)


def _show(run: str, scores: HeadScores) -> None:
    part = _part(scores.parts)

    def clicked(cell: Sequence[object]) -> None:
        row = next(row for row in scores.rows if (row.attention, row.part) == (cell[0], part))
        go("layers", run=run, layer=row.layer, spec=scores.label)

    figure = reads.drawn(
        ("heads", *reads.version(run), scores.label, part), lambda: head_heatmap(scores, part)
    )
    plot(figure, key=f"heads_{part}", on_select=clicked)
    st.caption(_words(scores))
    for sentence in scores.left_out:
        st.caption(plain(sentence))


def _part(parts: Sequence[Part]) -> Part:
    chosen = st.segmented_control(
        "Projection",
        parts,
        default=parts[0],
        required=True,
        format_func=lambda part: PARTS[part].capitalize(),
        key="heads_part",
    )
    return one_of("projection", chosen, parts)


def _words(scores: HeadScores) -> str:
    seen = samples_text(scores.samples, "sweep")
    part = "" if scores.samples == scores.total else f" of {scores.total:,}"
    return (
        "What to expect when only this slice of the weight is quantised: second-order estimates "
        f"from {seen}{part}, not measurements, each with a standard error of about "
        f"{percent(scores.error, 0)}. {scores.label}: scales of the whole layer. Where keys and "
        "values are shared by several heads, they have fewer. Click a head to see its layer."
    )
