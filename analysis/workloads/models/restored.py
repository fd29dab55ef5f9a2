"""Layers put back into a graph whose operations use bare weights, under the names they had."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

aten = torch.ops.aten
_RUNNING = ("running_mean", "running_var", "num_batches_tracked")


def free_path(graph: nn.Module, path: str) -> str:
    """The path, with a number where another module with weights of its own stands there."""
    taken = {name for name, module in graph.named_modules() if _has_layer(module)}
    number, free = 2, path
    while free in taken:
        free, number = f"{path}_{number}", number + 1
    return free


def _has_layer(module: nn.Module) -> bool:
    return type(module) is not nn.Module and not isinstance(module, fx.GraphModule)


def put_module(graph: nn.Module, path: str, layer: nn.Module) -> None:
    """Put a layer at a path, making the modules on the way; what lay below stays there."""
    *parents, last = path.split(".")
    place = graph
    for name in parents:
        if name not in place._modules:
            place.add_module(name, nn.Module())
        place = place.get_submodule(name)
    below = place._modules.get(last)
    for name, child in below.named_children() if below is not None else ():
        layer.add_module(name, child)
    place.add_module(last, layer)


def restore_layers(graph: fx.GraphModule) -> fx.GraphModule:
    """Convolutions, products, embeddings and batch norms of an exported graph as modules.

    Each operation with a stored weight ``a.b.weight`` becomes a module at ``a.b``, so that hooks
    reach it and its name is the user's own. Other operations stay as they are; their weights are
    parameters of plain modules.
    """
    _to_parameters(graph)
    _flat_calls(graph)
    for node in list(graph.graph.nodes):
        make = MAKERS.get(node.target) if node.op == "call_function" else None
        if make is not None:
            _replace(graph, node, make)
    graph.graph.eliminate_dead_code()
    graph.graph.lint()
    # a new module of the same parts, without torch's hooks that check the shapes of inputs
    return fx.GraphModule(graph, graph.graph).eval()


def _to_parameters(graph: fx.GraphModule) -> None:
    """TorchScript's tensors come as buffers; those that are trained are parameters."""
    for path, module in graph.named_modules():
        for name, value in list(module.named_buffers(path, recurse=False)):
            own = name.rpartition(".")[2]
            if value.is_floating_point() and ("weight" in own or "bias" in own):
                del module._buffers[own]
                module.register_parameter(own, nn.Parameter(value.detach()))


def _flat_calls(graph: fx.GraphModule) -> None:
    """Plain arguments and one result: torch's specs of nested ones cannot be copied quietly."""
    graph.graph.set_codegen(fx.graph.CodeGen())
    output = graph.graph.output_node()
    results = output.args[0]
    if isinstance(results, list | tuple) and len(results) == 1:
        output.args = (results[0],)


def _argument(graph: fx.GraphModule, value: Any) -> Any:
    """A stored tensor for a node that fetches one; any other argument as it is."""
    if isinstance(value, fx.Node) and value.op == "get_attr":
        path, _, name = str(value.target).rpartition(".")
        return getattr(graph.get_submodule(path), name)
    return value


def _bound(node: fx.Node) -> dict[str, Any]:
    """Arguments by the names of the operator's schema, defaults included."""
    target: Any = node.target
    given = dict(zip((each.name for each in target._schema.arguments), node.args, strict=False))
    defaults = {a.name: a.default_value for a in target._schema.arguments if a.has_default_value()}
    return {**defaults, **given, **node.kwargs}


def _replace(graph: fx.GraphModule, node: fx.Node, make: "Maker") -> None:
    bound = _bound(node)
    weight, x = bound.get("weight"), bound.get("indices", bound.get("input"))
    if not isinstance(weight, fx.Node) or weight.op != "get_attr" or not isinstance(x, fx.Node):
        return
    values = {name: _argument(graph, value) for name, value in bound.items()}
    if any(isinstance(value, fx.Node) for name, value in values.items() if value is not x):
        return  # an argument is computed, so no module holds it
    layer = make(values)
    if layer is None:
        return
    path = free_path(graph, str(weight.target).rpartition(".")[0] or "layer")
    put_module(graph, path, layer.eval())
    with graph.graph.inserting_before(node):
        called = graph.graph.call_module(path, (x,))
    node.replace_all_uses_with(called)
    graph.graph.erase_node(node)


