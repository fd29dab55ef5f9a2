"""Which values of a tensor share a scale; torch-free."""

from dataclasses import dataclass
from typing import assert_never

from analysis.errors import OptionError


@dataclass(frozen=True, slots=True)
class PerTensor:
    """One scale for the whole tensor."""


@dataclass(frozen=True, slots=True)
class PerChannel:
    """One scale for each index of the output-channel axis (`Layer.channel_axis`)."""


@dataclass(frozen=True, slots=True)
class PerGroup:
    """One scale for each `group_size` consecutive weights of an output channel.

    The last group of a channel is shorter where the size does not divide.
    """

    group_size: int

    def __post_init__(self) -> None:
        if self.group_size < 2:
            raise OptionError(f"A group must hold at least 2 weights, not {self.group_size}.")


Granularity = PerTensor | PerChannel | PerGroup


def granularity_label(granularity: Granularity) -> str:
    """Text form, such as ``per-group-32``."""
    match granularity:
        case PerTensor():
            return "per-tensor"
        case PerChannel():
            return "per-channel"
        case PerGroup(group_size):
            return f"per-group-{group_size}"
    assert_never(granularity)


def parse_granularity(text: str) -> Granularity:
    """Read a `granularity_label` back.

    Raises:
        ValueError: the text is none.
    """
    match text.split("-"):
        case ["per", "tensor"]:
            return PerTensor()
        case ["per", "channel"]:
            return PerChannel()
        case ["per", "group", size] if size.isdigit():
            return PerGroup(int(size))
    raise ValueError(text)
