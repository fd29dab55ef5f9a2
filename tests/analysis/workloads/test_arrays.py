import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import UnsupportedFileError
from analysis.workloads import arrays as arrays_module
from analysis.workloads.arrays import read_arrays
from tests.uploads import npz_bytes


def archive(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in entries:
            file.writestr(name, content)
    return buffer.getvalue()


def npy(array: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, **options)
    return buffer.getvalue()


class Marker:
    """Unpickling it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_arrays_come_back_as_numpy_reads_them():
    given_arrays = {
        "x": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        "f": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        "s": np.array(3),
        "e": np.zeros((0, 5)),
    }
    content = npz_bytes(**given_arrays)
    with np.load(io.BytesIO(content)) as expected:
        found = read_arrays(content)
        assert set(found) == set(expected)
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name], strict=True)


def test_header_of_version_2_is_read():
    content = archive(("x.npy", npy(np.arange(3), version=(2, 0))))
    assert read_arrays(content)["x"].tolist() == [0, 1, 2]


def test_pickled_objects_are_refused_and_not_executed(tmp_path):
    marker = tmp_path / "executed"
    content = npz_bytes(x=np.array([Marker(marker)], dtype=object))
    with pytest.raises(UnsupportedFileError, match="Python objects"):
        read_arrays(content)
    assert not marker.exists()
    with np.load(io.BytesIO(content), allow_pickle=True) as careless:
        _ = careless["x"]
    assert marker.exists(), "the marker must work, or this test proves nothing"


def test_a_bare_pickle_in_place_of_an_array_is_not_executed(tmp_path):
    marker = tmp_path / "executed"
    with pytest.raises(UnsupportedFileError, match="header of its array x"):
        read_arrays(archive(("x.npy", pickle.dumps(Marker(marker)))))
    assert not marker.exists()


def test_zip_bomb_is_refused_before_it_unpacks(monkeypatch):
    monkeypatch.setattr(arrays_module, "MAX_EXPANDED_BYTES", 1024**2)
    bomb = npz_bytes(x=np.zeros(2 * 1024**2, np.uint8))
    assert len(bomb) < 10_000
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("the entry was opened"))
    with pytest.raises(UnsupportedFileError, match="larger than 1 MiB"):
        read_arrays(bomb)


def test_entry_that_lies_about_its_size_is_refused():
    content = bytearray(archive(("x.npy", npy(np.zeros(1000, np.uint8)))))
    at = content.index(b"PK\x01\x02") + 24  # unpacked size in the central directory
    content[at : at + 4] = struct.pack("<I", 500)
    with pytest.raises(UnsupportedFileError, match="cannot be unpacked"):
        read_arrays(bytes(content))


def test_shape_beyond_the_data_allocates_nothing():
    claims = npy(np.zeros(4, np.uint8)).replace(b"(4,), }" + b" " * 12, b"(4000000000000,), }")
    assert b"(4000000000000,)" in claims
    with pytest.raises(UnsupportedFileError, match="does not match its size"):
        read_arrays(archive(("x.npy", claims)))


BROKEN = {
    "no zip": (b"hello", "BadZipFile"),
    "empty": (b"", "BadZipFile"),
    "no entries": (archive(), "holds 0 entries"),
    "too many entries": (archive(*((f"a{i}.npy", b"") for i in range(17))), "holds 17 entries"),
    "path in a name": (archive(("../x.npy", npy(np.zeros(1)))), "not named like an array"),
    "markup in a name": (archive(("<b>.npy", npy(np.zeros(1)))), "not named like an array"),
    "no array": (archive(("x.txt", b"hello")), "not named like an array"),
    "not numpy": (archive(("x.npy", b"hello, this is no array")), "header of its array x"),
    "texts": (npz_bytes(x=np.array(["a"])), "texts or records"),
    "records": (npz_bytes(x=np.zeros(2, dtype=[("a", "f4")])), "texts or records"),
    "unusual packing": (archive(("x.npy", b""), method=zipfile.ZIP_LZMA), "unusual way"),
}


@pytest.mark.parametrize(("content", "sentence"), BROKEN.values(), ids=BROKEN)
def test_broken_archive_is_refused_in_one_sentence(content, sentence):
    with pytest.raises(UnsupportedFileError, match=sentence):
        read_arrays(content)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_name_that_stands_twice_is_refused():
    with pytest.raises(UnsupportedFileError, match="stands twice"):
        read_arrays(archive(("x.npy", npy(np.zeros(1))), ("x.npy", npy(np.ones(1)))))


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(UnsupportedFileError, match="FileNotFoundError"):
        read_arrays(tmp_path / "gone.npz")


@given(st.data())
def test_a_spoilt_byte_never_makes_another_error(data):
    content = bytearray(npz_bytes(x=np.arange(50, dtype=np.uint8), y=np.arange(3)))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255))
    try:
        read_arrays(bytes(content))
    except UnsupportedFileError as error:
        assert "The data must be an .npz archive" in str(error)
