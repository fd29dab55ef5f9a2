"""Files made to do harm, built here: what would run code makes a marker file instead.

``python -m tests.hostile.corpus FOLDER`` writes them all, to be tried elsewhere.
"""

import io
import json
import pickle
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from analysis.workloads.cases.sent import SentFile
from tests.forms import export_program, export_script, network
from tests.uploads import digit_arrays, model_bytes, npz_bytes, raw_safetensors

GOOD_MODEL = SentFile("net.safetensors", model_bytes("digits-mlp"))
GOOD_DATA = SentFile("set.npz", npz_bytes(**digit_arrays(40)))


@dataclass(frozen=True, slots=True)
class Hostile:
    """What a browser might send."""

    model: tuple[SentFile, ...] = (GOOD_MODEL,)
    data: SentFile = GOOD_DATA


class Payload:
    """Pickled so that whoever unpickles it makes the marker file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return (exec, (f"open({str(self.marker)!r}, 'w').close()",))


def hostile(marker: Path, scratch: Path) -> Mapping[str, Hostile]:
    """Name to files; nothing of it may make the marker, and none may be taken."""
    parts = (
        _pickles(marker, scratch),
        _programs(scratch),
        _safetensors(),
        _hugging_face(),
        _onnx(),
        _gguf(),
        _arrays(marker),
        _pictures(),
        _tables(marker),
    )
    return {name: files for part in parts for name, files in part}


def _model(name: str, content: bytes, *beside: SentFile) -> Hostile:
    return Hostile((SentFile(name, content), *beside))


def _data(name: str, content: bytes) -> Hostile:
    return Hostile(data=SentFile(name, content))


def _zip(entries: Mapping[str, bytes], *, packed: bool = False) -> bytes:
    buffer = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", method, compresslevel=1) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _saved(value: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def _pickles(marker: Path, scratch: Path) -> Iterator[tuple[str, Hostile]]:
    evil = pickle.dumps(Payload(marker), 2)
    yield (
        "pickle of before zip",
        _model("a.pt", _saved(Payload(marker), _use_new_zipfile_serialization=False)),
    )
    yield "bare pickle", _model("a.pt", evil)
    yield "pickle in an archive", _model("a.pt", _saved({"w": Payload(marker)}))
    yield (
        "pickle beside tensors",
        _model("a.pt", _saved({"w": torch.ones(2), "x": Payload(marker)})),
    )
    yield "whole module", _model("a.pth", _saved(nn.Linear(2, 2)))
    yield "pickle called safetensors", _model("a.safetensors", evil)
    yield "pickle called onnx", _model("a.onnx", evil)
    yield "pickle called gguf", _model("a.gguf", evil)
    yield "zip bomb", _model("a.pt", _zip({"a/data.pkl": bytes(2**28)}, packed=True))
    yield "expanded tensor", _model("a.pt", _saved({"w": torch.zeros(1).expand(10**12)}))
    huge_memo = b"\x80\x02r" + struct.pack("<I", 2**31) + b"."
    yield "memo of two billion", _model("a.pt", _zip({"a/data.pkl": huge_memo}))
    deep = b"\x80\x02" + b"(" * 10**6 + b"."
    yield "deep pickle", _model("a.pt", _zip({"a/data.pkl": deep}))
    many = _zip({f"a/data/{i}": b"" for i in range(30_000)})
    yield "thirty thousand entries", _model("a.pt", many)


def _programs(scratch: Path) -> Iterator[tuple[str, Hostile]]:
    net, x = network("cnn")
    script = export_script(net, x, scratch / "net.pt", traced=True).read_bytes()
    program = export_program(net, x, scratch / "net.pt2").read_bytes()
    for name in ("a.pt", "a.torchscript", "a.onnx", "a.safetensors"):
        yield f"script called {name}", _model(name, script)
    for name in ("a.pt2", "a.pt", "a.bin", "a.gguf"):
        yield f"program called {name}", _model(name, program)


def _entry(start: int = 0, stop: int = 4, shape: tuple[int, ...] = (1,)) -> dict[str, object]:
    return {"dtype": "F32", "shape": list(shape), "data_offsets": [start, stop]}


def _safetensors() -> Iterator[tuple[str, Hostile]]:
    headers: dict[str, tuple[Any, bytes]] = {
        "lying shape": ({"w": _entry(shape=(2**30, 2**9))}, b"0000"),
        "overlap": ({"a": _entry(), "b": _entry()}, b"0000"),
        "markup name": ({"<img src=x onerror=alert(1)>": _entry()}, b"0000"),
        "path name": ({"../../etc/passwd\n": _entry()}, b"0000"),
        "deep header": ("[" * 100_000, b""),
    }
    for name, (header, data) in headers.items():
        yield f"safetensors: {name}", _model("a.safetensors", raw_safetensors(header, data))
    yield "safetensors: endless header", _model("a.safetensors", b"\xff" * 7 + b"\x7f" + b"{}")


def _hugging_face() -> Iterator[tuple[str, Hostile]]:
    weights = SentFile("model.safetensors", raw_safetensors({"w": _entry()}, b"0000"))
    usual = {"model_type": "bert", "architectures": ["BertModel"], "vocab_size": 32}
    configs: dict[str, Any] = {
        "code of its own": {**usual, "auto_map": {"AutoModel": "evil--x.Evil"}},
        "absurd width": {**usual, "hidden_size": 12 * 10**8},
        "absurd depth": {**usual, "num_hidden_layers": 10**9},
        "absurd vocabulary": {**usual, "vocab_size": 10**13},
        "class of another kind": {**usual, "architectures": ["__import__('os').system('true')"]},
        "name that leads out": {**usual, "_name_or_path": "../../etc", "model_type": "../x"},
    }
    for name, config in configs.items():
        text = SentFile("config.json", json.dumps(config).encode())
        yield f"config: {name}", Hostile((weights, text))
    yield "config: deep", Hostile((weights, SentFile("config.json", b"[" * 10**6)))
    yield "code beside the model", Hostile((weights, SentFile("modeling.py", b"import os")))


def _onnx() -> Iterator[tuple[str, Hostile]]:
    try:
        import onnx
    except ImportError:
        return
    helper = onnx.helper

    def file(node: Any, *tensors: Any) -> bytes:
        graph = helper.make_graph(
            [node],
            "g",
            [helper.make_tensor_value_info("x", 1, ["n", 1, 8, 8])],
            [helper.make_tensor_value_info("y", 1, None)],
            list(tensors),
        )
        opset = [helper.make_opsetid("", 17)]
        made: bytes = helper.make_model(graph, opset_imports=opset).SerializeToString()
        return made

    for place in ("../../../etc/passwd", "/etc/passwd", "case.json", "data.npz"):
        away = onnx.TensorProto(
            name="w", data_type=1, dims=[4], data_location=onnx.TensorProto.EXTERNAL
        )
        for key, value in {"location": place, "offset": "0", "length": "16"}.items():
            away.external_data.add(key=key, value=value)
        yield (
            f"onnx: weights in {place}",
            _model("a.onnx", file(helper.make_node("Add", ["x", "w"], ["y"]), away)),
        )
    shape = helper.make_tensor("s", 7, [2], [10**6, 10**6])
    bomb = helper.make_node("ConstantOfShape", ["s"], ["y"])
    yield "onnx: a shape of 10^12", _model("a.onnx", file(bomb, shape))
    lie = onnx.TensorProto(name="w", data_type=1, dims=[10**12], raw_data=b"0000")
    yield (
        "onnx: lying shape",
        _model("a.onnx", file(helper.make_node("Add", ["x", "w"], ["y"]), lie)),
    )
    named = helper.make_node("Relu", ["x"], ["y"], name="<script>alert(1)</script>")
    yield "onnx: markup name", _model("a.onnx", file(named))
    other = helper.make_node("system", ["x"], ["y"], domain="os")
    yield "onnx: operator of another domain", _model("a.onnx", file(other))


def _gguf() -> Iterator[tuple[str, Hostile]]:
    numbers = {"counts": (2**60, 2**60), "truncated": (3, 3)}
    for name, (tensors, fields) in numbers.items():
        content = b"GGUF" + struct.pack("<IQQ", 3, tensors, fields)
        yield f"gguf: {name}", _model("a.gguf", content)
    key = struct.pack("<Q", 2**62) + b"general.architecture"
    yield "gguf: endless text", _model("a.gguf", b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + key)


def _arrays(marker: Path) -> Iterator[tuple[str, Hostile]]:
    objects = np.array([Payload(marker)], dtype=object)
    yield "arrays: pickled objects", _data("a.npz", npz_bytes(x=objects, y=[1]))
    yield "arrays: path name", _data("a.npz", _zip({"../../x.npy": b""}))
    header = np.lib.format.MAGIC_PREFIX + bytes([1, 0])
    claim = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}\n"
    lying = header + struct.pack("<H", len(claim)) + claim
    yield "arrays: lying header", _data("a.npz", _zip({"x.npy": lying, "y.npy": lying}))
    code = b"{'descr': __import__('os').system('true'), 'shape': ()}\n"
    evil = header + struct.pack("<H", len(code)) + code
    yield "arrays: code in a header", _data("a.npz", _zip({"x.npy": evil, "y.npy": evil}))
    yield "arrays: bomb", _data("a.npz", _zip({"x.npy": bytes(2**29 + 1)}, packed=True))


def _png(width: int, height: int) -> bytes:
    """A picture that claims this size and holds almost nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(10**6))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _pictures() -> Iterator[tuple[str, Hostile]]:
    bomb = {f"cats/{i}.png": _png(60_000, 60_000 + i) for i in range(12)}
    yield "pictures: bombs", _data("a.zip", _zip(bomb))
    junk = {f"cats/{i}.png": b"\x89PNG\r\n\x1a\n" + bytes([i]) * 99 for i in range(12)}
    yield "pictures: junk", _data("a.zip", _zip(junk))
    out = {f"../../tmp/{i}.png": _png(8, 8) for i in range(12)}
    yield "pictures: names that lead out", _data("a.zip", _zip(out))
    markup = {f"<img src=x onerror=alert(1)>/{i}.png": _png(8, 8) for i in range(12)}
    yield "pictures: markup as a class", _data("a.zip", _zip(markup))
    big = {**{f"cats/{i}.png": bytes(99) for i in range(12)}, "cats/x.png": bytes(2**27)}
    yield "pictures: zip bomb", _data("a.zip", _zip(big, packed=True))


def _tables(marker: Path) -> Iterator[tuple[str, Hostile]]:
    yield "table: junk parquet", _data("a.parquet", b"PAR1" + b"\xff" * 100 + b"PAR1")
    yield "table: pickle", _data("a.parquet", pickle.dumps(Payload(marker), 2))
    yield "table: deep lines", _data("a.jsonl", b"[" * 10**5)
    yield "table: one cell", _data("a.csv", b"x,y\n" + b'"' + b"a" * 10**6)
    yield "text: no text", _data("a.txt", b"\xff\xfe\x00" * 100)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for title, files in hostile(target / "MARKER", target).items():
        folder = target / title.replace(" ", "-").replace("/", "_").replace(":", "")
        folder.mkdir(exist_ok=True)
        for each in (*files.model, files.data):
            (folder / each.name).write_bytes(each.content)
