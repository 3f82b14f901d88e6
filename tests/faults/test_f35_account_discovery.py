"""F35: where accounts come from over HTTP fails in any way, and its last good answer stays."""

import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from exporter.simulator import User, World, containers
from tests.account_source import AccountSource, Listed
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.faults.canary import Canary
from tests.faults.readings import read
from tests.threads_api.peers import dripping_host
from tests.workspace import Section, Workspace

FAILURES = "threads_exporter_account_discovery_failures_total"
SUCCESS_AT = "threads_exporter_account_discovery_last_success_timestamp_seconds"
COUNT = "threads_exporter_discovered_accounts"
AUTHORIZATION = "canary+/=of~the%41source"
RARELY = {"quota": {"interval": "1d"}, "token": {"interval": "1d"}, "stale_after": "2d"}


def listed(user: User, **more: object) -> Section:
    """Return what a source tells of a user."""
    token = user.token.value
    return {"name": user.name, "user_id": user.user_id, "access_token": token, **more}


def accounts_of(exporter: ExporterProcess) -> set[str]:
    return set(exporter.scrape().by("account", "threads_account_info"))


def wait_for(exporter: ExporterProcess, *names: str) -> None:
    eventually(lambda: accounts_of(exporter), lambda seen: seen == set(names))


def wait_for_failures(exporter: ExporterProcess) -> None:
    """Wait for failures, the first of which may be of what was asked before."""
    before = exporter.scrape().value(FAILURES, source="0") or 0.0
    eventually(lambda: (exporter.scrape().value(FAILURES, source="0") or 0.0) >= before + 2)


def is_polled_on(exporter: ExporterProcess, name: str) -> bool:
    before = read(exporter.scrape(), name).read_at or 0.0
    return eventually(lambda: (read(exporter.scrape(), name).read_at or 0.0) > before)


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


@pytest.fixture
def globex(live_world: World) -> User:
    return live_world.add_user("globex")


@pytest.fixture
def source() -> AccountSource:
    return AccountSource()


@pytest.fixture
def url(source: AccountSource) -> Iterator[str]:
    with source.serving() as url:
        yield f"{url}?key=canary%2Bin-the-url"


@pytest.fixture
def section(workspace: Workspace, canary: Canary, url: str) -> Section:
    """Give a source's section, all secrets of which are looked for."""
    file = workspace.write("tokens/source", AUTHORIZATION)
    canary.tokens.add("canary%2Bin-the-url")
    return {"url": url, "refresh_interval": "1s", "authorization_file": str(file)}


def test_accounts_come_change_and_go(
    workspace: Workspace, section: Section, source: AccountSource, acme: User, globex: User
) -> None:
    source.tell(listed(acme, labels={"team": "growth"}), listed(globex))
    file = workspace.configure(account_http_sd=[section], polling=RARELY)
    with serving(file) as exporter:
        exporter.wait_until_ready()
        first = exporter.scrape()
        acme.publish()
        former = acme.token.value
        acme.rotate_token(f"{former}-2")
        source.tell(listed(acme, labels={"team": "growth"}), listed(globex))
        rotated = eventually(exporter.scrape, lambda seen: read(seen, "acme").usage == 1)
        source.tell(listed(acme))
        wait_for(exporter, "acme")
        gone = exporter.scrape()

    assert first.value("threads_account_info", account="acme", team="growth") == 1
    assert (first.value(COUNT, source="0"), first.value(FAILURES, source="0")) == (2, 0)
    assert rotated.value("threads_polls_total", account="acme", poll="quota") == 2
    assert rotated.value("threads_polls_total", account="globex", poll="quota") == 1
    assert "globex" not in {sample.labels.get("account") for sample in gone.samples}
    assert gone.value(COUNT, source="0") == 1
    assert {headers["Authorization"] for headers in source.asked} == {f"Bearer {AUTHORIZATION}"}


def bomb() -> Listed:
    packing = zlib.compressobj(wbits=31)
    megabyte = b" " * (1 << 20)
    packed = b"".join(packing.compress(megabyte) for _ in range(80)) + packing.flush()
    return Listed(packed, headers={"Content-Encoding": "gzip"})


