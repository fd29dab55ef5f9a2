"""Measure speed afresh: `make bench`, or `python tests/bench/run.py --only NAME --json`."""

import argparse
import importlib
import sys
from pathlib import Path

# The folder of this script is no place to import from: it holds names like `sessions`.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from analysis.cli.answer import dumps, table  # noqa: E402
from tests.bench.rows import Row  # noqa: E402

BENCHES = {
    "sweep": "tests.bench.naive",
    "engine": "tests.bench.engine",
    "app-start": "tests.bench.start",
    "pages": "tests.bench.rerun",
    "payload": "tests.bench.payload",
    "looks": "tests.bench.looks",
    "sessions": "tests.bench.sessions",
    "quantisers": "tests.bench.quantisers",
    "solvers": "tests.bench.solvers",
    "decisions": "tests.bench.decisions",
    "zoo": "tests.bench.zoo",
    "proxies": "tests.bench.proxies",
}


def main() -> None:
    """Run the benches asked for; exit code 1 when a requirement is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=BENCHES, help="one bench instead of all")
    parser.add_argument("--json", action="store_true", help="a JSON list of rows on stdout")
    parser.add_argument("--full", action="store_true", help="all of the decisions; hours")
    options = parser.parse_args()
    names = [options.only] if options.only else list(BENCHES)
    rows: list[Row] = []
    for name in names:
        sys.stderr.write(f"measuring {name} …\n")
        bench = importlib.import_module(BENCHES[name])
        rows += bench.measure(full=options.full) if name == "decisions" else bench.measure()
    documents = [row.document() for row in rows]
    print(dumps(documents) if options.json else _table(rows))
    sys.exit(any(row.met is False for row in rows))


def _table(rows: list[Row]) -> str:
    words = {True: "yes", False: "NO", None: ""}
    lines = [
        (
            row.name,
            f"{row.value:.3g}",
            row.unit,
            _limit(row.required),
            _limit(row.aim),
            words[row.met],
        )
        for row in rows
    ]
    return table(("bench", "value", "unit", "required", "aim", "met"), lines)


def _limit(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


if __name__ == "__main__":
    main()
