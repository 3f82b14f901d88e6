from dataclasses import replace

import pytest

from exporter.observations.model import AccountObservation, TokenReading
from exporter.web.landing.attention import Need, Tone, needs_of
from tests.web.landing.observed import DAY, NOW, polled, quotas, seen, token


@pytest.mark.parametrize(
    ("reading", "needs"),
    [
        (token(), ()),
        (token(valid=True), ()),
        (token(valid=True, expires_in=7 * DAY), ()),
        (token(valid=True, expires_in=7 * DAY - 1), (Need.TOKEN_EXPIRES,)),
        (token(expires_in=1), (Need.TOKEN_EXPIRES,)),
        (token(valid=True, expires_in=0), (Need.TOKEN_INVALID,)),
        (token(valid=False), (Need.TOKEN_INVALID,)),
        (token(valid=False, expires_in=DAY), (Need.TOKEN_INVALID,)),
    ],
)
def test_a_token_needs_a_hand_a_week_before_it_ends(
    reading: TokenReading, needs: tuple[Need, ...]
) -> None:
    assert needs_of(replace(seen(), token=reading), NOW) == needs


@pytest.mark.parametrize(
    ("usage", "limit", "needs"),
    [
        (249, 250, ()),
        (250, 250, (Need.QUOTA_EXHAUSTED,)),
        (251, 250, (Need.QUOTA_EXHAUSTED,)),
        (0, 0, ()),
        (9, None, ()),
    ],
)
def test_a_quota_needs_a_hand_once_it_is_used_up(
    usage: int, limit: int | None, needs: tuple[Need, ...]
) -> None:
    observation = replace(seen(), quota_reading=quotas(publish=(1, 250), reply=(usage, limit)))

    assert needs_of(observation, NOW) == needs


def needing_everything() -> AccountObservation:
    return replace(
        seen(),
        token=token(expires_in=DAY),
        quota_reading=quotas(publish=(1, 1)),
        polls=polled(quota=True, container=False),
    )


def test_the_most_urgent_need_comes_first() -> None:
    needs = needs_of(needing_everything(), NOW)

    assert needs == (Need.QUOTA_EXHAUSTED, Need.TOKEN_EXPIRES, Need.POLLS_FAIL)
    assert [need.tone for need in needs] == [Tone.BAD, Tone.NOTICE, Tone.NOTICE]
