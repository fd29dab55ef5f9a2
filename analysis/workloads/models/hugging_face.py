"""A folder as transformers' `save_pretrained` writes it, read offline and without its code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from analysis.errors import ModelError, UnsupportedFileError
from analysis.workloads.checks import check_weights
from analysis.workloads.models.hugging_face_inputs import (
    class_names,
    input_form,
    needed_inputs,
    plain_json,
)
from analysis.workloads.models.hugging_face_outputs import gives_scores, output_of
from analysis.workloads.models.model import ReadModel
from analysis.workloads.models.needed import needed
from analysis.workloads.models.skeletons import built
from analysis.workloads.models.torch_archive import check_archive
from analysis.workloads.safetensors_header import read_header

MAX_LAYERS, MAX_SIZE = 10_000, 10**10


def read_folder(folder: Path) -> ReadModel:
    """The model of a folder with config.json and its weights.

    Raises:
        WorkloadError: transformers is not installed, a file is damaged or hostile, the model
            would need code of its own, or weights are missing.
    """
    kind = _model_class(_config(folder))
    _check_files(folder)
    return finished(load_pretrained(kind, folder, "of this folder"), folder)


def read_beside(name: str, state: dict[str, Tensor]) -> ReadModel:
    """The model of a folder with config.json, or of an ID downloaded before, with other weights.

    Raises:
        WorkloadError: as `read_folder`; or there is no such folder, and no such download.
    """
    folder = Path(name).expanduser()
    if not (folder / "config.json").is_file():
        folder = _downloaded(name)
    config = _config(folder)
    kind = _model_class(config)
    return finished(
        load_pretrained(kind, None, f"hf:{name:.80}", config=config, state_dict=state), folder
    )


def load_pretrained(kind: Any, folder: Path | None, name: str, **options: Any) -> nn.Module:
    """A model of transformers: offline, in float32, without code of its own, all weights there.

    Raises:
        ModelError: it cannot be built, or weights are missing, of another shape or not its own.
    """
    needed("transformers", "A Hugging Face model").utils.logging.disable_progress_bar()
    loaded: tuple[nn.Module, Mapping[str, Any]] = built(
        f"The model {name}",
        lambda: kind.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
            **options,
        ),
    )
    model, report = loaded
    wrong = [*report["missing_keys"], *report["mismatched_keys"], *report["unexpected_keys"]]
    if wrong:
        raise ModelError(
            f"The weights must be those of {type(model).__name__}; {len(wrong)} are missing, of "
            f"another shape or unknown, the first is {min(map(str, wrong)):.200}. Save it again "
            "with save_pretrained."
        )
    return model


def finished(model: nn.Module, folder: Path) -> ReadModel:
    """The loaded model in eval mode, with what the folder says of its inputs."""
    _plain_weights(model)
    check_weights(model)
    config: Any = model.config
    if hasattr(config, "use_cache"):
        config.use_cache = False  # a cache of keys and values is no output
    kind = type(model).__name__
    if "SequenceClassification" in kind and getattr(config, "pad_token_id", 0) is None:
        config.pad_token_id = 0  # GPT-2 and its like look for the last token that is no filling
    return ReadModel(
        model.eval(),
        input_form(folder, config, kind),
        output_of(kind),
        scores=gives_scores(kind),
        classes=class_names(config) if "Classification" in kind else (),
        needs=needed_inputs(model),
    )


def _plain_weights(model: nn.Module) -> None:
    """Weights that are computed anew in every call (weight normalisation), computed once."""
    for module in model.modules():
        if parametrize.is_parametrized(module):
            for name in list(module.parametrizations):  # type: ignore[arg-type]
                parametrize.remove_parametrizations(module, name)


def _config(folder: Path) -> Any:
    """The configuration, of a class that transformers itself has."""
    plain = plain_json(folder / "config.json")
    if "auto_map" in plain:
        raise UnsupportedFileError(
            "A model must be one that transformers knows; this config.json asks for code of its "
            "own (auto_map), which is never run. Bring it with a factory instead: my_case.py:make."
        )
    _check_sizes(plain)
    transformers = needed("transformers", "A Hugging Face model")
    return built(
        "The model of this folder",
        lambda: transformers.AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        ),
    )


def _check_sizes(value: Any, name: str = "") -> None:
    """No number may ask for more layers, or for larger ones, than any model has.

    Raises:
        UnsupportedFileError: one does.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_sizes(inner, str(key))
    elif isinstance(value, int) and not isinstance(value, bool):
        most = MAX_LAYERS if "layer" in name or "depth" in name else MAX_SIZE
        if abs(value) > most:
            raise UnsupportedFileError(
                f"No number in config.json may be larger than {most:,} there; one is. Check the "
                "file, or save the model again with save_pretrained."
            )


def _model_class(config: Any) -> Any:
    """The class that wrote the folder; without a name the bare model of that type."""
    transformers = needed("transformers", "A Hugging Face model")
    named = (config.architectures or [""])[0]
    found = getattr(transformers, named, None) if isinstance(named, str) and named else None
    if isinstance(found, type) and issubclass(found, transformers.PreTrainedModel):
        return found
    if named:
        raise ModelError(
            f"config.json must name a model class of transformers; {named!r:.80} is none of "
            "the version installed. Check the field architectures."
        )
    return transformers.AutoModel


def _check_files(folder: Path) -> None:
    """Weights as data only: safetensors where there are some, else archives of tensors."""
    tensors = sorted(folder.glob("*.safetensors"))
    for file in tensors:
        read_header(file)
    archives = [] if tensors else sorted(folder.glob("pytorch_model*.bin"))
    for file in archives:
        check_archive(file)
    if not tensors and not archives:
        raise UnsupportedFileError(
            f"The folder must hold its weights (model.safetensors); {folder.name!r:.80} holds "
            "none. Save the model again with save_pretrained."
        )


def _downloaded(name: str) -> Path:
    """The folder of a model in the local cache; nothing is downloaded here."""
    hub = needed("huggingface_hub", f"The architecture hf:{name:.80}")
    try:
        return Path(hub.try_to_load_from_cache(name, "config.json")).parent
    except Exception as error:
        raise UnsupportedFileError(
            f"hf: must be followed by a folder with config.json, or by the ID of a model that was "
            f"downloaded before; {name!r:.80} is neither. Download it, or name its folder."
        ) from error
