"""`quantscope`: the commands, and how they fail."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

import typer
from typer.main import get_command

from analysis.cli import add, allocate, coverage, heads, look, profiles, runs, score, sweep, ui, zoo
from analysis.cli.answer import Answer, dumps, note, write
from analysis.errors import AnalysisError

INTERRUPTED = 130

app = typer.Typer(
    name="quantscope",
    help="How few bits each layer of a neural network can live with, measured.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("ui")(ui.ui)
app.command("add")(add.add)
app.command("layers")(look.layers)
app.command("coverage")(coverage.coverage)
app.command("histograms")(look.histograms)
app.command("heads")(heads.heads)
app.command("sweep")(sweep.sweep)
app.command("allocate")(allocate.allocate)
app.command("score")(score.score)
app.command("profiles")(profiles.profiles)
app.add_typer(runs.app, name="runs")
app.add_typer(zoo.app, name="zoo")


def main() -> None:
    """Run the command of this process and exit with its code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        0, 2 for an error that a user can meet, 130 when interrupted.
    """
    arguments = arguments or ["--help"]
    as_json = "--json" in arguments
    output = sys.stdout
    try:
        # What a user's factory or a solver prints must not mix with the document.
        with redirect_stdout(sys.stderr if as_json else output):
            answer = get_command(app).main(list(arguments), "quantscope", standalone_mode=False)
    except (AnalysisError, typer.TyperException) as error:
        return _fail(error, as_json)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    if isinstance(answer, Answer):
        return write(dumps(answer.document) if as_json else answer.text, output)
    return answer if isinstance(answer, int) else 0


def _fail(error: Exception, as_json: bool) -> int:
    """Say one sentence, where the caller looks for it."""
    known = isinstance(error, AnalysisError)
    kind = type(error).__name__ if known else "OptionError"
    message = str(error) if known else _sentence(error)
    if as_json:
        write(dumps({"error": {"type": kind, "message": message}}), sys.stdout)
    else:
        note(message)
    return 2


def _sentence(error: Exception) -> str:
    """What the parser complained about, with the way to the right form."""
    message = error.format_message() if isinstance(error, typer.TyperException) else str(error)
    return f"{message.rstrip('.')}; 'quantscope COMMAND --help' lists what a command takes."
