"""What is kept as text is byte for byte what prometheus_client renders of the same families."""

import gzip
import zlib
from dataclasses import replace
from threading import Event, Thread
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from exporter.domain import Quota, QuotaKind, UsageResource
from exporter.metrics.account_lines import AccountLines
from exporter.metrics.block import ACCOUNTS
from exporter.metrics.collector import AccountCollector
from exporter.metrics.exposition import FORMATS, Exposition, Expositions, Selection
from exporter.metrics.instruments import Instruments
from exporter.metrics.rows import ACCOUNT_ROWS
from exporter.metrics.state import ExporterState
from exporter.observations.model import AccountObservation, QuotaReading, TokenReading, UsageReading
from tests.examples import examples
from tests.metrics.observed import observations
from tests.metrics.scrapes import STATE, Exporter, exporter_of, identity, samples

ACCEPTS = {chosen: f"{value};version={version}" for (value, version), chosen in FORMATS.items()}
NAMES = st.sampled_from([row.desc.name for row in ACCOUNT_ROWS] + ["threads_polls", "up"])


class Kept:
    """The kept lines of an exporter, and a collector that reads it anew."""

    def __init__(self, exporter: Exporter) -> None:
        self.exporter = exporter
        self.lines = AccountLines(exporter.sources, exporter.instruments)
        self.expositions = Expositions(self.lines, CollectorRegistry())

    def collector(self) -> Collector:
        return AccountCollector(self.exporter.sources, Instruments(), rows=ACCOUNT_ROWS)

    def check(self, names: frozenset[str] = frozenset()) -> None:
        anew = Selection(self.collector(), names) if names else self.collector()
        self.lines.catch_up()
        for chosen, accept in ACCEPTS.items():
            plain = self.expositions.expose(accept, None, names)
            packed = self.expositions.expose(accept, "gzip", names)
            assert plain.body == chosen.render(anew)
            assert unpacked(packed) == plain.body


def unpacked(packed: Exposition) -> bytes:
    """Return the first member of a gzip, of which there is one and nothing after it."""
    member = zlib.decompressobj(wbits=31)
    text = member.decompress(packed.body)
    assert member.eof
    assert member.unused_data == b""
    return text


@examples(40)
@given(
    st.lists(st.lists(observations, max_size=3), min_size=1, max_size=4),
    st.lists(st.floats(0, 1500), min_size=4, max_size=4),
    st.frozensets(NAMES, max_size=2),
)
def test_whatever_happens_the_kept_text_is_what_would_be_rendered_anew(
    moments: list[list[AccountObservation]], waits: list[float], names: frozenset[str]
) -> None:
    exporter = Exporter()
    kept = Kept(exporter)

    for seen, wait in zip(moments, waits, strict=False):
        exporter.accounts = {item.identity.name: item for item in seen}
        exporter.clock.advance(wait)
        kept.check()
        kept.check(names)


def quotas(usage: int, now: float) -> QuotaReading:
    return QuotaReading({QuotaKind.PUBLISH: Quota(usage, 250, 86_400)}, now)


def many(count: int) -> Exporter:
    return exporter_of(*(AccountObservation(identity(f"acme-{n}")) for n in range(count)))


def test_accounts_of_every_block_change_and_stay_in_their_order() -> None:
    exporter = many(2 * ACCOUNTS + 1)
    kept = Kept(exporter)
    kept.check()

    for usage in (1, 10, 100):
        for number in (0, ACCOUNTS - 1, ACCOUNTS, 2 * ACCOUNTS):
            name = f"acme-{number}"
            seen = exporter.accounts[name]
            reading = quotas(usage + number, exporter.clock.monotonic())
            exporter.accounts[name] = replace(seen, quota_reading=reading)
        kept.check()

    shown = kept.expositions.expose(None, None, ["threads_quota_usage"]).body
    assert len(samples(shown)) == 4


def test_accounts_come_and_go_and_the_others_keep_their_lines() -> None:
    exporter = many(ACCOUNTS + 2)
    kept = Kept(exporter)
    kept.check()

    names = [name for name in exporter.accounts if name not in {"acme-0", "acme-5"}]
    exporter.accounts = {
        name: AccountObservation(identity(name)) for name in [*names[::-1], "brand-new"]
    }

    kept.check()


def test_accounts_that_come_and_go_leave_the_blocks_of_the_others_as_they_are() -> None:
    exporter = many(3 * ACCOUNTS)
    kept = Kept(exporter)
    kept.check()
    names = ["threads_account_info"]
    before = kept.expositions.expose(None, None, names).chunks

    exporter.accounts = {**exporter.accounts, "new": AccountObservation(identity("new"))}
    del exporter.accounts["acme-0"]
    kept.check()

    _header, *blocks, _rest = kept.expositions.expose(None, None, names).chunks
    kept_blocks = [any(block is one for one in before) for block in blocks]
    assert kept_blocks == [False, True, True, False]


