"""Other ways to spend the same bytes, measured beside the recipe: a table and one sentence."""

import pandas as pd
import streamlit as st

from analysis.allocation.difference import difference
from analysis.allocation.rivals import refused, rivals
from analysis.allocation.uniform import called_uniform
from analysis.charts.numerals import range_text
from analysis.hardware.profile import HardwareProfile
from analysis.recipe import Recipe
from analysis.runs.records import ScoreRecord
from analysis.scores import Score
from analysis.sensitivity.points import Sensitivities
from pages.ui import reads
from pages.ui.recipe_files import submit_score
from pages.ui.score_desk import ScoreDesk, can_score
from pages.ui.text import (
    bytes_text,
    drop_text,
    metric_title,
    number_text,
    percent,
    plain,
    samples_text,
    spread_text,
)

OURS, UNKNOWN = "this recipe", "–"


def ways(desk: ScoreDesk, score: Score, scored: tuple[ScoreRecord, ...]) -> None:
    """What uniform, ends-high, greedy and random recipes give, and what that says of this one."""
    if desk.result is None:
        st.caption("The sweep of this recipe is gone, so nothing can be put beside it.")
        return
    others = _others(desk, desk.result, score.recipe)
    found = measured(others, scored)
    missing = [other for other in others if other.name not in found]
    if found:
        st.markdown(sentence(score, found))
        _table(score, found)
        st.caption(
            f"All measured on the same {samples_text(score.samples, 'held-out evaluation')}; "
            "95 % intervals. Paired: how much higher the divergence is than this recipe's, sample "
            "by sample. Each takes at most the bytes of this recipe, but for the next wider "
            "uniform one."
        )
    if not others:
        st.caption("Nothing else fits into so few bytes, so there is nothing to compare with.")
    if desk.profile is not None:
        _refused(desk.result, score.recipe, desk.profile)
    if missing and not (desk.job is not None and desk.job.live) and can_score(desk):
        names = ", ".join(plain(other.name) for other in missing)
        st.caption(f"Not measured yet: {names}.")
        if st.button(
            "Measure the other ways to spend these bytes",
            icon=":material/compare_arrows:",
            key="measure_ways",
        ):
            submit_score(reads.job(desk.run), desk.record.id)
            st.rerun()


def _refused(result: Sensitivities, recipe: Recipe, profile: HardwareProfile) -> None:
    """The uniform recipes that the hardware cannot run."""
    names = [plain(other.name) for other in refused(result, recipe, profile)]
    if names:
        st.caption(
            f"Not compared, because {plain(profile.title)} cannot run "
            f"{'it' if len(names) == 1 else 'them'}: {', '.join(names)}."
        )


def _others(desk: ScoreDesk, result: Sensitivities, recipe: Recipe) -> tuple[Recipe, ...]:
    profile = desk.profile
    name = None if profile is None else profile.name
    groups = [(layer.group, layer.input_group) for layer in result.layers]
    key = (reads.version(desk.run), desk.record.id, desk.record.created, name, groups)
    return _rivals(repr(key), result, recipe, profile)


@st.cache_resource(show_spinner=False, max_entries=64)
def _rivals(
    key: str, _result: Sensitivities, _recipe: Recipe, _profile: HardwareProfile | None
) -> tuple[Recipe, ...]:
    return rivals(_result, _recipe, profile=_profile)


def measured(others: tuple[Recipe, ...], scored: tuple[ScoreRecord, ...]) -> dict[str, Score]:
    """The newest score of each rival that has one, by the rival's name."""
    found: dict[str, Score] = {}
    for other in others:
        layers = other.layers
        for record in scored:
            if record.score.recipe.layers == layers:
                found[other.name] = record.score
                break
    return found


def sentence(score: Score, found: dict[str, Score]) -> str:
    """Bytes that mixing saves against the smallest uniform recipe as good, and who is best."""
    limit = score.high
    as_good = {
        name: other
        for name, other in found.items()
        if called_uniform(name) and other.divergence <= limit
    }
    ours = score.cost.weight_bytes
    words, told = [], ""
    if as_good:
        name, other = min(as_good.items(), key=lambda row: row[1].cost.weight_bytes)
        saved, size = 1 - ours / other.cost.weight_bytes, bytes_text(other.cost.weight_bytes)
        words.append(
            f"Mixing saves **{percent(saved, 0)}** of the bytes: the smallest uniform recipe "
            f"measured here that is as good is **{plain(name)}**, with {size}."
            if saved > 0
            else f"Mixing saves no bytes: **{plain(name)}** is as good with {size}, divergence "
            f"{number_text(other.divergence)} against {number_text(score.divergence)}."
        )
        told = name if saved <= 0 else ""
    same = {n: s for n, s in found.items() if s.cost.weight_bytes <= ours}
    if same:
        name, other = min(same.items(), key=lambda row: row[1].divergence)
        apart = (
            f"divergence {number_text(score.divergence)} against {number_text(other.divergence)}"
        )
        if name != told:
            words.append(_against(score, f"**{plain(name)}**", other, apart))
    return " ".join(words)


def _against(score: Score, name: str, other: Score, figures: str) -> str:
    if other.recipe.layers == score.recipe.layers:
        return f"It is the same recipe as {name}."
    paired = difference(score, other)
    side = -1 if score.high < other.low else 1 if other.high < score.low else 0
    if paired is not None:
        side = paired.side
        figures = f"{figures}, sample by sample {paired.words}"
    if side < 0:
        return f"The best of the other ways within these bytes, {name}, is worse: {figures}."
    if side > 0:
        return f"Of the other ways within these bytes, {name} is better: {figures}. Use it."
    return f"The best of the other ways within these bytes, {name}, is as good: {figures}."


def _table(score: Score, found: dict[str, Score]) -> None:
    rows = sorted([(OURS, score), *found.items()], key=lambda row: row[1].divergence)
    table = {
        (f"**{name}**" if name == OURS else plain(name)): _row(score, one) for name, one in rows
    }
    if all(row["Paired"] == UNKNOWN for row in table.values()):
        for row in table.values():
            del row["Paired"]
    st.table(
        pd.DataFrame.from_dict(table, orient="index"),
        border="horizontal",
        alt="This recipe and the other ways to spend its bytes, best first",
    )


def _row(ours: Score, score: Score) -> dict[str, str]:
    row = {"Size": bytes_text(score.cost.weight_bytes)}
    name = score.metric
    if name is not None:
        drop = score.drop[name]
        change = drop_text(name, drop.value)
        row[metric_title(name)] = f"{change} {spread_text(drop.low, drop.high, name)}"
    row["Divergence"] = f"{number_text(score.divergence)} ({range_text(score.low, score.high)})"
    row["Paired"] = _paired(ours, score)
    return row


def _paired(ours: Score, other: Score) -> str:
    """How much higher the other's divergence is; a dash where the samples were not kept."""
    found = None if other is ours else difference(ours, other)
    if found is None:
        return UNKNOWN
    sign = "+" if found.gain > 0 else ""
    return f"{sign}{number_text(found.gain)} ({range_text(found.low, found.high)})"
