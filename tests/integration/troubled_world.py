"""Four exporters on one simulated Meta, and all the trouble that alerts are to tell of."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from exporter.domain import Endpoint, QuotaKind
from exporter.simulator import Simulator, User, World, containers, faults, graph
from exporter.simulator.tokens import DAY
from tests.eventually import eventually
from tests.exporter_process import ExporterProcess, serving
from tests.workspace import FAST_POLLING, Section, Workspace

REGISTRAR = "token-of-the-registrar"
INSPECTOR = "token-of-the-inspector"
NOWHERE = "http://127.0.0.1:9"

Begin = Callable[[World, User], object]


def expires(seconds: float) -> Begin:
    return lambda _, user: user.set_token(expires_at=int(time.time() + seconds))


def data_access_expires(seconds: float) -> Begin:
    return lambda _, user: user.set_token(data_access_expires_at=int(time.time() + seconds))


def rejected(error: graph.GraphError) -> Begin:
    return lambda _, user: user.reject_token(error)


def suffers(fault: faults.Fault, endpoint: str | None = None, times: int | None = None) -> Begin:
    return lambda world, user: world.inject(
        fault, endpoint=endpoint, token=user.token.value, times=times
    )


def lacks(scope: str) -> Begin:
    return lambda _, user: user.withdraw(scope)


def is_well(world: World, user: User) -> None:
    """Nothing is wrong, as yet."""


def is_used_moderately(world: World, user: User) -> None:
    for kind in QuotaKind:
        user.use(kind, 20)
    suffers(faults.app_usage({"call_count": 20}))(world, user)


ACCOUNTS: Mapping[str, Begin] = {
    "quota-high": lambda _, user: user.publish(215),
    "quota-exhausted": lambda _, user: user.reply(1000),
    "quota-running-out": lambda _, user: user.publish(130),
    "quota-refused": suffers(
        graph.nonexisting_field("quota_usage"), Endpoint.PUBLISHING_LIMIT, times=2
    ),
    "token-ends-in-days": expires(5 * DAY),
    "token-ends-today": expires(20 * 3600),
    "access-ends-in-days": data_access_expires(5 * DAY),
    "access-ends-today": data_access_expires(20 * 3600),
    "token-expired": lambda _, user: user.expire_token(),
    "token-revoked": rejected(graph.REVOKED),
    "session-ended": rejected(graph.SESSION_INVALIDATED),
    "token-malformed": rejected(graph.MALFORMED),
    "token-checkpointed": rejected(graph.CHECKPOINTED),
    "lacks-publish": lacks("threads_content_publish"),
    "lacks-delete": lacks("threads_delete"),
    "containers-fail": is_well,
    "container-expires": is_well,
    "container-stuck": is_well,
    "polls-fail": suffers(faults.html_page(500)),
    "data-stale": is_well,
    "rate-limited": suffers(graph.USER_LIMIT),
    "usage-high": suffers(faults.app_usage({"call_count": 90})),
}
WELL: Mapping[str, Begin] = {f"well-{name}": is_used_moderately for name in "abc"}
OUTAGE: Mapping[str, Begin] = {f"hangs-{name}": suffers(faults.Hang()) for name in "abc"}
ILL: Mapping[str, Begin] = {"spender": is_well}
EVERY_OTHER_SECOND: Section = {
    **FAST_POLLING,
    "quota": {"interval": "2s"},
    "token": {"interval": "2s"},
}
JOBS: Mapping[str, tuple[Mapping[str, Begin], Mapping[str, Any]]] = {
    "accounts": (ACCOUNTS, {"polling": EVERY_OTHER_SECOND}),
    "well": (WELL, {"polling": EVERY_OTHER_SECOND}),
    # One poll at a time, each of which waits in vain: all are late, too.
    "outage": (
        OUTAGE,
        {"api": {"timeout": "500ms"}, "polling": {**FAST_POLLING, "max_in_flight": 1}},
    ),
    "ill": (
        ILL,
        {
            "polling": {
                **FAST_POLLING,
                "token": {"interval": "1s", "inspector_token_file": "inspector"},
                "call_budget": 12,
            },
            "containers": {"max_tracked": 1},
            "account_http_sd": [{"url": NOWHERE, "refresh_interval": "1s"}],
        },
    ),
}
"""What is scraped as one job: an exporter's accounts, and what its configuration says besides."""


