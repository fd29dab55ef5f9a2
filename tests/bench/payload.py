"""What the Layers page of a net of 300 layers sends, on the wire and unpacked."""

import asyncio
import os
import subprocess
import tempfile
from pathlib import Path

from analysis.runs.store import RunStore
from tests.bench.rows import Row
from tests.bench.visitor import Visitor
from tests.browser.serving import free_port, start_server, stop_server
from tests.sensitivities import make_sensitivities
from tests.stored import fill_store

LAYERS = 300
FIRST_KIB, RERUN_KIB = 150.0, 30.0

STEPS = (
    ("first load", "", FIRST_KIB),
    ("the same again", "", RERUN_KIB),
    ("another layer", "&layer=stage1.3.conv2", RERUN_KIB),
    ("another width", "&layer=stage1.3.conv2&spec=int6+asym+per-channel+minmax", RERUN_KIB),
    ("a fine grid", "&layer=stage1.3.conv2&spec=int8+asym+per-channel+minmax", RERUN_KIB),
)
"""What a visitor does in turn: its name, the address, KiB at most."""


def measure() -> list[Row]:
    """KiB of each step."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ["QUANTSCOPE_HOME"] = folder
        fill_store(RunStore(), make_sensitivities(LAYERS), run="deep")
        port = free_port()
        server: subprocess.Popen[bytes] = start_server(home, port)
        try:
            return asyncio.run(_walk(f"http://127.0.0.1:{port}"))
        finally:
            stop_server(server)


async def _walk(url: str) -> list[Row]:
    visitor = await Visitor.arrive(url, "run=deep")
    rows = []
    for name, more, most in STEPS:
        wire, unpacked = visitor.wire_bytes, visitor.message_bytes
        await visitor.run("layers", f"run=deep{more}")
        title = f"payload: Layers at {LAYERS} layers, {name}"
        rows.append(Row(title, (visitor.wire_bytes - wire) / 1024, "KiB", most))
        size = (visitor.message_bytes - unpacked) / 1024
        rows.append(Row(f"{title}, unpacked", size, "KiB", aim=most))
    await visitor.leave()
    return rows
