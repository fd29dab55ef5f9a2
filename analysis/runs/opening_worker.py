"""Opens one case with limits: ``python -m analysis.runs.opening_worker BYTES SECONDS FOLDER``.

Its limits stand before anything of the case is read, and before torch is imported. It answers in
lines of JSON on stdout; whatever a library prints goes to stderr.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

NICENESS = 10
MAX_FILE_BYTES = 1 << 20
"""What it may write into one file: a log, and nothing that fills a disk."""

SENTENCE_LENGTH = 300
TOO_LARGE = (
    "Opening the model and its data must fit into the memory that the server lends to it, and it "
    "does not; bring smaller ones, or name them on the command line: quantscope add."
)


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Set the limits of this process, which it cannot raise again."""
    import resource

    for name, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(name, (value, value))
    # SIGXCPU at the soft limit tells this end from others
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    os.nice(NICENESS)


def main(arguments: Sequence[str]) -> int:
    """Open the case and answer."""
    memory, seconds, folder = arguments
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    limit(int(memory), int(seconds))

    def say(**words: object) -> None:
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    say(doing="Starting")
    say(**_answer(Path(folder), say))
    answers.flush()
    os._exit(0)  # nothing that a library registered for the end is run


def _answer(folder: Path, say: object) -> dict[str, object]:
    from analysis import serial
    from analysis.errors import AnalysisError
    from analysis.workloads.cases.folders import read_case

    try:
        import torch

        torch.set_num_threads(1)
        from analysis.workloads.cases.opened import facts_of

        assert callable(say)
        say(doing="Reading the model and its data, and running it once")
        return {"facts": serial.to_plain(facts_of(read_case(folder)))}
    except AnalysisError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001  (a library may raise anything on hostile bytes)
        words = f"{type(error).__name__}: {error}"[:SENTENCE_LENGTH]
        if isinstance(error, MemoryError) or "allocate memory" in words:
            return {"error": TOO_LARGE}
        return {"error": f"The files must open without an error, and they do not: {words}"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