@dataclass(frozen=True)
class Monitored:
    """An exporter with its workspace, scraped as one job."""

    exporter: ExporterProcess
    workspace: Workspace
    users: Mapping[str, User]

    def wait_until_polled(self) -> None:
        everything = {(name, poll) for name in self.users for poll in ("quota", "token")}
        eventually(self._polled, lambda polled: polled >= everything, within=60)

    def _polled(self) -> set[tuple[str, str]]:
        polls = self.exporter.scrape().select("threads_poll_success")
        return {(poll.labels["account"], poll.labels["poll"]) for poll in polls}

    def register(self, name: str, *lives: containers.Life) -> requests.Response:
        """Create containers that lead these lives, and have them followed as a publisher does."""
        user = self.users[name]
        ids = [user.add_container(life=life).container_id for life in lives]
        items = [{"account": name, "container_id": container_id} for container_id in ids]
        return requests.post(
            f"{self.exporter.url}/api/v1/containers",
            json={"containers": items},
            headers={"Authorization": f"Bearer {REGISTRAR}"},
            timeout=10,
        )


@dataclass(frozen=True)
class TroubledWorld:
    world: World
    jobs: Mapping[str, Monitored]

    @property
    def targets(self) -> Mapping[str, list[str]]:
        """Return what a Prometheus is to scrape by jobs; in one, a target that is not there."""
        urls = {job: [monitored.exporter.url] for job, monitored in self.jobs.items()}
        return {**urls, "ill": [*urls["ill"], NOWHERE]}

    def worsen(self) -> None:
        """Let happen what an alert can tell only from what was before."""
        accounts, ill, outage, well = (
            self.jobs[job] for job in ("accounts", "ill", "outage", "well")
        )
        accounts.users["quota-running-out"].publish(20)
        suffers(faults.html_page(500))(self.world, accounts.users["data-stale"])
        broken, published = containers.fails(after=0), containers.publishes(after=0, finished=0)
        assert accounts.register("containers-fail", broken, broken, published).ok
        assert accounts.register("container-expires", containers.expires(after=0, finished=0)).ok
        assert accounts.register("container-stuck", containers.stays_in_progress()).ok
        assert well.register("well-a", published, published).ok
        assert ill.register("spender", published, published).status_code == 507
        ill.workspace.write(ill.workspace.config_file.name, "accounts: [")
        ill.exporter.send(signal.SIGHUP)
        _lose_the_store(outage.workspace)
        assert outage.register("hangs-a", published).status_code == 503


def _lose_the_store(workspace: Workspace) -> None:
    """Put a file in the place of the store's folder: that stops root, too."""
    folder = workspace.folder / "store"
    folder.rename(workspace.folder / "lost")
    workspace.write("store", "")


@contextmanager
def troubled_world(folder: Path) -> Iterator[TroubledWorld]:
    """Run the simulation and its exporters, all polls made at least once."""
    world = World()
    inspector = world.add_tester("inspector", token=INSPECTOR)
    inspector.revoke_token()
    with Simulator(world) as simulator, ExitStack() as exporters:
        jobs = {}
        for name, (begins, sections) in JOBS.items():
            users = {account: world.add_user(account) for account in begins}
            for account, begin in begins.items():
                begin(world, users[account])
            workspace = Workspace(folder / name, simulator.base_url)
            exporter = exporters.enter_context(serving(_configure(workspace, users, sections)))
            jobs[name] = Monitored(exporter, workspace, users)
        for job in jobs.values():
            job.wait_until_polled()
        yield TroubledWorld(world, jobs)


def _configure(
    workspace: Workspace, users: Mapping[str, User], sections: Mapping[str, Any]
) -> Path:
    workspace.write("registrar", REGISTRAR)
    workspace.write("inspector", INSPECTOR)
    (workspace.folder / "store").mkdir()
    return workspace.configure(
        [workspace.account(user, app=name) for name, user in users.items()],
        container_api={"token_file": "registrar"},
        store={"url": "sqlite:///store/containers.db"},
        **sections,
    )
