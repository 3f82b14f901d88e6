import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import yaml
from structlog.testing import capture_logs

from exporter.config.loading import load_settings
from exporter.domain import Endpoint
from exporter.scheduling.sharding import Shard
from exporter.secret import Redactor, SecretUnreadableError
from exporter.service import Service
from exporter.simulator import Simulator, User, World, containers, faults
from tests.account_source import AccountSource
from tests.clock import ControlledClock
from tests.eventually import eventually
from tests.running_exporter import NEVER, OFTEN, RunningExporter, new_service, running
from tests.workspace import Section, Workspace

RARELY = {
    "quota": {"interval": "1d"},
    "token": {"interval": "1d"},
    "containers": {"interval": "1s", "give_up_after": "1m"},
    "stale_after": "2d",
}
LAST_RELOAD = "threads_exporter_config_last_reload_successful"


@pytest.fixture
def world(live_world: World) -> World:
    return live_world


@pytest.fixture
def globex(world: World) -> User:
    return world.add_user("globex")


def accounts_of(exporter: RunningExporter) -> set[str]:
    return set(exporter.scrape().by("account", "threads_account_info"))


def looked_after(exporter: RunningExporter) -> None:
    """Wait until upkeep has come round several times."""
    name = "threads_exporter_heartbeat_timestamp_seconds"

    def beat() -> float:
        return exporter.scrape().value(name, loop="upkeep") or 0.0

    before = beat()
    eventually(beat, lambda seen: seen > before + 5 * OFTEN.watched_files)


class TestReload:
    def test_accounts_come_and_go_at_the_next_scrape(
        self, workspace: Workspace, acme: User, globex: User
    ) -> None:
        first, second = workspace.account(acme), workspace.account(globex)
        with running(workspace.configure([first])) as exporter:
            before = accounts_of(exporter)
            workspace.configure([second])
            answer = exporter.reload()
            after = exporter.scrape()

        assert answer.status_code == 200
        assert (before, set(after.by("account", "threads_account_info"))) == ({"acme"}, {"globex"})
        assert "acme" not in {sample.labels.get("account") for sample in after.samples}

    def test_a_bad_configuration_leaves_the_running_one_until_a_good_one_comes(
        self, workspace: Workspace, acme: User, globex: User
    ) -> None:
        entry = workspace.account(acme)
        with running(workspace.configure([entry])) as exporter:
            at_first = exporter.scrape()
            workspace.configure([{**entry, "user_id": "x"}, workspace.account(globex)], colour=1)
            refused = exporter.reload()
            after_bad = exporter.scrape()
            workspace.configure([entry])
            exporter.reload()
            after_good = exporter.scrape()

        assert [scrape.value(LAST_RELOAD) for scrape in (at_first, after_bad, after_good)] == [
            *(1, 0, 1),
        ]
        assert refused.status_code == 400
        assert len(refused.text.splitlines()) == 2
        assert all(f"{workspace.config_file}:1" in line for line in refused.text.splitlines())
        assert set(after_bad.by("account", "threads_account_info")) == {"acme"}
        moments = [
            scrape.value("threads_exporter_config_last_reload_success_timestamp_seconds") or 0
            for scrape in (at_first, after_bad, after_good)
        ]
        assert moments[0] == moments[1] < moments[2]

    def test_what_failed_is_tried_again_until_the_file_it_names_is_there(
        self, workspace: Workspace, acme: User, globex: User
    ) -> None:
        early = {**workspace.account(globex), "access_token_file": "../tokens/late"}
        (workspace.folder / "accounts.d").mkdir()
        file = workspace.configure([workspace.account(acme)], account_files=["accounts.d/*.yaml"])
        with capture_logs() as logs, running(file) as exporter:
            workspace.write_json("accounts.d/globex.yaml", [early])
            eventually(lambda: exporter.scrape().value(LAST_RELOAD) == 0)
            eventually(lambda: exporter.service.unpolled() == 0)
            workspace.write("tokens/late", globex.token.value)
            eventually(lambda: accounts_of(exporter) == {"acme", "globex"})
            scrape = exporter.scrape()

        assert scrape.value(LAST_RELOAD) == 1
        assert [line["what"] for line in logs if line["event"] == "not reloaded"] == [
            "account files"
        ]

    def test_a_whole_reload_settles_what_failed_before(
        self, workspace: Workspace, acme: User
    ) -> None:
        entry = workspace.account(acme)
        with running(workspace.configure([entry]), upkeep=NEVER) as exporter:
            workspace.write("config.yaml", "accounts: 5")
            refused = exporter.reload()
            workspace.configure([entry])
            exporter.reload()
            scrape = exporter.scrape()

        assert (refused.status_code, scrape.value(LAST_RELOAD)) == (400, 1)

    def test_reloading_over_http_is_off_by_default(self, workspace: Workspace, acme: User) -> None:
        file = workspace.configure([])
        with running(file, upkeep=NEVER, lifecycle_enabled=False) as exporter:
            workspace.configure([workspace.account(acme)])
            answer = exporter.reload()
            accounts = accounts_of(exporter)

        assert answer.status_code == 403
        assert "--web.enable-lifecycle" in answer.text
        assert accounts == set()

    def test_an_account_keeps_its_history_over_a_reload(
        self, workspace: Workspace, acme: User
    ) -> None:
        entry = workspace.account(acme)
        with running(workspace.configure([entry], polling=RARELY)) as exporter:
            exporter.wait_until_ready()
            workspace.configure([{**entry, "labels": {"team": "growth"}}], polling=RARELY)
            exporter.reload()
            scrape = exporter.scrape()

        assert scrape.value("threads_account_info", account="acme", team="growth") == 1
        assert scrape.value("threads_polls_total", account="acme", poll="quota") == 1
        assert scrape.value("threads_token_valid", account="acme") == 1


