"""A stored case as a workload: its model, its data and its metric put together."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from analysis.errors import ModelError
from analysis.metrics import Metric, Perplexity, Rmse, Top1
from analysis.metrics.tasks import metrics_of_task
from analysis.workloads.architectures import ARCHITECTURE_FORMS
from analysis.workloads.arrays import read_arrays
from analysis.workloads.cases.folders import CaseFacts, StoredCase
from analysis.workloads.cases.record import inside
from analysis.workloads.data.dataset import is_dataset
from analysis.workloads.data.form import Arrays, DataForm, DataOptions, Pictures
from analysis.workloads.data.parts import DataParts
from analysis.workloads.data.read import read_data
from analysis.workloads.data.relabelled import relabelled
from analysis.workloads.models.form import refuse_code
from analysis.workloads.models.model import ReadModel
from analysis.workloads.models.needs import check_inputs
from analysis.workloads.models.read import read_model
from analysis.workloads.parts import count_samples
from analysis.workloads.samples import cut_samples
from analysis.workloads.stored import built_in_parts
from analysis.workloads.subject import subject
from analysis.workloads.workload import Inputs, Workload


def open_case(stored: StoredCase) -> Workload:
    """The workload of a stored case.

    Raises:
        WorkloadError: its model or its data cannot be read, or do not fit each other.
    """
    case, folder = stored.case, stored.folder
    if case.uploaded:
        refuse_code(case.model.form)
    path = inside(folder, case.data.path)
    example = _example(path, case.data.options)
    read = read_model(
        case.model.form, inside(folder, case.model.path), case.model.architecture, example
    )
    options = _fitting(case.data.options, read, path)
    parts = _parts(case.model.architecture, path, options, read.takes)
    parts = relabelled(parts, read.classes)
    check_inputs(read, parts)
    judged = bool(case.task) or read.scores
    metrics = metrics_of(case.task, parts) if judged else ()
    return Workload(
        name=case.title,
        model=read.model,
        calibration=parts.calibration,
        sweep=parts.sweep,
        evaluation=parts.evaluation,
        metric=metrics[0] if metrics else None,
        metrics=metrics[1:],
        output=read.output,
        divergence=None if judged else "mse",
        classes=parts.classes,
        columns=parts.words.columns,
        categories=parts.words.categories,
        decode=parts.words.decode,
        description=f"{case.description} {parts.description}",
        source=case.source,
    )


def facts_of(stored: StoredCase) -> CaseFacts:
    """Open a case to its end: layers found, forwards run, data read.

    Raises:
        WorkloadError: it cannot be analysed; the message says why.
    """
    workload = open_case(stored)
    made = subject(workload)
    parts = (made.parts.calibration, made.parts.sweep, made.parts.evaluation)
    return CaseFacts(
        samples=sum(map(count_samples, parts)),
        parameters=sum(value.numel() for value in made.model.parameters()),
        layers=len(made.layers),
        data=workload.description,
        metric=made.metric.name if made.metric is not None else None,
    )


def _parts(
    architecture: str, path: Path, options: DataOptions, takes: DataForm | None
) -> DataParts:
    """The data; for a built-in network its own reader, which knows the shape of its images."""
    form = ARCHITECTURE_FORMS.get(architecture)
    if form is None or path.suffix.lower() != ".npz" or options.form is not None:
        return read_data(path, options, takes)
    arrays = read_arrays(path)
    if not any(name.startswith("y") for name in arrays):
        return read_data(path, options)
    return built_in_parts(cut_samples(arrays, form))


def _example(path: Path, options: DataOptions) -> Callable[[], Inputs]:
    """A few samples, read only for the forms that need them."""

    def first() -> Inputs:
        for inputs, _ in read_data(path, options).calibration:
            return inputs
        raise ModelError("The calibration part must not be empty; give more data.")

    return first


def _fitting(options: DataOptions, read: ReadModel, path: Path) -> DataOptions:
    """The user's own form, else what the model's files say where the data are of that kind."""
    takes = read.takes
    if options.form is not None or takes is None:
        return options
    suffix = path.suffix.lower()
    form: DataForm | None = None
    if isinstance(takes, Pictures):
        if (path.is_dir() and not is_dataset(path)) or suffix == ".zip":
            form = takes
        elif suffix == ".npz" and takes.mean and _bytes(path):
            form = Arrays(mean=takes.mean, std=takes.std)
    elif suffix == ".txt":
        form = replace(takes, label=None)
    return options if form is None else replace(options, form=form)


def _bytes(path: Path) -> bool:
    """Whether the images are bytes, so that nobody has standardised them yet."""
    images = read_arrays(path).get("x", read_arrays(path).get("x_sweep"))
    return images is not None and images.dtype.kind == "u"


def metrics_of(task: str, parts: DataParts) -> tuple[Metric, ...]:
    """The metrics of a task; without one, what the targets suggest; none without targets.

    Raises:
        OptionError: there is no such task.
    """
    if task:
        return metrics_of_task(task, labelled=parts.labelled)
    if not parts.labelled:
        return ()
    for _, target in parts.calibration:
        if target is not None and target.is_floating_point():
            return (Rmse(),)
        if target is not None and target.dim() > 1:
            return (Perplexity(),)
        break
    return (Top1(),)
