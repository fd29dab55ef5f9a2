"""What `torch.save` wrote, examined without loading it."""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from analysis.errors import UnsupportedFileError
from analysis.workloads.models import torch_archive
from analysis.workloads.models.torch_archive import check_archive

Entries = dict[str, bytes]


def saved(path: Path, value: Any) -> Path:
    torch.save(value, path)
    return path


def rewritten(path: Path, change: Callable[[Entries], Any], *, packed: bool = False) -> Path:
    """The archive with some of its entries exchanged."""
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    change(entries)
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "value",
    [
        {"w": torch.ones(2, 3), "b": torch.zeros(3, dtype=torch.bfloat16)},
        nn.Conv2d(1, 2, 3).state_dict(),
        {"epoch": 3, "state_dict": OrderedDict(w=torch.ones(2)), "best": 0.5},
        {"w": nn.Parameter(torch.ones(2))},
        {"tied": (w := torch.ones(4)), "again": w, "part": w[1:3], "turned": torch.ones(2, 3).T},
    ],
    ids=["plain", "state dict", "checkpoint", "parameter", "views"],
)
def test_state_dicts_and_checkpoints_pass(tmp_path, value):
    check_archive(saved(tmp_path / "net.pt", value))


class Evil:
    """Would run a command when it is unpickled."""

    def __reduce__(self) -> Any:
        return (print, ("run",))


def by_name(content: bytes) -> Callable[[Entries], None]:
    def change(entries: Entries) -> None:
        entries[next(name for name in entries if name.endswith("data.pkl"))] = content

    return change


def first_storage(entries: Entries) -> str:
    return next(name for name in entries if name.endswith("data/0"))


REFUSED: dict[str, tuple[Callable[[Entries], Any], str]] = {
    "code": (by_name(pickle.dumps(Evil(), 2)), "which is no tensor"),
    "not a pickle": (by_name(b"nothing"), "cannot be read"),
    "endless pickle": (by_name(b"(" * 1000), "cannot be read"),
    "no tensor": (by_name(pickle.dumps({"a": 1}, 2)), "holds no tensor"),
    "short storage": (lambda e: e.update({first_storage(e): b"1"}), "another size than"),
    "missing storage": (lambda e: e.pop(first_storage(e)), "another size than"),
    "no data.pkl": (lambda e: e.pop(next(n for n in e if "data.pkl" in n)), "without data.pkl"),
    "leads out": (lambda e: e.update({"../../etc/x": b"1"}), "other characters or folders"),
    "markup": (lambda e: e.update({"a/<b>": b"1"}), "other characters or folders"),
    "script": (lambda e: e.update({"net/code/x.py": b"1"}), "brings code of its own"),
}


@pytest.mark.parametrize(("change", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_hostile_archive_is_refused(tmp_path, change, sentence):
    file = saved(tmp_path / "net.pt", {"w": torch.ones(8)})
    with pytest.raises(UnsupportedFileError, match=sentence):
        check_archive(rewritten(file, change))


def test_packed_entries_are_refused(tmp_path):
    file = saved(tmp_path / "net.pt", {"w": torch.zeros(1000)})
    with pytest.raises(UnsupportedFileError, match="packed or encrypted"):
        check_archive(rewritten(file, lambda _: None, packed=True))


@pytest.mark.parametrize(
    "tensor",
    [torch.zeros(1).expand(10**12), torch.as_strided(torch.zeros(4), (2, 2), (0, 1))],
    ids=["expanded", "overlapping"],
)
def test_a_tensor_larger_than_its_storage_is_refused(tmp_path, tensor):
    file = saved(tmp_path / "net.pt", {"w": tensor})
    if tensor.numel() > 4:
        with pytest.raises(UnsupportedFileError, match="larger than its storage"):
            check_archive(file)
    else:
        check_archive(file)  # as many values as bytes for them: harmless


def test_a_whole_module_is_refused_with_the_way_to_save_it(tmp_path):
    file = saved(tmp_path / "net.pt", nn.Linear(2, 2))
    with pytest.raises(UnsupportedFileError, match=r"Linear, which is no tensor.*state_dict\(\)"):
        check_archive(file)


def test_files_of_before_zip_and_other_bytes_are_refused(tmp_path):
    old = tmp_path / "old.pt"
    torch.save({"w": torch.ones(2)}, old, _use_new_zipfile_serialization=False)
    (tmp_path / "x.pt").write_bytes(b"\x80\x02nothing")
    for file in (old, tmp_path / "x.pt"):
        with pytest.raises(UnsupportedFileError, match="no zip archive"):
            check_archive(file)


def test_overlapping_entries_are_refused(tmp_path):
    file = saved(tmp_path / "net.pt", {"w": torch.ones(64)})
    content = bytearray(file.read_bytes())
    start = content.find(b"PK\x01\x02")
    content[start + 24 : start + 28] = (10**6).to_bytes(4, "little")  # size in the directory
    content[start + 20 : start + 24] = (10**6).to_bytes(4, "little")
    file.write_bytes(bytes(content))
    with pytest.raises(UnsupportedFileError, match="overlap, or claim to be larger"):
        check_archive(file)


def test_the_number_of_entries_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(torch_archive, "MAX_ENTRIES", 2)
    with pytest.raises(UnsupportedFileError, match="entries, where 1 to 2 are taken"):
        check_archive(saved(tmp_path / "net.pt", {"w": torch.ones(2)}))


def test_the_archive_is_not_changed_or_held_open(tmp_path):
    file = saved(tmp_path / "net.pt", {"w": torch.ones(2)})
    before = file.read_bytes()
    check_archive(file)
    assert file.read_bytes() == before
    assert torch.load(io.BytesIO(before), weights_only=True)["w"].tolist() == [1, 1]
