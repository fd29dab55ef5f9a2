from analysis.layers import Layer
from analysis.sensitivity.heads.names import attention_layers


def layer(param: str) -> Layer:
    name = param.removesuffix(".weight")
    return Layer(name, "Linear", param, (4, 4), 0, (4,), (4,), 16, 1, (), name)


def roles(*params: str) -> dict[str, list[str]]:
    found = attention_layers([layer(param) for param in params])
    return {path: sorted(known) for path, known in found.items()}


def test_projections_of_a_decoder() -> None:
    names = [f"h.0.self_attn.{part}_proj.weight" for part in "qkvo"]
    assert roles(*names, "h.0.mlp.up_proj.weight") == {"h.0.self_attn": ["k", "o", "q", "v"]}


def test_bert_has_its_output_in_another_module() -> None:
    inner = [f"l.0.attention.self.{name}.weight" for name in ("query", "key", "value")]
    assert roles(*inner, "l.0.attention.output.dense.weight", "l.0.output.dense.weight") == {
        "l.0.attention": ["k", "o", "q", "v"]
    }


def test_fused_matrices_and_torch_attention() -> None:
    assert roles("h.0.attn.c_attn.weight", "h.0.attn.c_proj.weight", "h.0.mlp.c_proj.weight") == {
        "h.0.attn": ["o", "qkv"]
    }
    torch_names = ("self_attn.in_proj_weight", "self_attn.out_proj.weight")
    assert roles(*torch_names) == {"self_attn": ["o", "qkv"]}
    assert roles("b.0.attn.to_qkv.weight", "b.0.attn.to_out.0.weight") == {"b.0.attn": ["o", "qkv"]}


def test_such_names_alone_are_no_attention() -> None:
    assert roles("table.key.weight", "table.value.weight", "proj.weight") == {}
    assert roles("h.0.attention.dense.weight") == {}
