from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from exporter.domain import UsageResource
from exporter.metrics.account_lines import AccountLines
from exporter.metrics.exposition import Expositions
from exporter.observations.model import AccountObservation, TokenReading, UsageReading
from tests.clock import ControlledClock
from tests.metrics.scrapes import Exporter, exporter_of, identity, samples

ERRORS = "threads_exporter_collect_errors_total"


def errors_of(exporter: Exporter) -> list[str]:
    return [line for line in exporter.scrape(ERRORS) if not line.endswith(" 0.0")]


class Broken(Mapping[UsageResource, float]):
    """A mapping that fails once its first item was read."""

    def __getitem__(self, resource: UsageResource) -> float:
        if resource is UsageResource.CALL_COUNT:
            return 0.5
        raise RuntimeError("a fault in this account")

    def __iter__(self) -> Iterator[UsageResource]:
        yield from UsageResource

    def __len__(self) -> int:
        return 1


def exporter_with_a_fault() -> Exporter:
    ratios = {UsageResource.CALL_COUNT: 0.5}
    return exporter_of(
        AccountObservation(
            identity("faulty"), usage_reading=UsageReading(Broken(), ControlledClock().monotonic())
        ),
        AccountObservation(
            identity("fine"), usage_reading=UsageReading(ratios, ControlledClock().monotonic())
        ),
    )


def test_a_fault_costs_one_account_one_metric() -> None:
    lines = exporter_with_a_fault().scrape(
        "threads_api_usage_ratio", "threads_account_info", ERRORS
    )

    assert [line for line in lines if not line.endswith(" 0.0")] == [
        'threads_account_info{account="faulty",user_id="178414"} 1.0',
        'threads_account_info{account="fine",user_id="178414"} 1.0',
        'threads_api_usage_ratio{account="fine",resource="call_count"} 0.5',
        f'{ERRORS}{{metric="threads_api_usage_ratio"}} 1.0',
    ]


def test_a_fault_is_logged_once_not_at_each_account() -> None:
    exporter = exporter_with_a_fault()
    exporter.accounts["also faulty"] = AccountObservation(
        identity("also faulty"), usage_reading=UsageReading(Broken(), ControlledClock().monotonic())
    )

    with capture_logs() as logs:
        exporter.scrape()

    assert logs == [
        {
            "event": "left samples out of a scrape",
            "metric": "threads_api_usage_ratio",
            "log_level": "error",
            "exc_info": True,
        }
    ]


@pytest.mark.parametrize("value", [10**400, "0x10", None, []])
def test_a_value_that_cannot_be_rendered_is_a_fault_too(value: float) -> None:
    ratios = {UsageResource.CALL_COUNT: value}
    exporter = exporter_of(
        AccountObservation(
            identity(), usage_reading=UsageReading(ratios, ControlledClock().monotonic())
        )
    )

    assert exporter.scrape("threads_api_usage_ratio") == []
    assert errors_of(exporter) == [f'{ERRORS}{{metric="threads_api_usage_ratio"}} 1.0']


def test_a_fault_in_what_the_exporter_is_costs_one_metric() -> None:
    exporter = Exporter()
    exporter.state = replace(exporter.state, reload_success_at=10**400)

    names = (
        "threads_exporter_config_last_reload_successful",
        "threads_exporter_config_last_reload_success_timestamp_seconds",
    )

    assert exporter.scrape(*names) == ["threads_exporter_config_last_reload_successful 1.0"]
    assert errors_of(exporter) == [f'{ERRORS}{{metric="{names[1]}"}} 2.0']


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ('say "hi"', r"say \"hi\""),
        ("C:\\acme", r"C:\\acme"),
        ("two\nlines", r"two\nlines"),
        ("tab\there", "tab\there"),
        ("🧵 threads", "🧵 threads"),
        ("half \ud83e a pair", "half \ufffd a pair"),
        ("nul \x00 bell \x07 return \r", "nul \ufffd bell \ufffd return \ufffd"),
        ("long " * 40, ("long " * 40)[:128]),
        ("\x00" * 200, "\ufffd" * 128),
    ],
)
def test_odd_names_are_escaped_or_replaced(name: str, label: str) -> None:
    exporter = exporter_of(AccountObservation(identity(name)))

    assert exporter.scrape("threads_api_call_budget") == [
        f'threads_api_call_budget{{account="{label}"}} 2400.0'
    ]


def test_names_that_look_alike_make_no_series_twice() -> None:
    exporter = exporter_of(
        AccountObservation(identity("a\x00")), AccountObservation(identity("a\x01"))
    )

    assert exporter.scrape("threads_api_call_budget") == [
        'threads_api_call_budget{account="a\ufffd"} 2400.0'
    ]
    assert errors_of(exporter) == [f'{ERRORS}{{metric="threads_account_info"}} 1.0']


def test_a_scrape_is_of_one_moment() -> None:
    exporter = exporter_of(AccountObservation(identity(), token=TokenReading(valid=True)))

    def refuse_the_token(_: str) -> int:
        exporter.accounts["acme"] = AccountObservation(identity(), token=TokenReading(valid=False))
        return 1

    sources = replace(exporter.sources, calls_24h=refuse_the_token)
    lines = AccountLines(sources, exporter.instruments)
    scrape = Expositions(lines, CollectorRegistry()).expose(None, None, ["threads_token_valid"])

    assert samples(scrape.body) == ['threads_token_valid{account="acme"} 1.0']
