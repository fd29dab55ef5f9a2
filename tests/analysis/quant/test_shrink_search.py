import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from analysis.quant import shrink_search
from analysis.quant.affine import QParams
from analysis.quant.criteria import Criterion, squared_error, squared_tangent
from analysis.quant.formats import FIXED_WIDTH_FORMATS, FixedPointFormat, Format, IntFormat
from analysis.quant.scales import range_qparams
from analysis.quant.shrink_search import COARSE_FROM, HISTOGRAM_FROM, SHRINK, best_share

SEARCHED = [form for form in FIXED_WIDTH_FORMATS if form.label.startswith(("fp", "nf4"))]
FORMATS = st.one_of(
    st.builds(IntFormat, st.integers(2, 16), st.booleans()),
    st.builds(FixedPointFormat, st.integers(2, 16)),
    st.sampled_from(SEARCHED),
)
CRITERIA = st.sampled_from([squared_error, squared_tangent])
SHAPES = st.sampled_from(["normal", "heavy", "uniform", "spike", "sparse", "shifted"])
TOLERANCE = 0.03


def drawn(shape: str, groups: int, size: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(groups, size, generator=generator)
    even = torch.rand(groups, size, generator=generator)
    match shape:
        case "heavy":
            return values / (even + 0.05)
        case "uniform":
            return even - 0.3
        case "sparse":
            return values * (even < 0.1)
        case "shifted":
            return values + 6.0
        case "spike":
            values[:, 0] = 30.0
    return values


def errors_of_all(groups: Tensor, form: Format, criterion: Criterion) -> Tensor:
    """The full search: the criterion of every share, (shares, groups)."""
    low, high = groups.amin(1).double(), groups.amax(1).double()
    found = []
    for share in SHRINK:
        qparams = range_qparams(share * low, share * high, form)
        found.append(criterion(groups, qparams, form, None))
    return torch.stack(found)


def error_at(groups: Tensor, form: Format, criterion: Criterion) -> Tensor:
    """The criterion at the share that the search finds."""
    low, high = best_share(groups, form, criterion)
    return criterion(groups, range_qparams(low, high, form), form, None)


def check(groups: Tensor, form: Format, criterion: Criterion) -> None:
    least = errors_of_all(groups, form, criterion).amin(0)
    found = error_at(groups, form, criterion)
    exact = least.abs() < 1e-6  # an angle of zero is only rounding
    assert (found[~exact] <= (1 + TOLERANCE) * least[~exact]).all()
    assert (found[exact] <= 1e-6).all()


@settings(max_examples=25)
@given(SHAPES, FORMATS, CRITERIA, st.integers(0, 1000), st.sampled_from([3, 700]))
def test_small_groups_get_the_best_of_all_shares(shape, form, criterion, seed, size):
    groups = drawn(shape, 5, size, seed)
    assert torch.equal(
        error_at(groups, form, criterion), errors_of_all(groups, form, criterion).amin(0)
    )


@settings(max_examples=25)
@given(SHAPES, FORMATS, CRITERIA, st.integers(0, 1000))
def test_two_steps_find_what_the_full_search_finds(shape, form, criterion, seed):
    check(drawn(shape, 4, COARSE_FROM + 5, seed), form, criterion)


@settings(max_examples=8)
@given(SHAPES, FORMATS, CRITERIA, st.integers(0, 1000))
def test_a_histogram_finds_what_the_full_search_finds(shape, form, criterion, seed):
    check(drawn(shape, 1, HISTOGRAM_FROM, seed), form, criterion)


@pytest.mark.parametrize("exponent", [-145, -100, 100, 120])
@pytest.mark.parametrize("size", [COARSE_FROM, HISTOGRAM_FROM], ids=["steps", "histogram"])
def test_tiny_and_huge_groups_are_searched_like_others(size, exponent):
    groups = torch.ldexp(drawn("normal", 1, size, 0), torch.tensor(exponent))
    check(groups, IntFormat(3), squared_error)


@pytest.mark.parametrize("size", [COARSE_FROM, HISTOGRAM_FROM], ids=["steps", "histogram"])
def test_a_constant_keeps_its_range(size):
    low, high = best_share(torch.full((2, size), 0.7), IntFormat(4), squared_error)
    assert low.tolist() == high.tolist() == [torch.tensor(0.7).item()] * 2


def test_steps_and_histogram_judge_fewer_values(monkeypatch):
    judged = []

    def counted(groups: Tensor, qparams: QParams, form: Format, counts: Tensor | None) -> Tensor:
        judged.append(groups.numel())
        return squared_error(groups, qparams, form, counts)

    for size, most in ((COARSE_FROM, 0.6), (HISTOGRAM_FROM, 0.2)):
        judged.clear()
        best_share(drawn("normal", 1, size, 0), IntFormat(4), counted)
        assert sum(judged) < most * len(SHRINK) * size


def test_a_histogram_taken_in_chunks_is_the_same(monkeypatch):
    groups = drawn("heavy", 1, HISTOGRAM_FROM + 77, 1)
    whole = best_share(groups, IntFormat(3), squared_error)
    monkeypatch.setattr(shrink_search, "CHUNK", 1 << 15)
    parts = best_share(groups, IntFormat(3), squared_error)
    assert [x.tolist() for x in whole] == [x.tolist() for x in parts]
