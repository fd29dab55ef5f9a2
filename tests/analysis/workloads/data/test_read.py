"""Every form of data from files that are made here."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image
from pyarrow import ipc, parquet

from analysis.errors import UnknownWorkloadError, UnsupportedFileError, WorkloadError
from analysis.workloads.data.form import (
    Arrays,
    Columns,
    DataOptions,
    Pictures,
    Split,
    Text,
)
from analysis.workloads.data.read import read_data
from analysis.workloads.parts import count_samples, tensors_of
from tests.picture_sets import png, write_pictures, write_zip

SMALL = DataOptions(Pictures((8, 8)), batch_size=7)


def first(part: Any) -> Any:
    """Inputs and target of the first batch."""
    return next(iter(part))


def all_inputs(data) -> torch.Tensor:
    parts = (data.calibration, data.sweep, data.evaluation)
    return torch.cat([tensors_of(inputs)[0] for part in parts for inputs, _ in part])


def check_parts(data, total: int) -> None:
    parts = (data.calibration, data.sweep, data.evaluation)
    counts = [count_samples(part) for part in parts]
    assert counts == [data.counts.calibration, data.counts.sweep, data.counts.evaluation]
    assert sum(counts) == total
    assert [count_samples(part) for part in parts] == counts, "iterable again"
    assert f"{counts[2]:,} for the evaluation" in data.description


def test_a_folder_of_class_folders_and_its_zip_are_the_same_data(tmp_path):
    write_pictures(tmp_path / "set", {"cat": 12, "dog": 12})
    write_zip(tmp_path / "set.zip", tmp_path / "set")
    folder, archive = (read_data(tmp_path / name, SMALL) for name in ("set", "set.zip"))
    assert folder.classes == archive.classes == ("cat", "dog")
    check_parts(folder, 24)
    assert torch.equal(all_inputs(folder), all_inputs(archive))
    inputs, target = first(folder.evaluation)
    assert inputs.shape == (7, 3, 8, 8) and target.dtype == torch.int64
    assert inputs.min() >= 0 and inputs.max() <= 1
    assert "24 images of 2 classes, 8 × 8 pixels" in folder.description
    assert "drawn with seed 0" in folder.description


def test_images_without_class_folders_have_no_labels(tmp_path):
    write_pictures(tmp_path / "set", {"": 20})
    data = read_data(tmp_path / "set", SMALL)
    assert not data.labelled and data.classes == ()
    assert "no task metric" in data.description
    assert all(target is None for _, target in data.sweep)


def test_equal_images_are_told_and_kept_together(tmp_path):
    write_pictures(tmp_path / "set", {"a": 16})
    for number in range(16):
        (tmp_path / f"set/a/copy{number}.png").write_bytes(
            (tmp_path / f"set/a/{number:03}.png").read_bytes()
        )
    data = read_data(tmp_path / "set", SMALL)
    assert "16 exact duplicates" in data.description
    rows = [
        {row.numpy().tobytes() for x, _ in part for row in tensors_of(x)[0]}
        for part in (data.calibration, data.sweep, data.evaluation)
    ]
    assert not rows[0] & rows[1] and not rows[1] & rows[2] and not rows[0] & rows[2]


def test_images_are_standardised_and_cut_from_the_middle(tmp_path):
    (tmp_path / "a").mkdir()
    for number in range(12):
        image = np.zeros((8, 24, 3), np.uint8)
        image[:, 8:16] = 10 * number + 5
        Image.fromarray(image).save(tmp_path / "a" / f"{number}.png")
    form = Pictures((8, 8), mean=(0.5,) * 3, std=(0.25,) * 3)
    found = sorted(all_inputs(read_data(tmp_path, DataOptions(form)))[:, 0].unique().tolist())
    assert found == pytest.approx([((10 * n + 5) / 255 - 0.5) / 0.25 for n in range(12)], abs=1e-5)


def test_arrays_with_names_of_arguments_are_keywords(tmp_path):
    ids = np.arange(60).reshape(20, 3)
    np.savez(tmp_path / "d.npz", input_ids=ids, attention_mask=np.ones_like(ids))
    data = read_data(tmp_path / "d.npz")
    inputs, target = first(data.evaluation)
    assert set(inputs) == {"input_ids", "attention_mask"} and target is None


def test_image_arrays_are_scaled_and_standardised(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (20, 1, 4, 4), dtype=np.uint8)
    np.savez(tmp_path / "d.npz", x=x, y=np.arange(20) % 3)
    options = DataOptions(Arrays(mean=(0.5,), std=(0.5,)))
    data = read_data(tmp_path / "d.npz", options)
    check_parts(data, 20)
    expected = np.sort((x / 255 - 0.5).ravel() / 0.5)
    assert np.sort(all_inputs(data).numpy().ravel()) == pytest.approx(expected, abs=1e-6)


def test_arrays_that_were_cut_stay_as_they_are(tmp_path):
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        f"x_{part}": rng.random((5, 2)) for part in ("calibration", "sweep", "evaluation")
    }
    np.savez(tmp_path / "d.npz", **arrays)
    data = read_data(tmp_path / "d.npz")
    check_parts(data, 15)
    assert "as the archive cuts them" in data.description
    arrays["x_evaluation"][0] = arrays["x_sweep"][0]
    np.savez(tmp_path / "e.npz", **arrays)
    with pytest.raises(WorkloadError, match="1 stand in both"):
        read_data(tmp_path / "e.npz")


def ratings() -> pa.Table:
    rng = np.random.default_rng(0)
    return pa.table(
        {
            "user": rng.integers(0, 9, 60),
            "item": [f"film {number:02}" for number in rng.permutation(60)],
            "age": rng.random(60),
            "rating": rng.integers(1, 6, 60),
        }
    )


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_tables_give_categories_then_numbers(tmp_path, ending):
    path = tmp_path / f"r.{ending}"
    if ending == "csv":
        ratings().to_pandas().to_csv(path, index=False)
    else:
        parquet.write_table(ratings(), path)
    form = Columns(("age",), ("user", "item"), "rating", "number")
    data = read_data(path, DataOptions(form))
    check_parts(data, 60)
    (user, item, age), rating = first(data.evaluation)
    assert (user.dtype, item.dtype, age.dtype) == (torch.int64, torch.int64, torch.float32)
    assert age.shape == (len(user), 1) and rating.dtype == torch.float32
    assert data.classes == ()


def test_text_labels_are_numbered_in_sorted_order(tmp_path):
    lines = ["a,b,kind"] + [f"{n},{n / 7},{('ham', 'spam')[n % 2]}" for n in range(20)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    data = read_data(tmp_path / "t.csv", DataOptions(Columns(label="kind")))
    assert data.classes == ("ham", "spam")
    inputs, target = first(data.evaluation)
    assert inputs.shape[1] == 2
    assert torch.equal(inputs[:, 0].long() % 2, target)


@pytest.mark.parametrize(
    ("row", "form", "words"),
    [
        ("1,,x", Columns(), "a value"),
        ("1,inf,x", Columns(("b",)), "finite numbers"),
        ("1,2,x", Columns(("nope",)), "must have the column 'nope'"),
        ("1,2.5,x", Columns((), ("b",)), "integers or texts"),
        ("-1,2,x", Columns((), ("a",)), "numbered from 0"),
        ("1,2,<b>x</b>", Columns(("a",), (), "c"), "Names of classes"),
    ],
)
def test_columns_that_do_not_fit_are_named(tmp_path, row, form, words):
    (tmp_path / "t.csv").write_text("a,b,c\n" + "\n".join(["1,2.0,x"] * 20 + [row]))
    with pytest.raises(WorkloadError, match=words):
        read_data(tmp_path / "t.csv", DataOptions(form))


def test_plain_text_becomes_sequences_whose_target_is_the_next_byte(tmp_path):
    text = "".join(chr(97 + (n * n) % 23) for n in range(1000))
    (tmp_path / "t.txt").write_text(text)
    data = read_data(tmp_path / "t.txt", DataOptions(Text(tokens=16)))
    for inputs, target in list[Any](data.evaluation):
        assert torch.equal(inputs[:, 1:], target[:, :-1])
        assert bytes(inputs[0].tolist()).decode() in text
    assert "sequences of 16 bytes" in data.description


def test_json_lines_are_texts_or_texts_with_a_class(tmp_path):
    rows = [{"text": f"message {n} " * 3, "kind": ("ham", "spam")[n % 2]} for n in range(20)]
    (tmp_path / "t.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    model = read_data(tmp_path / "t.jsonl", DataOptions(Text(tokens=8)))
    assert first(model.sweep)[0].shape[1] == 8
    data = read_data(tmp_path / "t.jsonl", DataOptions(Text(label="kind", tokens=64)))
    inputs, target = first(data.evaluation)
    assert set(inputs) == {"input_ids", "attention_mask"} and target.dtype == torch.int64
    assert data.classes == ("ham", "spam")
    assert int(inputs["attention_mask"][0].sum()) == len(rows[0]["text"])


def test_texts_without_labels_can_be_samples_of_their_own(tmp_path):
    (tmp_path / "t.txt").write_text("\n\n".join(f"line {n}" for n in range(24)))
    form = Text(tokens=8, each=True, pad=3)
    data = read_data(tmp_path / "t.txt", DataOptions(form))
    check_parts(data, 24)
    inputs, target = first(data.calibration)
    assert target is None and not data.labelled
    assert set(inputs) == {"input_ids", "attention_mask"}
    assert (inputs["input_ids"][inputs["attention_mask"] == 0] == 3).all()
    with pytest.raises(WorkloadError, match="text file has no column 'label'"):
        read_data(tmp_path / "t.txt", DataOptions(Text(label="label")))


def test_lists_of_equal_length_are_numbers_of_their_own(tmp_path):
    lists = [[n, n + 0.5] for n in range(24)]
    table = pa.table({"a": [float(n) for n in range(24)], "x": lists})
    parquet.write_table(table, tmp_path / "d.parquet")
    data = read_data(tmp_path / "d.parquet")
    inputs = all_inputs(data)
    assert torch.equal(inputs[:, 1:], inputs[:, :1] + torch.tensor([0.0, 0.5]))
    assert data.words.columns == ("a", "x[0]", "x[1]")
    assert "24 rows of 3 numbers" in data.description
    parquet.write_table(pa.table({"x": [*lists, [1.0]]}), tmp_path / "e.parquet")
    with pytest.raises(WorkloadError, match="the lists of x differ in length"):
        read_data(tmp_path / "e.parquet")


def write_dataset(folder, table: pa.Table, features) -> None:
    folder.mkdir(parents=True)
    with ipc.new_stream(folder / "data-00000-of-00001.arrow", table.schema) as stream:
        stream.write_table(table)
    (folder / "state.json").write_text("{}")
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))


def test_a_dataset_folder_of_images_names_its_classes(tmp_path):
    images = [{"bytes": png(seed), "path": None} for seed in range(24)]
    table = pa.table({"image": images, "label": [n % 3 for n in range(24)]})
    names = {"label": {"_type": "ClassLabel", "names": ["ant", "bee", "cow"]}}
    write_dataset(tmp_path / "test", table, names)
    write_dataset(tmp_path / "train", table.slice(0, 13), names)
    (tmp_path / "dataset_dict.json").write_text("{}")
    data = read_data(tmp_path, SMALL)
    check_parts(data, 24)
    assert data.classes == ("ant", "bee", "cow")
    train = DataOptions(Pictures((8, 8)), Split(subset="train"))
    check_parts(read_data(tmp_path, train), 13)
    with pytest.raises(WorkloadError, match="must have the split 'dev'; it has test, train"):
        read_data(tmp_path, DataOptions(Pictures(), Split(subset="dev")))


def test_a_dataset_folder_of_texts_is_read_as_text(tmp_path):
    write_dataset(tmp_path / "d", pa.table({"text": [f"line {n}" * 9 for n in range(40)]}), {})
    data = read_data(tmp_path / "d", DataOptions(Text(tokens=32)))
    assert first(data.sweep)[0].shape[1] == 32


FACTORY = """
import torch
x = torch.arange(40.0).reshape(20, 2)
def batches(): return [(x[:8], x[:8, 0]), (x[8:], x[8:, 0])]
def parts(): return {"calibration": [(x[:4], None)], "sweep": [(x[4:9], None)],
                     "evaluation": [(x[9:], None)]}
