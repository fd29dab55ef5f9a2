"""The obvious loop, as an oracle: one full forward of the whole set for every cell."""

import torch

from analysis.quant.fake import fake_quantize_tensor, fake_quantize_weight
from analysis.quant.qparams import activation_qparams
from analysis.sensitivity.points import Cell
from analysis.simulate.calibration import calibrate
from analysis.workloads.parts import tensors_of
from analysis.workloads.subject import Subject


def naive_kl(made: Subject, cell: Cell) -> float:
    """Mean KL over the sweep set with only that cell quantised; weights are set and put back."""
    layer = next(x for x in made.layers if x.name == cell.layer)
    module = made.model.get_submodule(layer.module)
    weight = made.model.get_parameter(layer.param)
    inputs = torch.cat([tensors_of(batch[0])[0] for batch in made.parts.sweep])
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    original = weight.detach().clone()
    with torch.no_grad():
        reference = made.take(made.model(inputs)).double().log_softmax(-1)
        if cell.target == "weight":
            weight.copy_(fake_quantize_weight(original, cell.spec, layer.channel_axis))
            actual = made.take(made.model(inputs))
            weight.copy_(original)
        else:
            qparams = activation_qparams(calibrate(made)[layer.name], cell.spec)
            handle = module.register_forward_pre_hook(
                lambda _m, args: (
                    fake_quantize_tensor(args[0], qparams, cell.spec.format),
                    *args[1:],
                )
            )
            actual = made.take(made.model(inputs))
            handle.remove()
    torch.backends.mha.set_fastpath_enabled(fast)
    terms = (reference.exp() * (reference - actual.double().log_softmax(-1))).sum(-1)
    return float(terms.reshape(len(terms), -1).mean())
