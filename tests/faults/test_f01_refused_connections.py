"""F1: connections that are refused or reset are counted, and used again when they can be."""

from contextlib import ExitStack

from exporter.simulator import Simulator, World, faults
from tests.faults.networked import networked
from tests.faults.proxy import FaultProxy, Reset
from tests.faults.sufferers import suffering
from tests.ports import free_port
from tests.workspace import Workspace


def test_a_connection_that_is_refused_or_reset_is_a_failure_till_it_is_taken_again(
    workspace: Workspace, live_world: World, live_simulator: Simulator
) -> None:
    proxy = FaultProxy(live_simulator.port, port=free_port())
    with ExitStack() as behind:
        with proxy.listening():
            acme = behind.enter_context(networked(workspace, live_world, proxy, timeout="5s"))
        refused = acme.fail()
        with proxy.listening():
            acme.recover()
            reset = acme.suffer(Reset())
            acme.recover()

    assert (refused, reset) == ("connect", "connect")


def test_one_accounts_resets_are_not_anothers(workspace: Workspace, live_world: World) -> None:
    with suffering(workspace, live_world, {"reset": faults.ConnectionReset()}) as sufferers:
        ordeal = sufferers.endure()

    assert ordeal.reasons == {"reset": "connect"}
    assert ordeal.healthy.failures == {}