class TestWatchedFiles:
    def test_account_files_are_picked_up(
        self, workspace: Workspace, acme: User, globex: User
    ) -> None:
        listed = [workspace.account(acme)]
        workspace.write_json("accounts.d/all.yaml", listed)
        file = workspace.configure(account_files=["accounts.d/*.yaml"])
        with running(file, lifecycle_enabled=False) as exporter:
            before = accounts_of(exporter)
            added = workspace.write_json("accounts.d/more.yaml", [workspace.account(globex)])
            eventually(lambda: accounts_of(exporter), lambda seen: seen == {"acme", "globex"})
            added.unlink()
            eventually(lambda: accounts_of(exporter), lambda seen: seen == {"acme"})

        assert before == {"acme"}

    def test_files_that_stay_as_they_are_are_not_read_again(
        self, workspace: Workspace, acme: User
    ) -> None:
        workspace.write_json("accounts.d/all.yaml", [workspace.account(acme)])
        workspace.write_json("containers.d/none.json", [])
        file = workspace.configure(
            account_files=["accounts.d/*.yaml"], container_files=["containers.d/*.json"]
        )
        with capture_logs() as logs, running(file) as exporter:
            looked_after(exporter)
            exporter.reload()
            looked_after(exporter)

        assert [line["event"] for line in logs].count("configuration loaded") == 2

    def test_a_bad_account_file_shows_and_is_forgiven(
        self, workspace: Workspace, acme: User
    ) -> None:
        workspace.write_json("accounts.d/all.yaml", [workspace.account(acme)])
        file = workspace.configure(account_files=["accounts.d/*.yaml"])

        with running(file) as exporter:
            bad = workspace.write("accounts.d/bad.yaml", "- name: [")
            eventually(lambda: exporter.scrape().value(LAST_RELOAD), lambda value: value == 0)
            kept = accounts_of(exporter)
            bad.unlink()
            eventually(lambda: exporter.scrape().value(LAST_RELOAD), lambda value: value == 1)

        assert kept == {"acme"}

    def test_container_files_are_picked_up(self, workspace: Workspace, acme: User) -> None:
        failing = acme.add_container(life=containers.fails("INVALID_BIT_RATE", after=0))
        workspace.write_json("containers.d/none.json", [])
        file = workspace.configure(
            [workspace.account(acme)], container_files=["containers.d/*.json"]
        )

        def errors(exporter: RunningExporter) -> float | None:
            return exporter.scrape().value(
                "threads_container_errors_total", account="acme", error_message="INVALID_BIT_RATE"
            )

        with running(file, lifecycle_enabled=False) as exporter:
            exporter.wait_until_ready()
            before = errors(exporter)
            listed = [{"account": "acme", "container_id": failing.container_id}]
            workspace.write_json("containers.d/new.json", listed)
            eventually(lambda: errors(exporter), lambda value: value == 1)
            workspace.write("containers.d/new.json", "[")
            eventually(lambda: exporter.scrape().value(LAST_RELOAD), lambda value: value == 0)
            kept = errors(exporter)

        assert (before, kept) == (0, 1)

    def test_a_new_token_is_polled_with_at_once(
        self, workspace: Workspace, world: World, acme: User
    ) -> None:
        file = workspace.configure([workspace.account(acme)], polling=RARELY)
        with running(file) as exporter:
            exporter.wait_until_ready()
            acme.rotate_token("sim-token-acme-2")
            workspace.write_token(acme)
            asked = eventually(lambda: len(world.calls(token="sim-token-acme-2")) >= 2)
            expires_at = acme.token.expires_at
            name = "threads_token_expiry_timestamp_seconds"
            scrape = eventually(
                exporter.scrape, lambda scrape: scrape.value(name, account="acme") == expires_at
            )

        assert asked
        assert scrape.value("threads_token_valid", account="acme") == 1

    def test_an_unreadable_new_token_leaves_the_old_one(
        self, workspace: Workspace, acme: User
    ) -> None:
        file = workspace.configure([workspace.account(acme)])
        with running(file) as exporter, capture_logs() as logs:
            exporter.wait_until_ready()
            workspace.write(f"tokens/{acme.user_id}", "two words")
            eventually(lambda: [line for line in logs if "old one stays" in str(line["event"])])
            polled = exporter.scrape().value("threads_polls_total", account="acme", poll="quota")
            scrape = eventually(
                exporter.scrape,
                lambda scrape: (
                    (scrape.value("threads_polls_total", account="acme", poll="quota") or 0)
                    > (polled or 0)
                ),
            )

        assert scrape.value("threads_poll_success", account="acme", poll="quota") == 1