def watched(exporter: Exporter) -> tuple[AccountLines, dict[str, int]]:
    """Return lines of accounts that do not change, and what tells who was rendered."""
    rendered: dict[str, int] = {}

    def spent(name: str) -> int:
        return rendered.setdefault(name, 0)

    sources = replace(exporter.sources, calls_24h=spent, changed=tuple)
    return AccountLines(sources, exporter.instruments), rendered


def test_accounts_that_come_are_rendered_and_no_others() -> None:
    exporter = many(3)
    lines, rendered = watched(exporter)
    lines.catch_up()
    rendered.clear()

    exporter.accounts = {**exporter.accounts, "new": AccountObservation(identity("new"))}
    lines.families()

    assert list(rendered) == ["new"]


def test_of_much_that_changed_a_scrape_renders_some_and_the_next_ones_the_rest() -> None:
    exporter = many(5 * ACCOUNTS)
    lines, rendered = watched(exporter)
    numbers = []
    for render in (lines.families, lines.refresh, lines.families, lines.families):
        render()
        numbers.append(len(rendered))

    assert numbers == [2 * ACCOUNTS, 4 * ACCOUNTS, 5 * ACCOUNTS, 5 * ACCOUNTS]
    assert list(rendered) == list(exporter.accounts)


def test_of_a_reload_all_is_shown_at_once() -> None:
    exporter = many(1)
    expositions = Kept(exporter).expositions
    counts = [accounts_in(expositions)]

    exporter.accounts = many(5 * ACCOUNTS).accounts
    counts += [accounts_in(expositions) for _ in range(3)]

    assert counts == [1, 1, 1, 5 * ACCOUNTS]


def test_a_setting_that_changes_every_account_is_shown_of_all_at_once() -> None:
    exporter = many(5 * ACCOUNTS)
    kept = Kept(exporter)
    kept.check()
    exporter.state = replace(STATE, call_budget=1_234)

    limits = [
        samples(kept.expositions.expose(None, None, ["threads_api_call_budget"]).body)
        for _ in range(3)
    ]

    assert [sum("1234" in line for line in shown) for shown in limits] == [0, 0, 5 * ACCOUNTS]


def accounts_in(expositions: Expositions) -> int:
    return len(samples(expositions.expose(None, None, ["threads_account_info"]).body))


def test_rendering_what_a_poll_learnt_does_not_ask_how_the_whole_exporter_does() -> None:
    exporter = many(3)

    def state() -> ExporterState:
        raise AssertionError

    AccountLines(replace(exporter.sources, state=state), exporter.instruments).refresh()


def test_before_the_first_scrape_all_is_rendered() -> None:
    exporter = many(5 * ACCOUNTS)
    lines, rendered = watched(exporter)

    lines.catch_up()

    assert list(rendered) == list(exporter.accounts)


def test_what_waits_to_be_rendered_is_not_looked_for_again() -> None:
    exporter = many(5 * ACCOUNTS)
    lines, rendered = watched(exporter)
    lines.catch_up()
    exporter.clock.advance(301)
    rendered.clear()

    for _ in range(4):
        lines.families()

    assert list(rendered) == list(exporter.accounts)


def test_a_label_that_another_account_brings_is_everyones() -> None:
    exporter = exporter_of(AccountObservation(identity("acme", {"team": "growth"})))
    kept = Kept(exporter)
    kept.check()

    other = AccountObservation(identity("other", {"region": "growth"}))
    exporter.accounts = {"acme": AccountObservation(identity("acme", {})), "other": other}
    kept.check()


def test_a_label_that_is_renamed_goes_by_its_new_name() -> None:
    exporter = exporter_of(AccountObservation(identity("acme", {"team": "growth"})))
    kept = Kept(exporter)
    kept.check()

    exporter.accounts = {"acme": AccountObservation(identity("acme", {"squad": "growth"}))}
    kept.check()


def test_what_ceases_with_time_alone_is_gone_when_its_time_has_come() -> None:
    exporter = exporter_of()
    now = exporter.clock
    exporter.accounts["acme"] = AccountObservation(
        identity(), quota_reading=quotas(3, now.monotonic()), paused_until=now.wall() + 60
    )
    unchanged = replace(exporter.sources, changed=tuple)
    expositions = Expositions(AccountLines(unchanged, exporter.instruments), CollectorRegistry())
    names = ["threads_quota_usage", "threads_account_paused_until_timestamp_seconds"]

    def shown() -> list[str]:
        lines = samples(expositions.expose(None, None, names).body)
        return [line.partition("{")[0] for line in lines]

    assert shown() == ["threads_account_paused_until_timestamp_seconds", "threads_quota_usage"]
    now.advance(60.5)
    assert shown() == ["threads_quota_usage"]
    now.advance(STATE.stale_after)
    assert shown() == []


