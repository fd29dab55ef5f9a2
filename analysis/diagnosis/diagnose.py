"""Why a spec hurts a layer, from its profile and the sweep: findings with evidence; torch-free.

Each rule looks at figures that are known already and, where they speak, says one sentence with
them and names a spec that should help. Whether it does is for a measurement to say.
"""

from analysis.diagnosis.case import Case, Finding
from analysis.diagnosis.input_rules import INPUT_RULES
from analysis.diagnosis.weight_rules import WEIGHT_RULES


def diagnose_input(case: Case) -> tuple[Finding, ...]:
    """The findings on the input alone; a constant one has none."""
    stats = case.profile.activation_stats
    if stats is None or stats.constant:
        return ()
    return tuple(finding for rule in INPUT_RULES for finding in rule(case))


def diagnose(case: Case) -> tuple[Finding, ...]:
    """All findings; a constant weight has none, since any spec keeps it."""
    if case.profile.weight_stats.constant:
        return ()
    return tuple(finding for rule in (*WEIGHT_RULES, *INPUT_RULES) for finding in rule(case))
