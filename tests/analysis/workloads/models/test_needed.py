import sys

import pytest

from analysis.errors import WorkloadError
from analysis.workloads.models.needed import needed


@pytest.fixture
def torchvision(tmp_path, monkeypatch):
    """Write a package of that name, which no other test finds; its compiled part cannot load."""

    def write(content: str) -> None:
        package = tmp_path / "torchvision"
        package.mkdir()
        (package / "_C.so").write_bytes(b"made for another torch")
        (package / "__init__.py").write_text(content)
        monkeypatch.syspath_prepend(tmp_path)

    assert "torchvision" not in sys.modules
    yield write
    sys.modules.pop("torchvision", None)


def test_torchvision_finds_its_operators_declared_where_they_do_not_load(torchvision):
    torchvision("import torch\nNMS, QNMS = torch.ops.torchvision.nms, torch.ops.torchvision.qnms\n")
    assert needed("torchvision", "A network").NMS is not None


def test_a_library_that_fails_beside_this_torch_is_a_sentence(torchvision):
    torchvision("raise RuntimeError('operator torchvision::roi does not exist\\nmore')\n")
    with pytest.raises(WorkloadError, match=r"fails beside torch 2.*roi does not exist; install"):
        needed("torchvision", "A network")
