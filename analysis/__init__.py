"""Quantscope's library: find layers, sweep, allocate, score.

The public names are resolved on first use, so that `import analysis` needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis import metrics
    from analysis.allocation.allocate import allocate
    from analysis.allocation.budget import Budget, Choice
    from analysis.allocation.constraints import ChangeCost, Constraints, Forbidden
    from analysis.allocation.regroup import regroup
    from analysis.errors import AnalysisError
    from analysis.hardware.catalogue import profile
    from analysis.hardware.check import check_recipe
    from analysis.inspection import inspect_workload
    from analysis.quant.spec import IntFormat, PerChannel, PerGroup, PerTensor, QuantSpec
    from analysis.recipe import LayerConfig, Recipe, load_recipe, save_recipe
    from analysis.scoring import measure, score
    from analysis.sensitivity.heads.scoring import score_heads
    from analysis.sensitivity.points import Sensitivities, SweepPoint
    from analysis.sensitivity.sweep import sweep
    from analysis.workloads.data.form import Arrays, Columns, DataOptions, Pictures, Split, Text
    from analysis.workloads.data.read import read_data
    from analysis.workloads.discovery import find_layers
    from analysis.workloads.load import load_workload
    from analysis.workloads.workload import Workload

_HOMES = {
    "AnalysisError": "analysis.errors",
    "Arrays": "analysis.workloads.data.form",
    "Budget": "analysis.allocation.budget",
    "ChangeCost": "analysis.allocation.constraints",
    "Choice": "analysis.allocation.budget",
    "Columns": "analysis.workloads.data.form",
    "Constraints": "analysis.allocation.constraints",
    "DataOptions": "analysis.workloads.data.form",
    "Forbidden": "analysis.allocation.constraints",
    "IntFormat": "analysis.quant.spec",
    "LayerConfig": "analysis.recipe",
    "PerChannel": "analysis.quant.spec",
    "PerGroup": "analysis.quant.spec",
    "PerTensor": "analysis.quant.spec",
    "Pictures": "analysis.workloads.data.form",
    "QuantSpec": "analysis.quant.spec",
    "Recipe": "analysis.recipe",
    "Sensitivities": "analysis.sensitivity.points",
    "Split": "analysis.workloads.data.form",
    "SweepPoint": "analysis.sensitivity.points",
    "Text": "analysis.workloads.data.form",
    "Workload": "analysis.workloads.workload",
    "allocate": "analysis.allocation.allocate",
    "check_recipe": "analysis.hardware.check",
    "find_layers": "analysis.workloads.discovery",
    "inspect_workload": "analysis.inspection",
    "load_recipe": "analysis.recipe",
    "load_workload": "analysis.workloads.load",
    "measure": "analysis.scoring",
    "profile": "analysis.hardware.catalogue",
    "read_data": "analysis.workloads.data.read",
    "regroup": "analysis.allocation.regroup",
    "save_recipe": "analysis.recipe",
    "score": "analysis.scoring",
    "score_heads": "analysis.sensitivity.heads.scoring",
    "sweep": "analysis.sensitivity.sweep",
}

__all__ = [
    "AnalysisError",
    "Arrays",
    "Budget",
    "ChangeCost",
    "Choice",
    "Columns",
    "Constraints",
    "DataOptions",
    "Forbidden",
    "IntFormat",
    "LayerConfig",
    "PerChannel",
    "PerGroup",
    "PerTensor",
    "Pictures",
    "QuantSpec",
    "Recipe",
    "Sensitivities",
    "Split",
    "SweepPoint",
    "Text",
    "Workload",
    "allocate",
    "check_recipe",
    "find_layers",
    "inspect_workload",
    "load_recipe",
    "load_workload",
    "measure",
    "metrics",
    "profile",
    "read_data",
    "regroup",
    "save_recipe",
    "score",
    "score_heads",
    "sweep",
]


def __getattr__(name: str) -> Any:
    """Import a public name's home on its first use."""
    if name == "metrics":
        return import_module("analysis.metrics")
    if name not in _HOMES:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
