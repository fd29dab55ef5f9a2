import pytest
import torch

from analysis.errors import UnsupportedFileError
from analysis.workloads.data.form import Text
from analysis.workloads.models.gguf_file import check_gguf, read_gguf
from tests.gguf_files import HIDDEN, VOCABULARY, write_gguf


@pytest.mark.slow
def test_a_language_model_comes_out_in_float32_with_its_tokenizer(tmp_path):
    pytest.importorskip("transformers")
    file = write_gguf(tmp_path / "tiny.gguf")
    read = read_gguf(file)
    assert read.model.get_parameter("model.embed_tokens.weight").shape == (VOCABULARY, HIDDEN)
    assert {value.dtype for value in read.model.parameters()} == {torch.float32}
    assert read.takes == Text(tokenizer=str(file), tokens=48)
    assert read.model(torch.zeros(2, 5, dtype=torch.long)).logits.shape == (2, 5, VOCABULARY)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "most"), [("F16", 1e-3), ("Q8_0", 0.02), ("Q5_1", 0.1), ("Q4_0", 0.2)]
)
def test_packed_weights_are_those_that_were_packed(kind, most, tmp_path):
    pytest.importorskip("transformers")
    plain, packed = (
        read_gguf(write_gguf(tmp_path / f"{name}.gguf", name)).model for name in ("F32", kind)
    )
    changed = 0
    for name, value in plain.named_parameters():
        error = (packed.get_parameter(name) - value).norm() / value.norm()
        assert error < most, name
        changed += bool(error > 0)
    assert changed == 8  # all matrices but the one whose rows fill no blocks


def header(magic=b"GGUF", version=3, tensors=1, fields=1) -> bytes:
    numbers = (version.to_bytes(4, "little"), tensors.to_bytes(8, "little"))
    return magic + b"".join(numbers) + fields.to_bytes(8, "little")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GGUF",
        header(magic=b"GGML"),
        header(version=9),
        header(tensors=0),
        header(tensors=2**60),
        header(fields=2**60),
    ],
    ids=["empty", "short", "magic", "version", "no tensor", "many tensors", "many fields"],
)
def test_a_header_that_cannot_be_true_is_refused(content, tmp_path):
    (tmp_path / "x.gguf").write_bytes(content)
    with pytest.raises(UnsupportedFileError, match="whole GGUF file"):
        check_gguf(tmp_path / "x.gguf")
    (tmp_path / "y.gguf").write_bytes(header())
    check_gguf(tmp_path / "y.gguf")
