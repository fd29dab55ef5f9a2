"""The recipe being edited on the Recipe page, as a value: choices, locks, history. No streamlit.

The table of the page is drawn from `base` and keeps the user's edits itself (feeding a data
editor's result back as its input loses every other edit), so `now` is always `base` with the
table's pending edits. Anything else that changes the recipe makes a new base and a new `edition`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.allocation.kept import kept
from analysis.errors import OptionError
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig
from analysis.sensitivity.option_names import option_names
from analysis.sensitivity.points import Sensitivities, Target
from pages.ui.demands import NOTHING, Demands

FLOAT = "float"
LOCK = "lock"
HISTORY = 50
"""Steps that undo remembers."""

Edits = Mapping[int, Mapping[str, object]]
"""Row number to the changed columns, as streamlit's data editor keeps them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One state of the recipe that undo can return to.

    Attributes:
        weight_bytes: the size limit in force; where the size is not limited, what came out.
        locked: layers the solver must leave as they are.
        demands: what else the solver must respect.
    """

    weight_bytes: int
    layers: Mapping[str, LayerConfig]
    locked: frozenset[str] = frozenset()
    demands: Demands = NOTHING

    @property
    def kept(self) -> dict[str, LayerConfig]:
        """The locked layers with what they are locked at."""
        return {name: self.layers.get(name, LayerConfig()) for name in sorted(self.locked)}


@dataclass(frozen=True, slots=True)
class Draft:
    """The recipe now, the table's input, and the steps before and after.

    Attributes:
        edition: number of the table's input; a new one discards the table's pending edits.
    """

    now: Step
    base: Step
    edition: int = 0
    past: tuple[Step, ...] = ()
    future: tuple[Step, ...] = ()


def opened(step: Step) -> Draft:
    """A draft without history."""
    return Draft(step, step)


def moved(draft: Draft, step: Step) -> Draft:
    """Take a step that did not come from the table: a solve, an import, a reset."""
    if step == draft.now:
        return draft
    past = (*draft.past, draft.now)[-HISTORY:]
    return Draft(step, step, draft.edition + 1, past, ())


def rebased(draft: Draft) -> Draft:
    """The same recipe with itself as the table's input; the same draft when it is already."""
    if draft.now == draft.base:
        return draft
    return discarded(draft)


def discarded(draft: Draft) -> Draft:
    """The same recipe with a table that has no pending edits."""
    return replace(draft, base=draft.now, edition=draft.edition + 1)


def undone(draft: Draft) -> Draft:
    """One step back; the same draft at the beginning."""
    if not draft.past:
        return draft
    *past, step = draft.past
    return Draft(step, step, draft.edition + 1, tuple(past), (draft.now, *draft.future))


def redone(draft: Draft) -> Draft:
    """One step forward again; the same draft at the end."""
    if not draft.future:
        return draft
    step, *future = draft.future
    return Draft(step, step, draft.edition + 1, (*draft.past, draft.now), tuple(future))


@kept
def names_of(result: Sensitivities, target: Target) -> Mapping[str, str]:
    """Label of each swept spec to the option of the bits column that stands for it."""
    return option_names(point.cell for point in result.of(target))


def menu(result: Sensitivities, target: Target) -> tuple[str, ...]:
    """What the bits column of one target offers: float, and the options that were swept."""
    return (FLOAT, *dict.fromkeys(names_of(result, target).values()))


def option_of(names: Mapping[str, str], spec: QuantSpec | None) -> str:
    """The option that stands for a spec; its width where it was not swept."""
    return FLOAT if spec is None else names.get(spec.label, str(spec.bits))


def specs_of(result: Sensitivities, target: Target, option: str) -> dict[str, QuantSpec]:
    """The spec that an option stands for, by layer; none for float."""
    names = names_of(result, target)
    taken = (point.cell for point in result.of(target) if names[point.label] == option)
    return {cell.layer: cell.spec for cell in taken}


def edited(draft: Draft, result: Sensitivities, edits: Edits) -> Draft:
    """The draft with the table's pending edits; a layer whose bits were edited is locked.

    Raises:
        OptionError: a row or width that was never offered (the browser is not to be trusted).
    """
    names = [layer.name for layer in result.layers]
    layers = dict(draft.base.layers)
    for row, columns in edits.items():
        name = _name(names, row)
        layers[name] = _config(result, name, layers.get(name, LayerConfig()), columns)
    locked = draft.base.locked | changed(draft.base, layers)
    for row, columns in edits.items():
        if LOCK in columns:
            one = frozenset([_name(names, row)])
            locked = locked | one if columns[LOCK] is True else locked - one
    step = replace(draft.base, layers=layers, locked=locked)
    if step == draft.now:
        return draft
    past = (*draft.past, draft.now)[-HISTORY:]
    return replace(draft, now=step, past=past, future=())


def changed(step: Step, layers: Mapping[str, LayerConfig]) -> frozenset[str]:
    """Layers that differ from the step."""
    return frozenset(
        name for name, config in layers.items() if step.layers.get(name, LayerConfig()) != config
    )


def _name(names: Sequence[str], row: int) -> str:
    if not 0 <= row < len(names):
        raise OptionError(f"The table has {len(names)} layers; there is no row {row + 1}.")
    return names[row]


def _config(
    result: Sensitivities, layer: str, config: LayerConfig, columns: Mapping[str, object]
) -> LayerConfig:
    if "weight" in columns:
        config = replace(config, weight=_spec(result, layer, "weight", columns["weight"]))
    if "activation" in columns:
        spec = _spec(result, layer, "activation", columns["activation"])
        config = replace(config, activation=spec)
    return config


def _spec(result: Sensitivities, layer: str, target: Target, option: object) -> QuantSpec | None:
    if option == FLOAT:
        return None
    found = specs_of(result, target, option).get(layer) if isinstance(option, str) else None
    if found is not None:
        return found
    offered = ", ".join(menu(result, target))
    raise OptionError(
        f"The sweep measured no {option!r:.20} bits for {layer}; choose one of: {offered}."
    )
