"""Images and labels of an uploaded or built-in data set, checked and cut in three; torch-free.

Either one array pair ``x``, ``y``, which is cut here, or three pairs ``x_calibration``,
``y_calibration``, ``x_sweep``, … that were cut before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import WorkloadError
from analysis.workloads.architectures import ArchitectureForm
from analysis.workloads.arrays import Array

PARTS = ("calibration", "sweep", "evaluation")
MIN_SAMPLES = 12
_SPLIT_NAMES = frozenset(f"{axis}_{part}" for part in PARTS for axis in "xy")
SPLIT_SEED = 0


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """One part: images (n, channels, height, width) as uint8 or float32, labels (n,) as int64."""

    images: Array
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: NDArray[Any]) -> "Samples":
        """The samples of those places."""
        return Samples(self.images[index], self.labels[index])


def _images(name: str, array: Array, form: ArchitectureForm) -> Array:
    """NCHW; a single channel may be left out or stand last."""
    channels, height, width = form.input_shape
    if array.dtype not in (np.dtype(np.uint8), np.dtype(np.float32)):
        raise WorkloadError(
            f"Images must be uint8 (0 to 255, divided by 255 here) or float32 (taken as they are); "
            f"{name} is {array.dtype}. Convert it with {name}.astype('float32')."
        )
    known: list[tuple[int, ...]] = [form.input_shape]
    if channels == 1:
        known += [(height, width), (height, width, 1)]
    if array.ndim < 3 or array.shape[1:] not in known:
        expected = ", ".join(str(value) for value in ("n", *form.input_shape))
        raise WorkloadError(
            f"{form.name} takes images of shape ({expected}): samples, channels, height, width; "
            f"{name} has shape {array.shape}. Resize or transpose the images."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise WorkloadError(
            f"Images must be finite; {name} holds NaN or infinity. Leave those out."
        )
    return array.reshape(-1, *form.input_shape)


def _labels(name: str, array: Array, form: ArchitectureForm) -> NDArray[np.int64]:
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise WorkloadError(
            f"Labels must be one integer a sample, of shape (n,); {name} is {array.dtype} of shape "
            f"{array.shape}. Give class numbers from 0 to {form.classes - 1}."
        )
    if array.size and not 0 <= int(array.min()) <= int(array.max()) < form.classes:
        raise WorkloadError(
            f"Labels must lie between 0 and {form.classes - 1}, since {form.name} has "
            f"{form.classes} outputs; {name} spans {array.min()} to {array.max()}. "
            "Renumber the classes."
        )
    return array.astype(np.int64)


def _pair(arrays: Mapping[str, Array], suffix: str, form: ArchitectureForm) -> Samples:
    x, y = f"x{suffix}", f"y{suffix}"
    samples = Samples(_images(x, arrays[x], form), _labels(y, arrays[y], form))
    if len(samples.images) != len(samples.labels):
        raise WorkloadError(
            f"There must be one label an image; {x} holds {len(samples.images)} images and {y} "
            f"{len(samples.labels)} labels. Cut both to the same samples."
        )
    return samples


def _split(samples: Samples) -> dict[str, Samples]:
    """A quarter for calibration, a quarter for the sweep, the rest for evaluation; shuffled."""
    order = np.random.default_rng(SPLIT_SEED).permutation(len(samples))
    quarter = len(samples) // 4
    cuts = np.split(order, [quarter, 2 * quarter])
    return {part: samples.take(cut) for part, cut in zip(PARTS, cuts, strict=True)}


def _digest(image: Array) -> bytes:
    return blake2b(image.tobytes(), digest_size=16).digest()


def _check_disjoint(parts: Mapping[str, Samples]) -> None:
    """No evaluation image may have been seen before, else the final score flatters."""
    seen = {_digest(image) for part in PARTS[:2] for image in parts[part].images}
    shared = sum(_digest(image) in seen for image in parts["evaluation"].images)
    if shared:
        raise WorkloadError(
            "The evaluation images must be others than those of calibration and sweep; "
            f"{shared} of {len(parts['evaluation'])} stand in both. Remove them, or "
            "give x and y only and let Quantscope cut them."
        )


def cut_samples(arrays: Mapping[str, Array], form: ArchitectureForm) -> Mapping[str, Samples]:
    """The three parts of a data set, checked against the architecture.

    Raises:
        WorkloadError: an array is missing, of the wrong shape, type or range, or too short.
    """
    if set(arrays) == {"x", "y"}:
        parts = _split(_pair(arrays, "", form))
    elif set(arrays) == _SPLIT_NAMES:
        parts = {part: _pair(arrays, f"_{part}", form) for part in PARTS}
    else:
        raise WorkloadError(
            "The data must hold exactly the arrays x and y, or x_calibration, y_calibration, "
            "x_sweep, y_sweep, x_evaluation and y_evaluation; "
            f"it holds {', '.join(sorted(arrays))}. Rename or leave out the others."
        )
    counts = {part: len(samples) for part, samples in parts.items()}
    if sum(counts.values()) < MIN_SAMPLES or not all(counts.values()):
        told = ", ".join(f"{count} for {part}" for part, count in counts.items())
        raise WorkloadError(
            f"There must be at least {MIN_SAMPLES} samples and no empty part; there are {told}. "
            "Give more samples."
        )
    if "x" not in arrays:
        _check_disjoint(parts)
    return parts
