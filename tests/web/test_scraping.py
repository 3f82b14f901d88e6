from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from exporter.domain import AccountIdentity
from exporter.observations.model import AccountObservation
from exporter.web.backend import WebOptions
from exporter.web.server import WebServer
from tests.web.stand_in import Gate, Page, StandIn, fetch, serving

ACME = AccountObservation(AccountIdentity("acme", "me", "", {}))


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[StandIn, WebServer]]:
    stand_in = StandIn()
    with serving(stand_in) as running:
        yield stand_in, running


@pytest.fixture
def backend(shared: tuple[StandIn, WebServer]) -> StandIn:
    """Return the shared server's backend, as new."""
    vars(shared[0]).update(vars(StandIn(seen={"acme": ACME})))
    return shared[0]


@pytest.fixture
def server(backend: StandIn, shared: tuple[StandIn, WebServer]) -> WebServer:
    return shared[1]


def test_metrics_are_answered_as_the_backend_made_them(backend: StandIn, server: WebServer) -> None:
    backend.page = Page([b"# ", b"EOF\n"], "application/openmetrics-text; version=1.0.0", "gzip")

    answer = fetch(server, "/metrics")

    assert (answer.status, answer.body) == (200, "# EOF\n")
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept, Accept-Encoding"


def test_uncompressed_metrics_name_no_encoding(server: WebServer) -> None:
    assert "content-encoding" not in fetch(server, "/metrics").headers


def test_what_the_client_accepts_and_names_reaches_the_backend(
    backend: StandIn, server: WebServer
) -> None:
    headers = {"Accept": "text/plain", "Accept-Encoding": "gzip"}

    fetch(server, "/metrics?name[]=a&name%5B%5D=b&x=y", headers=headers)

    assert backend.calls == [("expose", "text/plain", "gzip", ("a", "b"))]


def test_head_is_get_without_the_body(server: WebServer) -> None:
    answer = fetch(server, "/metrics", "HEAD")

    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "5", "")


def test_metrics_are_served_under_another_path(backend: StandIn) -> None:
    with serving(backend, WebOptions("1", telemetry_path="/threads/metrics")) as server:
        assert fetch(server, "/threads/metrics").body == "up 1\n"
        assert fetch(server, "/metrics").status == 404
        assert 'href="/threads/metrics"' in fetch(server, "/").body


def test_metrics_may_take_the_landing_pages_place(backend: StandIn) -> None:
    with serving(backend, WebOptions("1", telemetry_path="/")) as server:
        assert fetch(server, "/").body == "up 1\n"


def test_a_failure_is_logged_and_not_shown(backend: StandIn, server: WebServer) -> None:
    def fail() -> None:
        raise RuntimeError("the secret cause")

    backend.before_exposing = fail
    with capture_logs() as logs:
        answer = fetch(server, "/metrics")

    assert (answer.status, answer.body) == (
        500,
        "The exporter failed to answer; its log says why.\n",
    )
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert logs == [
        {"event": "request failed", "path": "/metrics", "exc_info": True, "log_level": "error"}
    ]


def test_a_probe_answers_the_accounts_metrics(backend: StandIn, server: WebServer) -> None:
    answer = fetch(server, "/probe?account=acme", headers={"Accept-Encoding": "identity"})

    assert (answer.status, answer.body) == (200, "up 1\n")
    assert backend.calls == [("probe", "acme", None, "", "identity")]


@pytest.mark.parametrize(
    ("header", "timeout"),
    [
        ("10", 9.5),
        ("1.5", 1.0),
        ("0.4", 0.2),
        ("0", None),
        ("-3", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
    ],
)
def test_a_probe_ends_before_the_scrape_does(
    backend: StandIn, server: WebServer, header: str, timeout: float | None
) -> None:
    fetch(server, "/probe?account=acme", headers={"X-Prometheus-Scrape-Timeout-Seconds": header})

    assert backend.calls[0][2] == timeout


@pytest.mark.parametrize("query", ["", "?account=", "?account=acme&account=acme", "?target=acme"])
def test_a_probe_names_one_account(server: WebServer, query: str) -> None:
    answer = fetch(server, f"/probe{query}")

    assert answer.status == 400
    assert answer.body == "Name one configured account, as in /probe?account=NAME.\n"


def test_a_probe_of_an_unknown_account_is_refused_without_repeating_it(server: WebServer) -> None:
    answer = fetch(server, "/probe?account=THQWJ-a-token")

    assert (answer.status, answer.body) == (400, "No account of that name is configured.\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "hook"), [("/metrics", "before_exposing"), ("/probe?account=acme", "before_probing")]
)
def test_past_the_limit_a_request_is_refused_at_once(
    backend: StandIn, path: str, hook: str
) -> None:
    gate = Gate()
    setattr(backend, hook, gate.pass_through)
    with serving(backend, WebOptions("1", max_requests=1)) as server, ThreadPoolExecutor() as pool:
        held = pool.submit(fetch, server, path)
        assert gate.reached.wait(10)
        refused = fetch(server, path)
        gate.opened.set()
        assert held.result(10).status == 200
        assert fetch(server, path).status == 200

    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert refused.body == (
        "As many requests of this kind are in flight as --web.max-requests allows.\n"
    )


def test_with_a_limit_of_0_none_is_refused(backend: StandIn) -> None:
    gate = Gate()
    backend.before_exposing = gate.pass_through
    with (
        serving(backend, WebOptions("1", max_requests=0)) as server,
        ThreadPoolExecutor(50) as pool,
    ):
        held = [pool.submit(fetch, server, "/metrics") for _ in range(50)]
        assert gate.reached.wait(10)
        gate.opened.set()
        statuses = {scrape.result(10).status for scrape in held}

    assert statuses == {200}


def test_held_probes_and_scrapes_hold_up_nothing_else(backend: StandIn) -> None:
    gate = Gate()
    backend.before_probing = gate.pass_through
    with serving(backend, WebOptions("1", max_requests=1)) as server, ThreadPoolExecutor() as pool:
        held = pool.submit(fetch, server, "/probe?account=acme")
        assert gate.reached.wait(10)
        statuses = [
            fetch(server, path).status for path in ("/metrics", "/-/healthy", "/", "/config")
        ]
        gate.opened.set()
        held.result(10)

    assert statuses == [200, 200, 200, 200]
