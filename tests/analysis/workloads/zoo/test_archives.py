import io
import tarfile
import zipfile

import pytest

from analysis.errors import WorkloadError
from analysis.workloads.zoo.archives import member, members


def tar_of(names, prefix=""):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as file:
        for name in names:
            info = tarfile.TarInfo(prefix + name)
            info.size = len(name)
            file.addfile(info, io.BytesIO(name.encode()))
    return content.getvalue()


def ar_header(name, size):
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{size:<10}`\n".encode()


def debian_package(names):
    """The form of man 5 deb: three members, each padded to an even length."""
    parts = [
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", b"odd"),
        ("data.tar.gz", tar_of(names)),
    ]
    body = b"".join(
        ar_header(name, len(content)) + content + b"\n" * (len(content) % 2)
        for name, content in parts
    )
    return b"!<arch>\n" + body


@pytest.fixture(params=["x.whl", "x.tgz", "x.deb"])
def archive(request, tmp_path):
    file = tmp_path / request.param
    names = ["package/a/one.txt", "package/two.bin"]
    match file.suffix:
        case ".whl":
            with zipfile.ZipFile(file, "w") as made:
                for name in names:
                    made.writestr(name, name)
        case ".tgz":
            file.write_bytes(tar_of(names))
        case ".deb":
            file.write_bytes(debian_package(["./" + name for name in names]))
    return file


def test_members_are_found_by_pattern_in_every_form(archive):
    found = dict(members(archive, "package/a/*.txt"))
    assert list(found) == ["package/a/one.txt"]
    assert found["package/a/one.txt"].endswith(b"package/a/one.txt")


def test_one_member_must_match(archive):
    assert member(archive, "*.bin").endswith(b"two.bin")
    with pytest.raises(WorkloadError, match="must hold one file \\*; it holds 2"):
        member(archive, "*")


def test_other_archives_are_refused(tmp_path):
    (tmp_path / "x.rar").write_bytes(b"")
    with pytest.raises(WorkloadError, match="must be a wheel, an npm tarball or a Debian package"):
        member(tmp_path / "x.rar", "*")


def test_a_damaged_debian_package_is_a_sentence(tmp_path):
    (tmp_path / "x.deb").write_bytes(b"!<arch>\n")
    with pytest.raises(WorkloadError, match="no Debian package"):
        member(tmp_path / "x.deb", "*")
