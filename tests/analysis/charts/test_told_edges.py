from itertools import combinations, pairwise

from analysis.charts.told_edges import told_edges
from tests.sensitivities import make_sensitivities

LAYERS = make_sensitivities(12).setup.layers
NAMES = [layer.name for layer in LAYERS]
ALL = list(combinations(NAMES, 2))


def behind(edges, name):
    """All layers that a layer depends on."""
    direct = {maker for maker, reader in edges if reader == name}
    return direct.union(*(behind(edges, maker) for maker in direct))


def test_few_edges_are_all_told():
    edges = [*pairwise(NAMES), (NAMES[0], NAMES[5])]
    assert told_edges(LAYERS, edges) == tuple(edges)


def test_of_a_stream_that_all_read_the_chain_is_left():
    assert told_edges(LAYERS, ALL) == tuple(pairwise(NAMES))


def test_branches_stay_and_nothing_loses_what_lies_behind_it():
    apart = {(NAMES[1], NAMES[2]), (NAMES[6], NAMES[7])}  # two pairs side by side
    edges = [edge for edge in ALL if edge not in apart]
    told = told_edges(LAYERS, edges)
    assert len(told) < len(edges) / 3
    assert {(NAMES[0], NAMES[1]), (NAMES[0], NAMES[2])} <= set(told)
    assert all(behind(told, name) == behind(edges, name) for name in NAMES)


def test_loops_stay():
    back = (NAMES[9], NAMES[2])
    assert set(told_edges(LAYERS, [*ALL, back])) == {*pairwise(NAMES), back}
