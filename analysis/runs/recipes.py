"""Recipes and their scores, in a transaction of the caller."""

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from analysis.errors import UnknownRunError
from analysis.recipe import Recipe
from analysis.runs.packing import pack, unpack
from analysis.runs.records import RecipeRecord, ScoreRecord
from analysis.runs.schema import recipes, scores
from analysis.scores import Score

MADE_BY_WORKERS = ("recommended", "baseline")
"""Origins of recipes that belong to their run and go with it; the others are people's."""


def put(connection: Connection, record: RecipeRecord) -> None:
    """Keep a recipe; an earlier one of the same id is replaced."""
    connection.execute(delete(recipes).where(recipes.c.id == record.id))
    row = {
        "id": record.id,
        "run": record.run,
        "fingerprint": record.recipe.fingerprint,
        "owner": record.owner,
        "origin": record.origin,
        "created": record.created,
        "recipe": pack(record.recipe),
        "predicted": pack(dict(record.predicted)),
    }
    connection.execute(insert(recipes).values(row))


def fetch(connection: Connection, recipe_id: str) -> RecipeRecord:
    """One recipe.

    Raises:
        UnknownRunError: there is none of that id.
    """
    row = connection.execute(select(recipes).where(recipes.c.id == recipe_id)).one_or_none()
    if row is None:
        raise UnknownRunError(
            f"There is no recipe {recipe_id!r:.60} (any more); choose another one."
        )
    return _record(row)


def listing(
    connection: Connection, *, fingerprint: str | None, run: str | None, origin: str | None = None
) -> tuple[RecipeRecord, ...]:
    """Recipes of one model, run or origin, newest first."""
    wanted = {"fingerprint": fingerprint, "run": run, "origin": origin}
    query = select(recipes).order_by(recipes.c.created.desc(), recipes.c.id)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(recipes.c[name] == value)
    return tuple(_record(row) for row in connection.execute(query))


def put_score(connection: Connection, recipe_id: str, score: Score, created: float) -> None:
    """Keep a score of a stored recipe.

    Raises:
        UnknownRunError: the recipe was deleted.
    """
    fetch(connection, recipe_id)
    row = {"recipe": recipe_id, "created": created, "body": pack(score)}
    connection.execute(insert(scores).values(row))


def scores_of(
    connection: Connection, *, fingerprint: str | None, run: str | None, recipe: str | None
) -> tuple[ScoreRecord, ...]:
    """Scores of one model, run or recipe, newest first."""
    query = (
        select(scores, recipes.c.origin)
        .join_from(scores, recipes, scores.c.recipe == recipes.c.id)
        .order_by(scores.c.created.desc(), scores.c.number.desc())
    )
    if fingerprint is not None:
        query = query.where(recipes.c.fingerprint == fingerprint)
    if run is not None:
        query = query.where(recipes.c.run == run)
    if recipe is not None:
        query = query.where(scores.c.recipe == recipe)
    return tuple(
        ScoreRecord(row.recipe, row.origin, unpack(Score, row.body), row.created)
        for row in connection.execute(query)
    )


def forget_scores(connection: Connection, recipe_id: str) -> None:
    """Forget the scores of one recipe."""
    connection.execute(delete(scores).where(scores.c.recipe == recipe_id))


def erase(connection: Connection, run: str) -> None:
    """Forget the run's own recipes and their scores; people's recipes stay."""
    own = select(recipes.c.id).where(recipes.c.run == run, recipes.c.origin.in_(MADE_BY_WORKERS))
    connection.execute(delete(scores).where(scores.c.recipe.in_(own)))
    connection.execute(
        delete(recipes).where(recipes.c.run == run, recipes.c.origin.in_(MADE_BY_WORKERS))
    )


def detach(connection: Connection, run: str) -> None:
    """Leave people's recipes of a run that goes away without a run."""
    connection.execute(update(recipes).where(recipes.c.run == run).values(run=None))


def _record(row: Row[Any]) -> RecipeRecord:
    return RecipeRecord(
        id=row.id,
        recipe=unpack(Recipe, row.recipe),
        owner=row.owner,
        run=row.run,
        origin=row.origin,
        created=row.created,
        predicted=unpack(dict[str, float], row.predicted),
    )
