"""A model out of a file or folder of any form."""

from collections.abc import Callable
from pathlib import Path
from typing import assert_never

from analysis.workloads.models.form import ModelForm
from analysis.workloads.models.model import ReadModel
from analysis.workloads.workload import Inputs


def read_model(
    form: ModelForm, path: Path, architecture: str, example: Callable[[], Inputs]
) -> ReadModel:
    """The model in eval mode, its names, shapes and values examined.

    Args:
        form: which reader takes it; each imports its library only when asked for.
        path: of the file or folder.
        architecture: what weights alone belong to; empty where the file says so itself.
        example: gives inputs of a few samples, for forms that must be run to be read.

    Raises:
        WorkloadError: it cannot be read; the message says why.
    """
    match form:
        case "weights":
            from analysis.workloads.models.weights import read_weights

            return read_weights(path, architecture)
        case "hugging-face":
            from analysis.workloads.models.hugging_face import read_folder

            return read_folder(path)
        case "gguf":
            from analysis.workloads.models.gguf_file import read_gguf

            return read_gguf(path)
        case "onnx":
            from analysis.workloads.models.onnx_file import read_onnx

            return read_onnx(path)
        case "torchscript":
            from analysis.workloads.models.torchscript import read_torchscript

            return read_torchscript(path, example())
        case "exported":
            from analysis.workloads.models.exported import read_exported

            return read_exported(path)
        case _:
            assert_never(form)
