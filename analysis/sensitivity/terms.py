"""Words of a sweep."""

from typing import Literal

Target = Literal["weight", "activation"]
Targets = Literal["weight", "activation", "both"]
Stage = Literal["sketch", "sampled", "exact"]
Method = Literal["sketch", "sampled", "exact", "anytime"]
Scheme = Literal["fixed", "best"]
Divergence = Literal["kl", "mse"]
Direction = Literal["higher", "lower"]

DEFAULT_BITS = (2, 3, 4, 5, 6, 8)
