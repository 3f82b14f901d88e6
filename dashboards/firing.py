"""The alerts that fire, where alerts/threads-exporter.rules.yaml is loaded."""

from grafana_foundation_sdk.models import units

from dashboards import links, looks
from dashboards.looks import BLUE, ORANGE, RED, Look
from dashboards.measures import TOP, accounts
from dashboards.panels import Stat
from dashboards.promql import CHOSEN
from dashboards.tables import COLOURED, Name, Table, Value

# An alert of an account has no instance, one of the exporter no account: nothing matches, too.
_ALERTS = 'alertname=~"Threads.+", job=~"$job", instance=~"$instance|", account=~"$account|"'
_FIRING = f'ALERTS{{{_ALERTS}, alertstate="firing"}}'
_SINCE = f"ALERTS_FOR_STATE{{{_ALERTS}}}"
_BY = "severity, alertname, account"
_RANKS = {"critical": (3, RED), "warning": (2, ORANGE), "info": (1, BLUE)}


def firing_count() -> Stat:
    return Stat(
        "Alerts",
        "Alerts of this exporter that fire now, but for info. 0 also where its rules are not"
        " loaded into Prometheus.",
        {"": f'count({_FIRING[:-1]}, severity!="info"}}) or 0 * {accounts(CHOSEN)}'},
        looks.NONE_IS_BEST,
    )


def firing_alerts() -> Table:
    return Table(
        "Firing alerts",
        "The alerts of this exporter that fire now, the gravest first. Empty also where its rules"
        " are not loaded into Prometheus.",
        (
            Value(_rank(), "Severity", _severity_look(), COLOURED, width=100),
            Name("alertname", "Alert", width=320),
            Name("account", "Account", link=links.of_row(links.ACCOUNT, "Account")),
            Value(_active_for(), "For", looks.DURATION, width=180),
        ),
        sort="Severity",
        span=24,
        hidden=("severity",),
        nothing="No alert fires",
    )


def _rank() -> str:
    ranks = (
        f'{rank} * group by ({_BY}) ({_FIRING[:-1]}, severity="{severity}"}})'
        for severity, (rank, _) in _RANKS.items()
    )
    return f"topk({TOP}, {' or '.join(ranks)})"


def _active_for() -> str:
    firing = f"({_SINCE} and ignoring (alertstate) {_FIRING})"
    return f"max by ({_BY}) (time() - {firing}) and on ({_BY}) {_rank()}"


def _severity_look() -> Look:
    words = {float(rank): (severity, colour) for severity, (rank, colour) in _RANKS.items()}
    return Look(units.Short, words=words)
