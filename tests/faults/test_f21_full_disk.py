"""F21: the store's disk is full; registrations are refused, all else goes on, and it recovers."""

from exporter.simulator import World
from tests.eventually import eventually
from tests.faults.file_systems import on_a_disk
from tests.faults.publisher import AFTER, BEFORE, MANY_REFUSED, Publisher
from tests.workspace import Workspace


def test_a_full_disk_refuses_registrations_and_nothing_else(
    workspace: Workspace, live_world: World
) -> None:
    with on_a_disk(workspace, live_world.add_user("acme"), "2M") as disk:
        publisher = Publisher(disk.exporter)
        eventually(lambda: publisher.register(BEFORE).status_code == 201)
        disk.fill()

        publisher.is_refused(MANY_REFUSED)
        publisher.sees_it_go_on("full")
        listed = publisher.listed()
        disk.free()
        publisher.sees_it_recover()

        assert listed == {BEFORE}
        assert publisher.listed() == {BEFORE, AFTER}
        assert disk.exporter.process.poll() is None


def test_a_disk_that_is_full_at_the_start_ends_it_with_the_remedy(
    workspace: Workspace, live_world: World
) -> None:
    fill = "head -c 10M /dev/zero > ballast 2> /dev/null || true"
    with on_a_disk(workspace, live_world.add_user("acme"), "1M", before=fill) as disk:
        code = disk.exporter.wait()

    assert code == 3
    assert disk.exporter.output.splitlines()[-1].endswith(": free some space")
