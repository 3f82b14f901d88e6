import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from exporter.web.api.backend import ApiOptions, ContainerView
from exporter.web.api.credentials import same_token
from exporter.web.server import WebServer
from tests.web.api.stand_in import BEARER, JSON, TOKEN, Client, Registry, asking, serving
from tests.web.stand_in import Gate
from tests.web.test_protocol import received_until_closed

CONTAINERS = "/api/v1/containers"
ONE = {"account": "acme", "container_id": "178"}
GUARDED = [
    ("GET", CONTAINERS),
    ("POST", CONTAINERS),
    ("GET", f"{CONTAINERS}/1"),
    ("DELETE", f"{CONTAINERS}/1"),
    ("POST", "/api/v1/errors"),
    ("GET", "/api/v1/accounts"),
]


HEAD = (
    f"POST {CONTAINERS} HTTP/1.1\r\nHost: x\r\n"
    + "".join(f"{name}: {value}\r\n" for name, value in JSON.items())
).encode()


def dial(server: WebServer) -> socket.socket:
    host, port = server.addresses[0].split(":")
    return socket.create_connection((host, int(port)), timeout=30)


@dataclass
class HeldUp(Registry):
    gate: Gate = field(default_factory=Gate)

    def container(self, container_id: str) -> ContainerView | None:
        self.gate.pass_through()
        return super().container(container_id)


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Bearer {TOKEN.upper()}"},
        {"Authorization": "Bearer \xff\xe9"},
    ],
)
def test_nothing_is_done_without_the_token(
    client: Client, registry: Registry, method: str, path: str, headers: dict[str, str]
) -> None:
    registry.failure = AssertionError("the store was asked")
    reply = client.send(method, path, b"{}", headers)

    assert (reply.status, reply.error) == (401, ("unauthorized", None))
    assert reply.headers["www-authenticate"] == 'Bearer realm="threads-exporter"'


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_the_scheme_is_read_in_any_case(client: Client, scheme: str) -> None:
    assert client.get(CONTAINERS, {"Authorization": f"{scheme} {TOKEN}"}).status == 200


def test_two_tokens_are_none(registry: Registry) -> None:
    line = f"Authorization: Bearer {TOKEN}\r\n"
    with serving(registry) as server, dial(server) as client:
        client.sendall(f"GET {CONTAINERS} HTTP/1.0\r\n{line}{line}\r\n".encode())
        answer = client.recv(65536)

    assert answer.startswith(b"HTTP/1.1 401 ")


def test_tokens_are_compared_whole() -> None:
    assert same_token("token", "token")
    assert not same_token("toke", "token")
    assert not same_token("", "token")
    assert not same_token("tok\xe9n", "token")


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_without_a_token_file_the_api_is_off(
    client: Client, registry: Registry, method: str, path: str
) -> None:
    registry.enabled = False
    reply = client.send(method, path, b"{}", BEARER)

    assert (reply.status, reply.error) == (404, ("api_disabled", None))


def test_the_document_needs_neither_the_token_nor_the_api(
    client: Client, registry: Registry
) -> None:
    registry.enabled = False
    reply = client.get("/api/v1/openapi.json", {})

    assert (reply.status, reply.json["openapi"]) == (200, "3.1.0")
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/api/",
            "/api/v1",
            "/api/v1/",
            "/api/v2/containers",
            f"{CONTAINERS}/",
            f"{CONTAINERS}/1/",
        ),
        *(f"{CONTAINERS}/1%2F2", "/api/v1/openapi.json/", "/api/v1//containers"),
        *("/api/v1/a%0Ab", "/api/%0A"),
    ],
)
def test_what_is_not_there_is_not_found_in_json(client: Client, path: str) -> None:
    reply = client.get(path)

    assert (reply.status, reply.error) == (404, ("not_found", None))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", CONTAINERS, "GET, HEAD, POST"),
        ("DELETE", CONTAINERS, "GET, HEAD, POST"),
        ("POST", f"{CONTAINERS}/1", "DELETE, GET, HEAD"),
        ("GET", "/api/v1/errors", "POST"),
        ("OPTIONS", "/api/v1/accounts", "GET, HEAD"),
        ("POST", "/api/v1/openapi.json", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    client: Client, method: str, path: str, allowed: str
) -> None:
    reply = client.send(method, path, None, BEARER)

    assert (reply.status, reply.error) == (405, ("method_not_allowed", None))
    assert reply.headers["allow"] == allowed


@pytest.mark.parametrize("path", [CONTAINERS, "/api/v1/accounts", "/api/v1/openapi.json"])
def test_head_tells_what_get_would_send(client: Client, path: str) -> None:
    get, head = client.get(path), client.get(path, method="HEAD")

    assert (head.status, head.text) == (200, "")
    assert head.headers["content-length"] == str(len(get.text.encode()))


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"],
)
def test_what_a_form_can_send_is_refused(
    client: Client, registry: Registry, media_type: str
) -> None:
    reply = client.post(CONTAINERS, ONE, {**BEARER, "Content-Type": media_type})

    assert (reply.status, reply.error) == (415, ("unsupported_media_type", None))
    assert registry.records == {}


def test_a_body_of_no_type_is_refused(client: Client) -> None:
    assert client.post(CONTAINERS, ONE, BEARER).error == ("unsupported_media_type", None)


