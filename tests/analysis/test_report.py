import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from math import inf, nan

import pytest

from analysis.errors import RecipeMismatchError
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC, QuantSpec
from analysis.recipe import LayerConfig, Recipe, parse_recipe
from analysis.report import report_html
from analysis.report.headline import baseline, is_uniform, own_score
from analysis.report.method import sweep_command
from analysis.report.svg import ROWS
from analysis.scores import Score
from analysis.sensitivity.points import Sensitivities
from tests.recipes import uniform_recipe
from tests.sensitivities import make_inspection, make_score, make_sensitivities, with_families

MADE = "1 Nov 2026, 09:30"
VOID = {"meta", "path", "br"}


class Outline(HTMLParser):
    """Tags that must balance, and the text people see."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    assert found.open == []
    return found


def mixed(result: Sensitivities, *, activations: bool = False) -> Recipe:
    """Widths 3, 4, 6 in turn."""
    inputs = ACTIVATION_SPEC if activations else None
    layers = {
        layer.name: LayerConfig(WEIGHT_SPEC.with_bits((3, 4, 6)[place % 3]), inputs)
        for place, layer in enumerate(result.layers)
    }
    return Recipe(layers, result.setup.workload, result.setup.fingerprint, name="mixed")


def scored(result: Sensitivities, recipe: Recipe) -> list[tuple[str, Score]]:
    names = tuple(layer.name for layer in result.layers)
    uniform = uniform_recipe(recipe, WEIGHT_SPEC.with_bits(4), names)
    return [("mixed", make_score(result, recipe)), (uniform.name, make_score(result, uniform))]


def report(result: Sensitivities, recipe: Recipe | None = None) -> str:
    recipe = recipe or mixed(result)
    inspection = make_inspection(result)
    return report_html(result, inspection, recipe, scored(result, recipe), made=MADE)


def test_it_is_one_balanced_document_that_runs_and_loads_nothing() -> None:
    page = report(make_sensitivities(6))
    found = outline(page)
    assert not found.seen & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not re.search(r"\b(?:href|src|style|on\w+)=", page)
    assert "http" not in page.replace("http-equiv", "")


def test_the_policy_allows_its_own_style_sheet_and_nothing_else() -> None:
    page = report(make_sensitivities(2))
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy[1]


def test_names_from_outside_cannot_become_markup() -> None:
    evil = "<script>alert(1)</script>"
    result = make_sensitivities(2)
    layers = tuple(replace(a, name=a.name + evil, kind=evil) for a in result.layers)
    points = tuple(replace(p, layer=p.layer + evil) for p in result.points)
    cells = tuple(replace(c, layer=c.layer + evil) for c in result.setup.cells)
    setup = replace(result.setup, workload=evil, layers=layers, cells=cells)
    attacked = replace(result, setup=setup, points=points)
    recipe = replace(mixed(attacked), name=evil)
    found = outline(report(attacked, recipe))
    assert "script" not in found.seen
    assert found.text.count(evil) >= 4


def test_headline_figures_come_with_samples_and_intervals() -> None:
    result = make_sensitivities(6)
    recipe = mixed(result)
    score = make_score(result, recipe)
    text = outline(report(result)).text
    assert f"{score.cost.weight_bytes / 1000:.1f}\N{NO-BREAK SPACE}kB" in text
    assert f"{score.cost.effective_bits:.2f}" in text
    assert "on 2,000 held-out samples" in text
    assert text.count("interval") >= 3
    assert MADE in text


def test_a_recipe_that_was_not_run_is_said_to_be_predicted() -> None:
    result = make_sensitivities(6)
    page = report_html(result, None, mixed(result), [], made=MADE)
    text = outline(page).text
    assert "sum of single-layer figures on 512 sweep samples; not measured as a whole" in text
    assert "no verdict" in text
    assert "Measured on held-out data" not in text


def test_a_spec_that_was_not_swept_is_said_to_be_unknown() -> None:
    result = make_sensitivities(2)
    recipe = mixed(result).with_weight("stem", WEIGHT_SPEC.with_bits(7))
    text = outline(report_html(result, None, recipe, [], made=MADE)).text
    assert "not known" in text
    assert "was not measured" in text


def test_the_verdict_compares_with_the_uniform_recipe_nearest_in_size() -> None:
    result = make_sensitivities(6)
    recipe = mixed(result)
    names = tuple(layer.name for layer in result.layers)
    eight = uniform_recipe(recipe, WEIGHT_SPEC.with_bits(8), names)
    scores = [*scored(result, recipe), ("uniform 8-bit", make_score(result, eight))]
    own = own_score(recipe, scores)
    assert own is scores[0][1]
    found = baseline(scores[0][1], scores)
    assert found is not None
    assert found[0] == "uniform 4-bit"
    assert "uniform 4-bit" in outline(report(result)).text


def test_neighbouring_widths_count_as_uniform() -> None:
    result = make_sensitivities(4)
    recipe = mixed(result)
    assert not is_uniform(recipe)
    uniform = uniform_recipe(recipe, WEIGHT_SPEC.with_bits(3), tuple(recipe.layers))
    assert is_uniform(uniform)
    assert is_uniform(uniform.with_weight("stem", WEIGHT_SPEC.with_bits(4)))
    assert not is_uniform(Recipe({}, "w", "f"))


def test_a_uniform_recipe_is_its_own_baseline() -> None:
    result = make_sensitivities(3)
    uniform = uniform_recipe(mixed(result), WEIGHT_SPEC, tuple(a.name for a in result.layers))
    assert "its own baseline" in outline(report(result, uniform)).text


def test_pictures_fit_a_printed_page() -> None:
    result = make_sensitivities(2 * ROWS + 5)
    page = report(result)
    pictures = re.findall(
        r'<svg viewBox="0 0 720 \d+" role="img" aria-label="divergence.*?</svg>', page
    )
    rows = [picture.count("<g ") for picture in pictures]
    assert rows == [ROWS, ROWS, 5]


def test_each_measured_cell_is_in_the_heat_map() -> None:
    result = make_sensitivities(5, complete=False)
    page = report_html(result, None, Recipe({}, "w", result.setup.fingerprint), [], made=MADE)
    assert page.count("<path stroke=") == len(result.points)
    assert "15 cells are empty: they were not measured." in outline(page).text


def test_both_targets_have_their_heat_map_and_bits() -> None:
    result = make_sensitivities(4, target="both")
    text = outline(report(result, mixed(result, activations=True))).text
    assert "Where it hurts: weights" in text
    assert "Where it hurts: activations" in text
    assert "A: of the input" in text
    assert "A: of the input" not in outline(report(make_sensitivities(4))).text


def test_the_data_parts_and_what_stays_float_are_told() -> None:
    text = outline(report(make_sensitivities(3))).text
    assert "256 calibration samples" in text
    assert "512 sweep samples gave the sensitivities" in text
    assert "biases stay in float" in text


def test_the_recipe_in_the_report_reads_back() -> None:
    result = make_sensitivities(4, target="both")
    recipe = mixed(result, activations=True)
    text = outline(report(result, recipe)).text
    found = re.search(r"\{\"layers.*\}", text)
    assert found is not None
    assert parse_recipe(found[0]) == recipe


def test_the_command_repeats_the_sweep() -> None:
    assert sweep_command(make_sensitivities(3, bits=(8, 2))) == (
        "quantscope sweep made-up --method exact --bits 2,8 --target weight --weight-spec "
        "'int2 asym per-channel minmax' --json > sweep.json"
    )
    assert sweep_command(with_families(make_sensitivities(3, bits=(8, 2)))) == (
        "quantscope sweep made-up --method exact --bits 2,8 --target weight --json > sweep.json"
    )
    assert "--target both" in sweep_command(make_sensitivities(3, target="both"))


def test_another_spec_than_the_default_is_in_the_command() -> None:
    result = make_sensitivities(1, bits=(4,))
    label = QuantSpec.parse("int4 sym per-tensor mse").label
    cells = tuple(replace(cell, label=label) for cell in result.setup.cells)
    points = tuple(replace(point, label=label) for point in result.points)
    other = replace(result, setup=replace(result.setup, cells=cells), points=points)
    assert f"--weight-spec '{label}'" in sweep_command(other)


def test_a_workload_of_ones_own_gets_its_hint() -> None:
    result = make_sensitivities(1)
    assert "my_case.py:make" in outline(report(result)).text
    known = replace(result, setup=replace(result.setup, workload="fashion-mnist"))
    assert "my_case.py:make" not in outline(report(known)).text


def test_a_recipe_of_another_model_is_refused() -> None:
    result = make_sensitivities(2)
    stranger = replace(mixed(result), fingerprint="f" * 64)
    with pytest.raises(RecipeMismatchError):
        report_html(result, None, stranger, [], made=MADE)


def test_data_without_labels_has_a_report() -> None:
    text = outline(report(make_sensitivities(3, metric=None))).text
    assert "Top-1" not in text
    assert "Divergence (KL, nats)" in text


@pytest.mark.parametrize("values", [(0.0,), (nan, 0.1), (inf, 0.2)])
def test_odd_divergences_have_a_report(values: tuple[float, ...]) -> None:
    result = make_sensitivities(3)
    points = tuple(
        replace(p, divergence=values[i % len(values)]) for i, p in enumerate(result.points)
    )
    odd = replace(result, points=points)
    outline(report_html(odd, None, Recipe({}, "w", odd.setup.fingerprint), [], made=MADE))


def test_three_hundred_layers_fit_a_mail() -> None:
    assert len(report(make_sensitivities(300)).encode()) <= 250 * 1024
