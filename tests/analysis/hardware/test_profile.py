from dataclasses import replace

import pytest

from analysis.errors import OptionError
from analysis.hardware.catalogue import profile
from analysis.hardware.masks import masked_options
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Cell
from tests.sensitivities import make_sensitivities

CONV, HEAD = make_sensitivities(layers=3).layers[1:]


def _config(weight: str | None, activation: str | None = None) -> LayerConfig:
    return LayerConfig(
        QuantSpec.parse(weight) if weight else None,
        QuantSpec.parse(activation) if activation else None,
    )


@pytest.mark.parametrize(
    ("name", "weight", "activation", "conv", "head"),
    [
        ("cortex-m-cmsis-nn", "int8 sym per-channel minmax", "int8 asym per-tensor mse", 1, 1),
        ("cortex-m-cmsis-nn", "int4 sym per-channel minmax", "int8 asym per-tensor mse", 1, 1),
        ("cortex-m-cmsis-nn", "int4 sym per-channel minmax", "int16 sym per-tensor mse", 0, 0),
        ("cortex-m-cmsis-nn", "int8 asym per-channel minmax", "int8 asym per-tensor mse", 0, 0),
        ("onnxruntime-cpu", "int4 asym per-group-32 minmax", None, 0, 1),
        ("onnxruntime-cpu", "int4 asym per-group-33 minmax", None, 0, 0),
        ("onnxruntime-cpu", "int8 sym per-channel minmax", "int8 asym per-tensor mse", 1, 1),
        ("onnxruntime-cpu", None, None, 1, 1),
        ("nvidia-tensorrt", "int8 sym per-channel minmax", "int8 sym per-tensor mse", 1, 1),
        ("nvidia-tensorrt", "int8 sym per-channel minmax", "int8 asym per-tensor mse", 0, 0),
        ("nvidia-tensorrt", "fp8-e4m3 per-channel minmax", "fp8-e4m3 per-tensor minmax", 0, 1),
        ("nvidia-tensorrt", "int4 sym per-group-128 minmax", None, 0, 1),
        ("apple-coreml", "int3 asym per-channel minmax", None, 1, 1),
        ("apple-coreml", "int5 asym per-channel minmax", None, 0, 0),
        ("npu-2-4-8", "int2 sym per-tensor minmax", "int8 sym per-tensor mse", 1, 1),
        ("npu-2-4-8", "int3 sym per-tensor minmax", "int8 sym per-tensor mse", 0, 0),
        ("npu-2-4-8", None, None, 0, 0),
        ("fpga-any-width", "int5 asym per-channel minmax", "int3 asym per-tensor mse", 1, 1),
        ("fpga-any-width", "int5 asym per-channel minmax", None, 0, 0),
        ("generic-integer", "int7 asym per-group-9 minmax", None, 1, 1),
        ("generic-integer", "fp8-e4m3 per-channel minmax", None, 0, 0),
    ],
)
def test_what_each_target_runs(
    name: str, weight: str | None, activation: str | None, conv: int, head: int
) -> None:
    target, config = profile(name), _config(weight, activation)
    assert [target.allows(CONV, config), target.allows(HEAD, config)] == [bool(conv), bool(head)]


def test_a_tensor_that_nobody_decided_counts_as_what_a_kernel_wants() -> None:
    target, config = profile("cortex-m-cmsis-nn"), _config("int8 sym per-channel minmax")
    assert not target.allows(CONV, config)
    assert target.allows(CONV, config, activation=False)


def test_an_input_that_was_never_seen_is_not_asked_for() -> None:
    blind = replace(HEAD, input_shape=None)
    assert profile("cortex-m-cmsis-nn").allows(blind, _config("int8 sym per-channel minmax"))


def test_kinds_without_a_rule_run_in_float_or_not_at_all() -> None:
    embedding = replace(HEAD, kind="Embedding")
    tensorrt, npu = profile("nvidia-tensorrt"), profile("npu-2-4-8")
    assert tensorrt.in_float(embedding)
    assert tensorrt.allows(embedding, LayerConfig())
    assert tensorrt.words(embedding) == "float alone"
    assert not npu.in_float(embedding)
    assert not npu.allows(embedding, LayerConfig())
    assert npu.words(embedding) == "no Embedding at all"


def test_swept_cells_are_masked_one_by_one() -> None:
    labels = ["int8 sym per-channel minmax", "int8 asym per-channel minmax"]
    cells = [Cell(layer.name, "weight", label) for layer in (CONV, HEAD) for label in labels]
    cells.append(Cell(HEAD.name, "weight", "int4 sym per-group-64 minmax"))
    cells.append(Cell(CONV.name, "activation", "int8 sym per-tensor mse"))
    left = masked_options(profile("nvidia-tensorrt"), (CONV, HEAD), cells)
    assert left == (cells[0], cells[2], cells[4], cells[5])


def test_a_cell_of_no_layer() -> None:
    with pytest.raises(OptionError, match="'nowhere' is none"):
        masked_options(profile("npu-2-4-8"), (CONV,), [Cell("nowhere", "weight", "x")])
