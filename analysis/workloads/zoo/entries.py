"""How each zoo model is built from its packages, and loaded once it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.errors import OptionError, WorkloadError
from analysis.workloads.decoder.windows import TokenWindows
from analysis.workloads.workload import Workload
from analysis.workloads.zoo import centerface, efficientnet, minilm, ncf, silero, smollm2
from analysis.workloads.zoo.cards import card_of
from analysis.workloads.zoo.shelf import prepared_folder


@dataclass(frozen=True, slots=True)
class Entry:
    """Two functions of one model.

    Attributes:
        build: writes the model's files into an empty folder, from its archives by package name.
        load: makes the workload from such a folder, without any of the packages.
    """

    build: Callable[[Mapping[str, Path], Path], None]
    load: Callable[[Path], Workload]


ENTRIES: Mapping[str, Entry] = {
    "efficientnet-lite0": Entry(efficientnet.build, efficientnet.load),
    "centerface": Entry(centerface.build, centerface.load),
    "minilm-l6": Entry(minilm.build, minilm.load),
    "smollm2": Entry(smollm2.build, smollm2.load),
    "silero-vad": Entry(silero.build, silero.load),
    "movielens-ncf": Entry(ncf.build, ncf.load),
}


def load_from(name: str, folder: Path) -> Workload:
    """The workload of a folder that `Entry.build` wrote, under its name in the zoo."""
    card = card_of(name)
    made = ENTRIES[name].load(folder)
    return replace(made, name=name, source=name, description=f"{card.description} {card.means}")


def load_zoo(name: str) -> Workload:
    """A prepared zoo model with its data and metric.

    Raises:
        UnknownWorkloadError: the zoo has no such model.
        WorkloadError: it is not prepared, or by a version that wrote other files; the message
            tells the command that does.
    """
    card_of(name)
    folder = prepared_folder(name)
    try:
        return load_from(name, folder)
    except (KeyError, ValueError, RuntimeError, OSError) as error:
        raise WorkloadError(
            f"The prepared folder of {name} holds other files than this version of Quantscope "
            f"reads (damaged, or prepared by another one); run: quantscope zoo prepare {name}"
        ) from error


STREAMED: Mapping[str, Callable[[Path], TokenWindows]] = {"smollm2": smollm2.streamed}
"""Zoo models that can be swept without being held in memory."""


def zoo_windows(name: str) -> TokenWindows:
    """The folder and sweep windows of a prepared language model.

    Raises:
        OptionError: the name is of no language model of the zoo.
        WorkloadError: it is not prepared; the message tells the command that does.
    """
    if name not in STREAMED:
        raise OptionError(
            f"Only a language model in safetensors is streamed, such as {', '.join(STREAMED)}; "
            f"{name!r:.80} is swept in memory. Leave out --stream."
        )
    return STREAMED[name](prepared_folder(name))
