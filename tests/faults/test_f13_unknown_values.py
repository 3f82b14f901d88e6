"""F13: a status or an error that Meta adds counts as OTHER, is logged once, and ends nothing."""

from exporter.simulator import World
from exporter.simulator.containers import Step, fails
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.workspace import Workspace

UNKNOWN_STATUS = "a container's status that is not known"
UNKNOWN_ERROR = "a container's error message that is not known"


def containers(exporter: ExporterProcess) -> dict[str, float]:
    by_status = exporter.scrape().by("status", "threads_containers", account="acme")
    return {status: count for status, count in by_status.items() if count}


def test_containers_of_a_new_status_are_followed_to_their_end(
    workspace: Workspace, live_world: World
) -> None:
    acme = live_world.add_user("acme")
    life = [Step(0, "UNDER_REVIEW")]
    made = [acme.add_container(life=life) for _ in range(2)]
    account = workspace.account(acme, containers=[one.container_id for one in made])
    with serving(workspace.configure([account])) as exporter:
        eventually(lambda: containers(exporter) == {"OTHER": 2})
        calls = len(live_world.calls(endpoint="container"))
        eventually(lambda: len(live_world.calls(endpoint="container")) >= calls + 4)
        followed = containers(exporter)
        for one in made:
            acme.publish_container(one.container_id)
        eventually(lambda: containers(exporter) == {"PUBLISHED": 2})
        scrape = exporter.scrape()
        logged = exporter.output

    assert followed == {"OTHER": 2}
    outcomes = scrape.by("outcome", "threads_container_outcomes_total", account="acme")
    assert outcomes["PUBLISHED"] == 2
    assert scrape.select("threads_poll_failures_total", poll="container") == []
    assert logged.count(UNKNOWN_STATUS) == 1
    assert "UNDER_REVIEW" not in logged


def test_a_new_error_message_counts_as_other(workspace: Workspace, live_world: World) -> None:
    acme = live_world.add_user("acme")
    made = [acme.add_container(life=fails("FAILED_DREAMING_VIDEO", after=0)) for _ in range(2)]
    account = workspace.account(acme, containers=[one.container_id for one in made])
    with serving(workspace.configure([account])) as exporter:
        eventually(lambda: containers(exporter) == {"ERROR": 2})
        errors = exporter.scrape().by("error_message", "threads_container_errors_total")
        logged = exporter.output

    assert errors["OTHER"] == sum(errors.values()) == 2
    assert logged.count(UNKNOWN_ERROR) == 1
    assert "DREAMING" not in logged