class TestHealth:
    def test_it_is_ready_once_every_account_was_polled(
        self, workspace: Workspace, world: World, live_simulator: Simulator, acme: User
    ) -> None:
        world.inject(faults.Hang(), endpoint=Endpoint.DEBUG_TOKEN)
        with running(workspace.configure([workspace.account(acme)])) as exporter:
            eventually(lambda: exporter.scrape().value("threads_poll_success", poll="quota"))
            before = exporter.get("/-/ready")
            world.clear_faults()
            live_simulator.release_hung()
            exporter.wait_until_ready()
            healthy = exporter.get("/-/healthy")

        assert (before.status_code, before.text) == (503, "1 account was never polled yet.\n")
        assert healthy.status_code == 200

    def test_failed_polls_are_polls(self, workspace: Workspace, acme: User) -> None:
        acme.revoke_token()
        with running(workspace.configure([workspace.account(acme)])) as exporter:
            exporter.wait_until_ready()

    def test_a_silent_upkeep_loop_is_unhealthy(self, workspace: Workspace) -> None:
        clock = ControlledClock()
        service = new_service(workspace.configure(), clock)
        service.start(NEVER)
        fresh = service.unhealthy()
        clock.advance(61)
        silent = service.unhealthy()
        service.stop()

        assert fresh == []
        assert "the upkeep loop has been silent for 61 s" in silent

    def test_a_poll_without_end_is_unhealthy(
        self, workspace: Workspace, world: World, acme: User
    ) -> None:
        world.inject(faults.Hang())
        entry = workspace.account(acme)
        with running(workspace.configure([entry], {"timeout": "60s"})) as exporter:
            eventually(world.calls)
            at_first = exporter.get("/-/healthy")
            workspace.configure([entry], {"timeout": "100ms"})
            exporter.reload()
            later = eventually(lambda: exporter.get("/-/healthy"), lambda seen: not seen.ok)

        assert at_first.status_code == 200
        assert later.text == "a poll has been under way for more than 2 s\n"

    def test_a_clock_that_was_set_is_followed(self, workspace: Workspace) -> None:
        clock = ControlledClock()
        service = new_service(workspace.configure(), clock)
        service.start(NEVER)
        with capture_logs() as logs:
            service.follow_clock()
            clock.set_wall(clock.wall() - 3600)
            service.follow_clock()
            service.follow_clock()
        service.stop()

        assert [line["event"] for line in logs] == [
            "the wall clock was set, the polls are planned anew"
        ]


