"""What both training scripts share: measuring a network, and writing weights and figures."""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn


class Stopwatch:
    """Seconds on the clock and of this process since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        """Both, rounded to a tenth."""
        return {
            "seconds": round(time.perf_counter() - self._wall, 1),
            "cpu_seconds": round(time.process_time() - self._cpu, 1),
        }


@dataclass(frozen=True, slots=True)
class Part:
    """Labelled images that a figure is measured on."""

    name: str
    images: Tensor
    labels: Tensor


@torch.no_grad()
def top1(net: nn.Module, part: Part) -> float:
    """Share of images whose largest logit is the label."""
    net.eval()
    right = 0
    for start in range(0, len(part.labels), 500):
        output: Tensor = net(part.images[start : start + 500])
        right += int((output.argmax(1) == part.labels[start : start + 500]).sum())
    return right / len(part.labels)


def write(folder: Path, net: nn.Module, parts: tuple[Part, ...], facts: dict[str, object]) -> None:
    """Write ``weights.safetensors`` and ``training.json``, and print the latter."""
    state = {name: value.contiguous() for name, value in net.state_dict().items()}
    weights = folder / "weights.safetensors"
    save_file(state, weights)
    weights.chmod(0o644)  # save_file lets only its user read the file
    measured = [
        {"part": part.name, "samples": len(part.labels), "top1": top1(net, part)} for part in parts
    ]
    record = {
        **facts,
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "torch": torch.__version__,
        "measured": measured,
    }
    text = json.dumps(record, indent=1) + "\n"
    (folder / "training.json").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
