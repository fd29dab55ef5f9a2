"""Colours: cividis for magnitude, Okabe-Ito for categories, orange to blue for bits.

All of them read on a light and on a dark page, and for colour-blind eyes; text on a coloured
cell takes the colour that `ink_on` says. Colour never stands alone: numbers are printed too.
"""

from itertools import pairwise

from plotly.colors import sequential

CIVIDIS: tuple[str, ...] = tuple(sequential.Cividis)
"""Dark blue to yellow (Nuñez, Anderton and Renslow, PLoS ONE 2018, 0199239)."""

CATEGORIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's set without black and yellow, which vanish on one of the two themes."""

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x")
ACCENT = "#D55E00"
NEUTRAL = "#868B94"
FAINT = "rgba(134,139,148,0.5)"
EMPTY = "rgba(134,139,148,0.12)"
CLEAR = "rgba(0,0,0,0)"

_BITS = {
    2: "#A33B00",
    3: "#DE690F",
    4: "#F3A43F",
    5: "#E7CC86",
    6: "#A5C8DE",
    8: "#4C92C6",
    16: "#1C5290",
}

DELTA = ("#0072B2", "#7FB4D6", "#B9BDC3", "#E8A06A", "#D55E00")
"""Better, equal, worse; the middle is a grey that shows on both themes."""


def bits_colour(bits: int | None) -> str:
    """Colour of a bit-width, few bits orange and many blue; grey for a tensor left in float."""
    if bits is None:
        return NEUTRAL
    if bits in _BITS:
        return _BITS[bits]
    for (low, first), (high, last) in pairwise(_BITS.items()):
        if low < bits < high:
            return mix(first, last, (bits - low) / (high - low))
    return _BITS[2] if bits < 2 else _BITS[16]


def ramp(colours: tuple[str, ...], share: float) -> str:
    """Colour at `share` (0 to 1) along evenly spaced colours."""
    place = min(max(share, 0.0), 1.0) * (len(colours) - 1)
    first = min(int(place), len(colours) - 2)
    return mix(colours[first], colours[first + 1], place - first)


def scale(colours: tuple[str, ...]) -> list[list[float | str]]:
    """Evenly spaced colours in plotly's form."""
    return [[index / (len(colours) - 1), colour] for index, colour in enumerate(colours)]


def category(index: int) -> str:
    """Colour of the index-th category; symbols must tell them apart beyond six."""
    return CATEGORIES[index % len(CATEGORIES)]


def symbol(index: int) -> str:
    """Marker of the index-th category; differs where the colours begin again."""
    return SYMBOLS[(index + index // len(CATEGORIES)) % len(SYMBOLS)]


def ink_on(fill: str) -> str:
    """Black or white, whichever has the higher contrast on `fill` (WCAG 2.2, 1.4.3)."""
    light = _luminance(fill)
    return "#000000" if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else "#FFFFFF"


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two colours, 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def mix(first: str, last: str, share: float) -> str:
    """Linear mixture of two colours in sRGB."""
    pairs = zip(_channels(first), _channels(last), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def translucent(colour: str, opacity: float) -> str:
    """The colour with an opacity, in plotly's form."""
    red, green, blue = _channels(colour)
    return f"rgba({red},{green},{blue},{opacity:g})"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(channel) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
