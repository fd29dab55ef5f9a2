"""What is known of a sweep that a command is given: by its run's id, or as a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis import serial
from analysis.allocation.calibration import Calibration
from analysis.cli.opening import open_store
from analysis.errors import RunError, UnknownRunError
from analysis.layers import Layer
from analysis.runs.store import RunStore
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.packed import document_interactions
from analysis.sensitivity.points import CellSamples, Sensitivities, from_document


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A sweep and what goes with it.

    Attributes:
        source: of its workload.
        interactions: pairwise terms; None where the shifts were not kept.
        store: the run store where the run is known there, else None.
    """

    result: Sensitivities
    source: str
    interactions: Interactions | None
    store: RunStore | None

    @property
    def run(self) -> str:
        """The run's id; empty where it has none."""
        return self.result.run or ""

    def found_layers(self) -> tuple[Layer, ...]:
        """The layers with the groups that were found, whatever somebody made of them since."""
        setup = self.store.setup(self.run) if self.store is not None else None
        return self.result.layers if setup is None else setup.layers

    def rows(self) -> Sequence[CellSamples]:
        """Raw figures; none where the run is not in the store."""
        return self.store.samples(self.run) if self.store is not None else ()

    def calibration(self) -> Calibration | None:
        """What corrects predictions; None where it was not measured."""
        return self.store.calibration(self.run) if self.store is not None else None


def read_evidence(run: str) -> Evidence:
    """A sweep from a file or from the store.

    Raises:
        UnknownRunError: there is neither a file nor a run of that name.
        RunError: the file is no sweep document.
    """
    store, file = open_store(), Path(run)
    if file.is_file():
        return _from_file(store, file)
    try:
        result, source = store.sensitivities(run), store.job(run).source
    except UnknownRunError:
        raise UnknownRunError(
            f"There must be a run or a file of that name, and {run!r:.200} is neither; "
            "'quantscope runs' lists the runs."
        ) from None
    return Evidence(result, source, store.interactions(run), store)


def _from_file(store: RunStore, file: Path) -> Evidence:
    document = serial.parse_object(_read(file), RunError, "sweep document")
    result = from_document(document)
    interactions = document_interactions(document, result.setup.cells)
    try:
        source = store.job(result.run or "").source
    except UnknownRunError:
        # made on another machine, or deleted: a built-in workload is found by its name
        return Evidence(result, result.setup.workload, interactions, None)
    return Evidence(result, source, interactions, store)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnknownRunError(f"The sweep {str(file)!r} cannot be read: {error}.") from None
