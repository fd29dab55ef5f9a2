"""How long the Layers page waits for another spec of a layer of ten million weights."""

import time
from unittest.mock import patch

import torch
from torch import nn

from analysis.experiment import look_at_weight
from analysis.quant import shrink_search
from analysis.quant.qparams import weight_qparams
from analysis.quant.spec import QuantSpec
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload
from tests.bench.rows import Row

ROWS, COLUMNS = 2500, 4000
REQUIRED_MS, REQUIRED_SHARE = 200.0, 0.75
TIMES = 3

FORMATS = ("int2 sym", "int4 asym", "int8 asym", "fixed4", "fp8-e4m3", "fp4-e2m1", "nf4")
GRANULARITIES = ("per-tensor", "per-channel", "per-group-32")
RANGES = ("minmax", "percentile", "mse", "msegain")
OTHERS = ("ternary per-tensor mean", "mxfp4-e2m1 per-group-32 minmax", "nvfp4 per-group-16 minmax")


def labels() -> list[str]:
    """Every format, granularity and range that go together."""
    found = [f"{a} {b} {c}" for a in FORMATS for b in GRANULARITIES for c in RANGES]
    return [label for label in found if not label.startswith("fixed") or "gain" not in label] + [
        *OTHERS
    ]


def measure() -> list[Row]:
    """CPU milliseconds of a look, the least of three, for the slowest spec of each range method."""
    torch.set_num_threads(1)
    made = _large()
    times = {label: _milliseconds(made, label) for label in labels()}
    slowest: dict[str, str] = {}
    for label in times:
        method = label.split()[-1]
        slowest[method] = max(label, slowest.get(method, label), key=times.__getitem__)
    looks = [
        Row(f"look at 10 M weights, {method}, slowest: {label}", times[label], "ms", REQUIRED_MS)
        for method, label in slowest.items()
    ]
    return [*looks, *map(_search_share, ("int4 asym per-tensor mse", "int4 asym per-channel mse"))]


def _search_share(label: str) -> Row:
    """Time of a range search of 10 M weights over that of trying every share."""
    weight, spec = torch.randn(ROWS, COLUMNS), QuantSpec.parse(label)
    seconds = []
    for first in (shrink_search.COARSE_FROM, 1 << 62):
        with (
            patch.object(shrink_search, "COARSE_FROM", first),
            patch.object(shrink_search, "HISTOGRAM_FROM", max(first, shrink_search.HISTOGRAM_FROM)),
        ):
            began = time.process_time()
            weight_qparams(weight, spec, 0)
            seconds.append(time.process_time() - began)
    name = f"range search of 10 M weights over trying all shares, {label}"
    return Row(name, seconds[0] / seconds[1], "times", REQUIRED_SHARE)


def _large() -> Subject:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(COLUMNS, ROWS, bias=False)).eval()
    batches = [(torch.randn(4, COLUMNS), None) for _ in range(4)]
    return subject(
        Workload(name="wide", model=model, calibration=batches[:2], evaluation=batches[2:])
    )


def _milliseconds(made: Subject, label: str) -> float:
    spec = QuantSpec.parse(label)
    seconds = []
    for _ in range(TIMES):
        began = time.process_time()
        look_at_weight(made, made.layers[0], spec)
        seconds.append(time.process_time() - began)
    return 1000.0 * min(seconds)
