"""Parts of a network that can be set to one width: all layers, blocks of them, single ones."""

from collections.abc import Sequence

ALL = "all layers"


def scopes(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Layer names by the part they belong to; wide parts first, in the order of the layers.

    A block is a dotted prefix that two layers or more share (`stage2` of `stage2.conv1` and
    `stage2.shortcut.conv`); of prefixes over the same layers the longest stands for all.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        parts = name.split(".")
        for end in range(1, len(parts)):
            found.setdefault(".".join(parts[:end]), []).append(name)
    blocks = {tuple(inside): block for block, inside in found.items() if len(inside) > 1}
    blocks.pop(tuple(names), None)
    chosen = {block: inside for inside, block in blocks.items()}
    whole = {ALL: tuple(names)} if len(names) > 1 else {}
    return {**whole, **chosen, **{name: (name,) for name in names}}