class TestProbe:
    def test_an_account_is_polled_now_and_shown_alone(
        self, workspace: Workspace, world: World, acme: User, globex: User
    ) -> None:
        entries = [workspace.account(acme), workspace.account(globex)]
        with running(workspace.configure(entries, polling=RARELY)) as exporter:
            exporter.wait_until_ready()
            acme.publish(7)
            world.log.clear()
            scrape = exporter.scrape("/probe?account=acme")

        assert scrape.value("probe_success") == 1
        assert (scrape.value("probe_duration_seconds") or 0) > 0
        assert scrape.value("threads_quota_usage", account="acme", quota="publish") == 7
        assert {sample.labels.get("account", "acme") for sample in scrape.samples} == {"acme"}
        assert [call.endpoint for call in world.calls()] == [Endpoint.PUBLISHING_LIMIT]

    def test_a_token_is_asked_about_where_it_is_time_to(
        self, workspace: Workspace, world: World, acme: User
    ) -> None:
        clock = ControlledClock()
        file = workspace.configure([workspace.account(acme)], polling=RARELY)
        service = new_service(file, clock)
        service.start(NEVER)
        eventually(lambda: not service.unpolled())
        world.log.clear()
        clock.advance(24 * 3600)
        service.probe("acme", None, "", "")
        service.stop()

        assert {call.endpoint for call in world.calls()} == {
            *(Endpoint.PUBLISHING_LIMIT, Endpoint.DEBUG_TOKEN),
        }

    def test_a_failing_poll_is_no_success(self, workspace: Workspace, acme: User) -> None:
        acme.revoke_token()
        with running(workspace.configure([workspace.account(acme)])) as exporter:
            scrape = exporter.scrape("/probe?account=acme")

        assert scrape.value("probe_success") == 0
        assert scrape.value("threads_token_valid", account="acme") == 0

    @pytest.mark.parametrize("query", ["", "?account=", "?account=initech", "?account=a&account=b"])
    def test_an_unknown_or_missing_account_is_a_bad_request(
        self, workspace: Workspace, acme: User, query: str
    ) -> None:
        with running(workspace.configure([workspace.account(acme)])) as exporter:
            assert exporter.get(f"/probe{query}").status_code == 400

    def test_it_answers_within_the_scrape_timeout_though_meta_hangs(
        self, workspace: Workspace, world: World, acme: User
    ) -> None:
        world.inject(faults.Hang())
        file = workspace.configure([workspace.account(acme)], {"timeout": "60s"})
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": "0.4"}
        with running(file) as exporter:
            scrape = exporter.scrape("/probe?account=acme", headers)

        assert scrape.value("probe_success") == 0
        assert 0.2 <= (scrape.value("probe_duration_seconds") or 0) < 60

    @pytest.mark.parametrize("timeout", ["1e9", "1e300", "inf", "nan", "-1", "x"])
    def test_an_odd_scrape_timeout_does_no_harm(
        self, workspace: Workspace, acme: User, timeout: str
    ) -> None:
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": timeout}
        with running(workspace.configure([workspace.account(acme)])) as exporter:
            scrape = exporter.scrape("/probe?account=acme", headers)

        assert scrape.value("probe_success") == 1

    def test_probes_that_were_given_up_ask_nothing_later(
        self, workspace: Workspace, world: World, live_simulator: Simulator, acme: User
    ) -> None:
        file = workspace.configure([workspace.account(acme)], {"timeout": "60s"}, polling=RARELY)
        service = new_service(file)
        service.start(NEVER)
        eventually(lambda: not service.unpolled())
        world.log.clear()
        world.inject(faults.Hang())
        for _ in range(12):
            service.probe("acme", 0.05, "", "")
        eventually(lambda: len(world.calls()) == 8)
        world.clear_faults()
        live_simulator.release_hung()
        service.probe("acme", None, "", "")
        service.stop()

        assert len(world.calls()) == 8 + 1


