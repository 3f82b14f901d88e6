import gzip
import socket
from contextlib import closing

import pytest
import requests

from exporter.domain import Endpoint
from exporter.simulator import Simulator, User, World, faults, graph
from exporter.simulator.faults import Fault
from tests.simulator.conftest import Caller, error_of


def raw_answer(caller: Caller) -> bytes:
    """Return all the bytes that a call gets, up to the end of the connection."""
    host, port = caller.base_url.removeprefix("http://").removesuffix("/v1.0").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=30)) as connection:
        connection.sendall(
            b"GET /v1.0/me HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n"
            b"Authorization: Bearer " + caller.token.encode() + b"\r\n\r\n"
        )
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def body_of(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[2]


def unchunked(body: bytes) -> bytes:
    content = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        content += rest[: int(size, 16)]
        body = rest[int(size, 16) + 2 :]
    return content


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (graph.APP_LIMIT, (403, 4, None)),
        (graph.USER_LIMIT, (400, 17, None)),
        (graph.RESTRICTED_ACTIVITY, (400, 4, 2207051)),
        (graph.BLOCKED, (400, 368, 1390008)),
        (graph.SERVICE_UNAVAILABLE, (503, 2, None)),
        (graph.LINK_LIMIT, (400, "THREADS_API__LINK_LIMIT_EXCEEDED", None)),
    ],
)
def test_graph_errors(
    world: World, caller: Caller, error: graph.GraphError, shown: tuple[int, object, object]
) -> None:
    world.inject(error)

    assert error_of(caller.get("me")) == shown


def test_a_graph_error_has_the_keys_it_was_given(world: World, caller: Caller) -> None:
    world.inject(graph.GraphError(1, "m", type="", is_transient=None), times=1)

    bare = caller.get("me").json()["error"]
    assert {**bare, "fbtrace_id": "x"} == {"message": "m", "code": 1, "fbtrace_id": "x"}

    world.inject(graph.GraphError(1, "m", 2, "T", 500, None, "title", "Xin chào"))
    full = caller.get("me").json()["error"]
    assert full["fbtrace_id"] != bare["fbtrace_id"]
    assert {**full, "fbtrace_id": "x"} == {
        "message": "m",
        "type": "T",
        "code": 1,
        "error_subcode": 2,
        "error_user_title": "title",
        "error_user_msg": "Xin chào",
        "fbtrace_id": "x",
    }


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "body"),
    [
        (faults.html_page(502), 502, "text/html; charset=utf-8", faults.html_page(502).body),
        (faults.no_body(), 200, "application/json; charset=UTF-8", b""),
        (faults.no_body(204), 204, "application/json; charset=UTF-8", b""),
        (faults.raw_body('{"data": ['), 200, "application/json; charset=UTF-8", b'{"data": ['),
        (faults.raw_body(b"\xff", 599), 599, "application/json; charset=UTF-8", b"\xff"),
        (faults.json_body([1]), 200, "application/json; charset=UTF-8", b"[1]"),
        (faults.too_many_requests(), 429, "application/json; charset=UTF-8", b"{}"),
        (
            faults.oauth_error(),
            400,
            "application/json; charset=UTF-8",
            (
                b'{"error_type": "OAuthException", "code": 400, '
                b'"error_message": "Matching code was not found"}'
            ),
        ),
        (
            faults.authorize_error(),
            400,
            "application/json; charset=UTF-8",
            b'{"error_message": "Invalid request", "error_code": 1349245}',
        ),
    ],
)
def test_canned_answers(
    world: World, caller: Caller, *, fault: Fault, status: int, content_type: str, body: bytes
) -> None:
    world.inject(fault)

    answer = caller.get("me")

    assert (answer.status_code, answer.content) == (status, body)
    assert answer.headers["Content-Type"] == content_type


def test_redirects_name_any_place(world: World, simulator: Simulator, acme: User) -> None:
    world.inject(faults.redirect("https://example.invalid/x", 307))

    answer = requests.get(f"{simulator.base_url}/me", allow_redirects=False, timeout=30)

    assert (answer.status_code, answer.headers["Location"]) == (307, "https://example.invalid/x")


@pytest.mark.parametrize(
    ("fault", "header", "text"),
    [
        (faults.app_usage({"call_count": 90}), "X-App-Usage", '{"call_count": 90}'),
        (faults.app_usage("17%"), "X-App-Usage", "17%"),
        (faults.business_usage({"1": []}), "X-Business-Use-Case-Usage", '{"1": []}'),
        (faults.business_usage("{"), "X-Business-Use-Case-Usage", "{"),
        (faults.retry_after("9" * 5000), "Retry-After", "9" * 5000),
    ],
)
def test_headers_come_with_the_true_answer(
    world: World, acme: User, caller: Caller, *, fault: Fault, header: str, text: str
) -> None:
    world.inject(fault)

    answer = caller.get("me")

    assert answer.json() == {"id": acme.user_id}
    assert answer.headers[header] == text


def test_faults_add_up(world: World, caller: Caller) -> None:
    world.inject(faults.app_usage({"call_count": 100}))
    world.inject(graph.USER_LIMIT)
    world.inject(faults.retry_after("60"))

    answer = caller.get("me")

    assert error_of(answer) == (400, 17, None)
    assert answer.headers["X-App-Usage"] == '{"call_count": 100}'
    assert answer.headers["Retry-After"] == "60"


