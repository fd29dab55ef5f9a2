"""What calibration tells of the inputs of each weight, for GPTQ and bias correction.

The inputs are those of the float model. Means come for all layers from one pass over the
calibration set; Hessians, which take the square of the columns, for as many layers a pass as the
memory allows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from analysis.layers import Layer
from analysis.quant.evidence import HessianRoot, LayerEvidence
from analysis.quant.spec import QuantSpec
from analysis.simulate.calibration import CALIBRATION_BATCH
from analysis.simulate.patches import multiplies, patches, places_in
from analysis.simulate.substitution import call_with, quiet_inference
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.parts import count_samples
from analysis.workloads.subject import Subject

HESSIAN_BYTES = 512 << 20
"""Hessians held at once; a single larger one is held alone."""

ROWS_A_COLUMN, FEWEST_ROWS = 2, 4096
"""Inputs drawn for a Hessian: enough for its rank, and no more than its error is worth."""

TILE = 512
"""Columns of a Hessian made at once; only those on and above the diagonal are computed."""


@dataclass(slots=True, eq=False)
class _Known:
    """What was collected of one subject so far; the roots are those of the last pass alone."""

    means: dict[str, Tensor | None] = field(default_factory=dict)
    roots: dict[str, HessianRoot] = field(default_factory=dict)

    def lacks_root(self, layer: Layer) -> bool:
        """Whether a pass would bring a Hessian; not so where one showed that there is no input."""
        return layer.name not in self.roots and self.means.get(layer.name, 0) is not None


_KNOWN: "WeakKeyDictionary[Subject, _Known]" = WeakKeyDictionary()


def evidence_for(subject: Subject, layer: Layer, spec: QuantSpec) -> LayerEvidence | None:
    """What a spec needs to know of a layer's inputs.

    Collected when first asked for. The model runs for that, so it must not be inside a forward,
    or patched, at that time.

    Returns:
        None where the spec needs nothing, or the weight is not multiplied with an input that can
        be seen (see `multiplies`): GPTQ is then rounding to nearest, and no bias is corrected.
    """
    if not spec.needs_inputs or not _seen(subject, layer):
        return None
    with subject.lock:
        known = _KNOWN.setdefault(subject, _Known())
        if spec.rounding == "gptq" and known.lacks_root(layer):
            known.roots.clear()
            run = _next_layers(subject, layer)
            means, hessians = _collect(subject, run, hessians=True)
            known.means |= means
            while hessians:
                name, hessian = hessians.popitem()
                known.roots[name] = HessianRoot.of(hessian)
        elif layer.name not in known.means:
            means, _ = _collect(subject, [x for x in subject.layers if _seen(subject, x)])
            known.means |= means
        mean = known.means[layer.name]
        root = known.roots.get(layer.name) if spec.rounding == "gptq" else None
        return None if mean is None else LayerEvidence(mean, root)


def _seen(subject: Subject, layer: Layer) -> bool:
    return multiplies(subject.model.get_submodule(layer.module), layer)


def _blocks_and_columns(subject: Subject, layer: Layer) -> tuple[int, int]:
    module = subject.model.get_submodule(layer.module)
    groups = getattr(module, "groups", 1)
    return groups, layer.parameters // layer.channels


def _next_layers(subject: Subject, first: Layer) -> list[Layer]:
    """The layer, and those after it whose Hessians fit beside its own."""
    chosen: list[Layer] = []
    size = 0
    for layer in subject.layers[subject.layers.index(first) :]:
        if not _seen(subject, layer):
            continue
        blocks, columns = _blocks_and_columns(subject, layer)
        size += 4 * blocks * columns**2
        if chosen and size > HESSIAN_BYTES:
            break
        chosen.append(layer)
    return chosen


@dataclass(slots=True, eq=False)
class _Sums:
    """Running sums over the inputs of one layer.

    Attributes:
        rows: inputs to draw from each sample for the Hessian; 0 makes none.
    """

    module: nn.Module
    blocks: int
    columns: int
    rows: int
    total: Tensor = field(init=False)
    places: int = 0
    hessian: Tensor | None = None
    _generator: torch.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.total = torch.zeros(self.blocks, self.columns, dtype=torch.float64)
        self._generator = torch.Generator().manual_seed(0)
        if self.rows:
            self.hessian = torch.zeros(self.blocks, self.columns, self.columns)

    def add(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Take in the input of one call."""
        given = [*args, *kwargs.values()]
        if isinstance(self.module, nn.MultiheadAttention) and given[1] is not given[0]:
            return  # keys come from elsewhere, and one weight meets two inputs
        x = given[0].detach().float()
        windows = patches(self.module, x)
        leading = windows.shape[: places_in(windows)]
        self.places += leading.numel()
        # Windows are linear in the input: those of the sum over samples tell the mean.
        if len(leading) > 1:
            summed = patches(self.module, x.sum(0, keepdim=True, dtype=torch.float64))
            self.total += summed.sum(tuple(range(len(leading)))).reshape_as(self.total)
        else:
            self.total += windows.sum(0, dtype=torch.float64)
        if self.hessian is not None:
            self._square(windows, leading, samples=len(x))

    def _square(self, windows: Tensor, leading: torch.Size, samples: int) -> None:
        assert self.hessian is not None
        count = leading.numel()
        if count > self.rows * samples:
            drawn = torch.randperm(count, generator=self._generator)[: self.rows * samples]
            windows = windows[torch.unravel_index(drawn, leading)]
        rows = windows.reshape(-1, self.blocks, self.columns).transpose(0, 1)
        for stop in range(TILE, self.columns + TILE, TILE):
            part = rows[:, :, stop - TILE : stop]
            self.hessian[:, :stop, stop - TILE : stop] += rows[:, :, :stop].transpose(1, 2) @ part

    def square(self) -> Tensor:
        """The Hessian, its lower half filled in."""
        assert self.hessian is not None
        upper = self.hessian.triu_()
        upper += upper.triu(1).transpose(1, 2)
        return upper


def _collect(
    subject: Subject, layers: Sequence[Layer], *, hessians: bool = False
) -> tuple[dict[str, Tensor | None], dict[str, Tensor]]:
    """Means of the input columns (None without any), and sums of their products, by layer."""
    samples = count_samples(subject.parts.calibration)
    sums: dict[str, _Sums] = {}
    with temporary_hooks() as handles, quiet_inference(subject):
        for layer in layers:
            module = subject.model.get_submodule(layer.module)
            blocks, columns = _blocks_and_columns(subject, layer)
            wanted = max(FEWEST_ROWS, ROWS_A_COLUMN * columns) if hessians else 0
            watched = _Sums(module, blocks, columns, -(-wanted // samples))
            sums[layer.name] = watched
            handles.append(module.register_forward_pre_hook(_hook(watched), with_kwargs=True))
        for inputs, _ in subject.calibration_batches(CALIBRATION_BATCH):
            call_with(subject.model, {}, inputs)
    means = {name: x.total / x.places if x.places else None for name, x in sums.items()}
    return means, {name: x.square() for name, x in sums.items() if hessians and x.places}


def _hook(sums: _Sums) -> Any:
    def hook(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        sums.add(args, kwargs)

    return hook


def unseen(subject: Subject, layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """Layers whose weight meets no input that can be seen, so that no evidence changes it."""
    return tuple(layer for layer in layers if not _seen(subject, layer))
