"""A recommender for MovieLens-100k, trained here: recbole's package holds the ratings."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from analysis.workloads.workload import Batch, Workload
from analysis.workloads.zoo.archives import member
from analysis.workloads.zoo.columns import (
    PARTS,
    Columns,
    batched,
    read_columns,
    tensor,
    write_columns,
)
from analysis.workloads.zoo.lists import LikedHit, StarsRmse
from analysis.workloads.zoo.nets.ncf import NeuMF
from analysis.workloads.zoo.texts import FILMS, read_texts, write_texts

WEIGHTS = "model.safetensors"
DATA = "recbole/dataset_example/ml-100k/ml-100k"
SIZE, EPOCHS, BATCH, RATE, DECAY = 16, 14, 512, 4e-3, 1e-4
SHARES = {"calibration": 0.02, "sweep": 0.04, "evaluation": 0.1}
OTHERS = 99
"""Films beside the rated one, drawn among those that its user never rated (He et al., 4.1)."""

_BATCH = 500


def build(archives: Mapping[str, Path], folder: Path) -> None:
    """Split the ratings, train on 84 % of them, and keep the rest with films to rank them among."""
    rows = _ratings(member(archives["recbole"], f"{DATA}.inter"))
    rows = rows[np.random.default_rng(0).permutation(len(rows))]
    others = _others(rows[: round(sum(SHARES.values()) * len(rows))], rows)
    parts: dict[str, Columns] = {}
    start = 0
    for part in PARTS:
        size = round(SHARES[part] * len(rows))
        cut = rows[start : start + size]
        items = np.concatenate([cut[:, 1:2], others[start : start + size]], 1)
        parts[part] = {"user": cut[:, 0], "items": items.astype(np.int32), "stars": cut[:, 2]}
        start += size
    model = train(rows[start:], users=int(rows[:, 0].max()) + 1, items=int(rows[:, 1].max()) + 1)
    save_file(model.state_dict(), folder / WEIGHTS)
    write_columns(folder, parts)
    write_texts(folder, {FILMS: film_titles(member(archives["recbole"], f"{DATA}.item"))})


def _ratings(text: bytes) -> NDArray[np.int64]:
    """Rows of user, item and rating from recbole's tab-separated file, which has a header."""
    return np.loadtxt(io.BytesIO(text), np.int64, delimiter="\t", skiprows=1, usecols=(0, 1, 2))


def film_titles(text: bytes) -> list[str]:
    """Titles with years by number, from recbole's tab-separated file, which has a header.

    A film that the file leaves out goes by its number.
    """
    known: dict[int, str] = {}
    for line in text.decode("utf-8").splitlines()[1:]:
        number, title, year, _ = line.split("\t")
        known[int(number)] = f"{title} ({year})" if year.isdecimal() else title
    return [known.get(number, str(number)) for number in range(max(known) + 1)]


def _others(held: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """`OTHERS` films for each held-out rating that its user rated nowhere: (ratings, `OTHERS`)."""
    rng, films = np.random.default_rng(1), np.unique(rows[:, 1])
    unrated = {
        user: np.setdiff1d(films, rows[rows[:, 0] == user, 1]) for user in np.unique(held[:, 0])
    }
    return np.stack([rng.choice(unrated[user], OTHERS, replace=False) for user in held[:, 0]])


def train(rows: NDArray[np.int64], *, users: int, items: int) -> NeuMF:
    """Fit the ratings by squared error; the same rows give the same weights on one machine.

    The head's bias starts at the mean rating.
    """
    state = torch.random.get_rng_state()
    torch.manual_seed(0)
    try:
        model = NeuMF(users, items, SIZE)
        with torch.no_grad():
            model.head.bias.fill_(float(rows[:, 2].mean()))
        _fit(model, tensor(rows))
    finally:
        torch.random.set_rng_state(state)
    return model.eval()


def _fit(model: NeuMF, rows: Tensor) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, total_steps=EPOCHS * -(-len(rows) // BATCH)
    )
    for _ in range(EPOCHS):
        for batch in torch.split(rows[torch.randperm(len(rows))], BATCH):
            user, item, rating = batch.unbind(1)
            loss = F.mse_loss(model(user, item.unsqueeze(1)).squeeze(1), rating.float())
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()


def load(folder: Path) -> Workload:
    """The trained network with its held-out ratings."""
    weights = load_file(folder / WEIGHTS)
    users, size = weights["user_table.weight"].shape
    model = NeuMF(users, len(weights["item_table.weight"]), size)
    model.load_state_dict(weights)
    parts = {part: _batches(columns) for part, columns in read_columns(folder).items()}
    return Workload(
        name="movielens-ncf",
        model=model.eval(),
        calibration=parts["calibration"],
        sweep=parts["sweep"],
        evaluation=parts["evaluation"],
        metric=StarsRmse(),
        metrics=(LikedHit(),),
        columns=("user", "film"),
        categories={"film": read_texts(folder, FILMS)},
        candidates="film",
    )


def _batches(columns: Columns) -> list[Batch]:
    """Lists of films, the rated one first; targets are its stars, and 0 for the others."""
    items = tensor(columns["items"]).long()
    target = torch.zeros(items.shape)
    target[:, 0] = tensor(columns["stars"]).float()
    return batched((tensor(columns["user"]), items), target, _BATCH)
