"""What a data set tells of its samples: columns, the texts of categories, text of tokens."""

import json
from typing import Any

import pyarrow as pa
import torch

from analysis.workloads.data.form import Columns, DataOptions, Text
from analysis.workloads.data.names import shown_name
from analysis.workloads.data.read import read_data
from analysis.workloads.sample_words import input_words
from tests.picture_sets import write_pictures

LINES = ["age,colour,size,kind"] + [
    f"{20 + n},{('red', 'green', 'blue')[n % 3]},{n % 4},{('ham', 'spam')[n % 2]}"
    for n in range(24)
]


def words_of(data: Any, inputs: Any, **more: Any) -> str:
    words = data.words
    return input_words(inputs, words.decode, words.columns, categories=words.categories, **more)


def test_rows_of_a_table_have_their_names_and_the_texts_of_their_categories(tmp_path):
    (tmp_path / "t.csv").write_text("\n".join(LINES))
    form = Columns(("age",), ("colour", "size"), "kind")
    data = read_data(tmp_path / "t.csv", DataOptions(form))
    assert data.words.columns == ("colour", "size", "age")
    assert data.words.categories == {"colour": ("blue", "green", "red"), "size": ()}
    row = (torch.tensor([2]), torch.tensor([3]), torch.tensor([[41.0]]))
    assert words_of(data, row) == "colour red, size 3, age 41"


def test_all_columns_are_named_where_none_were_chosen(tmp_path):
    (tmp_path / "t.csv").write_text("a,b,y\n" + "\n".join(f"{n},{n / 7},0" for n in range(20)))
    data = read_data(tmp_path / "t.csv", DataOptions(Columns(label="y")))
    assert words_of(data, torch.tensor([[3.0, 0.25]])) == "a 3, b 0.25"


def test_a_data_set_on_disk_is_told_like_a_table(tmp_path):
    folder = tmp_path / "d"
    folder.mkdir()
    table = pa.table({"height": [n / 3 for n in range(20)], "y": [n % 2 for n in range(20)]})
    with pa.ipc.new_stream(folder / "data-00000-of-00001.arrow", table.schema) as stream:
        stream.write_table(table)
    (folder / "state.json").write_text("{}")
    data = read_data(folder, DataOptions(Columns(label="y")))
    assert data.words.columns == ("height",)


def test_texts_are_read_back(tmp_path):
    (tmp_path / "t.txt").write_text("To be, or not to be: that is the question. " * 20)
    data = read_data(tmp_path / "t.txt", DataOptions(Text(tokens=16)))
    inputs, _ = next(iter(data.evaluation))
    assert words_of(data, inputs) in "To be, or not to be: that is the question. " * 3
    rows = [{"text": f"message {n}", "kind": ("ham", "spam")[n % 2]} for n in range(20)]
    (tmp_path / "t.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    data = read_data(tmp_path / "t.jsonl", DataOptions(Text(label="kind", tokens=64)))
    inputs, _ = next(iter(data.evaluation))
    assert words_of(data, inputs).startswith("message ")


def test_pictures_need_no_words(tmp_path):
    write_pictures(tmp_path / "set", {"cat": 12, "dog": 12})
    words = read_data(tmp_path / "set").words
    assert (words.columns, words.decode) == ((), None)


def test_names_from_a_file_are_cut_and_made_printable():
    assert shown_name("age") == "age"
    assert shown_name("a\nb\x1b") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"
    assert shown_name("x" * 100) == "x" * 39 + "…"
