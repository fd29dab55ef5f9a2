"""Places of heads in fused matrices, against what transformers computes with them."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from analysis.errors import ModelError
from analysis.sensitivity.heads.layouts import group_by_group, part_by_part
from analysis.sensitivity.heads.projections import Projection, find_projections
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload


def test_parts_follow_each_other_or_lie_in_groups():
    assert part_by_part(2, 3, 1) == {"q": (0, 2, 4), "k": (6,), "v": (8,)}
    assert group_by_group(2, 2, 2) == {"q": (0, 6), "k": (2, 8), "v": (4, 10)}
    assert group_by_group(1, 4, 2) == {"q": (0, 1, 4, 5), "k": (2, 6), "v": (3, 7)}


SIZES = {"vocab_size": 32, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 4}
FALCON = {**SIZES, "new_decoder_architecture": False, "multi_query": False}
PHI = {"num_key_value_heads": 2, "intermediate_size": 16, "pad_token_id": 0, **SIZES}
GPT = {"vocab_size": 32, "n_embd": 16, "n_layer": 1, "n_head": 4}
FUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt-neox": ("GPTNeoX", {"intermediate_size": 16, **SIZES}),
    "bloom": ("Bloom", {"vocab_size": 32, "hidden_size": 16, "n_layer": 1, "n_head": 4}),
    "falcon-rw": ("Falcon", FALCON),
    "falcon-7b": ("Falcon", {**FALCON, "multi_query": True}),
    "falcon-40b": ("Falcon", {**FALCON, "new_decoder_architecture": True, "num_kv_heads": 2}),
    "phi-3": ("Phi3", PHI),
    "starcoder": ("GPTBigCode", {**GPT, "multi_query": True}),
    "gpt-bigcode": ("GPTBigCode", {**GPT, "multi_query": False}),
    "gpt-2": ("GPT2", GPT),
}


def made(name: str) -> Subject:
    transformers: Any = pytest.importorskip("transformers")
    torch.manual_seed(0)
    kind, sizes = FUSED[name]
    config = getattr(transformers, f"{kind}Config")(**sizes)
    head = "LMHeadModel" if kind == "GPT2" else "ForCausalLM"
    model = getattr(transformers, f"{kind}{head}")(config).eval()
    model.config.use_cache = False
    data = [(torch.randint(0, 32, (4, 6)), None)]
    return subject(Workload(name=name, model=model, calibration=data, evaluation=data, sweep=data))


def heads_of(subject: Subject, output: Projection) -> Tensor:
    """What comes in to the output projection, by heads: (samples, tokens, heads, width)."""
    seen: list[Tensor] = []
    module = subject.model.get_submodule(output.layer.module)
    handle = module.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        subject.model(subject.probe)
    handle.remove()
    return seen[0].unflatten(-1, (output.heads, output.width))


@pytest.mark.slow
@pytest.mark.parametrize("name", FUSED)
def test_a_change_of_one_head_reaches_that_head_alone(name):
    subject = made(name)
    found, left_out = find_projections(subject)
    *inner, output = found
    assert [p.part for p in found] == ["q", "k", "v", "o"] and left_out == ()
    before = heads_of(subject, output)
    for projection in inner:
        weight = subject.model.get_parameter(projection.layer.param)
        share = output.heads // projection.heads
        for head, start in enumerate(projection.starts):
            kept = weight.detach().clone()
            with torch.no_grad():
                weight.narrow(projection.axis, start, projection.width).mul_(30)
            change = (heads_of(subject, output) - before).abs().amax((0, 1, 3))
            nn.init.zeros_(weight)
            with torch.no_grad():
                weight.add_(kept)
            own = slice(head * share, (head + 1) * share)
            assert (change[own] > 1e-6).all()
            change[own] = 0.0
            assert change.max() == 0.0


def test_an_unknown_kind_of_model_says_that_its_rows_are_not_known():
    class Other(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query_key_value = nn.Linear(4, 12)

        def forward(self, x: Tensor) -> Tensor:
            return self.query_key_value(x)

    data = [(torch.randn(4, 4), None)]
    workload = Workload(name="n", model=Other(), calibration=data, evaluation=data, sweep=data)
    with pytest.raises(ModelError, match=r"those of Other .* are not known here"):
        find_projections(subject(workload))
