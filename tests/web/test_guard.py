from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import bcrypt
import pytest

from exporter.config.web_settings import RateLimit, WebSettings
from exporter.secret import Secret
from exporter.web.api.backend import ApiOptions
from exporter.web.api.routes import create_api
from exporter.web.app import create_app
from exporter.web.backend import WebOptions
from exporter.web.server import WebServer
from tests.clock import ControlledClock
from tests.web.api.stand_in import TOKEN, Registry
from tests.web.stand_in import LOOPBACK, Answer, StandIn, fetch

CHEAP = 4


def hashed(password: str, cost: int = CHEAP) -> Secret:
    return Secret(bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode())


USERS = {"alice": hashed("wonder:land"), "bøb": hashed("x" * 72)}


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


@dataclass
class Guarded:
    """A server whose settings a test may change while it runs."""

    settings: WebSettings = field(default_factory=lambda: WebSettings(users=USERS))
    clock: ControlledClock = field(default_factory=ControlledClock)
    server: WebServer | None = None

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        assert self.server is not None
        return fetch(self.server, path, headers=headers)

    def status(self, path: str, headers: Mapping[str, str] | None = None) -> int:
        return self.get(path, headers).status


@contextmanager
def guarded(settings: WebSettings | None = None, *, api_enabled: bool = True) -> Iterator[Guarded]:
    guarded = Guarded()
    if settings is not None:
        guarded.settings = settings
    registry = Registry()
    registry.enabled = api_enabled
    options = WebOptions(
        "1",
        clock=guarded.clock,
        settings=lambda: guarded.settings,
        is_api_token=lambda token: registry.enabled and registry.authorized(token),
    )
    api = create_api(registry, guarded.clock, ApiOptions("1"))
    guarded.server = WebServer(create_app(StandIn(), options, [api]), [LOOPBACK])
    guarded.server.start()
    try:
        yield guarded
    finally:
        guarded.server.stop(1)


class TestCredentials:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            (basic("alice", "wonder:land"), 200),
            (basic("bøb", "x" * 72), 200),
            ({"Authorization": basic("alice", "wonder:land")["Authorization"].lower()}, 401),
            ({"authorization": f"basic  {b64encode(b'alice:wonder:land').decode()} "}, 200),
            (basic("alice", "wonderland"), 401),
            (basic("alice", ""), 401),
            (basic("mallory", "wonder:land"), 401),
            # What fits the hash that unknown names are checked against.
            (basic("mallory", "xxx"), 401),
            (basic("bøb", "x" * 73), 401),
            (basic("alice", "x" * 4000), 401),
            (basic("alice", "a\0b"), 401),
            ({}, 401),
            ({"Authorization": "Basic"}, 401),
            ({"Authorization": "Basic ===="}, 401),
            ({"Authorization": "Basic é"}, 401),
            ({"Authorization": f"Basic {b64encode(b'alice').decode()}"}, 401),
            ({"Authorization": f"Basic {b64encode(bytes([255, 58, 255])).decode()}"}, 401),
            ({"Authorization": f"Bearer {TOKEN}"}, 401),
        ],
    )
    def test_let_in_who_has_them(self, headers: dict[str, str], status: int) -> None:
        with guarded() as server:
            answer = server.get("/metrics", headers)

        assert answer.status == status
        assert answer.headers.get("www-authenticate") == (None if status == 200 else "Basic")

    @pytest.mark.parametrize("path", ["/", "/config", "/probe?account=acme", "/-/reload", "/x"])
    def test_are_needed_for_every_page(self, path: str) -> None:
        with guarded() as server:
            assert server.status(path) == 401

    @pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
    def test_are_not_needed_for_health(self, path: str) -> None:
        with guarded() as server:
            assert server.status(path) == 200

    def test_nobody_needs_them_where_there_are_no_users(self) -> None:
        with guarded(WebSettings()) as server:
            assert server.status("/metrics", basic("mallory", "x")) == 200

    def test_that_change_count_from_the_next_request_on(self) -> None:
        alice = basic("alice", "wonder:land")
        with guarded() as server:
            before = server.status("/metrics", alice)
            server.settings = WebSettings(users={"alice": hashed("another")})
            after = server.status("/metrics", alice)
            server.settings = WebSettings(users={"carol": hashed("wonder:land")})
            gone = server.status("/metrics", alice)

        assert (before, after, gone) == (200, 401, 401)

    def test_an_answer_repeats_nothing_of_them(self) -> None:
        with guarded() as server:
            body = server.get("/metrics", basic("mallory", "hunter2")).body

        assert "mallory" not in body
        assert "hunter2" not in body


