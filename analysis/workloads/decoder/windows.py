"""Windows of tokens for a decoder that stays on disk."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from analysis.errors import WorkloadError
from analysis.metrics import SummedMetric


@dataclass(frozen=True, slots=True, eq=False)
class TokenWindows:
    """The sweep set of a language model.

    Attributes:
        folder: of ``config.json`` and safetensors files.
        tokens: int64, (samples, length).
        targets: the tokens that follow, of the same shape; None without a metric.
        metric: one whose rows are sums over positions, such as perplexity.
    """

    folder: Path
    tokens: Tensor
    targets: Tensor | None = None
    metric: SummedMetric | None = None

    def __post_init__(self) -> None:
        if self.tokens.dim() != 2 or not len(self.tokens):
            raise WorkloadError(
                "A streamed sweep needs token windows of shape (samples, length), one at least; "
                f"they have {tuple(self.tokens.shape)}."
            )
