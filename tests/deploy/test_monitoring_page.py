import re
from typing import Final

import pytest

from tests.deploy.shipped import ROOT, read

PAGE: Final = ROOT / "docs/monitoring.md"
TEXT: Final = PAGE.read_text("utf-8")


def row(of: str) -> list[str]:
    """Return the further cells of the table row that begins with something."""
    (cells,) = re.findall(rf"(?m)^\| `{of}` \| (.*) \|$", TEXT)
    return str(cells).split(" | ")


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#][^)]*?)(?:#[^)]*)?\)", TEXT))
def test_what_it_links_to_is_there(link: str) -> None:
    assert (PAGE.parent / link).exists()


def test_its_job_is_the_one_that_is_shipped() -> None:
    (job,) = read("prometheus/prometheus.yml")["scrape_configs"]
    assert f"  - job_name: {job['job_name']}\n" in TEXT


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_it_tells_who_is_notified_when(severity: str) -> None:
    default = read("alertmanager/alertmanager.yml")["route"]
    routes = {route["matchers"][0]: route for route in default["routes"]}
    route = routes.get(f'severity = "{severity}"', default)
    receiver, *times = row(severity)
    assert receiver == f"`{route['receiver']}`"
    shown = [time.replace("min", "m").replace(" ", "") for time in times]
    assert shown == [route["group_wait"], route["repeat_interval"]]
