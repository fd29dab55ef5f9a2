from analysis.allocation.frontier import frontier
from analysis.allocation.linking import components
from tests.analysis.allocation.every import every, regrouped, split
from tests.sensitivities import make_sensitivities


def test_keys_are_joined_by_names_and_by_other_keys() -> None:
    rows = [(1, "a"), (2, "b"), (3, "a"), (4, "c"), (3, "b"), (5, "d")]
    assert components(rows) == ((1, 2, 3),)
    assert components([]) == ()
    assert components([(1, "a"), (1, "b"), (2, "c")]) == ()


def test_the_frontier_of_linked_inputs_is_the_lower_hull_of_all_recipes() -> None:
    made = make_sensitivities(layers=4, bits=(2, 8), target="both", seed=2)
    result = regrouped(made, inputs={0: "a", 2: "a", 3: "a"})
    points = frontier(result)
    tried = every(result)
    assert not any(split(result, point.recipe) for point in points)
    for point in points:
        least = min(t.divergence for t in tried if t.stored <= point.weight_bytes)
        assert abs(point.divergence - least) <= 1e-9 * least


def test_a_weight_sweep_knows_no_linked_inputs() -> None:
    made = make_sensitivities(layers=4, bits=(2, 3, 8))
    linked = regrouped(made, inputs={0: "a", 2: "a"})
    assert [p.divergence for p in frontier(linked)] == [p.divergence for p in frontier(made)]
