import struct
import zipfile

import pytest

from analysis.errors import UnsupportedFileError
from analysis.workloads.data.picture_files import archive_pictures, folder_pictures
from tests.picture_sets import png, write_pictures


def archive(path, entries):
    with zipfile.ZipFile(path, "w") as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return path


def test_folders_above_the_classes_do_not_count(tmp_path):
    names = {f"set/val/{kind}/{n}.png": png(n) for n in range(2) for kind in ("a", "b")}
    junk = {"__MACOSX/set/val/a/._0.png": b"x", "set/notes.txt": b"x", "set/val/.hidden.png": b"x"}
    files = archive_pictures(archive(tmp_path / "s.zip", names | junk))
    assert [file.folder for file in files] == ["a", "a", "b", "b"]
    assert files[0].read() == png(0)


def test_one_class_is_a_class(tmp_path):
    write_pictures(tmp_path, {"cat": 3})
    assert {file.folder for file in folder_pictures(tmp_path)} == {"cat"}


@pytest.mark.parametrize(
    "name",
    ["../a.png", "/a.png", "a/../../b.png", "c:/a.png", "a\\b.png", "a//b.png", "a/\x07.png"],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    with pytest.raises(UnsupportedFileError, match="plain relative names"):
        archive_pictures(archive(tmp_path / "s.zip", {name: png(0)}))


@pytest.mark.parametrize("name", ["<script>", "a" * 81, "[x](y)", "$(rm)"])
def test_class_names_with_markup_are_refused_and_not_quoted(tmp_path, name):
    made = archive(tmp_path / "s.zip", {f"{name}/1.png": png(0), "b/2.png": png(1)})
    with pytest.raises(UnsupportedFileError, match="Names of classes") as caught:
        archive_pictures(made)
    assert name not in str(caught.value)


def test_files_beside_class_folders_are_refused(tmp_path):
    made = archive(tmp_path / "s.zip", {"a/1.png": png(0), "2.png": png(1)})
    with pytest.raises(UnsupportedFileError, match="beside the folders"):
        archive_pictures(made)


def test_an_entry_larger_than_declared_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a/1.png", bytes(10 << 20))
    content = path.read_bytes()
    real, lie = struct.pack("<I", 10 << 20), struct.pack("<I", 1000)
    path.write_bytes(content.replace(real, lie))
    with pytest.raises(UnsupportedFileError, match=r"cannot be unpacked|another size"):
        archive_pictures(path)[0].read()


def test_archives_that_declare_too_much_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.workloads.data.picture_files.MAX_EXPANDED_BYTES", 1000)
    made = archive(tmp_path / "s.zip", {"a/1.png": bytes(1001)})
    with pytest.raises(UnsupportedFileError, match="holds more than"):
        archive_pictures(made)


def test_what_is_no_archive_and_what_holds_no_image_is_refused(tmp_path):
    (tmp_path / "s.zip").write_bytes(b"PK\x03\x04" + bytes(50))
    with pytest.raises(UnsupportedFileError, match="cannot be opened"):
        archive_pictures(tmp_path / "s.zip")
    with pytest.raises(UnsupportedFileError, match="there is none"):
        folder_pictures(tmp_path)
