import pytest
import torch

from analysis.workloads.architectures import ARCHITECTURE_FORMS
from analysis.workloads.nets import ARCHITECTURES


def test_every_net_has_a_form_of_the_same_name():
    assert set(ARCHITECTURES) == set(ARCHITECTURE_FORMS)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_form_states_what_goes_in_and_comes_out(name):
    form = ARCHITECTURE_FORMS[name]
    output = ARCHITECTURES[name]().eval()(torch.zeros(3, *form.input_shape))
    assert output.shape == (3, form.classes)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("fashion-cnn", 77_754), ("lenet-5", 61_706), ("digits-cnn", 19_254), ("digits-mlp", 6_570)],
)
def test_sizes_are_those_the_docstrings_and_titles_state(name, parameters):
    assert sum(value.numel() for value in ARCHITECTURES[name]().parameters()) == parameters
    assert f"{parameters / 1000:.0f} k parameters" in ARCHITECTURE_FORMS[name].title
