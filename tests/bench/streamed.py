"""Peak memory of SmolLM2's streamed sketch, in decoder blocks above what torch itself holds.

It is measured in a process of its own, which first streams a tiny decoder: what that loads is the
base.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from analysis.layers import Layer
from analysis.sensitivity.peak import peak_bytes
from analysis.sensitivity.streaming.source import BLOCKS, StreamSource
from analysis.sensitivity.streaming.sweep import stream_sweep
from analysis.workloads.decoder.windows import TokenWindows
from analysis.workloads.zoo.entries import zoo_windows
from tests.bench.rows import Row
from tests.decoders import write_decoder

LIMIT = 8.0


def streamed_rows(name: str, bits: tuple[int, ...]) -> list[Row]:
    """Peak and seconds of a prepared language model."""
    command = [sys.executable, "-m", "tests.bench.streamed", name, *map(str, bits)]
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    blocks, seconds = json.loads(done.stdout)
    return [
        Row(f"{name}: streamed sketch, peak above torch's own", blocks, "blocks", LIMIT),
        Row(f"{name}: streamed sketch", seconds, "s"),
    ]


def _stream_here(name: str, bits: tuple[int, ...]) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as place:
        write_decoder(Path(place))
        tiny = TokenWindows(Path(place), torch.arange(16).reshape(2, 8))
        list(stream_sweep(StreamSource("tiny", tiny), bits=bits))
    base = peak_bytes()
    source = StreamSource(name, zoo_windows(name))
    sweep = stream_sweep(source, bits=bits)
    for _ in sweep:
        pass
    return (peak_bytes() - base) / _block_bytes(source.layers), sweep.cost.seconds


def _block_bytes(layers: tuple[Layer, ...]) -> int:
    """Of the linear layers of one block, in float32."""
    return 4 * sum(layer.parameters for layer in layers if layer.name.startswith(f"{BLOCKS}0."))


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(_stream_here(sys.argv[1], tuple(map(int, sys.argv[2:])))))
