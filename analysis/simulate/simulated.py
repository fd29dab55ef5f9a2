"""A whole recipe simulated: fake-quantised weights and inputs, in float arithmetic."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor

from analysis.layers import Layer
from analysis.quant.dynamic import fake_quantize_as_it_comes
from analysis.quant.fake import fake_quantize_tensor
from analysis.quant.qparams import activation_qparams
from analysis.quant.spec import QuantSpec
from analysis.recipe import Recipe
from analysis.simulate.calibration import Ranges, calibrate
from analysis.simulate.patches import input_channel_axis
from analysis.simulate.quantized import (
    QuantizedWeight,
    WeightMaker,
    in_place,
    quantized_weight,
)
from analysis.simulate.substitution import (
    Transform,
    input_transforms,
    quiet_inference,
)
from analysis.workloads.subject import Subject
from analysis.workloads.workload import Inputs, call_model

Forward = Callable[[Inputs], Tensor]


def input_quantizer(subject: Subject, ranges: Ranges, layer: Layer, spec: QuantSpec) -> Transform:
    """A function that fake-quantises a layer's input, with its range from calibration or its own.

    Raises:
        KeyError: the range is one from calibration, which did not watch the layer.
    """
    if spec.at_run_time:
        axis = input_channel_axis(subject.model.get_submodule(layer.module))
        return lambda value: fake_quantize_as_it_comes(value, spec, axis)
    qparams = activation_qparams(ranges[layer.name], spec)
    return lambda value: fake_quantize_tensor(value, qparams, spec.format)


def ranges_for(subject: Subject, recipe: Recipe) -> Ranges:
    """Calibrate just the layers whose input takes a fixed range; empty where there is none."""
    specs = {name: config.activation for name, config in recipe.layers.items()}
    wanted = [
        layer
        for layer in subject.layers
        if (spec := specs.get(layer.name)) is not None and not spec.at_run_time
    ]
    return calibrate(subject, wanted) if wanted else {}


@contextmanager
def simulated(
    subject: Subject,
    recipe: Recipe | None,
    *,
    ranges: Ranges | None = None,
    weight: WeightMaker | None = None,
) -> Iterator[Forward]:
    """A forward function of the model under a recipe; None is the float model.

    The model's own tensors are never written to; hooks are gone when the context ends, also after
    an error.

    Args:
        subject: what is analysed.
        recipe: which tensor is quantised how.
        ranges: what calibration saw, where it is known already; None calibrates what is needed.
        weight: makes a quantised weight, such as `WeightCache.get`; None makes each one anew.

    Raises:
        RecipeMismatchError: the recipe belongs to another model.
    """
    if recipe is None:
        with quiet_inference(subject):
            yield lambda inputs: subject.take(call_model(subject.model, inputs))
        return
    recipe.check(subject.fingerprint, frozenset(layer.name for layer in subject.layers))
    if ranges is None:
        ranges = ranges_for(subject, recipe)
    weights: dict[Layer, QuantizedWeight] = {}
    transforms: dict[str, Transform] = {}
    for layer in subject.layers:
        config = recipe.layers.get(layer.name)
        if config is None:
            continue
        if config.weight is not None:
            weights[layer] = (
                quantized_weight(subject, layer, config.weight)
                if weight is None
                else weight(layer, config.weight)
            )
        if config.activation is not None and layer.has_input:
            transforms[layer.module] = input_quantizer(subject, ranges, layer, config.activation)
    with (
        quiet_inference(subject),
        input_transforms(subject.model, transforms),
        in_place(subject, weights),
    ):
        yield lambda inputs: subject.take(call_model(subject.model, inputs))
