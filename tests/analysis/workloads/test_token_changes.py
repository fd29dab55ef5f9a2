import torch

from analysis.workloads.token_changes import token_changes


def test_the_position_that_moved_most_among_the_changed_is_told():
    reference = torch.zeros(2, 3, 4)
    reference[..., 0] = 3.0
    actual = reference.clone()
    actual[0, 1, 2] = 3.5  # changed a little
    actual[0, 2, 3] = 9.0  # changed a lot
    found = token_changes([reference], [actual])
    assert found.same.tolist() == [False, True]
    assert (found.position[0], found.reference[0], found.actual[0]) == (2, 0, 3)


def test_batches_are_joined():
    outputs = [torch.rand(2, 3, 4), torch.rand(1, 3, 4)]
    assert token_changes(outputs, outputs).same.tolist() == [True] * 3
