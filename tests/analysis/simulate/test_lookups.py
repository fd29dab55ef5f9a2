import pytest
import torch
from torch import nn

from analysis.inspection import inspect_workload
from analysis.quant.describe import looked_up_sqnr
from analysis.simulate.lookups import count_lookups, row_lookups
from analysis.workloads.parts import tensors_of
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from tests.tasks import make_task


def test_lookups_are_counted_for_tables_alone():
    workload = make_task("ratings", 200)
    counts = count_lookups(subject(workload))
    items = tensors_of(next(iter(workload.calibration))[0])[1]
    assert set(counts) == {"users", "items"}
    assert int(counts["users"].sum()) == 200
    assert torch.equal(counts["items"], torch.bincount(items, minlength=40))


def test_a_bag_of_embeddings_counts_every_row_it_sums():
    torch.manual_seed(0)
    model = nn.Sequential(nn.EmbeddingBag(9, 4), nn.Linear(4, 3))
    rows = torch.randint(0, 9, (8, 5))
    batches = [(rows, None)]
    made = subject(
        Workload(
            name="bag", model=model.eval(), calibration=batches, sweep=batches, evaluation=batches
        )
    )
    assert torch.equal(count_lookups(made)["0"], torch.bincount(rows.flatten(), minlength=9))


def test_the_facts_of_a_table():
    facts = row_lookups(torch.tensor([80, 0, 0, 5, 5, 5, 5, 0, 0, 0]))
    assert (facts.rows, facts.read, facts.lookups) == (10, 5, 100)
    assert facts.hottest == pytest.approx(0.8)
    assert row_lookups(torch.zeros(4, dtype=torch.int64)).hottest == 0.0


def test_rows_count_as_often_as_they_are_read():
    weight = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    actual = weight + torch.tensor([[0.1, 0.0], [0.5, 0.5], [9.0, 9.0]])
    read = torch.tensor([3, 1, 0])
    repeated = [0, 0, 0, 1]
    noise = (actual - weight)[repeated].square().sum()
    expected = 10 * torch.log10(weight[repeated].square().sum() / noise)
    assert looked_up_sqnr(weight, actual, read) == pytest.approx(float(expected), rel=1e-5)


def test_a_look_at_a_recommender_weighs_rows_by_their_lookups():
    profiles = {x.layer.name: x for x in inspect_workload(make_task("ratings", 200)).profiles}
    table, linear = profiles["items"], profiles["mlp.0"]
    assert linear.lookups is None and all(x.looked_up_db is None for x in linear.effects)
    assert table.lookups is not None
    assert table.lookups.rows == 40 and table.lookups.read <= 40
    found = [(x.looked_up_db or 0.0) - x.sqnr_db for x in table.effects]
    assert max(map(abs, found)) > 0.05
    assert table.layer.macs == 0, "a lookup multiplies nothing"
