"""Where the heads lie in one matrix that holds queries, keys and values; torch-free."""

from collections.abc import Mapping

from analysis.sensitivity.heads.values import Part

Starts = Mapping[Part, tuple[int, ...]]
"""First row of each head of a projection."""


def part_by_part(width: int, queries: int, keys: int) -> Starts:
    """All queries, then all keys, then all values, as in GPT-2, Phi-3 and StarCoder.

    Args:
        width: rows of one head.
        queries: heads of the queries.
        keys: heads of the keys, and of the values.
    """
    first: dict[Part, int] = {"q": 0, "k": queries, "v": queries + keys}
    counts: dict[Part, int] = {"q": queries, "k": keys, "v": keys}
    return {
        part: tuple((first[part] + head) * width for head in range(counts[part])) for part in first
    }


def group_by_group(width: int, queries: int, keys: int) -> Starts:
    """The queries that share a key, that key and its value; then the next such group.

    With as many keys as queries (GPT-NeoX, Bloom) one head after the other; with fewer as the
    larger Falcons have it.
    """
    share = queries // keys
    bases = [group * (share + 2) for group in range(keys)]
    return {
        "q": tuple((base + head) * width for base in bases for head in range(share)),
        "k": tuple((base + share) * width for base in bases),
        "v": tuple((base + share + 1) * width for base in bases),
    }
