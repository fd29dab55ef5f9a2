import numpy as np
import pytest
import torch

from analysis.metrics import figure, statistics_rows
from analysis.workloads.zoo.lists import LikedHit, StarsRmse


def lists(stars, places, films=20):
    """Scores that put the first film of each list at a place, from 1; and the targets."""
    output = torch.arange(films).float().repeat(len(stars), 1)
    output[:, 0] = torch.tensor([films - place + 0.5 for place in places])
    target = torch.zeros(output.shape)
    target[:, 0] = torch.tensor(stars).float()
    return output, target


def test_only_liked_films_count_as_hits():
    output, target = lists(stars=[5, 4, 4, 3], places=[1, 10, 11, 1])
    rows = statistics_rows(LikedHit(), output, target, output)
    assert rows.tolist() == [[1, 1], [1, 1], [0, 1], [0, 0]]
    assert figure(LikedHit(), rows) == pytest.approx(2 / 3)


def test_films_without_stars_do_not_count_in_the_error():
    output, target = lists(stars=[5, 2], places=[1, 2])
    output[:, 0] = torch.tensor([4.0, 4.0])
    rows = statistics_rows(StarsRmse(), output, target, output)
    assert figure(StarsRmse(), rows) == pytest.approx(np.sqrt((1 + 4) / 2))
