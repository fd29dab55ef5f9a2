import numpy as np
import pandas as pd
import pytest
from streamlit.dataframe_util import (
    convert_arrow_table_to_arrow_bytes,
    convert_pandas_df_to_arrow_bytes,
)

from analysis.quant.spec import WEIGHT_SPEC
from pages.ui.compact_table import compact_table
from pages.ui.layer_frames import profile_frame
from tests.inspections import make_inspection
from tests.sensitivities import make_sensitivities


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    result = make_sensitivities(300)
    return profile_frame(make_inspection(result).profiles, WEIGHT_SPEC.with_bits(4), result)


def test_every_value_arrives(frame):
    table = compact_table(frame).to_pandas()
    assert list(table) == list(frame)
    for name in ("layer", "kind", "sqnr", "low", "high", "kurtosis", "outliers", "dead"):
        assert table[name].tolist() == frame[name].tolist()
    for name, tolerance in (("weights", 0.0), ("sensitivity", 1e-3)):
        for mine, theirs in zip(table[name], frame[name], strict=True):
            assert np.allclose(mine, theirs, rtol=tolerance, atol=0)


def test_it_takes_a_quarter_less_than_pandas(frame):
    mine = len(convert_arrow_table_to_arrow_bytes(compact_table(frame)))
    assert mine < 0.75 * len(convert_pandas_df_to_arrow_bytes(frame))


def test_missing_numbers_and_lists_of_any_length_are_kept():
    lists = [np.array([1.0, 2.0], dtype=np.float32), np.array([], dtype=np.float32)]
    frame = pd.DataFrame({"sqnr": np.array([np.nan, 2.0], dtype=np.float32), "curve": lists})
    table = compact_table(frame)
    assert table["sqnr"].to_pylist() == [None, 2.0]
    assert table["curve"].to_pylist() == [[1.0, 2.0], []]


def test_a_table_without_curves_stays_one():
    frame = pd.DataFrame({"curve": [np.array([], dtype=np.float32)] * 3})
    assert compact_table(frame)["curve"].to_pylist() == [[], [], []]
