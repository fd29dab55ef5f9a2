"""Samples whose answer changed, kept small."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.workloads.examples import MOST, SIDE, Words, changed_examples
from analysis.workloads.workload import Workload


def kept(inputs, changed=(0,), target=None, classes=("cat", "dog")):
    count = len(next(iter(inputs.values())) if isinstance(inputs, dict) else inputs)
    target = torch.zeros(count, dtype=torch.int64) if target is None else target
    answers = np.zeros(count, np.int64), np.ones(count, np.int64)
    words = Words(classes)
    return changed_examples([(inputs, target)], changed, answers, np.arange(count) / 10, words)


def decoded(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_an_image_is_a_png_from_least_to_largest(channels: int, mode: str):
    ramp = torch.linspace(-3, 5, 28 * 28 * channels).reshape(1, channels, 28, 28)
    (example,) = kept(ramp)
    picture = decoded(example.image)
    assert (picture.size, picture.mode) == ((28, 28), mode)
    pixels = np.asarray(picture)
    assert pixels.min() == 0 and pixels.max() == 255
    assert example.text == ""


def test_a_large_image_is_made_smaller():
    (example,) = kept(torch.rand(1, 3, 224, 100))
    assert max(decoded(example.image).size) == SIDE


def test_answers_go_by_class_name_or_number():
    (example,) = kept(torch.rand(1, 1, 8, 8), classes=("cat",), target=torch.tensor([1]))
    assert (example.reference, example.actual, example.target) == ("cat", "1", "1")


def test_rows_and_tokens_are_text():
    (row,) = kept(torch.tensor([[0.5, -1.25, 3.0]]))
    assert row.text == "0.5 -1.25 3" and row.image == ""
    (tokens,) = kept({"ids": torch.arange(20)[None]})
    assert tokens.text.startswith("0 1 2 ") and tokens.text.endswith("…")


def test_without_labels_nothing_is_right():
    inputs = torch.rand(2, 5)
    answers = np.zeros(2, np.int64), np.ones(2, np.int64)
    (example,) = changed_examples([(inputs, None)], (1,), answers, np.array([0.1, 0.2]), Words())
    assert example.target is None
    assert (example.sample, example.divergence) == (1, 0.2)


def test_the_most_harmed_come_first_from_any_batch_and_few_are_kept():
    batches = [(torch.full((4, 3), float(place)), None) for place in range(5)]
    order = tuple(reversed(range(20)))
    answers = np.zeros(20, np.int64), np.ones(20, np.int64)
    found = changed_examples(batches, order, answers, np.zeros(20), Words())
    assert [example.sample for example in found] == list(order[:MOST])
    assert found[0].text.startswith("4 ")


def ranked(inputs, answers, **words):
    columns = ("user", "film")
    told = Words(columns=columns, candidates="film", **words)
    before, after = (np.array([answer]) for answer in answers)
    return changed_examples([(inputs, None)], (0,), (before, after), np.zeros(1), told)[0]


LISTS = (torch.tensor([7]), torch.tensor([[2, 0, 9]]))


def test_a_ranked_answer_is_the_candidate_at_its_place():
    example = ranked(LISTS, (1, 0), categories={"film": ("Alien", "Brazil", "Casablanca")})
    assert (example.reference, example.actual) == ("Alien", "Casablanca")
    assert example.text == "user 7, film Casablanca"


def test_a_candidate_without_a_text_goes_by_its_number():
    example = ranked(LISTS, (2, 0), categories={"film": ("Alien",)})
    assert (example.reference, example.actual) == ("9", "2")
    assert ranked(LISTS, (2, 0)).reference == "9"


def test_an_answer_beyond_the_candidates_is_a_number():
    assert ranked(LISTS, (3, 0)).reference == "3"


def test_candidates_are_the_last_of_the_columns():
    with pytest.raises(ValueError, match="must be the last of the columns"):
        Workload(
            name="lists",
            model=torch.nn.Identity(),
            calibration=[],
            evaluation=[],
            columns=("film", "user"),
            candidates="film",
        )
