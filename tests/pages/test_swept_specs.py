"""The Layers page tells what the sweep chose for the layer, and shows it at a click."""

from analysis.runs.store import RunStore
from tests.inspections import make_inspection
from tests.sensitivities import make_sensitivities, with_families
from tests.stored import add_job


def test_the_best_spec_of_each_width_is_listed_and_opens(open_page):
    result = with_families(make_sensitivities(4, bits=(2, 4, 8), target="both"))
    store = RunStore()
    add_job(store, result, run="chosen")
    store.save_inspection("fashion-mnist", make_inspection(result))
    app = open_page("layers", run="chosen", layer=result.layers[1].name)
    assert not app.exception and not app.error
    table = next(x.value for x in app.dataframe if list(x.value.columns) == ["divergence", "spec"])
    points = [p for p in result.leading("weight") if p.layer == result.layers[1].name]
    assert list(table["spec"]) == [point.label for point in points]
    assert all("sym per-channel minmax gptq" in label for label in table["spec"])
    app.session_state["swept_specs"] = {"selection": {"rows": [2]}}
    app.run()
    assert not app.exception


def test_the_sensitivity_page_tells_how_each_cell_is_quantised(open_page):
    result = with_families(make_sensitivities(4, bits=(2, 4), target="weight"))
    add_job(RunStore(), result, run="chosen")
    app = open_page("sensitivity", run="chosen")
    app.session_state["sweep_details"] = "Specs"
    app.run()
    assert not app.exception
    table = app.dataframe[-1].value
    assert table.loc[result.layers[1].name, "2 bits"] == "sym per-channel minmax gptq"
    assert table.loc[result.layers[2].name, "4 bits"] == "asym per-channel mse"
    assert any("least divergence is shown" in caption.value for caption in app.caption)
