"""An ONNX file examined before it is converted: sizes, names, and where its weights lie."""

import re
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from analysis.errors import UnsupportedFileError
from analysis.workloads.models.needed import needed

MAX_FILE_BYTES = 2 * 1024**3
MAX_NODES = 50_000
_NAME = re.compile(r"[^<>&\"'`\\\x00-\x1f]{0,400}")
_MAX_DEPTH = 8


def refuse(what: str, remedy: str = "Export the model again.") -> UnsupportedFileError:
    """The sentence for a file that is not taken."""
    return UnsupportedFileError(f"The model must be a whole ONNX file; {what}. {remedy}")


def load_checked(path: Path) -> Any:
    """The model with its weights, all of them examined.

    Args:
        path: of the file; external weights must lie in its folder.

    Raises:
        UnsupportedFileError: the file is damaged or hostile.
        WorkloadError: the library onnx is not installed.
    """
    onnx = needed("onnx", "An ONNX file")
    if not 0 < path.stat().st_size <= MAX_FILE_BYTES:
        raise refuse("it must have 1 byte to 2 GiB")
    try:
        model = onnx.load_model(str(path), load_external_data=False)
    except Exception as error:  # the parser answers hostile bytes with whatever breaks first
        raise refuse(f"this one cannot be parsed ({type(error).__name__})") from error
    if not model.graph.node or len(model.graph.node) > MAX_NODES:
        raise refuse(f"it has {len(model.graph.node):,} nodes, where 1 to {MAX_NODES:,} are taken")
    for name in _names(model.graph):
        # a name that was not checked is never quoted
        if not _NAME.fullmatch(name) or ".." in name.split("/"):
            raise refuse("one of its names holds markup or leads out of a folder")
    for tensor in _tensors(model.graph):
        _check_tensor(onnx, tensor, path.parent)
    onnx.external_data_helper.load_external_data_for_model(model, str(path.parent))
    return model


def _names(graph: Any) -> Iterator[str]:
    for node in graph.node:
        yield node.name
        yield node.op_type
        yield from node.output
    yield from (tensor.name for tensor in graph.initializer)


def _tensors(graph: Any, depth: int = 0) -> Iterator[Any]:
    """All tensors of the graph and of the graphs in its nodes."""
    if depth > _MAX_DEPTH:
        raise refuse("its graphs lie in each other too deeply")
    yield from graph.initializer
    if graph.sparse_initializer:
        raise refuse("it holds sparse weights", "Export it with dense ones.")
    for node in graph.node:
        for attribute in node.attribute:
            yield from ([attribute.t] if attribute.HasField("t") else [])
            yield from attribute.tensors
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _tensors(inner, depth + 1)


def _check_tensor(onnx: Any, tensor: Any, folder: Path) -> None:
    """As many bytes as the shape claims, here or in a file beside."""
    try:
        kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except Exception as error:
        raise refuse("one of its tensors is of an unknown type") from error
    if any(size < 0 for size in tensor.dims):
        raise refuse("one of its tensors has an impossible shape")
    count = prod(tensor.dims)
    claimed = count * kind.itemsize
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        _check_external(tensor, folder, claimed)
    elif tensor.HasField("raw_data"):
        if len(tensor.raw_data) not in (claimed, -(-count // 2)):  # 4-bit values share a byte
            raise refuse("one of its tensors has another size than its shape claims")
    elif count > tensor.ByteSize() * 8:
        raise refuse("one of its tensors has fewer values than its shape claims")


def _check_external(tensor: Any, folder: Path, claimed: int) -> None:
    """A plain file inside the model's folder that is long enough."""
    about = {entry.key: entry.value for entry in tensor.external_data}
    place = about.get("location", "")
    file = folder / place
    parts = Path(place).parts
    plain = place and not Path(place).is_absolute() and ".." not in parts and "\\" not in place
    links = any((folder / Path(*parts[: depth + 1])).is_symlink() for depth in range(len(parts)))
    if not plain or links or not file.is_file():
        raise refuse(
            "it refers to weights outside its own folder, or to a file that is not there",
            "Keep the weights in one file with the model, or in its folder.",
        )
    try:
        offset, length = int(about.get("offset", 0)), int(about.get("length", claimed))
    except ValueError:
        raise refuse("it refers to weights at an impossible place") from None
    if offset < 0 or length != claimed or offset + length > file.stat().st_size:
        raise refuse("one of its tensors has another size than its shape claims")
