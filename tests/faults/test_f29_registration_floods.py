"""F29: a flood of registrations is refused past its bounds, and nothing else suffers."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import requests

from exporter.domain import ContainerStatus
from exporter.simulator import World, faults
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.scrape import Scrape
from tests.workspace import Workspace

MEGABYTE = 1 << 20
TOKEN = "token-for-publishers-alone"
FLOODERS = 8
BATCH = 1000
BATCHES = 100
MAX_TRACKED = 12_000
MOST_SHOWN = 10_000
BURST = 2_000
RESULTS = "threads_exporter_registrations_total"
MEMORY = "process_resident_memory_bytes"
LAST_READ = "threads_poll_last_success_timestamp_seconds"
DROPPED = "threads_exporter_series_dropped_total"
TOLD = (
    RESULTS,
    MEMORY,
    LAST_READ,
    DROPPED,
    "threads_containers",
    "threads_poll_failures_total",
)


def flood(exporter: ExporterProcess, url: str, number: int) -> int:
    """Register a batch of containers that were never heard of; return the status."""
    containers = [
        {"account": f"flooder-{number % FLOODERS}", "container_id": f"{number}{index:06d}"}
        for index in range(BATCH)
    ]
    answer = requests.post(
        f"{url}/api/v1/containers",
        json={"containers": containers},
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=60,
    )
    exporter.heard.add(answer.text[:2000])
    return answer.status_code


def test_a_flood_is_refused_past_its_bounds(workspace: Workspace, live_world: World) -> None:
    names = [*(f"flooder-{number}" for number in range(FLOODERS)), "healthy"]
    users = [live_world.add_user(name) for name in names]
    live_world.inject(faults.ConnectionReset(), endpoint="container")
    workspace.write("tokens/registrar", TOKEN)
    config_file = workspace.configure(
        map(workspace.account, users),
        container_api={"token_file": "tokens/registrar"},
        containers={"max_tracked": MAX_TRACKED, "per_container_metrics": True},
    )
    with serving(config_file) as exporter:
        exporter.wait_until_ready()
        before = told(exporter)
        with ThreadPoolExecutor(16) as pool:
            url = exporter.url
            flooding = [pool.submit(flood, exporter, url, number) for number in range(BATCHES)]
            healthy = {exporter.get("/-/healthy").status_code for _ in range(20)}
            statuses = Counter(each.result() for each in flooding)
        eventually(lambda: tracked(told(exporter)) == MAX_TRACKED)
        shown = exporter.get("/metrics").text.count("\nthreads_container_status{")
        after = told(exporter)
        eventually(lambda: last_read(told(exporter)) > last_read(after))
        later = told(exporter)

    results = after.by("result", RESULTS)
    assert statuses.keys() <= {201, 429, 503, 507}
    assert statuses[201] == MAX_TRACKED / BATCH
    assert statuses[507] > 0
    assert results["created"] == MAX_TRACKED
    assert tracked(after) == MAX_TRACKED
    assert shown == MOST_SHOWN * len(ContainerStatus)
    assert (after.value(DROPPED) or 0) >= (MAX_TRACKED - MOST_SHOWN) * len(ContainerStatus)
    assert healthy == {200}
    assert (later.value(MEMORY) or 0) - (before.value(MEMORY) or 0) < 100 * MEGABYTE
    assert later.by("reason", "threads_poll_failures_total", account="healthy") == {}


def told(exporter: ExporterProcess) -> Scrape:
    """Return all that a scrape tells but for the many series of containers."""
    return exporter.scrape(f"/metrics?{urlencode({'name[]': TOLD}, doseq=True)}")


def tracked(scrape: Scrape) -> float:
    return sum(sample.value for sample in scrape.select("threads_containers"))


def last_read(scrape: Scrape) -> float:
    return scrape.value(LAST_READ, account="healthy", poll="quota") or 0


def test_one_account_that_floods_uses_up_its_own_allowance_alone(
    workspace: Workspace, live_world: World
) -> None:
    users = [live_world.add_user(name) for name in ("flooder-0", "flooder-1")]
    workspace.write("tokens/registrar", TOKEN)
    config_file = workspace.configure(
        map(workspace.account, users),
        container_api={"token_file": "tokens/registrar"},
        polling={"containers": {"interval": "1h", "give_up_after": "1h"}},
    )
    with serving(config_file) as exporter:
        url = exporter.url
        flooded = [flood(exporter, url, FLOODERS * number) for number in range(1, 11)]
        other = flood(exporter, url, FLOODERS + 1)
        refused = exporter.scrape().value(RESULTS, result="rate_limited")

    assert flooded == [201] * (BURST // BATCH) + [429] * 8
    assert other == 201
    assert refused == 8 * BATCH
