from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.allocation.options import Table, decision_groups
from analysis.allocation.surrogates.additive import Additive
from analysis.allocation.surrogates.pairwise import Pairwise
from analysis.allocation.surrogates.surrogate import Surrogate
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.points import Sensitivities
from tests.gram import make_interactions
from tests.sensitivities import make_sensitivities


def made(
    result: Sensitivities, weight: float | None = None, seed: int = 0
) -> tuple[Pairwise, Table, Interactions]:
    groups = decision_groups(result, {})
    known = make_interactions(result, seed)
    surrogate = Pairwise.of(result, groups, known, weight)
    assert surrogate is not None
    return surrogate, Table.of(groups), known


def random_picks(table: Table, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(table.starts[:-1], table.starts[1:])


def check_moves(surrogate: Surrogate, table: Table, seed: int) -> None:
    """Values of moves and of singles are those of the recipes they lead to."""
    rng = np.random.default_rng(seed)
    picks = random_picks(table, seed)
    owner = np.repeat(np.arange(len(picks)), np.diff(table.starts))
    moves, expected = [], []
    for _ in range(20):
        groups = rng.choice(len(picks), 3, replace=False)
        move = random_picks(table, int(rng.integers(1 << 30)))[groups]
        if rng.random() < 0.5:
            move[2] = picks[groups[0]] if move[0] != picks[groups[0]] else move[2]
            move[2] = picks[groups[2]]
        after = picks.copy()
        after[groups] = move
        moves.append(move)
        expected.append(surrogate.value(after))
    np.testing.assert_allclose(surrogate.moves(picks, np.array(moves)), expected, rtol=1e-9)
    singles = []
    for option, group in enumerate(owner):
        after = picks.copy()
        after[group] = option
        singles.append(surrogate.value(after))
    np.testing.assert_allclose(surrogate.singles(picks), singles, rtol=1e-9)


@given(seed=st.integers(0, 10_000))
def test_moves_are_worth_what_their_recipes_are(seed: int) -> None:
    result = make_sensitivities(layers=6, bits=(2, 3, 4, 8))
    surrogate, table, _ = made(result)
    check_moves(surrogate, table, seed)
    check_moves(Additive(table.divergence, table.starts), table, seed)


def test_the_form_is_that_of_the_gram_matrix() -> None:
    result = make_sensitivities(layers=5, bits=(2, 4))
    surrogate, table, known = made(result, weight=1.0)
    picks = random_picks(table, 3)
    # one cell an option, in the order of the options; half the squared length is the divergence
    together = sum(table.divergence[picks]) + 2 * sum(
        known.gram[a, b] for a, b in combinations(picks, 2)
    )
    assert surrogate.value(picks) == pytest.approx(together, rel=1e-12)


def test_without_trust_it_is_the_sum() -> None:
    surrogate, table, _ = made(make_sensitivities(), weight=0.0)
    picks = random_picks(table, 1)
    assert surrogate.value(picks) == pytest.approx(table.divergence[picks].sum(), rel=1e-12)


def test_it_is_never_negative() -> None:
    for seed in range(20):
        surrogate, table, _ = made(make_sensitivities(seed=seed), seed=seed)
        assert surrogate.value(random_picks(table, seed)) >= 0


def test_members_of_a_group_interact_inside_their_option(grouped: Sensitivities) -> None:
    surrogate, table, known = made(grouped, weight=1.0)
    place = {cell: number for number, cell in enumerate(known.cells)}
    shared = [layer for layer in grouped.layers if layer.group == "shared"]
    label = grouped.points[0].label
    rows = [place[point.cell] for point in grouped.points if point.label == label]
    rows = [row for row in rows if known.cells[row].layer in {layer.name for layer in shared}]
    assert len(rows) == 3
    option = int(table.starts[1])
    assert surrogate.alone[option] == pytest.approx(known.gram[np.ix_(rows, rows)].sum())


def test_inputs_and_weights_interact(both: Sensitivities) -> None:
    surrogate, table, _ = made(both)
    check_moves(surrogate, table, 0)
    assert (surrogate.alone != table.divergence).all()


def test_cells_without_shifts_cannot_be_estimated(weights: Sensitivities) -> None:
    known = make_interactions(weights)
    fewer = Interactions(known.cells[1:], known.gram[1:, 1:], 1.0, "exact", 512)
    assert Pairwise.of(weights, decision_groups(weights, {}), fewer) is None


def test_many_options_are_kept_in_single_precision(
    weights: Sensitivities, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact, table, _ = made(weights)
    monkeypatch.setattr("analysis.allocation.surrogates.pairwise.SINGLE_PRECISION", 10)
    small, _, _ = made(weights)
    assert small.pairs.dtype == np.float32
    picks = random_picks(table, 2)
    assert small.value(picks) == pytest.approx(exact.value(picks), rel=1e-6)
