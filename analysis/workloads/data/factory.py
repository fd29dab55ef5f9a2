"""Data that a function in the user's own file makes; the file is run."""

from collections.abc import Iterable, Iterator, Mapping

from analysis.errors import WorkloadError
from analysis.workloads.case_file import call_factory
from analysis.workloads.data.form import DataOptions
from analysis.workloads.data.parts import DataParts, PartCounts, cut_source, described
from analysis.workloads.data.split import split_places
from analysis.workloads.data.tensors import TensorSource
from analysis.workloads.parts import count_samples, join_batches
from analysis.workloads.samples import PARTS
from analysis.workloads.workload import Batch


def read_factory(source: str, options: DataOptions) -> DataParts:
    """What a factory returns: parts by name, or batches that are cut here.

    Args:
        source: ``path.py:factory``; only whoever starts the program may name one.
        options: how batches that are not cut yet are cut.

    Raises:
        UnknownWorkloadError: there is no such file or factory.
        WorkloadError: it fails, or returns something else.
    """
    made, place = call_factory(source)
    if isinstance(made, DataParts):
        return made
    if isinstance(made, Mapping):
        return _parts(made, place.name)
    if not isinstance(made, Iterable) or isinstance(made, str | bytes | Iterator):
        raise WorkloadError(
            f"{place.name} in {place.file.name} must return batches of (inputs, target), or a dict "
            f"with them for {', '.join(PARTS)}; it returns {type(made).__name__}."
        )
    batches = join_batches([_batch(batch, place.name) for batch in made])
    if len(batches) != 1:
        raise WorkloadError(
            f"All batches of {place.name} must have one shape but for the number of samples; there "
            f"are {len(batches)} shapes. Give the three parts by name instead."
        )
    inputs, target = batches[0]
    whole = TensorSource(f"samples of {place.name}", inputs, target)
    places = split_places(whole.digests(), options.split)
    return cut_source(whole, places, seed=options.split.seed, batch_size=options.batch_size)


def _parts(made: Mapping[object, object], name: str) -> DataParts:
    if set(made) != set(PARTS) or not all(isinstance(part, Iterable) for part in made.values()):
        raise WorkloadError(
            f"{name} must return batches under the names {', '.join(PARTS)}; it returns "
            f"{', '.join(map(str, made))[:200] or 'nothing'}."
        )
    calibration, sweep, evaluation = (_readable(made[part], part) for part in PARTS)
    counts = PartCounts(*(count_samples(part) for part in (calibration, sweep, evaluation)))
    labelled = all(target is not None for _, target in sweep)
    words = described("samples", counts, f"as {name} cuts them", labelled=labelled)
    return DataParts(calibration, sweep, evaluation, (), labelled, counts, words)


def _readable(part: object, name: str) -> Iterable[Batch]:
    if not isinstance(part, Iterable) or isinstance(part, Iterator):
        raise WorkloadError(
            f"The {name} part must be iterable several times, such as a list or a DataLoader."
        )
    return part


def _batch(batch: object, name: str) -> Batch:
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise WorkloadError(
            f"A batch must be (inputs, target); {name} gives {type(batch).__name__}. Give "
            "(inputs, None) where there are no labels."
        )
    inputs, target = batch
    return inputs, target
