from itertools import pairwise

import pytest

from analysis.charts.frame import alt_text
from analysis.charts.network import COLUMNS, layout, network_graph
from analysis.charts.palette import EMPTY, bits_colour
from tests.sensitivities import make_sensitivities

LAYERS = make_sensitivities(14).setup.layers
NAMES = [layer.name for layer in LAYERS]
CHAIN = list(pairwise(NAMES))


def test_a_layer_stands_after_all_that_it_reads():
    edges = [*CHAIN[:4], (NAMES[0], NAMES[4])]
    places = layout(LAYERS[:5], edges)
    assert [places[name].rank for name in NAMES[:5]] == [0, 1, 2, 3, 4]


def test_branches_have_lanes_of_their_own():
    first, left, right, last = NAMES[:4]
    places = layout(LAYERS[:4], [(first, left), (first, right), (left, last), (right, last)])
    assert places[left].x == places[right].x
    assert places[left].y != places[right].y
    assert places[last].rank == 2


def test_a_long_network_goes_on_in_the_next_line():
    places = layout(LAYERS, CHAIN)
    after = places[NAMES[COLUMNS]]
    assert (after.x, places[NAMES[0]].x) == (0, 0)
    assert after.y < places[NAMES[0]].y
    assert len({(place.x, place.y) for place in places.values()}) == len(LAYERS)


def test_loops_and_layers_without_edges_have_a_place():
    edges = [(NAMES[0], NAMES[1]), (NAMES[1], NAMES[0]), (NAMES[1], NAMES[3])]
    places = layout(LAYERS[:4], edges)
    assert places[NAMES[2]].rank == places[NAMES[1]].rank


def nodes(figure):
    return figure.data[-1]


def test_a_click_selects_the_layer_and_unknown_values_are_left_empty():
    figure = network_graph(LAYERS, CHAIN, {NAMES[0]: 3.0, NAMES[1]: 5.0}, title="weights")
    assert [row[0] for row in nodes(figure).customdata] == NAMES
    colours = nodes(figure).marker.color
    assert colours[2] == EMPTY
    assert len({colours[0], colours[1], EMPTY}) == 3
    assert f"largest is {NAMES[1]} with 5" in alt_text(figure)


def test_bits_have_their_own_colours():
    figure = network_graph(LAYERS[:2], CHAIN[:1], {NAMES[0]: 2, NAMES[1]: 8}, title="b", bits=True)
    assert list(nodes(figure).marker.color) == [bits_colour(2), bits_colour(8)]
    assert list(nodes(figure).text) == ["2", "8"]
    figure = network_graph(LAYERS[:2], CHAIN[:1], {NAMES[0]: 2}, title="b", bits=True)
    assert list(nodes(figure).text) == ["2", ""]


@pytest.mark.parametrize("values", [{}, dict.fromkeys(NAMES, 1.0), dict.fromkeys(NAMES, 0.0)])
def test_no_or_equal_values_are_drawn(values):
    assert len(nodes(network_graph(LAYERS, CHAIN, values, title="x")).x) == len(LAYERS)


def test_values_over_decades_are_told_apart():
    values = {name: 10.0**-place for place, name in enumerate(NAMES)}
    colours = nodes(network_graph(LAYERS, CHAIN, values, title="x")).marker.color
    assert len(set(colours)) == len(NAMES)
