from typing import Any

import numpy as np
import pytest

from analysis.errors import WorkloadError
from analysis.workloads.architectures import ARCHITECTURE_FORMS
from analysis.workloads.samples import PARTS, cut_samples
from tests.uploads import digit_arrays

FORM = ARCHITECTURE_FORMS["digits-mlp"]


def split_arrays(**changes):
    rng = np.random.default_rng(1)
    arrays: dict[str, Any] = {}
    for part, count in zip(PARTS, (5, 6, 9), strict=True):
        arrays[f"x_{part}"] = rng.random((count, 1, 8, 8), dtype=np.float32)
        arrays[f"y_{part}"] = rng.integers(0, 10, count)
    return {**arrays, **changes}


def test_one_pair_is_cut_in_quarter_quarter_half_and_loses_nothing():
    arrays = digit_arrays(41)
    parts = cut_samples(arrays, FORM)
    assert [len(parts[part]) for part in PARTS] == [10, 10, 21]
    images = np.concatenate([parts[part].images for part in PARTS])
    assert sorted(map(bytes, images)) == sorted(map(bytes, arrays["x"]))
    labels = {bytes(image): label for image, label in zip(arrays["x"], arrays["y"], strict=True)}
    for samples in parts.values():
        assert [labels[bytes(image)] for image in samples.images] == samples.labels.tolist()


def test_the_cut_is_shuffled_and_the_same_each_time():
    arrays = digit_arrays(40)
    first, second = (cut_samples(arrays, FORM)["calibration"].images for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, arrays["x"][:10])


def test_given_parts_are_kept_as_they_are():
    arrays = split_arrays()
    parts = cut_samples(arrays, FORM)
    for part in PARTS:
        np.testing.assert_array_equal(parts[part].images, arrays[f"x_{part}"])
        np.testing.assert_array_equal(parts[part].labels, arrays[f"y_{part}"])


@pytest.mark.parametrize("shape", [(40, 8, 8), (40, 8, 8, 1), (40, 1, 8, 8)])
def test_a_single_channel_may_be_left_out_or_stand_last(shape):
    arrays = digit_arrays(40)
    expected = cut_samples(arrays, FORM)["sweep"].images
    found = cut_samples({**arrays, "x": arrays["x"].reshape(shape)}, FORM)["sweep"].images
    np.testing.assert_array_equal(found, expected)


NAN = np.zeros((40, 1, 8, 8), np.float32)
NAN[3, 0, 2, 2] = np.nan

BAD = {
    "array missing": ({"x": np.zeros((40, 8, 8))}, r"exactly the arrays x and y.*it holds x\."),
    "array too many": (digit_arrays(z=np.zeros(1)), r"it holds x, y, z\."),
    "a part missing": (
        {name: array for name, array in split_arrays().items() if name != "y_sweep"},
        "exactly the arrays",
    ),
    "doubles": (digit_arrays(x=np.zeros((40, 8, 8))), r"x is float64.*x\.astype\('float32'\)"),
    "wrong size": (
        digit_arrays(x=np.zeros((40, 28, 28), np.uint8)),
        r"digits-mlp takes images of shape \(n, 1, 8, 8\).*x has shape \(40, 28, 28\)",
    ),
    "three channels": (digit_arrays(x=np.zeros((40, 3, 8, 8), np.uint8)), r"\(40, 3, 8, 8\)"),
    "one flat image": (digit_arrays(x=np.zeros(64, np.uint8)), r"x has shape \(64,\)"),
    "NaN": (digit_arrays(x=NAN), "x holds NaN or infinity"),
    "labels as floats": (digit_arrays(y=np.zeros(40)), r"y is float64 of shape \(40,\)"),
    "one-hot labels": (digit_arrays(y=np.zeros((40, 10), int)), r"of shape \(40, 10\)"),
    "label too large": (digit_arrays(y=np.full(40, 10)), "between 0 and 9.*10 outputs.*10 to 10"),
    "label too small": (digit_arrays(y=np.full(40, -1)), "y spans -1 to -1"),
    "label beyond int64": (digit_arrays(y=np.full(40, 2**64 - 1, np.uint64)), "Labels must lie"),
    "other number of labels": (
        digit_arrays(y=np.zeros(39, int)),
        "x holds 40 images and y 39 labels",
    ),
    "eleven samples": (digit_arrays(11), "at least 12 samples.*2 for calibration"),
    "no samples": (digit_arrays(0), "at least 12 samples"),
    "empty part": (
        split_arrays(x_sweep=np.zeros((0, 1, 8, 8), np.float32), y_sweep=np.zeros(0, int)),
        "0 for sweep",
    ),
    "same images in two parts": (
        split_arrays(x_sweep=split_arrays()["x_evaluation"][:6]),
        "6 of 9 stand in both",
    ),
}


@pytest.mark.parametrize(("arrays", "sentence"), BAD.values(), ids=BAD)
def test_data_that_does_not_fit_is_refused_in_one_sentence(arrays, sentence):
    with pytest.raises(WorkloadError, match=sentence):
        cut_samples(arrays, FORM)
