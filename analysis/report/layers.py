"""The recipe layer by layer: bits along the network, the heat map, the table."""

from collections.abc import Iterator, Sequence

from analysis.charts.heatmap import TARGETS, heatmap_info
from analysis.charts.numerals import SPACE, bytes_text, range_text, sentence_case, short
from analysis.charts.strip import strip_rows
from analysis.cost import weight_bytes
from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig, Recipe
from analysis.report.markup import Cell, Html, joined, table, tag
from analysis.report.svg import bits_row, colour_key, heatmap_pieces
from analysis.sensitivity.points import Sensitivities, SweepPoint, Target


def bits_section(layers: Sequence[Layer], recipe: Recipe) -> Html:
    """The widths from input to output, and how many weights live at each."""
    rows = strip_rows(layers, recipe)
    pictures = [bits_row(TARGETS[target], widths) for target, widths in rows.items()]
    total = sum(layer.parameters for layer in layers)
    widths = rows["weight"]
    held = [
        tag("li", *_share(width, layers, widths, total))
        for width in sorted(set(widths), key=lambda bits: 99 if bits is None else bits)
    ]
    return joined(
        [tag("h2", "Bits along the network"), *pictures, tag("ul", joined(held), kind="bits")]
    )


def _share(
    width: int | None, layers: Sequence[Layer], widths: Sequence[int | None], total: int
) -> tuple[Html, str]:
    here = [layer for layer, bits in zip(layers, widths, strict=True) if bits == width]
    weights = sum(layer.parameters for layer in here)
    share = 100 * weights / total if total else 0.0
    noun = "layer" if len(here) == 1 else "layers"
    return _swatch(width), f" {len(here)} {noun}, {share:.0f}{SPACE}% of the weights"


def _swatch(bits: int | None) -> Html:
    return tag("span", _word(bits), kind=f"q{bits or 0}")


def _word(bits: int | None) -> str:
    return "float" if bits is None else str(bits)


def heatmap_section(result: Sensitivities) -> Html:
    """Where it hurts: one heat map for each target that was swept."""
    targets: tuple[Target, ...] = ("weight", "activation")
    asked = {cell.target for cell in result.setup.cells}
    return joined(part for target in targets if target in asked for part in _map(result, target))


def _map(result: Sensitivities, target: Target) -> Iterator[Html]:
    info = heatmap_info(result, target=target)
    missing = len(info.grid.layers) * len(info.grid.bits) - info.grid.count
    note = (
        f"{sentence_case(info.read.title)} when only the {TARGETS[target]} of that layer are "
        f"quantised, on {result.setup.samples:,} sweep samples; bright is worse, colours are "
        "logarithmic."
    )
    if missing:
        note += f" {missing:,} cells are empty: they were not measured."
    yield tag("h2", f"Where it hurts: {TARGETS[target]}")
    yield tag("p", note, kind="soft")
    yield colour_key(info)
    yield from heatmap_pieces(info)


def layer_table(result: Sensitivities, recipe: Recipe) -> Html:
    """Every layer with what the recipe does to it, and what that costs when done alone."""
    points = {(p.layer, p.target, p.label): p for p in result.points}
    configs = [recipe.layers.get(layer.name, LayerConfig()) for layer in result.layers]
    inputs = any(config.activation for config in configs)
    rows = [
        _layer_row(layer, config, points, inputs=inputs)
        for layer, config in zip(result.layers, configs, strict=True)
    ]
    widths = ["W", "A"] if inputs else ["W"]
    headers = ["layer", "kind", "weights", *widths, "stored", "divergence alone", "95 % interval"]
    caption = (
        f"W: bits of the weight{', A: of the input' if inputs else ''}. The divergence is that of "
        f"the weight quantised alone, on {result.setup.samples:,} sweep samples."
    )
    return joined([tag("h2", "Layer by layer"), table(headers, rows, caption=caption)])


Points = dict[tuple[str, Target, str], SweepPoint]


def _layer_row(layer: Layer, config: LayerConfig, points: Points, *, inputs: bool) -> list[str]:
    spec = config.weight
    point = points.get((layer.name, "weight", spec.label)) if spec is not None else None
    alone = ("–", "–") if point is None else (short(point.divergence), _interval(point))
    shown = [spec, config.activation] if inputs else [spec]
    return [
        layer.name,
        layer.kind,
        f"{layer.parameters:,}",
        *map(_bits_cell, shown),
        bytes_text(weight_bytes(layer, spec)),
        *alone,
    ]


def _bits_cell(spec: QuantSpec | None) -> Cell:
    bits = None if spec is None else spec.bits
    return Cell(tag("td", _word(bits), kind=f"q{bits or 0}"))


def _interval(point: SweepPoint) -> str:
    return range_text(point.low, point.high)
