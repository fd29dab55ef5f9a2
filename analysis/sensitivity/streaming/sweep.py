"""The streamed sketch: two passes over the weights, half a block in memory at a time.

The forward pass keeps the hidden state between the halves; the backward pass loads each half again,
recomputes it from its kept input, and passes the gradient on. Whatever is computed is computed by
the operations of the whole model in its order, sample by sample, so that the scores are those of
`SketchStage` bit by bit (METHODS 4.2).
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from analysis.errors import OptionError
from analysis.quant.spec import WEIGHT_SPEC, QuantSpec, check_weight_spec
from analysis.sensitivity.clock import Clock
from analysis.sensitivity.draw import Draw, draw_samples
from analysis.sensitivity.gathered import Gathered
from analysis.sensitivity.points import (
    DEFAULT_BITS,
    Cell,
    CellSamples,
    SweepCost,
    SweepPoint,
    SweepSetup,
)
from analysis.sensitivity.single_thread import on_one_thread
from analysis.sensitivity.sketch import ROWS, SHARE, batch_plan, sketch_size
from analysis.sensitivity.streaming.backward import Plan, half_effects
from analysis.sensitivity.streaming.forward import (
    HeadRun,
    embed,
    run_half,
    run_head,
    start_gradients,
)
from analysis.sensitivity.streaming.halves import halves
from analysis.sensitivity.streaming.head import load_head
from analysis.sensitivity.streaming.hidden import HiddenStates, hidden_states
from analysis.sensitivity.streaming.source import StreamSource

Row = tuple[CellSamples, SweepPoint]

MOST_WINDOWS = 2 * ROWS * SHARE - 1
"""With more, the sketch of the whole model takes mini-batches of several."""


@dataclass(slots=True, eq=False)
class StreamedSweep:
    """An iterator of points, layer by layer from the last to the first.

    Attributes:
        fraction: share of the planned work that is done.
        notes: what the user should know; speed and outlook once it has ended.
    """

    source: StreamSource
    specs: tuple[QuantSpec, ...]
    seed: int
    fingerprint: str
    fraction: float = field(default=0.0, init=False)
    notes: list[str] = field(default_factory=list, init=False)
    _setup: SweepSetup | None = field(default=None, init=False)
    _clock: Clock = field(default_factory=Clock, init=False)

    def __iter__(self) -> Iterator[SweepPoint]:
        for _, point in self.measurements():
            yield point

    @property
    def cost(self) -> SweepCost:
        """What it took so far."""
        return self._clock.cost(self._planned * self.fraction)

    @property
    def setup(self) -> SweepSetup:
        """The model as the sweep sees it; the float figures are there once the forward pass is."""
        return self._setup or self._described({})

    @property
    def _directions(self) -> int:
        return batch_plan(sketch_size(len(self.source.windows.tokens)))[1]

    @property
    def _planned(self) -> float:
        """Forwards of the sweep set: one, and for each drawn sample one more and its backwards."""
        drawn = sketch_size(len(self.source.windows.tokens)) / len(self.source.windows.tokens)
        return 1 + drawn * (1 + 2 * self._directions)

    def measurements(self) -> Generator[Row, None, None]:
        """What was newly estimated, with its point; on one torch thread."""
        with closing(on_one_thread(self._measurements())) as made:
            yield from made

    def _measurements(self) -> Generator[Row, None, None]:
        samples, length = self.source.windows.tokens.shape
        parts = list(halves(self.source))
        with hidden_states((1, length, self.source.config.width)) as states:
            embed(self.source, states)
            for half in parts:
                run_half(self.source, half, states)
                self.fraction = (half.number + 1) / len(parts) / self._planned
            found, draw = self._turn(states, parts[-1].number + 1)
            self._setup = self._described(found.reference)
            largest = max(layer.parameters for layer in self.source.layers)
            room = torch.empty(len(self.specs) * largest)
            plan = Plan(self.specs, draw, self._directions, room)
            gathered = Gathered(
                self._setup, self.source.windows.metric, {"sketch": len(draw.indices)}
            )
            for half in reversed(parts):
                effects = half_effects(self.source, half, plan, states)
                share = (len(parts) - half.number) / len(parts)
                self.fraction = (1 + (self._planned - 1) * share) / self._planned
                rows = list(self._rows(effects, len(draw.indices)))
                for row in rows:
                    gathered.add(row)
                yield from zip(rows, gathered.points([row.cell for row in rows]), strict=True)
        self.notes.extend(self._outlook(samples * length))

    def _turn(self, states: HiddenStates, last: int) -> tuple[HeadRun, Draw]:
        """The head, once: float figures of all samples, then gradients of the drawn ones."""
        head = load_head(self.source, states.folder)
        found = run_head(head, last, states)
        draw = draw_samples(found.impurity, sketch_size(len(found.impurity)), self.seed)
        start_gradients(head, last, draw, (self._directions, self.seed), states)
        return found, draw

    def _rows(self, effects: Mapping[str, Tensor], samples: int) -> Iterator[CellSamples]:
        for name, table in effects.items():
            for spec, column in zip(self.specs, table.T.numpy(), strict=True):
                yield CellSamples(
                    Cell(name, "weight", spec.label),
                    0,
                    divergence=0.5 * column**2,
                    statistics=np.empty((len(column), 0)),
                    stage="sketch",
                    shifts=column.astype(np.float32)[:, None],
                    samples=samples,
                )

    def _described(self, reference: Mapping[str, float]) -> SweepSetup:
        source, metric = self.source, self.source.windows.metric
        cells = (Cell(x.name, "weight", spec.label) for x in source.layers for spec in self.specs)
        return SweepSetup(
            workload=source.name,
            fingerprint=self.fingerprint,
            method="sketch",
            layers=source.layers,
            other_bytes=source.other_bytes,
            divergence="kl",
            metric=metric.name if metric and source.windows.targets is not None else None,
            direction=metric.direction if metric else "higher",
            reference=dict(reference),
            cells=tuple(cells),
            samples=len(source.windows.tokens),
        )

    def _outlook(self, tokens: int) -> Iterator[str]:
        seconds, weights = self.cost.seconds, sum(x.parameters for x in self.source.layers)
        hours = seconds * 7e9 / weights / 3600
        yield (
            f"Streamed: {tokens:,} tokens in {seconds:.0f} s, {tokens / seconds:.0f} tokens a "
            f"second, at {weights / 1e6:.0f} M weights in {len(self.source.layers)} layers. Work "
            f"grows with weights and tokens, so 7 billion weights take about {hours:.1f} hours "
            "here for as many tokens. The embedding table and the output layer stay in float."
        )


def stream_sweep(
    source: StreamSource,
    *,
    bits: Sequence[int] = DEFAULT_BITS,
    weight_spec: QuantSpec = WEIGHT_SPEC,
    seed: int = 0,
) -> StreamedSweep:
    """The sketch of a decoder's linear layers without ever holding more than half a block.

    Args:
        source: the folder and the token windows.
        bits: widths from 2 to 16.
        weight_spec: taken at each width; one that rounds to nearest and corrects no bias.
        seed: of the random signs and draws; same seed, same result.

    Raises:
        OptionError: the spec needs the inputs of the layers.
        WorkloadError: the folder is of another kind of model.
    """
    check_weight_spec(weight_spec)
    if weight_spec.needs_inputs:
        raise OptionError(
            f"A streamed sweep quantises weights without their inputs; {weight_spec.label!r} needs "
            "them. Leave out gptq and +bias."
        )
    count = len(source.windows.tokens)
    if batch_plan(sketch_size(count))[0] != 1:
        raise OptionError(
            f"A streamed sweep runs window by window and takes at most {MOST_WINDOWS} of them, not "
            f"{count:,}; give fewer."
        )
    specs = tuple(weight_spec.with_bits(width) for width in sorted(set(bits)))
    return StreamedSweep(source, specs, seed, source.fingerprint())
