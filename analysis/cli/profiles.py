"""`quantscope profiles`: what each target can run."""

from analysis import serial
from analysis.cli.answer import Answer, JsonFlag, table
from analysis.hardware.catalogue import profiles as shipped
from analysis.hardware.profile import HardwareProfile


def profiles(as_json: JsonFlag = False) -> Answer:
    """List hardware profiles: what each can run, and where that is from."""
    found = shipped()
    document = {"profiles": [serial.to_plain(profile) for profile in found]}
    rows = [(p.name, p.title, _basis(p, "latency"), _basis(p, "energy"), p.date) for p in found]
    text = table(("profile", "target", "time", "energy", "read on"), rows)
    return Answer(document, "\n\n".join((text, *map(_rules, found))))


def _basis(profile: HardwareProfile, name: str) -> str:
    costs = profile.latency if name == "latency" else profile.energy
    return "–" if costs is None else costs.basis


def _rules(profile: HardwareProfile) -> str:
    """What the kernels take, line by line, and the source."""
    kernels = [f"  {', '.join(rule.kinds)}: {rule.words}" for rule in profile.allowed]
    other = "run in float" if profile.other_kinds_in_float else "cannot run"
    rest = [] if any("*" in rule.kinds for rule in profile.allowed) else [f"  other kinds {other}"]
    return "\n".join(
        [profile.name, *kernels, *rest, f"  {profile.notes}", f"  Source: {profile.source}"]
    )
