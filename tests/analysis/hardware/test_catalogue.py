import json
from pathlib import Path

import pytest

from analysis import serial
from analysis.errors import OptionError
from analysis.hardware.catalogue import load_profile, parse_profile, profile, profiles
from analysis.hardware.profile import HardwareProfile

NAMES = (
    "apple-coreml",
    "cortex-m-cmsis-nn",
    "fpga-any-width",
    "generic-integer",
    "npu-2-4-8",
    "nvidia-tensorrt",
    "onnxruntime-cpu",
)


def test_the_shipped_profiles() -> None:
    assert tuple(found.name for found in profiles()) == NAMES
    assert profile("npu-2-4-8").title.startswith("Microcontroller NPU")


@pytest.mark.parametrize("found", profiles(), ids=lambda found: found.name)
def test_every_profile_says_where_it_is_from_and_how_far_its_tables_go(
    found: HardwareProfile,
) -> None:
    assert len(found.source) > 40
    assert len(found.date) == len("2026-11-23")
    assert found.allowed
    for table in (found.latency, found.energy):
        if table is not None:
            assert len(table.source) > 40
            assert table.basis != "measured"
            assert table.references or table.assumed
    assert all(len(reference) > 10 for reference in found.references)
    assert found.references


def test_peaks_of_the_gpu_are_those_of_its_data_sheet() -> None:
    table = profile("nvidia-tensorrt").latency
    assert table is not None
    assert table.mac("Linear", 32, 32) == pytest.approx(2 / 989.4e12 * 1e9, rel=0.01)
    assert table.mac("Linear", 8, 8) == pytest.approx(2 / 1978.9e12 * 1e9, rel=0.01)
    assert table.per_weight_byte == pytest.approx(1 / 3.35e12 * 1e9, rel=0.01)


@pytest.mark.parametrize("name", ["cortex-m-cmsis-nn", "nvidia-tensorrt", "npu-2-4-8"])
def test_hardware_that_wants_symmetric_weights_says_so(name: str) -> None:
    target = profile(name)
    rules = [pair.weight for rule in target.allowed for pair in rule.pairs]
    integers = [rule for rule in rules if rule.format == "int"]
    assert integers and all(rule.symmetric for rule in integers)
    assert all("sym" in rule.words for rule in target.allowed)


def test_energies_are_those_of_the_source() -> None:
    table = profile("generic-integer").energy
    assert table is not None
    assert table.mac("Conv2d", 32, 32) == pytest.approx(3.7 + 0.9)
    assert table.mac("Conv2d", 8, 8) == pytest.approx(0.2 + 0.1)
    assert table.mac("Conv2d", 16, 16) == pytest.approx(0.8 + 0.1)
    assert table.per_weight_byte == pytest.approx(1300 / 8)
    assert table.per_activation_byte == pytest.approx(100 / 8)


def test_times_of_the_cortex_m_are_those_of_the_source() -> None:
    table = profile("cortex-m-cmsis-nn").latency
    assert table is not None
    assert table.mac("Conv2d", 8, 8) == pytest.approx(99.1e6 / (24.7e6 / 2), rel=0.01)


def test_a_profile_survives_its_file(tmp_path: Path) -> None:
    for found in profiles():
        path = tmp_path / f"{found.name}.json"
        path.write_text(serial.dumps(found), encoding="utf-8")
        assert load_profile(path) == found
        assert profile(str(path)) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not valid JSON"),
        ("[]", "must be an object"),
        ('{"name": "x"}', "no valid hardware profile: title"),
        (
            json.dumps(
                {
                    "name": "x",
                    "title": "X",
                    "source": "me",
                    "date": "now",
                    "allowed": [
                        {
                            "kinds": ["*"],
                            "pairs": [{"weight": {"symetric": True}, "activation": {}}],
                        }
                    ],
                }
            ),
            "allowed.0.pairs.0.weight.symetric: Unexpected keyword argument",
        ),
    ],
)
def test_what_is_no_profile_is_refused(text: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        parse_profile(text)


def test_a_table_in_the_wrong_unit_is_refused() -> None:
    body = serial.to_plain(profile("cortex-m-cmsis-nn"))
    body["latency"]["unit"] = "pJ"
    with pytest.raises(OptionError, match="Times are in ns and energies in pJ"):
        parse_profile(json.dumps(body))


def test_an_unknown_name_lists_the_names() -> None:
    with pytest.raises(OptionError, match=r"one of apple-coreml, .* or a JSON file, not 'toaster'"):
        profile("toaster")


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(OptionError, match=r"'/nowhere/mine.json' cannot be read"):
        profile("/nowhere/mine.json")
