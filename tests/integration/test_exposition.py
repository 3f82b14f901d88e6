"""A live scrape, however odd the accounts' names and labels are."""

import gzip
from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from exporter.simulator import Simulator, World
from tests.running_exporter import RunningExporter, running
from tests.scrape import OPENMETRICS, TEXT, read_scrape
from tests.workspace import Workspace

ODD_TEXTS = [
    "plain",
    'a "quoted" name',
    "back\\slash\\n",
    "line\nend",
    "a\ttab",
    '{brace="x"},#comment',
    "emoji \N{ROCKET}\N{FAMILY}",
    "\N{RIGHT-TO-LEFT OVERRIDE}reversed",
    "line\N{LINE SEPARATOR}separator",
    " ",
    "x" * 128,
    "\N{ROCKET}" * 128,
    "<script>alert(1)</script>",
    "'; drop table",
]
FORMATS = (TEXT, "text/plain; version=1.0.0", OPENMETRICS)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningExporter]:
    world = World()
    users = [world.add_user(text, token=f"t-{number}") for number, text in enumerate(ODD_TEXTS)]
    with Simulator(world) as simulator:
        workspace = Workspace(tmp_path_factory.mktemp("odd"), simulator.base_url)
        accounts = [workspace.account(user, labels={"team": user.name}) for user in users]
        with running(workspace.configure(accounts)) as exporter:
            exporter.wait_until_ready()
            yield exporter


@pytest.mark.parametrize("accept", FORMATS)
def test_every_format_is_read_back(odd: RunningExporter, accept: str) -> None:
    answer = odd.get("/metrics", {"Accept": accept})
    scrape = read_scrape(answer)

    assert answer.headers["Content-Type"].startswith(accept)
    assert set(scrape.by("account", "threads_token_valid")) == set(ODD_TEXTS)
    assert set(scrape.by("team", "threads_account_info")) == set(ODD_TEXTS)


@pytest.mark.parametrize("accept", FORMATS)
def test_no_series_is_there_twice(odd: RunningExporter, accept: str) -> None:
    scrape = odd.scrape("/metrics", {"Accept": accept})

    seen = Counter((sample.name, *sorted(sample.labels.items())) for sample in scrape.samples)

    assert [series for series, count in seen.items() if count > 1] == []


@pytest.mark.parametrize("accept", FORMATS)
def test_no_sample_has_a_timestamp_and_no_creation_time(odd: RunningExporter, accept: str) -> None:
    scrape = odd.scrape("/metrics", {"Accept": accept})

    assert {sample.timestamp for sample in scrape.samples} == {None}
    assert [sample for sample in scrape.samples if sample.name.endswith("_created")] == []


def test_gzip_holds_the_same_metrics(odd: RunningExporter) -> None:
    with requests.get(
        f"{odd.url}/metrics?name[]=threads_account_info",
        headers={"Accept-Encoding": "gzip"},
        stream=True,
        timeout=30,
    ) as answer:
        unpacked = gzip.decompress(answer.raw.read(decode_content=False))
    plain = odd.get("/metrics?name[]=threads_account_info", {"Accept-Encoding": "identity"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert unpacked == plain.content


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_an_account_is_probed_by_its_name(odd: RunningExporter, name: str) -> None:
    answer = requests.get(f"{odd.url}/probe", params={"account": name}, timeout=30)

    assert set(read_scrape(answer).by("account", "threads_token_valid")) == {name}


def test_the_landing_page_escapes_names(odd: RunningExporter) -> None:
    page = odd.get("/").text

    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_it_stays_up(odd: RunningExporter) -> None:
    assert odd.get("/config").status_code == 200
    assert odd.get("/-/healthy").status_code == 200
    failed = odd.scrape().by("metric", "threads_exporter_collect_errors_total")
    assert set(failed.values()) == {0}
