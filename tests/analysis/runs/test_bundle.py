"""A run as a document, and the shipped demo."""

import gzip
import json
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from analysis.allocation.calibration import CalibrationPoint, calibrate_prediction
from analysis.errors import RunError, UnknownRunError
from analysis.quant.spec import WEIGHT_SPEC, QuantSpec
from analysis.recipe import Recipe
from analysis.runs.bundle import command_line, ensure_demo, export_bundle, import_bundle
from analysis.runs.records import USUAL_SWEEP, InspectOptions, SweepOptions
from analysis.runs.schema import jobs
from analysis.runs.store import RunStore
from analysis.sensitivity.proxies.catalogue import PROXIES
from analysis.sensitivity.proxies.values import ProxyResult
from tests.gram import make_interactions
from tests.proxies import made_up_proxies, made_up_proxy
from tests.recipes import uniform_recipe
from tests.sensitivities import make_inspection, make_score, make_sensitivities
from tests.stored import fill_store

RESULT = make_sensitivities(layers=3)


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    """A finished run of another store, after a trip through JSON."""
    store = RunStore(f"sqlite:///{tmp_path}/other.db")
    run = fill_store(store, RESULT).run
    document: dict[str, Any] = json.loads(json.dumps(export_bundle(store, run)))
    return document


@pytest.fixture
def store() -> RunStore:
    return RunStore()


def contents(store: RunStore, run: str) -> tuple[object, ...]:
    result = store.sensitivities(run)
    seen = store.inspection(RESULT.setup.fingerprint)
    return store.job(run), result, seen, store.recipes(run=run), store.scores(run=run)


def test_a_run_is_the_same_in_another_store(store: RunStore, document: dict[str, Any]) -> None:
    import_bundle(store, document, "copy")
    job = store.job("copy")
    assert store.sensitivities("copy") == replace(RESULT, run="copy")
    assert (job.state, job.owner, job.workload) == ("done", "shared", "made-up")
    assert (job.done, job.total) == (len(RESULT.points), len(RESULT.setup.cells))
    assert store.inspection_of("fashion-mnist") == store.inspection(RESULT.setup.fingerprint)
    assert [record.origin for record in store.scores(run="copy")] == ["baseline", "recommended"]
    chosen = store.recommended("copy")
    assert chosen is not None
    (scored,) = store.scores(recipe=chosen.id)
    assert scored.score == make_score(RESULT, chosen.recipe)


def test_what_was_found_besides_points_travels(tmp_path: Path, store: RunStore) -> None:
    other = RunStore(f"sqlite:///{tmp_path}/other.db")
    run = fill_store(other, RESULT).run
    known = make_interactions(RESULT)
    fitted = calibrate_prediction(
        [CalibrationPoint(1, 1, x, 2 * x, x, 3 * x, None, 9) for x in (0.1, 0.2, 0.4)]
    )
    other.save_interactions(run, known)
    other.save_calibration(run, fitted)
    told = (
        *made_up_proxies(RESULT)[:2],
        made_up_proxy(RESULT, "output_sqnr_db", lambda p: inf),
        ProxyResult("hessian_trace", (), 0.0, note="Left out."),
    )
    for proxy in told:
        other.save_proxy(run, proxy)
    import_bundle(store, json.loads(json.dumps(export_bundle(other, run))), "copy")
    assert store.calibration("copy") == fitted
    assert store.proxies("copy") == told
    copied = store.interactions("copy")
    assert copied is not None
    assert (copied.cells, copied.stage) == (known.cells, known.stage)
    np.testing.assert_allclose(copied.gram, known.gram, rtol=1e-6)
    assert store.calibration("elsewhere") is None


def test_an_import_can_belong_to_somebody(store: RunStore, document: dict[str, Any]) -> None:
    import_bundle(store, document, "copy", owner="a" * 32)
    assert store.job("copy").owner == "a" * 32
    assert {record.owner for record in store.recipes(run="copy")} == {"a" * 32}
    with pytest.raises(RunError, match="Only the person"):
        store.delete("copy", owner="b" * 32)
    store.delete("copy", owner="a" * 32)
    assert store.jobs() == () == store.recipes(run="copy")


def test_importing_again_changes_nothing(store: RunStore, document: dict[str, Any]) -> None:
    import_bundle(store, document, "copy")
    before = contents(store, "copy")
    import_bundle(store, document, "copy")
    assert contents(store, "copy") == before
    assert len(store.jobs()) == 1


def test_a_run_can_be_copied_within_its_store(store: RunStore) -> None:
    run = fill_store(store, RESULT).run
    before = contents(store, run)
    import_bundle(store, export_bundle(store, run), "copy")
    assert contents(store, run) == before
    assert len(store.recipes()) == 2 * len(store.recipes(run="copy"))


def test_importing_again_keeps_what_people_made_of_it(
    store: RunStore, document: dict[str, Any]
) -> None:
    import_bundle(store, document, "copy")
    empty = Recipe({}, "made-up", RESULT.setup.fingerprint)
    own = uniform_recipe(empty, WEIGHT_SPEC.with_bits(3), (RESULT.layers[0].name,))
    record = store.save_recipe(own, owner="ann", run="copy")
    store.save_score(record.id, make_score(RESULT, own))
    import_bundle(store, document, "copy")
    assert store.recipe(record.id) == record
    assert len(store.scores(recipe=record.id)) == 1


