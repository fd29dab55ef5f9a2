import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import RunError
from analysis.layers import Layer
from analysis.quant.spec import WEIGHT_SPEC
from analysis.sensitivity.points import (
    Cell,
    Sensitivities,
    SweepCost,
    SweepPoint,
    SweepSetup,
    Target,
    from_document,
    parse_sensitivities,
    to_document,
)

NUMBERS = st.floats(allow_nan=False)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def make_layer(name: str) -> Layer:
    return Layer(
        name=name,
        kind="Linear",
        param=f"{name}.weight",
        weight_shape=(4, 3),
        channel_axis=0,
        input_shape=(3,),
        output_shape=(4,),
        macs=12,
        calls=1,
        tied=("other.weight",),
        group=name,
        folded=None,
    )


def make_cells(names: list[str], widths: tuple[int, ...] = (2, 4)) -> tuple[Cell, ...]:
    targets: tuple[Target, ...] = ("weight", "activation")
    return tuple(
        Cell(name, target, WEIGHT_SPEC.with_bits(bits).label)
        for target in targets
        for name in names
        for bits in widths
    )


def make_setup(names: list[str]) -> SweepSetup:
    return SweepSetup(
        workload="net",
        fingerprint="f",
        method="exact",
        layers=tuple(make_layer(name) for name in names),
        other_bytes=16,
        divergence="kl",
        metric="top1",
        direction="higher",
        reference={"top1": 0.9},
        cells=make_cells(names),
        samples=8,
    )


def make_point(cell: Cell, divergence: float = 0.5, samples: int = 8) -> SweepPoint:
    return SweepPoint(
        layer=cell.layer,
        target=cell.target,
        bits=cell.spec.bits,
        label=cell.label,
        divergence=divergence,
        low=divergence / 2,
        high=divergence * 2,
        samples=samples,
        total=8,
        metrics={"top1": 0.8},
    )


SETUP = make_setup(["a", "b"])
COST = SweepCost(forwards=3.5, seconds=0.1, peak_rss_bytes=10**9)
RESULT = Sensitivities.assemble(SETUP, [make_point(cell) for cell in SETUP.cells], COST, run="r1")


@dataclass
class FakeSweep:
    setup: SweepSetup
    cost: SweepCost
    points: list[SweepPoint]

    def __iter__(self) -> Iterator[SweepPoint]:
        return iter(self.points)


@st.composite
def results(draw: st.DrawFn) -> Sensitivities:
    setup = make_setup(draw(st.lists(NAMES, unique=True, max_size=3)))
    points = [
        make_point(cell, draw(NUMBERS), draw(st.integers(0, 8)))
        for cell in setup.cells
        if draw(st.booleans())
    ]
    cost = SweepCost(draw(NUMBERS), draw(NUMBERS), draw(st.integers(0, 2**50)))
    return Sensitivities.assemble(setup, points, cost, run=draw(st.none() | NAMES))


@settings(deadline=None)
@given(results())
def test_the_document_reads_back(result: Sensitivities) -> None:
    assert from_document(to_document(result)) == result
    assert parse_sensitivities(json.dumps(to_document(result))) == result


def test_the_document_has_the_promised_keys_at_the_top() -> None:
    document = json.loads(json.dumps(to_document(RESULT)))
    assert {"run", "workload", "method", "points", "reliability", "cost"} <= set(document)
    assert "setup" not in document
    promised = {"layer", "target", "bits", "label", "divergence", "low", "high", "samples"}
    assert promised | {"metrics"} <= set(document["points"][0])
    costs = {"forwards", "seconds", "peak_rss_bytes", "cpu_seconds", "workers"}
    assert costs <= set(document["cost"])


@pytest.mark.parametrize(
    "missing",
    sorted(set(to_document(RESULT)) - {"run", "reliability", "notes", "weights", "activations"}),
)
def test_a_missing_field_is_named(missing: str) -> None:
    document = to_document(RESULT)
    del document[missing]
    with pytest.raises(RunError, match=missing):
        from_document(document)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"points": 3}', "nan"])
def test_a_text_that_is_no_sweep_document_is_refused(text: str) -> None:
    with pytest.raises(RunError, match="sweep document"):
        parse_sensitivities(text)


def test_points_come_in_the_order_of_the_cells() -> None:
    points = [make_point(cell) for cell in reversed(SETUP.cells)]
    ordered = Sensitivities.assemble(SETUP, points, COST).points
    assert [point.cell for point in ordered] == list(SETUP.cells)


def test_collecting_keeps_the_newest_point_of_each_cell() -> None:
    first, second = SETUP.cells[:2]
    early, late = make_point(first, 0.1, samples=4), make_point(first, 0.2)
    result = Sensitivities.collect(FakeSweep(SETUP, COST, [early, make_point(second), late]))
    assert result.points == (late, make_point(second))
    assert not early.complete
    assert late.complete
    assert result.cost == COST


def test_points_are_found_by_layer_target_and_width() -> None:
    cell = next(cell for cell in SETUP.cells if cell.target == "activation")
    assert RESULT.point(cell.layer, "activation", 2) == make_point(cell)
    assert RESULT.point(cell.layer, "activation", 3) is None
    assert RESULT.bits("weight") == (2, 4)
    assert {point.target for point in RESULT.of("weight")} == {"weight"}
    assert RESULT.layers == SETUP.layers
