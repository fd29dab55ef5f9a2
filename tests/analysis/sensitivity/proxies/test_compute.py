"""Every proxy against its definition, written out the slow way."""

from collections.abc import Callable
from dataclasses import replace
from math import isinf, log10

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from analysis.layers import Layer
from analysis.metrics import Rmse
from analysis.quant.spec import WEIGHT_SPEC, QuantSpec
from analysis.sensitivity.points import Cell, Sensitivities
from analysis.sensitivity.proxies import fisher, hutchinson
from analysis.sensitivity.proxies.catalogue import PROXIES
from analysis.sensitivity.proxies.compute import ON_LABELS, PASSES, proxies
from analysis.sensitivity.proxies.ground import Ground
from analysis.sensitivity.proxies.label_loss import label_losses
from analysis.sensitivity.sketch import sketch_size
from analysis.sensitivity.sweep import sweep
from analysis.sensitivity.weight_cache import WeightCache
from analysis.simulate.quantized import in_place, quantized_weight
from analysis.workloads.parts import cut_batches, tensors_of
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload
from tests.nets import NETS, make_workload

Figures = dict[str, dict[Cell, float]]


def cells_of(workload: Workload, bits: tuple[int, ...] = (3,)) -> tuple[Cell, ...]:
    return sweep(workload, bits=bits).setup.cells


def figures(workload: Workload, bits: tuple[int, ...] = (3,)) -> Figures:
    return {r.name: dict(r.values) for r in proxies(workload, cells_of(workload, bits))}


def layer_of(made: Subject, cell: Cell) -> Layer:
    return next(layer for layer in made.layers if layer.name == cell.layer)


def error_of(made: Subject, cell: Cell) -> Tensor:
    layer = layer_of(made, cell)
    quantised = quantized_weight(made, layer, cell.spec).weight
    return quantised.double() - made.model.get_parameter(layer.param).detach().double()


def single_gradients(made: Subject) -> list[dict[str, Tensor]]:
    """Gradient of each sample's cross-entropy, by parameter name."""
    found = []
    for inputs, target in cut_batches(made.parts.sweep, 1):
        made.model.zero_grad()
        output = made.take(made.model(*tensors_of(inputs)))
        flat = output.reshape(-1, output.shape[-1])
        assert target is not None
        nn.functional.cross_entropy(flat, target.reshape(-1)).backward()
        named = made.model.named_parameters()
        found.append({name: p.grad.clone() for name, p in named if p.grad is not None})
        made.model.zero_grad()
    return found


def test_every_proxy_has_one_pass():
    names = [name for group in PASSES for name in group]
    assert sorted(names) == sorted(PROXIES)
    assert {n for group in ON_LABELS for n in group} == {
        name for name, proxy in PROXIES.items() if proxy.needs_labels
    }


@pytest.mark.parametrize("name", NETS)
def test_every_net_gets_every_proxy_and_is_left_as_it_was(name):
    workload = make_workload(name, samples=6)
    before = {key: value.clone() for key, value in workload.model.state_dict().items()}
    results = list(proxies(workload, cells_of(workload)))
    assert [result.name for result in results] == [name for group in PASSES for name in group]
    for result in results:
        assert len(result.values) == len(cells_of(workload)), (result.name, result.note)
        assert all(value == value for _, value in result.values)
        assert any(value != 0 for _, value in result.values), result.name
    made = subject(workload)
    assert all(torch.equal(before[k], v) for k, v in workload.model.state_dict().items())
    for module in made.model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
    assert all(isinstance(p, nn.Parameter) and p.grad is None for p in made.model.parameters())


def test_weight_errors_are_the_definition():
    workload = make_workload("branched")
    made, found = subject(workload), figures(workload)
    for cell, value in found["weight_mse"].items():
        noise = float(error_of(made, cell).square().mean())
        weight = made.model.get_parameter(layer_of(made, cell).param).detach().double()
        assert value == pytest.approx(noise)
        sqnr = 10 * log10(float(weight.square().mean()) / noise)
        assert found["weight_sqnr_db"][cell] == pytest.approx(sqnr)


