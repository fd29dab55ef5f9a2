"""The report from end to end."""

from collections.abc import Sequence

from analysis.profiles import Inspection
from analysis.recipe import Recipe
from analysis.report.headline import headline, score_table
from analysis.report.layers import bits_section, heatmap_section, layer_table
from analysis.report.markup import joined, page
from analysis.report.method import method_section, reproduce_section
from analysis.report.style import style_sheet
from analysis.scores import Score
from analysis.sensitivity.points import Sensitivities


def report_html(
    result: Sensitivities,
    inspection: Inspection | None,
    recipe: Recipe,
    scores: Sequence[tuple[str, Score]],
    *,
    made: str,
) -> str:
    """One HTML file without scripts, fonts or links out, to mail and to print.

    Args:
        result: the sweep the recipe rests on.
        inspection: of the same workload, for sample counts and coverage; None leaves them out.
        recipe: the one the report is about.
        scores: name and score of every recipe that was run, this one among them if it was.
        made: when, as text.

    Raises:
        RecipeMismatchError: the recipe belongs to another model.
    """
    recipe.check(result.setup.fingerprint, frozenset(layer.name for layer in result.layers))
    body = joined(
        [
            headline(result, recipe, scores, made),
            score_table(recipe, scores),
            bits_section(result.layers, recipe),
            heatmap_section(result),
            layer_table(result, recipe),
            method_section(result, inspection, scores),
            reproduce_section(result, recipe),
        ]
    )
    return page(f"{result.setup.workload}: {recipe.name}", style_sheet(), body)
