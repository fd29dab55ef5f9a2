"""Neural collaborative filtering (He et al., arXiv 1708.05031, section 3.4, equation 12)."""

import torch
from torch import Tensor, nn


class NeuMF(nn.Module):
    """Matrix factorisation beside a perceptron, joined by one linear layer.

    Args:
        users: rows of the user tables.
        items: rows of the item tables.
        size: width of each embedding.
    """

    def __init__(self, users: int, items: int, size: int) -> None:
        super().__init__()
        self.user_factor = nn.Embedding(users, size)
        self.item_factor = nn.Embedding(items, size)
        self.user_table = nn.Embedding(users, size)
        self.item_table = nn.Embedding(items, size)
        self.fc1 = nn.Linear(2 * size, 2 * size)
        self.fc2 = nn.Linear(2 * size, size)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(2 * size, 1)
        for table in (self.user_factor, self.item_factor, self.user_table, self.item_table):
            nn.init.normal_(table.weight, std=0.05)

    def forward(self, user: Tensor, item: Tensor) -> Tensor:
        """One score a pair.

        Args:
            user: (samples,) numbers.
            item: (samples, items) numbers, each scored for its sample's user.

        Returns:
            (samples, items) ratings or logits, as the head was trained.
        """
        user = user.unsqueeze(1)
        product = self.user_factor(user) * self.item_factor(item)
        table = self.user_table(user).expand(*item.shape, -1)
        hidden = torch.cat([table, self.item_table(item)], -1)
        hidden = self.dropout(torch.relu(self.fc1(hidden)))
        hidden = torch.relu(self.fc2(hidden))
        score: Tensor = self.head(torch.cat([product, hidden], -1)).squeeze(-1)
        return score