def once(): return iter(batches())
def wrong(): return {"train": []}
"""


def test_a_factory_gives_batches_or_parts(tmp_path):
    (tmp_path / "d.py").write_text(FACTORY)
    check_parts(read_data(f"{tmp_path}/d.py:batches"), 20)
    cut = read_data(f"{tmp_path}/d.py:parts")
    check_parts(cut, 20)
    assert not cut.labelled
    with pytest.raises(WorkloadError, match="must return batches"):
        read_data(f"{tmp_path}/d.py:once")
    with pytest.raises(WorkloadError, match="under the names"):
        read_data(f"{tmp_path}/d.py:wrong")


def test_what_is_no_data_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(UnknownWorkloadError, match="there is no"):
        read_data(tmp_path / "gone.npz")
    (tmp_path / "d.xyz").write_text("x")
    with pytest.raises(UnsupportedFileError, match=r"'\.xyz'"):
        read_data(tmp_path / "d.xyz")
    (tmp_path / "d.npz").write_text("x")
    with pytest.raises(WorkloadError, match="read as arrays, not as text"):
        read_data(tmp_path / "d.npz", DataOptions(Text()))
    for ending in ("csv", "parquet", "jsonl", "arrow"):
        (tmp_path / f"bad.{ending}").write_bytes(b"\x00\xff{[" * 40)
        with pytest.raises(UnsupportedFileError, match=f"whole {ending} table"):
            read_data(tmp_path / f"bad.{ending}", DataOptions(Columns()))


def test_a_dataset_of_several_files_is_read_as_one(tmp_path):
    kinds = pa.array([("ham", "spam")[n % 2] for n in range(24)]).dictionary_encode()
    images = [{"bytes": png(seed), "path": None} for seed in range(24)]
    table = pa.table({"image": images, "label": kinds})
    write_dataset(tmp_path / "d", table.slice(0, 10), {})
    second = tmp_path / "d" / "data-00001-of-00002.arrow"
    with ipc.new_stream(second, table.schema) as stream:
        stream.write_table(table.slice(10))
    data = read_data(tmp_path / "d", SMALL)
    check_parts(data, 24)
    assert data.classes == ("ham", "spam")
    folder = tmp_path / "files"
    for seed in range(24):
        (folder / ("ham", "spam")[seed % 2]).mkdir(parents=True, exist_ok=True)
        (folder / ("ham", "spam")[seed % 2] / f"{seed}.png").write_bytes(png(seed))
    found, expected = (all_inputs(x).flatten(1).sum(1) for x in (data, read_data(folder, SMALL)))
    assert torch.allclose(found.sort().values, expected.sort().values)
