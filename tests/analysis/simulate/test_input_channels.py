import pytest
import torch

from analysis.simulate.calibration import calibrate
from analysis.simulate.input_channels import input_channels
from analysis.workloads.load import load_workload
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from tests.nets import NETS


@pytest.mark.parametrize("name", NETS)
def test_the_extremes_of_all_channels_are_those_of_the_input(name):
    build, inputs = NETS[name]
    torch.manual_seed(0)
    batches = [(inputs(5), None) for _ in range(4)]
    made = subject(
        Workload(name=name, model=build().eval(), calibration=batches[:3], evaluation=batches[3:])
    )
    channels, seen = input_channels(made), calibrate(made)
    assert set(channels) == set(seen)
    for layer, (low, high) in channels.items():
        assert (low <= high).all()
        assert (low.min().item(), high.max().item()) == (seen[layer].minimum, seen[layer].maximum)


def test_a_convolution_has_a_channel_for_each_plane_and_a_linear_layer_for_each_column():
    made = subject(load_workload("digits"))
    channels = input_channels(made)
    for layer in made.layers:
        expected = made.model.get_parameter(layer.param).shape[1]
        assert len(channels[layer.name][0]) == expected
