"""From a text to a workload: a built-in name, a factory in a file, or an upload."""

from dataclasses import replace

from analysis.errors import UnknownWorkloadError
from analysis.metrics import Top1
from analysis.paths import assets_dir
from analysis.workloads.architectures import architecture_form
from analysis.workloads.arrays import read_arrays
from analysis.workloads.case_file import is_case_source, load_case
from analysis.workloads.cases.folders import find_case, is_case
from analysis.workloads.catalogue import CatalogueEntry, built_in_names, catalogue
from analysis.workloads.equalized import TITLE, is_equalized, plain_source
from analysis.workloads.models.weights import read_weights
from analysis.workloads.samples import cut_samples
from analysis.workloads.stored import built_in_parts
from analysis.workloads.workload import Workload
from analysis.workloads.zoo.cards import ZOO


def load_workload(source: str) -> Workload:
    """Load what `source` names.

    Args:
        source: ``fashion-mnist``, ``digits``, ``path/to/my_case.py:make``, ``upload:ID``, or a name
            that `quantscope add` gave; with ``equalized:`` before it, its channels are equalised.

    Raises:
        UnknownWorkloadError: nothing has that name or path.
        WorkloadError: it cannot be loaded; the message says why.
    """
    if is_equalized(source):
        found = load_workload(plain_source(source))
        return replace(found, equalize=True, name=TITLE.format(found.name), source=source)
    for entry in catalogue():
        if source == entry.source:
            return _built_in(entry)
    if is_case(source):
        from analysis.workloads.cases.opened import open_case

        return open_case(find_case(source))
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
    form = architecture_form(entry.architecture)
    parts = built_in_parts(cut_samples(read_arrays(folder / "data.npz"), form))
    return Workload(
        name=entry.name,
        model=read_weights(folder / "weights.safetensors", entry.architecture).model,
        calibration=parts.calibration,
        sweep=parts.sweep,
        evaluation=parts.evaluation,
        metric=Top1(),
        classes=entry.classes,
        description=entry.description,
        source=entry.source,
    )
