"""F5: what drips, an answer's headers or body, or a request, is cut at the total deadline."""

from exporter.simulator import Simulator, World, faults
from tests.faults.networked import networked
from tests.faults.proxy import Drip, DrippingRequest, FaultProxy, Latency
from tests.faults.sufferers import suffering
from tests.workspace import Workspace

# Each byte comes well within any timeout that starts anew with it.
DRIPS = {
    "headers": faults.DrippingHeaders(0.2),
    "body": faults.DrippingBody(0.2),
    "late": faults.Latency(60),
}
SLOW = (Drip(0.2), DrippingRequest(0.2), Latency(3.0))


def test_a_dripping_answer_is_cut_and_the_last_value_kept(
    workspace: Workspace, live_world: World
) -> None:
    with suffering(workspace, live_world, DRIPS, timeout="1s") as sufferers:
        ordeal = sufferers.endure()

    assert ordeal.reasons == dict.fromkeys(DRIPS, "timeout")


def test_a_slow_network_is_left_at_the_deadline_and_used_again(
    workspace: Workspace, live_world: World, live_simulator: Simulator
) -> None:
    proxy = FaultProxy(live_simulator.port)
    with proxy.listening(), networked(workspace, live_world, proxy) as acme:
        reasons = {fault: acme.suffer(fault) for fault in SLOW}
        acme.recover()

    assert reasons == dict.fromkeys(SLOW, "timeout")
