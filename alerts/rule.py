from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """CRITICAL is worth waking somebody, WARNING a ticket, INFO good to know."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Dashboard(StrEnum):
    """Where an alert's link leads, below Grafana's own address."""

    OVERVIEW = "/d/threads-overview"
    ACCOUNT = "/d/threads-account?var-account={{ $labels.account | urlquery }}"
    CONTAINERS = "/d/threads-containers?var-account={{ $labels.account | urlquery }}"
    EXPORTER = "/d/threads-exporter"


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded series; `expr` is written as `alerts.promql` says."""

    name: str
    expr: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert; one name may have several, on ranges that do not overlap.

    `expr` and `when` are written as `alerts.promql` says; `description` is a template of
    Prometheus; `hold` and `keep_firing` are the seconds of `for` and `keep_firing_for`.
    """

    name: str
    severity: Severity
    expr: str
    when: str
    summary: str
    description: str
    dashboard: Dashboard
    hold: float = 0
    keep_firing: float = 0


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    rules: tuple[Recording | Alert, ...]
