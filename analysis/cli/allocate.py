"""`quantscope allocate`: a recipe within a budget, measured beside its baselines."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args

import typer

from analysis import serial
from analysis.allocation.budget import Budget, Choice, Measurement
from analysis.allocation.terms import TermKeywords
from analysis.cli.answer import Answer, JsonFlag, table
from analysis.cli.evidence import read_evidence
from analysis.cli.pins import read_constraints
from analysis.cli.solving import Search, Solved, parse_search, solve
from analysis.hardware.catalogue import profile as find_profile
from analysis.hardware.check import check_recipe
from analysis.hardware.profile import HardwareProfile
from analysis.layers import Layer
from analysis.recipe import Recipe
from analysis.sensitivity.points import Sensitivities

RunOrFile = Annotated[
    str, typer.Argument(metavar="RUN|FILE", help="A run's id, or what sweep --json wrote.")
]


def allocate(  # noqa: PLR0913  (an option each)
    run: RunOrFile,
    budget_bytes: Annotated[int | None, typer.Option(help="Largest stored bytes.")] = None,
    average_bits: Annotated[float | None, typer.Option(help="Bytes as if all had this.")] = None,
    bops: Annotated[int | None, typer.Option(help="Largest MACs x bits x bits.")] = None,
    max_drop: Annotated[float | None, typer.Option(help="Largest loss of the metric.")] = None,
    peak_activation_bytes: Annotated[
        int | None, typer.Option(help="Largest input and output of a layer together.")
    ] = None,
    latency_ms: Annotated[float | None, typer.Option(help="By the profile's table.")] = None,
    energy_uj: Annotated[float | None, typer.Option(help="By the profile's table.")] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Hardware; 'profiles' lists them.")
    ] = None,
    pin: Annotated[
        list[str] | None, typer.Option(metavar="LAYER=BITS", help="Also BITS/BITS, or float.")
    ] = None,
    max_widths: Annotated[int | None, typer.Option(help="Most different weight widths.")] = None,
    search: Annotated[
        str | None, typer.Option(help=" or ".join(get_args(Search)), show_default="full if it can")
    ] = None,
    no_measure: Annotated[bool, typer.Option("--no-measure", help="Predict only.")] = False,
    as_json: JsonFlag = False,
) -> Answer:
    """Choose the bits of each layer under a budget; measure the recipe and its baselines."""
    way = parse_search(search)
    budget = Budget(
        weight_bytes=budget_bytes,
        average_bits=average_bits,
        bops=bops,
        max_drop=max_drop,
        peak_activation_bytes=peak_activation_bytes,
        latency_ms=latency_ms,
        energy_uj=energy_uj,
    )
    hardware = None if profile is None else find_profile(profile)
    known = read_evidence(run)
    result = known.result
    rules = read_constraints(result, pin or (), max_widths)
    terms = TermKeywords(profile=hardware, constraints=rules)
    solved = solve(known, budget, terms, asked=way, measured=not no_measure)
    verdict = solved.verdict
    document = {
        **choice_document(result, solved.choice),
        **_search_document(solved),
        "warnings": _warnings(hardware, known.found_layers(), solved.choice.recipe),
        "baselines": list(_baseline_rows(solved.baselines)),
        "verdict": verdict.sentence if verdict else None,
        "verdict_kind": verdict.kind if verdict else None,
    }
    return Answer(document, allocate_text(result, document))


def _warnings(
    hardware: HardwareProfile | None, layers: tuple[Layer, ...], recipe: Recipe
) -> list[dict[str, Any]]:
    """What the target objects to."""
    if hardware is None:
        return []
    return [serial.to_plain(found) for found in check_recipe(hardware, layers, recipe)]


def choice_document(result: Sensitivities, choice: Choice) -> dict[str, Any]:
    """Recipe, cost, prediction and measurement, flat."""
    predicted, measured = choice.predicted, choice.measured
    return {
        "run": result.run,
        "workload": result.setup.workload,
        "recipe": serial.to_plain(choice.recipe),
        "cost": serial.to_plain(choice.cost),
        "hardware": None if choice.hardware is None else serial.to_plain(choice.hardware),
        "divergence": result.setup.divergence,
        "predicted": predicted.divergence,
        "low": predicted.low,
        "high": predicted.high,
        "predicted_drop": predicted.drop,
        "samples": predicted.samples,
        **_measured(measured),
    }


def _measured(measured: Measurement | None) -> dict[str, Any]:
    return {
        "measured": measured.divergence if measured else None,
        "measured_low": measured.low if measured else None,
        "measured_high": measured.high if measured else None,
        "measured_drop": measured.drop if measured else None,
    }


def _baseline_rows(rivals: tuple[Choice, ...]) -> Iterator[dict[str, Any]]:
    for rival in rivals:
        yield {
            "name": rival.recipe.name,
            "weight_bytes": rival.cost.weight_bytes,
            "effective_bits": rival.cost.effective_bits,
            **_measured(rival.measured),
        }


def _search_document(solved: Solved) -> dict[str, Any]:
    """How the recipe was found, and the corrected prediction."""
    found = solved.calibrated
    return {
        "search": solved.search,
        "candidates": [serial.to_plain(candidate) for candidate in solved.candidates],
        "evaluations": solved.evaluations,
        "calibration": serial.to_plain(solved.calibration) if solved.calibration else None,
        "calibrated": found.value if found else None,
        "calibrated_low": found.low if found else None,
        "calibrated_high": found.high if found else None,
    }


def allocate_text(result: Sensitivities, document: dict[str, Any]) -> str:
    """The recipe by layer, the figures beside the baselines, the verdict."""
    layers = [
        (name, *(spec or "float" for spec in (config["weight"], config["activation"])))
        for name, config in document["recipe"]["layers"].items()
    ]
    mixed = {"name": "this recipe", **document["cost"], **document}
    rows = [
        (
            str(row["name"]) if row is not mixed else "this recipe",
            f"{row['weight_bytes']:,}",
            f"{row['effective_bits']:.2f}",
            "–" if row["measured"] is None else f"{row['measured']:.4g}",
        )
        for row in (mixed, *document["baselines"])
    ]
    lines = [
        table(("layer", "weight", "input"), layers),
        table(("recipe", "bytes", "effective bits", f"{document['divergence']} measured"), rows),
        f"Predicted {document['predicted']:.4g} ({document['low']:.4g} to {document['high']:.4g}), "
        f"a sum of single-layer figures on {document['samples']} samples of the sweep set.",
    ]
    lines += _search_lines(document)
    lines += _hardware_lines(document)
    return "\n\n".join([*lines, document["verdict"]] if document["verdict"] else lines)


def _search_lines(document: dict[str, Any]) -> list[str]:
    """The corrected prediction, and what the recipe was chosen from."""
    lines: list[str] = []
    if document["calibrated"] is not None:
        low, high = document["calibrated_low"], document["calibrated_high"]
        lines.append(
            f"Corrected by {len(document['calibration']['points'])} measured recipes: "
            f"{document['calibrated']:.4g} (90 %: {low:.4g} to {high:.4g})."
        )
    if document["candidates"]:
        rows = [
            (
                candidate["origin"],
                f"{candidate['predicted']:.4g}",
                *(_figure(candidate[key]) for key in ("measured", "validation")),
            )
            for candidate in document["candidates"]
        ]
        lines.append(table(("candidate", "predicted", "measured", "validation"), rows))
    return lines


def _figure(measured: dict[str, Any] | None) -> str:
    return "–" if measured is None else f"{measured['divergence']:.4g}"


def _hardware_lines(document: dict[str, Any]) -> list[str]:
    """Memory, time and energy on the profile, and its warnings."""
    figures = document["hardware"]
    if figures is None or figures["profile"] is None:
        return []
    parts = [f"peak activations {figures['peak_activation_bytes']:,} bytes"]
    for key, unit in (("latency_ms", "ms"), ("energy_uj", "µJ")):
        if figures[key] is not None:
            parts.append(f"{figures[key]:.4g} {unit}")
    warnings = [f"Warning: {warning['sentence']}" for warning in document["warnings"]]
    return ["\n".join([f"On {figures['profile']}, by its tables: {', '.join(parts)}.", *warnings])]
