from exporter.web.backend import WebOptions
from tests.web.stand_in import StandIn, fetch, serving

LIFECYCLE = WebOptions("1.2.3", lifecycle_enabled=True)


def test_healthy_while_there_is_no_reason_against_it() -> None:
    with serving(StandIn()) as server:
        answer = fetch(server, "/-/healthy")

    assert (answer.status, answer.body) == (200, "threads-exporter is healthy.\n")


def test_unhealthy_with_the_reasons() -> None:
    backend = StandIn(reasons=["The scheduler is late by 90 s.", "The log is full."])
    with serving(backend) as server:
        answer = fetch(server, "/-/healthy")

    assert (answer.status, answer.body) == (
        503,
        "The scheduler is late by 90 s.\nThe log is full.\n",
    )


def test_ready_once_no_account_is_waited_for() -> None:
    with serving(StandIn()) as server:
        answer = fetch(server, "/-/ready")

    assert (answer.status, answer.body) == (200, "threads-exporter is ready.\n")


def test_not_ready_counts_the_accounts_and_names_none() -> None:
    backend = StandIn(never_polled=1)
    with serving(backend) as server:
        one = fetch(server, "/-/ready")
        backend.never_polled = 2
        two = fetch(server, "/-/ready")

    assert (one.status, one.body) == (503, "1 account was never polled yet.\n")
    assert (two.status, two.body) == (503, "2 accounts were never polled yet.\n")


def test_not_ready_while_a_source_has_not_told_of_its_accounts() -> None:
    backend = StandIn(never_polled=1, silent=["account_http_sd[0]", "account_http_sd[2]"])
    with serving(backend) as server:
        answer = fetch(server, "/-/ready")

    assert answer.status == 503
    assert answer.body.splitlines() == [
        "account_http_sd[0] has not told of its accounts yet.",
        "account_http_sd[2] has not told of its accounts yet.",
        "1 account was never polled yet.",
    ]


def test_reloading_is_off_unless_enabled() -> None:
    backend = StandIn()
    with serving(backend) as server:
        answer = fetch(server, "/-/reload", "POST")

    assert (answer.status, answer.body) == (
        403,
        "Reloading over HTTP needs --web.enable-lifecycle.\n",
    )
    assert backend.calls == []


def test_reloading_says_that_it_is_done() -> None:
    backend = StandIn()
    with serving(backend, LIFECYCLE) as server:
        answer = fetch(server, "/-/reload", "POST")

    assert (answer.status, answer.body) == (200, "The configuration was reloaded.\n")
    assert backend.calls == [("reload",)]


def test_a_reload_that_failed_names_every_problem() -> None:
    backend = StandIn(problems=["config.yaml:3: no such key", "config.yaml:9: no such file"])
    with serving(backend, LIFECYCLE) as server:
        answer = fetch(server, "/-/reload", "POST")

    assert answer.status == 400
    assert answer.body == "config.yaml:3: no such key\nconfig.yaml:9: no such file\n"


def test_reloading_by_get_is_refused() -> None:
    backend = StandIn()
    with serving(backend, LIFECYCLE) as server:
        answer = fetch(server, "/-/reload")

    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert answer.body == "Use POST here.\n"
    assert backend.calls == []


def test_the_configuration_is_shown_as_text() -> None:
    with serving(StandIn()) as server:
        answer = fetch(server, "/config")

    assert answer.body == "accounts:\n- name: acme\n  access_token: <secret>\n"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
