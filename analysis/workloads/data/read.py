"""A user's data from wherever they lie: `read_data`."""

from pathlib import Path
from typing import TypeVar

from analysis.errors import UnknownWorkloadError, UnsupportedFileError, WorkloadError
from analysis.workloads.case_file import is_case_source
from analysis.workloads.data.array_source import cut_before, read_archive
from analysis.workloads.data.dataset import described_names, is_dataset, read_dataset
from analysis.workloads.data.factory import read_factory
from analysis.workloads.data.form import Arrays, Columns, DataForm, DataOptions, Pictures, Text
from analysis.workloads.data.parts import DataParts, Source, cut_source
from analysis.workloads.data.picture_files import archive_pictures, folder_pictures
from analysis.workloads.data.picture_source import PictureSource
from analysis.workloads.data.split import split_places
from analysis.workloads.data.table_form import fitted_form
from analysis.workloads.data.table_source import ClassNames, pictures_of, rows_of
from analysis.workloads.data.tables import READERS, read_table
from analysis.workloads.data.tensors import TensorSource
from analysis.workloads.data.text_source import (
    column_texts,
    lines_of,
    plain_text,
    sequences_of,
    texts_of,
)

USUAL = DataOptions()


def read_data(
    path: str | Path, options: DataOptions = USUAL, takes: DataForm | None = None
) -> DataParts:
    """Read a user's data and cut it into three disjoint parts.

    Args:
        path: a folder or zip archive of class folders of images, an `.npz` archive, a `.csv`,
            `.parquet`, `.jsonl` or `.txt` file, a folder written by ``save_to_disk`` of the
            `datasets` package or the parquet files of a data set, or ``file.py:factory``, which is
            run and may be named only by whoever starts the program.
        options: what a sample is and how the data are cut.
        takes: what the model takes, for tables whose form is left open.

    Raises:
        UnknownWorkloadError: there is no such file.
        UnsupportedFileError: it is damaged, hostile, too large or of an unknown kind.
        WorkloadError: its content does not fit the options; the message says why.
    """
    if is_case_source(str(path)):
        return read_factory(str(path), options)
    place = Path(path).expanduser()
    if not place.exists():
        raise UnknownWorkloadError(
            f"The data must lie in a file or folder that exists; there is no {str(path)!r:.300}. "
            "Check the path."
        )
    if place.is_dir() and is_dataset(place):
        source: Source = _rows(*read_dataset(place, options.split.subset), options.form, takes)
    elif place.is_file() and place.suffix.lower() in READERS:
        table = read_table(place)
        asked = options.form or (_usual(place) if takes is None else None)
        source = _rows(table, described_names(table), asked, takes)
    elif place.suffix.lower() == ".npz":
        found = read_archive(place, _wanted(options.form or Arrays(), Arrays, place))
        if isinstance(found, dict):
            return cut_before(found, options.batch_size)
        source = found
    else:
        source = _source(place, options.form)
    places = split_places(source.digests(), options.split)
    return cut_source(source, places, seed=options.split.seed, batch_size=options.batch_size)


def _usual(path: Path) -> Text | None:
    """JSON lines are texts; other tables tell by their columns."""
    return Text() if path.suffix.lower() == ".jsonl" else None


def _unknown(path: Path) -> UnsupportedFileError:
    known = ", ".join((".npz", ".txt", *sorted(READERS)))
    return UnsupportedFileError(
        f"The data must be a folder, .zip or {known}; this is "
        f"{path.suffix[:20] or 'a file without an ending'!r}. Convert it, or write a factory: "
        "my_data.py:make."
    )


def _source(path: Path, form: DataForm | None) -> Source:
    if path.is_dir() or path.suffix.lower() == ".zip":
        pictures = _wanted(form or Pictures(), Pictures, path)
        files = folder_pictures(path) if path.is_dir() else archive_pictures(path)
        return PictureSource.of_files(pictures, files)
    if path.suffix.lower() == ".txt":
        wanted = _wanted(form or Text(), Text, path)
        if wanted.each or wanted.label is not None:
            return lines_of(plain_text(path)[0], wanted)
        return sequences_of(plain_text(path), wanted)
    raise _unknown(path)


def _rows(
    table: object, names: ClassNames, asked: DataForm | None, takes: DataForm | None
) -> PictureSource | TensorSource:
    """Rows of a table as what the form says."""
    form = fitted_form(asked, table, names, takes)
    match form:
        case Columns():
            return rows_of(table, form, names)
        case Pictures():
            return pictures_of(table, form, names)
        case Text(label=None, each=False):
            return sequences_of(column_texts(table, form), form)
        case Text():
            return texts_of(table, form, names)
        case Arrays():
            raise WorkloadError("Arrays come in an .npz archive; take a table as columns instead.")


T = TypeVar("T", Arrays, Pictures, Text)


def _wanted(form: DataForm, kind: type[T], path: Path) -> T:
    if not isinstance(form, kind):
        place = "A folder or .zip" if path.is_dir() or path.suffix == ".zip" else path.suffix
        raise WorkloadError(
            f"{place} is read as {kind.__name__.lower()}, not as {form.kind}; leave the form out, "
            "or give the data in another file."
        )
    return form
