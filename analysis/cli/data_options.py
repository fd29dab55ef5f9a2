"""How data are read and cut, as JSON on the command line."""

from analysis import serial
from analysis.errors import OptionError
from analysis.workloads.data.form import DataOptions


def data_options(text: str) -> DataOptions:
    """``{"form": {"kind": "text", "tokens": 64}, "split": {"seed": 1}}``; empty takes the usual.

    Raises:
        OptionError: it is no JSON, or a field is unknown or outside its range.
    """
    if not text:
        return DataOptions()
    body = serial.parse_object(text, OptionError, "data options")
    return serial.from_plain(DataOptions, body, OptionError, "data options")
