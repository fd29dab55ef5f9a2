"""How much memory one forward leaves behind where every module's output is kept."""

from torch import Tensor
from torch.utils import _pytree as pytree

from analysis.simulate.replay import find_touched, record
from analysis.simulate.substitution import quiet_inference
from analysis.workloads.parts import tensors_of
from analysis.workloads.subject import Subject


def recorded_bytes(subject: Subject) -> tuple[int, int]:
    """Bytes of a recording, and values of the output, of one sample; measured on the probe.

    Outputs that share memory (views, in-place operations) count once.
    """
    with quiet_inference(subject):
        touched = find_touched(subject.model, subject.probe)
        recording = record(subject.model, subject.probe, touched)
        output = subject.take(recording.result)
    sizes: dict[int, int] = {}
    for call in recording.calls:
        for leaf in pytree.tree_leaves(call.output):
            if isinstance(leaf, Tensor):
                storage = leaf.untyped_storage()
                sizes[storage.data_ptr()] = storage.nbytes()
    samples = len(tensors_of(subject.probe)[0])
    return sum(sizes.values()) // samples, output[0].numel()
