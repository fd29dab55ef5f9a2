"""A GGUF file through transformers, its weights unpacked to float32."""

from dataclasses import replace
from pathlib import Path

from analysis.errors import UnsupportedFileError
from analysis.workloads.models.hugging_face import finished, load_pretrained
from analysis.workloads.models.hugging_face_inputs import text_form
from analysis.workloads.models.model import ReadModel
from analysis.workloads.models.needed import needed

MAX_TENSORS, MAX_FIELDS = 20_000, 20_000
_VERSIONS = (2, 3)


def check_gguf(path: Path) -> None:
    """The first bytes: magic, version, and counts that can be true.

    Raises:
        UnsupportedFileError: they are not those of a GGUF file.
    """
    with path.open("rb") as file:
        head = file.read(24)
    numbers = [
        int.from_bytes(head[at : at + size], "little") for at, size in ((4, 4), (8, 8), (16, 8))
    ]
    version, tensors, fields = numbers
    known = head[:4] == b"GGUF" and version in _VERSIONS
    if len(head) < 24 or not known or not 1 <= tensors <= MAX_TENSORS or not fields <= MAX_FIELDS:
        raise UnsupportedFileError(
            "The model must be a whole GGUF file of version 2 or 3; this one begins otherwise. "
            "Download or convert it again."
        )


def read_gguf(path: Path) -> ReadModel:
    """The language model of a GGUF file. Its weights may have been quantised before.

    Raises:
        WorkloadError: transformers or gguf is not installed, or the file is damaged or of a kind
            that transformers does not know.
    """
    check_gguf(path)
    needed("gguf", "A GGUF file")
    auto = needed("transformers", "A GGUF file").AutoModelForCausalLM
    model = load_pretrained(auto, path.parent, path.name[:80], gguf_file=path.name)
    read = finished(model, path.parent)
    return replace(read, takes=text_form(path, model.config, type(model).__name__))
