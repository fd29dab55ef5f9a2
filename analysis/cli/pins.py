"""`--pin LAYER=BITS`: decided layers, as a person types them."""

from collections.abc import Sequence

from analysis.allocation.cells import swept_specs
from analysis.allocation.constraints import Constraints, Forbidden
from analysis.errors import OptionError
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Sensitivities, Target


def read_constraints(
    result: Sensitivities, pins: Sequence[str], max_widths: int | None
) -> Constraints:
    """The constraints of a command line.

    Args:
        result: the sweep; its specs give the widths their meaning.
        pins: each ``LAYER=BITS`` (weights; swept inputs stay open, and so do several ways of that
            width), ``LAYER=BITS/BITS`` (weights and inputs) or ``LAYER=float``.
        max_widths: most different widths of weights.

    Raises:
        OptionError: a pin of another form, of an unknown layer or of a width that was not swept.
    """
    pinned: dict[str, LayerConfig] = {}
    forbidden: list[Forbidden] = []
    told: dict[str, str] = {}
    swept = swept_specs(result, "activation")
    for text in pins:
        name, equals, widths = text.rpartition("=")
        weight, slash, activation = widths.partition("/")
        if not equals or name not in {layer.name for layer in result.layers}:
            raise OptionError(
                "A pin reads LAYER=BITS, LAYER=BITS/BITS or LAYER=float with a layer of "
                f"{result.setup.workload!r}, not {text!r:.80}; 'quantscope layers' lists them."
            )
        if told.setdefault(name, widths) != widths:
            raise OptionError(
                f"A layer is pinned once, and {name!r} is pinned to {told[name]!r:.40} and "
                f"{widths!r:.40}; take one of the two back."
            )
        if widths == "float":
            pinned[name] = LayerConfig()
        elif slash or not (swept or _several(result, name, weight)):
            inputs = _spec(result, name, "activation", activation, text) if slash else None
            pinned[name] = LayerConfig(_spec(result, name, "weight", weight, text), inputs)
        else:
            kept = _spec(result, name, "weight", weight, text).bits
            others = {spec.bits for spec in swept_specs(result, "weight")} - {kept}
            forbidden.append(Forbidden(name, tuple(sorted(others)), pin=True))
    return Constraints(pinned=pinned, forbidden=tuple(forbidden), max_widths=max_widths)


def _several(result: Sensitivities, name: str, width: str) -> bool:
    """Whether the layer's weight was swept in several ways at that width."""
    cells = {c for c in result.setup.cells if (c.layer, c.target) == (name, "weight")}
    return sum(str(cell.spec.bits) == width for cell in cells) > 1


def _spec(result: Sensitivities, name: str, target: Target, width: str, text: str) -> QuantSpec:
    """The spec of that width that was swept on the layer."""
    cells = (cell for cell in result.setup.cells if (cell.layer, cell.target) == (name, target))
    specs = tuple(sorted((cell.spec for cell in cells), key=lambda spec: spec.bits))
    found = [spec for spec in specs if str(spec.bits) == width]
    if not found:
        known = ", ".join(str(bits) for bits in dict.fromkeys(spec.bits for spec in specs))
        raise OptionError(
            f"A pin takes a swept width of the {target}s ({known or 'none'}), not {width!r:.20} "
            f"in {text!r:.80}; choose one of these, or float."
        )
    return found[0]
