import sys

import pytest

from analysis.errors import WorkloadError
from analysis.workloads.zoo.card import Package
from analysis.workloads.zoo.downloads import command_for, fetch, fetched


def test_clients_download_without_dependencies_and_without_scripts(tmp_path):
    pip = command_for(Package("pip", "a", "1.0", 1), tmp_path)
    assert pip[:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:", "a==1.0"} <= set(pip)
    npm = command_for(Package("npm", "b", "2.0", 1), tmp_path)
    assert npm == ["npm", "pack", "--silent", "--ignore-scripts", "b@2.0"]
    assert command_for(Package("apt", "c", None, 1), tmp_path) == ["apt-get", "download", "c"]


def client(folder, name, body):
    """A client of that name, found before the real one."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


def test_an_archive_is_what_the_client_left_behind(tmp_path, monkeypatch):
    client(tmp_path, "npm", 'echo content > "thing-1.0.tgz"')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with fetched([Package("npm", "thing", "1.0", 1)]) as archives:
        kept = archives["thing"]
        assert kept.name == "thing-1.0.tgz"
        assert kept.read_text() == "content\n"
    assert not kept.exists()


def test_a_failing_client_is_quoted(tmp_path, monkeypatch):
    client(tmp_path, "apt-get", 'echo "E: Unable to locate package c" >&2; exit 100')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(WorkloadError, match="apt-get says: E: Unable to locate package c"):
        fetch(Package("apt", "c", None, 1), tmp_path)


def test_a_missing_client_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WorkloadError, match="fetched by npm, which is not installed"):
        fetch(Package("npm", "thing", "1.0", 1), tmp_path)
