"""How the samples of a data set are told to people; torch-free."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Decode = Callable[[Sequence[int]], str]
"""From token numbers to text."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleWords:
    """What puts a sample into words.

    Attributes:
        columns: names of the values of a row, in the order in which the model gets them.
        categories: of a column whose values are numbers of texts, the texts.
        decode: reads tokens; None where the samples are none.
    """

    columns: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decode: Decode | None = None