def test_no_wrong_answer_changes_anything(
    workspace: Workspace, section: Section, source: AccountSource, acme: User, url: str
) -> None:
    source.tell(listed(acme))
    good = source.listed
    elsewhere = Listed(good.body, status=307, headers={"Location": url.replace("?", "/moved?")})
    one_wrong = Listed(good.body.replace(b"]", b', {"name": "x", "access_token_file": "/etc/x"}]'))
    with serving(workspace.configure(account_http_sd=[section])) as exporter:
        exporter.wait_until_ready()
        for wrong in (Listed(b"<html>"), one_wrong, elsewhere, Listed(b"", status=503), bomb()):
            source.listed = wrong
            wait_for_failures(exporter)
            assert accounts_of(exporter) == {"acme"}
            assert is_polled_on(exporter, "acme")
        source.listed = good
        before = exporter.scrape().value(SUCCESS_AT, source="0") or 0.0
        eventually(lambda: (exporter.scrape().value(SUCCESS_AT, source="0") or 0.0) > before)

    assert "/moved" not in "".join(source.paths)
    assert "must not name files" in exporter.output


@pytest.mark.parametrize("way", ["down", "dripping", "silent"])
def test_no_answer_at_all_changes_nothing(
    workspace: Workspace, source: AccountSource, acme: User, way: str
) -> None:
    source.tell(listed(acme))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n["
    with ExitStack() as stack:
        serving_source = stack.enter_context(ExitStack())
        url = serving_source.enter_context(source.serving())
        section = {"url": url, "refresh_interval": "1s"}
        file = workspace.configure(account_http_sd=[section])
        exporter = stack.enter_context(serving(file, "--web.enable-lifecycle"))
        exporter.wait_until_ready()
        if way == "silent":
            source.open.clear()
        else:
            serving_source.close()
        if way == "dripping":
            stack.enter_context(dripping_host(head, b" ", 0.05, port_of(url)))
        wait_for_failures(exporter)
        polled = is_polled_on(exporter, "acme")
        health = exporter.get("/-/healthy").status_code

    assert (polled, health) == (True, 200)


def test_a_source_that_is_down_at_the_start_keeps_only_its_own_accounts_waiting(
    workspace: Workspace, source: AccountSource, closed_port: int, acme: User, globex: User
) -> None:
    source.tell(listed(globex))
    section = {"url": f"http://127.0.0.1:{closed_port}/accounts", "refresh_interval": "1s"}
    own = [workspace.account(acme)]
    file = workspace.configure(own, account_http_sd=[section])
    with serving(file, "--web.enable-lifecycle") as exporter:
        assert is_polled_on(exporter, "acme")
        waiting = exporter.get("/-/ready")
        with source.serving() as url:
            workspace.configure(own, account_http_sd=[{**section, "url": url}])
            reloaded = exporter.get("/-/reload", method="POST")
            exporter.wait_until_ready()
            wait_for(exporter, "acme", "globex")
        workspace.configure(own)
        exporter.get("/-/reload", method="POST")
        without = exporter.scrape()

    assert (waiting.status_code, waiting.text) == (
        503,
        "account_http_sd[0] has not told of its accounts yet.\n",
    )
    assert reloaded.status_code == 200
    assert without.by("account", "threads_account_info").keys() == {"acme"}
    assert without.select(COUNT) == []


def test_containers_outlive_a_restart_while_the_source_is_down(
    workspace: Workspace, source: AccountSource, acme: User
) -> None:
    tracked = acme.add_container(life=containers.stays_in_progress()).container_id
    source.tell(listed(acme, containers=[tracked]))
    store = {"url": f"sqlite:///{workspace.folder}/store.db"}
    with source.serving() as url:
        section = {"url": url, "refresh_interval": "1s"}
        file = workspace.configure(account_http_sd=[section], store=store)
        with serving(file) as exporter:
            followed = {"account": "acme", "status": "IN_PROGRESS"}
            eventually(lambda: exporter.scrape().value("threads_containers", **followed))
    with serving(file) as exporter:
        eventually(lambda: exporter.scrape().value(FAILURES, source="0"))
    with source.serving(port_of(url)), serving(file) as exporter:
        wait_for(exporter, "acme")
        eventually(lambda: exporter.scrape().value("threads_containers", **followed))
        removed = exporter.scrape().value(
            "threads_container_outcomes_total", account="acme", outcome="removed"
        )

    assert removed == 0
