import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exporter.config.settings import AccountHttpSd, AccountSettings
from exporter.discovery.source import Source
from exporter.domain import SourceStatus
from exporter.secret import InlineSecret, Secret, SecretUnreadableError
from exporter.threads_api.network import Network
from tests.account_source import AccountSource, Listed
from tests.clock import ControlledClock
from tests.discovery.bench import Bench
from tests.eventually import eventually
from tests.workspace import Section

JUNK = Listed(b"<html>")


def account(name: str, token: str = "1") -> Section:
    return {"name": name, "access_token": f"THAA-{name}-{token}"}


def tokens(**numbers: int) -> dict[str, str]:
    return {name: f"THAA-{name}-{number}" for name, number in numbers.items()}


def problems(logs: Sequence[object]) -> list[str]:
    return [log["problem"] for log in logs if isinstance(log, dict) and "problem" in log]


@pytest.fixture
def bench(network: Network, clock: ControlledClock) -> Bench:
    return Bench(network, clock)


@pytest.fixture
def asked(bench: Bench, source: AccountSource, url: str) -> Bench:
    """Give a bench with a source that has told of acme and globex."""
    source.tell(account("acme"), account("globex"))
    bench.configure(AccountHttpSd(url))
    bench.ask()
    return bench


def test_what_a_source_tells_of_is_adopted(asked: Bench, clock: ControlledClock) -> None:
    assert asked.adopted == [tokens(acme=1, globex=1)]
    assert asked.discovery.statuses() == [SourceStatus(0, clock.wall(), 2)]


def test_without_sources_there_is_nothing_to_ask(bench: Bench) -> None:
    bench.configure()

    assert bench.ask() == []
    assert bench.adopted == []


def test_a_source_is_asked_again_after_its_interval(asked: Bench, source: AccountSource) -> None:
    asked.ask(after=59)
    before = len(source.asked)
    asked.ask(after=1)

    assert (before, len(source.asked)) == (1, 2)


def test_the_same_answer_is_no_work(asked: Bench, clock: ControlledClock) -> None:
    (status,) = asked.ask(after=60)

    assert (asked.read, len(asked.adopted)) == (2, 1)
    assert status.last_success_at == clock.wall()


def test_the_same_accounts_in_another_order_are_no_change(
    asked: Bench, source: AccountSource
) -> None:
    source.tell(account("globex"), account("acme"))
    asked.ask(after=60)

    assert len(asked.adopted) == 1


def test_a_new_token_an_account_more_and_one_less(asked: Bench, source: AccountSource) -> None:
    source.tell(account("acme", "2"), account("initech"))
    asked.ask(after=60)

    assert asked.adopted[-1] == tokens(acme=2, initech=1)


def test_an_empty_list_is_an_answer(asked: Bench, source: AccountSource) -> None:
    source.tell()

    assert [status.accounts for status in asked.ask(after=60)] == [0]
    assert asked.adopted[-1] == {}


def test_a_first_answer_is_adopted_though_it_is_empty(bench: Bench, url: str) -> None:
    bench.configure(AccountHttpSd(url))
    bench.ask()

    assert bench.adopted == [{}]
    assert bench.discovery.unanswered() == []


@pytest.mark.parametrize("wrong", [JUNK, Listed(b"[{}]"), Listed(b"[]", status=500)])
def test_the_last_good_answer_stays(asked: Bench, source: AccountSource, wrong: Listed) -> None:
    good, source.listed = source.listed, wrong
    (failed,) = asked.ask(after=60)
    source.listed = good
    (well,) = asked.ask(after=60)

    assert asked.tokens == tokens(acme=1, globex=1)
    assert len(asked.adopted) == 1
    assert (failed.failures, well.failures) == (1, 1)
    assert (well.last_success_at or 0) - (failed.last_success_at or 0) == 120


