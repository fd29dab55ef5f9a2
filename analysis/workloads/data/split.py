"""Three disjoint parts of a data set, drawn by a seed; duplicates stay together; torch-free."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import WorkloadError
from analysis.workloads.data.form import Split

Places = NDArray[np.int64]

MIN_SAMPLES = 12
SHARE = 4
MOST_CALIBRATION, MOST_SWEEP = 512, 1024


@dataclass(frozen=True, slots=True, eq=False)
class SplitPlaces:
    """Which samples each part holds, in the order they are read.

    Attributes:
        duplicates: samples that are equal to an earlier one.
        left_out: samples that no part took.
    """

    calibration: Places
    sweep: Places
    evaluation: Places
    duplicates: int
    left_out: int


def split_places(digests: Sequence[bytes], split: Split) -> SplitPlaces:
    """Draw the parts; samples of one digest fall into one part.

    Args:
        digests: of every sample's input.
        split: sizes and seed.

    Raises:
        WorkloadError: there are too few different samples for the sizes asked.
    """
    groups: dict[bytes, list[int]] = {}
    for place, digest in enumerate(digests):
        groups.setdefault(digest, []).append(place)
    total = len(digests)
    if len(groups) < MIN_SAMPLES:
        raise WorkloadError(
            f"There must be at least {MIN_SAMPLES} different samples to cut into three parts; "
            f"there are {len(groups)} among {total}. Give more data."
        )
    wanted = _sizes(total, split)
    order = np.random.default_rng(split.seed).permutation(len(groups))
    members = list(groups.values())
    parts: list[list[int]] = [[], [], []]
    number = 0
    for index in order:
        while number < 3 and len(parts[number]) >= wanted[number]:
            number += 1
        if number == 3:
            break
        parts[number].extend(members[index])
    if not all(parts) or len(parts[2]) < (split.evaluation or 1):
        raise WorkloadError(
            f"The parts must fit into {total:,} samples; {wanted[0]:,} for calibration, "
            f"{wanted[1]:,} for the sweep and {wanted[2]:,} for the evaluation do not, since "
            "equal samples stay in one part. Ask for fewer."
        )
    calibration, sweep, evaluation = (np.sort(np.array(part, np.int64)) for part in parts)
    kept = sum(map(len, parts))
    return SplitPlaces(calibration, sweep, evaluation, total - len(groups), total - kept)


def _sizes(total: int, split: Split) -> tuple[int, int, int]:
    quarter = total // SHARE
    calibration = split.calibration or min(quarter, MOST_CALIBRATION)
    sweep = split.sweep or min(quarter, MOST_SWEEP)
    evaluation = split.evaluation or max(total - calibration - sweep, 1)
    if calibration + sweep + evaluation > total:
        raise WorkloadError(
            f"The parts must fit into {total:,} samples; {calibration:,} for calibration, "
            f"{sweep:,} for the sweep and {evaluation:,} for the evaluation do not. Ask for fewer."
        )
    return calibration, sweep, evaluation
