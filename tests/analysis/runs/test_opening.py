import numpy as np
import pytest

from analysis.errors import UnknownWorkloadError, WorkloadError
from analysis.runs.opening import Limits, store_upload
from analysis.workloads.cases.folders import CaseFacts, find_case, uploads_dir
from analysis.workloads.cases.sent import SentFile, sent_case
from tests.uploads import digit_arrays, model_bytes, npz_bytes

MODEL = SentFile("net.safetensors", model_bytes("digits-mlp"))
DATA = SentFile("set.npz", npz_bytes(**digit_arrays(40)))

pytestmark = pytest.mark.slow


def stored(model=MODEL, data=DATA, limits=None):
    case, files = sent_case([model], data, architecture="digits-mlp")
    return case, list(store_upload(case, files, *([] if limits is None else [limits])))


def test_a_worker_opens_an_upload_before_it_is_stored():
    case, told = stored()
    *doing, facts = told
    assert doing and all(isinstance(words, str) for words in doing)
    assert isinstance(facts, CaseFacts)
    assert (facts.samples, facts.parameters, facts.layers, facts.metric) == (40, 6570, 3, "top1")
    assert find_case(case.source).facts == facts


def test_what_cannot_be_opened_is_one_sentence_and_not_stored():
    wrong = SentFile("set.npz", npz_bytes(x=np.zeros((40, 5)), y=np.zeros(40, dtype=int)))
    with pytest.raises(WorkloadError, match="Images must be uint8"):
        stored(data=wrong)
    assert list(uploads_dir().iterdir()) == []


BIG = SentFile(
    "set.npz",
    npz_bytes(x=np.zeros((4_000_000, 1, 8, 8), np.uint8), y=np.zeros(4_000_000, np.uint8)),
)
"""A quarter of a GiB in a small archive; four times that as float32."""


@pytest.mark.parametrize(
    ("data", "limits", "sentence"),
    [
        (BIG, Limits(memory_bytes=1024**3), "must fit into the memory that the server lends"),
        (DATA, Limits(cpu_seconds=1), "1 s of computing, and this took more"),
        (DATA, Limits(seconds=0.2), r"must end within 0 s"),
    ],
    ids=["memory", "cpu", "clock"],
)
def test_a_limit_ends_the_worker_with_one_sentence(data, limits, sentence):
    with pytest.raises(WorkloadError, match=sentence):
        stored(data=data, limits=limits)
    case, _ = sent_case([MODEL], data, architecture="digits-mlp")
    with pytest.raises(UnknownWorkloadError):
        find_case(case.source)
