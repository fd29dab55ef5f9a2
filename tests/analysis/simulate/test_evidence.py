import pytest
import torch
from torch import Tensor

from analysis.layers import Layer
from analysis.quant.evidence import HessianRoot
from analysis.quant.spec import QuantSpec
from analysis.simulate import evidence as evidence_module
from analysis.simulate.evidence import evidence_for, unseen
from analysis.simulate.patches import multiplies, patches, places_in
from analysis.workloads.subject import Subject, subject
from tests.nets import NETS, make_workload

GPTQ = QuantSpec.parse("int3 asym per-channel minmax gptq")
BIAS = QuantSpec.parse("int3 asym per-channel minmax +bias")


def inputs_of(made: Subject, path: str) -> list[Tensor]:
    """What a module gets over the calibration set, one call after the other."""
    seen: list[Tensor] = []
    module = made.model.get_submodule(path)
    handle = module.register_forward_pre_hook(lambda _m, args: seen.append(args[0].clone()))
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    with torch.no_grad():
        for inputs, _ in made.parts.calibration:
            made.model(inputs)
    torch.backends.mha.set_fastpath_enabled(fast)
    handle.remove()
    return seen


@pytest.mark.parametrize("net", NETS)
def test_means_and_hessians_are_those_of_all_windows(net: str) -> None:
    made = subject(make_workload(net))
    for layer in made.layers:
        module = made.model.get_submodule(layer.module)
        found = evidence_for(made, layer, GPTQ)
        if not multiplies(module, layer):
            assert found is None
            continue
        rows = []
        for x in inputs_of(made, layer.module):
            windows = patches(module, x)
            places = places_in(windows)
            rows.append(windows.reshape(windows.shape[:places].numel(), windows.shape[places], -1))
        all_rows = torch.cat(rows).double()
        assert found is not None
        assert found.root is not None
        assert torch.allclose(found.mean, all_rows.mean(0), atol=1e-6)
        hessian = torch.einsum("pgi,pgj->gij", all_rows, all_rows)
        expected = HessianRoot.of(hessian)
        if torch.equal(expected.order, found.root.order):
            assert torch.allclose(found.root.factor.double(), expected.factor, atol=5e-3)


def test_a_spec_that_needs_nothing_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made = subject(make_workload("branched"))
    monkeypatch.setattr(evidence_module, "_collect", None)
    plain = QuantSpec.parse("int3 asym per-channel msegain")
    assert all(evidence_for(made, layer, plain) is None for layer in made.layers)


def test_one_pass_serves_all_layers_and_specs(monkeypatch: pytest.MonkeyPatch) -> None:
    made = subject(make_workload("branched", seed=1))
    passes: list[int] = []
    collect = evidence_module._collect

    def counted(made: Subject, layers: list[Layer], **options: bool) -> object:
        passes.append(len(layers))
        return collect(made, layers, **options)

    monkeypatch.setattr(evidence_module, "_collect", counted)
    for layer in made.layers:
        assert evidence_for(made, layer, BIAS) is not None
    assert passes == [len(made.layers)]
    for layer in made.layers:
        for bits in (2, 4):
            evidence_for(made, layer, GPTQ.with_bits(bits))
    assert passes == [len(made.layers)] * 2


def test_hessians_that_do_not_fit_together_come_in_several_passes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = subject(make_workload("branched", seed=2))
    together = {layer.name: evidence_for(made, layer, GPTQ) for layer in made.layers}
    alone = subject(make_workload("branched", seed=2))
    monkeypatch.setattr(evidence_module, "HESSIAN_BYTES", 1)
    for layer in alone.layers:
        one, other = evidence_for(alone, layer, GPTQ), together[layer.name]
        assert one is not None
        assert other is not None
        assert one.root is not None
        assert other.root is not None
        assert torch.equal(one.root.factor, other.root.factor)


def test_drawn_rows_give_nearly_the_same_hessian(monkeypatch: pytest.MonkeyPatch) -> None:
    made = subject(make_workload("branched", seed=3))
    layer = made.layers[0]
    whole = evidence_for(made, layer, GPTQ)
    drawn_from = subject(make_workload("branched", seed=3))
    monkeypatch.setattr(evidence_module, "FEWEST_ROWS", 300)
    drawn = evidence_for(drawn_from, layer, GPTQ)
    assert whole is not None
    assert drawn is not None
    assert whole.root is not None
    assert drawn.root is not None
    assert torch.equal(whole.mean, drawn.mean)
    difference = drawn.root.factor[:, :, :3] - whole.root.factor[:, :, :3]
    assert 0 < difference.abs().max() < 0.5


def test_layers_without_evidence_are_named() -> None:
    made = subject(make_workload("gpt"))
    assert [layer.name for layer in unseen(made, made.layers)] == ["tokens"]
