"""Trains the small digits network and writes `assets/digits/`, the data parts included.

    OMP_NUM_THREADS=1 python assets/train_digits.py   # with quantscope installed

Data: the 1,797 handwritten digits of scikit-learn (`load_digits`), grey values 0 to 16 stretched
to 0 to 255. One shuffle cuts them into the part trained on and the three parts shipped. Figures
go to `training.json`, from which the catalogue quotes them.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import Tensor, nn
from training_record import Part, Stopwatch, write

from analysis.workloads.nets import ARCHITECTURES

FOLDER = Path(__file__).resolve().parent / "digits"
PARTS = {"calibration": 200, "sweep": 300, "evaluation": 400}
SEED, EPOCHS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 0, 25, 64, 0.01, 0.05


def read_parts() -> dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Images (n, 1, 8, 8) and labels (n,) of each shipped part and, as ``train``, of the rest."""
    digits = load_digits()
    images = np.rint(digits.images * 255 / 16).astype(np.uint8)[:, None]
    labels = digits.target.astype(np.uint8)
    order = np.random.default_rng(SEED).permutation(len(labels))
    cuts = np.split(order, np.cumsum(list(PARTS.values())))
    names = (*PARTS, "train")
    return {name: (images[cut], labels[cut]) for name, cut in zip(names, cuts, strict=True)}


def as_part(name: str, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Part:
    """Images in [0, 1] and labels as int64."""
    return Part(name, torch.from_numpy(images) / 255, torch.from_numpy(labels.astype(np.int64)))


def train(net: nn.Module, images: Tensor, labels: Tensor) -> None:
    """AdamW on a one-cycle learning rate; each image is shifted by up to one pixel."""
    generator = torch.Generator().manual_seed(SEED)
    optimizer = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=EPOCHS * (len(images) // BATCH)
    )
    net.train()
    for _ in range(EPOCHS):
        order = torch.randperm(len(images), generator=generator)
        for start in range(0, len(order) - BATCH + 1, BATCH):
            index = order[start : start + BATCH]
            down, right = torch.randint(-1, 2, (2,), generator=generator).tolist()
            inputs = images[index].roll((down, right), (2, 3))
            loss = nn.functional.cross_entropy(net(inputs), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def main() -> None:
    """Write the data, train, measure, write weights and figures."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    parts = read_parts()
    FOLDER.mkdir(exist_ok=True)
    arrays = {}
    for name in PARTS:
        arrays[f"x_{name}"], arrays[f"y_{name}"] = parts[name]
    np.savez_compressed(FOLDER / "data.npz", **arrays)
    trained = as_part("train", *parts["train"])
    net = ARCHITECTURES["digits-cnn"]()
    watch = Stopwatch()
    train(net, trained.images, trained.labels)
    facts = {
        "script": "assets/train_digits.py",
        "architecture": "digits-cnn",
        "trained_samples": len(trained.labels),
        "epochs": EPOCHS,
        "seed": SEED,
        **watch.read(),
    }
    measured = (
        as_part("evaluation", *parts["evaluation"]),
        as_part("held-out", *parts["sweep"]),
    )
    write(FOLDER, net, measured, facts)


if __name__ == "__main__":
    main()
