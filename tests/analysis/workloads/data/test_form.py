import pytest

from analysis import serial
from analysis.errors import OptionError
from analysis.workloads.data.form import Arrays, Columns, DataOptions, Pictures, Split, Text


@pytest.mark.parametrize(
    "options",
    [
        DataOptions(),
        DataOptions(Pictures((32, 48), mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 3.0)), batch_size=8),
        DataOptions(Columns(("a",), ("b",), "c", "number"), Split(10, 20, 30, seed=4)),
        DataOptions(Text(label="kind", tokenizer="folder", tokens=9)),
        DataOptions(Arrays(std=(0.5,)), Split(subset="train")),
    ],
)
def test_options_come_back_from_json(options):
    body = serial.to_plain(options)
    assert serial.from_plain(DataOptions, body, OptionError, "data options") == options


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"form": {"kind": "text", "tokns": 3}}, "tokns"),
        ({"form": {"tokens": 3}}, "kind"),
        ({"form": {"kind": "pictures", "size": [0, 4]}}, "1 to 4096 pixels"),
        ({"forms": None}, "forms"),
        ({"split": {"sed": 1}}, "sed"),
    ],
)
def test_options_that_do_not_exist_are_named(body, words):
    with pytest.raises(OptionError, match=words):
        serial.from_plain(DataOptions, body, OptionError, "data options")


def test_sizes_outside_their_range_cannot_be_asked_for():
    with pytest.raises(OptionError, match="2 to 32,768 tokens"):
        Text(tokens=1)
    with pytest.raises(OptionError, match="1 to 4,096 samples"):
        DataOptions(batch_size=0)
