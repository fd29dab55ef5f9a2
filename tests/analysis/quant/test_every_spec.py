"""What must hold for every format with every range, granularity, rounding and correction."""

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from itertools import pairwise, product

import pytest
import torch
from torch import Tensor

from analysis.errors import OptionError
from analysis.quant.dynamic import fake_quantize_as_it_comes
from analysis.quant.evidence import HessianRoot, LayerEvidence
from analysis.quant.fake import fake_quantize_tensor, fake_quantize_weight, fake_quantize_with
from analysis.quant.formats import CodebookFormat
from analysis.quant.grouping import Grouping
from analysis.quant.observer import Observer
from analysis.quant.qparams import activation_qparams, weight_qparams
from analysis.quant.rules import check_activation_spec
from analysis.quant.spec import (
    ACTIVATION_RANGES,
    FIXED_WIDTH_FORMATS,
    WEIGHT_RANGES,
    FixedPointFormat,
    Format,
    IntFormat,
    MxFormat,
    NvFp4Format,
    PerChannel,
    PerGroup,
    PerTensor,
    QuantSpec,
    Rounding,
)

FORMATS: list[Format] = [
    *(IntFormat(bits, symmetric) for bits in (2, 3, 8, 16) for symmetric in (False, True)),
    *(FixedPointFormat(bits) for bits in (2, 8, 16)),
    *FIXED_WIDTH_FORMATS,
]
GRANULARITIES = (PerTensor(), PerChannel(), PerGroup(7))
LARGEST = torch.finfo(torch.float32).max
BINARY = CodebookFormat("binary")


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


STRANGE = {
    "normal": normal(2, 36),
    "zeros": torch.zeros(2, 36),
    "a constant": torch.full((2, 36), -0.7),
    "one value": torch.tensor([[3.0]]),
    "nearly all zeros": torch.zeros(2, 36).index_fill_(1, torch.tensor([3]), 2.0),
    "one sign": normal(2, 36).abs() + 5.0,
    "subnormal": normal(2, 36) * 1e-40,
    "the smallest": torch.tensor([[1e-45, 0.0, -1e-45] * 12]),
    "huge": normal(2, 36).clamp(-1, 1) * LARGEST,
    "far apart": torch.tensor([[1e-30, LARGEST, 0.0, -1.0] * 9]),
}


ROWS = torch.cat([row for row in STRANGE.values() if row.shape[1] == 36])


def weights_for(spec: QuantSpec) -> list[Tensor]:
    """All of them, together where each row has scales of its own."""
    if isinstance(spec.granularity, PerTensor):
        return list(STRANGE.values())
    return [ROWS, STRANGE["subnormal"], STRANGE["one value"]]


def weight_specs(form: Format) -> Iterator[QuantSpec]:
    blocks = (PerGroup(form.block),) if isinstance(form, MxFormat | NvFp4Format) else ()
    extras: list[tuple[Rounding, float, bool]] = [
        ("nearest", 1.0, False),
        ("gptq", 1.0, False),
        ("nearest", 0.6, True),
    ]
    for granularity, method, extra in product((*GRANULARITIES, *blocks), WEIGHT_RANGES, extras):
        with suppress(OptionError):
            yield QuantSpec(form, granularity, method, *extra)


def input_specs(form: Format) -> Iterator[QuantSpec]:
    blocks = (PerGroup(form.block),) if isinstance(form, MxFormat | NvFp4Format) else ()
    for granularity, method in product((PerTensor(), *blocks), ACTIVATION_RANGES):
        with suppress(OptionError):
            spec = QuantSpec(form, granularity, method)
            check_activation_spec(spec)
            yield spec


@cache
def evidence(columns: int) -> LayerEvidence:
    inputs = normal(64, columns)
    hessian = (inputs.T @ inputs).unsqueeze(0)
    return LayerEvidence(inputs.mean(0, keepdim=True).double(), HessianRoot.of(hessian))


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.label)
def test_any_weight_stays_finite_with_few_values_and_its_zeros(form: Format) -> None:
    pairs = [(one, weight) for one in weight_specs(form) for weight in weights_for(one)]
    for spec, weight in pairs:
        actual = fake_quantize_weight(weight, spec, 0, evidence(weight.shape[1]))
        assert actual.isfinite().all(), spec.label
        if spec.rounding == "nearest" and form != BINARY:
            assert (actual[weight == 0] == 0).all(), spec.label
        grouping = Grouping.of(weight, spec.granularity, 0)
        for block in grouping.blocks(grouping.cut(actual)):
            assert max(len(group.unique()) for group in block) <= 2**form.bits, spec.label
    assert len(pairs) >= 3


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.label)
def test_quantising_a_weight_again_changes_nothing(form: Format) -> None:
    for spec in weight_specs(form):
        if spec.gain_correction or spec.range_method == "msegain" or spec.rounding == "gptq":
            continue  # a gain rescales the grid; GPTQ moves what is on it already to make up
        for weight in (STRANGE["normal"], STRANGE["one sign"], STRANGE["subnormal"]):
            qparams = weight_qparams(weight, spec, 0)
            once = fake_quantize_with(weight, qparams, spec, 0)
            assert torch.equal(fake_quantize_with(once, qparams, spec, 0), once), spec.label


def quantised(x: Tensor, spec: QuantSpec) -> Tensor:
    if spec.at_run_time:
        return fake_quantize_as_it_comes(x, spec, -1)
    observer = Observer()
    observer.update(x)
    return fake_quantize_tensor(x, activation_qparams(observer, spec), spec.format)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.label)
def test_any_input_stays_finite_with_few_values_and_its_zeros(form: Format) -> None:
    for spec, x in product(input_specs(form), STRANGE.values()):
        actual = quantised(x, spec)
        assert actual.shape == x.shape
        assert actual.isfinite().all(), spec.label
        if form != BINARY:
            assert (actual[x == 0] == 0).all(), spec.label
        size = form.block if isinstance(form, MxFormat | NvFp4Format) else x.shape[1]
        groups = torch.split(actual, size, 1)
        for group in groups:
            rows = group if spec.at_run_time else group.reshape(1, -1)
            assert max(len(row.unique()) for row in rows) <= 2**form.bits, spec.label


@pytest.mark.parametrize("method", ACTIVATION_RANGES)
def test_inputs_lose_less_with_more_bits(method: str) -> None:
    x = normal(64, 64).abs() ** 1.5
    errors = [
        (quantised(x, QuantSpec.parse(f"int{bits} asym per-tensor {method}")) - x).square().mean()
        for bits in (2, 3, 4, 6, 8)
    ]
    assert all(wide < narrow for narrow, wide in pairwise(errors))


@pytest.mark.parametrize("method", ["minmax", "percentile", "mse", "msegain"])
@pytest.mark.parametrize("rest", ["", " gptq", " +gain"])
@pytest.mark.parametrize("granularity", ["per-tensor", "per-channel", "per-group-32"])
def test_weights_lose_less_with_more_bits(method: str, rest: str, granularity: str) -> None:
    if method == "msegain" and rest == " +gain":
        return
    weight = normal(16, 96)
    specs = [
        QuantSpec.parse(f"int{bits} asym {granularity} {method}{rest}") for bits in (2, 3, 4, 6)
    ]
    errors = [
        (fake_quantize_weight(weight, spec, 0, evidence(96)) - weight).square().mean()
        for spec in specs
    ]
    assert all(wide < narrow for narrow, wide in pairwise(errors))
