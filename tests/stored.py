"""A store filled with made-up results, for tests of the app: `python -m tests.stored HOME`."""

import os
import sys
import time
from dataclasses import dataclass, replace

from sqlalchemy import insert

from analysis.quant.spec import WEIGHT_SPEC
from analysis.recipe import LayerConfig, Recipe
from analysis.runs import results
from analysis.runs.packing import pack
from analysis.runs.records import SweepOptions
from analysis.runs.schema import jobs
from analysis.runs.store import RunStore
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_inspection, make_score, make_sensitivities


@dataclass(frozen=True, slots=True)
class Filled:
    """What was put into the store."""

    run: str
    recipe: str
    result: Sensitivities


def fill_store(
    store: RunStore,
    result: Sensitivities,
    *,
    run: str = "made-up",
    owner: str = "local",
    source: str = "fashion-mnist",
    state: str = "done",
) -> Filled:
    """A sweep with its inspection, a recommended recipe, a uniform one and their scores."""
    add_job(store, result, run=run, owner=owner, source=source, state=state)
    store.save_inspection(source, make_inspection(result))
    mixed, uniform = _recipe(result, "mixed", mixed=True), _recipe(result, "uniform 4-bit")
    chosen = store.save_recipe(mixed, owner=owner, run=run, origin="recommended")
    plain = store.save_recipe(uniform, owner=owner, run=run, origin="baseline")
    store.save_score(chosen.id, make_score(result, mixed))
    store.save_score(plain.id, make_score(result, uniform))
    return Filled(run, chosen.id, result)


def add_job(
    store: RunStore,
    result: Sensitivities,
    *,
    run: str = "made-up",
    owner: str = "local",
    source: str = "fashion-mnist",
    state: str = "done",
) -> None:
    """The row of a sweep job with the setup, the points and the cost it left."""
    now = time.time()
    row = {
        "id": run,
        "kind": "sweep",
        "source": source,
        "workload": result.setup.workload,
        "fingerprint": result.setup.fingerprint,
        "owner": owner,
        "options": pack(
            SweepOptions(bits=tuple(sorted({cell.spec.bits for cell in result.setup.cells})))
        ),
        "state": state,
        "created": now - 90,
        "started": now - 80,
        "ended": None if state in ("queued", "running") else now - 20,
        "done": len(result.points),
        "total": len(result.setup.cells),
        "attempt": 1,
    }
    with store.database.writing() as connection:
        connection.execute(insert(jobs).values(row))
        results.save_setup(connection, run, result.setup)
        for point in result.points:
            results.put_point(connection, run, point)
        results.save_cost(connection, run, result.cost)


def _recipe(result: Sensitivities, name: str, *, mixed: bool = False) -> Recipe:
    """Four bits everywhere; mixed gives the layers in turn 3, 4 and 6."""
    widths = (6, 4, 3) if mixed else (4,)
    specs = {
        layer.name: WEIGHT_SPEC.with_bits(widths[place % len(widths)])
        for place, layer in enumerate(result.layers)
    }
    layers = {layer: LayerConfig(weight=spec) for layer, spec in specs.items()}
    return Recipe(layers, result.setup.workload, result.setup.fingerprint, name=name)


def main() -> None:
    """Fill the store of a data directory for a look by hand."""
    os.environ["QUANTSCOPE_HOME"] = sys.argv[1]
    layers = int(sys.argv[2]) if len(sys.argv) > 2 else 17
    store = RunStore()
    fill_store(store, make_sensitivities(layers, target="both"))
    fill_store(store, replace(make_sensitivities(5, seed=3), run="second"), run="second")


if __name__ == "__main__":
    main()
