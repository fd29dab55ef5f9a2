"""Which demands contradict each other: found by solving again with fewer of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from analysis.allocation.budget import Budget
from analysis.allocation.case import Case
from analysis.allocation.constraints import Constraints
from analysis.allocation.limits import check_each, joint_refusal
from analysis.allocation.milp import by_milp
from analysis.allocation.problem import Problem
from analysis.allocation.terms import Terms
from analysis.errors import InfeasibleBudgetError
from analysis.sensitivity.points import Sensitivities

Demand = str
"""Name of a limit of the budget, or one of `_TERMS`."""

_TERMS: tuple[Demand, ...] = ("profile", "forbidden", "pinned", "max_widths")
_TIMED: frozenset[Demand] = frozenset({"latency_ms", "energy_uj"})


def refusal(result: Sensitivities, budget: Budget, terms: Terms) -> InfeasibleBudgetError:
    """Why no recipe meets the budget on these terms.

    A smallest set of demands is looked for that cannot be met together: demands are left out one
    after the other as long as the rest still cannot be met, which leaves a set without a demand
    too many; if it has more than two, every pair is tried. The sentence names the set, and the
    smallest value of one of its limits that can be met with everything else as it is.
    """
    trials = _Trials(result, budget, terms)
    named = trials.smallest()
    return trials.sentence(named)


@dataclass(slots=True)
class _Trials:
    """Problems with some of the demands."""

    result: Sensitivities
    budget: Budget
    terms: Terms
    cases: dict[frozenset[Demand], Case] = field(default_factory=dict)

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Everything that is demanded, what is less likely to be given up last."""
        rules = self.terms.rules
        given = {
            "profile": self.terms.profile is not None,
            "forbidden": bool(rules.forbidden),
            "pinned": bool(rules.pinned),
            "max_widths": rules.max_widths is not None,
        }
        limits = (limit.name for limit in self.case(frozenset(_TERMS)).limits)
        return (*(name for name in _TERMS if given[name]), *limits)

    def case(self, demands: frozenset[Demand]) -> Case:
        """The case with only these terms, all limits, and costs of changes."""
        # tables of time and energy need not know options that the other terms leave out
        timed = any(getattr(self.budget, name) is not None for name in _TIMED)
        fixed = {"profile", "forbidden", "pinned"} if timed else set()
        kept = frozenset(_TERMS) & (demands | fixed)
        if kept not in self.cases:
            self.cases[kept] = Case.of(self.result, self.budget, self._terms(kept))
        return self.cases[kept]

    def _terms(self, kept: frozenset[Demand]) -> Terms:
        rules = self.terms.rules
        return replace(
            self.terms,
            locked={},
            profile=self.terms.profile if "profile" in kept else None,
            constraints=Constraints(
                pinned=rules.pinned if "pinned" in kept else {},
                forbidden=rules.forbidden if "forbidden" in kept else (),
                max_widths=rules.max_widths if "max_widths" in kept else None,
                precision_change_cost=rules.precision_change_cost,
            ),
        )

    def met(self, demands: Sequence[Demand]) -> bool:
        """Whether some recipe meets these demands together."""
        case = self.case(frozenset(demands))
        rows = [limit.row for limit in case.limits if limit.name in demands]
        coupling = replace(case.problem.coupling, changes=None)
        nothing = np.zeros(len(case.problem.objective))
        return by_milp(Problem(nothing, rows, case.problem.starts, coupling)) is not None

    def smallest(self) -> tuple[Demand, ...]:
        """Demands that contradict each other, none too many; a pair where there is one."""
        left = list(self.demands)
        for demand in self.demands:
            fewer = [other for other in left if other != demand]
            if fewer and not self.met(fewer):
                left = fewer
        if len(left) > 2:
            pairs = combinations(self.demands, 2)
            left = list(next((pair for pair in pairs if not self.met(pair)), left))
        return tuple(left)

    def sentence(self, named: tuple[Demand, ...]) -> InfeasibleBudgetError:
        """The refusal, and a way out."""
        whole = self.case(frozenset(_TERMS))
        given = [self._words(demand) for demand in named if demand in _TERMS]
        limits = [limit for limit in whole.limits if limit.name in named]
        if not given and len(limits) == 1 and not whole.problem.coupled:
            check_each(limits, whole.problem)
        if not limits:
            return InfeasibleBudgetError(
                f"No recipe respects {' and '.join(given)} at once; lift one of the two."
            )
        others = [limit for limit in whole.limits if limit not in limits]
        words = f" with {' and '.join(given)}" if given else ""
        return joint_refusal(limits, whole.problem, others, words)

    def _words(self, demand: Demand) -> str:
        rules = self.terms.rules
        match demand:
            case "max_widths":
                most = rules.max_widths
                return "at most 1 width" if most == 1 else f"at most {most} different widths"
            case "pinned":
                return f"the pinned layers ({_listed(list(rules.pinned))})"
            case "forbidden":
                pins = [ban.where for ban in rules.forbidden if ban.pin]
                bans = [ban.whom for ban in rules.forbidden if not ban.pin]
                named = [f"the pinned layers ({_listed(pins)})"] if pins else []
                named += [f"the forbidden widths (of {_listed(bans)})"] if bans else []
                return " and ".join(named)
        assert self.terms.profile is not None
        return f"the options of {self.terms.profile.title}"


def _listed(names: Sequence[str]) -> str:
    few = list(dict.fromkeys(names))
    return ", ".join(few[:3]) + (", …" if len(few) > 3 else "")
