import json
import os
from pathlib import Path

import pytest

from analysis.errors import StorageError, UnknownWorkloadError, UnsupportedFileError
from analysis.workloads.cases import folders
from analysis.workloads.cases.folders import (
    CaseFacts,
    added_cases,
    delete_upload,
    find_case,
    is_case,
    publish,
    staged,
    uploaded_cases,
    uploads_dir,
)
from analysis.workloads.cases.record import Case, DataPart, ModelPart
from analysis.workloads.cases.sent import SentFile, sent_case
from tests.uploads import digit_arrays, model_bytes, npz_bytes

MODEL = SentFile("net.safetensors", model_bytes("digits-mlp"))
DATA = SentFile("set.npz", npz_bytes(**digit_arrays(40)))
FACTS = CaseFacts(40, 6570, 3, "40 images", "top1")


def save(model=MODEL, data=DATA, architecture="digits-mlp", owner="local") -> str:
    """Store an upload as the app does, without a worker to open it."""
    case, files = sent_case([model], data, architecture=architecture, owner=owner)
    with staged(case, files) as part:
        publish(part, case, FACTS)
    return case.source


def add(name: str = "mine") -> Case:
    case = Case(
        source=name,
        title=name,
        model=ModelPart("weights", "/nets/net.safetensors", "digits-mlp", "net.safetensors"),
        data=DataPart("/data/set.npz"),
    )
    with staged(case, {}) as part:
        publish(part, case, FACTS)
    return case


def nothing_stored() -> bool:
    return not uploads_dir().exists() or not list(uploads_dir().iterdir())


def test_an_upload_is_stored_whole_and_found_again():
    found = find_case(save())
    assert (found.folder / "model.safetensors").read_bytes() == MODEL.content
    assert (found.folder / "data.npz").read_bytes() == DATA.content
    assert found.case.title == "net · set"
    assert found.facts == FACTS
    assert [path.name for path in uploads_dir().iterdir()] == [found.folder.name]


def test_same_files_are_stored_once_for_each_owner():
    assert save() == save()
    assert save(owner="a" * 32) != save()
    assert len(list(uploads_dir().iterdir())) == 2


def test_other_data_or_architecture_is_another_upload():
    other = SentFile("set.npz", npz_bytes(**digit_arrays(41)))
    assert len({save(), save(data=other), save(architecture="digits-cnn")}) == 3


def test_uploads_lists_those_of_one_owner_newest_first():
    first = save(owner="ann")
    second = save(owner="ann", data=SentFile("b.npz", b"other bytes"))
    save(owner="bob")
    os.utime(find_case(first).folder / "case.json", (1, 1))
    assert [stored.case.source for stored in uploaded_cases("ann")] == [second, first]
    assert uploaded_cases("eve") == ()


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


def test_what_is_not_published_is_gone():
    case, files = sent_case([MODEL], DATA, architecture="digits-mlp")
    with staged(case, files) as part:
        assert (part / "model.safetensors").is_file()
    assert nothing_stored()
    with pytest.raises(UnknownWorkloadError):
        find_case(case.source)


def test_number_of_uploads_is_bounded(monkeypatch):
    monkeypatch.setattr(folders, "MAX_UPLOADS", 1)
    save()
    with pytest.raises(StorageError, match="at most 1 uploads"):
        save(architecture="digits-cnn")


def test_two_sessions_that_store_the_same_agree(monkeypatch):
    rename = Path.rename

    def late(path, target):
        monkeypatch.setattr(Path, "rename", rename)
        save()
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    source = save()
    assert [path.name for path in uploads_dir().iterdir()] == [find_case(source).folder.name]


def test_a_damaged_record_is_one_sentence():
    found = find_case(save())
    (found.folder / "case.json").write_text(json.dumps({"source": "upload:x"}))
    with pytest.raises(UnsupportedFileError, match="no valid stored case: title"):
        find_case(found.case.source)
    assert uploaded_cases("local") == ()


def test_a_registered_model_is_found_by_its_name_and_can_be_registered_anew():
    add()
    case = add()
    assert find_case("mine").case == case
    assert [stored.case.source for stored in added_cases()] == ["mine"]
    assert is_case("mine")
    assert not is_case("other")


@pytest.mark.parametrize("source", ["../x", "a/b", "", ".part-1", "upload:../../x", "x" * 65])
def test_a_source_never_becomes_another_path(source):
    with pytest.raises(UnknownWorkloadError):
        find_case(source)
    assert not is_case(source) or source.startswith("upload:")


def test_an_upload_is_deleted_by_its_owner_with_all_its_files():
    source, other = save(), save(owner="b" * 32)
    delete_upload(source, owner="local")
    assert [path.name for path in uploads_dir().iterdir()] == [find_case(other).folder.name]
    with pytest.raises(UnknownWorkloadError, match="does not exist"):
        delete_upload(source, owner="local")
    assert save() == source


@pytest.mark.parametrize("source", ["mine", "upload:" + "0" * 24, "upload:../../etc"])
def test_nothing_but_ones_own_upload_is_deleted(source):
    add("mine")
    theirs = save(owner="b" * 32)
    for asked in (source, theirs):
        with pytest.raises(UnknownWorkloadError):
            delete_upload(asked, owner="local")
    assert find_case(theirs).folder.is_dir() and find_case("mine").folder.is_dir()


def test_an_upload_that_cannot_be_removed_is_one_sentence(monkeypatch):
    def refuse(_path: object) -> None:
        raise PermissionError(13, "Permission denied")

    source = save()
    monkeypatch.setattr("analysis.workloads.cases.folders.shutil.rmtree", refuse)
    with pytest.raises(StorageError, match="Permission denied"):
        delete_upload(source, owner="local")
