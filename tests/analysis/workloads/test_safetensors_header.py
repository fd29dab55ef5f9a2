import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import UnsupportedFileError
from analysis.workloads.safetensors_header import MAX_HEADER_BYTES, MAX_TENSORS, read_header
from tests.uploads import model_bytes, raw_safetensors


def entry(start=0, stop=4, shape=(1,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


def test_reads_names_types_and_shapes_of_a_real_file():
    header = read_header(model_bytes("digits-mlp"))
    assert header["fc1.weight"].shape == (64, 64)
    assert header["fc1.weight"].dtype == "F32"
    assert len(header) == 6


def test_metadata_and_scalars_are_taken():
    content = raw_safetensors({"__metadata__": {"format": "pt"}, "s": entry(shape=())}, b"0000")
    assert read_header(content)["s"].shape == ()


HOSTILE = {
    "empty file": (b"", "only 0 bytes"),
    "huge length": (struct.pack("<Q", 2**63) + b"{}", "longer than the file"),
    "length beyond the limit": (
        struct.pack("<Q", MAX_HEADER_BYTES + 1) + b" " * (MAX_HEADER_BYTES + 2),
        "4 MiB",
    ),
    "no JSON": (raw_safetensors("{oops"), "no valid JSON"),
    "deep JSON": (raw_safetensors("[" * 200_000), "no valid JSON"),
    "number too long to parse": (raw_safetensors('{"a":' + "9" * 5000 + "}"), "no valid JSON"),
    "bytes that are no text": (struct.pack("<Q", 4) + b"\xff\xfe\xfd\xfc", "no valid JSON"),
    "list": (raw_safetensors("[]"), "no JSON object"),
    "name twice": (
        raw_safetensors(f'{{"a":{json.dumps(entry())},"a":{json.dumps(entry())}}}', b"0000"),
        "names a tensor twice",
    ),
    "no tensors": (raw_safetensors({}), "holds 0 tensors"),
    "too many tensors": (
        raw_safetensors({f"t{i}": entry(0, 0, (0,)) for i in range(MAX_TENSORS + 1)}),
        "holds 20001 tensors",
    ),
    "metadata of another kind": (raw_safetensors({"__metadata__": 1, "a": entry()}), "metadata"),
    "entry of another kind": (raw_safetensors({"a": 1}), "not exactly the fields"),
    "field missing": (raw_safetensors({"a": {"dtype": "F32"}}), "not exactly the fields"),
    "unknown type": (raw_safetensors({"a": entry(dtype="F4")}, b"0000"), "none of the types"),
    "type of another kind": (raw_safetensors({"a": entry(dtype=[])}), "none of the types"),
    "negative size": (raw_safetensors({"a": entry(shape=(-1,))}, b"0000"), "impossible shape"),
    "huge size": (raw_safetensors({"a": entry(0, 2**62, (2**60,))}), "impossible shape"),
    "too many axes": (raw_safetensors({"a": entry(shape=[1] * 9)}, b"0000"), "impossible shape"),
    "true as a size": (raw_safetensors({"a": entry(shape=[True])}, b"0000"), "impossible shape"),
    "infinite offset": (
        raw_safetensors('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,Infinity]}}'),
        "impossible offsets",
    ),
    "three offsets": (
        raw_safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 4]}}),
        "impossible offsets",
    ),
    "offsets beyond the shape": (raw_safetensors({"a": entry(0, 8)}, b"0" * 8), "do not match"),
    "offsets backwards": (raw_safetensors({"a": entry(4, 0)}, b"0000"), "do not match"),
    "overlap": (
        raw_safetensors({"a": entry(0, 4), "b": entry(2, 6)}, b"0" * 6),
        "b overlaps its neighbour",
    ),
    "same place twice": (raw_safetensors({"a": entry(), "b": entry()}, b"0000"), "overlaps"),
    "gap": (raw_safetensors({"a": entry(0, 4), "b": entry(8, 12)}, b"0" * 12), "leaves a gap"),
    "data missing": (raw_safetensors({"a": entry()}, b"00"), "need 4 bytes where 2 follow"),
    "data left over": (raw_safetensors({"a": entry()}, b"0" * 6), "need 4 bytes where 6 follow"),
}


@pytest.mark.parametrize(("content", "sentence"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_header_is_refused_in_one_sentence(content, sentence):
    with pytest.raises(UnsupportedFileError, match=sentence):
        read_header(content)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a b", "é", "", "<" * 201, "a\n"])
def test_odd_tensor_name_is_refused_and_never_quoted(name):
    with pytest.raises(UnsupportedFileError, match="the name of its tensor 1") as caught:
        read_header(raw_safetensors({name: entry()}, b"0000"))
    assert "<" not in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_give_entries_or_one_sentence(content):
    try:
        read_header(content)
    except UnsupportedFileError as error:
        assert "safetensors.torch.save_file" in str(error)


@given(st.data())
def test_a_spoilt_byte_never_makes_another_error(data):
    content = bytearray(model_bytes("digits-mlp"))
    place = data.draw(st.integers(0, 600))
    content[place] = data.draw(st.integers(0, 255))
    try:
        read_header(bytes(content))
    except UnsupportedFileError as error:
        assert "safetensors" in str(error)