def test_retry_after_comes_with_a_429(world: World, caller: Caller) -> None:
    world.inject(faults.too_many_requests("Wed, 21 Oct 2026 07:28:00 GMT"))

    answer = caller.get("me")

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "Wed, 21 Oct 2026 07:28:00 GMT"


def test_the_token_is_echoed(world: World, acme: User, caller: Caller) -> None:
    world.inject(faults.EchoedToken())

    answer = caller.get("me")

    assert answer.json()["error"]["message"] == f"Malformed access token {acme.token.value}"
    assert acme.token.value in answer.headers["WWW-Authenticate"]


def test_latency_and_dripping_only_delay(world: World, acme: User, caller: Caller) -> None:
    for fault in (
        faults.Latency(0.001),
        faults.DrippingHeaders(0.0001),
        faults.DrippingBody(0.0001),
    ):
        world.inject(fault, times=1)
        assert caller.get("me").json() == {"id": acme.user_id}


def test_a_slow_body_starts_with_its_head(world: World, caller: Caller) -> None:
    world.inject(faults.DrippingBody(60))

    with requests.get(
        f"{caller.base_url}/me",
        headers={"Authorization": f"Bearer {caller.token}"},
        stream=True,
        timeout=30,
    ) as answer:
        assert answer.status_code == 200
        assert answer.raw.read(1) == b"{"


def test_slow_headers_do_not_end_in_time(world: World, caller: Caller) -> None:
    world.inject(faults.DrippingHeaders(60))

    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{caller.base_url}/me", timeout=(30, 0.1))


def test_a_truncated_body_ends_early(world: World, caller: Caller) -> None:
    world.inject(faults.TruncatedBody(sent=5))

    raw = raw_answer(caller)

    assert b"Content-Length: 27\r\n" in raw
    assert body_of(raw) == b'{"id"'


def test_a_truncated_body_ends_a_kept_connection(world: World, caller: Caller) -> None:
    world.inject(faults.TruncatedBody(sent=5))

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="5 bytes read, 22 more"):
        caller.get("me")


def test_an_error_is_delivered_as_faultily_as_the_truth(world: World, caller: Caller) -> None:
    world.inject(faults.TruncatedBody(sent=9))
    world.inject(graph.USER_LIMIT)

    assert body_of(raw_answer(caller)) == b'{"error":'


def test_headers_end_in_their_middle(world: World, caller: Caller) -> None:
    world.inject(faults.EofInHeaders())

    raw = raw_answer(caller)

    assert raw.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in raw


def test_garbage_is_no_http(world: World, caller: Caller) -> None:
    world.inject(faults.Garbage(b"SSH-2.0-OpenSSH_9.2\r\n"))

    assert raw_answer(caller) == b"SSH-2.0-OpenSSH_9.2\r\n"


def test_a_connection_is_reset(world: World, caller: Caller) -> None:
    world.inject(faults.ConnectionReset())

    with pytest.raises(ConnectionResetError):
        raw_answer(caller)


def test_an_oversized_body_is_as_long_as_asked_for(world: World, caller: Caller) -> None:
    world.inject(faults.OversizedBody(1_000_003), times=1)

    answer = caller.get("me")

    assert len(answer.content) == 1_000_003
    assert len(answer.json()["data"]) == 1_000_003 - len('{"data": ""}')
    assert caller.get("me").status_code == 200


def test_a_gzip_bomb_is_small_on_the_wire(world: World, caller: Caller) -> None:
    world.inject(faults.GzipBomb(5_000_000))

    raw = raw_answer(caller)

    assert b"Content-Encoding: gzip\r\n" in raw
    assert len(raw) < 50_000
    assert len(caller.get("me").content) == 5_000_000


def test_a_hung_call_is_not_answered(world: World, simulator: Simulator) -> None:
    world.inject(faults.Hang())

    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{simulator.base_url}/me", timeout=(30, 0.5))

    assert world.calls()[0].status is None


def test_a_fault_lasts_as_many_times_as_asked_for(world: World, caller: Caller) -> None:
    injection = world.inject(faults.html_page(500), times=2)

    assert [caller.get("me").status_code for _ in range(3)] == [500, 500, 200]
    assert injection.hits == 2


def test_a_fault_lasts_until_cleared(world: World, caller: Caller) -> None:
    slow = world.inject(faults.html_page(500))
    world.inject(faults.retry_after("1"))

    assert [caller.get("me").status_code for _ in range(3)] == [500, 500, 500]
    slow.clear()
    assert caller.get("me").headers["Retry-After"] == "1"
    world.clear_faults()
    assert "Retry-After" not in caller.get("me").headers


def test_a_fault_concerns_one_endpoint(world: World, caller: Caller) -> None:
    world.inject(graph.UNKNOWN_ERROR, endpoint=Endpoint.PUBLISHING_LIMIT)

    assert caller.get("me").status_code == 200
    assert caller.get("me/threads_publishing_limit").status_code == 500


def test_a_fault_concerns_one_token(world: World, simulator: Simulator, caller: Caller) -> None:
    other = world.add_user("other")
    world.inject(graph.UNKNOWN_ERROR, token=other.token.value)

    assert caller.get("me").status_code == 200
    assert Caller(simulator.base_url, other.token.value).get("me").status_code == 500


def test_a_bomb_is_valid_json(world: World, caller: Caller) -> None:
    world.inject(faults.GzipBomb(1000))

    body = unchunked(body_of(raw_answer(caller)))

    assert gzip.decompress(body) == b'{"data": "' + b"x" * 988 + b'"}'
