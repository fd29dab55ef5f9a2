"""What is stored of a user's own model with its data; torch-free values."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from analysis.errors import OptionError
from analysis.workloads.data.form import DataOptions
from analysis.workloads.models.form import ModelForm

UPLOAD = "upload:"
"""What the source of a case from the browser begins with."""

TASKS = (
    *("classification", "binary", "language-model", "segmentation", "detection", "regression"),
    *("depth", "ratings", "ranking", "embeddings"),
)
"""What a metric can follow from, for menus; the metrics themselves need torch."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_UNSAFE = re.compile(r"[^A-Za-z0-9_. -]+")


@dataclass(frozen=True, slots=True)
class ModelPart:
    """The model of a case.

    Attributes:
        path: of the file or folder; a relative one lies in the case's own folder.
        architecture: what the weights belong to (``digits-mlp``, ``timm:resnet18``, …); empty
            where the file says so itself.
        shown: file name as the user gave it, cleaned.
    """

    form: ModelForm
    path: str
    architecture: str = ""
    shown: str = ""


@dataclass(frozen=True, slots=True)
class DataPart:
    """The data of a case.

    Attributes:
        path: of the file or folder; a relative one lies in the case's own folder.
        options: how they are read and cut.
        shown: file name as the user gave it, cleaned.
    """

    path: str
    options: DataOptions = field(default_factory=DataOptions)
    shown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A model with its data and its task, as ``case.json`` has it.

    Attributes:
        source: what `load_workload` takes: a name, or ``upload:ID``.
        task: what the metric follows from; empty takes what the model and the data suggest.
        owner: who may see it listed.
    """

    source: str
    title: str
    model: ModelPart
    data: DataPart
    task: str = ""
    owner: str = "local"

    @property
    def description(self) -> str:
        """What was brought, in one sentence."""
        of = f" ({self.model.architecture})" if self.model.architecture else ""
        return f"{self.model.shown}{of} with the data {self.data.shown}."

    @property
    def uploaded(self) -> bool:
        """Whether it came from a browser, so that nothing in it is trusted."""
        return self.source.startswith(UPLOAD)


def clean_name(name: str) -> str:
    """A file name fit to be shown: no folders, no markup, at most 80 characters."""
    last = re.split(r"[/\\]", name)[-1]
    return _UNSAFE.sub("_", last).strip(" .")[-80:] or "unnamed"


def check_case_name(name: str, taken: tuple[str, ...]) -> str:
    """The name, fit to be a source and a folder.

    Raises:
        OptionError: it holds other characters, or belongs to a built-in workload.
    """
    if not _NAME.fullmatch(name) or name.endswith(".py"):
        raise OptionError(
            "A name must be 1 to 64 letters, digits, '_', '.' or '-', begin with a letter or a "
            f"digit and not end with .py; {name!r:.80} is not. Choose another one."
        )
    if name in taken:
        raise OptionError(
            f"The name {name} belongs to a workload that Quantscope brings; choose another one."
        )
    return name


def inside(folder: Path, path: str) -> Path:
    """Where a part of a case lies: an absolute path as it is, a relative one in its folder."""
    return Path(path) if Path(path).is_absolute() else folder / path
