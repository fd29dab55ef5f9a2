"""What the report opens with: the recipe's figures, the verdict, all recipes side by side."""

from collections.abc import Sequence

from analysis.allocation.predict import predict
from analysis.allocation.verdict import verdict
from analysis.charts.numerals import (
    DIVERGENCES,
    MINUS,
    SPACE,
    bytes_text,
    drop_text,
    metric_text,
    metric_title,
    range_text,
    sentence_case,
    short,
)
from analysis.cost import Cost, recipe_cost
from analysis.errors import OptionError
from analysis.recipe import Recipe
from analysis.report.markup import Html, joined, table, tag
from analysis.scores import Interval, Score
from analysis.sensitivity.points import Sensitivities

Scores = Sequence[tuple[str, Score]]


def own_score(recipe: Recipe, scores: Scores) -> Score | None:
    """The score of the recipe the report is about, if it was run."""
    return next((score for _, score in scores if score.recipe.layers == recipe.layers), None)


def is_uniform(recipe: Recipe) -> bool:
    """Whether all weights lie within two neighbouring widths, as in a same-bytes uniform recipe."""
    widths = [config.weight.bits for config in recipe.layers.values() if config.weight]
    return bool(widths) and max(widths) - min(widths) <= 1


def baseline(own: Score, scores: Scores) -> tuple[str, Score] | None:
    """The uniform recipe whose size comes nearest, which the verdict compares with."""
    others = [
        (name, score) for name, score in scores if score is not own and is_uniform(score.recipe)
    ]
    return min(
        others,
        key=lambda pair: abs(pair[1].cost.weight_bytes - own.cost.weight_bytes),
        default=None,
    )


def headline(result: Sensitivities, recipe: Recipe, scores: Scores, made: str) -> Html:
    """Title, four figures, verdict."""
    own, setup = own_score(recipe, scores), result.setup
    cost = recipe_cost(result.layers, recipe, other_bytes=setup.other_bytes)
    cards = [_size_card(cost), _bits_card(cost)]
    cards += _measured_cards(own) if own is not None else [_predicted_card(result, recipe)]
    told = f"Recipe “{recipe.name}” for {len(result.layers)} layers. Made {made} by Quantscope."
    return joined(
        [
            tag("h1", f"{setup.workload}: how few bits each layer can live with"),
            tag("p", told, kind="soft"),
            tag("div", *cards, kind="cards"),
            _verdict(own, scores),
        ]
    )


def _card(title: str, figure: str, note: str) -> Html:
    return tag(
        "div",
        tag("span", title, kind="soft"),
        tag("b", figure),
        tag("span", note, kind="soft"),
        kind="card",
    )


def _size_card(cost: Cost) -> Html:
    saved = 1 - cost.weight_bytes / cost.float_bytes if cost.float_bytes else 0.0
    note = f"{MINUS}{100 * saved:.0f}{SPACE}% of {bytes_text(cost.float_bytes)} in float"
    return _card("Stored weights", bytes_text(cost.weight_bytes), note)


def _bits_card(cost: Cost) -> Html:
    return _card(
        "Effective bits",
        f"{cost.effective_bits:.2f}",
        "per weight, scales and zero-points included",
    )


def _measured_cards(own: Score) -> list[Html]:
    """The task metric and the divergence, both on the held-out set."""
    seen = f"on {own.samples:,} held-out samples"
    cards = []
    if own.metric is not None:
        name, drop = own.metric, own.drop[own.metric]
        change = f"{drop_text(name, drop.value)} against float"
        note = f"{change} (95{SPACE}% interval {_ends(name, drop)}), {seen}"
        figure = metric_text(name, own.actual[name].value)
        cards.append(_card(sentence_case(metric_title(name)), figure, note))
    note = f"95{SPACE}% interval {range_text(own.low, own.high)}, {seen}"
    cards.append(
        _card(sentence_case(DIVERGENCES[own.divergence_kind]), short(own.divergence), note)
    )
    return cards


def _ends(name: str, drop: Interval) -> str:
    """Interval of a loss, as the change people see: the larger loss first, the unit once."""
    first, last = drop_text(name, drop.high), drop_text(name, drop.low)
    return f"{first.removesuffix(SPACE + 'pp')} to {last}"


def _predicted_card(result: Sensitivities, recipe: Recipe) -> Html:
    """An estimate, and said to be one."""
    title = f"Predicted {DIVERGENCES[result.setup.divergence]}"
    try:
        predicted = predict(result, recipe)
    except OptionError as error:
        return _card(title, "not known", str(error))
    note = (
        f"sum of single-layer figures on {predicted.samples:,} sweep samples; not measured as a "
        "whole"
    )
    return _card(title, short(predicted.divergence), note)


def _verdict(own: Score | None, scores: Scores) -> Html:
    if own is None:
        text = "This recipe was not run on held-out data, so there is no verdict."
    elif is_uniform(own.recipe):
        text = "This recipe is uniform; it is its own baseline."
    elif (other := baseline(own, scores)) is None:
        text = "No uniform recipe was run beside this one, so there is no verdict."
    else:
        text = verdict(own, other[1], name=other[0]).sentence
    return tag("p", text, kind="verdict")


def score_table(recipe: Recipe, scores: Scores) -> Html:
    """Every recipe that was run, with the float model on the same samples."""
    if not scores:
        return Html("")
    metrics = list(dict.fromkeys(name for _, score in scores for name in score.actual))
    rows = [_score_row(name, score, metrics) for name, score in scores]
    own = own_score(recipe, scores)
    ours = next((i for i, (_, score) in enumerate(scores) if score is own), None)
    kind = DIVERGENCES[scores[0][1].divergence_kind]
    headers = ["recipe", "stored", "effective bits"]
    for name in metrics:
        headers += [metric_title(name), "against float"]
    counts = " and ".join(f"{count:,}" for count in sorted({s.samples for _, s in scores}))
    caption = (
        f"Measured on {counts} held-out samples; in brackets 95 % intervals "
        "(bootstrap over samples)."
    )
    return joined(
        [
            tag("h2", "Measured on held-out data"),
            table([*headers, kind], rows, caption=caption, ours=ours),
        ]
    )


def _score_row(name: str, score: Score, metrics: Sequence[str]) -> list[str]:
    cells = [name, bytes_text(score.cost.weight_bytes), f"{score.cost.effective_bits:.2f}"]
    for metric in metrics:
        actual, drop = score.actual.get(metric), score.drop.get(metric)
        cells.append("–" if actual is None else metric_text(metric, actual.value))
        cells.append(
            "–" if drop is None else f"{drop_text(metric, drop.value)} ({_ends(metric, drop)})"
        )
    return [*cells, f"{short(score.divergence)} ({range_text(score.low, score.high)})"]
