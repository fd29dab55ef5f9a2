"""Scores of attention heads, asked for by workload and width."""

from analysis.quant.spec import WEIGHT_SPEC
from analysis.sensitivity.heads.compute import SECONDS, head_scores
from analysis.sensitivity.heads.values import HeadScores
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload


def score_heads(
    workload: Workload, *, bits: int = 4, seed: int = 0, seconds: float = SECONDS
) -> HeadScores:
    """Estimate what each attention head's slice of each projection would cost, quantised alone.

    One sketch on the sweep set gives all heads of all layers; nothing is measured.

    Args:
        workload: the model with its data.
        bits: width of the slice; codes are asymmetric, with the scales of the whole layer.
        seed: of the draw of samples and the directions.
        seconds: no sample begins after so long.

    Raises:
        OptionError: no such width.
        ModelError: the model has no attention layer whose heads are known, or no backward.
    """
    return head_scores(subject(workload), WEIGHT_SPEC.with_bits(bits), seed=seed, seconds=seconds)
