"""`--weights`, `--weight-spec` and their kin: how tensors are quantised, as a person types it."""

from collections.abc import Sequence
from typing import TypedDict, TypeVar, get_args

from analysis.errors import OptionError
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC, QuantSpec
from analysis.sensitivity.families import ACTIVATION_FAMILIES, WEIGHT_FAMILIES
from analysis.sensitivity.points import Scheme

Word = TypeVar("Word", bound=str)

SCHEME_HELP = "best (the default: chosen for each layer and width) or fixed."
SPEC_HELP = "With best a family to choose in, such as 'int8 sym per-channel minmax', once or more."


class Schemes(TypedDict):
    """The fields of `SweepOptions` that say how tensors are quantised."""

    weight_scheme: Scheme
    weight_spec: QuantSpec
    weight_families: tuple[QuantSpec, ...]
    activation_scheme: Scheme
    activation_spec: QuantSpec
    activation_families: tuple[QuantSpec, ...]


def read_schemes(
    weights: str | None,
    weight_labels: Sequence[str],
    activations: str | None,
    activation_labels: Sequence[str],
) -> Schemes:
    """How a command line wants tensors quantised.

    A label without a scheme is taken as it stands at every width; without both the best are chosen
    within the usual families.

    Raises:
        OptionError: an unknown scheme, a text that is no spec, or several specs for "fixed".
    """
    weight = _read("weights", weights, weight_labels)
    activation = _read("activations", activations, activation_labels)
    return Schemes(
        weight_scheme=weight[0],
        weight_spec=WEIGHT_SPEC if weight[0] == "best" else (*weight[1], WEIGHT_SPEC)[0],
        weight_families=(weight[1] or WEIGHT_FAMILIES) if weight[0] == "best" else (),
        activation_scheme=activation[0],
        activation_spec=ACTIVATION_SPEC
        if activation[0] == "best"
        else (*activation[1], ACTIVATION_SPEC)[0],
        activation_families=(activation[1] or ACTIVATION_FAMILIES)
        if activation[0] == "best"
        else (),
    )


def _read(
    name: str, scheme: str | None, labels: Sequence[str]
) -> tuple[Scheme, tuple[QuantSpec, ...]]:
    usual = "fixed" if labels else "best"
    asked: Scheme = one_of(name, scheme or usual, get_args(Scheme))
    specs = tuple(dict.fromkeys(map(QuantSpec.parse, labels)))
    if asked == "fixed" and len(specs) > 1:
        raise OptionError(
            f"With fixed {name} all layers take one spec, not {len(specs)}; name one, or choose "
            f"the best of several families with --{name} best."
        )
    return asked, specs


def one_of(name: str, value: str, allowed: tuple[Word, ...]) -> Word:
    """The value, if it is allowed.

    Raises:
        OptionError: it is not.
    """
    for choice in allowed:
        if value == choice:
            return choice
    raise OptionError(f"The {name} must be one of {', '.join(allowed)}, not {value!r:.80}.")
