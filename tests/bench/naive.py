"""The exact sweep of the demo against the loop anybody would write."""

import statistics

import torch
from torch.func import functional_call

import analysis as qs
from analysis.quant.fake import fake_quantize_weight
from analysis.quant.spec import WEIGHT_SPEC
from analysis.sensitivity.points import DEFAULT_BITS
from analysis.workloads.parts import cut_batches
from analysis.workloads.subject import Subject, subject
from tests.bench.rows import Row
from tests.bench.timing import timed

Figures = dict[tuple[str, int], float]

NAIVE_BATCH = 32
"""The size the loop is fastest at here; at 128 it takes twice as long, for page faults."""

ROUNDS = 3
REQUIRED_DIFFERENCE = 1e-6
REQUIRED_RATIO = 1.0


def naive_sweep(made: Subject) -> Figures:
    """Quantise one layer, run the whole sweep set, compare the outputs; layer by layer."""
    figures: Figures = {}
    with torch.inference_mode():
        batches = [inputs for inputs, _ in cut_batches(made.parts.sweep, NAIVE_BATCH)]
        references = [made.model(inputs).double().log_softmax(-1) for inputs in batches]
        for layer in made.layers:
            weight = made.model.get_parameter(layer.param)
            for bits in DEFAULT_BITS:
                spec = WEIGHT_SPEC.with_bits(bits)
                changed = {layer.param: fake_quantize_weight(weight, spec, layer.channel_axis)}
                total, count = 0.0, 0
                for inputs, log_p in zip(batches, references, strict=True):
                    output = functional_call(made.model, changed, (inputs,))
                    log_q = output.double().log_softmax(-1)
                    total += float((log_p.exp() * (log_p - log_q)).sum())
                    count += len(inputs)
                figures[layer.name, bits] = total / count
    return figures


def measure() -> list[Row]:
    """CPU time of both, taken in turns in one process, and how far their figures lie apart."""
    torch.set_num_threads(1)
    workload = qs.load_workload("fashion-mnist")
    made = subject(workload)
    ratios = []
    for _ in range(ROUNDS):
        naive, naive_seconds = timed(lambda: naive_sweep(made))
        ours, our_seconds = timed(lambda: qs.Sensitivities.collect(qs.sweep(workload)))
        ratios.append(our_seconds / naive_seconds)
    apart = max(abs(point.divergence - naive[point.layer, point.bits]) for point in ours.points)
    return [
        Row("sweep: largest difference from the naive loop", apart, "nats", REQUIRED_DIFFERENCE),
        Row(
            "sweep: CPU time over that of the naive loop",
            statistics.median(ratios),
            "ratio",
            REQUIRED_RATIO,
        ),
    ]
