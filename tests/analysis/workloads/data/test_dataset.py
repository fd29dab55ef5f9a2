"""Data sets of Hugging Face: files made here, and by the package where it is installed."""

import json
from typing import Any

import pyarrow as pa
import pytest
import torch
from pyarrow import parquet

from analysis.errors import WorkloadError
from analysis.workloads.data.dataset import described_names, is_dataset, read_dataset
from analysis.workloads.data.form import DataOptions, Pictures
from analysis.workloads.data.picture import decode_picture
from analysis.workloads.data.read import read_data
from tests.picture_sets import png

NAMES = ("ant", "bee", "Sci/Tech")
FEATURES = {"label": {"_type": "ClassLabel", "names": NAMES}, "image": {"_type": "Image"}}


def described(rows: int, content: object = None) -> pa.Table:
    """A table as the package saves it as parquet: its features in the schema."""
    images = [{"bytes": png(seed), "path": None} for seed in range(rows)]
    table = pa.table({"image": images, "label": [n % 3 for n in range(rows)]})
    text = json.dumps({"info": {"features": FEATURES}} if content is None else content)
    return table.replace_schema_metadata({"huggingface": text})


def test_a_parquet_file_of_a_data_set_names_its_classes_and_is_read_as_pictures(tmp_path):
    parquet.write_table(described(24), tmp_path / "x.parquet")
    data = read_data(tmp_path / "x.parquet")
    assert data.classes == NAMES
    assert "24 images of 3 classes, 224 × 224 pixels" in data.description


@pytest.mark.parametrize("place", ["", "data"])
def test_a_folder_of_parquet_files_has_the_splits_of_their_names(place, tmp_path):
    folder = tmp_path / place
    folder.mkdir(exist_ok=True)
    parquet.write_table(described(5), folder / "train-00000-of-00002.parquet")
    parquet.write_table(described(6), folder / "train-00001-of-00002.parquet")
    parquet.write_table(described(3), folder / "validation-00000-of-00001.parquet")
    assert is_dataset(tmp_path)
    assert read_dataset(tmp_path, None)[0].num_rows == 3
    table, names = read_dataset(tmp_path, "train")
    assert (table.num_rows, names) == (11, {"label": NAMES})
    with pytest.raises(WorkloadError, match="have the split 'dev'; it has train, validation"):
        read_dataset(tmp_path, "dev")


def test_the_only_split_is_taken_whatever_its_name(tmp_path):
    parquet.write_table(described(4), tmp_path / "dev-00000-of-00001.parquet")
    assert read_dataset(tmp_path, None)[0].num_rows == 4


@pytest.mark.parametrize(
    "content", [[], {"info": 3}, {"info": {"features": {"label": 1}}}], ids=str
)
def test_a_description_of_another_kind_names_nothing(content):
    assert described_names(described(3, content)) == {}


@pytest.mark.slow
def test_what_the_package_saves_is_read_with_its_pixels_classes_and_splits(tmp_path):
    datasets: Any = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    pictures = [tmp_path / f"{seed}.png" for seed in range(40)]
    for seed, file in enumerate(pictures):
        file.write_bytes(png(seed))
    features = datasets.Features(
        {"img": datasets.Image(), "kind": datasets.ClassLabel(names=list(NAMES))}
    )
    whole = datasets.Dataset.from_dict(
        {"img": list(map(str, pictures)), "kind": [n % 3 for n in range(40)]},
        features=features,
    )
    parts = {"train": whole.select(range(20)), "test": whole.select(range(20, 40))}
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "set", num_shards={"train": 1, "test": 2})
    form = Pictures((8, 8))
    data = read_data(tmp_path / "set", DataOptions(form))
    expected = {
        decode_picture(png(seed), form).tobytes(): NAMES[seed % 3] for seed in range(20, 40)
    }
    found = {}
    for part in (data.calibration, data.sweep, data.evaluation):
        for images, target in part:
            assert isinstance(images, torch.Tensor) and target is not None
            for image, number in zip((images * 255).round().byte(), target, strict=True):
                found[image.numpy().tobytes()] = data.classes[int(number)]
    assert found == expected
