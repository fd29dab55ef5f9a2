"""The limits that can be asked for here: names, units, and why some are not offered. No widgets."""

from dataclasses import dataclass, replace

from analysis.allocation.drops import fit_drops
from analysis.cost import FLOAT_BITS, Cost
from analysis.hardware.catalogue import profiles
from analysis.hardware.figures import HardwareCost
from analysis.hardware.profile import HardwareProfile
from analysis.quant.spec import MAX_BITS, MIN_BITS
from analysis.sensitivity.points import Sensitivities
from pages.ui.demands import FIELDS, Limit
from pages.ui.text import SHARE_METRICS, metric_title, number_text

_TABLES: dict[Limit, str] = {"time": "latency", "energy": "energy"}
_MISSING: dict[Limit, str] = {
    "size": "no weights were swept",
    "bits": "no weights were swept",
    "activations": "no inputs were swept, so every recipe needs the same",
    "drop": "no cell was measured with a task metric (no labels, or only a sketch)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One limit as people give it.

    Attributes:
        name: in links.
        title: with its unit.
        unit: what one of the number shown is, in the unit of `Budget`.
        low, high, step: of the number shown; `high` None is open.
        digits: decimals.
        now: the number of the recipe on screen; None where it is not known.
        refusal: why it is not offered; empty where it is.
        help: what it is.
    """

    name: Limit
    title: str
    help: str
    unit: float = 1.0
    low: float = 0.0
    high: float | None = None
    step: float = 1.0
    digits: int = 1
    now: float | None = None
    refusal: str = ""


def limit_kinds(
    result: Sensitivities,
    cost: Cost,
    figures: HardwareCost,
    profile: HardwareProfile | None,
) -> dict[Limit, Kind]:
    """Every limit, by its name.

    Args:
        result: a sweep.
        cost: of the recipe on screen.
        figures: likewise, on the hardware.
        profile: the hardware.
    """
    share = (result.setup.metric or "") in SHARE_METRICS
    whole = cost.macs * FLOAT_BITS * FLOAT_BITS / 100
    reasons = _refusals(result, profile)
    found = (
        Kind(
            name="size",
            title="Size (kB)",
            unit=1000.0,
            now=cost.weight_bytes / 1000,
            help="Stored weights of all layers, scales and zero-points included.",
        ),
        Kind(
            name="bits",
            title="Average bits",
            low=float(MIN_BITS),
            high=float(MAX_BITS),
            step=0.1,
            now=cost.effective_bits,
            help="The bytes that every layer at this width would take, scales and zero-points "
            "included on both sides; the recipe may spread them as it likes.",
        ),
        Kind(
            name="drop",
            title=f"Loss of {metric_title(result.setup.metric or 'the metric')}"
            + (" (points)" if share else ""),
            unit=0.01 if share else 1.0,
            step=0.1,
            digits=2 if share else 4,
            help="Predicted from single-layer figures, so it is no promise; score the recipe to "
            "know. The smallest recipe that loses no more is taken.",
        ),
        Kind(
            name="bops",
            title="BOPs (% of float)",
            unit=whole or 1.0,
            high=100.0,
            step=0.5,
            now=cost.bops / whole if whole else None,
            help="MACs × weight bits × activation bits for one sample; 8 by 8 bits is 6.25 % of "
            "float.",
        ),
        Kind(
            name="activations",
            title="Largest activations (kB)",
            unit=1000.0,
            now=figures.peak_activation_bytes / 1000,
            help="The most input and output bytes of any one layer for one sample; shortcuts "
            "around a block and work memory of kernels are left out.",
        ),
        Kind(
            name="time",
            title="Time (ms)",
            step=0.01,
            digits=4,
            now=figures.latency_ms,
            help="One sample, by the table of the hardware: it compares recipes, it is no clock.",
        ),
        Kind(
            name="energy",
            title="Energy (µJ)",
            step=0.01,
            digits=4,
            now=figures.energy_uj,
            help="One sample, by the table of the hardware.",
        ),
    )
    return {kind.name: replace(kind, refusal=reasons[kind.name]) for kind in found}


def _refusals(result: Sensitivities, profile: HardwareProfile | None) -> dict[Limit, str]:
    """Why a limit would have no meaning here; empty where it has one."""
    weights = bool(result.bits("weight"))
    known: dict[Limit, bool] = {
        "size": weights,
        "bits": weights,
        "activations": bool(result.bits("activation")),
        "drop": fit_drops(result) is not None,
    }
    found: dict[Limit, str] = dict.fromkeys(FIELDS, "")
    found |= {name: _MISSING[name] for name, swept in known.items() if not swept}
    return found | {name: _untimed(table, profile) for name, table in _TABLES.items()}


def _untimed(table: str, profile: HardwareProfile | None) -> str:
    """Why there are no times or energies; empty where there are."""
    if profile is not None and getattr(profile, table) is not None:
        return ""
    having = [one.title for one in profiles() if getattr(one, table) is not None]
    whose = "no hardware is chosen" if profile is None else f"{profile.title} has no table of it"
    return f"{whose}; {' / '.join(having)} have one"


def worded(kind: Kind, value: float) -> str:
    """A limit in words, such as ``Average bits 4``."""
    return f"{kind.title.partition(' (')[0]} {number_text(value / kind.unit, 4)}{_unit(kind)}"


def _unit(kind: Kind) -> str:
    """The unit in the title's brackets."""
    inside = kind.title.partition(" (")[2].rstrip(")")
    return f" {inside}" if inside else ""
