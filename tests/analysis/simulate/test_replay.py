import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from analysis.simulate.replay import find_touched, record, replayed
from analysis.simulate.substitution import call_with, quiet_inference
from analysis.workloads.parts import cut_batch
from analysis.workloads.subject import Subject, subject
from tests.nets import NETS, make_workload


def _recorded(made: Subject, inputs):
    touched = find_touched(made.model, inputs)
    return record(made.model, inputs, touched)


@pytest.mark.parametrize("name", NETS)
def test_replay_equals_the_full_forward_for_every_layer(name):
    made = subject(make_workload(name))
    inputs = made.parts.sweep[0][0]
    with quiet_inference(made):
        recording = _recorded(made, inputs)
        clean = made.take(recording.result).clone()
        for layer in made.layers:
            weights = {layer.param: made.model.get_parameter(layer.param) * 0.3}
            whole = made.take(call_with(made.model, weights, inputs))
            with replayed(made.model, recording, recording.cut(layer)) as rewind:
                for _ in range(2):
                    rewind()
                    assert torch.equal(made.take(call_with(made.model, weights, inputs)), whole)
            assert not torch.equal(whole, clean), layer.name
        assert torch.equal(made.take(call_with(made.model, {}, inputs)), clean)


@pytest.mark.parametrize("name", ["branched", "depthwise"])
def test_replay_computes_only_what_comes_after_the_cut(name):
    made = subject(make_workload(name))
    inputs, _ = cut_batch(made.parts.sweep[0], 0, 1)
    macs = [layer.macs for layer in made.layers]
    with quiet_inference(made):
        recording = _recorded(made, inputs)
        for index, layer in enumerate(made.layers):
            with (
                replayed(made.model, recording, recording.cut(layer)) as rewind,
                FlopCounterMode(display=False) as counter,
            ):
                rewind()
                call_with(made.model, {}, inputs)
            assert counter.get_total_flops() == 2 * sum(macs[index:]), layer.name


def test_outputs_that_are_written_to_later_are_found():
    made = subject(make_workload("branched"))
    with quiet_inference(made):
        touched = find_touched(made.model, made.probe)
    assert ("main", 0) in touched
    assert ("shortcut", 0) not in touched


def test_modules_have_their_own_forward_again_after_an_error():
    made = subject(make_workload("branched"))
    with quiet_inference(made):
        recording = _recorded(made, made.probe)
        with (
            pytest.raises(RuntimeError, match="on purpose"),
            replayed(made.model, recording, recording.cut(made.layers[-1])),
        ):
            raise RuntimeError("on purpose")
    assert not any("forward" in vars(module) for module in made.model.modules())
