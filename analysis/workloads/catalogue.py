"""The built-in workloads, with the figures their training scripts wrote; torch-free."""

from dataclasses import dataclass
from functools import cache

from analysis import serial
from analysis.errors import WorkloadError
from analysis.paths import assets_dir
from analysis.workloads.architectures import architecture_form
from analysis.workloads.arrays import read_arrays
from analysis.workloads.samples import cut_samples


@dataclass(frozen=True, slots=True)
class Measured:
    """Top-1 accuracy of the float network on one part of the data."""

    part: str
    samples: int
    top1: float


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """``training.json``: what the training script measured, and with what.

    Attributes:
        seconds, cpu_seconds: of the training alone, one thread.
        measured: the part the catalogue quotes comes first.
    """

    script: str
    architecture: str
    trained_samples: int
    epochs: int
    seed: int
    seconds: float
    cpu_seconds: float
    parameters: int
    torch: str
    measured: tuple[Measured, ...]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One built-in workload, as it is shown before it is loaded.

    Attributes:
        source: what `load_workload` takes.
        metric: float accuracy, with the samples it was measured on.
        samples: sizes of the three parts.
        classes: names of the classes.
    """

    source: str
    title: str
    task: str
    architecture: str
    parameters: int
    metric: str
    samples: str
    licence: str
    description: str
    classes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The source: built-ins are loaded by name."""
        return self.source

    @property
    def figures(self) -> tuple[tuple[str, str], ...]:
        """Short facts with their units, for a card."""
        return (
            ("Task", self.task),
            ("Parameters", f"{self.parameters:,}"),
            ("Float accuracy", self.metric),
            ("Samples", self.samples),
        )


@dataclass(frozen=True, slots=True)
class _BuiltIn:
    """What cannot be read from files."""

    source: str
    title: str
    task: str
    data: str
    licence: str
    classes: tuple[str, ...]


_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

_BUILT_INS = (
    _BuiltIn(
        "fashion-mnist",
        "Fashion-MNIST CNN",
        "ten kinds of clothing, 28×28 grey",
        "Fashion-MNIST",
        "data MIT (Zalando SE); weights Apache-2.0",
        _FASHION,
    ),
    _BuiltIn(
        "digits",
        "Digits CNN",
        "ten handwritten digits, 8×8 grey",
        "scikit-learn's handwritten digits",
        "data CC BY 4.0 (UCI); weights Apache-2.0",
        tuple(str(digit) for digit in range(10)),
    ),
)


def built_in_names() -> tuple[str, ...]:
    """Names that `load_workload` knows without a file."""
    return tuple(fact.source for fact in _BUILT_INS)


def _entry(fact: _BuiltIn) -> CatalogueEntry:
    folder = assets_dir() / fact.source
    text = (folder / "training.json").read_text(encoding="utf-8")
    body = serial.parse_object(text, WorkloadError, "training record")
    record = serial.from_plain(TrainingRecord, body, WorkloadError, "training record")
    parts = cut_samples(read_arrays(folder / "data.npz"), architecture_form(record.architecture))
    quoted = record.measured[0]
    return CatalogueEntry(
        source=fact.source,
        title=fact.title,
        task=fact.task,
        architecture=record.architecture,
        parameters=record.parameters,
        metric=f"{100 * quoted.top1:.1f} % top-1 on {quoted.samples:,} {quoted.part} images",
        samples=", ".join(f"{len(samples):,} {part}" for part, samples in parts.items()),
        licence=fact.licence,
        description=(
            f"A small network for {fact.data}, trained by this project with {record.script} on "
            f"{record.trained_samples:,} images ({record.epochs} epochs, "
            f"{record.cpu_seconds:.0f} CPU seconds); none of the images shipped was trained on."
        ),
        classes=fact.classes,
    )


@cache
def catalogue() -> tuple[CatalogueEntry, ...]:
    """The built-in workloads; the demo comes first."""
    return tuple(_entry(fact) for fact in _BUILT_INS)
