"""The coupled problem against all combinations, and what never happens to an answer."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.allocation.coupling import FREE, Change, Changes, Coupling, Links, Widths
from analysis.allocation.merged import by_linked_hull
from analysis.allocation.milp import by_milp
from analysis.allocation.model import Model
from analysis.allocation.problem import Integers, Problem, Row
from tests.analysis.allocation.problems import every, one_a_group, random_problem


def _coupled(seed: int, *, links: bool, widths: bool, changes: bool, rows: int = 2) -> Problem:
    """A random problem of six groups with random couplings."""
    plain = random_problem(seed, groups=6, options=3, rows=rows)
    rng = np.random.default_rng(seed + 1000)
    count, starts = len(plain.objective), plain.starts
    labels = rng.integers(0, 2, count)
    labels[rng.random(count) < 0.1] = FREE
    parts = (np.array([0, 2]), np.array([1, 3, 4]))
    width = rng.integers(2, 6, count)
    width[rng.random(count) < 0.1] = FREE
    steps = [
        Change(
            a,
            b,
            rng.integers(0, 3, starts[a + 1] - starts[a]),
            rng.integers(0, 3, starts[b + 1] - starts[b]),
            float(rng.uniform(0, 0.1)) * float(plain.rows[0].limit),
        )
        for a, b in pairwise(range(6))
    ]
    own = Changes(steps, starts) if changes else None
    first = Row(plain.rows[0].costs, plain.rows[0].limit, own)
    coupling = Coupling(
        Links(labels, parts) if links else None, Widths(width, 2) if widths else None
    )
    return Problem(plain.objective, [first, *plain.rows[1:]], starts, coupling)


def _brute(problem: Problem) -> float | None:
    return min((problem.value(p) for p in every(problem) if problem.keeps(p)), default=None)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    ("links", "widths", "changes"),
    [
        (True, False, False),
        (False, True, False),
        (False, False, True),
        (True, True, False),
        (True, True, True),
    ],
)
def test_the_optimum_is_the_best_of_all_combinations(
    seed: int, links: bool, widths: bool, changes: bool
) -> None:
    problem = _coupled(seed, links=links, widths=widths, changes=changes)
    best, picks = _brute(problem), by_milp(problem)
    if best is None:
        assert picks is None
    else:
        assert picks is not None
        assert problem.keeps(picks)
        assert problem.value(picks) == pytest.approx(best, rel=2e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.booleans(), st.booleans())
def test_an_answer_keeps_everything(seed: int, links: bool, widths: bool, changes: bool) -> None:
    problem = _coupled(seed, links=links, widths=widths, changes=changes)
    picks = by_milp(problem)
    if picks is not None:
        assert one_a_group(problem, picks)
        assert all(row.total(picks) <= row.limit for row in problem.rows)
        assert problem.coupling.links is None or _together(problem, picks)
        assert problem.coupling.widths is None or len(_widths(problem, picks)) <= 2


def _together(problem: Problem, picks: Integers) -> bool:
    links = problem.coupling.links
    assert links is not None
    return all(
        len({int(x) for x in links.labels[picks[groups]] if x != FREE}) <= 1
        for groups in links.components
    )


def _widths(problem: Problem, picks: Integers) -> set[int]:
    widths = problem.coupling.widths
    assert widths is not None
    return {int(width) for width in widths.of[picks] if width != FREE}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("rows", [1, 2])
def test_the_hull_keeps_linked_groups_together(seed: int, rows: int) -> None:
    problem = _coupled(seed, links=True, widths=False, changes=False, rows=rows)
    picks, best = by_linked_hull(problem), _brute(problem)
    if picks is not None:
        assert best is not None
        assert problem.keeps(picks)
        assert problem.value(picks) >= best * (1 - 1e-9)
    elif rows == 1:
        assert best is None


@pytest.mark.parametrize("seed", range(6))
def test_the_hull_of_linked_groups_reaches_every_lagrangian_optimum(seed: int) -> None:
    problem = _coupled(seed, links=True, widths=False, changes=False, rows=1)
    (row,) = problem.rows
    together = [p for p in every(problem) if not problem.coupling.broken(p)]
    if not together:
        return
    for price in (1e-6, 1e-5, 1e-4, 1e-3):
        best = min(together, key=lambda p: problem.value(p) + price * row.total(p))
        limited = Problem(
            problem.objective, [Row(row.costs, row.total(best))], problem.starts, problem.coupling
        )
        picks = by_linked_hull(limited)
        assert picks is not None
        assert limited.value(picks) <= limited.value(best) * (1 + 1e-9)


def test_changes_are_counted_where_classes_differ() -> None:
    starts = np.array([0, 2, 4])
    changes = Changes([Change(0, 1, np.array([0, 1]), np.array([1, 0]), 5.0)], starts)
    assert changes.total(np.array([0, 3])) == 0
    assert changes.total(np.array([0, 2])) == 5
    fewer = changes.only(np.array([True, False, True, True]), np.array([0, 1, 3]))
    assert fewer.total(np.array([0, 2])) == 0
    assert fewer.total(np.array([0, 1])) == 5


def _large(rows: int, widths: int | None, paid: bool) -> Problem:
    """200 groups with eight options, made as layers of a network are."""
    rng = np.random.default_rng(3)
    bits = np.array([2, 3, 4, 5, 6, 7, 8, 16])
    level = np.exp(rng.normal(0, 1.5, 200))
    objective = (level[:, None] * 4.0**-bits).ravel()
    starts = np.arange(0, 1601, 8)
    size = np.exp(rng.normal(8, 1, 200))
    bases = [size, size * np.exp(rng.normal(3, 1, 200)), np.exp(rng.normal(8, 1, 200)), size**0.8]
    same = np.arange(8)
    steps = [Change(a, a + 1, same, same, 0.3 * float(size.mean())) for a in range(199)]
    found = [
        Row(
            np.rint(np.outer(base, bits)).ravel(),
            float(base.sum() * (4.2 + 0.1 * place)),
            Changes(steps, starts) if paid and place == 0 else None,
        )
        for place, base in enumerate(bases[:rows])
    ]
    limited = None if widths is None else Widths(np.tile(bits, 200), widths)
    return Problem(objective, found, starts, Coupling(widths=limited))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "widths", "paid"), [(4, None, False), (3, 3, False), (2, None, True), (2, 3, True)]
)
def test_a_large_network_is_solved_near_its_bound(
    rows: int, widths: int | None, paid: bool
) -> None:
    problem = _large(rows, widths, paid)
    picks = by_milp(problem)
    assert picks is not None
    assert problem.keeps(picks)
    bound = min(_bounds(problem))
    assert bound * (1 - 1e-9) <= problem.value(picks) <= bound * 1.004


def _bounds(problem: Problem) -> Iterator[float]:
    """Of each set of widths, by the linear relaxation."""
    widths = problem.coupling.widths
    free = replace(problem, coupling=Coupling())
    sets = [()] if widths is None else combinations(sorted(set(widths.of.tolist())), widths.most)
    for allowed in sets:
        part = free if widths is None else free.only(np.isin(widths.of, allowed))[0]
        relaxation = Model.of(part).relaxed()
        if relaxation is not None:
            yield relaxation.bound
