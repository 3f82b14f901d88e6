from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporter.observations.model import AccountObservation
from exporter.web.landing.attention import Need, needs_of
from exporter.web.landing.rows import AccountRow, row_of

MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Overview:
    """All accounts in numbers, and the rows of those that are shown."""

    query: str
    total: int
    polled: int
    needing: int
    needs: Mapping[Need, int]
    matching: int
    rows: Sequence[AccountRow]


def overview_of(
    accounts: Mapping[str, AccountObservation], now: float, query: str = ""
) -> Overview:
    """Return the accounts that match the query, those that need a hand first."""
    observations = tuple(accounts.values())
    needs = {seen.identity.name: needs_of(seen, now) for seen in observations}
    matching = [seen for seen in observations if _matches(seen, query.casefold())]
    matching.sort(key=lambda seen: _place(seen, needs[seen.identity.name]))
    return Overview(
        query=query,
        total=len(observations),
        polled=sum(1 for seen in observations if seen.polls),
        needing=sum(1 for found in needs.values() if found),
        needs={need: sum(need in found for found in needs.values()) for need in Need},
        matching=len(matching),
        rows=tuple(row_of(seen, now) for seen in matching[:MOST_ROWS]),
    )


def _place(seen: AccountObservation, needs: Sequence[Need]) -> tuple[int, str]:
    return needs[0] if needs else len(Need), seen.identity.name


def _matches(seen: AccountObservation, query: str) -> bool:
    """Look for the query in what the configuration says of the account."""
    identity = seen.identity
    texts = (identity.name, identity.user_id, identity.app, *identity.labels.values())
    return any(query in text.casefold() for text in texts)
