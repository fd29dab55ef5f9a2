"""Mean average precision against a plain reading of the COCO definition, box by box."""

import numpy as np
import pytest
import torch

from analysis.errors import ModelError
from analysis.metrics import MeanAveragePrecision, figures, statistics_rows
from tests.metric_values import value


def iou(a, b) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def plain_map(detections, targets) -> float:
    """Over classes and thresholds, the mean of 101 interpolated precisions."""
    classes = sorted({int(t[4]) for image in targets for t in image if t[4] >= 0})
    averages = []
    for number in classes:
        for threshold in np.arange(0.5, 0.96, 0.05):
            hits = []
            for found, right in zip(detections, targets, strict=True):
                free = [t for t in right if int(t[4]) == number]
                own = [d for d in found if int(d[5]) == number and d[4] > 0]
                for d in sorted(own, key=lambda d: -d[4]):
                    best = max(free, key=lambda t: iou(d, t), default=None)
                    hit = best is not None and iou(d, best) >= threshold - 1e-9
                    if hit:
                        free = [t for t in free if t is not best]
                    hits.append((d[4], hit))
            wanted = sum(int(t[4]) == number for image in targets for t in image)
            hits.sort(key=lambda pair: -pair[0])
            right_so_far, points = 0, []
            for shown, (_, hit) in enumerate(hits, 1):
                right_so_far += hit
                points.append((right_so_far / wanted, right_so_far / shown))
            averages.append(
                np.mean(
                    [
                        max((p for r, p in points if r >= recall - 1e-9), default=0.0)
                        for recall in np.linspace(0, 1, 101)
                    ]
                )
            )
    return float(np.mean(averages))


def scenes(images: int = 12, boxes: int = 4):
    """Targets, and detections that are shaken copies of them with some wrong ones."""
    rng = np.random.default_rng(0)
    targets = np.zeros((images, boxes, 5))
    found = np.zeros((images, 2 * boxes, 6))
    for image in range(images):
        corner = rng.uniform(0, 50, (boxes, 2))
        size = rng.uniform(10, 30, (boxes, 2))
        targets[image, :, :4] = np.concatenate([corner, corner + size], 1)
        targets[image, :, 4] = rng.integers(0, 3, boxes)
        found[image, :boxes, :4] = targets[image, :, :4] + rng.normal(0, 2, (boxes, 4))
        found[image, :boxes, 5] = targets[image, :, 4]
        wrong = rng.uniform(0, 60, (boxes, 2))
        found[image, boxes:, :4] = np.concatenate([wrong, wrong + 12], 1)
        found[image, boxes:, 5] = rng.integers(0, 3, boxes)
        found[image, :, 4] = rng.uniform(0.01, 1, 2 * boxes)
    targets[3, 1:, 4] = -1
    found[2, boxes:, 4] = 0
    return torch.tensor(found), torch.tensor(targets)


def test_map_agrees_with_a_plain_reading_of_its_definition():
    found, targets = scenes()
    expected = plain_map(found.tolist(), targets.tolist())
    assert 0.2 < expected < 0.9
    assert value(MeanAveragePrecision(), found, targets) == pytest.approx(expected)


def test_perfect_boxes_have_precision_one_and_none_at_all_zero():
    found, targets = scenes()
    perfect = torch.cat([targets[..., :4], torch.ones(12, 4, 1), targets[..., 4:]], 2)
    assert value(MeanAveragePrecision(), perfect, targets) == pytest.approx(1.0)
    nothing = found.clone()
    nothing[..., 4] = 0
    assert value(MeanAveragePrecision(), nothing, targets) == 0.0


def test_a_resample_repeats_whole_images():
    found, targets = scenes(5)
    metric = MeanAveragePrecision()
    rows = statistics_rows(metric, found, targets, found)
    counts = np.array([[2.0, 0.0, 1.0, 1.0, 0.0]])
    places = [0, 0, 2, 3]
    expected = plain_map(found[places].tolist(), targets[places].tolist())
    assert figures(metric, rows, counts)[0] == pytest.approx(expected)


def test_raw_heads_are_made_boxes_by_the_users_function():
    found, targets = scenes()
    metric = MeanAveragePrecision(boxes=lambda heads: heads.reshape(len(heads), -1, 6))
    assert value(metric, found.flatten(1), targets) == pytest.approx(
        value(MeanAveragePrecision(), found, targets)
    )


def test_other_shapes_are_named():
    found, targets = scenes()
    with pytest.raises(ModelError, match="x1, y1, x2, y2, score, class; they have"):
        MeanAveragePrecision().statistics(found.flatten(1), targets)
    with pytest.raises(ModelError, match="Targets of detection"):
        MeanAveragePrecision().statistics(found, targets[..., :4])
