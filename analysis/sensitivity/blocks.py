"""Blocks of a net: layers that share the numbered part of their names; torch-free.

``model.layers.7.mlp.up_proj`` lies in block ``model.layers.7``, ``stage2.0.conv1`` in ``stage2.0``.
A number makes a block only where it repeats: the same parent has another number with layers of the
same names below it. So a stage of blocks is no block, nor is a list that happens to hold layers.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

_COUNTED = re.compile(r"(.*?)(\d+)$")
_PARALLEL = frozenset({"experts", "heads", "branches"})
"""Lists of parts that run side by side inside one block."""

Members = Mapping[str, frozenset[str]]
"""Path of a numbered module to the names of its layers below that path."""


@dataclass(frozen=True, slots=True)
class Block:
    """A row of a heat map that is grouped by block.

    Attributes:
        name: path of the block; of a layer outside all blocks, the name of that layer.
        layers: its layers, in the order given.
    """

    name: str
    layers: tuple[str, ...]

    @property
    def alone(self) -> bool:
        """Whether it is one layer outside all blocks."""
        return len(self.layers) == 1


def find_blocks(names: Sequence[str]) -> tuple[Block, ...]:
    """All layers in blocks, in the order of each block's first layer.

    Of modules inside each other the innermost that repeats is the block. Parts that are numbers
    (``layers.0``) go before parts that end in one (``block1``).

    Args:
        names: of the layers, in call order.

    Returns:
        () where no block has two layers or more.
    """
    for counted in (str.isdigit, _ends_in_number):
        forms = _repeating_forms(_members(names, counted))
        if forms:
            return _cut(names, forms)
    return ()


def _ends_in_number(part: str) -> bool:
    return _COUNTED.match(part) is not None


def _prefixes(name: str) -> Iterable[str]:
    """Paths of the modules around a layer, the innermost first."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(len(parts) - 1, 0, -1))


def _members(names: Sequence[str], counted: Callable[[str], bool]) -> Members:
    """Numbered modules that hold two layers or more."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in names:
        for prefix in _prefixes(name):
            parent, _, last = prefix.rpartition(".")
            if counted(last) and parent.rpartition(".")[2] not in _PARALLEL:
                found[prefix].add(name.removeprefix(prefix))
    return {prefix: frozenset(below) for prefix, below in found.items() if len(below) > 1}


def _repeating_forms(members: Members) -> frozenset[str]:
    """Forms of which some module has a sibling with half of its layers' names or more."""
    siblings: dict[str, list[str]] = defaultdict(list)
    for prefix in members:
        siblings[_family(prefix)].append(prefix)
    return frozenset(
        _form(one)
        for family in siblings.values()
        for one in family
        if any(other != one and _alike(members[one], members[other]) for other in family)
    )


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return 2 * len(one & other) >= min(len(one), len(other))


def _family(prefix: str) -> str:
    """What siblings share: the path without its last number."""
    found = _COUNTED.match(prefix)
    return prefix if found is None else found.group(1)


def _form(prefix: str) -> str:
    """A path with its numbers left out."""
    return re.sub(r"\d+(?=\.|$)", "#", prefix)


def _cut(names: Sequence[str], forms: frozenset[str]) -> tuple[Block, ...]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        around = (prefix for prefix in _prefixes(name) if _form(prefix) in forms)
        found[next(around, name)].append(name)
    blocks = (Block(name, tuple(layers)) for name, layers in found.items())
    return tuple(Block(b.layers[0], b.layers) if b.alone else b for b in blocks)
