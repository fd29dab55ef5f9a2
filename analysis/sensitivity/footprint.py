"""What a model takes of memory, from which follows what its sweeps take."""

import psutil

from analysis.profiles import MemoryFigures
from analysis.sensitivity.memory import MemoryNeed, expected_memory
from analysis.sensitivity.options import SweepOptions
from analysis.simulate.recorded import recorded_bytes
from analysis.workloads.parts import count_samples
from analysis.workloads.subject import Subject


def memory_figures(made: Subject) -> MemoryFigures:
    """What this process holds now, and what one forward of the model leaves behind."""
    activations, outputs = recorded_bytes(made)
    return MemoryFigures(psutil.Process().memory_info().rss, activations, outputs)


def sweep_memory(made: Subject, asked: SweepOptions) -> MemoryNeed:
    """The memory that a sweep by this process should take."""
    samples = count_samples(made.parts.sweep)
    return expected_memory(memory_figures(made), made.layers, asked.memory(samples))
