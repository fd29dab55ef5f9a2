import pytest
import torch

from analysis.cli.opening import resolve_source
from analysis.errors import UnknownWorkloadError
from analysis.workloads.equalized import equalized, is_equalized, plain_source
from analysis.workloads.load import load_workload
from analysis.workloads.subject import subject


def test_a_source_says_whether_channels_are_equalised_first():
    assert equalized("digits") == equalized(equalized("digits")) == "equalized:digits"
    assert plain_source("equalized:a/b.py:make") == "a/b.py:make"
    assert is_equalized("equalized:digits") and not is_equalized("digits")


def test_an_equalised_workload_is_the_plain_one_with_other_weights_and_the_same_answers():
    plain, other = load_workload("digits"), load_workload("equalized:digits")
    assert (other.equalize, other.name) == (True, "digits, equalised")
    assert other.source == "equalized:digits"
    before, after = subject(plain), subject(other)
    assert before.fingerprint != after.fingerprint
    assert after.fingerprint == subject(load_workload("equalized:digits")).fingerprint
    with torch.no_grad():
        expected, actual = before.model(before.probe), after.model(before.probe)
    assert torch.allclose(actual, expected, atol=1e-4 * float(expected.abs().max()))


def test_its_notes_say_between_which_layers():
    (note,) = subject(load_workload("equalized:digits")).notes
    assert "equalised: conv1 → conv2; conv2 → conv3; conv3 → head" in note
    assert subject(load_workload("digits")).notes == ()


def test_the_command_line_knows_the_form(tmp_path):
    (tmp_path / "my_case.py").write_text("")
    file = f"{tmp_path}/my_case.py:make"
    assert resolve_source(f"equalized:{file}") == f"equalized:{file}"
    with pytest.raises(UnknownWorkloadError, match="'nothing' is none of these"):
        resolve_source("equalized:nothing")