@pytest.mark.parametrize("name", ["branched", "depthwise"])
def test_local_output_is_that_of_the_module_on_float_inputs(name):
    workload = make_workload(name)
    made, found = subject(workload), figures(workload)["output_sqnr_db"]
    seen: dict[str, Tensor] = {}
    handles = [
        made.model.get_submodule(layer.module).register_forward_pre_hook(
            lambda _m, args, layer=layer: seen.__setitem__(layer.name, args[0].clone())
        )
        for layer in made.layers
    ]
    with torch.no_grad():
        made.model(made.parts.sweep[0][0])
        for handle in handles:
            handle.remove()
        for cell, value in found.items():
            layer = layer_of(made, cell)
            module = made.model.get_submodule(layer.module)
            weight = {"weight": quantized_weight(made, layer, cell.spec).weight}
            reference = module(seen[layer.name])
            noise = functional_call(module, weight, (seen[layer.name],)) - reference
            expected = 10 * log10(float(reference.square().sum() / noise.square().sum()))
            assert value == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("name", ["branched", "gpt", "encoder"])
def test_fisher_and_taylor_equal_a_loop_over_single_samples(name):
    workload = make_workload(name)
    made, found = subject(workload), figures(workload)
    gradients = single_gradients(made)
    for cell in found["diagonal_fisher"]:
        param, error = layer_of(made, cell).param, error_of(made, cell)
        each = torch.stack([gradient[param].double() for gradient in gradients])
        fisher_value = 0.5 * float((each.square().mean(0) * error.square()).sum())
        assert found["diagonal_fisher"][cell] == pytest.approx(fisher_value, rel=1e-4)
        taylor = abs(float((each.mean(0) * error).sum()))
        assert found["first_order_taylor"][cell] == pytest.approx(taylor, rel=1e-3, abs=1e-8)


def test_signed_micro_batches_give_the_fisher_of_single_samples(monkeypatch):
    workload = make_workload("branched", samples=256)
    exact = figures(workload)["diagonal_fisher"]
    assert fisher.ROWS < 256
    monkeypatch.setattr(fisher, "LARGEST", 1)
    single = figures(workload)["diagonal_fisher"]
    for cell, value in exact.items():
        assert value != single[cell]
        assert value == pytest.approx(single[cell], rel=0.3)


def test_gradient_times_output_difference_is_the_sum_over_elements():
    workload = make_workload("branched")
    made, found = subject(workload), figures(workload)["gradient_output"]
    model = made.model
    for cell, value in found.items():
        layer = layer_of(made, cell)
        module = model.get_submodule(layer.module)
        kept: list[tuple[Tensor, Tensor]] = []

        def hook(_m, args, output, kept=kept):
            kept.append((args[0].detach().clone(), output))
            output.retain_grad()
            return output.clone()

        handle = module.register_forward_hook(hook)
        inputs, target = made.parts.sweep[0]
        assert target is not None
        nn.functional.cross_entropy(model(inputs), target, reduction="sum").backward()
        handle.remove()
        model.zero_grad()
        given, output = kept[0]
        weight = {"weight": quantized_weight(made, layer, cell.spec).weight}
        with torch.no_grad():
            change = functional_call(module, weight, (given,)) - output
        assert output.grad is not None
        expected = float((output.grad.double() * change.double()).square().sum()) / len(inputs)
        assert value == pytest.approx(expected, rel=1e-4)


def quadratic() -> Workload:
    """Half of |Wx - t|^2 for unit vectors x: the Hessian in W is diagonal and known."""
    torch.manual_seed(0)
    inputs = torch.eye(4).repeat(6, 1) * torch.tensor([1.0, 2.0, 3.0, 4.0]).repeat(6)[:, None]
    data = [(inputs, torch.randn(24, 3))]
    return Workload(
        name="quadratic",
        model=nn.Sequential(nn.Linear(4, 3, bias=False)).eval(),
        calibration=data,
        sweep=data,
        evaluation=data,
        metric=Rmse(),
    )