def test_what_failed_is_tried_again_soon(asked: Bench, source: AccountSource) -> None:
    source.listed = JUNK
    failures = [asked.ask(after=seconds)[0].failures for seconds in (60, 14, 1, 15)]

    assert failures == [1, 1, 2, 3]


def test_no_source_is_asked_more_often_than_configured(
    bench: Bench, source: AccountSource, url: str
) -> None:
    source.listed = JUNK
    bench.configure(AccountHttpSd(url, refresh_interval=5.0))
    failures = [bench.ask(after=seconds)[0].failures for seconds in (0, 4, 1)]

    assert failures == [1, 1, 2]


def test_a_problem_is_told_once_and_so_is_its_end(asked: Bench, source: AccountSource) -> None:
    good, source.listed = source.listed, JUNK
    with capture_logs() as logs:
        for listed in (JUNK, JUNK, good, good, JUNK):
            source.listed = listed
            asked.ask(after=60)

    told = [(log["log_level"], log["event"]) for log in logs]
    assert told == [
        ("error", "accounts not taken"),
        ("info", "the source of accounts answers well again"),
        ("error", "accounts not taken"),
    ]
    assert problems(logs) == ["account_http_sd[0]: is no JSON list"] * 2


def test_the_log_tells_no_more_of_the_url_than_the_host(
    bench: Bench, source: AccountSource, url: str
) -> None:
    source.listed = Listed(b"", status=401)
    bench.configure(AccountHttpSd(f"{url}?key=s3cret"))
    with capture_logs() as logs:
        bench.ask()

    assert [log["host"] for log in logs] == [url.split("/")[2]]
    assert "s3cret" not in str(logs)


def test_no_log_line_has_a_token(bench: Bench, source: AccountSource, url: str) -> None:
    source.tell(account("acme"), {"name": "acme", "access_token": "THAA-canary"})
    bench.configure(AccountHttpSd(url))
    with capture_logs() as logs:
        bench.ask()
        source.tell(account("acme"))
        bench.ask(after=60)

    assert len(logs) == 3
    assert "THAA" not in str(logs)


def test_a_fault_of_the_exporter_is_a_failure_that_passes(
    bench: Bench, source: AccountSource, url: str
) -> None:
    source.tell(account("acme"))
    bench.configure(AccountHttpSd(url))
    bench.fault = MemoryError()
    with capture_logs() as logs:
        (failed,) = bench.ask()
    bench.fault = None
    (well,) = bench.ask(after=60)

    assert problems(logs) == ["account_http_sd[0]: MemoryError: the log says more"]
    assert logs[0]["exc_info"].args == ()
    assert (failed.failures, failed.last_success_at, failed.accounts) == (1, None, 0)
    assert (well.failures, well.accounts) == (1, 1)
    assert bench.adopted == [tokens(acme=1)]


