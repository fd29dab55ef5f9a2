"""Specs that differ in nothing but their width: one line of a figure."""

from collections.abc import Sequence

from analysis.quant.spec import QuantSpec
from analysis.quant.stats import SpecEffect


def families(effects: Sequence[SpecEffect]) -> dict[str, tuple[SpecEffect, ...]]:
    """Effects of specs that differ in nothing but their width, ascending; the key names them."""
    found: dict[str, list[SpecEffect]] = {}
    for effect in effects:
        found.setdefault(_family(effect.spec), []).append(effect)
    return {
        name: tuple(sorted(rows, key=lambda row: row.spec.bits)) for name, rows in found.items()
    }


def _family(spec: QuantSpec) -> str:
    """The label without the width, where the format comes in several."""
    first, *rest = spec.label.split(" ")
    several = first in (f"int{spec.bits}", f"fixed{spec.bits}")
    return " ".join([first.removesuffix(str(spec.bits)) if several else first, *rest])
