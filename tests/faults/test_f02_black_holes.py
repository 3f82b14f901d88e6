"""F2: calls into a black hole end at their total deadline, and free their slot for the next."""

from collections.abc import Mapping

from exporter.simulator import Simulator, World
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.faults.networked import networked
from tests.faults.proxy import BlackHole, FaultProxy
from tests.faults.readings import Reading, read
from tests.ports import free_port
from tests.threads_api.peers import full_host
from tests.workspace import FAST_POLLING, Workspace

ACCOUNTS = 6
SLOTS = 2


def readings(exporter: ExporterProcess) -> Mapping[str, Reading]:
    scrape = exporter.scrape()
    return {name: read(scrape, name) for name in scrape.by("account", "threads_account_info")}


def test_no_slot_is_held_by_a_connection_that_nobody_takes(
    workspace: Workspace, live_world: World
) -> None:
    users = [live_world.add_user(f"account-{number}") for number in range(ACCOUNTS)]
    port = free_port()
    file = workspace.configure(
        [workspace.account(user) for user in users],
        {"base_url": f"http://127.0.0.1:{port}/v1.0", "timeout": "1s"},
        polling={**FAST_POLLING, "max_in_flight": SLOTS},
    )
    with serving(file) as exporter:
        with full_host(port):
            failed = eventually(
                lambda: readings(exporter),
                lambda seen: all(reading.failed >= 1 for reading in seen.values()),
            )
            in_flight = exporter.scrape().value("threads_exporter_polls_in_flight")
        with Simulator(live_world, port=port):
            eventually(
                lambda: readings(exporter),
                lambda seen: all(reading.usage == 0 for reading in seen.values()),
            )

    assert {name: seen.reasons for name, seen in failed.items()} == {
        user.name: "timeout" for user in users
    }
    assert in_flight is not None
    assert in_flight <= SLOTS


def test_what_vanishes_on_the_way_is_given_up_at_the_deadline(
    workspace: Workspace, live_world: World, live_simulator: Simulator
) -> None:
    proxy = FaultProxy(live_simulator.port)
    with proxy.listening(), networked(workspace, live_world, proxy) as acme:
        reason = acme.suffer(BlackHole())
        acme.recover()

    assert reason == "timeout"
