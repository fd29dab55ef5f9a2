"""Short names for the specs of a sweep, each for one spec of a layer."""

from collections import Counter
from collections.abc import Iterable, Mapping

from analysis.quant.spec import QuantSpec
from analysis.sensitivity.points import Cell


def option_names(cells: Iterable[Cell]) -> Mapping[str, str]:
    """Label of each spec to the shortest name that tells it from the others of its tensor.

    The width alone (``4``) where no tensor was swept in two ways at that width; else the format
    (``int8 sym``, ``fp8-e4m3``); else format and granularity; else the whole label. Names are in
    the order of width, then of label.

    Args:
        cells: of one target.
    """
    labels: dict[str, set[str]] = {}
    for cell in cells:
        labels.setdefault(cell.layer, set()).add(cell.label)
    specs = {label: QuantSpec.parse(label) for taken in labels.values() for label in taken}
    ways = [
        {label: str(spec.bits) for label, spec in specs.items()},
        {label: spec.format.label for label, spec in specs.items()},
        {label: spec.kernel for label, spec in specs.items()},
    ]
    crowded = [_shared(labels.values(), names) for names in ways]
    order = sorted(specs, key=lambda label: (specs[label].bits, label))
    return {
        label: next(
            (
                names[label]
                for names, twice in zip(ways, crowded, strict=True)
                if names[label] not in twice
            ),
            label,
        )
        for label in order
    }


def _shared(tensors: Iterable[set[str]], names: Mapping[str, str]) -> set[str]:
    """Names that two labels of one tensor would have."""
    counts = (Counter(names[label] for label in taken) for taken in tensors)
    return {name for count in counts for name, times in count.items() if times > 1}
