"""Attention layers by the names their authors give the projections; torch-free."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

from analysis.layers import Layer

Role = Literal["q", "k", "v", "o", "qkv"]
"""A projection, or one matrix that holds q, k and v."""

_NAMES: Mapping[Role, frozenset[str]] = {
    "q": frozenset({"q_proj", "query", "q", "to_q", "wq", "q_lin", "query_proj"}),
    "k": frozenset({"k_proj", "key", "k", "to_k", "wk", "k_lin", "key_proj"}),
    "v": frozenset({"v_proj", "value", "v", "to_v", "wv", "v_lin", "value_proj"}),
    "o": frozenset(
        {"o_proj", "out_proj", "o", "to_out", "wo", "out_lin", "out", "proj", "c_proj", "dense"}
    ),
    "qkv": frozenset(
        {"qkv", "c_attn", "in_proj", "to_qkv", "qkv_proj", "Wqkv", "in_proj_weight"}
        | {"query_key_value"}
    ),
}

Attention = Mapping[Role, Layer]


def attention_layers(layers: Sequence[Layer]) -> dict[str, Attention]:
    """Path of each attention module to its projections, in call order.

    Only what has queries, keys and values is attention: alone, such names mean other things.
    """
    found: dict[str, dict[Role, Layer]] = defaultdict(dict)
    for layer in layers:
        place = _place(layer)
        if place is not None:
            found[place[0]].setdefault(place[1], layer)
    return {
        path: roles
        for path, roles in found.items()
        if "qkv" in roles or {"q", "k", "v"} <= set(roles)
    }


def _place(layer: Layer) -> tuple[str, Role] | None:
    """The attention module that a layer would be a projection of, and which one."""
    own = layer.param.rpartition(".")[2]
    if own == "in_proj_weight":  # torch's MultiheadAttention holds the matrix itself
        return layer.module, "qkv"
    path, _, last = layer.module.rpartition(".")
    if last.isdigit():  # a list of a linear layer and a dropout
        path, _, last = path.rpartition(".")
    if last == "dense" and path.endswith(".output"):  # BERT
        return path.removesuffix(".output"), "o"
    role = next((role for role, names in _NAMES.items() if last in names), None)
    return None if role is None else (path.removesuffix(".self"), role)