def test_the_trace_of_a_known_quadratic_is_exact():
    workload = quadratic()
    cell = Cell("0", "weight", WEIGHT_SPEC.with_bits(3).label)
    made = subject(workload)
    ground = Ground(made, WeightCache(made), {"0": [cell]}, 0)
    trace = 3 * (1 + 4 + 9 + 16) / 4
    assert hutchinson.traces(ground, "targets") == {"0": pytest.approx(trace)}
    value = dict(next(r for r in proxies(workload, [cell]) if r.name == "hessian_trace").values)
    assert value[cell] == pytest.approx(trace / 12 * float(error_of(made, cell).square().sum()))


def test_probes_come_close_to_the_trace_of_the_whole_hessian():
    workload = make_workload("branched", samples=6)
    made = subject(workload)
    cells = {cell.layer: [cell] for cell in cells_of(workload) if cell.layer == "head"}
    found = hutchinson.traces(Ground(made, WeightCache(made), cells, 0), "labels", probes=400)
    inputs, target = made.parts.sweep[0]
    assert target is not None
    head = made.model.get_parameter("head.weight").detach()

    def loss(weight: Tensor) -> Tensor:
        output = functional_call(made.model, {"head.weight": weight}, (inputs,))
        return nn.functional.cross_entropy(output, target)

    function: Callable[[Tensor], Tensor] = loss
    hessian = torch.autograd.functional.hessian(function, head)
    assert isinstance(hessian, Tensor)
    exact = float(torch.einsum("ijij->", hessian))
    assert found["head"] == pytest.approx(exact, rel=0.1)


def test_without_labels_the_answers_serve_and_the_note_says_so():
    workload = make_workload("branched")
    unlabelled = replace(workload, metric=None, sweep=[(x, None) for x, _ in workload.sweep or ()])
    results = {r.name: r for r in proxies(unlabelled, cells_of(unlabelled))}
    assert "own answers" in results["diagonal_fisher"].note
    assert results["diagonal_fisher"].values
    assert results["weight_mse"].note == ""


def test_labels_that_are_no_class_do_not_count():
    torch.manual_seed(0)
    output, target = torch.randn(4, 3, 5), torch.randint(0, 5, (4, 3))
    whole = label_losses("labels", output, target)
    plain = nn.functional.cross_entropy(output.flatten(0, 1), target.flatten(), reduction="none")
    assert torch.allclose(whole, plain.reshape(4, 3).mean(1))
    target[0, 1], target[1] = 255, -100
    found = label_losses("labels", output, target)
    assert found[0] == pytest.approx(float(plain[[0, 2]].mean()))
    assert found[1] == 0
    assert torch.equal(found[2:], whole[2:])


def test_a_regression_without_targets_leaves_the_gradients_out():
    workload = replace(quadratic(), metric=None, divergence="mse")
    bare = replace(workload, sweep=[(x, None) for x, _ in workload.sweep or ()])
    results = {r.name: r for r in proxies(bare, cells_of(bare))}
    assert results["output_sqnr_db"].values
    assert not results["hessian_trace"].values
    assert "targets" in results["hessian_trace"].note


def test_a_model_without_a_backward_keeps_the_other_proxies():
    class Frozen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(x).detach() * 1.0

    data = [(torch.randn(16, 4), torch.zeros(16, dtype=torch.long))]
    workload = Workload(name="frozen", model=Frozen().eval(), calibration=data, evaluation=data)
    results = {r.name: r for r in proxies(workload, cells_of(workload))}
    for name, proxy in PROXIES.items():
        assert bool(results[name].values) != proxy.needs_backward
        assert ("backward" in results[name].note) == proxy.needs_backward


CORRECTED = QuantSpec.parse("int3 asym per-channel minmax gptq +bias")


@pytest.mark.parametrize("name", NETS)
def test_corrected_weights_that_are_kept_nowhere_have_proxies_too(name, monkeypatch):
    workload = make_workload(name, samples=6)
    cells = sweep(workload, bits=(3,), weight_spec=CORRECTED).setup.cells
    kept = {r.name: dict(r.values) for r in proxies(workload, cells)}
    assert all(len(values) == len(cells) for values in kept.values())
    monkeypatch.setattr(
        WeightCache, "get", lambda self, *asked: quantized_weight(self.subject, *asked)
    )
    assert {r.name: dict(r.values) for r in proxies(workload, cells)} == kept


