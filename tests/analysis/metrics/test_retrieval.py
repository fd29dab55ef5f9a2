import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from analysis.errors import ModelError
from analysis.metrics import RetrievalRecall
from tests.metric_values import value


@pytest.mark.parametrize("k", [1, 3])
def test_recall_agrees_with_the_neighbours_of_scikit_learn(k):
    torch.manual_seed(0)
    target = torch.randint(0, 6, (60,))
    output = torch.randn(60, 5) + 0.7 * torch.randn(6, 5)[target]
    found = NearestNeighbors(n_neighbors=k + 1, metric="cosine").fit(output.numpy())
    nearest = found.kneighbors(output.numpy(), return_distance=False)[:, 1:]
    expected = (target[torch.from_numpy(nearest)] == target[:, None]).any(1).float().mean()
    assert value(RetrievalRecall(k), output, target) == pytest.approx(float(expected))


def test_a_sample_alone_in_its_class_does_not_count():
    output = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]])
    assert value(RetrievalRecall(), output, torch.tensor([0, 0, 1])) == 1.0


def test_outputs_that_are_no_embeddings_are_named():
    with pytest.raises(ModelError, match="one embedding"):
        RetrievalRecall().statistics(torch.randn(4, 3, 2), torch.zeros(4, dtype=torch.long))
