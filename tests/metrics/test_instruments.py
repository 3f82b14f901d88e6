import pytest

from exporter.domain import ConnectionEnd, ContainerStatus, Endpoint, Poll, RegistrationResult
from tests.metrics.scrapes import Exporter


def nonzero(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.endswith(" 0.0")]


def test_requests_start_at_zero() -> None:
    lines = Exporter().scrape("threads_api_requests_total")

    assert len(lines) == 36
    assert nonzero(lines) == []
    assert 'threads_api_requests_total{code="timeout",endpoint="me"} 0.0' in lines
    assert 'threads_api_requests_total{code="200",endpoint="debug_token"} 0.0' in lines


def test_requests_are_counted_by_endpoint_and_code() -> None:
    exporter = Exporter()
    exporter.instruments.request_finished(Endpoint.CONTAINER, "200", 0.2)
    exporter.instruments.request_finished(Endpoint.CONTAINER, "500", 0.2)
    exporter.instruments.request_finished(Endpoint.ME, "dns", 0.2)

    assert nonzero(exporter.scrape("threads_api_requests_total")) == [
        'threads_api_requests_total{code="200",endpoint="container"} 1.0',
        'threads_api_requests_total{code="dns",endpoint="me"} 1.0',
        'threads_api_requests_total{code="500",endpoint="container"} 1.0',
    ]


@pytest.mark.parametrize(
    "code", ["", "99", "600", "2000", "-200", "\u0662\u0660\u0660", "boom", "1e2"]
)
def test_a_code_beyond_the_closed_set_is_other(code: str) -> None:
    exporter = Exporter()
    exporter.instruments.request_finished(Endpoint.ME, code, 0.2)

    assert nonzero(exporter.scrape("threads_api_requests_total")) == [
        'threads_api_requests_total{code="other",endpoint="me"} 1.0'
    ]


def test_request_durations_fall_into_their_buckets() -> None:
    exporter = Exporter()
    exporter.instruments.request_finished(Endpoint.DEBUG_TOKEN, "200", 0.3)
    exporter.instruments.request_finished(Endpoint.DEBUG_TOKEN, "200", 30)
    exporter.instruments.request_finished(Endpoint.DEBUG_TOKEN, "200", -1)
    name = "threads_api_request_duration_seconds"

    lines = exporter.scrape(name)

    assert [line for line in lines if "debug_token" in line] == [
        f'{name}_bucket{{endpoint="debug_token",le="0.01"}} 1.0',
        f'{name}_bucket{{endpoint="debug_token",le="0.025"}} 1.0',
        f'{name}_bucket{{endpoint="debug_token",le="0.05"}} 1.0',
        f'{name}_bucket{{endpoint="debug_token",le="0.1"}} 1.0',
        f'{name}_bucket{{endpoint="debug_token",le="0.25"}} 1.0',
        f'{name}_bucket{{endpoint="debug_token",le="0.5"}} 2.0',
        f'{name}_bucket{{endpoint="debug_token",le="1.0"}} 2.0',
        f'{name}_bucket{{endpoint="debug_token",le="2.5"}} 2.0',
        f'{name}_bucket{{endpoint="debug_token",le="5.0"}} 2.0',
        f'{name}_bucket{{endpoint="debug_token",le="10.0"}} 2.0',
        f'{name}_bucket{{endpoint="debug_token",le="+Inf"}} 3.0',
        f'{name}_count{{endpoint="debug_token"}} 3.0',
        f'{name}_sum{{endpoint="debug_token"}} 30.3',
    ]
    assert f'{name}_count{{endpoint="me"}} 0.0' in lines


def test_polls_in_flight_and_their_lag() -> None:
    exporter = Exporter()
    exporter.instruments.poll_started(Poll.QUOTA, 0.05)
    exporter.instruments.poll_started(Poll.TOKEN, -0.01)
    exporter.instruments.poll_finished()

    assert exporter.scrape("threads_exporter_polls_in_flight") == [
        "threads_exporter_polls_in_flight 1.0"
    ]
    lines = exporter.scrape("threads_exporter_schedule_lag_seconds")
    assert [line for line in lines if "_sum" in line] == [
        'threads_exporter_schedule_lag_seconds_sum{poll="quota"} 0.05',
        'threads_exporter_schedule_lag_seconds_sum{poll="token"} 0.0',
        'threads_exporter_schedule_lag_seconds_sum{poll="container"} 0.0',
    ]


def test_containers_are_timed_by_outcome() -> None:
    exporter = Exporter()
    exporter.instruments.container_processed(ContainerStatus.FINISHED, 42)
    exporter.instruments.container_processed(ContainerStatus.ERROR, -3)
    name = "threads_container_processing_seconds"

    lines = exporter.scrape(name)

    assert [line for line in lines if "_bucket" not in line] == [
        f'{name}_count{{outcome="FINISHED"}} 1.0',
        f'{name}_sum{{outcome="FINISHED"}} 42.0',
        f'{name}_count{{outcome="ERROR"}} 1.0',
        f'{name}_sum{{outcome="ERROR"}} 0.0',
    ]


def test_registrations_are_counted_by_result_from_zero() -> None:
    exporter = Exporter()
    exporter.instruments.registered(RegistrationResult.CREATED, 3)
    exporter.instruments.registered(RegistrationResult.CREATED)
    exporter.instruments.registered(RegistrationResult.RATE_LIMITED)
    name = "threads_exporter_registrations_total"

    assert exporter.scrape(name) == [
        f'{name}{{result="created"}} 4.0',
        f'{name}{{result="known"}} 0.0',
        f'{name}{{result="refused"}} 0.0',
        f'{name}{{result="rate_limited"}} 1.0',
        f'{name}{{result="full"}} 0.0',
        f'{name}{{result="unavailable"}} 0.0',
    ]


def test_connections_to_the_web_server_are_counted_and_why_they_were_ended() -> None:
    exporter = Exporter()
    instruments = exporter.instruments
    for _ in range(3):
        instruments.connection_opened()
    instruments.connection_closed()
    instruments.connection_ended(ConnectionEnd.REQUEST)
    instruments.request_arrived()
    instruments.request_arrived()
    instruments.request_answered()
    name = "threads_exporter_http_connections"

    assert exporter.scrape(name) == [f"{name} 2.0"]
    assert exporter.scrape("threads_exporter_http_requests_in_flight") == [
        "threads_exporter_http_requests_in_flight 1.0"
    ]
    assert exporter.scrape(f"{name}_rejected_total") == [
        f'{name}_rejected_total{{reason="full"}} 0.0',
        f'{name}_rejected_total{{reason="evicted"}} 0.0',
        f'{name}_rejected_total{{reason="handshake"}} 0.0',
        f'{name}_rejected_total{{reason="request"}} 1.0',
        f'{name}_rejected_total{{reason="response"}} 0.0',
    ]
