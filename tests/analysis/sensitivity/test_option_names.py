from analysis.sensitivity.option_names import option_names
from analysis.sensitivity.points import Cell

INT8, INT8_MSE = "int8 asym per-channel minmax", "int8 asym per-channel mse"
FP8, INT4 = "fp8-e4m3 per-channel minmax", "int4 asym per-channel minmax"


def cells(*labels: str, layer: str = "a") -> list[Cell]:
    return [Cell(layer, "weight", label) for label in labels]


def test_a_width_names_its_only_spec():
    assert option_names(cells(INT8, INT4)) == {INT4: "4", INT8: "8"}


def test_two_formats_of_one_width_go_by_their_formats():
    assert option_names(cells(INT4, INT8, FP8)) == {
        INT4: "4",
        FP8: "fp8-e4m3",
        INT8: "int8 asym",
    }


def test_two_ways_of_one_format_go_by_their_labels():
    names = option_names(cells(INT8, INT8_MSE))
    assert names == {INT8: INT8, INT8_MSE: INT8_MSE}


def test_two_granularities_of_one_format_are_told():
    group = "int4 asym per-group-32 minmax"
    names = option_names([*cells(INT4, group), *cells("int4 asym per-channel mse", layer="b")])
    assert names[INT4] == names["int4 asym per-channel mse"] == "int4 asym per-channel"
    assert names[group] == "int4 asym per-group-32"


def test_layers_that_take_different_specs_of_a_width_share_its_name():
    both = [*cells(INT8), *cells(INT8_MSE, layer="b")]
    assert option_names(both) == {INT8: "8", INT8_MSE: "8"}


def test_names_are_in_the_order_of_width():
    assert list(option_names(cells(FP8, INT8, INT4)).values()) == ["4", "fp8-e4m3", "int8 asym"]
