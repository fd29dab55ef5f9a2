import pytest

from analysis.errors import UnknownWorkloadError
from analysis.workloads.architectures import architecture_form


def test_unknown_architecture_is_answered_with_the_known_ones():
    with pytest.raises(UnknownWorkloadError, match=r"fashion-cnn.*digits-mlp, not 'resnet-18'"):
        architecture_form("resnet-18")
