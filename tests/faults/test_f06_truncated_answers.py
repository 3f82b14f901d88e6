"""F6: an answer that ends before it is whole is never taken for one."""

from collections.abc import Mapping

from exporter.simulator import Simulator, World, faults
from exporter.simulator.faults import Fault
from tests.faults.networked import networked
from tests.faults.proxy import FaultProxy, HalfClose, Truncation
from tests.faults.sufferers import suffering
from tests.workspace import Workspace

OK = b"HTTP/1.1 200 OK\r\n"
TRUNCATED: Mapping[str, Fault] = {
    "nothing": faults.Garbage(b""),
    "status line": faults.Garbage(b"HTTP/1.1 20"),
    "within the headers": faults.EofInHeaders(),
    "after a header": faults.Garbage(OK),
    "within the body": faults.TruncatedBody(),
    "before the body": faults.TruncatedBody(0),
    "no body": faults.no_body(),
    "within a chunk": faults.Garbage(OK + b'Transfer-Encoding: chunked\r\n\r\n20\r\n{"data": ['),
    "before the last chunk": faults.Garbage(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
}
# What cannot be told from an answer of the oldest kind, with no length, is no JSON all the same.
REASONS = dict.fromkeys(TRUNCATED, "truncated") | {"status line": "malformed"}
CUTS = {HalfClose(): "truncated", Truncation(len(OK) + 1): "truncated"}


def test_half_an_answer_is_a_failure_and_the_last_value_is_kept(
    workspace: Workspace, live_world: World
) -> None:
    with suffering(workspace, live_world, TRUNCATED) as sufferers:
        ordeal = sufferers.endure()

    assert ordeal.reasons == REASONS
    assert ordeal.healthy.failures == {}


def test_a_connection_that_is_cut_in_the_middle_is_a_failure_and_then_used_again(
    workspace: Workspace, live_world: World, live_simulator: Simulator
) -> None:
    proxy = FaultProxy(live_simulator.port)
    with proxy.listening(), networked(workspace, live_world, proxy, timeout="5s") as acme:
        reasons = {cut: acme.suffer(cut) for cut in CUTS}
        acme.recover()

    assert reasons == CUTS
