"""`quantscope ui`: start the app in this process's place."""

import json
import os
import socket
import sys
from typing import Annotated

import typer

from analysis.cli.opening import resolve_source
from analysis.errors import OptionError
from analysis.paths import app_dir

DEFAULT_PORT = 8501
ADDRESS = "127.0.0.1"


def ui(
    workloads: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORKLOAD]...", help="Your own factories, such as my_case.py:make."
        ),
    ] = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = DEFAULT_PORT,
) -> None:
    """Start the app; the workloads given appear on its Model page."""
    sources = [resolve_source(source) for source in workloads or ()]
    _check_port(port)
    environment = {**os.environ, "QUANTSCOPE_WORKLOADS": json.dumps(sources)}
    command = launch_command(port)
    os.execve(command[0], command, environment)


def launch_command(port: int) -> list[str]:
    """Streamlit on our `app.py`; the `.streamlit/config.toml` beside it is found by Streamlit.

    `-P` keeps the folder the user stands in, with its own `pages` or `analysis`, off the path.
    """
    app = str(app_dir() / "app.py")
    return [sys.executable, "-P", "-m", "streamlit", "run", app, "--server.port", str(port)]


def _check_port(port: int) -> None:
    """Say so before Streamlit starts if nobody could reach it."""
    if not 1 <= port <= 65535:
        raise OptionError(f"A port must lie between 1 and 65535, not {port}.")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            raise OptionError(
                f"Port {port} on {ADDRESS} must be free, and it is not ({error.strerror}); "
                "choose another one with --port."
            ) from None
