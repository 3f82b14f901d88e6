"""Accounts that suffer a fault each, beside one that suffers none."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from exporter.domain import Endpoint
from exporter.simulator import User, World
from exporter.simulator.faults import Fault
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.faults.readings import Reading, read
from tests.workspace import Workspace

HEALTHY = "healthy"
POSTS_BEFORE = 3
POSTS_AFTER = 7


@dataclass(frozen=True)
class Ordeal:
    """Why the accounts' polls failed, and how the healthy account fared beside them."""

    reasons: Mapping[str, str]
    healthy: Reading


@dataclass(frozen=True)
class Sufferers:
    """The accounts have made POSTS_BEFORE posts, and POSTS_AFTER since the faults began."""

    exporter: ExporterProcess
    world: World
    users: Mapping[str, User]

    def endure(self) -> Ordeal:
        """Let each fail three times, and then recover.

        Meanwhile they must show what they did before, as old as it is, and the healthy account
        what is true now.
        """
        first = self._fail(1)
        later = self._fail(3)
        assert {seen.usage for seen in later.values()} == {POSTS_BEFORE}
        assert [seen.read_at for seen in later.values()] == [
            seen.read_at for seen in first.values()
        ]
        healthy = eventually(
            lambda: self._readings()[HEALTHY], lambda seen: seen.usage == POSTS_AFTER
        )
        self.world.clear_faults()
        eventually(
            self._readings, lambda seen: {one.usage for one in seen.values()} == {POSTS_AFTER}
        )
        return Ordeal({name: seen.reasons for name, seen in later.items()}, healthy)

    @property
    def names(self) -> Iterable[str]:
        return [name for name in self.users if name != HEALTHY]

    def _readings(self) -> Mapping[str, Reading]:
        scrape = self.exporter.scrape()
        return {name: read(scrape, name) for name in self.users}

    def _fail(self, times: int) -> Mapping[str, Reading]:
        """Wait until each of them has failed so often, and return what is shown then."""
        readings = eventually(
            self._readings, lambda seen: all(seen[name].failed >= times for name in self.names)
        )
        return {name: readings[name] for name in self.names}


@contextmanager
def suffering(
    workspace: Workspace, world: World, faults: Mapping[str, Fault], timeout: str = "5s"
) -> Iterator[Sufferers]:
    """Run an exporter, and let each account suffer the fault of its name once all are read."""
    users = {name: world.add_user(name, app=name) for name in (HEALTHY, *faults)}
    for user in users.values():
        user.publish(POSTS_BEFORE)
    accounts = [workspace.account(user, app=name) for name, user in users.items()]
    file = workspace.configure(accounts, {"timeout": timeout})
    with serving(file, "--log.level=debug") as exporter:
        exporter.wait_until_ready()
        for name, fault in faults.items():
            token = users[name].token.value
            world.inject(fault, endpoint=Endpoint.PUBLISHING_LIMIT, token=token)
        for user in users.values():
            user.publish(POSTS_AFTER - POSTS_BEFORE)
        yield Sufferers(exporter, world, users)
