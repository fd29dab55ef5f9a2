import pyarrow as pa
import pytest

from analysis.workloads.data.form import Arrays, Columns, DataForm, Pictures, Text
from analysis.workloads.data.table_form import fitted_form

IMAGE = [{"bytes": b"x", "path": None}]
AUDIO = [{"bytes": b"x", "path": None, "sampling_rate": 8}]
CLASSES = {"kind": ("a", "b")}


@pytest.mark.parametrize(
    ("columns", "form"),
    [
        ({"image": IMAGE, "label": [0]}, Pictures(label="label")),
        ({"img": IMAGE, "kind": [0]}, Pictures(column="img", label="kind")),
        ({"photo": [b"x"]}, Pictures(column="photo", label=None)),
        ({"text": ["a"], "title": ["b"], "n": [1]}, Text()),
        ({"sentence": ["a"], "kind": [0]}, Text(column="sentence", label="kind")),
        ({"text": ["a"], "label": ["b"]}, Text(label="label")),
        ({"city": ["a"], "n": [1]}, Columns()),
        ({"n": [1.0], "kind": [0]}, Columns(label="kind")),
        ({"n": [1.0], "label": [0]}, Columns()),
        ({"audio": AUDIO}, Columns()),
    ],
    ids=str,
)
def test_the_columns_tell_what_the_rows_are(columns, form):
    assert fitted_form(None, pa.table(columns), CLASSES) == form


@pytest.mark.parametrize(
    ("asked", "columns", "form"),
    [
        (Pictures(), {"img": IMAGE, "kind": [0]}, Pictures(column="img", label="kind")),
        (Pictures(), {"a": IMAGE, "b": IMAGE, "kind": [0]}, Pictures(label="kind")),
        (Pictures(label=None), {"img": IMAGE, "kind": [0]}, Pictures(column="img", label=None)),
        (Pictures(column="img"), {"image": IMAGE}, Pictures(column="img")),
        (Text(), {"line": ["a"], "n": [1]}, Text(column="line")),
        (Text(label="label"), {"text": ["a"], "kind": [0]}, Text(label="kind")),
        (Columns(("n",)), {"text": ["a"], "n": [0]}, Columns(("n",))),
        (Arrays(), {"n": [0]}, Arrays()),
    ],
    ids=str,
)
def test_a_form_that_is_asked_for_is_kept_but_for_usual_names_that_are_missing(
    asked, columns, form
):
    assert fitted_form(asked, pa.table(columns), CLASSES) == form


@pytest.mark.parametrize(
    ("takes", "columns", "form"),
    [
        (
            Pictures((8, 8)),
            {"img": IMAGE, "kind": [0]},
            Pictures((8, 8), column="img", label="kind"),
        ),
        (Pictures((8, 8)), {"n": [1.0]}, Columns()),
        (Text(tokens=9), {"line": ["a"], "n": [1]}, Text(column="line", tokens=9)),
        (Text(label="label"), {"line": ["a"], "label": ["b"]}, Text("line", "label")),
        (Text(label="label", each=True), {"line": ["a"]}, Text("line", each=True)),
        (None, {"n": [1.0]}, Columns()),
    ],
    ids=str,
)
def test_an_open_form_is_what_the_model_takes_where_the_table_has_it(
    takes: DataForm | None, columns, form
):
    assert fitted_form(None, pa.table(columns), CLASSES, takes) == form
