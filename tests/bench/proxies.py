"""Which proxy ranks the layers as the exact sweep does: the table of docs/methods.md, afresh."""

import torch

from analysis.sensitivity.points import DEFAULT_BITS, Sensitivities
from analysis.sensitivity.proxies.agreement import ranked_proxies
from analysis.sensitivity.proxies.catalogue import PROXIES
from analysis.sensitivity.proxies.compute import proxies
from analysis.sensitivity.sweep import sweep
from tests.bench.nets import bench_workload
from tests.bench.rows import Row

NETS = ("demo-cnn", "resnet20", "gpt")


def measure() -> list[Row]:
    """What each proxy lacks of a rank correlation of 1, as the median of the bit-widths."""
    torch.set_num_threads(1)
    return [row for net in NETS for row in _of(net)]


def _of(net: str) -> list[Row]:
    workload = bench_workload(net)
    measured = Sensitivities.collect(sweep(workload, bits=DEFAULT_BITS, method="exact"))
    ranked = ranked_proxies(measured, list(proxies(workload, measured.setup.cells)))
    return [
        Row(f"{PROXIES[row.proxy.name].title}, {net}", 1 - row.median, "1 - rank correlation")
        for row in ranked
        if row.median is not None
    ]
