"""What a bench hands back: one row for each figure."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure; less is better in all of them.

    Attributes:
        required: the figure must not lie above this; None where nothing is required.
        aim: what we would like to reach; None where there is no aim of its own.
    """

    name: str
    value: float
    unit: str
    required: float | None = None
    aim: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the requirement holds; None where there is none."""
        return None if self.required is None else self.value <= self.required

    def document(self) -> dict[str, object]:
        """The row as `--json` prints it."""
        return {**asdict(self), "met": self.met}
