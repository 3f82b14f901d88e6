"""An account whose every call goes through a fault proxy."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from exporter.domain import QuotaKind
from exporter.simulator import User, World
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.faults.proxy import Fault, FaultProxy
from tests.faults.readings import Reading, read
from tests.workspace import Workspace


@dataclass(frozen=True)
class Networked:
    exporter: ExporterProcess
    proxy: FaultProxy
    user: User

    def read(self) -> Reading:
        return read(self.exporter.scrape(), self.user.name)

    def suffer(self, fault: Fault) -> str:
        """Let all calls suffer a fault, and return why the polls fail.

        Meanwhile the account must show what it did before, as old as it is.
        """
        self.proxy.fault = fault
        return self.fail()

    def fail(self) -> str:
        """Wait for three failures, the first of which may be of a call that was under way."""
        before = self._fail(1)
        self.user.publish()
        after = self._fail(2)
        assert (after.usage, after.read_at) == (before.usage, before.read_at)
        new = {
            reason
            for reason, count in after.failures.items()
            if count > before.failures.get(reason, 0)
        }
        return ",".join(sorted(new))

    def recover(self) -> None:
        """End the fault, and wait until the account shows what is true now."""
        self.proxy.fault = Fault()
        self.user.publish()
        eventually(lambda: self.read().usage == self.user.usage(QuotaKind.PUBLISH))

    def _fail(self, times: int) -> Reading:
        before = self.read().failed
        return eventually(self.read, lambda seen: seen.failed >= before + times)


@contextmanager
def networked(
    workspace: Workspace, world: World, proxy: FaultProxy, **api: str
) -> Iterator[Networked]:
    """Run an exporter behind a proxy that listens, and wait until its account is read."""
    user = world.add_user("acme")
    section = {"base_url": proxy.url(), "timeout": "1s", **api}
    with serving(workspace.configure([workspace.account(user)], section)) as exporter:
        exporter.wait_until_ready()
        yield Networked(exporter, proxy, user)
