import zipfile

import pytest

from analysis.errors import UnsupportedFileError
from analysis.workloads.models.form import FORMS, UPLOADED, form_of, refuse_code


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.safetensors", "weights"),
        ("a.PT", "weights"),
        ("a.onnx", "onnx"),
        ("a.gguf", "gguf"),
        ("a.pt2", "exported"),
    ],
)
def test_the_ending_tells_the_form(tmp_path, name, form):
    (tmp_path / name).write_bytes(b"x")
    assert form_of(tmp_path / name) == form


def test_a_torchscript_archive_is_told_from_a_state_dict(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", b"x")
        archive.writestr("net/code/net.py", b"x")
    assert form_of(tmp_path / "net.pt") == "torchscript"


def test_a_folder_needs_a_config(tmp_path):
    with pytest.raises(UnsupportedFileError, match=r"holds no config\.json"):
        form_of(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    assert form_of(tmp_path) == "hugging-face"


@pytest.mark.parametrize("name", ["a.pkl", "a", "a.zip"])
def test_other_endings_are_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UnsupportedFileError, match="must end with one of"):
        form_of(tmp_path / name)


def test_forms_that_can_run_code_are_refused_with_the_way_to_convert_them():
    for form, facts in FORMS.items():
        if facts.data_only:
            refuse_code(form)
        else:
            with pytest.raises(UnsupportedFileError, match=r"save_file.*ONNX.*quantscope add"):
                refuse_code(form)
    assert ".pt2" not in UPLOADED
