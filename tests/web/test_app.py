from collections.abc import Iterator

import pytest

from exporter.web.server import WebServer
from tests.web.stand_in import StandIn, fetch, serving

PAGES = ["/", "/metrics", "/config", "/-/healthy", "/-/ready"]


@pytest.fixture(scope="module")
def server() -> Iterator[WebServer]:
    with serving(StandIn()) as running:
        yield running


@pytest.mark.parametrize("path", PAGES)
def test_head_tells_what_get_would_send(server: WebServer, path: str) -> None:
    get, head = fetch(server, path), fetch(server, path, "HEAD")

    assert (head.status, head.body) == (200, "")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers["content-length"] == str(len(get.body.encode()))


@pytest.mark.parametrize("path", PAGES)
def test_what_is_only_read_is_not_posted_to(server: WebServer, path: str) -> None:
    answer = fetch(server, path, "POST")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.body == "Use GET, HEAD here.\n"


@pytest.mark.parametrize("path", ["/nowhere", "/metrics/", "//evil.example/", "/-/"])
def test_what_is_not_there_is_not_found(server: WebServer, path: str) -> None:
    answer = fetch(server, path)

    assert (answer.status, answer.body) == (404, "Not Found.\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", [*PAGES, "/nowhere", f"/?{'q' * 9000}"])
def test_every_answer_tells_browsers_not_to_guess_frame_or_store_it(
    server: WebServer, path: str
) -> None:
    headers = fetch(server, path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_a_long_url_is_refused(server: WebServer) -> None:
    at_the_limit = fetch(server, "/?q=" + "x" * (8192 - 3))
    past_it = fetch(server, "/?q=" + "x" * (8192 - 2))

    assert at_the_limit.status == 200
    assert (past_it.status, past_it.body) == (414, "The URL is longer than 8192 bytes.\n")


def test_a_large_head_is_refused(server: WebServer) -> None:
    answer = fetch(server, "/metrics", headers={f"X-{i}": "x" * 6000 for i in range(3)})

    assert (answer.status, answer.body) == (431, "The headers are longer than 16384 bytes.\n")


def test_a_large_body_is_refused_before_it_is_sent(server: WebServer) -> None:
    answer = fetch(server, "/-/reload", "POST", {"Content-Length": "65537"})

    assert (answer.status, answer.body) == (413, "The body is longer than 65536 bytes.\n")


def test_an_upgrade_to_a_web_socket_is_an_ordinary_request(server: WebServer) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}

    assert fetch(server, "/metrics", headers=headers).body == "up 1\n"
