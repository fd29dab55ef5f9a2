"""From a text to a workload: a built-in name, a factory in a file, or an upload."""

from dataclasses import replace
from pathlib import Path

from analysis.errors import UnknownWorkloadError
from analysis.metrics import Top1
from analysis.paths import assets_dir
from analysis.workloads.case_file import is_case_source, load_case
from analysis.workloads.catalogue import CatalogueEntry, built_in_names, catalogue
from analysis.workloads.stored import read_network, read_parts
from analysis.workloads.upload import PREFIX, Upload, find_upload
from analysis.workloads.workload import Workload
from analysis.workloads.zoo.cards import ZOO


def load_workload(source: str) -> Workload:
    """Load what `source` names.

    Args:
        source: ``fashion-mnist``, ``digits``, ``path/to/my_case.py:make`` or ``upload:ID``.

    Raises:
        UnknownWorkloadError: nothing has that name or path.
        WorkloadError: it cannot be loaded; the message says why.
    """
    for entry in catalogue():
        if source == entry.source:
            return _built_in(entry)
    if source.startswith(PREFIX):
        return _uploaded(find_upload(source))
    if is_case_source(source):
        return load_case(source)
    if source in ZOO:
        return _zoo(source)
    raise UnknownWorkloadError(
        f"A workload must be built in ({', '.join(built_in_names())}) or a factory such as "
        f"my_case.py:make; {source!r:.200} is neither."
    )


def _zoo(name: str) -> Workload:
    """The zoo's networks are imported only where one is asked for."""
    from analysis.workloads.zoo.entries import load_zoo

    return load_zoo(name)


def _built_in(entry: CatalogueEntry) -> Workload:
    folder = assets_dir() / entry.source
    stored = _stored(entry.architecture, folder / "weights.safetensors", folder / "data.npz")
    return replace(
        stored,
        name=entry.name,
        classes=entry.classes,
        description=entry.description,
        source=entry.source,
    )


def _uploaded(upload: Upload) -> Workload:
    stored = _stored(
        upload.architecture, upload.folder / "model.safetensors", upload.folder / "data.npz"
    )
    return replace(stored, name=upload.title, description=upload.description, source=upload.source)


def _stored(architecture: str, weights: Path, data: Path) -> Workload:
    """A classifier and its three parts, still without what people call it."""
    parts = read_parts(architecture, data)
    return Workload(
        name=architecture,
        model=read_network(architecture, weights),
        calibration=parts["calibration"],
        sweep=parts["sweep"],
        evaluation=parts["evaluation"],
        metric=Top1(),
    )
