"""Where the bytes are: stored weights as areas, bits as colours and as text."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from analysis.charts.bits_legend import bits_legend
from analysis.charts.frame import framed
from analysis.charts.numerals import bits_text, bytes_text
from analysis.charts.palette import CLEAR, bits_colour, ink_on
from analysis.charts.rows import shortened
from analysis.cost import weight_bytes
from analysis.layers import Layer
from analysis.recipe import LayerConfig, Recipe


def recipe_treemap(layers: Sequence[Layer], recipe: Recipe) -> go.Figure:
    """Stored bytes as areas, bits as colours and as text.

    A click's point has no `customdata` (streamlit leaves it out here); its `id` is the layer.
    """
    specs = [recipe.layers.get(layer.name, LayerConfig()).weight for layer in layers]
    sizes = [weight_bytes(layer, spec) for layer, spec in zip(layers, specs, strict=True)]
    widths = [None if spec is None else spec.bits for spec in specs]
    fills = [bits_colour(width) for width in widths]
    cells = go.Treemap(
        ids=[layer.name for layer in layers],
        labels=[escape(shortened(layer.name)) for layer in layers],
        parents=[""] * len(layers),
        values=sizes,
        text=[bits_text(width) for width in widths],
        hovertext=[bytes_text(size) for size in sizes],
        texttemplate="<b>%{label}</b><br>%{text}",
        hovertemplate="<b>%{label}</b><br>%{text}, %{hovertext}<br>"
        "%{percentRoot:.1%} of the stored weights<extra></extra>",
        marker={
            "colors": fills,
            "line": {"width": 1, "color": CLEAR},
            "pad": {"t": 0, "l": 0, "r": 0, "b": 0},
        },
        textfont={"color": [ink_on(fill) for fill in fills], "size": 12},
        tiling={"pad": 1},
        pathbar={"visible": False},
        sort=True,
    )
    total = sum(sizes)
    figure = framed([cells], height=360, alt=_treemap_alt(layers, sizes, widths, total), top=34)
    figure.update_layout(uniformtext={"minsize": 10, "mode": "hide"})
    return figure.add_annotation(**bits_legend(widths))


def _treemap_alt(
    layers: Sequence[Layer], sizes: Sequence[int], widths: Sequence[int | None], total: int
) -> str:
    if not layers:
        return "Treemap of stored weights; the model has no layer."
    place = max(range(len(layers)), key=lambda index: sizes[index])
    return (
        f"Treemap of {bytes_text(total)} of stored weights in {len(layers)} layers; the largest is "
        f"{layers[place].name} with {bytes_text(sizes[place])} at {bits_text(widths[place])}."
    )
