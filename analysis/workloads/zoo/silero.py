"""Silero VAD told to find telephone speech among music and sound effects."""

import io
import wave
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from scipy.signal import resample_poly
from torch import Tensor

from analysis.errors import WorkloadError
from analysis.metrics import Auc
from analysis.workloads.workload import Workload
from analysis.workloads.zoo.archives import Member, member, members
from analysis.workloads.zoo.columns import PARTS, batched, read_columns, tensor, write_columns
from analysis.workloads.zoo.nets.silero import WINDOW, SileroVad

WEIGHTS = "model.safetensors"
RATE, WINDOWS, MOST_CLIPS = 16_000, 32, 4
CLIP = WINDOW * WINDOWS
SHARES = {"calibration": 0.2, "sweep": 0.3, "evaluation": 0.5}
_NO_SPEECH = ("silence/", "beep", "tt-monkeys", "ascending-2tone", "descending-2tone")

Audio = NDArray[np.floating[Any]]


def build(archives: Mapping[str, Path], folder: Path) -> None:
    """Take the weights out of the published TorchScript, and cut the recordings into clips."""
    stored = member(archives["silero-vad"], "silero_vad/data/silero_vad.jit")
    scripted = torch.jit.load(io.BytesIO(stored))  # type: ignore[no-untyped-call]
    save_file(plain_weights(scripted.state_dict()), folder / WEIGHTS)
    speech = members(archives["asterisk-core-sounds-en-wav"], "*/en_US_f_Allison/*.wav")
    music = members(archives["sonic-pi-samples"], "*/samples/*.flac")
    files = [(1, list(clips_of(*_wave(content)))) for name, content in _spoken(speech)]
    files += [(0, list(clips_of(*_flac(content)))) for _, content in music]
    write_columns(folder, split_files(files))


def plain_weights(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The 16 kHz network's tensors under the names of `SileroVad`."""
    names = {
        "basis": "stft.forward_basis_buffer",
        "final_conv.weight": "decoder.decoder.2.weight",
        "final_conv.bias": "decoder.decoder.2.bias",
    }
    for number in range(4):
        for kind in ("weight", "bias"):
            names[f"conv{number + 1}.{kind}"] = f"encoder.{number}.reparam_conv.{kind}"
    for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        names[f"lstm.{kind}_l0"] = f"decoder.rnn.{kind}"
    return {ours: state[f"_model.{theirs}"].clone() for ours, theirs in names.items()}


def _spoken(recordings: Iterable[Member]) -> Iterator[Member]:
    for name, content in recordings:
        if not any(word in name for word in _NO_SPEECH):
            yield name, content


def _wave(content: bytes) -> tuple[Audio, int]:
    """A 16-bit mono recording and its rate."""
    with wave.open(io.BytesIO(content)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples / 32768, file.getframerate()


def _flac(content: bytes) -> tuple[Audio, int]:
    """A recording brought to mono, and its rate."""
    try:
        soundfile: Any = import_module("soundfile")
    except ImportError:
        raise WorkloadError(
            "Music is packed as FLAC, which needs soundfile, and it is not installed; "
            "run: make zoo, or: pip install --no-deps soundfile cffi pycparser"
        ) from None
    samples, rate = soundfile.read(io.BytesIO(content), dtype="float64", always_2d=True)
    return samples.mean(1), int(rate)


def clips_of(audio: Audio, rate: int) -> Iterator[NDArray[np.int16]]:
    """The first clips of a recording at 16 kHz; a rest shorter than half a clip is left out."""
    divisor = np.gcd(rate, RATE)
    audio = resample_poly(audio, RATE // divisor, rate // divisor)
    for start in range(0, min(len(audio), MOST_CLIPS * CLIP), CLIP):
        cut = audio[start : start + CLIP]
        if start == 0 or len(cut) >= CLIP // 2:
            whole = np.pad(cut, (0, CLIP - len(cut)))
            yield np.clip(np.round(whole * 32768), -32768, 32767).astype(np.int16)


def split_files(
    files: list[tuple[int, list[NDArray[np.int16]]]],
) -> dict[str, dict[str, NDArray[Any]]]:
    """Clips and labels of each part; all clips of one recording go to the same part."""
    order = np.random.default_rng(0).permutation(len(files))
    edges = np.round(np.cumsum([0.0, *SHARES.values()]) * len(files)).astype(int)
    parts = {}
    for number, part in enumerate(PARTS):
        chosen = [files[place] for place in order[edges[number] : edges[number + 1]]]
        parts[part] = {
            "audio": np.stack([clip for _, clips in chosen for clip in clips]),
            "speech": np.array([label for label, clips in chosen for _ in clips]),
        }
    return parts


def load(folder: Path) -> Workload:
    """The network with its clips."""
    model = SileroVad()
    model.load_state_dict(load_file(folder / WEIGHTS))
    parts = {
        part: batched(tensor(columns["audio"]).float() / 32768, tensor(columns["speech"]))
        for part, columns in read_columns(folder).items()
    }
    return Workload(
        name="silero-vad",
        model=model.eval(),
        calibration=parts["calibration"],
        sweep=parts["sweep"],
        evaluation=parts["evaluation"],
        metric=Auc(),
        output=clip_score,
        divergence="mse",
    )


def clip_score(probabilities: Tensor) -> Tensor:
    """Mean probability of a clip's windows: (clips, windows) to (clips,)."""
    return probabilities.mean(1)
