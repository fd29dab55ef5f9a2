"""What a model of transformers takes, as its folder says; torch is not needed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.errors import UnsupportedFileError
from analysis.workloads.data.form import MAX_SIDE, Pictures, Text
from analysis.workloads.data.tokens import has_tokenizer

MAX_JSON_BYTES = 4 * 1024**2
TOKENS = 128
_CONTINUED = ("CausalLM", "LMHeadModel", "ConditionalGeneration")
"""Classes that predict the next token, so that a text can be cut anywhere."""


def plain_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        UnsupportedFileError: it is none, or larger than such files are.
    """
    try:
        if file.stat().st_size > MAX_JSON_BYTES:
            raise ValueError
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UnsupportedFileError(
            f"{file.name} must be a JSON object of at most 4 MiB, and this one is not; save the "
            "model again with save_pretrained."
        )
    return found


def input_form(folder: Path, config: Any, kind: str) -> Pictures | Text | None:
    """What the folder says of the inputs: pictures by its preprocessor, text by its tokenizer.

    Args:
        folder: of the model.
        config: of transformers.
        kind: name of the model's class.
    """
    if (folder / "preprocessor_config.json").is_file():
        found = plain_json(folder / "preprocessor_config.json")
        return _pictures(found, config) if "feature_size" not in found else None  # else of sound
    size = getattr(config, "image_size", None)
    if isinstance(size, int):
        return Pictures(size=(size, size), channels=_channels(config))
    if has_tokenizer(folder):
        return text_form(folder, config, kind)
    return None


def text_form(tokenizer: Path, config: Any, kind: str) -> Text:
    """Texts cut anywhere for what continues them, each of its own for everything else."""
    continued = any(name in kind for name in _CONTINUED)
    pad = getattr(config, "pad_token_id", None)
    return Text(
        tokenizer=str(tokenizer),
        tokens=_sequence_tokens(config),
        label="label" if "SequenceClassification" in kind else None,
        each=not continued,
        pad=pad if isinstance(pad, int) and pad > 0 and not continued else 0,
    )


def _sequence_tokens(config: Any) -> int:
    """Tokens of a sequence: what is usual here, or all the places the model has."""
    return max(2, min(TOKENS, int(getattr(config, "max_position_embeddings", None) or TOKENS)))


def needed_inputs(model: Any) -> tuple[str, ...]:
    """Names of the inputs of a model that does not run on one alone; else ()."""
    config = model.config
    main = getattr(model, "main_input_name", "input_ids")
    if getattr(config, "is_encoder_decoder", False):
        return (main, "decoder_input_ids")
    both = hasattr(config, "text_config") and hasattr(config, "vision_config")
    return ("input_ids", "pixel_values") if both else ()


def class_names(config: Any) -> tuple[str, ...]:
    """Names of the classes by their numbers; () where nobody gave them."""
    known = getattr(config, "id2label", None) or {}
    names = tuple(str(known.get(number, "")) for number in range(len(known)))
    unnamed = not all(names) or names == tuple(f"LABEL_{n}" for n in range(len(names)))
    return () if unnamed else names


def _channels(config: Any) -> Any:
    return 1 if getattr(config, "num_channels", 3) == 1 else 3


def _pictures(found: Mapping[str, Any], config: Any) -> Pictures:
    """Resized and cut as the preprocessor of the folder does it."""
    resized = _sides(found.get("size"), config)
    crop = found.get("crop_size") if found.get("do_center_crop", True) else None
    edge = _edge(found.get("size"))
    height, width = _sides(crop, config) if crop else resized
    if edge is None and not crop:
        side, fit = None, "stretch"
    else:
        share = 1.0 if crop else float(found.get("crop_pct") or 1.0)
        side, fit = max(round((edge or min(resized)) / share), height, width), "crop"
    scaled = bool(found.get("do_normalize", True))
    return Pictures(
        size=(height, width),
        fit="stretch" if fit == "stretch" else "crop",
        shorter_side=side,
        channels=_channels(config),
        mean=tuple(found.get("image_mean") or ()) if scaled else (),
        std=tuple(found.get("image_std") or ()) if scaled else (),
    )


def _edge(size: Any) -> int | None:
    """Of the shorter side, where only that is given."""
    found = size.get("shortest_edge") if isinstance(size, dict) else None
    return min(int(found), MAX_SIDE) if found else None


def _sides(size: Any, config: Any) -> tuple[int, int]:
    """Height and width of what a preprocessor calls a size."""
    if isinstance(size, int):
        size = {"height": size, "width": size}
    fallback = getattr(config, "image_size", 224)
    side = (size or {}).get("shortest_edge", fallback)
    height, width = (int((size or {}).get(key, side)) for key in ("height", "width"))
    return min(height, MAX_SIDE), min(width, MAX_SIDE)
