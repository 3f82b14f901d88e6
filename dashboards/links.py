"""How one leads from a dashboard to the next, with its variables and its time."""

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

OVERVIEW = "threads-overview"
ACCOUNT = "threads-account"
CONTAINERS = "threads-containers"
EXPORTER = "threads-exporter"
TITLES = {
    OVERVIEW: "Overview",
    ACCOUNT: "Account",
    CONTAINERS: "Containers",
    EXPORTER: "Exporter",
}
_KEPT = "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&${__url_time_range}"


def siblings(uid: str) -> list[DashboardLink]:
    """Return the links at a dashboard's head, to the others."""
    return [
        DashboardLink(title)
        .type(DashboardLinkType.LINK)
        .icon("dashboard")
        .url(f"/d/{other}")
        .include_vars(include_vars=True)
        .keep_time(keep_time=True)
        for other, title in TITLES.items()
        if other != uid
    ]


def of_row(uid: str, column: str) -> DashboardLink:
    """Return the link of a table's cells to a dashboard about the account in that column."""
    # An account's name may hold anything; Grafana alone would leave & and # as they are.
    account = f'${{__data.fields["{column}"]:percentencode}}'
    url = f"/d/{uid}?var-account={account}&{_KEPT}"
    return DashboardLink(f"{TITLES[uid]} dashboard").type(DashboardLinkType.LINK).url(url)


def of_dashboard(uid: str) -> DashboardLink:
    """Return the link of a stat to the dashboard that tells more."""
    url = f"/d/{uid}?${{account:queryparam}}&{_KEPT}"
    return DashboardLink(f"{TITLES[uid]} dashboard").type(DashboardLinkType.LINK).url(url)
