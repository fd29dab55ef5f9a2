"""Nothing that a browser sends runs code, ends the server or is taken when it lies."""

import importlib
import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from analysis.errors import WorkloadError
from analysis.runs.opening import USUAL, store_upload
from analysis.runs.opening_worker import _answer, limit
from analysis.workloads.cases.folders import CaseFacts, staged, uploads_dir
from analysis.workloads.cases.sent import sent_case
from tests.hostile.corpus import GOOD_DATA, GOOD_MODEL, Hostile, hostile

pytestmark = pytest.mark.slow

# what the forked workers need is imported once
for _name in (
    *("analysis.workloads.cases.opened", "analysis.workloads.models.onnx_file"),
    *("transformers", "gguf", "pyarrow.parquet", "pandas"),
):
    with suppress(ImportError):
        importlib.import_module(_name)


@pytest.fixture(scope="module")
def marker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "marker"


@pytest.fixture(scope="module")
def corpus(marker: Path) -> dict[str, Hostile]:
    return dict(hostile(marker, marker.parent))


def said_by_worker(folder: Path) -> dict[str, str]:
    """What the opening worker answers; forked here, so that torch is imported once for all."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            limit(USUAL.memory_bytes, 20)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            answer = _answer(folder, lambda **_: None)
        except BaseException as error:  # noqa: BLE001  (whatever it is, the test shall see it)
            answer = {"escaped": repr(error)[:200]}
        os.write(theirs, json.dumps(answer).encode()[:4000])
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as answers:
        text = answers.read()
    _, status = os.waitpid(child, 0)
    return json.loads(text) if text else {"ended": str(status)}


def refusal(files: Hostile) -> str:
    """The sentence a person reads; empty where the files were taken."""
    try:
        case, contents = sent_case(files.model, files.data, architecture="digits-mlp")
    except WorkloadError as error:
        return str(error)
    with staged(case, contents) as part:
        answer = said_by_worker(part)
    # an ended worker is a sentence of `opening`, see its own tests
    return answer.get("error", "") or answer.get("ended", "")


def test_the_good_files_of_the_corpus_are_taken() -> None:
    assert refusal(Hostile()) == ""


def test_every_hostile_file_is_refused_and_none_makes_its_marker(
    corpus: dict[str, Hostile], marker: Path
) -> None:
    said = {name: refusal(files) for name, files in corpus.items()}
    taken = [name for name, sentence in said.items() if not sentence]
    assert taken == []
    assert len(said) >= 50
    assert not marker.exists()
    assert all("<" not in sentence for sentence in said.values())
    assert list(uploads_dir().iterdir()) == []


@pytest.mark.parametrize("name", ["pickle beside tensors", "program called a.pt", "arrays: bomb"])
def test_the_real_worker_answers_in_one_sentence(
    corpus: dict[str, Hostile], marker: Path, name: str
) -> None:
    files = corpus[name]
    case, contents = sent_case(files.model, files.data, architecture="digits-mlp")
    with pytest.raises(WorkloadError) as caught:
        list(store_upload(case, contents))
    assert str(caught.value).endswith(".")
    assert "Traceback" not in str(caught.value)
    assert not marker.exists()


def test_after_them_a_good_upload_is_opened(corpus: dict[str, Hostile]) -> None:
    case, contents = sent_case([GOOD_MODEL], GOOD_DATA, architecture="digits-mlp")
    assert isinstance(list(store_upload(case, contents))[-1], CaseFacts)
