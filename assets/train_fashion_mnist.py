"""Trains the demo network and writes `assets/fashion-mnist/`, the data parts included.

    OMP_NUM_THREADS=1 python assets/train_fashion_mnist.py   # with quantscope installed

Data: Debian's package `dataset-fashion-mnist`. The first 55,000 training images are trained on;
the last 5,000 are held out and give the calibration and sweep parts; the evaluation part is the
first 2,000 test images. Figures go to `training.json`, from which the catalogue quotes them.
"""

import argparse
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from training_record import Part, Stopwatch, write

from analysis.workloads.nets import ARCHITECTURES

SOURCE = Path("/usr/share/datasets/fashion-mnist")
FOLDER = Path(__file__).resolve().parent / "fashion-mnist"
TRAINED, CALIBRATION, SWEEP, EVALUATION = 55_000, 256, 768, 2_000
SEED, EPOCHS, BATCH = 0, 6, 128
LEARNING_RATE, WEIGHT_DECAY, SHIFT = 0.2, 5e-4, 1

Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def read_idx(part: str) -> Arrays:
    """Images (n, 28, 28) and labels (n,) of ``train`` or ``t10k``, from the gzipped IDX files."""
    with gzip.open(SOURCE / f"{part}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(SOURCE / f"{part}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    return images, labels


def as_tensors(arrays: Arrays) -> tuple[Tensor, Tensor]:
    """Images in [0, 1], (n, 1, 28, 28), and labels as int64."""
    images = torch.from_numpy(arrays[0].copy()).unsqueeze(1).float() / 255
    return images, torch.from_numpy(arrays[1].astype(np.int64))


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror half of the images and shift each by up to `SHIFT` pixels both ways."""
    count, _, height, width = images.shape
    mirrored = torch.rand(count, generator=generator) < 0.5
    images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    padded = nn.functional.pad(images, [SHIFT] * 4)[:, 0]
    shifts = torch.randint(0, 2 * SHIFT + 1, (2, count), generator=generator)
    rows = shifts[0, :, None, None] + torch.arange(height)[None, :, None]
    columns = shifts[1, :, None, None] + torch.arange(width)[None, None, :]
    return padded[torch.arange(count)[:, None, None], rows, columns].unsqueeze(1)


def batches(images: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """All epochs, shuffled and augmented; the last short batch of an epoch is left out."""
    generator = torch.Generator().manual_seed(SEED)
    for _ in range(EPOCHS):
        order = torch.randperm(len(images), generator=generator)
        for start in range(0, len(order) - BATCH + 1, BATCH):
            index = order[start : start + BATCH]
            yield augment(images[index], generator), labels[index]


def train(net: nn.Module, images: Tensor, labels: Tensor) -> None:
    """SGD with Nesterov momentum on a one-cycle learning rate."""
    optimizer = torch.optim.SGD(
        net.parameters(), LEARNING_RATE, momentum=0.9, weight_decay=WEIGHT_DECAY, nesterov=True
    )
    steps = EPOCHS * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=steps, pct_start=0.2, div_factor=10
    )
    net.train()
    for step, (inputs, target) in enumerate(batches(images, labels)):
        inputs = inputs.to(memory_format=torch.channels_last)
        loss = nn.functional.cross_entropy(net(inputs), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 200 == 0:
            sys.stderr.write(f"step {step} of {steps}: loss {loss.item():.3f}\n")


def write_data(held_out: Arrays, test: Arrays) -> None:
    """The three parts, as compressed uint8 arrays of shape (n, 1, 28, 28) and (n,)."""
    cuts = {
        "calibration": (held_out, slice(0, CALIBRATION)),
        "sweep": (held_out, slice(CALIBRATION, CALIBRATION + SWEEP)),
        "evaluation": (test, slice(0, EVALUATION)),
    }
    arrays = {}
    for part, ((images, labels), cut) in cuts.items():
        arrays[f"x_{part}"] = images[cut][:, None]
        arrays[f"y_{part}"] = labels[cut]
    np.savez_compressed(FOLDER / "data.npz", **arrays)


def main() -> None:
    """Write the data; unless told otherwise, train, measure and write weights and figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-only", action="store_true", help="write data.npz and stop")
    data_only = parser.parse_args().data_only
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    train_part, test_part = read_idx("train"), read_idx("t10k")
    held_out = (train_part[0][TRAINED:], train_part[1][TRAINED:])
    FOLDER.mkdir(exist_ok=True)
    write_data(held_out, test_part)
    if data_only:
        return
    net = ARCHITECTURES["fashion-cnn"]()
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images, labels = as_tensors(train_part)
    watch = Stopwatch()
    train(net, images[:TRAINED], labels[:TRAINED])
    seconds = watch.read()
    test_images, test_labels = as_tensors(test_part)
    parts = (
        Part("test", test_images, test_labels),
        Part("evaluation", test_images[:EVALUATION], test_labels[:EVALUATION]),
        Part("held-out", images[TRAINED:], labels[TRAINED:]),
    )
    facts = {
        "script": "assets/train_fashion_mnist.py",
        "architecture": "fashion-cnn",
        "trained_samples": TRAINED,
        "epochs": EPOCHS,
        "seed": SEED,
        **seconds,
    }
    write(FOLDER, net, parts, facts)


if __name__ == "__main__":
    main()
