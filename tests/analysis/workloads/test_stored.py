from typing import Any

import torch

from analysis.workloads.architectures import architecture_form
from analysis.workloads.samples import cut_samples
from analysis.workloads.stored import BATCH_SAMPLES, built_in_parts
from tests.uploads import digit_arrays


def parts_of(**arrays: Any):
    return built_in_parts(cut_samples(arrays, architecture_form("digits-mlp")))


def images_of(batches: Any) -> torch.Tensor:
    return torch.cat([inputs for inputs, _ in batches])


def test_bytes_become_0_to_1_and_floats_stay():
    arrays = digit_arrays(40)
    from_bytes = images_of(parts_of(**arrays).sweep)
    from_floats = images_of(parts_of(**{**arrays, "x": arrays["x"].astype("float32")}).sweep)
    assert torch.equal(from_bytes, from_floats / 255)
    assert from_floats.max() > 200


def test_batches_hold_at_most_256_samples_and_integer_targets():
    batches = list(parts_of(**digit_arrays(1200)).evaluation)
    assert [len(inputs) for inputs, _ in batches] == [BATCH_SAMPLES, BATCH_SAMPLES, 88]
    assert all(target is not None and target.dtype == torch.int64 for _, target in batches)


def test_the_cut_is_told():
    words = parts_of(**digit_arrays(40)).description
    assert words.startswith("40 images: 10 for calibration, 10 for the sweep, 20 for the evalu")
