"""Average bits and bytes: what all layers at one width would take, scales included."""

from math import ceil, floor

from analysis.allocation.cells import swept_specs
from analysis.cost import weight_bytes
from analysis.errors import OptionError
from analysis.quant.spec import MAX_BITS, MIN_BITS, FixedPointFormat, IntFormat
from analysis.sensitivity.points import Sensitivities


def bytes_at(result: Sensitivities, bits: float) -> int:
    """Bytes of every layer at this width, in the sweep's first family; fractions interpolate.

    Raises:
        OptionError: the width is outside 2 to 16, or no weights were swept.
    """
    if not MIN_BITS <= bits <= MAX_BITS:
        raise OptionError(
            f"Average bits must lie between {MIN_BITS} and {MAX_BITS}, not {bits:g}; "
            "choose a width in that range."
        )
    below, above = _at(result, floor(bits)), _at(result, ceil(bits))
    return floor(below + (bits - floor(bits)) * (above - below))


def bits_for(result: Sensitivities, stored: float) -> float | None:
    """The smallest average, in hundredths of a bit, that allows so many bytes; None above 16 bits.

    Raises:
        OptionError: no weights were swept.
    """
    hundredths = range(100 * MIN_BITS, 100 * MAX_BITS + 1)
    low, high = 0, len(hundredths)
    while low < high:
        middle = (low + high) // 2
        if bytes_at(result, hundredths[middle] / 100) >= stored:
            high = middle
        else:
            low = middle + 1
    return hundredths[low] / 100 if low < len(hundredths) else None


def _at(result: Sensitivities, bits: int) -> int:
    specs = swept_specs(result, "weight")
    if not specs:
        raise OptionError(
            "Average bits need a sweep of weights, and this one has only activations; "
            "limit the BOPs instead."
        )
    sized = [spec for spec in specs if isinstance(spec.format, IntFormat | FixedPointFormat)]
    plain = (sized or specs)[0].without_bias_correction().with_bits(bits)
    return sum(weight_bytes(layer, plain) for layer in result.layers)
