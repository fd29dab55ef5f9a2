"""Blocks of a sweep that has ended: what each is expected to cost as a whole, and its layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.charts.block_heatmap import BlockInfo, block_heatmap, block_info, block_text
from analysis.sensitivity.blocks import Block, find_blocks
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.points import Sensitivities, Target
from pages.ui import reads
from pages.ui.cards import table_height
from pages.ui.controls import plot
from pages.ui.evidence import evidence_text
from pages.ui.live_sweep import TARGET_TITLES
from pages.ui.sweep_controls import BLOCK, Shown
from pages.ui.text import samples_text

_KEY = "sweep_block"


@dataclass(frozen=True, slots=True)
class ChosenBlock:
    """The block whose layers are shown, and the figures of all blocks."""

    layers: tuple[str, ...]
    infos: Mapping[Target, BlockInfo]


def block_maps(
    run: str, result: Sensitivities, blocks: Sequence[Block], shown: Shown
) -> ChosenBlock:
    """Draw the heat maps of blocks and the choice of one.

    Args:
        run: its id.
        result: of that run.
        blocks: all of them, layers that stand alone included.
        shown: what the user chose.
    """
    known = reads.interactions(run)
    infos = {
        target: _info(repr((*reads.version(run), target, shown.order)), run, result, target, shown)
        for target in shown.targets
    }
    several = {block.name: block.layers for block in blocks if not block.alone}
    chosen = _chosen(several, infos[shown.targets[0]])
    for target, info in infos.items():
        if len(infos) > 1:
            st.subheader(TARGET_TITLES[target], anchor=False)
        _map(run, info, target, chosen, several)
        st.caption(_words(result, target, known))
    _picker(list(several), chosen)
    return ChosenBlock(several[chosen], infos)


@st.cache_resource(show_spinner=False, max_entries=16)
def _info(key: str, _run: str, _result: Sensitivities, _target: Target, _shown: Shown) -> BlockInfo:
    blocks = find_blocks([layer.name for layer in _result.layers])
    return block_info(_result, _target, blocks, reads.interactions(_run), _shown.order)


def _chosen(several: dict[str, tuple[str, ...]], info: BlockInfo) -> str:
    """The block of the address, else the one that is worst anywhere."""
    asked = st.query_params.get(BLOCK)
    if asked in several:
        return str(asked)
    points = [point for _, _, point in info.grid.points if point.block in several]
    worst = max(points, key=lambda point: point.divergence, default=None)
    return next(iter(several)) if worst is None else worst.block


def _map(
    run: str, info: BlockInfo, target: Target, chosen: str, several: dict[str, tuple[str, ...]]
) -> None:
    order = tuple(info.grid.layers)
    figure = reads.drawn(
        ("blocks", *reads.version(run), target, order, chosen),
        lambda: block_heatmap(info, selected=chosen),
    )

    def clicked(cell: Sequence[object]) -> None:
        name = str(cell[0])
        if name in several and name != chosen:
            st.query_params[BLOCK] = name
            st.rerun()

    # a chart keeps its selection: with the block in its key, a later choice elsewhere stands
    plot(figure, key=f"sweep_blocks_{target}_{chosen}", on_select=clicked)


def _words(result: Sensitivities, target: Target, known: Interactions | None) -> str:
    """What the figures are, and what they rest on."""
    asked = sum(cell.target == target for cell in result.setup.cells)
    return (
        "What to expect when all layers of a block are at that width and everything else is in "
        f"float. {_made_of(known)} {evidence_text(result.of(target), asked)} "
        "Click a block to see its layers."
    )


def _made_of(known: Interactions | None) -> str:
    if known is None:
        return (
            "An estimate, not a measurement: the sum of its layers' own figures, because this run "
            "kept no output shifts that would tell how errors add up."
        )
    if known.weight == 0:
        return (
            "An estimate, not a measurement: the sum of its layers' own figures, because how "
            "errors add up cannot be told from noise here (correlation of two halves of the "
            f"samples {known.reliability:.2f})."
        )
    return (
        "An estimate, not a measurement: its layers' own figures, and what their errors add to "
        f"each other by their output shifts on {samples_text(known.samples, 'sweep')} "
        f"(correlation of two halves {known.reliability:.2f})."
    )


def _picker(names: Sequence[str], chosen: str) -> None:
    """The same choice for the keyboard."""

    def picked() -> None:
        st.query_params[BLOCK] = str(st.session_state[_KEY])

    st.session_state[_KEY] = chosen
    st.selectbox("Layers of block", names, key=_KEY, on_change=picked, width=320)


def block_table(info: BlockInfo, target: Target) -> None:
    """The heat map of blocks as a table."""
    names = info.grid.layers
    frame = pd.DataFrame(
        [[block_text(point) for point in row] for row in info.grid.rows],
        columns=[f"{bits} bits" for bits in info.grid.bits],
        index=pd.Index(names, name="block"),
    )
    st.dataframe(
        frame,
        key=f"sweep_block_table_{target}",
        height=table_height(len(names)),
        alt=f"Estimated divergence of each block and bit-width, {target}s",
    )
    paired = any(point is not None and point.pairs is not None for _, _, point in info.grid.points)
    st.caption(
        "≈ estimate of the whole block"
        + ("; in brackets its layers alone, and what their errors add." if paired else ".")
    )
