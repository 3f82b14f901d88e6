import gzip
import logging
import threading
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.domain import FailureReason
from exporter.secret import Secret
from exporter.simulator import Simulator, User, World, faults
from exporter.simulator.calls import AuthWay
from exporter.simulator.faults import Fault
from exporter.threads_api import connections
from exporter.threads_api.http import NoAnswerError
from exporter.threads_api.network import Network
from tests.examples import examples
from tests.threads_api.callers import Caller, new_transport
from tests.threads_api.conftest import OpenTransport
from tests.threads_api.peers import recording_host

OK = b"HTTP/1.1 200 OK\r\n"
MEGABYTE = 1 << 20


def test_the_answer_is_returned(caller: Caller, acme: User) -> None:
    answer = caller.get()

    assert answer.status == 200
    assert answer.headers["facebook-api-version"] == "v1.0"
    assert answer.body == b'{"id": "%s"}' % acme.user_id.encode()


def test_an_error_is_an_answer(caller: Caller, world: World) -> None:
    world.inject(faults.html_page(502))

    answer = caller.get()

    assert answer.status == 502
    assert b"<title>Error 502</title>" in answer.body


def test_an_answer_does_not_show_the_token_that_meta_repeats(caller: Caller, world: World) -> None:
    world.inject(faults.EchoedToken())

    answer = caller.get()

    assert b"sim-token-" in answer.body
    assert repr(answer) == "HttpAnswer(status=400)"


def test_what_is_sent(caller: Caller, world: World) -> None:
    caller.get("me", fields="id,username")

    (call,) = world.calls()
    assert (call.method, call.path, call.query) == ("GET", "/v1.0/me", {"fields": "id,username"})
    assert (call.token, call.auth) == ("sim-token-acme", AuthWay.HEADER)
    assert call.user_agent == "threads-exporter/test"


def test_a_call_without_a_token(caller: Caller, world: World) -> None:
    caller.transport.get(f"{caller.base_url}/me", {}, None)

    assert [call.auth for call in world.calls()] == [AuthWay.NONE]


def test_a_connection_is_kept_for_the_next_calls(caller: Caller, simulator: Simulator) -> None:
    assert [caller.status() for _ in range(5)] == [200] * 5
    assert simulator.connections == 1


def test_a_connection_is_kept_after_an_error(
    caller: Caller, world: World, simulator: Simulator
) -> None:
    world.inject(faults.html_page(500), times=2)

    assert [caller.status() for _ in range(3)] == [500, 500, 200]
    assert simulator.connections == 1


