"""What is asked about each tensor: which of some specs does it take?"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.candidates import allowed_candidates, candidate_specs, widths_of
from analysis.sensitivity.input_bins import TABLE_BYTES_A_SPEC
from analysis.sensitivity.options import SweepOptions
from analysis.sensitivity.points import Cell, Target
from analysis.simulate.evidence import unseen
from analysis.workloads.subject import Subject

Floats = NDArray[np.float64]
Rows = Mapping[Cell, Floats]
"""Divergences of each cell, (rows,)."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which of some specs, min-max first, the weights or inputs of some layers take alike."""

    layers: tuple[Layer, ...]
    target: Target
    specs: tuple[QuantSpec, ...]

    def cells(self, spec: QuantSpec) -> tuple[Cell, ...]:
        """The cells that tell what a spec does, one a layer."""
        return tuple(Cell(layer.name, self.target, spec.label) for layer in self.layers)

    def rows(self, spec: QuantSpec, known: Rows) -> Floats:
        """Divergences that a spec causes, summed over the layers."""
        total: Floats = np.sum([known[cell] for cell in self.cells(spec)], axis=0)
        return total

    @property
    def open(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.specs) > 1

    @property
    def table_bytes(self) -> int:
        """Size of the errors that a sketch of all specs holds."""
        if self.target == "activation":
            return TABLE_BYTES_A_SPEC * len(self.specs) * len(self.layers)
        different = len({spec.without_bias_correction() for spec in self.specs})
        return 4 * different * sum(layer.parameters for layer in self.layers)


def questions_of(made: Subject, asked: SweepOptions) -> list[Question]:
    """What has to be chosen before these tensors can be swept."""
    found: list[Question] = []
    if asked.target != "activation":
        found += weight_questions(made, asked.bits, asked.families("weight"))
    if asked.target != "weight":
        found += input_questions(made, asked.bits, asked.families("activation"))
    return found


def weight_questions(
    made: Subject, bits: Iterable[int], families: Iterable[QuantSpec]
) -> list[Question]:
    """For each decision group, family and width: which spec do its weights take?"""
    groups: dict[str, list[Layer]] = defaultdict(list)
    for layer in made.layers:
        groups[layer.group].append(layer)
    blind = frozenset(layer.name for layer in unseen(made, made.layers))
    wanted = _wanted(bits, families)
    return [
        Question(tuple(layers), "weight", allowed_candidates(layers, blind, width, base))
        for layers in groups.values()
        for width, base in wanted
    ]


def input_questions(
    made: Subject, bits: Iterable[int], families: Iterable[QuantSpec]
) -> list[Question]:
    """For each input that was seen, family and width: which range does it take?"""
    wanted = _wanted(bits, families)
    return [
        Question((layer,), "activation", candidate_specs(width, base, "activation"))
        for layer in made.layers
        if layer.has_input
        for width, base in wanted
    ]


def _wanted(bits: Iterable[int], families: Iterable[QuantSpec]) -> list[tuple[int, QuantSpec]]:
    """Widths and families, narrowest first."""
    pairs = [(width, base) for base in families for width in widths_of(base, sorted(bits))]
    return sorted(pairs, key=lambda pair: pair[0])