@pytest.mark.parametrize("name", ["branched", "depthwise"])
def test_a_bias_correction_counts_in_the_local_output(name):
    workload = make_workload(name)
    made = subject(workload)
    plain = CORRECTED.label.removesuffix(" +bias")
    for layer in made.layers:
        cells = [Cell(layer.name, "weight", label) for label in (plain, CORRECTED.label)]
        found = {r.name: dict(r.values) for r in proxies(workload, cells)}["output_sqnr_db"]
        module = made.model.get_submodule(layer.module)
        seen: list[Tensor] = []
        handle = module.register_forward_pre_hook(lambda _m, args, seen=seen: seen.append(args[0]))
        with torch.no_grad():
            made.model(made.parts.sweep[0][0])
            handle.remove()
            reference = module(seen[0].clone())
            for cell in cells:
                quantised = quantized_weight(made, layer, cell.spec)
                with in_place(made, {layer: quantised}):
                    noise = module(seen[0].clone()) - reference
                expected = 10 * log10(float(reference.square().sum() / noise.square().sum()))
                assert found[cell] == pytest.approx(expected, abs=1e-3)
        without, with_bias = (found[cell] for cell in cells)
        assert isinf(without) or with_bias > without


def test_cells_of_activations_have_no_proxies():
    workload = make_workload("branched", samples=6)
    cells = sweep(workload, bits=(4,), target="activation").setup.cells
    assert list(proxies(workload, cells)) == []


@pytest.mark.parametrize("name", ["branched", "gpt"])
def test_the_sketch_beside_them_is_that_of_the_sweep(name):
    workload = make_workload(name, samples=80)
    swept = sweep(workload, bits=(3,), target="both", method="sketch", seed=5)
    points = {p.cell: p.divergence for p in Sensitivities.collect(swept).points}
    results = {r.name: r for r in proxies(workload, swept.setup.cells, seed=5)}
    found = dict(results["fisher_sketch"].values)
    assert found == {cell: points[cell] for cell in found}
    assert {cell.target for cell in found} == {"weight"}
    assert results["fisher_sketch"].samples == sketch_size(80)
    assert results["hessian_trace"].samples == 80
    assert results["weight_mse"].samples == 0


def test_what_is_known_is_not_computed_again():
    workload = make_workload("branched", samples=6)
    cells = cells_of(workload)
    known = {"weight_mse", "weight_sqnr_db", "output_sqnr_db"}
    again = [result.name for result in proxies(workload, cells, known=known)]
    assert again == [n for group in PASSES for n in group if n not in known]
    assert list(proxies(workload, cells, known=PROXIES)) == []


def test_progress_rises_to_the_last_pass_and_can_stop_the_work():
    workload = make_workload("branched", samples=24)
    cells, told = cells_of(workload), [0.0]

    def watch(done: float) -> None:
        assert done >= told[-1]
        told.append(done)
        if done > 2:
            raise KeyboardInterrupt

    kept = []
    with pytest.raises(KeyboardInterrupt):
        for result in proxies(workload, cells, watch=watch):
            kept.append(result.name)
    assert kept == ["weight_mse", "weight_sqnr_db", "output_sqnr_db"]
    for module in subject(workload).model.modules():
        assert not module._forward_hooks


class Rigid(nn.Module):
    """Takes batches of eight alone, where asked to."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.head = nn.Linear(4 * 64, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.first(x).relu().reshape(self.rows, 4 * 64))


def test_a_model_of_one_batch_size_has_the_proxies_of_the_free_one():
    found = []
    for rows in (-1, 8):
        torch.manual_seed(0)
        data = [(torch.randn(8, 1, 8, 8), torch.randint(0, 5, (8,))) for _ in range(4)]
        model = Rigid(rows).eval()
        workload = Workload(name="rigid", model=model, calibration=data, evaluation=data)
        cells = cells_of(workload)
        found.append({r.name: dict(r.values) for r in proxies(workload, cells)})
    free, rigid = found
    assert set(rigid) == set(PROXIES)
    for name in ("weight_mse", "output_sqnr_db", "first_order_taylor", "gradient_output"):
        assert rigid[name] == pytest.approx(free[name], rel=1e-3)
    assert all(len(values) == 2 for values in rigid.values())
