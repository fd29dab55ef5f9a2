"""Which decision groups must take one activation spec, because their inputs belong together."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TypeVar

from analysis.allocation.coupling import Links
from analysis.errors import OptionError
from analysis.recipe import LayerConfig

Key = TypeVar("Key")


def components(rows: Iterable[tuple[Key, str]]) -> tuple[tuple[Key, ...], ...]:
    """Sets of two or more keys that share a name, also by way of other keys (union-find).

    Args:
        rows: key (a decision group) and name (an input group of one of its layers).

    Returns:
        Keys of each set in the order of their first row.
    """
    parents: dict[Key, Key] = {}
    owners: dict[str, Key] = {}

    def root(key: Key) -> Key:
        while parents[key] != key:
            parents[key] = parents[parents[key]]
            key = parents[key]
        return key

    for key, name in rows:
        parents.setdefault(key, key)
        parents[root(key)] = root(owners.setdefault(name, key))
    found: dict[Key, list[Key]] = {}
    for key in parents:
        found.setdefault(root(key), []).append(key)
    return tuple(tuple(keys) for keys in found.values() if len(keys) > 1)


def shared_pins(
    linked: Sequence[Sequence[str]], pins: Mapping[str, LayerConfig]
) -> Mapping[str, str | None]:
    """Kernel of the inputs that a pin fixes for every group linked to it; None is float.

    Raises:
        OptionError: two pins of linked groups differ in their inputs.
    """
    found: dict[str, str | None] = {}
    for groups in linked:
        pinned = [group for group in groups if group in pins]
        labels = {group: _label(pins[group]) for group in pinned}
        for group in pinned:
            if labels[group] != labels[pinned[0]]:
                raise OptionError(
                    f"The inputs of {pinned[0]!r} and {group!r} belong together (a residual add, "
                    "a concatenation or one tensor) and take one spec, but they are pinned to "
                    f"{labels[pinned[0]] or 'float'} and {labels[group] or 'float'}; pin them "
                    "alike, or take them apart."
                )
        if pinned:
            found.update((group, labels[pinned[0]]) for group in groups)
    return found


def check_common(links: Links, groups: Sequence[tuple[str, int]]) -> None:
    """Refuse linked groups that have no activation spec in common.

    Args:
        links: of the groups.
        groups: name and number of options of each.

    Raises:
        OptionError: names two of them.
    """
    starts = list(accumulate((count for _, count in groups), initial=0))
    for members in links.components:
        first = int(members[0])
        common = set(links.labels[starts[first] : starts[first + 1]].tolist())
        for place in members.tolist():
            common &= set(links.labels[starts[place] : starts[place + 1]].tolist())
            if not common:
                raise OptionError(
                    f"The inputs of {groups[first][0]!r} and {groups[place][0]!r} belong together "
                    "(a residual add, a concatenation or one tensor) and take one spec, and no "
                    "measured spec is left for both; sweep further, choose another profile or "
                    "take them apart."
                )


def _label(config: LayerConfig) -> str | None:
    return None if config.activation is None else config.activation.kernel
