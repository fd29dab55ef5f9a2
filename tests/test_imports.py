"""What may be imported without torch, and that nothing below the app knows Streamlit."""

import json
import pkgutil
import subprocess
import sys

import analysis

NEEDS_TORCH = (
    "analysis.__main__",  # runs the program
    "analysis.decide",
    "analysis.decision.",
    "analysis.divergence",
    "analysis.experiment",
    "analysis.inspection",
    "analysis.metrics",
    "analysis.quant.",
    "analysis.runs.compute_worker",
    "analysis.scoring",
    "analysis.sensitivity.",
    "analysis.simulate.",
    "analysis.width_strip",
    "analysis.workloads.",
)
WITHOUT_TORCH = (
    "analysis.decision.final",
    "analysis.decision.paired",
    "analysis.decision.values",
    "analysis.quant.spec",
    "analysis.quant.stats",
    "analysis.sensitivity.block_points",
    "analysis.sensitivity.blocks",
    "analysis.sensitivity.candidates",
    "analysis.sensitivity.families",
    "analysis.sensitivity.heads.layouts",
    "analysis.sensitivity.heads.names",
    "analysis.sensitivity.heads.values",
    "analysis.sensitivity.logit_shifts",
    "analysis.sensitivity.option_names",
    "analysis.sensitivity.chunks",
    "analysis.sensitivity.machine",
    "analysis.sensitivity.memory",
    "analysis.sensitivity.packed",
    "analysis.sensitivity.stability",
    "analysis.sensitivity.proxies.agreement",
    "analysis.sensitivity.proxies.catalogue",
    "analysis.sensitivity.proxies.document",
    "analysis.sensitivity.proxies.values",
    "analysis.sensitivity.plan",
    "analysis.sensitivity.points",
    "analysis.sensitivity.terms",
    "analysis.workloads.architectures",
    "analysis.workloads.cases.folders",
    "analysis.workloads.cases.record",
    "analysis.workloads.cases.sent",
    "analysis.workloads.catalogue",
    "analysis.workloads.data.columns",
    "analysis.workloads.data.dataset",
    "analysis.workloads.data.form",
    "analysis.workloads.data.names",
    "analysis.workloads.data.picture",
    "analysis.workloads.data.picture_files",
    "analysis.workloads.data.split",
    "analysis.workloads.data.table_form",
    "analysis.workloads.data.tables",
    "analysis.workloads.data.tokens",
    "analysis.workloads.data.words",
    "analysis.workloads.equalized",
    "analysis.workloads.models.architecture",
    "analysis.workloads.models.form",
    "analysis.workloads.models.hugging_face_inputs",
    "analysis.workloads.models.torch_archive",
    "analysis.workloads.zoo.archives",
    "analysis.workloads.zoo.card",
    "analysis.workloads.zoo.cards",
    "analysis.workloads.zoo.downloads",
    "analysis.workloads.zoo.shelf",
    "analysis.workloads.zoo.texts",
    "analysis.workloads.zoo.vocabulary",
)


def torch_free_modules() -> list[str]:
    """Every module of the library but those that compute with tensors."""
    names = [module.name for module in pkgutil.walk_packages(analysis.__path__, "analysis.")]
    return [name for name in names if name in WITHOUT_TORCH or not name.startswith(NEEDS_TORCH)]


def loaded_by(modules: list[str]) -> set[str]:
    """Top-level names in `sys.modules` of a fresh interpreter after these imports."""
    script = (
        "import importlib, json, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_the_library_imports_without_torch() -> None:
    assert not {"torch", "streamlit", "numpy"} & loaded_by(["analysis"])


def test_values_charts_store_allocation_and_commands_need_no_torch() -> None:
    modules = torch_free_modules()
    for package in ("allocation", "charts", "cli", "runs"):
        assert any(name.startswith(f"analysis.{package}.") for name in modules)
    assert not {"torch", "streamlit"} & loaded_by(modules)


def test_the_server_imports_without_torch() -> None:
    modules = ["pages.ui.reads", "pages.ui.state", "pages.ui.lifespan", "pages.ui.server"]
    assert "torch" not in loaded_by(modules)


def test_public_names_resolve() -> None:
    for name in analysis.__all__:
        assert getattr(analysis, name) is not None
