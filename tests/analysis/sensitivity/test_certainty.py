from dataclasses import replace

from analysis.sensitivity.certainty import rank_certainty
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


def spread(result: Sensitivities, half: float) -> Sensitivities:
    """The sweep with the divergences 5, 4, 3 … and intervals of one half-width."""
    points = []
    for index, point in enumerate(result.points):
        value = float(len(result.points) - index)
        points.append(replace(point, divergence=value, low=value - half, high=value + half))
    return replace(result, points=tuple(points))


def one_width(layers: int) -> Sensitivities:
    return make_sensitivities(layers, bits=(4,))


def test_narrow_intervals_settle_every_place():
    certainty = rank_certainty(spread(one_width(5), half=0.4), "weight", 4)
    assert (certainty.layers, certainty.settled, certainty.top_settled) == (5, 5, True)


def test_wide_intervals_settle_none():
    certainty = rank_certainty(spread(one_width(5), half=0.6), "weight", 4)
    assert (certainty.settled, certainty.top_settled) == (0, False)


def test_layers_are_named_worst_first():
    result = spread(one_width(4), half=0.1)
    assert rank_certainty(result, "weight", 4).worst == tuple(p.layer for p in result.points)


def test_one_doubtful_pair_leaves_both_of_its_places_open():
    result = spread(one_width(5), half=0.1)
    first = replace(result.points[0], low=result.points[1].high - 0.01)
    doubtful = replace(result, points=(first, *result.points[1:]))
    certainty = rank_certainty(doubtful, "weight", 4)
    assert (certainty.settled, certainty.top_settled) == (3, False)


def test_a_single_layer_is_settled():
    certainty = rank_certainty(one_width(1), "weight", 4)
    assert (certainty.layers, certainty.settled, certainty.top_settled) == (1, 1, True)


def test_a_width_that_was_not_swept_ranks_nothing():
    certainty = rank_certainty(one_width(3), "weight", 7)
    assert (certainty.layers, certainty.settled, certainty.worst) == (0, 0, ())
