"""How metrics are called on screen, and which of them are shares."""

_PLACES = (1, 3, 5, 10, 20, 50, 100)

SHARES = frozenset(
    {"top1", "top5", "accuracy", "agreement", "next_token_agreement", "delta1"}
    | {f"{ranked}@{k}" for ranked in ("hr", "recall") for k in _PLACES}
)
"""Metrics that are shares of what was counted: printed in percent, their losses in percentage
points."""

TITLES = {
    "top1": "top-1",
    "top5": "top-5",
    "f1": "F1",
    "auc": "AUC",
    "map": "mean average precision",
    "miou": "mean IoU",
    "rmse": "RMSE",
    "mae": "MAE",
    "abs_rel": "absolute relative error",
    "delta1": "depths within 25 %",
    "agreement": "agreement with float",
    "next_token_agreement": "next-token agreement",
    "cosine": "cosine to float",
}


def metric_title(name: str) -> str:
    """Name of a metric on screen: ``top1`` is ``top-1``, ``hr@10`` is ``HR@10``."""
    ranked = name.startswith(("hr@", "ndcg@"))
    return name.upper() if ranked else TITLES.get(name, name)