def test_want_of_a_thread_is_a_failure_that_passes(
    bench: Bench, source: AccountSource, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    source.tell(account("acme"))
    bench.configure(AccountHttpSd(url))
    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(threading.Thread, "start", refuse)
        bench.ask()
    (status,) = bench.ask(after=15)

    assert problems(logs) == ["account_http_sd[0]: no thread is to be had to ask it"]
    assert (status.failures, status.accounts) == (1, 1)


class TestWaiting:
    def test_a_source_that_hangs_holds_up_nobody(
        self, bench: Bench, source: AccountSource, url: str
    ) -> None:
        other = AccountSource()
        other.tell(account("globex"))
        source.open.clear()
        with other.serving() as other_url:
            bench.configure(AccountHttpSd(url), AccountHttpSd(other_url))
            bench.discovery.start(0.0)
            _, answering = bench.discovery.sources.items
            answering.wait(30)
            unanswered = bench.discovery.unanswered()
            bench.clock.advance(60)
            bench.discovery.ask_due()
            eventually(lambda: len(other.asked) == 2)
            source.tell(account("acme"))
            source.open.set()
            eventually(lambda: len(bench.adopted) == 2)

        assert unanswered == ["account_http_sd[0]"]
        assert len(source.asked) == 1
        assert bench.tokens == tokens(acme=1, globex=1)

    def test_the_start_waits_for_the_first_answers(
        self, bench: Bench, source: AccountSource, url: str
    ) -> None:
        source.tell(account("acme"))
        source.open.clear()
        threading.Timer(0.3, source.open.set).start()
        bench.configure(AccountHttpSd(url))
        bench.discovery.start(30)

        assert bench.adopted == [tokens(acme=1)]

    def test_not_all_is_known_before_each_has_answered(
        self, bench: Bench, source: AccountSource, url: str
    ) -> None:
        source.listed = JUNK
        bench.configure(AccountHttpSd(url))
        bench.ask()
        before = bench.discovery.sources.know_all, bench.discovery.unanswered()
        source.tell()
        bench.ask(after=60)

        assert before == (False, ["account_http_sd[0]"])
        assert bench.discovery.sources.know_all


class TestSharing:
    def test_the_tokens_of_other_shards_accounts_are_not_held(
        self, bench: Bench, source: AccountSource, url: str
    ) -> None:
        bench.own = frozenset({"acme"})
        source.tell(account("acme"), account("globex"))
        bench.configure(AccountHttpSd(url))

        assert [status.accounts for status in bench.ask()] == [1]
        assert bench.adopted == [tokens(acme=1)]
        assert bench.discovery.sources.names == {"acme", "globex"}

    def test_a_name_belongs_to_the_source_that_told_of_it_first(
        self, asked: Bench, source: AccountSource, url: str
    ) -> None:
        other = AccountSource()
        other.tell(account("acme", "other"))
        with other.serving() as other_url, capture_logs() as logs:
            asked.configure(AccountHttpSd(url), AccountHttpSd(other_url))
            statuses = asked.ask()
            source.tell(account("globex"))
            asked.ask(after=60)
            asked.ask(after=60)

        assert [status.failures for status in statuses] == [0, 1]
        (problem,) = problems(logs)
        assert problem == (
            'account_http_sd[1]: [0].name: "acme" is already used at account_http_sd[0]'
        )
        assert asked.tokens == {"globex": "THAA-globex-1", "acme": "THAA-acme-other"}


class TestReloads:
    def test_a_source_that_stays_keeps_its_answer_and_is_asked_soon(
        self, asked: Bench, source: AccountSource, url: str
    ) -> None:
        source.listed = JUNK
        asked.configure(AccountHttpSd("https://sd.invalid/"), AccountHttpSd(url))
        kept = asked.tokens
        with capture_logs() as logs:
            statuses = asked.ask()

        assert kept == tokens(acme=1, globex=1)
        assert len(source.asked) == 2
        assert "account_http_sd[1]: is no JSON list" in problems(logs)
        assert [(status.failures, status.accounts) for status in statuses] == [(1, 0), (1, 2)]
        assert asked.discovery.unanswered() == ["account_http_sd[0]"]

    def test_a_source_that_is_asked_in_another_way_keeps_its_answer(
        self, asked: Bench, source: AccountSource, url: str
    ) -> None:
        source.listed = JUNK
        asked.ask(after=60)
        (before,) = asked.discovery.statuses()
        asked.configure(AccountHttpSd(url, refresh_interval=1.0))

        assert asked.discovery.statuses() == [before]
        assert (asked.discovery.unanswered(), asked.tokens) == ([], tokens(acme=1, globex=1))

    def test_the_accounts_of_a_source_that_is_dropped_go(self, asked: Bench) -> None:
        asked.configure()

        assert (asked.tokens, asked.discovery.sources.names) == ({}, frozenset())

    def test_a_name_that_the_configuration_takes_is_the_configurations(
        self, asked: Bench, url: str
    ) -> None:
        token = InlineSecret(Secret("THAA-acme-file"))
        acme = AccountSettings("acme", token, source=Path("/etc/config.yaml"))
        asked.configure(AccountHttpSd(url), accounts=[acme])
        kept = asked.tokens
        with capture_logs() as logs:
            (status,) = asked.ask()

        assert kept == tokens(globex=1)
        assert status.failures == 1
        assert problems(logs) == [
            'account_http_sd[0]: [0].name: "acme" is already used at /etc/config.yaml'
        ]

    @pytest.fixture
    def silent(self, bench: Bench, source: AccountSource, url: str) -> Source:
        """Give a source that was asked and has not answered yet."""
        source.tell(account("acme"))
        source.open.clear()
        bench.configure(AccountHttpSd(url))
        bench.discovery.start(0.0)
        (silent,) = bench.discovery.sources.items
        eventually(lambda: source.asked)
        return silent

    def test_an_answer_to_a_source_that_is_gone_is_nothing(
        self, bench: Bench, source: AccountSource, silent: Source
    ) -> None:
        bench.configure()
        source.open.set()
        silent.wait(30)

        assert (bench.adopted, bench.tokens) == ([], {})

    def test_after_the_end_nothing_is_adopted(
        self, bench: Bench, source: AccountSource, silent: Source
    ) -> None:
        bench.discovery.close()
        source.open.set()
        silent.wait(30)

        assert bench.adopted == []

    def test_the_end_of_the_network_is_the_end_of_what_is_asked(
        self, clock: ControlledClock, source: AccountSource, url: str
    ) -> None:
        source.open.clear()
        with closing(Network()) as network:
            bench = Bench(network, clock)
            bench.configure(AccountHttpSd(url))
            bench.discovery.start(0.0)
            eventually(lambda: source.asked)
        eventually(bench.discovery.statuses, lambda statuses: statuses[0].failures)


class TestAuthorization:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        file = tmp_path / "authorization"
        file.write_text("first-authorization\n")
        return file

    @pytest.fixture
    def authorized(self, bench: Bench, url: str, file: Path) -> Bench:
        bench.configure(AccountHttpSd(url, authorization_file=file))
        bench.ask()
        return bench

    def sent(self, source: AccountSource) -> Iterator[str]:
        yield from (headers["Authorization"] for headers in source.asked)

    def test_it_is_read_again_when_it_has_changed(
        self, authorized: Bench, source: AccountSource, file: Path
    ) -> None:
        file.write_text("another-authorization\n")
        authorized.ask(after=60)

        assert list(self.sent(source)) == [
            "Bearer first-authorization",
            "Bearer another-authorization",
        ]

    def test_the_old_one_is_sent_while_it_cannot_be_read(
        self, authorized: Bench, source: AccountSource, file: Path
    ) -> None:
        file.unlink()
        with capture_logs() as logs:
            authorized.ask(after=60)
            authorized.ask(after=60)
        file.write_text("another-authorization")
        authorized.ask(after=60)

        assert list(self.sent(source)) == [
            *["Bearer first-authorization"] * 3,
            "Bearer another-authorization",
        ]
        assert authorized.tokens_failed == 2
        assert problems(logs) == [f"{file}: No such file or directory"]
        assert logs[0]["owner"] == "account_http_sd[0]"

    def test_it_is_masked_wherever_it_is_logged(self, authorized: Bench) -> None:
        assert authorized.redactor.redact("it is first-authorization") == "it is <secret>"

    def test_one_that_cannot_be_read_at_a_reload_changes_nothing(
        self, authorized: Bench, url: str, tmp_path: Path
    ) -> None:
        before = authorized.discovery.sources
        with pytest.raises(SecretUnreadableError, match="gone: No such file or directory"):
            authorized.configure(AccountHttpSd(url, authorization_file=tmp_path / "gone"))

        assert authorized.discovery.sources is before
