"""What a real Prometheus reads of a real exporter, against what the simulated Meta holds."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from exporter.domain import QuotaKind
from exporter.simulator import Simulator, User, World, containers
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.integration.prometheus_server import PrometheusServer, prometheus_server
from tests.workspace import Section, Workspace

pytestmark = pytest.mark.prometheus

FAILURES = ("INVALID_BIT_RATE", "INVALID_BIT_RATE", "UNKNOWN", "NEVER_HEARD_OF")


@dataclass(frozen=True)
class Monitored:
    """A Prometheus that has scraped an exporter with all of its accounts polled."""

    acme: User
    globex: User
    exporter: ExporterProcess
    prometheus: PrometheusServer


@pytest.fixture(scope="module")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitored]:
    world = World()
    acme, globex = world.add_user("acme"), world.add_user("globex")
    folder = tmp_path_factory.mktemp("monitored")
    with Simulator(world) as simulator:
        workspace = Workspace(folder, simulator.base_url)
        config_file = workspace.configure(prepare(acme, globex, workspace))
        with (
            serving(config_file) as exporter,
            prometheus_server(folder / "prometheus", {"threads": [exporter.url]}) as prometheus,
        ):
            eventually(lambda: prometheus.query("sum(threads_container_errors_total)").get(()) == 4)
            eventually(lambda: len(prometheus.query("threads_token_valid")) == 2)
            yield Monitored(acme, globex, exporter, prometheus)


def prepare(acme: User, globex: User, workspace: Workspace) -> list[Section]:
    acme.publish(41)
    acme.reply(7)
    acme.delete(3)
    acme.search_location(2)
    acme.set_quota(QuotaKind.REPLY, total=900, duration=3600)
    globex.revoke_token()
    failing = [acme.add_container(life=containers.fails(name, after=0)) for name in FAILURES]
    ids = [container.container_id for container in failing]
    return [workspace.account(acme, containers=ids), workspace.account(globex)]


def test_the_target_is_up(monitored: Monitored) -> None:
    assert monitored.prometheus.query("up") == {(): 1}


def test_the_quotas_are_those_of_meta(monitored: Monitored) -> None:
    acme, query = monitored.acme, monitored.prometheus.query
    expected = {
        name: {("acme", kind.value): getattr(acme.quotas[kind], attribute) for kind in QuotaKind}
        for name, attribute in {"limit": "total", "window_seconds": "duration"}.items()
    }

    assert query("threads_quota_usage") == {
        ("acme", kind.value): acme.usage(kind) for kind in QuotaKind
    }
    assert query("threads_quota_limit") == expected["limit"]
    assert query("threads_quota_window_seconds") == expected["window_seconds"]
    assert query("threads_quota_usage")["acme", "publish"] == 41
    assert query("threads_quota_limit")["acme", "reply"] == 900


def test_the_tokens_are_those_of_meta(monitored: Monitored) -> None:
    token, query = monitored.acme.token, monitored.prometheus.query

    assert query("threads_token_valid") == {("acme",): 1, ("globex",): 0}
    assert query("threads_token_invalid_reason") == {("globex", "revoked"): 1}
    assert query('threads_token_expiry_timestamp_seconds{account="acme"}') == {
        ("acme",): token.expires_at
    }
    assert query('threads_token_data_access_expiry_timestamp_seconds{account="acme"}') == {
        ("acme",): token.data_access_expires_at
    }
    assert query('threads_token_issued_timestamp_seconds{account="acme"}') == {
        ("acme",): token.issued_at
    }


def test_the_container_errors_are_counted_by_meta_s_names(monitored: Monitored) -> None:
    errors = monitored.prometheus.query("threads_container_errors_total > 0")
    outcomes = monitored.prometheus.query('threads_container_outcomes_total{outcome="ERROR"}')

    assert errors == {
        ("acme", "INVALID_BIT_RATE"): 2,
        ("acme", "UNKNOWN"): 1,
        ("acme", "OTHER"): 1,
    }
    assert outcomes == {("acme", "ERROR"): 4, ("globex", "ERROR"): 0}


def test_an_error_is_joined_with_what_helps(monitored: Monitored) -> None:
    joined = monitored.prometheus.query(
        "threads_api_errors_total * on (error) group_left (solution) threads_api_error_info"
    )

    ((account, action, category, error, solution),) = joined
    assert (account, action, category, error) == (
        *("globex", "refresh-token", "authentication", "revoked_access_token"),
    )
    assert "authorise the app again" in solution


def test_prometheus_scrapes_openmetrics(monitored: Monitored) -> None:
    """Only there is a counter's metadata without _total."""
    described = monitored.prometheus.described()

    assert "threads_polls" in described
    assert "threads_polls_total" not in described


def test_nothing_is_lost_on_the_way(monitored: Monitored) -> None:
    dropped = monitored.prometheus.query(
        "scrape_samples_scraped - scrape_samples_post_metric_relabeling"
    )

    assert dropped == {(): 0}


def test_promtool_finds_nothing_to_say(monitored: Monitored) -> None:
    text = monitored.exporter.get("/metrics", {"Accept": "text/plain; version=0.0.4"}).content

    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, check=False
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
