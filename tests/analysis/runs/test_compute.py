"""The compute process over its pipes, on real weights."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from analysis.errors import ComputeError
from analysis.experiment import compare, look_at_weight
from analysis.quant.spec import QuantSpec
from analysis.runs.compute import ComputeProcess, Known
from analysis.runs.process import Identity, identity, lives
from analysis.workloads.load import load_workload
from analysis.workloads.subject import subject

pytestmark = pytest.mark.slow

WORKLOAD = load_workload("digits")
MADE = subject(WORKLOAD)
LAYER = MADE.layers[1]
KNOWN = Known("digits", MADE.fingerprint, LAYER.name)
COARSE, FINE = "int2 sym per-tensor minmax", "int4 asym per-channel minmax"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComputeProcess]:
    """One process for all tests, as in the app."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUANTSCOPE_HOME", str(tmp_path_factory.mktemp("home")))
        made = ComputeProcess("sqlite://")
        yield made
        made.close()


def test_answers_are_those_of_the_library(process):
    assert process.look(KNOWN, "weight", FINE) == look_at_weight(MADE, LAYER, QuantSpec.parse(FINE))
    table = process.table(KNOWN, "weight", FINE).sqnr_db
    assert set(table) == {layer.name for layer in MADE.layers}
    assert table[LAYER.name] == process.look(KNOWN, "weight", FINE).effect.sqnr_db
    trial = process.trial(KNOWN, "weight", COARSE, FINE)
    expected = compare(MADE, LAYER, "weight", QuantSpec.parse(COARSE), QuantSpec.parse(FINE))
    assert trial == expected
    strip = process.strip(KNOWN, "weight", (FINE,), 0)
    assert [row.label for row in strip.rows] == [None, FINE]
    assert strip.classes == WORKLOAD.classes


def test_inputs_are_answered_for_like_weights(process):
    spec = "int4 asym per-tensor mse"
    look = process.look(KNOWN, "activation", spec)
    assert look.channels is not None and len(look.channels.low) == look.channels.total
    assert process.table(KNOWN, "activation", spec).sqnr_db[LAYER.name] == look.effect.sqnr_db
    strip = process.strip(KNOWN, "activation", (spec,), 0)
    assert strip.rows[1].error > 0


def test_a_late_answer_and_a_crash_are_one_sentence_and_the_next_question_works(process):
    process.look(KNOWN, "weight", FINE)
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    process.seconds = 0.3
    with pytest.raises(ComputeError, match="must come within"):
        process.look(KNOWN, "weight", COARSE)
    assert process.pid is None
    process.seconds = 60.0

    Thread(target=_kill_soon, args=(process,), daemon=True).start()
    with pytest.raises(ComputeError, match="must stay alive"):
        process.look(Known("digits", MADE.fingerprint, LAYER.name), "weight", COARSE)
    assert process.look(KNOWN, "weight", COARSE).total == LAYER.parameters


def _kill_soon(process: ComputeProcess) -> None:
    """Kill it while it is still importing torch."""
    while (pid := process.pid) is None:
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)


def _ended(pid: int) -> bool:
    for _ in range(100):
        if identity(pid) is None:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("known", "spec", "says"),
    [
        (Known("digits", "other", LAYER.name), FINE, "have changed since"),
        (Known("digits", MADE.fingerprint, "nothing"), FINE, "no layer 'nothing'"),
        (KNOWN, "nonsense", "A spec reads like"),
        (Known("unheard-of", MADE.fingerprint, LAYER.name), FINE, "unheard-of"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence_and_the_process_stays(process, known, spec, says):
    with pytest.raises(ComputeError, match=says):
        process.look(known, "weight", spec)
    assert process.pid is not None


def test_a_model_that_prints_does_not_disturb_the_answers(process, tmp_path):
    case = tmp_path / "loud.py"
    case.write_text(
        "from analysis.workloads.load import load_workload\n"
        "print('loading')\n"
        "def make():\n"
        "    print('made')\n"
        "    return load_workload('digits')\n"
    )
    known = Known(f"{case}:make", MADE.fingerprint, LAYER.name)
    assert process.look(known, "weight", FINE).total == LAYER.parameters


def test_the_process_ends_with_the_one_that_started_it(tmp_path):
    script = (
        "import sys\n"
        "from analysis.runs.compute import ComputeProcess, Known\n"
        "process = ComputeProcess('sqlite://')\n"
        f"process.look(Known('digits', {MADE.fingerprint!r}, {LAYER.name!r}), 'weight', {FINE!r})\n"
        "print(process.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert server.stdin is not None and server.stdout is not None
    child = identity(int(server.stdout.readline()))
    assert isinstance(child, Identity) and lives(child)
    server.kill()
    server.wait()
    server.stdin.close()
    server.stdout.close()
    assert _ended(child.pid)


def test_a_model_without_heads_says_so(process):
    with pytest.raises(ComputeError, match="q_proj, k_proj and v_proj"):
        process.heads(KNOWN, FINE)
