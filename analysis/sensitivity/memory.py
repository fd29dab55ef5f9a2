"""How much memory a sweep will take, told before it starts; torch-free.

Only the large things are counted: what a chunk leaves behind in the modules, the outputs in
float64, tables of weight errors, quantised weights, and the rows that are kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.errors import WorkloadError
from analysis.layers import Layer
from analysis.profiles import MemoryFigures
from analysis.sensitivity.chunks import chunk_size
from analysis.sensitivity.points import Method

WEIGHT_CACHE_BYTES = 512 << 20
"""Quantised weights that are kept; beyond, they are made anew each time."""

WAITING_BYTES = 32 << 20
"""Gradients of the sketch that wait for their products; those of one pass may always."""

MOST_WAITING = 4
"""Backward passes that wait; more would not make a table's reading any cheaper."""

CANDIDATE_BYTES = 1 << 30
"""Errors of candidates held at once; beyond, the sketch that chooses runs more than once."""

_CANDIDATES = 26
"""Specs tried for each weight and width where the best is chosen."""

_BINS_BYTES = 4 << 14
"""The error table of one spec of one input."""

_RECORDED = 2.0
"""The record of a chunk, and the outputs of the forward that runs beside it."""

_OUTPUTS = 8 * 8
"""Bytes for each value of a chunk's output: some eight arrays of float64 live at once."""

_DIRECTION_BYTES = 64 << 20
"""Random directions that are kept for the cells of a chunk; see `kept_shift`."""

FULL_COLUMNS = 32
"""Shifts of outputs of at most so many values are kept whole; larger ones as random projections."""

PROJECTIONS = 8

_FIGURE_BYTES, _SHIFT_BYTES = 8 * 4, 12
"""For each cell and sample divergence and statistics, and its shift in single and double."""

_SKETCH_SAMPLES = 3 * 8
"""A mini-batch of at most 8 samples, with what its backward holds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What decides about the memory of a sweep.

    Attributes:
        weight_options, input_options: specs of each tensor that is swept.
        chosen: whether specs are chosen before.
        samples: size of the sweep set.
    """

    weight_options: int
    input_options: int
    chosen: bool
    samples: int
    method: Method
    workers: int = 1


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Expected peak memory.

    Attributes:
        held: of a process with torch, the model and its data.
        working: what a sweep takes on top of it, in each process.
        rows: what the first process keeps of all cells.
        workers: processes.
    """

    held: int
    working: int
    rows: int
    workers: int

    @property
    def total(self) -> int:
        """Of all processes."""
        return self.workers * (self.held + self.working) + self.rows

    def sentence(self, free: int) -> str:
        """What is expected, beside the bytes that are free, for people."""
        those = f"{self.workers} workers" if self.workers > 1 else "one worker"
        return f"About {size_text(self.total)} of memory with {those}; {size_text(free)} are free."


def expected_memory(known: MemoryFigures, layers: Iterable[Layer], asked: Asked) -> MemoryNeed:
    """What a sweep should take at its peak, from what one forward of the model left behind."""
    net = tuple(layers)
    weights = 4 * sum(layer.parameters for layer in net)
    inputs = sum(layer.has_input for layer in net)
    chunk = min(chunk_size(net), asked.samples)
    tables = asked.weight_options * weights + asked.input_options * inputs * _BINS_BYTES
    working = 0.0
    if asked.method != "sketch":
        outputs = chunk * known.output_values
        working = _RECORDED * chunk * known.activation_bytes + _OUTPUTS * outputs
        working += min(WEIGHT_CACHE_BYTES, asked.weight_options * weights)
        working += min(_DIRECTION_BYTES, 64 * outputs)
    if asked.method in ("sketch", "anytime") or asked.chosen:
        waiting = weights * waiting_passes(net)
        working = max(working, _SKETCH_SAMPLES * known.activation_bytes) + tables + waiting
    if asked.chosen:
        working += min(CANDIDATE_BYTES, _CANDIDATES * tables)
    kept = known.output_values if known.output_values <= FULL_COLUMNS else PROJECTIONS
    row = _FIGURE_BYTES + _SHIFT_BYTES * kept
    cells = asked.weight_options * len(net) + asked.input_options * inputs
    return MemoryNeed(known.held_bytes, int(working), cells * asked.samples * row, asked.workers)


def waiting_passes(layers: Iterable[Layer]) -> int:
    """Backward passes of a sketch whose gradients may wait for their products."""
    size = 4 * sum(layer.parameters for layer in layers)
    return max(1, min(MOST_WAITING, WAITING_BYTES // max(size, 1)))


def check_memory(need: MemoryNeed, free: int, *, held: int = 0) -> None:
    """Refuse a sweep that would not fit.

    Args:
        need: of the sweep.
        free: bytes that processes can still take.
        held: bytes of the need that this process holds already.

    Raises:
        WorkloadError: it would not; says by how much, and what to do.
    """
    more = need.total - held
    if more <= free:
        return
    each = need.held + need.working
    fitting = min((free + held - need.rows) // max(each, 1), need.workers - 1)
    if fitting >= 1:
        remedy = f"take {fitting} worker{'s' if fitting > 1 else ''}, for which it is enough"
    else:
        remedy = (
            "sweep fewer widths, take the sketch, make samples smaller, or use a larger machine"
        )
    raise WorkloadError(
        f"This sweep needs about {size_text(more)} of memory and {size_text(free)} are free; "
        f"{remedy}."
    )


def size_text(count: int) -> str:
    """Bytes for people."""
    return f"{count / 2**20:,.0f} MiB" if count < 10 << 30 else f"{count / 2**30:,.1f} GiB"