class TestPages:
    def test_the_configuration_is_shown_with_its_secrets_masked(
        self, workspace: Workspace, acme: User
    ) -> None:
        inline = {"name": "globex", "access_token": "canary-token"}
        with running(workspace.configure([workspace.account(acme), inline])) as exporter:
            shown = exporter.get("/config").text

        accounts = yaml.safe_load(shown)["accounts"]
        assert accounts[0]["access_token_file"].endswith(f"tokens/{acme.user_id}")
        assert accounts[1]["access_token"] == "<secret>"
        assert "canary" not in shown

    def test_the_landing_page_shows_each_account(
        self, workspace: Workspace, acme: User, globex: User
    ) -> None:
        globex.revoke_token()
        entries = [workspace.account(acme), workspace.account(globex)]
        with running(workspace.configure(entries)) as exporter:
            exporter.wait_until_ready()
            page = exporter.get("/").text

        assert "acme" in page
        assert "globex" in page
        assert "2 accounts: 1 needs a hand" in page


def test_a_token_that_went_since_it_was_checked_is_reported(
    workspace: Workspace, acme: User
) -> None:
    file = workspace.configure([workspace.account(acme)])
    settings = load_settings(file)
    token = workspace.folder / "tokens" / acme.user_id
    token.unlink()

    with pytest.raises(SecretUnreadableError, match=str(token)):
        Service(file, settings, clock=ControlledClock(), redactor=Redactor(), shard=Shard())


def test_the_accounts_are_those_of_the_shard(workspace: Workspace, world: World) -> None:
    users = [world.add_user(f"account-{number}") for number in range(10)]
    file = workspace.configure([workspace.account(user) for user in users])
    shares = [share_of(Shard(ordinal, 3), file) for ordinal in range(3)]

    assert all(shares)
    assert sorted(name for share in shares for name in share) == sorted(user.name for user in users)


def share_of(shard: Shard, file: Path) -> list[str]:
    service = Service(
        file,
        load_settings(file, shard.has),
        clock=ControlledClock(),
        redactor=Redactor(),
        shard=shard,
    )
    service.start(NEVER)
    service.stop()
    return list(service.accounts())


def test_warnings_are_logged(workspace: Workspace) -> None:
    file = workspace.configure()
    settings = replace(load_settings(file), warnings=("careful",))

    with capture_logs() as logs:
        Service(file, settings, clock=ControlledClock(), redactor=Redactor(), shard=Shard())

    assert [(line["event"], line.get("warning")) for line in logs] == [
        ("configuration", "careful"),
        ("configuration loaded", None),
    ]


def test_all_accounts_are_rendered_before_the_first_scrape(workspace: Workspace) -> None:
    accounts = [{"name": f"account-{number}", "access_token": "THAA"} for number in range(300)]
    service = new_service(workspace.configure(accounts))

    body = service.expose("", "", ["threads_account_info"]).body

    assert body.count(b"\nthreads_account_info{") == 300


def upkeep_beat(service: Service) -> float | None:
    scrape = service.expose("", "", ["threads_exporter_heartbeat_timestamp_seconds"])
    found = re.search(rb'loop="upkeep"\} (\S+)', scrape.body)
    return float(found[1]) if found else None


def test_what_a_reload_has_read_is_not_loaded_again_for_having_changed(
    workspace: Workspace,
) -> None:
    workspace.write_json("accounts/a.yaml", [{"name": "acme", "access_token": "THAA"}])
    config_file = workspace.configure(account_files=["accounts/*.yaml"])

    def loaded() -> list[int]:
        return [line["accounts"] for line in logs if line["event"] == "configuration loaded"]

    with capture_logs() as logs:
        service = new_service(config_file)
        workspace.write_json("accounts/b.yaml", [{"name": "globex", "access_token": "THAA"}])
        service.reload()
        service.start(OFTEN)
        for _ in range(3):  # with each beat of the upkeep it looks at the files too
            beat = upkeep_beat(service)
            eventually(partial(upkeep_beat, service), beat.__ne__)
        workspace.write_json("accounts/c.yaml", [{"name": "initech", "access_token": "THAA"}])
        eventually(loaded, lambda accounts: accounts[-1] == 3)
        service.stop()

    assert loaded() == [1, 2, 3]


