"""The proxies by name: what each one computes, where it comes from, which way it points."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.sensitivity.terms import Direction


@dataclass(frozen=True, slots=True)
class Proxy:
    """A figure to rank layers by, computed without running the quantised net.

    dW is the error that quantising puts on a weight, dz the change of the module's own output, g a
    gradient of the label loss.

    Attributes:
        title: for headings.
        formula: of one cell, in words and symbols.
        source: paper or program.
        direction: whether a higher or a lower figure means a more sensitive layer.
        needs_backward: whether the model must be differentiable.
        needs_labels: whether it uses the labels; without them the model's own answers serve.
        cost: work, in forwards of the sweep set (F), B widths of a layer.
    """

    title: str
    formula: str
    source: str
    direction: Direction
    cost: str
    needs_backward: bool = False
    needs_labels: bool = False

    @property
    def sign(self) -> int:
        """Times this, a higher figure means a more sensitive layer."""
        return 1 if self.direction == "higher" else -1


PROXIES: Mapping[str, Proxy] = {
    "fisher_sketch": Proxy(
        title="Fisher sketch",
        formula="½ dW' F dW, F the Fisher information of the model's output in the weight",
        source="docs/methods.md, Sensitivity sweeps",
        direction="higher",
        cost="3 F on at most a quarter of the sweep set",
        needs_backward=True,
    ),
    "weight_mse": Proxy(
        title="Weight MSE",
        formula="sum of dW² / number of weights",
        source="Nagel et al., arXiv 2106.08295, section 3.1",
        direction="higher",
        cost="none",
    ),
    "weight_sqnr_db": Proxy(
        title="Weight SQNR",
        formula="10 log10(sum of W² / sum of dW²), in dB",
        source="Lin et al., arXiv 1511.06393, section 3",
        direction="lower",
        cost="none",
    ),
    "output_sqnr_db": Proxy(
        title="Local output SQNR",
        formula="10 log10(sum of z² / sum of dz²) of the module's own output, in dB",
        source="Nagel et al., arXiv 2004.10568 (the layer-wise loss), as a ratio",
        direction="lower",
        cost="(1 + B) F",
    ),
    "diagonal_fisher": Proxy(
        title="Diagonal empirical Fisher",
        formula="½ sum over weights of E[g²] dW²",
        source="SqueezeLLM, arXiv 2306.07629, equation 4; FIT, arXiv 2210.08502",
        direction="higher",
        cost="3 F, in small batches",
        needs_backward=True,
        needs_labels=True,
    ),
    "hessian_trace": Proxy(
        title="Hessian trace (HAWQ-V2)",
        formula="trace of the Hessian / number of weights · sum of dW²",
        source="HAWQ-V2, arXiv 1911.03852, section 3; trace by Hutchinson's estimator",
        direction="higher",
        cost="3 F, and 4 F times the probes of a batch; 32 probes in all",
        needs_backward=True,
        needs_labels=True,
    ),
    "first_order_taylor": Proxy(
        title="First-order Taylor",
        formula="|<mean g, dW>|",
        source="LLM-MQ (Li et al. 2023); Molchanov et al., arXiv 1611.06440",
        direction="higher",
        cost="3 F",
        needs_backward=True,
        needs_labels=True,
    ),
    "gradient_output": Proxy(
        title="Gradient × output difference",
        formula="mean over samples of the sum over outputs of g² dz², element by element",
        source="the formula of ModelOpt's AutoQuantize gradient score, written anew",
        direction="higher",
        cost="(3 + B) F",
        needs_backward=True,
        needs_labels=True,
    ),
}