def test_a_connection_that_was_idle_for_long_is_not_used_again(
    caller: Caller, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert caller.status() == 200
    monkeypatch.setattr(connections, "LONGEST_IDLE_SECONDS", 0.0)

    assert caller.status() == 200
    assert simulator.connections == 2


def test_a_kept_connection_that_the_server_closed_is_no_failure(
    caller: Caller, world: World, acme: User
) -> None:
    with Simulator(world) as first:
        port = first.port
        caller = Caller(caller.transport, first.base_url)
        assert caller.status() == 200

    with Simulator(world, port=port):
        assert caller.status() == 200


def test_only_the_headers_that_are_needed_are_sent(caller: Caller) -> None:
    answer = OK + b"Set-Cookie: datr=x; Max-Age=999\r\nConnection: close\r\n\r\n{}"
    with recording_host(answer) as (port, heads):
        host = Caller(caller.transport, f"http://127.0.0.1:{port}")
        host.get()
        host.get()

    head = (
        "GET /me HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{port}\r\n"
        "User-Agent: threads-exporter/test\r\n"
        "Accept: application/json\r\n"
        "Accept-Encoding: identity\r\n"
        "Authorization: Bearer sim-token-acme\r\n\r\n"
    )
    assert heads == [head, head]


def test_what_a_request_may_ask_for_besides(caller: Caller) -> None:
    with recording_host(OK + b"Connection: close\r\n\r\n{}") as (port, heads):
        url = f"http://127.0.0.1:{port}/list?of=all"
        caller.transport.get(url, {}, None, headers={"X-Wish": "now"})

    assert heads[0].startswith("GET /list?of=all HTTP/1.1\r\n")
    assert "X-Wish: now\r\n" in heads[0]


def test_a_request_may_set_another_limit(caller: Caller, world: World) -> None:
    world.inject(faults.OversizedBody(2 * MEGABYTE))
    url = f"{caller.base_url}/me"
    body = caller.transport.get(url, {}, None, max_body_bytes=2 * MEGABYTE).body

    assert len(body) == 2 * MEGABYTE
    with pytest.raises(NoAnswerError, match="too_large"):
        caller.transport.get(url, {}, None, max_body_bytes=2 * MEGABYTE - 1)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.ConnectionReset(), FailureReason.CONNECT),
        (faults.EofInHeaders(), FailureReason.TRUNCATED),
        (faults.TruncatedBody(sent=5), FailureReason.TRUNCATED),
        (faults.no_body(), FailureReason.TRUNCATED),
        (faults.Garbage(b""), FailureReason.TRUNCATED),
        (faults.Garbage(OK), FailureReason.TRUNCATED),
        (faults.Garbage(OK + b"Content-Le"), FailureReason.TRUNCATED),
        (
            faults.Garbage(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"),
            FailureReason.TRUNCATED,
        ),
        (
            faults.Garbage(OK + b'Transfer-Encoding: chunked\r\n\r\n2\r\n{"\r\n'),
            FailureReason.TRUNCATED,
        ),
        (faults.Garbage(), FailureReason.MALFORMED),
        (faults.Garbage(b"HTTP/3.0 200 OK\r\n\r\n{}"), FailureReason.MALFORMED),
        (faults.Garbage(b"HTTP/1.1 0x0c8 OK\r\n\r\n{}"), FailureReason.MALFORMED),
        (
            faults.Garbage(OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
            FailureReason.MALFORMED,
        ),
        (faults.Garbage(OK + b"Content-Length: 2, 3\r\n\r\n{}x"), FailureReason.MALFORMED),
        (
            faults.Canned(200, b"no gzip", headers=(("Content-Encoding", "gzip"),)),
            FailureReason.MALFORMED,
        ),
        (faults.OversizedBody(2 * MEGABYTE), FailureReason.TOO_LARGE),
        (faults.Garbage(b"HTTP/1.1 200 " + b"O" * 70_000), FailureReason.TOO_LARGE),
        (faults.ExtraHeaders((("X-Long", "x" * 10 * MEGABYTE),)), FailureReason.TOO_LARGE),
        (
            faults.ExtraHeaders(tuple((f"X-{number}", "") for number in range(200))),
            FailureReason.TOO_LARGE,
        ),
    ],
)
def test_what_is_no_answer(
    caller: Caller, world: World, fault: Fault, reason: FailureReason
) -> None:
    world.inject(fault, times=1)

    assert caller.failure() is reason
    assert caller.failure() is None


