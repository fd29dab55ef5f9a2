from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis.errors import OptionError
from analysis.metrics import Perplexity
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.streaming.source import StreamSource
from analysis.sensitivity.streaming.sweep import stream_sweep
from analysis.sensitivity.sweep import sweep
from analysis.workloads.decoder.weights import load_decoder
from analysis.workloads.decoder.windows import TokenWindows
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from tests.decoders import TINY, write_decoder

WIDE_HEAD = replace(TINY, vocabulary=22_000, width=128, blocks=1)
"""Its table has more than one run of rows and of columns, its outputs more than one piece."""


def token_windows(config, count, length=12):
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, config.vocabulary, (count, length + 1), generator=generator)
    return tokens[:, :-1], tokens[:, 1:]


def both(folder, config, count):
    """The streamed source and the workload of one folder."""
    write_decoder(folder, config)
    tokens, targets = token_windows(config, count)
    source = StreamSource("tiny", TokenWindows(folder, tokens, targets, Perplexity()))
    workload = Workload(
        name="tiny",
        model=load_decoder(folder),
        calibration=[(tokens[:2], targets[:2])],
        sweep=[(tokens, targets)],
        evaluation=[(tokens[:2], targets[:2])],
        metric=Perplexity(),
    )
    return source, workload


@pytest.mark.parametrize(
    ("config", "count"),
    [(TINY, 5), (replace(TINY, tied=False, key_heads=4), 5), (TINY, 80), (WIDE_HEAD, 2)],
    ids=["tied", "own output layer", "drawn", "table in parts"],
)
def test_scores_are_those_of_the_whole_model_to_the_bit(tmp_path, config, count):
    source, workload = both(tmp_path, config, count)
    streamed = Sensitivities.collect(stream_sweep(source, bits=(2, 4, 8)))
    whole = Sensitivities.collect(sweep(workload, bits=(2, 4, 8), method="sketch"))
    expected = {point.cell: point for point in whole.points}
    assert len(streamed.points) == 3 * 7 * config.blocks
    for point in streamed.points:
        assert point == expected[point.cell]


def test_layers_and_fingerprint_are_those_of_the_whole_model(tmp_path):
    source, workload = both(tmp_path, TINY, 3)
    made = subject(workload)
    assert source.layers == tuple(x for x in made.layers if x.name.startswith("model.layers."))
    assert source.fingerprint() == made.fingerprint
    table = next(layer for layer in made.layers if layer.name == "model.embed_tokens")
    assert source.other_bytes == made.other_bytes + 4 * table.parameters


def test_the_float_metric_is_that_of_the_whole_model(tmp_path):
    source, workload = both(tmp_path, TINY, 5)
    streamed = stream_sweep(source, bits=(4,))
    list(streamed)
    expected = sweep(workload, bits=(4,), method="sketch").setup.reference
    assert streamed.setup.reference == pytest.approx(expected)


def test_rows_can_be_stored_and_progress_ends_at_one(tmp_path):
    source, _ = both(tmp_path, TINY, 5)
    streamed = stream_sweep(source, bits=(4,))
    shares, rows = [], []
    for row, _point in streamed.measurements():
        shares.append(streamed.fraction)
        rows.append(row)
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0)
    assert all(row.covered == 5 and row.shifts is not None for row in rows)
    assert all(np.isfinite(row.divergence).all() for row in rows)
    assert "tokens a second" in streamed.notes[0]
    assert streamed.cost.seconds > 0


def test_specs_that_need_inputs_are_refused(tmp_path):
    source, _ = both(tmp_path, TINY, 2)
    spec = QuantSpec.parse("int4 sym per-channel minmax gptq")
    with pytest.raises(OptionError, match=r"needs .*them"):
        stream_sweep(source, weight_spec=spec)


def test_too_many_windows_are_refused(tmp_path):
    source, _ = both(tmp_path, TINY, 600)
    with pytest.raises(OptionError, match="at most 511"):
        stream_sweep(source)
