from collections.abc import Mapping
from dataclasses import replace

import pytest

from exporter.domain import AccountIdentity
from exporter.observations.model import AccountObservation
from exporter.web.landing.attention import Need
from exporter.web.landing.overview import Overview, overview_of
from tests.web.landing.observed import DAY, NOW, polled, quotas, seen, token


def by_name(*observations: AccountObservation) -> Mapping[str, AccountObservation]:
    return {observation.identity.name: observation for observation in observations}


def names(overview: Overview) -> list[str]:
    return [row.name for row in overview.rows]


def test_the_most_urgent_come_first_then_by_name() -> None:
    accounts = by_name(
        replace(seen("b-fine"), polls=polled(quota=True)),
        seen("a-fine"),
        replace(seen("c-failing"), polls=polled(quota=False)),
        replace(seen("d-expiring"), token=token(expires_in=DAY)),
        replace(seen("e-exhausted"), quota_reading=quotas(publish=(9, 9))),
        replace(seen("g-revoked"), token=token(valid=False)),
        replace(seen("f-revoked"), token=token(valid=False)),
    )
    overview = overview_of(accounts, NOW)

    assert names(overview) == [
        "f-revoked",
        "g-revoked",
        "e-exhausted",
        "d-expiring",
        "c-failing",
        "a-fine",
        "b-fine",
    ]
    assert (overview.total, overview.polled, overview.needing, overview.matching) == (7, 2, 5, 7)
    assert overview.needs == {
        Need.TOKEN_INVALID: 2,
        Need.QUOTA_EXHAUSTED: 1,
        Need.TOKEN_EXPIRES: 1,
        Need.POLLS_FAIL: 1,
    }


@pytest.mark.parametrize("query", ["ACM", "1784", "Main-app", "growth"])
def test_accounts_are_found_by_what_the_configuration_says_of_them(query: str) -> None:
    identity = AccountIdentity("acme", "17841", "main-app", {"team": "Growth"})
    accounts = by_name(AccountObservation(identity), seen("bakery"))
    overview = overview_of(accounts, NOW, query)

    assert names(overview) == ["acme"]
    assert (overview.total, overview.matching) == (2, 1)


def test_of_many_accounts_the_first_500_are_shown() -> None:
    accounts = by_name(*(seen(f"{number:05}") for number in range(501)))
    overview = overview_of(accounts, NOW)

    assert (overview.total, overview.matching, len(overview.rows)) == (501, 501, 500)
    assert names(overview)[-1] == "00499"
