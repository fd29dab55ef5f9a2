"""Changed samples and worst pairs on the Score page."""

import base64
import io
from dataclasses import replace

import numpy as np
from PIL import Image

from analysis.allocation.pairs import worst_pairs
from analysis.runs.store import RunStore
from analysis.scores import ChangedExample
from analysis.sensitivity.interactions import Interactions
from pages.ui.changed_samples import SIDE, enlarged, line
from tests.pages.recipe_page import stored_recipe
from tests.pages.seen import headed, text
from tests.sensitivities import make_score


def png(width: int, height: int) -> str:
    content = io.BytesIO()
    Image.new("L", (width, height), 200).save(content, format="PNG")
    return base64.b64encode(content.getvalue()).decode()


def rescore(filled, examples) -> None:
    score = make_score(filled.result, stored_recipe(filled))
    RunStore().save_score(filled.recipe, replace(score, examples=examples))


def test_changed_pictures_are_shown_with_their_answers(open_page, filled):
    rescore(filled, (ChangedExample(3, "Coat", "Shirt", "Coat", 1.5, png(28, 28)),))
    app = open_page("score", run=filled.run)
    assert not app.exception and not app.error
    assert headed(app, "Samples that changed their answer")
    (strip,) = app.get("image")
    assert "Coat → Shirt ✗" in strip.proto.imgs[0].caption
    assert "1 of 20 samples that changed their answer" in text(app)


def test_changed_rows_are_told_with_both_answers(open_page, filled):
    rescore(filled, (ChangedExample(3, "yes", "no", "yes", 1.5, text="age 41, coat red"),))
    app = open_page("score", run=filled.run)
    assert not app.exception
    words = text(app).replace("\\", "")
    assert "yes → no ✗" in words and "age 41, coat red" in words
    assert "sample 3, divergence 1.5" in words


def test_a_text_is_shown_up_to_the_changed_token(open_page, filled):
    score = make_score(filled.result, stored_recipe(filled))
    told = "the cat sat on the"
    example = ChangedExample(3, " mat", " dog", " mat", 1.5, text=told, position=4)
    changed = replace(score, agreement=None, changed=(3,), examples=(example,))
    RunStore().save_score(filled.recipe, changed)
    app = open_page("score", run=filled.run)
    assert not app.exception
    assert "the cat sat on the **⟨␣mat → ␣dog ✗⟩**" in text(app)
    assert "up to the token after which it changed most" in text(app)


def test_text_from_outside_stays_on_its_line_and_is_no_markup():
    hostile = ChangedExample(1, "<b>a</b>", "b\n\n# c", None, 1.0, text="x\n\n[y](z) `q`")
    shown = line(hostile)
    assert "\n\n" not in shown and "[y]" not in shown.replace("\\", "~~")
    assert "\\<b\\>" in shown and "\\`q\\`" in shown


def test_a_score_without_kept_samples_says_so(open_page, filled):
    app = open_page("score", run=filled.run)
    assert not app.exception
    assert "20 samples changed their answer" in text(app)


def test_an_imported_picture_that_is_none_is_left_out(open_page, filled):
    for image in ("AAAA", "not base64", png(5000, 2)):
        assert enlarged(image) is None
    rescore(filled, (ChangedExample(3, "a", "b", "a", 1.0, "AAAA"),))
    app = open_page("score", run=filled.run)
    assert not app.exception and not app.error
    assert not app.get("image")


def test_small_pictures_are_enlarged_by_whole_pixels():
    content = enlarged(png(8, 8))
    assert content is not None
    with Image.open(io.BytesIO(content)) as shown:
        assert min(shown.size) >= SIDE and shown.width % 8 == 0


def test_the_worst_pairs_are_told_when_they_can_be_trusted(open_page, filled):
    cells = filled.result.setup.cells
    shifts = np.random.default_rng(1).normal(size=(len(cells), 9))
    known = Interactions(cells, 0.5 * shifts @ shifts.T, 0.9, "exact", 512)
    RunStore().save_interactions(filled.run, known)
    app = open_page("score", run=filled.run)
    assert not app.exception and not app.error
    assert headed(app, "Worst pairs of layers")
    table = next(found.value for found in app.table if "Alone" in found.value.columns)
    assert len(table) == 5
    first = worst_pairs(filled.result, stored_recipe(filled), known)[0]
    side = "more" if first.joint > 0 else "less"
    assert table["Together they cause"].iloc[0].endswith(f"{side} than alone")


def test_without_interactions_no_pairs_are_told(open_page, filled):
    assert not headed(open_page("score", run=filled.run), "Worst pairs of layers")