class TestApi:
    BEARER: Mapping[str, str] = {"Authorization": f"Bearer {TOKEN}"}

    def test_its_own_token_is_enough(self) -> None:
        with guarded() as server:
            assert server.status("/api/v1/accounts", self.BEARER) == 200

    def test_a_name_and_a_password_are_not(self) -> None:
        with guarded() as server:
            answer = server.get("/api/v1/accounts", basic("alice", "wonder:land"))

        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")

    def test_its_description_needs_either(self) -> None:
        path = "/api/v1/openapi.json"
        with guarded() as server:
            statuses = [
                server.status(path, headers)
                for headers in ({}, self.BEARER, basic("alice", "wonder:land"))
            ]

        assert statuses == [401, 200, 200]

    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
    def test_refuses_strangers_in_json(self, headers: dict[str, str]) -> None:
        with guarded() as server:
            answer = server.get("/api/v1/accounts", headers)

        assert answer.status == 401
        assert answer.body.startswith('{"error":{"code":"unauthorized"')

    def test_that_is_off_lets_nobody_in_by_a_token(self) -> None:
        with guarded(api_enabled=False) as server:
            assert server.status("/api/v1/openapi.json", self.BEARER) == 401


class TestGuessing:
    @pytest.mark.parametrize(
        "guess",
        [
            lambda number: ("/metrics", basic("alice", f"guess {number}")),
            lambda number: ("/metrics", basic(f"guess {number}", "x")),
            lambda number: ("/api/v1/accounts", {"Authorization": f"Bearer guess {number}"}),
        ],
        ids=["password", "name", "token"],
    )
    def test_is_slow(self, guess: Callable[[int], tuple[str, dict[str, str]]]) -> None:
        with guarded() as server:
            first = [server.status(*guess(number)) for number in range(10)]
            refused = server.get(*guess(11))
            server.clock.advance(6.0)
            later = [server.status(*guess(number)) for number in (12, 13)]

        assert first == [401] * 10
        assert (refused.status, refused.headers["retry-after"]) == (429, "6")
        assert later == [401, 429]

    def test_does_not_lock_out_who_was_let_in(self) -> None:
        alice = basic("alice", "wonder:land")
        with guarded() as server:
            before = server.status("/metrics", alice)
            for number in range(11):
                server.get("/metrics", basic("alice", f"guess {number}"))
            after = server.status("/metrics", alice)

        assert (before, after) == (200, 200)

    def test_to_be_wrong_again_and_again_is_no_guessing(self) -> None:
        """A Prometheus with an old password is told so, and the right one is taken at once."""
        with guarded() as server:
            statuses = {server.status("/metrics", basic("alice", "old")) for _ in range(20)}
            mended = server.status("/metrics", basic("alice", "wonder:land"))

        assert statuses == {401}
        assert mended == 200

    def test_who_is_right_has_not_guessed(self) -> None:
        settings = WebSettings(users={f"user{n}": hashed("right") for n in range(12)})
        with guarded(settings) as server:
            statuses = {server.status("/metrics", basic(name, "right")) for name in settings.users}

        assert statuses == {200}


class TestRateLimit:
    LIMITED = WebSettings(
        rate_limit=RateLimit(interval=2.5, burst=3), headers={"X-Frame-Options": "sameorigin"}
    )

    def test_answers_a_burst_and_then_one_in_an_interval(self) -> None:
        with guarded(self.LIMITED) as server:
            burst = [server.status("/metrics") for _ in range(3)]
            refused = server.get("/-/healthy")
            server.clock.advance(2.5)
            later = [server.status("/metrics") for _ in range(2)]

        assert burst == [200, 200, 200]
        assert (refused.status, refused.headers["retry-after"]) == (429, "3")
        assert refused.headers["x-frame-options"] == "sameorigin"
        assert later == [200, 429]

    def test_that_changes_begins_anew_and_that_stays_does_not(self) -> None:
        with guarded(self.LIMITED) as server:
            for _ in range(3):
                server.get("/")
            server.settings = WebSettings(rate_limit=RateLimit(interval=2.5, burst=3))
            same = server.status("/")
            server.settings = WebSettings()
            unlimited = server.status("/")
            server.settings = self.LIMITED
            anew = server.status("/")

        assert (same, unlimited, anew) == (429, 200, 200)

    def test_speaks_json_below_the_api(self) -> None:
        with guarded(WebSettings(rate_limit=RateLimit(60.0, 1))) as server:
            server.get("/")

            assert server.get("/api/v1/accounts").body.startswith('{"error":{"code":"rate_limited"')


def test_headers_are_on_every_answer_in_place_of_the_usual_ones() -> None:
    headers = {"X-Frame-Options": "sameorigin", "Content-Security-Policy": "default-src 'self'"}
    with guarded(WebSettings(headers=headers, users=USERS)) as server:
        answers = [
            server.get("/-/healthy"),
            server.get("/metrics"),
            server.get("/", basic("alice", "wonder:land")),
            server.get("/nowhere", basic("alice", "wonder:land")),
        ]

    assert [answer.status for answer in answers] == [200, 401, 200, 404]
    for answer in answers:
        assert answer.headers["x-frame-options"] == "sameorigin"
        assert answer.headers["content-security-policy"] == "default-src 'self'"
        assert answer.headers["x-content-type-options"] == "nosniff"
