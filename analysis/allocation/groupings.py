"""Which layers share a decision and why, and how somebody changed that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from analysis.errors import OptionError
from analysis.layers import Layer

Shared = Literal["decision", "inputs"]
"""Layers share their whole option, or the spec of their inputs alone."""

FUSED = "runtimes merge them into one product, because they read the same tensor"
MEETING = "their inputs are one tensor, or meet in an add or a concatenation"
TIED = "one weight under several names"
BY_HAND = "joined by hand"


@dataclass(frozen=True, slots=True)
class Grouping:
    """What differs from the groups that were found.

    Attributes:
        groups: layer to the name of its decision group; its own name makes it stand alone.
        inputs: layer to the name of its input group; None takes it out of any.
    """

    groups: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything differs."""
        return bool(self.groups or self.inputs)


@dataclass(frozen=True, slots=True)
class SharedDecision:
    """Layers that are decided together.

    Attributes:
        name: of their group.
        layers: two or more names, or one layer with tied weights.
        what: what they share.
        why: the reason, in words.
    """

    name: str
    layers: tuple[str, ...]
    what: Shared
    why: str


def shared_decisions(found: Sequence[Layer], now: Sequence[Layer]) -> tuple[SharedDecision, ...]:
    """Everything that is decided together, in call order.

    Args:
        found: the layers as they were found.
        now: the same layers as they are grouped now.
    """
    made = {(one.what, frozenset(one.layers)): one.why for one in _groups(found)}
    return tuple(
        SharedDecision(
            one.name, one.layers, one.what, made.get((one.what, frozenset(one.layers)), BY_HAND)
        )
        for one in _groups(now)
    )


def split_decisions(found: Sequence[Layer], now: Sequence[Layer]) -> tuple[SharedDecision, ...]:
    """Groups that were found and are taken apart now."""
    names = {layer.name: layer for layer in now}
    return tuple(
        one
        for one in _groups(found)
        if len({_group(names[layer], one.what) or layer for layer in one.layers}) > 1
    )


def joined(now: Sequence[Layer], grouping: Grouping, names: Sequence[str]) -> Grouping:
    """With these layers, and those they share a decision with already, in one decision group.

    Raises:
        OptionError: fewer than two layers, or one that is unknown.
    """
    groups = {layer.name: layer.group for layer in now}
    unknown = [name for name in names if name not in groups]
    if unknown or len(set(names)) < 2:
        raise OptionError(
            "A group needs two or more layers of this network, not "
            f"{', '.join(map(repr, unknown or names)) or 'none'}; choose them from the list."
        )
    taken = {groups[name] for name in names}
    members = [layer.name for layer in now if layer.group in taken]
    name = " + ".join(members[:2]) + (f" + {len(members) - 2} more" if len(members) > 2 else "")
    return Grouping({**grouping.groups, **dict.fromkeys(members, name)}, grouping.inputs)


def taken_apart(now: Sequence[Layer], grouping: Grouping, shared: SharedDecision) -> Grouping:
    """With each layer of a group on its own, or with its inputs on their own.

    Raises:
        OptionError: there is no such group, or its layers have tied weights.
    """
    if shared not in _groups(now, why=shared.why) or len(shared.layers) < 2:
        raise OptionError(
            f"Only a group of several layers can be taken apart, and {shared.name!r} is none; "
            "choose one from the list."
        )
    if shared.what == "inputs":
        return Grouping(grouping.groups, {**grouping.inputs, **dict.fromkeys(shared.layers)})
    alone = {layer: layer for layer in shared.layers}
    return Grouping({**grouping.groups, **alone}, grouping.inputs)


def _groups(layers: Sequence[Layer], why: str | None = None) -> tuple[SharedDecision, ...]:
    return tuple(_shared(layers, why))


def _shared(layers: Sequence[Layer], why: str | None) -> Iterator[SharedDecision]:
    for layer in layers:
        if layer.tied:
            yield SharedDecision(layer.name, (layer.name,), "decision", why or TIED)
    reasons: dict[Shared, str] = {"decision": FUSED, "inputs": MEETING}
    for what, reason in reasons.items():
        members: dict[str, list[str]] = {}
        for layer in layers:
            group = _group(layer, what)
            if group is not None:
                members.setdefault(group, []).append(layer.name)
        for name, inside in members.items():
            if len(inside) > 1:
                yield SharedDecision(name, tuple(inside), what, why or reason)


def _group(layer: Layer, what: Shared) -> str | None:
    return layer.group if what == "decision" else layer.input_group