Maker = Callable[[Mapping[str, Any]], nn.Module | None]


def _parameter(value: Tensor) -> nn.Parameter:
    return value if isinstance(value, nn.Parameter) else nn.Parameter(value)


def _linear(values: Mapping[str, Any]) -> nn.Module:
    outside, inside = values["weight"].shape
    made = nn.Linear(inside, outside, bias=values.get("bias") is not None, device="meta")
    return _filled(made, values)


def _filled(made: nn.Module, values: Mapping[str, Any]) -> nn.Module:
    """The module with the very tensors of the graph."""
    made.weight = _parameter(values["weight"])
    if values.get("bias") is not None:
        made.bias = _parameter(values["bias"])
    return made


_CONVS: Mapping[tuple[int, bool], Any] = {
    (1, False): nn.Conv1d, (2, False): nn.Conv2d, (3, False): nn.Conv3d,
    (1, True): nn.ConvTranspose1d, (2, True): nn.ConvTranspose2d, (3, True): nn.ConvTranspose3d,
}  # fmt: skip


def _conv(values: Mapping[str, Any], *, transposed: bool = False) -> nn.Module | None:
    weight, groups = values["weight"], values["groups"]
    axes = weight.dim() - 2
    kind = _CONVS.get((axes, transposed))
    padding = values["padding"]
    if kind is None or (transposed and isinstance(padding, str)):
        return None
    first, second = weight.shape[0], weight.shape[1] * groups
    channels = (first, second) if transposed else (second, first)
    options: dict[str, Any] = {
        "stride": _each(values["stride"], axes),
        "padding": padding if isinstance(padding, str) else _each(padding, axes),
        "dilation": _each(values["dilation"], axes),
        "groups": groups,
        "bias": values.get("bias") is not None,
        "device": "meta",
    }
    if transposed:
        options["output_padding"] = _each(values["output_padding"], axes)
    return _filled(kind(*channels, tuple(weight.shape[2:]), **options), values)


def _each(value: Any, axes: int) -> tuple[int, ...]:
    """One number for each axis; torch's schemas allow one for all."""
    numbers = (value,) if isinstance(value, int) else tuple(value)
    return numbers if len(numbers) == axes else numbers * axes


def _transposed(values: Mapping[str, Any]) -> nn.Module | None:
    return _conv(values, transposed=True)


def _convolution(values: Mapping[str, Any]) -> nn.Module | None:
    return _conv(values, transposed=bool(values["transposed"]))


def _embedding(values: Mapping[str, Any]) -> nn.Module:
    rows, width = values["weight"].shape
    return _filled(nn.Embedding(rows, width, device="meta"), values)


class BatchNorm(nn.BatchNorm2d):
    """A graph's batch norm, which serves images, sequences and rows alike."""

    def _check_input_dim(self, input: Tensor) -> None:
        """Torch's own classes take inputs of one number of axes each."""


def _norm(values: Mapping[str, Any]) -> nn.Module | None:
    mean, variance = values["running_mean"], values["running_var"]
    if values["training"] or mean is None or values["weight"] is None or values["bias"] is None:
        return None
    made = BatchNorm(len(mean), eps=values["eps"])
    made.running_mean, made.running_var = mean, variance
    return _filled(made, values)


MAKERS: Mapping[Any, Maker] = {
    aten.linear.default: _linear,
    aten.conv1d.default: _conv, aten.conv2d.default: _conv, aten.conv3d.default: _conv,
    aten.conv2d.padding: _conv, aten.conv1d.padding: _conv,
    aten.conv_transpose1d.default: _transposed, aten.conv_transpose2d.input: _transposed,
    aten.conv_transpose3d.input: _transposed, aten.convolution.default: _convolution,
    aten._convolution.default: _convolution, aten.embedding.default: _embedding,
    aten.batch_norm.default: _norm,
}  # fmt: skip
