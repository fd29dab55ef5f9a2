import struct

import numpy as np
import pytest

from analysis.errors import UnsupportedFileError
from analysis.workloads.zoo.gguf import read_gguf


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def gguf(facts, tensors):
    """A file of version 3; tensors: name to (shape as torch counts, type, bytes)."""
    body = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(facts))
    for name, (kind, packed) in facts.items():
        body += text(name) + struct.pack("<I", kind) + packed
    offset, data = 0, b""
    for name, (shape, kind, content) in tensors.items():
        body += text(name) + struct.pack("<I", len(shape))
        body += b"".join(struct.pack("<Q", size) for size in reversed(shape))
        body += struct.pack("<IQ", kind, offset)
        padded = content + bytes(-len(content) % 32)
        data += padded
        offset += len(padded)
    return body + bytes(-len(body) % 32) + data


def test_facts_and_float_tensors_are_read():
    facts = {
        "llama.block_count": (4, struct.pack("<I", 30)),
        "words": (9, struct.pack("<IQ", 8, 2) + text("a") + text("b")),
    }
    values = np.arange(6, dtype="<f4")
    found = read_gguf(gguf(facts, {"x": ((2, 3), 0, values.tobytes())}))
    assert found.facts == {"llama.block_count": 30, "words": ["a", "b"]}
    assert found.get("x").tolist() == values.reshape(2, 3).tolist()


def test_q8_0_is_scale_times_code():
    codes = np.arange(-16, 16, dtype=np.int8)
    block = np.float16(0.5).tobytes() + codes.tobytes()
    found = read_gguf(gguf({}, {"x": ((1, 32), 8, block)}))
    assert found.get("x").tolist() == [(codes * 0.5).tolist()]


def test_q4_1_is_scale_times_code_plus_minimum_low_halves_first():
    packed = np.arange(16, dtype=np.uint8) | (np.arange(16, dtype=np.uint8)[::-1] << 4)
    block = np.float16(2).tobytes() + np.float16(-3).tobytes() + packed.tobytes()
    found = read_gguf(gguf({}, {"x": ((32,), 3, block)}))
    codes = [*range(16), *reversed(range(16))]
    assert found.get("x").tolist() == [2.0 * code - 3 for code in codes]


def test_other_types_and_other_files_are_refused():
    with pytest.raises(UnsupportedFileError, match="ggml type 12"):
        read_gguf(gguf({}, {"x": ((32,), 12, b"")})).get("x")
    with pytest.raises(UnsupportedFileError, match="GGUF file"):
        read_gguf(b"PK\x03\x04")