class TestAccountsOverHttp:
    @pytest.fixture
    def source(self) -> AccountSource:
        return AccountSource()

    @pytest.fixture
    def section(self, source: AccountSource) -> Iterator[Section]:
        with source.serving() as url:
            yield {"url": url}

    def test_each_shard_has_its_share_of_them(
        self, workspace: Workspace, source: AccountSource, section: Section
    ) -> None:
        source.tell(*({"name": f"account-{n}", "access_token": "THAA"} for n in range(10)))
        file = workspace.configure(account_http_sd=[section])
        shares = [share_of(Shard(ordinal, 3), file) for ordinal in range(3)]

        assert all(shares)
        assert sorted(name for share in shares for name in share) == [
            f"account-{number}" for number in range(10)
        ]

    def test_they_are_polled_beside_those_of_the_files(
        self,
        workspace: Workspace,
        source: AccountSource,
        section: Section,
        acme: User,
        globex: User,
    ) -> None:
        source.tell({"name": "globex", "access_token": globex.token.value})
        file = workspace.configure([workspace.account(acme)], account_http_sd=[section])
        with running(file) as exporter:
            exporter.wait_until_ready()
            seen = exporter.scrape().by("account", "threads_token_valid")
            shown = exporter.get("/config").text

        assert seen == {"acme": 1, "globex": 1}
        assert str(section["url"]) in shown
        assert globex.token.value not in shown

    def test_container_files_may_name_them(
        self, workspace: Workspace, source: AccountSource, section: Section, acme: User
    ) -> None:
        container_id = acme.add_container(life=containers.stays_in_progress()).container_id
        source.tell({"name": "acme", "access_token": acme.token.value})
        listed = {"acme": container_id, "nobody": "1"}.items()
        entries = [{"account": name, "container_id": listed_id} for name, listed_id in listed]
        workspace.write_json("c.json", entries)
        file = workspace.configure(account_http_sd=[section], container_files=["c.json"])
        with running(file) as exporter:
            followed = {"account": "acme", "status": "IN_PROGRESS"}
            eventually(lambda: exporter.scrape().value("threads_containers", **followed))

    def test_their_containers_need_a_store_from_the_start_on(
        self, workspace: Workspace, source: AccountSource, section: Section, acme: User
    ) -> None:
        (workspace.folder / "threads-exporter.db").mkdir()
        told = {"name": "acme", "access_token": acme.token.value}
        source.tell({**told, "containers": ["1"]})
        with running(workspace.configure(account_http_sd=[section])) as exporter:
            waiting = exporter.get("/-/ready")
            source.tell(told)
            exporter.reload()
            exporter.wait_until_ready()
            seen = accounts_of(exporter)

        assert waiting.text == "account_http_sd[0] has not told of its accounts yet.\n"
        assert seen == {"acme"}


class TestStore:
    def test_one_that_is_needed_late_needs_a_restart(self, workspace: Workspace) -> None:
        (workspace.folder / "threads-exporter.db").mkdir()
        with running(workspace.configure()) as exporter:
            workspace.write("tokens/registrar", "token-of-the-registrar")
            workspace.configure(container_api={"token_file": "tokens/registrar"})
            answer = exporter.reload()

        assert answer.status_code == 400
        assert answer.text == "store: is opened at the start: restart to use it\n"

    def test_another_one_needs_a_restart(self, workspace: Workspace) -> None:
        with running(workspace.configure(store={"url": "sqlite:///one.db"})) as exporter:
            workspace.configure(store={"url": "sqlite:///two.db"})
            answer = exporter.reload()
            shown = exporter.get("/config").text

        assert answer.status_code == 400
        assert "one.db" in shown
