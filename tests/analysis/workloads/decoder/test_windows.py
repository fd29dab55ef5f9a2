from pathlib import Path

import pytest
import torch

from analysis.errors import WorkloadError
from analysis.workloads.decoder.windows import TokenWindows


@pytest.mark.parametrize("shape", [(3,), (0, 4)], ids=str)
def test_windows_have_two_axes_and_one_sample_at_least(shape):
    with pytest.raises(WorkloadError, match="shape"):
        TokenWindows(Path(), torch.zeros(shape, dtype=torch.long))
