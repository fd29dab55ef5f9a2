import pytest

from analysis.errors import UnknownWorkloadError, UnsupportedFileError
from analysis.workloads.cases import sent
from analysis.workloads.cases.sent import SentFile, sent_case

MODEL = SentFile("net.safetensors", b"weights")
DATA = SentFile("set.npz", b"arrays")


def case_of(*model: SentFile, data: SentFile = DATA, architecture: str = "digits-mlp"):
    return sent_case(model, data, architecture=architecture)


def test_files_lie_under_names_of_our_own():
    case, files = case_of(SentFile("../../etc/passwd.pt", b"w"), data=SentFile("<b>.csv", b"d"))
    assert set(files) == {"model.pt", "data.csv"}
    assert (case.model.path, case.data.path) == ("model.pt", "data.csv")
    assert (case.model.shown, case.data.shown) == ("passwd.pt", "_b_.csv")


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.safetensors", "weights"), ("a.PTH", "weights"), ("a.onnx", "onnx"), ("a.gguf", "gguf")],
)
def test_the_ending_tells_the_form(name, form):
    case, _ = case_of(SentFile(name, b"x"))
    assert case.model.form == form
    assert bool(case.model.architecture) == (form == "weights")


def test_safetensors_with_a_config_are_a_hugging_face_folder():
    case, files = case_of(MODEL, SentFile("config.json", b"{}"), SentFile("tokenizer.json", b"{}"))
    assert (case.model.form, case.model.path) == ("hugging-face", ".")
    assert set(files) == {"model.safetensors", "config.json", "tokenizer.json", "data.npz"}


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ([SentFile("a.pt2", b"x")], r"torch\.export can run code; save its weights"),
        ([SentFile("a.torchscript", b"x")], "TorchScript can run code; save its weights"),
        ([SentFile("a.pkl", b"x")], r"must end with one of \.safetensors"),
        ([SentFile("a.safetensors", b"")], "model file must hold 1 byte to 200 MiB"),
        ([MODEL, MODEL], "There must be one model file; there are 2"),
        ([], "There must be one model file; there are 0"),
        ([MODEL, SentFile("evil.json", b"{}")], r"evil\.json is none of them"),
    ],
)
def test_what_a_browser_may_not_send_is_refused(model, sentence):
    with pytest.raises(UnsupportedFileError, match=sentence):
        case_of(*model)


def test_a_file_beyond_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(sent, "MAX_FILE_BYTES", 6)
    with pytest.raises(UnsupportedFileError, match="model file must hold"):
        case_of(MODEL)


@pytest.mark.parametrize("data", ["set.pkl", "set", "make.py:make"])
def test_data_of_other_endings_are_refused(data):
    with pytest.raises(UnsupportedFileError, match="data file must end with"):
        case_of(MODEL, data=SentFile(data, b"x"))


@pytest.mark.parametrize("text", ["resnet", "", "timm:../x", "timm:hf-hub:a/b"])
def test_an_unknown_architecture_is_refused(text):
    with pytest.raises(UnknownWorkloadError, match="architecture must be one of"):
        case_of(MODEL, architecture=text)


def test_a_folder_of_the_server_is_no_architecture():
    with pytest.raises(UnsupportedFileError, match=r"must come with its config\.json"):
        case_of(MODEL, architecture="hf:/etc")
