"""What a browser sent, as a case with files under names of our own; torch-free.

Only sizes and name endings are looked at here. Contents are examined where they are opened, in a
worker with limits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from analysis.errors import UnsupportedFileError
from analysis.workloads.cases.folders import upload_source
from analysis.workloads.cases.record import Case, DataPart, ModelPart, clean_name
from analysis.workloads.data.form import DataOptions
from analysis.workloads.models.architecture import parse_architecture
from analysis.workloads.models.form import FORMS, UPLOADED, ModelForm, refuse_code

MAX_FILE_BYTES = 200 * 1024**2
DATA_SUFFIXES = (".npz", ".zip", ".csv", ".parquet", ".jsonl", ".txt")
BESIDE = (
    *("config.json", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"),
    *("generation_config.json", "special_tokens_map.json"),
)
"""Files of a Hugging Face folder that may stand beside the weights; all are data."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """One file from a browser; the name is for display and for its ending only."""

    name: str
    content: bytes

    @property
    def suffix(self) -> str:
        """``.onnx``; lower case."""
        return PurePosixPath(self.name.replace("\\", "/")).suffix.lower()


def sent_case(
    model: Sequence[SentFile],
    data: SentFile,
    *,
    architecture: str = "",
    options: DataOptions | None = None,
    task: str = "",
    owner: str = "local",
) -> tuple[Case, dict[str, bytes]]:
    """The case, and the content of its files by our own names.

    Args:
        model: one model file; beside safetensors also config.json and its companions.
        data: a data file.
        architecture: what a state dict belongs to.
        options: how the data are read and cut.
        task: what the metric follows from; empty takes what the targets suggest.
        owner: who may see it listed.

    Raises:
        UnsupportedFileError: a file is empty, too large, or of a form that a browser may not send.
        UnknownWorkloadError: there is no such architecture.
    """
    for what, file in (*(("model", file) for file in model), ("data", data)):
        _check_size(what, file)
    weights = [file for file in model if file.suffix != ".json"]
    if len(weights) != 1:
        raise UnsupportedFileError(
            f"There must be one model file; there are {len(weights)}. A model in several files can "
            "be named on the command line: quantscope add NAME --model FOLDER --data DATA."
        )
    described = {clean_name(file.name): file.content for file in model if file.suffix == ".json"}
    form = _form(weights[0], described)
    stored = f"model{weights[0].suffix}"
    if form == "weights":
        architecture = _architecture(architecture)
    part = ModelPart(
        form,
        "." if form == "hugging-face" else stored,
        architecture if form == "weights" else "",
        clean_name(weights[0].name),
    )
    if data.suffix not in DATA_SUFFIXES:
        raise UnsupportedFileError(
            f"The data file must end with one of {', '.join(DATA_SUFFIXES)}; "
            f"{clean_name(data.name)} does not. Pack or convert it."
        )
    files = {**described, stored: weights[0].content, f"data{data.suffix}": data.content}
    case = Case(
        source="",
        title=f"{_stem(weights[0])} · {_stem(data)}",
        model=part,
        data=DataPart(f"data{data.suffix}", options or DataOptions(), clean_name(data.name)),
        task=task,
        owner=owner,
    )
    return replace(case, source=upload_source(case, files)), files


def _stem(file: SentFile) -> str:
    return PurePosixPath(clean_name(file.name)).stem


def _check_size(what: str, file: SentFile) -> None:
    if not 0 < len(file.content) <= MAX_FILE_BYTES:
        raise UnsupportedFileError(
            f"The {what} file must hold 1 byte to {MAX_FILE_BYTES // 1024**2} MiB; it has "
            f"{len(file.content):,} bytes. Choose another file."
        )


def _form(file: SentFile, described: dict[str, bytes]) -> ModelForm:
    """The form that the endings tell."""
    for form, facts in FORMS.items():
        if file.suffix in facts.suffixes and not facts.data_only and file.suffix not in UPLOADED:
            refuse_code(form)
    known: dict[str, ModelForm] = {".onnx": "onnx", ".gguf": "gguf"}
    if file.suffix not in UPLOADED:
        raise UnsupportedFileError(
            f"A model file must end with one of {', '.join(UPLOADED)}; {clean_name(file.name)} "
            "does not. Save the weights as safetensors, or export the model to ONNX."
        )
    unknown = sorted(set(described) - set(BESIDE))
    if unknown:
        raise UnsupportedFileError(
            f"Beside a model only {', '.join(BESIDE)} are taken; {unknown[0]} is none of them. "
            "Leave it out."
        )
    if file.suffix == ".safetensors" and "config.json" in described:
        return "hugging-face"
    return known.get(file.suffix, "weights")


def _architecture(text: str) -> str:
    """Checked; a folder of the server may not be named."""
    known = parse_architecture(text)
    if known.library == "hf":
        raise UnsupportedFileError(
            "A model of transformers must come with its config.json; send it together with the "
            "weights (safetensors), and tokenizer.json where the data are text."
        )
    return known.text
