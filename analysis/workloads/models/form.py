"""The forms a model can come in, told by name and first bytes; torch-free."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from analysis.errors import UnsupportedFileError

ModelForm = Literal["weights", "hugging-face", "gguf", "onnx", "torchscript", "exported"]


@dataclass(frozen=True, slots=True)
class FormFacts:
    """What people need to know of one form.

    Attributes:
        title: for a menu.
        suffixes: of its files.
        data_only: whether reading it runs no code that the file brings, so that a browser may
            send it.
    """

    title: str
    suffixes: tuple[str, ...]
    data_only: bool


FORMS: dict[ModelForm, FormFacts] = {
    "weights": FormFacts(
        "Weights: a state dict", (".safetensors", ".pt", ".pth", ".bin", ".ckpt"), True
    ),
    "hugging-face": FormFacts("A Hugging Face folder", (), True),
    "gguf": FormFacts("GGUF", (".gguf",), True),
    "onnx": FormFacts("ONNX", (".onnx",), True),
    "torchscript": FormFacts("TorchScript", (".pt", ".pth", ".torchscript"), False),
    "exported": FormFacts("torch.export", (".pt2",), False),
}

UPLOADED = tuple(suffix for facts in FORMS.values() if facts.data_only for suffix in facts.suffixes)
"""Suffixes a browser may send."""


def form_of(path: Path) -> ModelForm:
    """The form of a file or folder.

    Raises:
        UnsupportedFileError: it is of no known form.
    """
    if path.is_dir():
        if (path / "config.json").is_file():
            return "hugging-face"
        raise UnsupportedFileError(
            f"A model folder must hold config.json and safetensors as save_pretrained writes them; "
            f"{path.name!r:.80} holds no config.json. Name the model file itself."
        )
    suffix = path.suffix.lower()
    if suffix in (".pt2", ".gguf", ".onnx"):
        return {".pt2": "exported", ".gguf": "gguf", ".onnx": "onnx"}[suffix]  # type: ignore[return-value]
    if suffix in FORMS["torchscript"].suffixes and _members(path) & {"code", "constants.pkl"}:
        return "torchscript"
    if suffix in FORMS["weights"].suffixes:
        return "weights"
    known = ", ".join(dict.fromkeys(s for facts in FORMS.values() for s in facts.suffixes))
    raise UnsupportedFileError(
        f"A model file must end with one of {known}; {path.name!r:.80} does not. Rename it, or "
        "save it in one of these forms."
    )


def _members(path: Path) -> set[str]:
    """Second parts of the names in a zip archive; empty where the file is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.split("/")[1] for name in archive.namelist() if "/" in name}
    except (OSError, zipfile.BadZipFile):
        return set()


def refuse_code(form: ModelForm) -> None:
    """Refuse a form whose loading can run code, for files that a browser sent.

    Raises:
        UnsupportedFileError: loading this form can run code; says how to convert it.
    """
    if FORMS[form].data_only:
        return
    raise UnsupportedFileError(
        f"A file from the browser must be data only, and loading {FORMS[form].title} can run code; "
        "save its weights with safetensors.torch.save_file(model.state_dict(), path) and upload "
        "those, or export it to ONNX, or name the file on the command line: "
        "quantscope add NAME --model FILE --data DATA."
    )
