import json
import os
from pathlib import Path

import pytest

from analysis.errors import (
    StorageError,
    UnknownWorkloadError,
    UnsupportedFileError,
    WorkloadError,
)
from analysis.workloads import upload as upload_module
from analysis.workloads.upload import find_upload, save_upload, uploads, uploads_dir
from tests.uploads import digit_arrays, model_bytes, npz_bytes, raw_safetensors

MODEL = model_bytes("digits-mlp")
DATA = npz_bytes(**digit_arrays(40))


def save(model=MODEL, data=DATA, architecture="digits-mlp", **options):
    names = {"model_name": "net.safetensors", "data_name": "set.npz"}
    return save_upload(architecture, model, data, **{**names, **options})


def nothing_stored() -> bool:
    return not uploads_dir().exists() or not list(uploads_dir().iterdir())


def test_upload_is_stored_whole_and_found_again():
    source = save()
    found = find_upload(source)
    assert found.source == source
    assert (found.folder / "model.safetensors").read_bytes() == MODEL
    assert (found.folder / "data.npz").read_bytes() == DATA
    assert (found.architecture, found.samples, found.parameters) == ("digits-mlp", 40, 6570)
    assert [path.name for path in uploads_dir().iterdir()] == [found.id]


def test_same_files_are_stored_once_for_each_owner():
    assert save() == save()
    assert save(owner="a" * 32) != save()
    assert len(list(uploads_dir().iterdir())) == 2


def test_other_data_or_architecture_is_another_upload():
    assert (
        len({save(), save(data=npz_bytes(**digit_arrays(41))), save(architecture="digits-cnn")})
        == 3
    )


def test_uploads_lists_those_of_one_owner_newest_first():
    first, second = save(owner="ann"), save(owner="ann", data=npz_bytes(**digit_arrays(41)))
    save(owner="bob")
    os.utime(find_upload(first).folder / "meta.json", (1, 1))
    assert [upload.source for upload in uploads("ann")] == [second, first]
    assert uploads("eve") == ()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\nets\\my net.safetensors", "my net.safetensors"),
        ("<script>alert(1)</script>.npz", "script_.npz"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("**bold** [x](javascript:y)", "_bold_ _x_javascript_y_"),
    ],
)
def test_file_names_are_cleaned_and_never_become_paths(given, shown):
    upload = find_upload(save(model_name=given, data_name=given))
    assert upload.model_name == upload.data_name == shown
    assert upload.folder.parent == uploads_dir()


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"architecture": "resnet"}, UnknownWorkloadError, "not 'resnet'"),
        ({"model": b""}, UnsupportedFileError, "model file must hold 1 byte to 200 MiB"),
        ({"data": b""}, UnsupportedFileError, "data file must hold 1 byte"),
        ({"model": b"\x80\x04pickle, not tensors"}, UnsupportedFileError, "safetensors file"),
        ({"model": raw_safetensors({"../../x y": {}})}, UnsupportedFileError, "name of its tensor"),
        ({"data": b"no zip"}, UnsupportedFileError, "npz archive"),
        ({"data": npz_bytes(images=[1])}, WorkloadError, "exactly the arrays x and y"),
        ({"architecture": "lenet-5"}, WorkloadError, r"shape \(n, 1, 28, 28\)"),
    ],
)
def test_bad_upload_is_refused_and_leaves_nothing(changes, error, sentence):
    with pytest.raises(error, match=sentence):
        save(**changes)
    assert nothing_stored()


@pytest.mark.parametrize("part", ["model", "data"])
def test_file_beyond_the_limit_is_refused(monkeypatch, part):
    monkeypatch.setattr(upload_module, "MAX_FILE_BYTES", max(len(MODEL), len(DATA)))
    save()
    with pytest.raises(UnsupportedFileError, match=f"The {part} file must hold"):
        save(**{part: b"0" * (max(len(MODEL), len(DATA)) + 1)})


def test_full_disk_is_one_sentence_and_leaves_nothing(monkeypatch):
    write = Path.write_bytes

    def full(path, content):
        if path.name == "data.npz":
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="No space left on device"):
        save()
    assert nothing_stored()


def test_number_of_uploads_is_bounded(monkeypatch):
    monkeypatch.setattr(upload_module, "MAX_UPLOADS", 1)
    first = save()
    with pytest.raises(StorageError, match="at most 1 uploads"):
        save(architecture="digits-cnn")
    assert save() == first


def test_two_sessions_that_store_the_same_agree(monkeypatch):
    rename = Path.rename

    def late(path, target):
        monkeypatch.setattr(Path, "rename", rename)
        save()
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    source = save()
    assert [path.name for path in uploads_dir().iterdir()] == [find_upload(source).id]


def test_damaged_record_of_an_upload_is_one_sentence():
    upload = find_upload(save())
    (upload.folder / "meta.json").write_text(json.dumps({"id": upload.id}))
    with pytest.raises(UnsupportedFileError, match="no valid stored upload: owner"):
        find_upload(upload.source)
