"""Every query of the dashboards and of the rules, answered by real servers watching the demo."""

import math
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from tests.dashboards.expressions import Expression, expressions
from tests.eventually import eventually
from tests.exporter_process import exporter_process
from tests.integration.prometheus_server import PROMETHEUS_3, PrometheusServer, prometheus_server

pytestmark = [pytest.mark.prometheus, pytest.mark.xdist_group("dashboards")]

BINARIES = {"prometheus": "prometheus", "prometheus-3": str(PROMETHEUS_3)}
LATE = "the demo's account is not rate-limited before its fourth minute"
UNTROUBLED = "it tells of what does not happen to the demo's exporter"
ABSENT_WITHOUT_TLS = "threads_exporter_web_certificate_expiry_timestamp_seconds"
MAY_BE_EMPTY = {
    ("threads-account", "Paused for"): LATE,
    ("threads-exporter", "Paused accounts (top 20)"): LATE,
    ("threads-exporter", "Clock jumps"): UNTROUBLED,
    ("threads-exporter", "Connections ended, by reason"): UNTROUBLED,
    ("threads-exporter", "Leases in the shared store"): "the demo keeps its store to itself",
    ("threads-exporter", "Log lines lost"): UNTROUBLED,
    ("threads-exporter", "New tokens not read"): UNTROUBLED,
    ("threads-exporter", "Rate limit headers not understood"): UNTROUBLED,
    ("threads-exporter", "Sources of accounts"): "the demo's accounts are in its files",
    ("threads-exporter", "Store failures, by kind"): UNTROUBLED,
    ("threads-exporter", "Writes of accounts that others have"): UNTROUBLED,
}
"""The panels whose queries need not have an answer while the tests run, and why."""

QUERIES = [
    pytest.param(query, id=f"{query.dashboard}-{query.panel}-{number}")
    for number, query in enumerate(expressions())
]

Servers = Mapping[str, PrometheusServer]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Run the demo, watched by every Prometheus that there is."""
    folder = tmp_path_factory.mktemp("dashboards")
    rules = folder / "rules.yaml"
    command = [sys.executable, "-m", "alerts", f"--output={rules}", "--for-scale=0.001"]
    subprocess.run(command, check=True)
    with (
        exporter_process("--web.listen-address=127.0.0.1:0", "demo", output=folder) as demo,
        ExitStack() as stack,
    ):
        jobs = {"threads-exporter": [demo.url]}
        yield {
            name: stack.enter_context(
                prometheus_server(folder / name, jobs, rule_files=[rules], binary=binary)
            )
            for name, binary in BINARIES.items()
            if shutil.which(binary)
        }


@pytest.fixture(
    params=["prometheus", pytest.param("prometheus-3", marks=pytest.mark.prometheus3)],
    scope="module",
)
def server(request: pytest.FixtureRequest, servers: Servers) -> PrometheusServer:
    return servers[request.param]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_answered(server: PrometheusServer, query: Expression) -> None:
    may_be_empty = (query.dashboard, query.panel) in MAY_BE_EMPTY
    if may_be_empty or ABSENT_WITHOUT_TLS in query.expr:
        server.query(query.expr)
    else:
        eventually(lambda: numbers(server, query.expr), within=90)


def numbers(server: PrometheusServer, promql: str) -> list[float]:
    values = server.query(promql).values()
    return [value for value in values if not math.isnan(value)]


def test_what_may_be_empty_is_there() -> None:
    assert MAY_BE_EMPTY.keys() <= {(query.dashboard, query.panel) for query in expressions()}


def test_every_rule_is_evaluated_without_an_error(server: PrometheusServer) -> None:
    rules = eventually(server.rules, lambda rules: all(rule.health != "unknown" for rule in rules))

    assert len(rules) > 30
    assert [rule for rule in rules if rule.health != "ok" or rule.last_error] == []


def test_both_major_versions_are_asked(servers: Servers) -> None:
    majors = {name: int(server.version.split(".")[0]) for name, server in servers.items()}

    assert majors["prometheus"] >= 2
    assert majors.get("prometheus-3", 3) == 3
