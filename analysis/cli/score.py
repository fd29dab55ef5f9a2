"""`quantscope score`: a recipe judged on held-out data."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analysis import serial
from analysis.cli.answer import Answer, JsonFlag, WorkloadArgument, table
from analysis.cli.opening import open_workload
from analysis.recipe import load_recipe
from analysis.scores import Score

RecipeArgument = Annotated[
    Path, typer.Argument(metavar="RECIPE", help="A recipe file; what allocate --json wrote serves.")
]


def score(workload: WorkloadArgument, recipe: RecipeArgument, as_json: JsonFlag = False) -> Answer:
    """Run a recipe on the evaluation set, beside the float model."""
    wanted = load_recipe(recipe)
    opened = open_workload(workload)
    from analysis.scoring import score as run_score

    result = run_score(opened, wanted)
    return Answer(score_document(result), score_text(result))


def score_document(result: Score) -> dict[str, Any]:
    """Figures by metric name at the top; the intervals beside them."""
    plain = serial.to_plain(result)
    return {
        "workload": result.workload,
        "fingerprint": result.fingerprint,
        "name": result.recipe.name,
        "reference": plain["reference"],
        "actual": {name: interval.value for name, interval in result.actual.items()},
        "intervals": plain["actual"],
        "drop": plain["drop"],
        "metric": result.metric,
        "direction": result.direction,
        "directions": plain["directions"],
        "divergence": result.divergence,
        "low": result.low,
        "high": result.high,
        "divergence_kind": result.divergence_kind,
        "samples": result.samples,
        **plain["cost"],
        "agreement": result.agreement,
        "classes": plain["classes"],
        "seconds": result.seconds,
    }


NO_METRIC = "No task metric: without labels only the divergence from the float model is measured."


def score_text(result: Score) -> str:
    """The score as a table and two sentences."""
    rows = [
        (
            name,
            f"{result.reference[name]:.4f}",
            f"{actual.value:.4f}",
            f"{actual.low:.4f} to {actual.high:.4f}",
            f"{result.drop[name].value:+.4f}",
            f"{result.drop[name].low:+.4f} to {result.drop[name].high:+.4f}",
        )
        for name, actual in result.actual.items()
    ]
    headers = ("metric", "float", result.recipe.name, "95 % interval", "loss", "95 % interval")
    cost = result.cost
    lines = [
        f"Measured on the {result.samples} samples of the evaluation set of {result.workload}.",
        table(headers, rows) if rows else NO_METRIC,
        f"Divergence ({result.divergence_kind}) {result.divergence:.4g}, "
        f"95 % interval {result.low:.4g} to {result.high:.4g}.",
        f"Weights {cost.weight_bytes:,} bytes of {cost.float_bytes:,} in float32; "
        f"{cost.effective_bits:.2f} effective bits.",
    ]
    return "\n".join(lines)