def test_a_charset_beside_the_type_does_no_harm(client: Client) -> None:
    headers = {**BEARER, "Content-Type": "Application/JSON ; charset=utf-8"}

    assert client.post(CONTAINERS, ONE, headers).status == 201


def test_a_body_over_the_limit_is_refused(registry: Registry) -> None:
    with asking(registry, ApiOptions("1", max_body=60)) as client:
        fits = client.post(CONTAINERS, b'{"account": "a", "container_id": "1"}'.ljust(60))
        announced = client.post(CONTAINERS, b" " * 61)

    assert fits.status == 201
    assert (announced.status, announced.error) == (413, ("body_too_large", None))


def test_a_body_without_a_length_is_cut_at_the_limit(registry: Registry) -> None:
    with serving(registry, ApiOptions("1", max_body=60)) as server, dial(server) as client:
        client.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3d\r\n" + b" " * 61 + b"\r\n")
        answer = received_until_closed(client)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"body_too_large" in answer


def test_a_client_that_leaves_within_its_body_is_no_failure(registry: Registry) -> None:
    with capture_logs() as logs, serving(registry) as server:
        with dial(server) as client:
            client.sendall(HEAD + b"Content-Length: 50\r\n\r\n{")
        assert Client(server.addresses[0]).get(CONTAINERS).status == 200

    assert [line["event"] for line in logs] == ["listening"]
    assert registry.records == {}


def test_past_the_limit_of_requests_the_next_is_refused_at_once() -> None:
    held_up = HeldUp()
    with (
        asking(held_up, ApiOptions("1", max_requests=1)) as client,
        ThreadPoolExecutor() as pool,
    ):
        first = pool.submit(client.get, f"{CONTAINERS}/1")
        assert held_up.gate.reached.wait(10)
        second = client.get(CONTAINERS)
        held_up.gate.opened.set()
        assert first.result(10).status == 404
        third = client.get(CONTAINERS)

    assert (second.status, second.error) == (503, ("too_busy", None))
    assert second.headers["retry-after"] == "1"
    assert third.status == 200


def test_polls_give_way_to_a_request_until_it_is_answered() -> None:
    held_up = HeldUp()
    with asking(held_up) as client, ThreadPoolExecutor() as pool:
        answer = pool.submit(client.get, f"{CONTAINERS}/1")
        assert held_up.gate.reached.wait(10)
        assert (held_up.going, held_up.went_first) == (1, 0)
        held_up.gate.opened.set()
        answer.result(10)

    assert (held_up.going, held_up.went_first) == (0, 1)


def test_polls_give_way_to_nobody_without_the_token(client: Client, registry: Registry) -> None:
    client.get(CONTAINERS, headers={})

    assert registry.went_first == 0


def test_a_defect_is_logged_and_answered_in_json(client: Client, registry: Registry) -> None:
    registry.failure = ZeroDivisionError("of the token THQWJ")
    with capture_logs() as logs:
        reply = client.get(f"{CONTAINERS}/1")

    assert (reply.status, reply.error) == (500, ("internal", None))
    assert "THQWJ" not in reply.text
    assert [(line["event"], line["path"]) for line in logs] == [
        ("request failed", f"{CONTAINERS}/1")
    ]
    assert logs[0]["exc_info"] is registry.failure


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (CONTAINERS, {"account": "SECRET", "container_id": "1"}),
        (CONTAINERS, {"account": "a", "container_id": "SECRET"}),
        (CONTAINERS, {"account": "a", "container_id": "1", "SECRET": 1}),
        (CONTAINERS, {"containers": [{"SECRET": "SECRET"}]}),
        (CONTAINERS, {"containers": "SECRET"}),
        (CONTAINERS, "SECRET"),
        (CONTAINERS, b'{"SECRET": 1, "SECRET": 2}'),
        (CONTAINERS, b'{"account": SECRET}'),
        (CONTAINERS, b'{"account": "SECRET\\x"}'),
        ("/api/v1/errors", {"account": "SECRET", "error": "x"}),
        ("/api/v1/errors", {"account": "a", "error": "SECRET"}),
        ("/api/v1/errors", {"account": "a", "error": ["SECRET"]}),
        ("/api/v1/SECRET", {}),
        (f"{CONTAINERS}?access_token=SECRET", {}),
    ],
)
def test_nothing_of_what_was_sent_is_repeated(
    client: Client, registry: Registry, path: str, content: object
) -> None:
    registry.names = frozenset({"a"})
    with capture_logs() as logs:
        reply = client.post(path, content)

    assert "SECRET" not in reply.text + str(reply.headers) + str(logs)


@pytest.mark.parametrize(
    "query", ["SECRET=1", "account=SECRET", "status=SECRET", "limit=SECRET", "cursor=SECRET"]
)
def test_no_parameter_is_repeated(client: Client, registry: Registry, query: str) -> None:
    registry.names = frozenset({"a"})
    with capture_logs() as logs:
        listed = client.get(f"{CONTAINERS}?{query}")
        shown = client.get(f"{CONTAINERS}/SECRET")

    assert (400 <= listed.status < 500, shown.status) == (True, 400)
    assert "SECRET" not in listed.text + shown.text + str(logs)


def test_the_headers_that_protect_browsers_are_there(client: Client) -> None:
    assert client.get(CONTAINERS).headers["cache-control"] == "no-store"
