"""An ONNX file as a PyTorch model, through onnx2torch, with the names it had there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import Tensor, fx, nn

from analysis.errors import ModelError
from analysis.workloads.checks import check_weights
from analysis.workloads.models.model import ReadModel
from analysis.workloads.models.needed import needed, standing_in
from analysis.workloads.models.onnx_checks import load_checked
from analysis.workloads.models.restored import free_path, put_module

NEWEST_OPSET = 17
"""onnx2torch 1.5.15 lacks many operators of later ones; onnx's own converter brings a file down."""

_WEIGHTED = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear, nn.ConvTranspose1d, nn.ConvTranspose2d)


def read_onnx(path: Path) -> ReadModel:
    """The network of an ONNX file; products with stored matrices are layers.

    Raises:
        UnsupportedFileError: the file is damaged or hostile.
        ModelError: an operator cannot be converted; named with its opset.
        WorkloadError: onnx or onnx2torch is not installed.
    """
    model = _older(load_checked(path))
    _check_float(model)
    graph = _converted(model)
    names = _names(model)
    for node in list(graph.graph.nodes):
        if node.op == "call_module":
            _restore(graph, node, names)
    graph.graph.eliminate_dead_code()
    graph.graph.lint()
    kept = fx.GraphModule(graph, graph.graph).eval()  # without matrices that are layers now
    check_weights(kept)
    return ReadModel(kept)


def _older(model: Any) -> Any:
    """The model at an opset that onnx2torch knows, as far as onnx can bring it there."""
    converter = needed("onnx.version_converter", "An ONNX file")
    opset = next((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), 0)
    if opset <= NEWEST_OPSET:
        return model
    try:
        return converter.convert_version(model, NEWEST_OPSET)
    except Exception:  # noqa: BLE001  (whatever it raises: the operators may be known all the same)
        return model


def _check_float(model: Any) -> None:
    quantised = sorted(
        {node.op_type for node in model.graph.node if "quantizelinear" in node.op_type.lower()}
    )
    if quantised:
        raise ModelError(
            f"The model must be the float one; this file is quantised already ({quantised[0]}). "
            "Export the model before it was quantised."
        )


def _converted(model: Any) -> fx.GraphModule:
    # onnx2torch imports torchvision for two operators of detectors only
    with standing_in("torchvision", ops={"roi_align": None}):
        onnx2torch = needed("onnx2torch", "An ONNX file")
    try:
        converted: fx.GraphModule = onnx2torch.convert(model, attach_onnx_mapping=True)
        return converted
    except NotImplementedError as error:
        raise ModelError(
            f"Every operator of an ONNX file must be one that onnx2torch knows; {_operator(error)} "
            "is not. Export with an opset of 9 to 17, or bring the PyTorch model itself."
        ) from error
    except Exception as error:
        first = (str(error).strip().splitlines() or ["no message"])[0]
        raise ModelError(
            f"onnx2torch must be able to convert the file, and it fails with "
            f"{type(error).__name__}: {first:.200}. Export it again with a lower opset, or bring "
            "the PyTorch model itself."
        ) from error


def _operator(error: NotImplementedError) -> str:
    """``Name of opset 21`` out of onnx2torch's message."""
    found = re.search(r"operation_type='(\w+)', version=(\d+)", str(error))
    return f"{found[1]} of opset {found[2]}" if found else f"{error!s:.120}"


def _names(model: Any) -> dict[str, tuple[str, str]]:
    """Output of a node to the names of its weight and of itself."""
    stored = {tensor.name for tensor in model.graph.initializer}
    return {
        node.output[0]: (next((name for name in node.input if name in stored), ""), node.name)
        for node in model.graph.node
        if node.output
    }


def _restore(graph: fx.GraphModule, node: fx.Node, names: dict[str, tuple[str, str]]) -> None:
    """A module with a weight of its own, under the name it had in the network."""
    module = graph.get_submodule(str(node.target))
    mapping = getattr(module, "onnx_mapping", None)
    weight, own = names.get(mapping.outputs[0], ("", "")) if mapping else ("", "")
    layer = module if isinstance(module, _WEIGHTED) else _layer(graph, node, module)
    if layer is None:
        return
    if hasattr(layer, "onnx_mapping"):
        del layer.onnx_mapping
    if layer is not module:
        node.args = tuple(arg for arg in node.args if not _is_stored(arg))
    path = free_path(graph, module_path(weight, own) or str(node.target).replace("/", "."))
    put_module(graph, path, layer)
    node.target = path


def _is_stored(arg: Any) -> bool:
    return isinstance(arg, fx.Node) and arg.op == "get_attr"


def _layer(graph: fx.GraphModule, node: fx.Node, module: nn.Module) -> nn.Module | None:
    """A product with a stored matrix, or a row picked from one, as a layer; None for all else."""
    kind = type(module).__name__
    stored = [arg for arg in node.args if isinstance(arg, fx.Node) and arg.op == "get_attr"]
    if len(stored) != 1 or len(node.args) != 2:
        return None
    value = graph.get_buffer(str(stored[0].target))
    if value.dim() != 2 or not value.is_floating_point():
        return None
    if kind == "OnnxMatMul" and node.args[1] is stored[0]:
        return _linear(value)
    if kind == "OnnxGather" and node.args[0] is stored[0] and getattr(module, "_axis", 0) == 0:
        return _embedding(value)
    return None


def _linear(matrix: Tensor) -> nn.Linear:
    """The product with a stored matrix (inputs, outputs) as a layer."""
    inside, outside = matrix.shape
    made = nn.Linear(inside, outside, bias=False, device="meta")
    made.weight = nn.Parameter(matrix.T.contiguous())
    return made


def _embedding(rows: Tensor) -> nn.Embedding:
    """Rows picked by number as a layer."""
    count, width = rows.shape
    made = nn.Embedding(count, width, device="meta")
    made.weight = nn.Parameter(rows.contiguous())
    return made


def module_path(weight: str, node: str) -> str:
    """Path of the module an ONNX node came from.

    The weight's name has it where the exporter kept it (``block.0.weight``), else the node's own
    name, in which torch repeats the path of nested modules (``/block/block.0/MatMul``).
    """
    if weight.endswith(".weight"):
        return weight.removesuffix(".weight")
    return ".".join(_scopes(node.strip("/").split("/")[:-1]))


def _scopes(parts: list[str]) -> Iterator[str]:
    for part, after in zip(parts, [*parts[1:], ""], strict=False):
        if not after.startswith(f"{part}."):
            yield part
