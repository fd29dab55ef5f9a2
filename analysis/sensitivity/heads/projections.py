"""Which slice of which weight belongs to a head."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from analysis.errors import ModelError
from analysis.layers import Layer
from analysis.sensitivity.heads.layouts import Starts, group_by_group, part_by_part
from analysis.sensitivity.heads.names import Attention, attention_layers
from analysis.sensitivity.heads.values import Part
from analysis.workloads.subject import Subject

_COUNTS = ("num_heads", "n_heads", "n_head", "nhead", "heads", "num_attention_heads")
_WIDTHS = ("head_dim", "head_width", "head_size", "dim_head", "d_head", "attention_head_size")
_KEYS = ("num_key_value_heads", "num_kv_heads", "n_head_kv", "num_heads_k")
_GROUPED = ("GPTNeoX", "Bloom", "Falcon", "Persimmon", "GPTBigCode")
"""Attention classes of transformers whose rows may go head by head."""

_PLACES = 3
"""The attention module, the block around it, and the list or trunk around that."""


@dataclass(frozen=True, slots=True)
class Projection:
    """A weight, or the part of one that is a projection, cut into heads.

    Attributes:
        axis: of the weight along which the heads lie.
        starts: place of each head's first row or column.
        width: rows or columns of one head.
    """

    attention: str
    part: Part
    layer: Layer
    axis: int
    starts: tuple[int, ...]
    width: int

    @property
    def heads(self) -> int:
        """Number of heads."""
        return len(self.starts)


def find_projections(made: Subject) -> tuple[tuple[Projection, ...], tuple[str, ...]]:
    """The projections of a model's attention layers, and sentences on those that have none.

    Raises:
        ModelError: there is no attention layer whose heads are known; says why.
    """
    known = attention_layers(made.layers)
    if not known:
        raise ModelError(
            "Heads are found by the names of projections, such as q_proj, k_proj and v_proj, or "
            "qkv, and no layer of this model has such names; name them so, or look at whole layers."
        )
    found: list[Projection] = []
    left_out: list[str] = []
    for path, roles in known.items():
        try:
            found += _cut(made.model, path, roles)
        except ModelError as error:
            left_out.append(str(error))
    if not found:
        raise ModelError(left_out[0])
    return tuple(found), tuple(left_out)


def _cut(model: nn.Module, path: str, roles: Attention) -> Iterator[Projection]:
    if "qkv" in roles:
        layer = roles["qkv"]
        starts, width = _fused(model, path, layer)
        for part, places in starts.items():
            yield Projection(path, part, layer, layer.channel_axis, places, width)
    else:
        width = _head_width(model, path, roles["q"].channels)
        for part in _inner():
            layer = roles[part]
            places = _row(_whole(path, layer.channels, width), width)
            yield Projection(path, part, layer, layer.channel_axis, places, width)
    if "o" in roles:
        layer = roles["o"]
        axis = 1 - layer.channel_axis
        places = _row(_whole(path, layer.weight_shape[axis], width), width)
        yield Projection(path, "o", layer, axis, places, width)


def _inner() -> tuple[Part, ...]:
    return ("q", "k", "v")


def _row(heads: int, width: int) -> tuple[int, ...]:
    return tuple(range(0, heads * width, width))


def _fused(model: nn.Module, path: str, layer: Layer) -> tuple[Starts, int]:
    """Where the heads of one matrix of q, k and v begin, and the width of one."""
    kind = type(model.get_submodule(path)).__name__
    name = layer.module.rpartition(".")[2]
    keys = _shared_keys(model, path, kind)
    if name == "query_key_value" or kind.startswith(_GROUPED):
        if not kind.startswith(_GROUPED):
            raise ModelError(
                f"The rows of query_key_value lie differently in every kind of model, and those of "
                f"{kind} ({path}) are not known here; give q, k and v layers of their own to see "
                "its heads."
            )
        if keys is None:
            width = _head_width(model, path, _third(path, layer))
            return group_by_group(width, heads := layer.channels // 3 // width, heads), width
    if kind.startswith("CodeGen"):
        raise ModelError(
            f"The rows of {path} lie in pieces for several devices, so that its heads cannot be "
            "told apart; look at whole layers."
        )
    if keys is None:
        width = _head_width(model, path, _third(path, layer))
        heads = layer.channels // 3 // width
        return part_by_part(width, heads, heads), width
    heads = _queries(model, path)
    width = _whole(path, layer.channels, heads + 2 * keys)
    grouped = kind.startswith("Falcon") and keys > 1
    return (group_by_group if grouped else part_by_part)(width, heads, keys), width


def _shared_keys(model: nn.Module, path: str, kind: str) -> int | None:
    """Heads of keys where several heads of queries share one; None where each has its own."""
    config = getattr(model, "config", None)
    newer = bool(getattr(config, "new_decoder_architecture", False))
    if kind.startswith(("Falcon", "GPTBigCode")) and not newer:
        return 1 if bool(getattr(config, "multi_query", False)) else None
    for holder in _holders(model, path):
        for name in _KEYS:
            if (keys := _number(holder, name)) is not None:
                return keys if keys < _queries(model, path) else None
    return None


def _queries(model: nn.Module, path: str) -> int:
    """Heads of the queries, as the modules or the configuration say."""
    for holder in _holders(model, path):
        for name in _COUNTS:
            if (heads := _number(holder, name)) is not None:
                return heads
    raise _untold(path)


def _third(path: str, layer: Layer) -> int:
    if layer.channels % 3:
        raise ModelError(
            f"One matrix for q, k and v must have three equal parts, and that of {path} has "
            f"{layer.channels} rows; give q, k and v layers of their own to see its heads."
        )
    return layer.channels // 3


def _whole(path: str, size: int, width: int) -> int:
    if size % width:
        raise ModelError(
            f"Every projection of {path} must hold whole heads of {width}, and one has {size}; "
            "its heads cannot be told apart."
        )
    return size // width


def _head_width(model: nn.Module, path: str, rows: int) -> int:
    """Rows of the queries that one head has.

    Raises:
        ModelError: neither the modules nor a configuration tell the number of heads.
    """
    for holder in _holders(model, path):
        for name in _WIDTHS:
            if (width := _number(holder, name)) is not None:
                _whole(path, rows, width)
                return width
        for name in _COUNTS:
            if (heads := _number(holder, name)) is not None and rows % heads == 0:
                return rows // heads
    raise _untold(path)


def _untold(path: str) -> ModelError:
    return ModelError(
        f"How many heads {path} has must be told by an attribute such as num_heads, of it, of the "
        "block around it or of the model's config, and none tells; set one."
    )


def _holders(model: nn.Module, path: str) -> Iterator[object]:
    """Where the number of heads may stand, the nearest first."""
    parts = path.split(".") if path else []
    for end in range(len(parts), max(-1, len(parts) - _PLACES), -1):
        module = model.get_submodule(".".join(parts[:end]))
        yield module
        if hasattr(module, "self") and isinstance(module.self, nn.Module):  # BERT
            yield module.self
    config = getattr(model, "config", None)
    if config is not None:
        yield config


def _number(holder: object, name: str) -> int | None:
    value = getattr(holder, name, None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
