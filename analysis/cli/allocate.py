"""`quantscope allocate`: a recipe within a budget, measured beside its baselines."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from analysis import serial
from analysis.allocation.budget import Budget, Choice, Measurement
from analysis.cli.answer import Answer, JsonFlag, note, table
from analysis.cli.opening import open_store, open_workload
from analysis.cli.pins import read_constraints
from analysis.cli.progress import StatusLine
from analysis.cost import recipe_cost
from analysis.errors import AnalysisError, UnknownRunError
from analysis.hardware.catalogue import profile as find_profile
from analysis.hardware.check import check_recipe
from analysis.hardware.profile import HardwareProfile
from analysis.recipe import Recipe
from analysis.sensitivity.points import Sensitivities, parse_sensitivities

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
    no_measure: Annotated[bool, typer.Option("--no-measure", help="Predict only.")] = False,
    as_json: JsonFlag = False,
) -> Answer:
    """Choose the bits of each layer under a budget; measure the recipe and its baselines."""
    from analysis.allocation.allocate import allocate as solve
    from analysis.allocation.baselines import baselines

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
    result, source = read_sweep(run)
    rules = read_constraints(result, pin or (), max_widths)
    choice = solve(result, budget, profile=hardware, constraints=rules)
    others = baselines(result, choice.recipe)
    measured: list[Measurement] = []
    if not no_measure:
        measured = measure_all(result, source, (choice.recipe, *others))
    ours = measured[0] if measured else None
    rows = list(_baseline_rows(result, others, measured[1:]))
    kind, sentence = _verdict(ours, measured[1] if len(measured) > 1 else None, others)
    document = {
        **choice_document(result, replace(choice, measured=ours)),
        "warnings": _warnings(hardware, result, choice.recipe),
        "baselines": rows,
        "verdict": sentence,
        "verdict_kind": kind,
    }
    return Answer(document, allocate_text(result, document))


def _warnings(
    hardware: HardwareProfile | None, result: Sensitivities, recipe: Recipe
) -> list[dict[str, Any]]:
    """What the target objects to."""
    if hardware is None:
        return []
    return [serial.to_plain(found) for found in check_recipe(hardware, result.layers, recipe)]


def read_sweep(run: str) -> tuple[Sensitivities, str]:
    """A sweep and the source of its workload, from a file or from the store.

    Raises:
        UnknownRunError: there is neither a file nor a run of that name.
        RunError: the file is no sweep document.
    """
    store, file = open_store(), Path(run)
    if not file.is_file():
        try:
            return store.sensitivities(run), store.job(run).source
        except UnknownRunError:
            raise UnknownRunError(
                f"There must be a run or a file of that name, and {run!r:.200} is neither; "
                "'quantscope runs' lists the runs."
            ) from None
    result = parse_sensitivities(_read(file))
    try:
        return result, store.job(result.run or "").source
    except UnknownRunError:
        # made on another machine, or deleted: a built-in workload is found by its name
        return result, result.setup.workload


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnknownRunError(f"The sweep {str(file)!r} cannot be read: {error}.") from None


def measure_all(
    result: Sensitivities, source: str, recipes: tuple[Recipe, ...]
) -> list[Measurement]:
    """Each recipe run on the sweep set; nothing, with the reason told, where that is impossible."""
    line = StatusLine()
    try:
        line.show(f"Loading {result.setup.workload} to measure on its sweep set")
        workload = open_workload(source)
        from analysis.scoring import measure

        measured = []
        for number, recipe in enumerate(recipes, 1):
            line.show(f"Measuring {number} of {len(recipes)}: {recipe.name}")
            measured.append(measure(workload, recipe))
    except AnalysisError as error:
        note(f"Nothing was measured, the figures are predictions only. {error}")
        return []
    line.close(f"Measured {len(recipes)} recipes")
    return measured


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


def _baseline_rows(
    result: Sensitivities, recipes: tuple[Recipe, ...], measured: list[Measurement]
) -> Iterator[dict[str, Any]]:
    setup = result.setup
    for index, recipe in enumerate(recipes):
        cost = recipe_cost(setup.layers, recipe, other_bytes=setup.other_bytes)
        yield {
            "name": recipe.name,
            "weight_bytes": cost.weight_bytes,
            "effective_bits": cost.effective_bits,
            **_measured(measured[index] if measured else None),
        }


def _verdict(
    ours: Measurement | None, uniform: Measurement | None, others: tuple[Recipe, ...]
) -> tuple[str | None, str | None]:
    """From measured figures only; the first baseline is the uniform one of the same bytes."""
    from analysis.allocation.verdict import verdict

    if ours is None or uniform is None:
        return None, None
    answer = verdict(ours, uniform, name=others[0].name)
    return answer.kind, answer.sentence


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
    lines += _hardware_lines(document)
    return "\n\n".join([*lines, document["verdict"]] if document["verdict"] else lines)


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
