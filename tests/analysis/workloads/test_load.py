from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from analysis.errors import UnknownWorkloadError
from analysis.workloads.architectures import ARCHITECTURE_FORMS
from analysis.workloads.cases.folders import CaseFacts, publish, staged
from analysis.workloads.cases.sent import SentFile, sent_case
from analysis.workloads.catalogue import built_in_names, catalogue
from analysis.workloads.load import load_workload
from analysis.workloads.workload import Workload
from tests.uploads import digit_arrays, model_bytes, npz_bytes

CASE = Path(__file__).parents[2] / "fixtures" / "my_case.py"


def images_of(batches: Any) -> np.ndarray:
    return torch.cat([inputs for inputs, _ in batches]).numpy()


def float_top1(workload: Workload) -> float:
    right = count = 0
    with torch.no_grad():
        for inputs, target in workload.evaluation:
            assert isinstance(inputs, torch.Tensor)
            right += int((workload.model(inputs).argmax(1) == target).sum())
            count += len(inputs)
    return right / count


@pytest.mark.parametrize(("source", "floor"), [("fashion-mnist", 0.90), ("digits", 0.97)])
def test_shipped_weights_are_as_good_as_stated(source, floor):
    assert float_top1(load_workload(source)) >= floor


def test_sizes_of_the_demo_parts():
    workload = load_workload("fashion-mnist")
    parts = (workload.calibration, workload.sweep, workload.evaluation)
    assert [images_of(part).shape for part in parts] == [
        (256, 1, 28, 28),
        (768, 1, 28, 28),
        (2000, 1, 28, 28),
    ]


@pytest.mark.parametrize("source", built_in_names())
def test_no_image_stands_twice_in_or_between_the_parts(source):
    workload = load_workload(source)
    images = np.concatenate(
        [images_of(part) for part in (workload.calibration, workload.sweep, workload.evaluation)]
    )
    assert len({image.tobytes() for image in images}) == len(images)


@pytest.mark.parametrize("entry", catalogue(), ids=built_in_names())
def test_built_in_says_what_it_is(entry):
    workload = load_workload(entry.name)
    assert workload.name == workload.source == entry.source
    assert workload.description == entry.description
    assert len(workload.classes) == ARCHITECTURE_FORMS[entry.architecture].classes
    assert sum(value.numel() for value in workload.model.parameters()) == entry.parameters


def test_a_factory_is_loaded_from_its_file():
    assert load_workload(f"{CASE}:make").source == f"{CASE.resolve()}:make"


def test_an_upload_is_loaded_with_its_three_parts():
    case, files = sent_case(
        [SentFile("net.safetensors", model_bytes("digits-mlp"))],
        SentFile("set.npz", npz_bytes(**digit_arrays(40))),
        architecture="digits-mlp",
    )
    with staged(case, files) as part:
        publish(part, case, CaseFacts(40, 6570, 3, "", "top1"))
    workload = load_workload(case.source)
    assert (workload.name, workload.source) == ("net · set", case.source)
    parts = (workload.calibration, workload.sweep, workload.evaluation)
    assert [len(images_of(part)) for part in parts] == [10, 10, 20]


@pytest.mark.parametrize("source", ["mnist", "", "my_case.py", "my_case.txt:make", "../x"])
def test_unknown_source_is_answered_with_the_known_forms(source):
    with pytest.raises(UnknownWorkloadError, match=r"fashion-mnist, digits.*my_case\.py:make"):
        load_workload(source)


@pytest.mark.parametrize("source", ["upload:../../etc", "upload:", "upload:" + "0" * 24])
def test_unknown_upload_is_refused(source):
    with pytest.raises(UnknownWorkloadError, match="This upload does not exist"):
        load_workload(source)
