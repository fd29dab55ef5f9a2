"""The process that answers the app's quick questions: ``python -m analysis.runs.compute_worker``.

Questions and answers are lines of JSON on stdin and stdout; whatever a model prints goes to
stderr. It ends when its stdin does, and so never outlives the server that started it.
"""

import json
import os
import queue
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Thread
from typing import IO, Any

import torch

from analysis import serial
from analysis.errors import AnalysisError, ComputeError
from analysis.experiment import compare, layer_named, look_at_input, look_at_weight
from analysis.quant.describe import activation_effect
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.heads.compute import head_scores
from analysis.simulate.calibration import Ranges, calibrate
from analysis.simulate.input_channels import Extremes, input_channels
from analysis.trials import SpecTable
from analysis.width_strip import in_words, width_strip
from analysis.workloads.load import load_workload
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload

NICENESS = 10
OPEN_WORKLOADS = 2
SENTENCE_LENGTH = 300


@dataclass(slots=True, eq=False)
class Opened:
    """A workload that stays open, with what calibration saw once somebody asked."""

    workload: Workload
    made: Subject
    _ranges: Ranges | None = field(default=None, init=False)
    _channels: Mapping[str, Extremes] | None = field(default=None, init=False)

    def ranges(self) -> Ranges:
        """What calibration sees of every layer's input."""
        if self._ranges is None:
            self._ranges = calibrate(self.made)
        return self._ranges

    def channels(self) -> Mapping[str, Extremes]:
        """Extremes of every input channel over the calibration set."""
        if self._channels is None:
            self._channels = input_channels(self.made)
        return self._channels


@dataclass(slots=True, eq=False)
class Answerer:
    """Answers questions; keeps the workloads used last open."""

    _open: "OrderedDict[str, Opened]" = field(default_factory=OrderedDict, init=False)

    def answer(self, question: Mapping[str, Any]) -> Any:
        """The value a question asks for.

        Raises:
            AnalysisError: it has no answer; the message says why.
        """
        opened = self._opened(question["source"])
        if opened.made.fingerprint != question["fingerprint"]:
            raise ComputeError(
                "The weights must be those that were looked at, and they have changed since; "
                "look at the model again."
            )
        return ANSWERS[question["ask"]](opened, question)

    def _opened(self, source: str) -> Opened:
        found = self._open.pop(source, None)
        if found is None:
            workload = load_workload(source)
            found = Opened(workload, subject(workload))
        self._open[source] = found
        while len(self._open) > OPEN_WORKLOADS:
            self._open.popitem(last=False)
        return found


def _look(opened: Opened, question: Mapping[str, Any]) -> Any:
    layer = layer_named(opened.made, question["layer"])
    spec = QuantSpec.parse(question["spec"])
    if question["target"] == "weight":
        return look_at_weight(opened.made, layer, spec)
    return look_at_input(opened.made, layer, spec, opened.ranges(), opened.channels())


def _trial(opened: Opened, question: Mapping[str, Any]) -> Any:
    target = question["target"]
    return compare(
        opened.made,
        layer_named(opened.made, question["layer"]),
        target,
        QuantSpec.parse(question["before"]),
        QuantSpec.parse(question["after"]),
        opened.ranges() if target == "activation" else None,
    )


def _strip(opened: Opened, question: Mapping[str, Any]) -> Any:
    layer = layer_named(opened.made, question["layer"])
    specs = [QuantSpec.parse(label) for label in question["specs"]]
    target = question["target"]
    ranges = opened.ranges() if target == "activation" else None
    strip = width_strip(opened.made, layer, specs, question["sample"], target=target, ranges=ranges)
    decode = opened.workload.decode
    if strip.kind == "tokens" and decode is not None:
        return in_words(strip, decode)
    return replace(strip, classes=opened.workload.classes)


def _table(opened: Opened, question: Mapping[str, Any]) -> Any:
    spec = QuantSpec.parse(question["spec"])
    if question["target"] == "activation":
        effects = {name: activation_effect(x, spec) for name, x in opened.ranges().items()}
    else:
        layers = opened.made.layers
        effects = {x.name: look_at_weight(opened.made, x, spec).effect for x in layers}
    return SpecTable(spec.label, {name: effect.sqnr_db for name, effect in effects.items()})


def _heads(opened: Opened, question: Mapping[str, Any]) -> Any:
    return head_scores(opened.made, QuantSpec.parse(question["spec"]))


ANSWERS: Mapping[str, Callable[[Opened, Mapping[str, Any]], Any]] = {
    "look": _look,
    "trial": _trial,
    "strip": _strip,
    "table": _table,
    "heads": _heads,
}


def reply(answerer: Answerer, line: str) -> str:
    """The line that answers a line."""
    try:
        return json.dumps({"value": serial.to_plain(answerer.answer(json.loads(line)))})
    except AnalysisError as error:
        return json.dumps({"error": str(error)})
    except Exception as error:  # noqa: BLE001  (a model of the user's may raise anything)
        words = f"{type(error).__name__}: {error}"[:SENTENCE_LENGTH]
        return json.dumps({"error": f"The model must run on its own data, and it fails: {words}"})


def main() -> None:
    """Answer until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a model may print
    os.nice(NICENESS)
    torch.set_num_threads(1)
    lines: "queue.SimpleQueue[str]" = queue.SimpleQueue()
    Thread(target=_listen, args=(sys.stdin, lines), daemon=True).start()
    answerer = Answerer()
    while True:
        answers.write(reply(answerer, lines.get()) + "\n")
        answers.flush()


def _listen(source: IO[str], lines: "queue.SimpleQueue[str]") -> None:
    """Pass lines on; the end of them ends the process, also in the middle of an answer."""
    for line in source:
        lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
