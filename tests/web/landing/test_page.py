import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from exporter.domain import AccountIdentity, ContainerStatus, FailureReason, QuotaKind
from exporter.observations.model import AccountObservation, ContainerSummary
from exporter.web.backend import WebOptions
from exporter.web.landing.overview import overview_of
from exporter.web.landing.page import render_page
from tests.clock import ControlledClock
from tests.web.landing.observed import DAY, NOW, failed, polled, quotas, seen, token
from tests.web.stand_in import StandIn, fetch, serving


class Reader(HTMLParser):
    """Collects a page's text, and the tags and attributes that it was made with."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.words.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", " ".join(read(page).words))


def show(accounts: Mapping[str, AccountObservation], query: str = "") -> str:
    return render_page(overview_of(accounts, NOW, query), NOW, WebOptions("1.2.3"))


def style_hash(page: str) -> str:
    style = page.partition("<style>")[2].partition("</style>")[0]
    return b64encode(sha256(style.encode()).digest()).decode()


FINE = replace(seen(), polls=polled(quota=True))
FAILING = replace(seen("bakery"), polls=polled(quota=False))


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        ({}, "No accounts yet"),
        ({"acme": seen()}, "1 account, none polled yet"),
        ({"acme": FINE}, "1 account, all well"),
        ({"acme": FINE, "bakery": FAILING}, "2 accounts: 1 needs a hand"),
        (
            {"acme": replace(seen(), polls=FAILING.polls), "b": FAILING},
            "2 accounts: 2 need a hand",
        ),
    ],
)
def test_the_headline_counts(accounts: Mapping[str, AccountObservation], expected: str) -> None:
    assert f"<h2>{expected}</h2>" in show(accounts)


def test_the_page_names_the_version_the_time_and_the_endpoints() -> None:
    page = show({})

    assert "1.2.3" in text_of(page)
    assert "Seen as of 2026-09-21 14:13:20 UTC" in text_of(page)
    for path in ("/metrics", "/-/healthy", "/-/ready", "/config"):
        assert f'href="{path}"' in page


def test_without_accounts_the_page_says_what_to_do() -> None:
    page = show({})

    assert "Add an account under accounts: in the configuration file" in page
    assert "<form" not in page
    assert "<table" not in page


def test_a_row_tells_what_was_last_seen() -> None:
    observation = replace(
        seen("acme", "1784"),
        token=token(valid=True, expires_in=4 * DAY + 3 * 3600),
        quota_reading=quotas(publish=(1234, 2000), reply=(999, 1000), delete=(7, None)),
        refused_quotas={QuotaKind.LOCATION_SEARCH: FailureReason.PERMISSION},
        polls=polled(quota=False),
        last_failures=failed(quota="timeout"),
        containers=ContainerSummary(
            by_status={ContainerStatus.PENDING: 3, ContainerStatus.ERROR: 2}
        ),
        paused_until=NOW + 60,
    )
    page = show({"acme": observation})

    assert (
        "Account Token Publish Reply Delete Location search Containers Quotas seen Last failure "
        "acme 1784 expires soon expires in 4 d 3 h 1,234 / 2,000 999 / 1,000 99% used "
        "7 / no limit told permission 3 unfinished 2 failed never paused for 1 min quota: timeout "
    ) in text_of(page)
    assert '<rect class="fill" width="61.7" height="4">' in page


def test_a_bar_ends_at_its_limit() -> None:
    observation = replace(seen(), quota_reading=quotas(publish=(300, 250)))
    page = show({"acme": observation})

    assert '<rect class="fill" width="100.0" height="4">' in page
    assert "120% used" in page


def test_what_accounts_need_is_counted() -> None:
    page = show({"acme": FAILING, "bakery": replace(seen("b"), token=token(valid=False))})

    assert '<li class="badge bad">1 with an invalid token</li>' in page
    assert '<li class="badge notice">1 with failing polls</li>' in page


def test_a_filter_shows_those_that_match_and_the_way_back() -> None:
    page = show({"acme": FINE, "bakery": FAILING}, "BAK")

    assert "1 of 2 match “BAK”." in text_of(page)
    assert 'value="BAK"' in page
    assert '<a href="/">Show all</a>' in page
    assert "acme" not in page


def test_a_filter_that_matches_nothing_says_so() -> None:
    page = show({"acme": FINE}, "bakery")

    assert "No account matches “bakery”." in text_of(page)
    assert "<table" not in page


def test_of_many_accounts_the_page_says_how_many_it_shows() -> None:
    accounts = {f"{number:05}": seen(f"{number:05}") for number in range(1200)}
    page = show(accounts)

    assert "The first 500 of 1,200: filter to see the others." in page
    assert "00499" in page
    assert "00500" not in page
    assert "Show all" not in page


def test_what_comes_from_outside_is_escaped() -> None:
    evil = "<script>alert(1)</script>\"'&"
    identity = AccountIdentity(evil, evil, "", {})
    page = show({evil: AccountObservation(identity)}, "<script>")

    assert "script" not in read(page).tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;" in page
    assert 'value="&lt;script&gt;"' in page


def test_the_policy_allows_the_pages_own_style_and_nothing_else() -> None:
    options = WebOptions("1.2.3", clock=ControlledClock(wall_time=NOW))
    with serving(StandIn(seen={"acme": FINE, "bakery": FAILING}), options) as server:
        answer = fetch(server, "/?q=+acme+")

    assert answer.body == show({"acme": FINE, "bakery": FAILING}, "acme")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{style_hash(answer.body)}'; img-src data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


def test_the_page_needs_nothing_that_the_policy_forbids() -> None:
    reader = read(show({"acme": replace(FINE, quota_reading=quotas(publish=(1, 2)))}))

    assert "script" not in reader.tags
    assert "style" not in reader.attributes
    assert not any(name.startswith("on") for name in reader.attributes)
