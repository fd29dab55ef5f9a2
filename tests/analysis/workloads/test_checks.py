from collections.abc import Iterator

import pytest
import torch
from torch import nn

from analysis.errors import ModelError, OptionError, WorkloadError
from analysis.metrics import Top1
from analysis.workloads.checks import check_weights, check_workload
from analysis.workloads.workload import Workload

BATCH = (torch.zeros(4, 6), torch.zeros(4, dtype=torch.long))


class Broken:
    """A data set whose samples cannot be read."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __iter__(self) -> Iterator[object]:
        raise self.error


def workload(**changes):
    fields = {
        "name": "case",
        "model": nn.Linear(6, 3),
        "calibration": [BATCH],
        "evaluation": [BATCH],
        "metric": Top1(),
    }
    return Workload(**{**fields, **changes})


INPUTS = torch.zeros(4, 6)
GOOD = {
    "tuple of two": {},
    "list of two, as a DataLoader gives": {"calibration": [list(BATCH)]},
    "DataLoader": {
        "evaluation": torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*BATCH))
    },
    "positional inputs": {"calibration": [((INPUTS, INPUTS), BATCH[1])]},
    "keywords": {"calibration": [({"x": INPUTS}, BATCH[1])]},
    "no labels": {
        "metric": None, "calibration": [(INPUTS, None)], "evaluation": [(INPUTS, None)],
    },
    "own sweep set": {"sweep": (BATCH,)},
}  # fmt: skip


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_every_allowed_form_passes(changes):
    check_workload(workload(**changes))


BAD = {
    "empty calibration": ({"calibration": []}, "calibration set must not be empty"),
    "empty evaluation": ({"evaluation": ()}, "evaluation set must not be empty"),
    "empty sweep": ({"sweep": []}, "sweep set must not be empty"),
    "generator": ({"evaluation": (b for b in [BATCH])}, "iterable several times.*generator"),
    "no iterable": ({"calibration": 3}, "iterable several times.*int is not"),
    "tensor as batch": ({"calibration": [INPUTS]}, r"\(inputs, target\).*gives Tensor"),
    "three in a batch": ({"calibration": [(INPUTS, INPUTS, INPUTS)]}, "gives tuple of 3"),
    "dict as batch": ({"calibration": [{"x": INPUTS}]}, "gives dict"),
    "array as inputs": ({"calibration": [(INPUTS.numpy(), BATCH[1])]}, "holds ndarray"),
    "number as target": ({"calibration": [(INPUTS, 3)]}, "holds int"),
    "no sample axis": ({"calibration": [(torch.tensor(1.0), None)], "metric": None}, "sample axis"),
    "no inputs": ({"calibration": [((), BATCH[1])]}, "holds tuple"),
    "other number of targets": (
        {"calibration": [(INPUTS, BATCH[1][:3])]},
        "calibration has 3 and 4 of them",
    ),
    "batch of none": ({"calibration": [(INPUTS[:0], BATCH[1][:0])]}, "calibration has 0"),
    "labels missing": ({"evaluation": [(INPUTS, None)]}, "metric needs targets; the evaluation"),
    "metric of another kind": ({"metric": "top1"}, "str lacks one"),
    "data set that fails": (
        {"calibration": Broken(KeyError("label"))},
        "calibration set must give batches; it fails with KeyError: 'label'",
    ),
}


@pytest.mark.parametrize(("changes", "sentence"), BAD.values(), ids=BAD)
def test_unusable_part_is_one_sentence(changes, sentence):
    with pytest.raises(WorkloadError, match=sentence):
        check_workload(workload(**changes))


def test_our_own_errors_in_a_data_set_pass_as_they_are():
    with pytest.raises(OptionError, match="as raised"):
        check_workload(workload(calibration=Broken(OptionError("as raised"))))


def make_model():
    return nn.Linear(6, 3)


def test_model_must_be_a_module():
    with pytest.raises(ModelError, match=r"torch\.nn\.Module, not function"):
        check_workload(workload(model=make_model))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_model_whose_modules_cannot_be_watched_is_named():
    scripted = nn.Sequential(torch.jit.script(nn.Linear(6, 3)))
    with pytest.raises(ModelError, match=r"0 \(RecursiveScriptModule\) is compiled by TorchScript"):
        check_workload(workload(model=scripted))
    with pytest.raises(ModelError, match="TorchScript, which lets nobody watch its layers"):
        check_workload(workload(model=torch.jit.trace(nn.Linear(6, 3).eval(), INPUTS)))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*quantize_per_tensor")
def test_a_model_that_is_quantised_already_is_named():
    model = nn.Sequential(nn.Linear(6, 3)).eval()
    integer = torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
    with pytest.raises(ModelError, match=r"float weights, and 0 \(Linear\) is quantised already"):
        check_workload(workload(model=integer))


@pytest.mark.parametrize("name", ["1.running_var", "0.bias"])
def test_first_parameter_or_buffer_that_is_not_finite_is_named(name):
    model = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3))
    model.state_dict()[name][:2] = torch.tensor([float("nan"), float("-inf")])
    with pytest.raises(ModelError, match=rf"{name} holds 2 NaN or infinite values of 3"):
        check_weights(model)
