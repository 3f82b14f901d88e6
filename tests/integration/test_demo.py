"""The demo as anyone starts it: within seconds it shows every kind of trouble."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, exporter_process
from tests.scrape import Scrape
from tests.tracing import TRACED

pytestmark = pytest.mark.xdist_group("demo")


@dataclass(frozen=True)
class Demo:
    exporter: ExporterProcess
    temporary: Path

    def until(self, name: str, fitting: int, above: float = 0, **labels: str) -> Scrape:
        """Return the first scrape with at least so many such series above a value."""

        def fits(scrape: Scrape) -> bool:
            found = scrape.select(name, **labels)
            return sum(sample.value > above for sample in found) >= fitting

        return eventually(self.exporter.scrape, fits)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    temporary = folder / "tmp"
    temporary.mkdir()
    with exporter_process(
        *("--web.listen-address=127.0.0.1:0", "demo"),
        output=folder,
        environment={"TMPDIR": str(temporary), **TRACED},
    ) as exporter:
        exporter.wait_until_ready()
        yield Demo(exporter, temporary)


def test_a_quota_is_nearly_used_up(demo: Demo) -> None:
    scrape = demo.until("threads_quota_usage", 1, 234, account="harbor-daily-news")
    labels = {"account": "harbor-daily-news", "quota": "publish"}

    usage = scrape.value("threads_quota_usage", **labels)
    limit = scrape.value("threads_quota_limit", **labels)

    assert usage is not None
    assert limit is not None
    assert 0.9 < usage / limit < 1


def test_dead_tokens_tell_why(demo: Demo) -> None:
    scrape = demo.until("threads_token_invalid_reason", 2)

    reasons = {
        sample.labels["account"]: sample.labels["reason"]
        for sample in scrape.select("threads_token_invalid_reason")
    }
    valid = scrape.by("account", "threads_token_valid")
    assert reasons == {"old-mill-bakery": "revoked", "velo-sport": "session_invalidated"}
    assert {name for name, value in valid.items() if value == 0} == reasons.keys()


def test_a_token_expires_soon(demo: Demo) -> None:
    scrape = demo.until("threads_token_expiry_timestamp_seconds", 8)
    expiries = scrape.by("account", "threads_token_expiry_timestamp_seconds")
    now = scrape.value("threads_exporter_config_last_reload_success_timestamp_seconds") or 0

    assert 0 < expiries["juniper-travel"] - now < 86_400
    assert 4 * 86_400 < expiries["lumen-cosmetics"] - now < 6 * 86_400
    assert expiries["northwind-coffee"] - now > 30 * 86_400


def test_quotas_are_refused(demo: Demo) -> None:
    scrape = demo.until("threads_quota_refused", 2)

    assert {
        (sample.labels["account"], sample.labels["quota"], sample.labels["reason"])
        for sample in scrape.select("threads_quota_refused")
    } >= {
        ("cedar-clinic", "delete", "permission"),
        ("city-guide", "location_search", "unsupported"),
    }


def test_the_landing_page_counts_the_troubles(demo: Demo) -> None:
    page = demo.exporter.get("/").text

    assert "10 accounts: " in page
    assert "2 with an invalid token" in page


def test_containers_end_in_several_ways_and_then_so_does_the_demo(demo: Demo) -> None:
    demo.until("threads_container_errors_total", 1)
    scrape = demo.until("threads_container_outcomes_total", 1, outcome="PUBLISHED")
    messages = {
        sample.labels["error_message"]
        for sample in scrape.select("threads_container_errors_total")
        if sample.value
    }
    left_meanwhile = list(demo.temporary.iterdir())
    demo.exporter.send(signal.SIGTERM)

    assert demo.exporter.wait() == 0
    assert messages
    assert len(left_meanwhile) == 1
    assert list(demo.temporary.iterdir()) == []
    assert "Traceback" not in demo.exporter.output