def test_calls_that_leave_the_window_are_noticed_though_nothing_else_changes() -> None:
    exporter = exporter_of(AccountObservation(identity()))
    exporter.calls["acme"] = 7
    unchanged = replace(exporter.sources, changed=tuple)
    expositions = Expositions(AccountLines(unchanged, exporter.instruments), CollectorRegistry())
    name = "threads_api_calls_24h"

    before = samples(expositions.expose(None, None, [name]).body)
    exporter.calls["acme"] = 5
    exporter.clock.advance(301)

    assert before == [f'{name}{{account="acme"}} 7.0']
    assert samples(expositions.expose(None, None, [name]).body) == [f'{name}{{account="acme"}} 5.0']


def test_a_reload_that_changes_the_budget_changes_every_account() -> None:
    exporter = many(3)
    unchanged = replace(exporter.sources, changed=tuple)
    expositions = Expositions(AccountLines(unchanged, exporter.instruments), CollectorRegistry())
    expositions.expose(None, None)

    exporter.state = replace(STATE, call_budget=77)

    lines = samples(expositions.expose(None, None, ["threads_api_call_budget"]).body)
    assert [line.rpartition(" ")[2] for line in lines] == ["77.0"] * 3


def test_what_did_not_change_is_neither_rendered_nor_compressed_again() -> None:
    exporter = many(2 * ACCOUNTS)
    kept = Kept(exporter)
    before = kept.expositions.expose(None, "gzip").chunks
    seen = exporter.accounts["acme-0"]

    exporter.accounts["acme-0"] = replace(seen, token=TokenReading(valid=True))
    exporter.accounts["acme-1"] = replace(exporter.accounts["acme-1"])

    after = kept.expositions.expose(None, "gzip", []).chunks
    fresh = [chunk for chunk in after if not any(chunk is one for one in before)]
    header, blocks_of_token_valid, trailer_and_rest = 1, 1, 2
    assert len(fresh) <= header + blocks_of_token_valid + trailer_and_rest
    assert len(after) == len(before) + header + blocks_of_token_valid


@pytest.mark.parametrize("accounts", [0, 1, ACCOUNTS])
def test_gzip_is_read_by_the_standard_library(accounts: int) -> None:
    exporter = many(accounts)

    packed = exporter.expositions.expose(None, "gzip", ["threads_polls_total"])

    assert len(samples(gzip.decompress(packed.body))) == 3 * accounts


def test_refreshing_waits_for_nobody_and_a_scrape_shows_what_was_left() -> None:
    exporter = exporter_of(AccountObservation(identity()))
    begun, finish = Event(), Event()

    def changed() -> tuple[str, ...]:
        begun.set()
        assert finish.wait(30)
        return ("acme",)

    lines = AccountLines(replace(exporter.sources, changed=changed), exporter.instruments)
    other = Thread(target=lines.refresh)
    other.start()
    assert begun.wait(30)
    begun.clear()

    lines.refresh()

    assert not begun.is_set()
    finish.set()
    other.join(30)
    exporter.accounts["acme"] = AccountObservation(identity(), token=TokenReading(valid=True))
    scrape = Expositions(lines, CollectorRegistry()).expose(None, None, ["threads_token_valid"])
    assert samples(scrape.body) == ['threads_token_valid{account="acme"} 1.0']


def test_what_becomes_unreadable_is_left_out_and_counted_each_time() -> None:
    exporter = exporter_of(AccountObservation(identity()))
    now = exporter.clock.monotonic()
    readable = UsageReading({UsageResource.CALL_COUNT: 0.5}, now)
    unreadable = UsageReading({}, cast("float", "yesterday"))
    shown = []

    for reading in (readable, unreadable, unreadable):
        exporter.accounts["acme"] = AccountObservation(identity(), usage_reading=reading)
        shown.append(exporter.scrape("threads_api_usage_ratio"))

    counted = exporter.scrape("threads_exporter_collect_errors_total")
    name = "threads_api_usage_ratio"
    assert shown == [[f'{name}{{account="acme",resource="call_count"}} 0.5'], [], []]
    assert f'threads_exporter_collect_errors_total{{metric="{name}"}} 3.0' in counted


def test_the_order_in_which_things_were_learnt_does_not_show() -> None:
    exporter = exporter_of(AccountObservation(identity()))
    kept = Kept(exporter)
    now = exporter.clock.monotonic()
    both = {QuotaKind.PUBLISH: Quota(1, 250, 86_400), QuotaKind.REPLY: Quota(2, 1_000, 86_400)}

    for quotas_in_order in (both, dict(reversed(both.items()))):
        reading = QuotaReading(quotas_in_order, now)
        exporter.accounts["acme"] = AccountObservation(identity(), quota_reading=reading)
        kept.check()
