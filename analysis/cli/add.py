"""`quantscope add`: a model file with its data becomes a workload with a name."""

from pathlib import Path
from typing import Annotated

import typer

from analysis import serial
from analysis.cli.answer import Answer, JsonFlag, note
from analysis.cli.data_options import data_options
from analysis.errors import UnknownWorkloadError
from analysis.workloads.cases.folders import publish, read_case, staged
from analysis.workloads.cases.record import Case, DataPart, ModelPart, check_case_name, clean_name
from analysis.workloads.catalogue import built_in_names
from analysis.workloads.models.form import FORMS, form_of
from analysis.workloads.zoo.cards import ZOO


def add(  # noqa: PLR0913  (an option each)
    name: Annotated[str, typer.Argument(metavar="NAME", help="What every command calls it.")],
    model: Annotated[
        str,
        typer.Option(
            metavar="FILE_OR_FOLDER",
            help="Weights (.safetensors, .pt), a Hugging Face folder, .gguf, .onnx, TorchScript or "
            ".pt2. Loading the last two can run code that the file brings.",
        ),
    ],
    data: Annotated[
        str,
        typer.Option(
            metavar="PATH",
            help="A folder or .zip of class folders of images, .npz, .csv, .parquet, .jsonl, .txt, "
            "a datasets folder, or file.py:factory.",
        ),
    ],
    architecture: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What weights belong to: a built-in network, timm:NAME, torchvision:NAME, or hf: "
            "with an ID or a folder.",
        ),
    ] = "",
    task: Annotated[
        str,
        typer.Option(
            metavar="TASK",
            help="What the metrics follow from: classification, binary, language-model, "
            "segmentation, detection, regression, depth, ratings, ranking or embeddings; else the "
            "labels tell.",
        ),
    ] = "",
    options: Annotated[
        str, typer.Option("--data-options", metavar="JSON", help="How the data are read and cut.")
    ] = "",
    as_json: JsonFlag = False,
) -> Answer:
    """Register a model file with its data; NAME is a workload for every command then."""
    case = Case(
        source=check_case_name(name, (*built_in_names(), *ZOO)),
        title=name,
        model=_model(model, architecture),
        data=DataPart(_data_path(data), data_options(options), clean_name(data)),
        task=task,
    )
    if not FORMS[case.model.form].data_only:
        note(f"Loading {FORMS[case.model.form].title} can run code that the file brings.")
    import torch

    from analysis.workloads.cases.opened import facts_of

    torch.set_num_threads(1)
    with staged(case, {}) as part:
        facts = facts_of(read_case(part))
        publish(part, case, facts)
    metric = facts.metric or "no metric: without labels only the divergence to the float model"
    text = (
        f"Registered {name}: {facts.parameters:,} parameters, {facts.layers} layers to quantise, "
        f"{metric}.\n{facts.data}\n"
        f"Next: quantscope sweep {name}, or quantscope ui {name}"
    )
    return Answer({"name": name, **serial.to_plain(facts)}, text)


def _model(path: str, architecture: str) -> ModelPart:
    place = Path(path).expanduser().resolve()
    if not place.exists():
        raise UnknownWorkloadError(
            f"The model must lie in a file or folder that exists; there is no {str(place)!r:.300}. "
            "Check the path."
        )
    return ModelPart(form_of(place), str(place), architecture, clean_name(place.name))


def _data_path(path: str) -> str:
    """Absolute, since workers run elsewhere; a factory keeps its name."""
    file, colon, factory = path.rpartition(":")
    if colon and file.endswith(".py"):
        return f"{Path(file).expanduser().resolve()}:{factory}"
    return str(Path(path).expanduser().resolve())