def test_the_document_tells_the_command_that_made_it(document: dict[str, Any]) -> None:
    assert document["command"] == (
        "quantscope sweep fashion-mnist --method exact --bits 2,3,4,5,6,8 --target weight "
        "--weight-spec 'int8 asym per-channel minmax' --json"
    )


def test_the_command_names_what_is_unusual(store: RunStore) -> None:
    options = SweepOptions(
        bits=(4,), target="both", weight_spec=QuantSpec.parse("int8 sym per-channel mse")
    )
    job = store.submit("sweep", "my cases/net.py:make", options, owner="ann")
    assert command_line(job) == (
        "quantscope sweep 'my cases/net.py:make' --method exact --bits 4 --target both "
        "--weight-spec 'int8 sym per-channel mse' "
        "--activation-spec 'int8 asym per-tensor mse' --json"
    )
    usual = store.submit("sweep", "digits", USUAL_SWEEP, owner="ann")
    assert command_line(usual) == (
        "quantscope sweep digits --method anytime --bits 2,3,4,5,6,8 --target weight --json"
    )
    family = (QuantSpec.parse("int8 sym per-group-16 minmax"),)
    one = store.submit("sweep", "digits", replace(USUAL_SWEEP, weight_families=family), owner="ann")
    assert "--weights best --weight-spec 'int8 sym per-group-16 minmax'" in command_line(one)
    compared = store.submit("sweep", "digits", SweepOptions(proxies=True), owner="ann")
    assert command_line(compared).endswith("--proxies --json")
    with pytest.raises(RunError, match="Only a sweep"):
        command_line(store.submit("inspect", "digits", InspectOptions(), owner="ann"))


def test_a_document_from_outside_hides_nothing_that_was_seen_here(
    store: RunStore, document: dict[str, Any]
) -> None:
    own = make_inspection(RESULT)
    store.save_inspection("fashion-mnist", own)
    forged = {**document["inspection"], "description": "forged"}
    told = {**document["job"], "ended": 1e12}
    import_bundle(store, {**document, "inspection": forged, "job": told}, "copy")
    other = {**forged, "fingerprint": "f" * 64}
    import_bundle(store, {**document, "inspection": other, "job": told}, "another")
    assert store.inspection_of("fashion-mnist") == own
    assert store.inspection(RESULT.setup.fingerprint) == own


def test_raw_samples_stay_behind(document: dict[str, Any], store: RunStore) -> None:
    import_bundle(store, document, "copy")
    assert store.samples("copy") == ()


def test_an_unfinished_run_cannot_be_exported(store: RunStore) -> None:
    with pytest.raises(UnknownRunError):
        export_bundle(store, "nope")
    run = fill_store(store, RESULT, state="failed").run
    with pytest.raises(RunError, match="this one is failed"):
        export_bundle(store, run)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 2}, "version 1, not 2"),
        ({"version": None}, "version 1, not None"),
        ({"points": [{"layer": "stem"}]}, "points.0.target"),
        ({"setup": None}, "setup"),
        ({"proxies": [{"name": "magic", "values": [], "seconds": 0}]}, "must be one of .* 'magic'"),
    ],
)
def test_a_damaged_document_is_refused_whole(
    store: RunStore, document: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    with pytest.raises(RunError, match=said):
        import_bundle(store, {**document, **change}, "copy")
    assert store.jobs() == ()
    assert store.recipes() == ()


class TestDemo:
    @pytest.fixture(params=["result.json", "result.json.gz"])
    def folder(
        self, request: pytest.FixtureRequest, tmp_path: Path, document: dict[str, Any]
    ) -> Path:
        folder = tmp_path / "assets"
        folder.mkdir()
        self.ship(folder, request.param, document)
        return folder

    def ship(self, folder: Path, name: str, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        (folder / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)

    def test_the_demo_is_there_for_everybody(self, store: RunStore, folder: Path) -> None:
        ensure_demo(store, folder)
        assert store.sensitivities("demo") == replace(RESULT, run="demo")
        with pytest.raises(RunError, match="shared"):
            store.delete("demo", owner="shared")

    def test_the_shipped_demo_tells_which_proxy_agrees(self, store: RunStore) -> None:
        ensure_demo(store)
        found = store.proxies("demo")
        assert {proxy.name for proxy in found} == set(PROXIES)
        weights = store.sensitivities("demo").of("weight")
        assert all(len(proxy.values) == len(weights) for proxy in found)

    def test_the_same_demo_is_imported_once(self, store: RunStore, folder: Path) -> None:
        ensure_demo(store, folder)
        with store.database.writing() as connection:
            connection.execute(update(jobs).values(workload="touched"))
        ensure_demo(store, folder)
        assert store.job("demo").workload == "touched"

    def test_another_demo_replaces_it(
        self, store: RunStore, folder: Path, document: dict[str, Any]
    ) -> None:
        ensure_demo(store, folder)
        (shipped,) = folder.iterdir()
        told = {**document["job"], "workload": "newer"}
        self.ship(folder, shipped.name, {**document, "job": told})
        ensure_demo(store, folder)
        assert store.job("demo").workload == "newer"
        assert len(store.jobs()) == 1

    def test_without_a_shipped_demo_there_is_none(self, store: RunStore, tmp_path: Path) -> None:
        ensure_demo(store, tmp_path / "nothing")
        assert store.jobs() == ()

    def test_a_damaged_demo_is_said(self, store: RunStore, tmp_path: Path) -> None:
        (tmp_path / "result.json.gz").write_bytes(b"\x1f\x8b broken")
        with pytest.raises(RunError, match="damaged"):
            ensure_demo(store, tmp_path)
