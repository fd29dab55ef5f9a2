"""A user's data from wherever they lie: `read_data`."""

from pathlib import Path
from typing import TypeVar

from analysis.errors import UnknownWorkloadError, UnsupportedFileError, WorkloadError
from analysis.workloads.case_file import is_case_source
from analysis.workloads.data.array_source import cut_before, read_archive
from analysis.workloads.data.factory import read_factory
from analysis.workloads.data.form import Arrays, Columns, DataForm, DataOptions, Pictures, Text
from analysis.workloads.data.parts import DataParts, Source, cut_source
from analysis.workloads.data.picture_files import archive_pictures, folder_pictures
from analysis.workloads.data.picture_source import PictureSource
from analysis.workloads.data.split import split_places
from analysis.workloads.data.table_source import ClassNames, pictures_of, rows_of
from analysis.workloads.data.tables import READERS, is_dataset, read_dataset, read_table
from analysis.workloads.data.tensors import TensorSource
from analysis.workloads.data.text_source import column_texts, plain_text, sequences_of, texts_of

USUAL = DataOptions()


def read_data(path: str | Path, options: DataOptions = USUAL) -> DataParts:
    """Read a user's data and cut it into three disjoint parts.

    Args:
        path: a folder or zip archive of class folders of images, an `.npz` archive, a `.csv`,
            `.parquet`, `.jsonl` or `.txt` file, a folder written by ``save_to_disk`` of the
            `datasets` package, or ``file.py:factory``, which is run and may be named only by
            whoever starts the program.
        options: what a sample is and how the data are cut.

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
    form = options.form or _usual_form(place)
    if place.suffix.lower() == ".npz":
        found = read_archive(place, _wanted(form, Arrays, place))
        if isinstance(found, dict):
            return cut_before(found, options.batch_size)
        source: Source = found
    else:
        source = _source(place, form, options.split.subset)
    places = split_places(source.digests(), options.split)
    return cut_source(source, places, seed=options.split.seed, batch_size=options.batch_size)


def _usual_form(path: Path) -> DataForm:
    """The form that a path suggests."""
    if path.is_dir():
        return Columns() if is_dataset(path) else Pictures()
    usual: dict[str, DataForm] = {
        ".zip": Pictures(),
        ".npz": Arrays(),
        ".csv": Columns(),
        ".parquet": Columns(),
        ".arrow": Columns(),
        ".jsonl": Text(),
        ".txt": Text(),
    }
    suffix = path.suffix.lower()
    if suffix not in usual:
        raise _unknown(path)
    return usual[suffix]


def _unknown(path: Path) -> UnsupportedFileError:
    known = ", ".join((".npz", ".txt", *sorted(READERS)))
    return UnsupportedFileError(
        f"The data must be a folder, .zip or {known}; this is "
        f"{path.suffix[:20] or 'a file without an ending'!r}. Convert it, or write a factory: "
        "my_data.py:make."
    )


def _source(path: Path, form: DataForm, subset: str | None) -> Source:
    if path.is_dir() and is_dataset(path):
        return _rows(*read_dataset(path, subset), form)
    if path.is_dir() or path.suffix.lower() == ".zip":
        pictures = _wanted(form, Pictures, path)
        files = folder_pictures(path) if path.is_dir() else archive_pictures(path)
        return PictureSource.of_files(pictures, files)
    if path.suffix.lower() == ".txt":
        return sequences_of(plain_text(path), _wanted(form, Text, path))
    if path.suffix.lower() in READERS:
        return _rows(read_table(path), {}, form)
    raise _unknown(path)


def _rows(table: object, names: ClassNames, form: DataForm) -> PictureSource | TensorSource:
    """Rows of a table as what the form says."""
    match form:
        case Columns():
            return rows_of(table, form, names)
        case Pictures():
            return pictures_of(table, form, names)
        case Text(label=None):
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
