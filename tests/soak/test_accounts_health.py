import time

import pytest

from soak.accounts_health import AccountsHealth
from soak.population import Account, Kind
from soak.record import Look

WITHIN = 10.0
NAME = "threads_poll_last_success_timestamp_seconds"
FIRST, SECOND, GUEST = (
    Account(0, Kind.PLAIN),
    Account(1, Kind.PLAIN),
    Account(2, Kind.GUEST),
)


def page(**ages: float) -> bytes:
    """Return a page on which the accounts were read that many seconds ago."""
    lines = [
        f'{NAME}{{account="{name.replace("_", "-")}",poll="quota"}} {time.time() - age}\n'
        for name, age in ages.items()
    ]
    return "".join(["up 1\n", *lines]).encode()


def all_fresh() -> bytes:
    return page(account_000000=1, account_000001=1, guest_000002=1)


@pytest.fixture
def health() -> AccountsHealth:
    return AccountsHealth((FIRST, SECOND, GUEST), since=time.monotonic() - 60)


def look(health: AccountsHealth, content: bytes) -> Look:
    return health.look(content, time.monotonic(), 5.0, WITHIN)


def test_fresh_accounts_are_judged_and_well(health: AccountsHealth) -> None:
    seen = look(health, all_fresh())

    assert (seen.at, seen.judged, seen.stale, seen.removed) == (5.0, 3, (), ())
    assert 1 <= seen.oldest < 2


def test_what_is_too_old_or_not_shown_is_stale(health: AccountsHealth) -> None:
    seen = look(health, page(account_000000=11, guest_000002=1))

    assert seen.stale == (FIRST.name, SECOND.name)


def test_a_disturbed_app_is_excused_until_it_had_time_to_recover(health: AccountsHealth) -> None:
    stale = page(account_000000=11, account_000001=1, guest_000002=1)
    health.disturb([FIRST.app])
    during = look(health, stale)
    health.calm()
    just_after = look(health, stale)
    long_after = health.look(stale, time.monotonic() + 11, 5.0, WITHIN)

    assert (during.judged, during.stale) == (2, ())
    assert (just_after.judged, just_after.stale) == (2, ())
    assert FIRST.name in long_after.stale


def test_all_are_excused_while_the_exporter_is_away(health: AccountsHealth) -> None:
    health.disturb_all()
    during = look(health, b"")
    health.calm()

    assert (during.judged, look(health, b"").judged) == (0, 0)


def test_single_accounts_are_excused_for_longer(health: AccountsHealth) -> None:
    health.disturb_some([SECOND])
    health.calm(after=60)
    seen = health.look(page(account_000000=1), time.monotonic() + 30, 5.0, WITHIN)

    assert SECOND.name not in seen.stale


def test_a_removed_account_is_not_to_be_shown_and_not_missed(health: AccountsHealth) -> None:
    health.remove([GUEST])
    shown = look(health, all_fresh())
    gone = look(health, page(account_000000=1, account_000001=1))

    assert (shown.judged, shown.removed) == (2, (GUEST.name,))
    assert (gone.stale, gone.removed) == ((), ())
