"""F5: what drips, an answer's headers or body, or a request, is cut at the total deadline."""

import pytest

from exporter.simulator import Simulator, World, faults
from tests.eventually import eventually
from tests.exporter_process import serving
from tests.faults.proxy import Drip, DrippingRequest, Fault, FaultProxy
from tests.faults.readings import read
from tests.faults.sufferers import suffering
from tests.workspace import Workspace

# Each byte comes well within any timeout that starts anew with it.
DRIPS = {
    "headers": faults.DrippingHeaders(0.2),
    "body": faults.DrippingBody(0.2),
    "late": faults.Latency(60),
}


def test_a_dripping_answer_is_cut_and_the_last_value_kept(
    workspace: Workspace, live_world: World
) -> None:
    with suffering(workspace, live_world, DRIPS, timeout="1s") as sufferers:
        ordeal = sufferers.endure(times=2)

    assert ordeal.reasons == dict.fromkeys(DRIPS, "timeout")


@pytest.mark.parametrize("fault", [Drip(0.2), DrippingRequest(0.2)], ids=["answer", "request"])
def test_a_network_that_drips_is_left_and_used_again(
    workspace: Workspace, live_world: World, live_simulator: Simulator, fault: Fault
) -> None:
    acme = live_world.add_user("acme")
    proxy = FaultProxy(live_simulator.port, fault)
    with proxy.listening():
        api = {"base_url": proxy.url(), "timeout": "1s"}
        with serving(workspace.configure([workspace.account(acme)], api)) as exporter:
            seen = eventually(
                lambda: read(exporter.scrape(), "acme"), lambda seen: seen.failed >= 2
            )
            proxy.fault = Fault()
            eventually(lambda: read(exporter.scrape(), "acme").usage is not None)

    assert (seen.usage, seen.reasons) == (None, "timeout")
