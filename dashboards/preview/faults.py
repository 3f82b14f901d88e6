"""What is wrong with a drawn dashboard, given what its state may have no data for."""

from collections.abc import Iterator, Mapping

from dashboards.preview.pictures import Picture
from dashboards.preview.renderer import Drawn
from dashboards.preview.states import State

Excused = Mapping[str, frozenset[str]]
"""Panels that may be empty, by their dashboard."""

_UNTROUBLED: Excused = {
    "threads-account": frozenset(
        {
            "Errors that Meta answered (top 20)",
            "Failed polls, by reason",
            "Meta's own rate limit",
            "Paused for",
            "Refused quotas",
        }
    ),
    "threads-exporter": frozenset(
        {
            "Clock jumps",
            "Connections ended, by reason",
            "Leases in the shared store",
            "Log lines lost",
            "New tokens not read",
            "Paused accounts (top 20)",
            "Rate limit headers not understood",
            "Sources of accounts",
            "Store failures, by kind",
            "Writes of accounts that others have",
        }
    ),
}
_ALL_WELL: Excused = {
    "threads-containers": frozenset(
        {
            "Expired, given up and lost (top 20)",
            "Oldest unfinished",
            "Oldest unfinished containers (top 20)",
        }
    ),
    "threads-exporter": frozenset(
        {
            "Errors that Meta answered (top 20)",
            "Failed polls, by reason",
            "Meta's own rate limit (top 20)",
        }
    ),
    "threads-overview": frozenset({"Accounts whose polls fail", "Failed polls, by reason"}),
}
_NO_ANSWERS: Excused = {
    "threads-account": frozenset(
        {
            "Delete",
            "Error messages of containers",
            "Fullest quota",
            "Location search",
            "Publish",
            "Quotas",
            "Reply",
            "Runs out in",
        }
    ),
    "threads-containers": frozenset(
        {
            "Error messages",
            "Error messages by account (top 20)",
            "Time until ERROR",
            "Time until FINISHED",
            "p90 to finish",
        }
    ),
    "threads-exporter": frozenset(
        {"Errors that Meta answered (top 20)", "Meta's own rate limit (top 20)"}
    ),
    "threads-overview": frozenset({"Accounts by their fullest quota", "Fullest quotas (top 20)"}),
}
# Where a quota poll finds the token dead first, the token is never asked about.
_NO_CALLS: Excused = {
    "threads-account": frozenset(
        {
            "Age of the last answers",
            "Data access ends in",
            "Expires in",
            "Issued",
            "Permissions",
            "Quota data age",
        }
    ),
    "threads-exporter": frozenset(
        {
            "Oldest answer",
            "Request duration, mean",
            "Request duration, p99",
            "Requests failed",
            "Requests, by code",
        }
    ),
    "threads-overview": frozenset({"Tokens that expire next (20)"}),
}

EXCUSED: Mapping[State, tuple[Excused, ...]] = {
    State.DEMO: (_UNTROUBLED,),
    State.ONE: (_UNTROUBLED, _ALL_WELL),
    State.FIFTY: (_UNTROUBLED,),
    State.API_DOWN: (_UNTROUBLED, _NO_ANSWERS),
    State.TOKEN_EXPIRED: (_UNTROUBLED, _NO_ANSWERS, _NO_CALLS),
}
"""What may be empty in a state; nothing is asked of the empty one but that it has no errors."""


def faults(picture: Picture, drawn: Drawn) -> Iterator[str]:
    """Tell every error of the dashboard, and every panel that should have data and has none."""
    place = f"{picture.state}: {picture.dashboard}"
    for error in drawn.errors:
        yield f"{place}: {error}"
    for panel in drawn.panels:
        for error in panel.errors:
            yield f"{place}: {panel.title}: {error}"
        if panel.empty and not panel.errors and not _is_excused(picture, panel.title):
            yield f"{place}: {panel.title}: no data"


def _is_excused(picture: Picture, title: str) -> bool:
    if picture.state is State.EMPTY:
        return True
    return any(title in excused.get(picture.dashboard, ()) for excused in EXCUSED[picture.state])
