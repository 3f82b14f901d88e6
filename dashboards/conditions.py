"""An account's trouble as rows of a table: why, how bad, and what helps, from one query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """As the alerts' severity; a row's rank is this and the place within it."""

    INFO = 100
    WARNING = 200
    CRITICAL = 300


@dataclass(frozen=True, slots=True)
class Measure:
    """How a value is written: what is computed of it, and the unit that follows."""

    formula: str
    unit: str


# Rounded down, for a quota at 99.9 % is not exhausted.
PERCENT = Measure("floor(100 * ({}))", " %")
MINUTES = Measure("round(({}) / 60, 0.1)", " min")
HOURS = Measure("round(({}) / 3600, 0.1)", " h")
DAYS = Measure("round(({}) / 86400, 0.1)", " d")
COUNT = Measure("round({})", "")


@dataclass(frozen=True, slots=True)
class Condition:
    """A trouble that accounts may be in: `vector` has a series for each that is.

    `what` names the label that tells the cases apart; `$1` in `reason` is its value.
    """

    severity: Severity
    reason: str
    vector: str
    remedy: str
    what: str = ""
    measure: Measure | None = None

    def rows(self, place: int) -> str:
        """Return the accounts in this trouble, labelled for people, with their rank as value."""
        ranked = f"{self.severity + place} * {self._measured()}"
        reasoned = _label(ranked, "reason", self.reason, self.what)
        return _label(reasoned, "remedy", self.remedy)

    def _measured(self) -> str:
        by = f"account, {self.what}" if self.what else "account"
        if self.measure is None:
            return f"count by ({by}) ({self.vector})"
        # PromQL makes a label of a value only by counting the series that have it: here 1 each.
        value = self.measure.formula.format(self.vector)
        counted = f'count_values by ({by}) ("detail", {value})'
        return _label(counted, "detail", f"$1{self.measure.unit}", "detail")


def _label(vector: str, name: str, value: str, source: str = "") -> str:
    return f'label_replace({vector}, "{name}", "{value}", "{source}", "{"(.*)" if source else ""}")'


def worst_rows(conditions: Sequence[Condition], limit: int) -> str:
    """Return the worst rows; labels account, reason, detail and remedy, the rank as value."""
    ranked = sorted(conditions, key=lambda condition: -condition.severity)
    last = len(ranked) - 1
    rows = _either(condition.rows(last - place) for place, condition in enumerate(ranked))
    return f"topk({limit}, max by (account, reason, detail, remedy) (\n{rows}\n))"


def troubled(conditions: Iterable[Condition], severity: Severity) -> str:
    """Return a series for each account that is in a condition of that severity."""
    vectors = (f"({one.vector})" for one in conditions if one.severity is severity)
    return f"count by (account) (\n{_either(vectors)}\n)"


def _either(vectors: Iterable[str]) -> str:
    return "\nor\n".join(vectors)
