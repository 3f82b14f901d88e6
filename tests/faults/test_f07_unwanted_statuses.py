"""F7: pages of a broken gateway, empty answers and redirects are failures; none is followed."""

from collections.abc import Iterator

import pytest

from exporter.simulator import Simulator, World, faults
from tests.faults.sufferers import suffering
from tests.workspace import Workspace

_ANSWERS = {
    "transient": {
        **{f"page {status}": faults.html_page(status) for status in (500, 502, 503, 504)},
        "an empty 500": faults.no_body(500),
    },
    "http_error": {
        "nothing": faults.no_body(204),
        "a page that is not Meta's": faults.html_page(400),
        "a teapot": faults.Canned(418, b"short and stout", "text/plain"),
        "a status that nobody knows": faults.no_body(799),
    },
    "malformed": {"a page for an answer": faults.html_page(200)},
}
PAGES = {name: fault for kind in _ANSWERS.values() for name, fault in kind.items()}
REASONS = {name: reason for reason, kind in _ANSWERS.items() for name in kind}


@pytest.fixture
def elsewhere() -> Iterator[Simulator]:
    """Give another host, which no call may get to."""
    with Simulator() as host:
        yield host


def test_errors_of_a_gateway_are_failures_and_the_last_value_is_kept(
    workspace: Workspace, live_world: World
) -> None:
    with suffering(workspace, live_world, PAGES) as sufferers:
        ordeal = sufferers.endure()

    assert ordeal.reasons == REASONS
    assert ordeal.healthy.failures == {}


def test_a_redirect_is_a_failure_and_no_second_host_is_contacted(
    workspace: Workspace, live_world: World, elsewhere: Simulator
) -> None:
    url = elsewhere.base_url
    redirects = {
        **{
            f"status {status}": faults.redirect(f"{url}/me", status)
            for status in (300, 301, 302, 303, 307, 308)
        },
        "another scheme": faults.redirect(f"//127.0.0.1:{elsewhere.port}/v1.0/me"),
        "the same host": faults.redirect("/v1.0/me/followed"),
        "no place": faults.redirect(""),
        "no URL": faults.redirect("http://["),
    }
    with suffering(workspace, live_world, redirects) as sufferers:
        ordeal = sufferers.endure()

    assert ordeal.reasons == dict.fromkeys(redirects, "redirect")
    assert ordeal.healthy.failures == {}
    assert elsewhere.connections == 0
    assert not [call for call in live_world.calls() if "followed" in call.path]
