"""A tiny workload for each task, with random weights and data whose targets mostly fit."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from analysis.metrics import (
    F1,
    AbsRel,
    Agreement,
    Auc,
    Cosine,
    Delta1,
    HitRate,
    Mae,
    MeanAveragePrecision,
    MeanIou,
    Metric,
    Ndcg,
    NextTokenAgreement,
    Perplexity,
    RetrievalRecall,
    Rmse,
    Top1,
)
from analysis.workloads.workload import Batch, Workload
from tests.nets import Gpt


class Heads(nn.Module):
    """A detector with two heads on a grid: scores and boxes, as a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(1, 8, 3, padding=1, stride=2)
        self.score = nn.Conv2d(8, 2, 1)
        self.box = nn.Conv2d(8, 4, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = torch.relu(self.body(x))
        return {"scores": self.score(x).sigmoid(), "boxes": self.box(x)}


def boxes_of(joined: Tensor) -> Tensor:
    """Detections from the joined heads: one box around each cell of the 4 x 4 grid and class."""
    scores, deltas = joined[:, :32].reshape(-1, 2, 16), joined[:, 32:].reshape(-1, 4, 16)
    places = torch.arange(16)
    centres = torch.stack([places % 4, places // 4]) * 2.0 + 1
    low = centres - 1 - 0.2 * deltas[:, :2]
    high = centres + 1 + 0.2 * deltas[:, 2:]
    one = torch.cat([low, high], 1).transpose(1, 2)
    rows = [
        torch.cat([one, scores[:, kind, :, None], torch.full_like(one[..., :1], kind)], 2)
        for kind in range(2)
    ]
    found = torch.cat(rows, 1)
    return found.gather(1, found[..., 4].topk(3).indices[..., None].expand(-1, -1, 6))


class Recommender(nn.Module):
    """Neural collaborative filtering: two embedding tables and a small perceptron."""

    def __init__(self, users: int = 20, items: int = 40, width: int = 8) -> None:
        super().__init__()
        self.users = nn.Embedding(users, width)
        self.items = nn.Embedding(items, width)
        self.mlp = nn.Sequential(nn.Linear(2 * width, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        wide = self.users(users)
        if items.dim() == 2:
            wide = wide.unsqueeze(1).expand(-1, items.shape[1], -1)
        return self.mlp(torch.cat([wide, self.items(items)], -1)).squeeze(-1)


def _net(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers)


def _segmenter() -> nn.Module:
    return _net(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 1))


def _depth() -> nn.Module:
    return _net(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1), nn.Softplus())


def _images(count: int) -> Tensor:
    return torch.randn(count, 1, 8, 8)


def _perceptron(outputs: int) -> nn.Module:
    return _net(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, outputs))


def _shaken(output: Tensor) -> Tensor:
    return output + 0.3 * output.std() * torch.randn_like(output)


def _answers(axis: int) -> Callable[[Tensor], Tensor]:
    return lambda output: _shaken(output).argmax(axis)


def _detected(output: dict[str, Tensor]) -> Tensor:
    joined = torch.cat([value.flatten(1) for value in output.values()], 1)
    found = boxes_of(joined)
    return torch.cat([found[..., :4], found[..., 5:]], 2)


def _ratings(count: int) -> tuple[Tensor, Tensor]:
    # a few users and items are met far more often than the others
    draw = torch.rand(2, count) ** 3
    return (20 * draw[0]).long(), (40 * draw[1]).long()


def _candidates(count: int) -> tuple[Tensor, Tensor]:
    return torch.randint(0, 20, (count,)), torch.rand(count, 40).argsort(1)[:, :15]


TASKS: dict[str, tuple[Any, Any, Any, tuple[Metric, ...]]] = {
    "classes": (lambda: _perceptron(4), lambda n: torch.randn(n, 6), _answers(-1),
                (Top1(), F1(), Agreement())),
    "binary": (lambda: _perceptron(2), lambda n: torch.randn(n, 6), _answers(-1),
               (Auc(), F1("binary", name="f1_binary"))),
    "regression": (lambda: _perceptron(2), lambda n: torch.randn(n, 6), _shaken, (Rmse(), Mae())),
    "depth": (_depth, _images, lambda y: _shaken(y).abs(), (AbsRel(), Delta1(), Rmse())),
    "segmentation": (_segmenter, _images, _answers(1), (MeanIou(), Top1())),
    "detection": (Heads, _images, _detected, (MeanAveragePrecision(boxes_of),)),
    "tokens": (Gpt, lambda n: torch.randint(0, 11, (n, 6)), _answers(-1),
               (Perplexity(), NextTokenAgreement())),
    "embeddings": (lambda: _perceptron(5), lambda n: torch.randn(n, 6),
                   lambda y: _shaken(y).argmax(-1), (Cosine(), RetrievalRecall(3))),
    "ratings": (Recommender, _ratings, _shaken, (Rmse(), Mae())),
    "ranking": (Recommender, _candidates, _answers(-1), (HitRate(3), Ndcg(3))),
}  # fmt: skip


def make_task(name: str, samples: int = 32) -> Workload:
    """The workload of a task; its first metric is the main one."""
    torch.manual_seed(0)
    build, draw, target, metrics = TASKS[name]
    model = build().eval()

    def batches(count: int) -> list[Batch]:
        inputs = draw(count)
        with torch.no_grad():
            output = model(*inputs) if isinstance(inputs, tuple) else model(inputs)
            return [(inputs, target(output))]

    return Workload(
        name=name,
        model=model,
        calibration=batches(samples),
        sweep=batches(samples),
        evaluation=batches(samples),
        metric=metrics[0],
        metrics=metrics[1:],
    )
