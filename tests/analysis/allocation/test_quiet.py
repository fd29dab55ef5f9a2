import ctypes
import os
import subprocess
import sys
from threading import Thread

import pytest

from analysis.allocation.quiet import quiet_stdout


def _c_print(line: bytes) -> None:
    ctypes.CDLL(None).puts(line)


def test_what_highs_prints_in_c_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_stdout():
        _c_print(b"HighsMipSolverData::transformNewIntegerFeasibleSolution")
    print("after", flush=True)
    out, err = capfd.readouterr()
    assert (out, err) == ("after\n", "")


def test_what_others_print_meanwhile_comes_out_on_standard_error(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with quiet_stdout():
        os.write(1, b"from another thread\n")
    out, err = capfd.readouterr()
    assert (out, err) == ("", "from another thread\n")


def test_the_descriptor_comes_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError), quiet_stdout():
        raise RuntimeError
    os.write(1, b"back\n")
    assert capfd.readouterr().out == "back\n"


def test_threads_take_turns(capfd: pytest.CaptureFixture[str]) -> None:
    def many() -> None:
        for _ in range(20):
            with quiet_stdout():
                _c_print(b"Highs noise")

    threads = [Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(1, b"whole\n")
    assert capfd.readouterr() == ("whole\n", "")


def test_a_process_without_standard_output_is_served_too() -> None:
    code = (
        "import os; os.close(1)\n"
        "from analysis.allocation.quiet import quiet_stdout\n"
        "with quiet_stdout(): os.write(2, b'inside')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, check=True)
    assert done.stderr == b"inside"
