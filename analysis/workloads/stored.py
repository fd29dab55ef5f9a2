"""Data of the built-in networks: an `.npz` archive of images and labels as three parts."""

from collections.abc import Mapping

import numpy as np
import torch

from analysis.workloads.data.parts import DataParts, PartCounts, described
from analysis.workloads.samples import SPLIT_SEED, Samples
from analysis.workloads.workload import Batch

BATCH_SAMPLES = 256


def built_in_parts(parts: Mapping[str, Samples]) -> DataParts:
    """Batches of the calibration, sweep and evaluation parts; images of bytes scaled to [0, 1]."""
    counts = PartCounts(**{part: len(samples) for part, samples in parts.items()})
    words = described("images", counts, f"drawn with seed {SPLIT_SEED}", labelled=True)
    calibration, sweep, evaluation = (
        _batches(parts[part]) for part in ("calibration", "sweep", "evaluation")
    )
    return DataParts(calibration, sweep, evaluation, (), True, counts, words)


def _batches(samples: Samples) -> list[Batch]:
    images = torch.from_numpy(np.array(samples.images))
    inputs = images.float() / 255 if images.dtype == torch.uint8 else images
    target = torch.from_numpy(samples.labels)
    starts = range(0, len(target), BATCH_SAMPLES)
    return [(inputs[at : at + BATCH_SAMPLES], target[at : at + BATCH_SAMPLES]) for at in starts]