@given(sent=st.binary(max_size=200), opening=st.sampled_from((b"", OK, OK + b"\r\n")))
@settings(
    examples(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_arrives_is_an_answer_or_a_reason(
    hurried: Caller, world: World, sent: bytes, opening: bytes
) -> None:
    world.clear_faults()
    world.inject(faults.Garbage(opening + sent), times=1)

    assert hurried.failure() is not FailureReason.INTERNAL


def test_refused_connection(caller: Caller, closed_port: int) -> None:
    nowhere = Caller(caller.transport, f"http://127.0.0.1:{closed_port}")

    assert nowhere.failure() is FailureReason.CONNECT


@pytest.mark.parametrize(
    "url",
    [
        "http://no-such-host.invalid/v1.0",
        f"http://{'x' * 70}.example/v1.0",
        "http://a..example/v1.0",
    ],
)
def test_a_name_without_an_address(caller: Caller, url: str) -> None:
    assert Caller(caller.transport, url).failure() is FailureReason.DNS


@pytest.mark.parametrize("url", ["nonsense", "http://", "ftp://127.0.0.1", "http://[::1"])
def test_a_url_that_is_none(caller: Caller, url: str) -> None:
    assert Caller(caller.transport, url).failure() is FailureReason.INTERNAL


def test_a_long_answer_is_read_whole(caller: Caller, world: World) -> None:
    world.inject(faults.OversizedBody(MEGABYTE))

    assert len(caller.get().body) == MEGABYTE


def test_a_compressed_answer_is_read_though_none_was_asked_for(
    caller: Caller, world: World
) -> None:
    encoded = ("Content-Encoding", "gzip")
    world.inject(faults.Canned(200, gzip.compress(b'{"id": "1"}'), headers=(encoded,)))

    assert caller.get().body == b'{"id": "1"}'


@pytest.mark.parametrize(
    "fault",
    [
        faults.GzipBomb(64 * MEGABYTE),
        faults.OversizedBody(64 * MEGABYTE),
        faults.Canned(
            302,
            gzip.compress(bytes(64 * MEGABYTE)),
            headers=(("Location", "/v1.0/me"), ("Content-Encoding", "gzip")),
        ),
    ],
    ids=["bomb", "stream", "redirect"],
)
def test_a_giant_body_is_not_kept_in_memory(caller: Caller, world: World, fault: Fault) -> None:
    world.inject(fault)
    caller.failure()

    tracemalloc.start()
    reason = caller.failure()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert reason is FailureReason.TOO_LARGE
    assert peak < 8 * MEGABYTE


@pytest.mark.parametrize("location", ["{other}/v1.0/me", "//", "http://[", "\xff", ""])
def test_a_redirect_is_not_followed(caller: Caller, world: World, location: str) -> None:
    with Simulator() as other:
        world.inject(faults.redirect(location.format(other=other.base_url)))

        assert caller.status() == 302
        assert other.connections == 0
    assert len(world.calls()) == 1


def test_the_environment_changes_nothing(
    caller: Caller,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    netrc: object,
    closed_port: int,
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
        monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{closed_port}")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")

    assert caller.status() == 200
    assert [call.token for call in world.calls()] == ["sim-token-acme"]


@pytest.mark.parametrize("defect", [b"no header\r\n", b": nameless\r\n", b"\x00: x\r\n"])
def test_defective_headers_are_not_logged_with_the_url(
    caller: Caller, world: World, caplog: pytest.LogCaptureFixture, defect: bytes
) -> None:
    caplog.set_level(logging.DEBUG)
    world.inject(faults.Garbage(OK + defect + b"Content-Length: 2\r\n\r\n{}"))

    caller.get(access_token="in-the-query")

    assert "in-the-query" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("urllib3")]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/{token}", "http://{token}.invalid", "{token}"])
def test_the_reason_is_all_that_an_error_tells(caller: Caller, url: str) -> None:
    token = Secret("canary-token")
    url = url.format(token=token.reveal())

    with pytest.raises(NoAnswerError) as caught:
        caller.transport.get(url, {"access_token": token.reveal()}, token)

    assert str(caught.value) == caught.value.reason.value
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert "canary" not in repr(caught.value)


def test_each_thread_has_a_session_of_its_own(caller: Caller, simulator: Simulator) -> None:
    threads = [threading.Thread(target=caller.get) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join()

    assert caller.status() == 200
    assert simulator.connections == 4


def test_closing_closes_the_idle_connections_of_all_threads(
    caller: Caller, simulator: Simulator
) -> None:
    called, closed = threading.Event(), threading.Event()

    def call_before_and_after() -> None:
        caller.get()
        called.set()
        closed.wait()
        caller.get()

    other = threading.Thread(target=call_before_and_after)
    other.start()
    caller.get()
    called.wait()
    assert simulator.connections == 2

    caller.transport.close()
    closed.set()
    caller.get()
    other.join()

    assert simulator.connections == 4


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_calls_leave_no_descriptor_open(open_transport: OpenTransport, closed_port: int) -> None:
    nowhere = Caller(open_transport(), f"http://127.0.0.1:{closed_port}")
    assert nowhere.failure() is FailureReason.CONNECT
    before = open_descriptors()

    for _ in range(20):
        nowhere.failure()

    assert open_descriptors() <= before


def test_a_missing_ca_file_is_told_at_once(network: Network) -> None:
    with pytest.raises(OSError, match="No such file"):
        new_transport(network, ca_file=Path("/nonexistent/ca.pem"))
