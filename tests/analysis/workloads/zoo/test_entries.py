import numpy as np
import pytest

from analysis.errors import WorkloadError
from analysis.workloads.zoo.entries import load_zoo
from analysis.workloads.zoo.shelf import RECORD, folder_of


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTSCOPE_ZOO", str(tmp_path))
    folder = folder_of("movielens-ncf")
    folder.mkdir()
    (folder / RECORD).write_text("{}")
    return folder


def test_a_folder_that_another_version_prepared_is_a_sentence(prepared):
    np.savez(prepared / "data.npz", films=np.zeros(3))
    with pytest.raises(WorkloadError, match="zoo prepare movielens-ncf"):
        load_zoo("movielens-ncf")


def test_a_prepared_folder_whose_files_are_gone_is_a_sentence(prepared):
    with pytest.raises(WorkloadError, match="other files than this version"):
        load_zoo("movielens-ncf")
