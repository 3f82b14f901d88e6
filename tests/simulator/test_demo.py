import json
import stat
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from exporter.config.loading import load_settings
from exporter.domain import ContainerErrorMessage, QuotaKind
from exporter.simulator import Simulator, User
from exporter.simulator.cast import DemoWorld, build_demo_world
from exporter.simulator.containers import Life
from exporter.simulator.demo import CONTAINER_DIRECTORY, write_demo_configuration
from exporter.simulator.publisher import FILE_NAME, Publisher, lives
from tests.clock import ControlledClock
from tests.simulator.conftest import Caller, error_of

DAY = 86_400
SPEED = 120


@dataclass(frozen=True)
class Stage:
    demo: DemoWorld
    clock: ControlledClock
    base_url: str
    directory: Path

    def user(self, name: str) -> User:
        return next(member.user for member in self.demo.members if member.role.name == name)

    def caller(self, name: str) -> Caller:
        return Caller(self.base_url, self.user(name).token.value)

    def debugged(self, name: str) -> dict[str, object]:
        token = self.user(name).token.value
        data = self.caller(name).get("debug_token", input_token=token).json()["data"]
        assert isinstance(data, dict)
        return data

    def play(self, publisher: Publisher, seconds: int, *, step: int = 1) -> None:
        for _ in range(seconds // step):
            self.clock.advance(step)
            publisher.step()

    def named(self) -> list[dict[str, str]]:
        content = (self.directory / FILE_NAME).read_text(encoding="ascii")
        entries: list[dict[str, str]] = json.loads(content)
        return entries


@pytest.fixture
def stage(clock: ControlledClock, tmp_path: Path) -> Iterator[Stage]:
    demo = build_demo_world(clock, SPEED)
    with Simulator(demo.world) as simulator:
        yield Stage(demo, clock, simulator.base_url, tmp_path)


def test_the_cast_opens_in_its_roles(stage: Stage) -> None:
    quotas = "quota_usage,reply_quota_usage"
    now = stage.clock.wall()

    assert stage.caller("harbor-daily-news").quotas("quota_usage") == {"quota_usage": 235}
    assert stage.caller("atlas-support").quotas(quotas) == {
        "quota_usage": 60,
        "reply_quota_usage": 1000,
    }
    assert stage.debugged("lumen-cosmetics")["expires_at"] == now + 5 * DAY
    assert stage.debugged("juniper-travel")["expires_at"] == now + 20 * 3600
    assert stage.debugged("northwind-coffee")["is_valid"] is True


@pytest.mark.parametrize(("name", "subcode"), [("old-mill-bakery", 458), ("velo-sport", 460)])
def test_dead_tokens_tell_why(stage: Stage, name: str, subcode: int) -> None:
    error = stage.debugged(name)["error"]

    assert isinstance(error, dict)
    assert (error["code"], error["subcode"]) == (190, subcode)
    assert error_of(stage.caller(name).get("me")) == (400, 190, subcode)


def test_missing_permissions_show_in_both_ways(stage: Stage) -> None:
    clinic = stage.caller("cedar-clinic").get("me/threads_publishing_limit?fields=delete_config")
    guide = stage.caller("city-guide").quotas("quota_usage,location_search_quota_usage")

    assert error_of(clinic) == (403, 10, None)
    assert guide == {"quota_usage": 60}


def test_the_world_is_the_same_each_time(clock: ControlledClock) -> None:
    first, second = build_demo_world(clock, 1), build_demo_world(clock, 1)

    assert [m.user.token for m in first.members] == [m.user.token for m in second.members]


def test_accounts_post_at_their_pace(stage: Stage) -> None:
    publisher = Publisher(stage.demo, stage.directory)
    news, coffee = stage.user("harbor-daily-news"), stage.user("northwind-coffee")

    seen = set()
    for _ in range(DAY // SPEED // 10):
        stage.play(publisher, 10, step=5)
        seen.add(news.usage(QuotaKind.PUBLISH))

    assert min(seen) >= 235
    assert max(seen) == 247
    assert 60 <= coffee.usage(QuotaKind.PUBLISH) <= 120
    assert stage.user("atlas-support").left(QuotaKind.REPLY) <= 2


def test_dead_accounts_post_nothing(stage: Stage) -> None:
    stage.play(Publisher(stage.demo, stage.directory), 60)

    named = {entry["account"] for entry in stage.named()}

    assert "northwind-coffee" in named
    assert not named & {"old-mill-bakery", "velo-sport"}


def test_containers_of_every_outcome_are_made() -> None:
    ends = Counter((life.steps[-1].status, life.steps[-1].error_message) for life in _some_lives())

    assert {message for status, message in ends if status == "ERROR"} == {
        message.value for message in ContainerErrorMessage
    } - {"OTHER"}
    assert {status for status, _ in ends} == {"PUBLISHED", "ERROR", "EXPIRED", "IN_PROGRESS"}
    assert ends["PUBLISHED", None] > 100
    assert any(life.known_until < DAY for life in _some_lives())
    assert any(life.known_from > 0 for life in _some_lives())


def _some_lives() -> Iterator[Life]:
    return islice(lives(), 200)


def test_named_containers_can_be_asked_for(stage: Stage) -> None:
    publisher = Publisher(stage.demo, stage.directory)
    stage.play(publisher, 8)
    first = stage.named()[0]
    asked = stage.caller(first["account"])

    assert asked.container(first["container_id"]) == {
        "status": "IN_PROGRESS",
        "id": first["container_id"],
    }
    stage.play(publisher, 7)
    assert asked.container(first["container_id"]) == {
        "status": "PUBLISHED",
        "id": first["container_id"],
    }


def test_old_containers_are_dropped_and_forgotten(stage: Stage) -> None:
    publisher = Publisher(stage.demo, stage.directory)
    stage.play(publisher, 5)
    first = stage.named()[0]["container_id"]

    stage.play(publisher, 300, step=5)

    assert first not in {entry["container_id"] for entry in stage.named()}
    assert len(stage.named()) == len(stage.demo.world.state.containers) == 80
    assert [path.name for path in stage.directory.iterdir()] == [FILE_NAME]


def test_one_account_is_rate_limited_now_and_then(stage: Stage) -> None:
    publisher = Publisher(stage.demo, stage.directory)
    arcade, coffee = stage.caller("pixel-arcade"), stage.caller("northwind-coffee")

    stage.play(publisher, 95, step=5)
    calm = arcade.get("me")
    stage.play(publisher, 100, step=5)
    by_user = arcade.get("me")
    stage.play(publisher, 50, step=5)
    again = arcade.get("me")
    stage.play(publisher, 190, step=5)
    by_app = arcade.get("me")

    assert calm.status_code == again.status_code == 200
    assert json.loads(calm.headers["X-App-Usage"])["call_count"] == 60
    assert error_of(by_user) == (400, 17, None)
    assert json.loads(by_user.headers["X-App-Usage"])["call_count"] == 100
    assert '"estimated_time_to_regain_access": 1' in by_user.headers["X-Business-Use-Case-Usage"]
    assert error_of(by_app) == (403, 4, None)
    assert "X-App-Usage" not in coffee.get("me").headers


def test_the_publisher_works_in_a_thread_until_left(stage: Stage) -> None:
    with Publisher(stage.demo, stage.directory, interval=0.001):
        assert len(stage.named()) == 1
        stage.clock.advance(60)
        while len(stage.named()) == 1:
            time.sleep(0.001)

    written = stage.named()
    stage.clock.advance(60)
    assert stage.named() == written


def test_the_configuration_is_one_the_exporter_takes(stage: Stage) -> None:
    path = write_demo_configuration(stage.demo, stage.base_url, stage.directory)
    Publisher(stage.demo, stage.directory / CONTAINER_DIRECTORY).step()

    settings = load_settings(path)

    assert settings.api.base_url == stage.base_url
    assert [account.name for account in settings.accounts] == [
        member.role.name for member in stage.demo.members
    ]
    assert [account.token.read().reveal() for account in settings.accounts] == [
        member.user.token.value for member in stage.demo.members
    ]
    assert [(entry.account, entry.container_id) for entry in settings.container_entries] == [
        ("northwind-coffee", "17900000000000001")
    ]


def test_the_token_files_are_the_owners_alone(stage: Stage) -> None:
    write_demo_configuration(stage.demo, stage.base_url, stage.directory)

    tokens = stage.directory / "tokens"

    assert stat.S_IMODE(tokens.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in tokens.iterdir()} == {0o600}
    assert len(list(tokens.iterdir())) == 10
